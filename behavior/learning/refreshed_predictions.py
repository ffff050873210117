"""Ethograms of a study by its newest model, in the folder that review shows them from; those of other models are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.embedding.recordings import require_features_together
from behavior.errors import BehaviorError, EthogramError, WeightsError, name_recording
from behavior.files.atomic import make_folder, write_bytes
from behavior.files.ethograms import ETHOGRAM_SUFFIX, list_record, read_provenance, write_annotation
from behavior.files.shared_videos import group_by_video
from behavior.learning.annotator import Annotator
from behavior.progress import complain, report_progress
from behavior.recording import Recording

__all__ = ["Refreshed", "keep_other_ethogram", "refresh_predictions"]


@dataclass
class Refreshed:
    """Which recordings are predicted now, and a sentence for each that could not be, by id."""

    predicted: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def refresh_predictions(annotator: Annotator, recordings: Sequence[Recording], out: Path, *, keep_in: Path | None = None) -> Refreshed:
    """Predict `recordings`, whose features are computed where the cache lacks them; one that cannot be predicted never stops the rest.

    Parameters
    ----------
    out
        The folder of ethograms; those there of these recordings are replaced.
    keep_in
        Ethograms of models outside of this folder are copied into its folder `earlier_ethograms` before they are replaced.

    Raises
    ------
    WeightsError
        If the backbone's weights cannot be used: no recording would fare better.
    """
    result = Refreshed()
    with report_progress("predicting", total=len(recordings), unit="recordings") as advance:
        problems: dict[str, BehaviorError] = {}
        groups = group_by_video(recordings)
        for recording, together in [(recording, group) for group in groups for recording in group]:
            try:
                if recording is together[0]:
                    problems = require_features_together(annotator.features.streams, together, among=recordings)
                if recording.id in problems:
                    raise problems[recording.id]
                annotation = annotator.annotate(recording)
                if keep_in is not None:
                    keep_other_ethogram(out, recording.id, keep_in)
                write_annotation(out, annotation)
                result.predicted.append(recording.id)
            except WeightsError:
                raise
            except BehaviorError as error:
                result.failures[recording.id] = str(error)
                complain(name_recording(recording.id, error))
            advance(1)
    return result


def keep_other_ethogram(out: Path, recording: str, folder: Path) -> None:
    """Copy the ethogram of a recording in `out` to `folder`/earlier_ethograms, unless a model inside `folder` made it or one is there."""
    record = list_record(out / f"{recording}{ETHOGRAM_SUFFIX}", recording)
    kept = folder / "earlier_ethograms"
    if not record[0].is_file() or (kept / record[0].name).exists():
        return
    try:
        model = read_provenance(record[0]).model
    except EthogramError:
        model = None
    if model is not None and model.folder is not None and Path(model.folder).is_relative_to(folder.resolve()):
        return
    make_folder(kept)
    # The table, by which it is known that one is kept, comes last.
    for path in reversed(record):
        if path.is_file():
            write_bytes(kept / path.name, path.read_bytes())
