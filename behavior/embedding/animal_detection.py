"""From a video to where its animals are found: settings from sample frames, and one pass over all frames."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.embedding.crop_batches import read_ahead
from behavior.errors import VideoError
from behavior.files.detection_parts import PART_FRAMES, DetectionPart, DetectionParts
from behavior.files.video import open_video
from behavior.progress import announce, report_progress, warn
from behavior.tracking.calibration import DetectionSettings, calibrate
from behavior.tracking.camera_moves import find_camera_move
from behavior.tracking.detections import Detections, FrameDetections, ResumableDetector

__all__ = ["choose_detection", "detect_animals", "watch_camera"]

# Below this score of the automatic settings the user is told.
_DOUBTFUL = 0.5


def watch_camera(video: Path, samples: npt.NDArray[np.uint8], frames: npt.NDArray[np.intp]) -> int | None:
    """Return the first of the samples after the camera was moved, and tell the user; None where it stood still.

    Parameters
    ----------
    samples, frames
        Pictures of the video, grey, uint8 of shape (K, H, W), and the frames that they are, (K,).
    """
    move = find_camera_move(samples)
    if move is None:
        return None
    x, y = move.shift
    warn(
        f"{video}: the camera was moved between frames {frames[move.sample - 1]} and {frames[move.sample]}, by {x:.0f} pixels to the right "
        f"and {y:.0f} down in the picture: animals are looked for before another background from there on, and positions, like an "
        "arena or a mask, are off by as much; cut the video there if that matters."
    )
    return move.sample


def choose_detection(
    video: Path, samples: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_] | None, *, n_animals: int | None, **given: Any
) -> DetectionSettings:
    """Return how animals are found in a video, by sample frames of it; the user is told.

    Parameters
    ----------
    samples
        Grey, uint8 of shape (N, H, W).
    mask
        Where animals can be, of shape (H, W); None for anywhere.
    n_animals
        How many there are; None where nobody knows.
    **given
        Settings that are not to be chosen, as `calibrate` takes them.

    Raises
    ------
    VideoError
        If no setting finds an animal.
    """
    try:
        settings: DetectionSettings = calibrate(samples, n_animals=n_animals, mask=mask, **given)
    except ValueError as error:
        raise VideoError(f"{video}: {error}, from all over the video; give --polarity and --threshold, and look at --preview.") from error
    announce(f"{video.name}: {_describe_detection(settings)}")
    if settings.score < _DOUBTFUL:
        warn(f"{video}: the number and size of animals differ much between sample frames; look at --preview before you use the track.")
    return settings


def _describe_detection(settings: DetectionSettings) -> str:
    size = f"of about {settings.size.length:.0f} x {settings.size.width:.0f} pixels"
    fit = f"sample frames fit this by {settings.score:.2f} of 1"
    if settings.background == "moving":
        return f"looking for animals {size} that move (--background moving); {fit}"
    kinds = {"dark": ("dark", "darker"), "light": ("light", "lighter"), "both": ("dark or light", "darker or lighter")}
    kind, difference = kinds[settings.polarity]
    behind = {
        "median": "than that place is in most sample frames",
        "extreme": f"than the {'darkest' if settings.polarity == 'light' else 'lightest'} that place gets in sample frames",
        "flat": "than the floor around them",
    }[settings.background]
    how = f"at least {settings.threshold:.0f} grey levels {difference} {behind} (--background {settings.background})"
    return f"looking for {kind} animals {size}, {how}; {fit}"


def detect_animals(
    video: Path, detector: ResumableDetector, *, in_color: bool = False, parts: Path | None = None, origin: Mapping[str, Any] | None = None
) -> tuple[FrameDetections, npt.NDArray[np.float64]]:
    """Return what is found in each of T frames, and their times in seconds, (T,); a frame that cannot be decoded has no animals.

    Parameters
    ----------
    parts
        The file that is to be made of the detections: they are kept beside it, and a run that was killed goes on from them, until
        `files.detection_parts.remove_parts`; from the first frame where the detector is not resumable. None to keep none.
    origin
        What else than the detector the detections follow from, as JSON has it.

    Raises
    ------
    VideoError
        If the video cannot be read.
    OutputError
        If detections cannot be kept.
    """
    kept = None
    table = _GrowingTable()
    if parts is not None:
        kept = DetectionParts(parts, {"origin": dict(origin or {}), "detector": dict(detector.describe())})
        for part in kept.read():
            table.add(part)
        if (state := kept.read_state()) is not None:
            announce(f"{video.name}: going on from frame {kept.n_frames}, where a run before stopped")
            detector.set_state(state)
        if not detector.is_resumable:
            if kept.is_begun:
                announce(
                    f"{video.name}: a run before stopped; starting again from frame 0, for a model of what moves (--moving, "
                    "--background moving) cannot be kept"
                )
            kept = None
    first = 0 if kept is None else kept.n_frames
    found: list[Detections] = []
    time_s: list[float] = []

    def store() -> None:
        gathered = FrameDetections.gather(found)
        part = DetectionPart(gathered.counts, gathered.values, np.array(time_s, dtype=np.float64))
        table.add(part)
        if kept is not None and len(found) == PART_FRAMES:
            kept.add(part, detector.get_state())
        found.clear()
        time_s.clear()

    with (
        open_video(video) as opened,
        closing(opened.frames(first_frame=first, grey=not in_color)) as frames,
        report_progress(f"tracking {video.name}", total=opened.declared_frames, unit="frames") as advance,
    ):
        advance(first)
        for frame in read_ahead(frames):
            found.append(Detections.at(np.empty((0, 2))) if frame.image is None else detector.detect(frame.image))
            time_s.append(frame.time_s)
            advance(1)
            if len(found) == PART_FRAMES:
                store()
    store()
    return table.finish()


class _GrowingTable:
    """Detections of a video that is read: numbers in a row that grows in its place, so that a long video is in memory once."""

    def __init__(self) -> None:
        self._counts, self._values, self._time_s = array("q"), array("d"), array("d")
        self._n_values = 0

    def add(self, part: DetectionPart) -> None:
        """Append what was found in the next frames."""
        self._n_values = part.values.shape[1]
        for numbers, more in ((self._counts, part.counts), (self._values, part.values), (self._time_s, part.time_s)):
            numbers.frombytes(more.tobytes())

    def finish(self) -> tuple[FrameDetections, npt.NDArray[np.float64]]:
        """Return the table and the times, which have these numbers as their own: nothing can be added any more."""
        counts, values, time_s = (np.frombuffer(each, dtype=each.typecode) for each in (self._counts, self._values, self._time_s))
        return FrameDetections(counts, values.reshape(-1, self._n_values)), time_s
