"""The detector of a video as it is asked for, and the detections that another program gave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.embedding.animal_detection import choose_detection, watch_camera
from behavior.embedding.given_detections import GivenDetections, read_given_detections
from behavior.embedding.track_request import TrackRequest
from behavior.files.arena_mask import read_arena_mask
from behavior.tracking.background_detector import BackgroundDetector

__all__ = ["open_detector", "read_given"]


def open_detector(video: Path, samples: npt.NDArray[np.uint8], frames: npt.NDArray[np.intp], request: TrackRequest) -> BackgroundDetector:
    """Return what finds animals in the pictures of a video.

    Parameters
    ----------
    samples, frames
        Grey pictures of the video, uint8 of shape (N, H, W), and which frames they are, shape (N,).
    """
    mask = _read_mask(samples, request)
    moved_at = watch_camera(video, samples, frames)
    # Settings are chosen on the longer part of a video whose camera was moved.
    of_one_view = samples if moved_at is None else max(samples[:moved_at], samples[moved_at:], key=len)
    settings = choose_detection(
        video,
        of_one_view,
        mask,
        n_animals=request.animals,
        background=request.background,
        polarity=request.polarity,
        threshold=request.threshold,
        area=request.area,
        motion=request.moving or "mog2",
    )
    return BackgroundDetector(
        samples, settings, mask=mask, colors=request.colors, adaptive=request.adaptive, motion=request.moving, moved_at=moved_at
    )


def _read_mask(samples: npt.NDArray[np.uint8], request: TrackRequest) -> npt.NDArray[np.bool_] | None:
    height, width = samples.shape[1:]
    return None if request.mask is None else read_arena_mask(request.mask, width=width, height=height)


def read_given(video: Path, samples: npt.NDArray[np.uint8], request: TrackRequest) -> GivenDetections:
    """Return the detections that `request` names for a video, of which there are grey pictures, uint8 of shape (N, H, W)."""
    assert request.detections is not None
    mask = _read_mask(samples, request)
    return read_given_detections(video, request.detections, mask=mask, least_score=request.least_score, area=request.area)
