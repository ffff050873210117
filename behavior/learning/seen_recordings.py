"""No score is computed on a recording that a backbone's weights were fine-tuned on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from behavior.config import APPEARANCE, Study, split_stream
from behavior.errors import UsageError
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import SeenRecording, read_seen_recordings
from behavior.files.view_cells import find_view
from behavior.learning.variants import list_variants
from behavior.progress import warn
from behavior.recording import Recording
from behavior.vision.backbone_weights import IMAGENET, PACKAGED, RANDOM
from behavior.vision.torch_networks import PRETRAINED

__all__ = ["find_seen", "list_weights_seen", "refuse_seen_recordings"]


def refuse_seen_recordings(studies: Study | Iterable[Study], recordings: Sequence[Recording], *, command: str) -> None:
    """Refuse `recordings` that a backbone of any of `studies`, or of a member of its ensemble, was fine-tuned on.

    Parameters
    ----------
    recordings
        Those that are going to be scored; the ones without labels are not.
    command
        Name of the command that is going to score them.

    Raises
    ------
    UsageError
        With the weights, the recordings and what to do.
    WeightsError
        If the weights are missing, or their record cannot be read.
    """
    scored = [recording for recording in recordings if recording.labels]
    checked: set[tuple[str, str]] = set()
    for study in [studies] if isinstance(studies, Study) else studies:
        for variant in list_variants(study):
            for weights, view in _list_weights(variant):
                if (weights, view) in checked:
                    continue
                checked.add((weights, view))
                seen = list_weights_seen(weights)
                shown = [(one, find_view(one, view)) for one in scored]
                matches = [(one, match) for one, own in shown if own is not None and (match := find_seen(own, seen))]
                if not matches:
                    continue
                names = ", ".join(
                    recording.id if recording.id == match.recording else f"{recording.id} (there {match.recording})"
                    for recording, match in matches
                )
                raise UsageError(f"{weights}: was fine-tuned on {names}, which {_advise(command)}.")


def _list_weights(variant: Study) -> list[tuple[str, str]]:
    """Return the weights of each view's backbone, and the view, "" for the first."""
    found = []
    for name in variant.streams:
        stream, view = split_stream(name)
        other = variant.views.others.get(view) if variant.views is not None else None
        if stream == APPEARANCE:
            found.append(((variant.backbone if other is None or other.backbone is None else other.backbone).weights, view))
    return found


def list_weights_seen(weights: str) -> tuple[SeenRecording, ...]:
    """Return the recordings that weights were fine-tuned on; () for weights that are named without a path, and for a file without a record.

    >>> list_weights_seen("imagenet")
    ()
    """
    # Only networks of Keras are fine-tuned here; those of transformers are folders.
    is_named = weights in (IMAGENET, PACKAGED, RANDOM, PRETRAINED) or Path(weights).is_dir()
    return () if is_named else read_seen_recordings(Path(weights))


def find_seen(recording: Recording, seen: Sequence[SeenRecording]) -> SeenRecording | None:
    """Return the one of `seen` whose video has the same content as the recording's; None for none.

    If the recording's video is missing, the one with the same id is returned. One with the same id and another video is warned about.
    """
    if recording.video is None or not recording.video.is_file():
        return next((one for one in seen if one.recording == recording.id), None)
    n_bytes = recording.video.stat().st_size
    # Reading a whole video takes a while, and another one hardly ever has the same length.
    content = hash_file(recording.video) if any(one.n_bytes == n_bytes for one in seen) else ""
    match = next((one for one in seen if one.video_hash == content), None)
    if match is None and any(one.recording == recording.id for one in seen):
        warn(
            f"recording {recording.id!r} has the name of one that the backbone's weights were fine-tuned on, but its video is another; if "
            "it is a converted copy, its score does not measure accuracy."
        )
    return match


def _advise(command: str) -> str:
    problem = f"`behavior {command}` would score; scores on training recordings do not measure accuracy"
    if command == "train":
        return f"{problem}; fine-tune on other recordings with --recordings, or give these split=train and others split=test"
    return (
        f"{problem}; fine-tune on other recordings with --recordings, leave these out of the manifest, or train and score on recordings "
        "with split=test"
    )
