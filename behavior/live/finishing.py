"""The finished ethogram of a live recording that is over, or was broken off: the three files that `annotate` writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.unmeasured import find_unmeasured, warn_of_unmeasured
from behavior.errors import EthogramError, OutputError, UsageError, VideoError, quote_path
from behavior.files.claims import claim_file, explain_claim
from behavior.files.ethograms import write_annotation
from behavior.files.live_record import GrownRecord, LiveDescription, find_live_descriptions, name_video, read_grown, read_live_description
from behavior.files.live_video import complete_video
from behavior.frame_sampling import SampledRows
from behavior.frame_times import estimate_fps
from behavior.learning.decisions import decide, read_postprocess
from behavior.learning.familiarity import join_distances, judge_figures, warn_of_unfamiliar
from behavior.learning.familiarity_reference import StreamFigures
from behavior.progress import announce, complain, warn
from behavior.provenance import Familiarity, LiveCapture
from behavior.recording import Annotation

__all__ = ["finish_recording", "recover_recordings"]

# Part of the model's frame rate by which another rate matters.
_OTHER_RATE = 0.05


def finish_recording(folder: Path, description: LiveDescription, *, most_frames: int | None = None) -> Annotation:
    """Write the finished ethogram of a live recording in `folder` in place of the one that grew, and return it.

    Closing and shortest bouts, for which what follows has to be known, are applied only now.

    Parameters
    ----------
    most_frames
        Pictures of its video, where it was broken off.

    Raises
    ------
    EthogramError
        If its tables cannot be used, or no frame has probabilities.
    OutputError
        If the folder cannot be written to.
    """
    grown = read_grown(folder, description, most_frames=most_frames)
    time_s = grown.probabilities.time_s
    path = description.find_path(folder)
    postprocess = read_postprocess(description.provenance, source=path)
    if postprocess is None:
        raise EthogramError(f"{path}: does not say what to decide with; keep the files of `behavior live` as they are.")
    fps = estimate_fps(time_s) if len(time_s) > 1 else float(description.provenance.fps or 1.0)
    seen = _SeenFrames(grown, description)
    capture = description.provenance.live or LiveCapture()
    provenance = description.provenance.model_copy(
        update={
            "fps": fps,
            "not_measured": find_unmeasured(seen.measured),
            "broke_off": most_frames is not None,
            "familiarity": seen.judge(fps),
            "live": capture.model_copy(update={"skipped": grown.count("skipped"), "not_predicted": seen.n_not_predicted}),
        }
    )
    annotation = decide(description.recording, grown.probabilities, fps=fps, postprocess=postprocess, provenance=provenance)
    annotation = replace(annotation, distances=seen.find_distances())
    write_annotation(folder, annotation)
    replace(description, is_closed=True).write(folder)
    for warning in (warn_of_unfamiliar(annotation), warn_of_unmeasured(annotation)):
        if warning:
            warn(warning)
    expected = provenance.model.fps if provenance.model is not None else None
    if description.sampling_fps is None and expected is not None and abs(fps / expected - 1) > _OTHER_RATE:
        warn(
            f"{description.recording}: has {fps:.4g} frames per second, but the model was trained on {expected:.4g}, so that it was right "
            "less often than it can be; set the camera to that rate, or annotate the recording with --resample."
        )
    return annotation


class _SeenFrames:
    """What the model saw of the frames of a recording."""

    def __init__(self, grown: GrownRecord, description: LiveDescription) -> None:
        self._limits = description.limits
        self._details, names = grown.details, description.list_details()
        self._columns = {name: grown.details[:, column] for column, name in enumerate(names)}
        known = np.flatnonzero(np.isin(grown.looked, ["yes", "not found"]))
        nearest = np.zeros(len(grown.looked), dtype=np.int64)
        if len(known):
            time_s = grown.probabilities.time_s
            # No other rate than that of the rows has a part in this.
            nearest = known[SampledRows(known, 1.0, time_s).find_nearest()]
        self._known, self._nearest = known, nearest
        is_found = (grown.looked == "yes")[nearest]
        self.measured = is_found & np.isin(grown.looked, ["yes", "not found", "between"])
        before = known[0] if len(known) else len(grown.looked)
        self.n_not_predicted = int((grown.looked[:before] == "warm-up").sum())

    def _list_distances(self) -> list[npt.NDArray[np.float32]]:
        n_streams = len(self._limits.streams) if self._limits is not None and len(self._known) else 0
        return [self._details[:, column] for column in range(n_streams)]

    def judge(self, fps: float) -> Familiarity | None:
        """Return whether the recording is like the training recordings; None where nothing is known of these."""
        if self._limits is None or not len(self._known):
            return None
        n_streams = len(self._limits.streams)
        medians = {}
        for name, column in list(self._columns.items())[n_streams:]:
            known = column[np.isfinite(column)]
            if len(known):
                medians[name] = float(np.median(known))
        return judge_figures(self._limits, [StreamFigures(one[self._known]) for one in self._list_distances()], {**medians, "fps": fps})

    def find_distances(self) -> npt.NDArray[np.float32] | None:
        """Return how far each frame, or the nearest that the model looked at, is from the training frames."""
        curves = [one[self._nearest] for one in self._list_distances()]
        return join_distances(curves)


def recover_recordings(folder: Path) -> dict[str, Annotation | str]:
    """Finish the live recordings in `folder` that were broken off: their videos get an end, and their ethograms are written.

    Returns
    -------
    By name of the recording its annotation, or a sentence on why there is none; one that cannot be finished never stops the others.

    Raises
    ------
    UsageError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; give the one that `behavior live` wrote to with --out.")
    found: dict[str, Annotation | str] = {}
    for name, path in find_live_descriptions(folder).items():
        try:
            annotation = _recover(folder, path)
        except (EthogramError, VideoError, OutputError) as error:
            complain(f"{name}: {error}")
            found[name] = str(error)
        else:
            if annotation is not None:
                found[name] = annotation
    if not found:
        announce(f"{folder}: no recording there was broken off, and nothing is left to finish")
    return found


def _name_command(folder: Path, description: LiveDescription) -> str:
    """Return the command that annotates the whole video of a recording, with the one before it that finds the animal."""
    model, video = description.provenance.model, name_video(folder, description.recording)
    bundle = "MODEL" if model is None or model.folder is None else quote_path(model.folder)
    track = f"behavior track {quote_path(video)}, then " if description.provenance.body_parts else ""
    return f"{track}behavior annotate {bundle} {quote_path(video)} --out {quote_path(folder / 'annotated')}"


def _recover(folder: Path, path: Path) -> Annotation | None:
    """Finish the recording that the file at `path` describes; None where it is finished."""
    description = read_live_description(path)
    if description.is_closed:
        return None
    name = description.recording
    with claim_file(path) as mine:
        if not mine:
            raise OutputError(f"{path}: {explain_claim(path)} is still recording it; stop it first.")
        n_pictures = complete_video(name_video(folder, name))
        annotation = finish_recording(folder, description, most_frames=n_pictures)
    n_frames = len(annotation.time_s)
    announce(f"{name}: {n_pictures:,} pictures and {n_frames:,} frames of the ethogram are whole")
    if n_pictures > n_frames:
        n_left = n_pictures - n_frames
        command = _name_command(folder, description)
        warn(f"{name}: the last {n_left} pictures of its video have no probabilities; to predict all of it: {command}")
    return annotation
