"""From a video to where its animals are found: settings from sample frames, and one pass over all frames."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.embedding.crop_batches import read_ahead
from behavior.errors import VideoError
from behavior.files.video import open_video
from behavior.progress import announce, report_progress, warn
from behavior.tracking.background_detector import BackgroundDetector
from behavior.tracking.calibration import DetectionSettings, calibrate
from behavior.tracking.detections import Detections

__all__ = ["choose_detection", "detect_animals"]

# Below this score of the automatic settings the user is told.
_DOUBTFUL = 0.5


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
    size = settings.size
    announce(
        f"{video.name}: {settings.polarity} animals of about {size.length:.0f} x {size.width:.0f} pixels, {settings.threshold:.0f} grey "
        f"levels from a background of kind {settings.background} (score {settings.score:.2f})"
    )
    if settings.score < _DOUBTFUL:
        warn(f"{video}: the number and size of animals differ much between sample frames; look at --preview before you use the track.")
    return settings


def detect_animals(
    video: Path, detector: BackgroundDetector, *, in_color: bool = False
) -> tuple[list[Detections], npt.NDArray[np.float64]]:
    """Return what is found in each of T frames, and their times in seconds, (T,); a frame that cannot be decoded has no animals.

    Raises
    ------
    VideoError
        If the video cannot be read.
    """
    found: list[Detections] = []
    time_s: list[float] = []
    with (
        open_video(video) as opened,
        closing(opened.frames(grey=not in_color)) as frames,
        report_progress(f"tracking {video.name}", total=opened.declared_frames, unit="frames") as advance,
    ):
        for frame in read_ahead(frames):
            found.append(Detections.at(np.empty((0, 2))) if frame.image is None else detector.detect(frame.image))
            time_s.append(frame.time_s)
            advance(1)
    return found, np.array(time_s)
