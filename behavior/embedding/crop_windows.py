"""Where the crops of a recording are, by its pose, and what they show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Crop
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import PoseError
from behavior.files.pose import find_body_parts, match_pose_to_frames
from behavior.files.pose_times import TOLERATED_ROWS
from behavior.files.video import VideoReader
from behavior.files.video_access import FrameAccess
from behavior.files.video_pictures import ShownPicture
from behavior.recording import Frames, Track
from behavior.vision.crops import (
    find_body_axis,
    find_centers,
    find_corners,
    find_frame_corners,
    place_square,
    resize_square,
    take_crop,
    take_whole_frame,
)
from behavior.vision.frame_measures import measure_pose
from behavior.vision.size_growth import GROWTHS, measure_growth

__all__ = ["MANY_UNMEASURED", "CropCenters", "CropWindows", "describe_growths"]

# Share of frames without a measured crop centre above which a user should look at the pose.
MANY_UNMEASURED = 0.1

Image = npt.NDArray[np.uint8]


class CropCenters:
    """Where a pose sees the animal, in a picture of a certain `size`, width and height; None where there is no picture.

    Attributes
    ----------
    centers
        As `vision.crops.find_centers` gives them, one for each pose row.
    measured
        Bool of shape (T,): False where the centre was filled in, or lies outside the picture.
    """

    def __init__(self, track: Track, parts: list[int], *, min_likelihood: float, size: tuple[int, int] | None) -> None:
        self.centers, self._is_seen = find_centers(track.positions[:, parts], track.likelihoods[:, parts], min_likelihood=min_likelihood)
        self._size = size
        self.measured = self._is_seen
        if size is not None:
            self.measured = self._is_seen & ((self.centers >= 0) & (self.centers <= size)).all(axis=1)

    def require_any(self, path: Path, *, parts: Sequence[str], min_likelihood: float) -> None:
        """Raise PoseError if the pose at `path` sees none of the body parts `parts` within the picture in any frame."""
        if not len(self.measured) or self.measured.any():
            return
        shown = " and ".join(parts)
        if self._size is not None and self._is_seen.any():
            x, y = np.median(self.centers[self._is_seen], axis=0)
            raise PoseError(
                f"{path}: {shown} is outside the picture of {self._size[0]} x {self._size[1]} pixels in every frame (half-way at "
                f"x {x:.6g}, y {y:.6g}), so that no crop shows the animal; is it the pose of another video, of one that was scaled, or a "
                "table whose decimal points were lost?"
            )
        raise PoseError(
            f"{path}: {shown} is not found in any frame (a likelihood of {min_likelihood:g} is asked for), so that no crop shows "
            "the animal; name another body part, lower crop: {min_likelihood}, or leave the recording out."
        )

    def describe(self, path: Path, *, n_frames: int, consequence: str, individual: str = "") -> list[str]:
        """Return sentences on the pose at `path` if it lost the animal in many of `n_frames`, and of what consequence that is.

        `individual` names the animal, if the pose has several.
        """
        animal = individual or "the animal"
        lost = int((~self._is_seen[:n_frames]).sum())
        outside = int((self._is_seen & ~self.measured)[:n_frames].sum())
        notes = []
        if lost > MANY_UNMEASURED * n_frames:
            notes.append(f"{path}: {animal} was not found in {lost} of {n_frames} frames; {consequence}.")
        if self._size is not None and outside > MANY_UNMEASURED * n_frames:
            size = f"{self._size[0]} x {self._size[1]}"
            notes.append(
                f"{path}: {animal} is outside the picture of {size} pixels in {outside} of {n_frames} frames; is it the pose of another "
                "video, or of one that was scaled?"
            )
        return notes


class CropWindows:
    """Where the crops of a recording are, frame by frame, and what they show.

    Parameters
    ----------
    inputs
        The recording.
    crop
        As in a study file.
    video
        Path and size of the video.
    frames
        Its frames where they are known; else they are counted where the pose makes it necessary.

    Attributes
    ----------
    centers, measured
        As in `CropCenters`; empty for whole frames.

    Raises
    ------
    PoseError
        If the pose cannot be used, or does not belong to the video.
    """

    def __init__(self, inputs: RecordingInputs, crop: Crop, video: VideoReader | FrameAccess, *, frames: Frames | None = None) -> None:
        self.centers: npt.NDArray[np.float64] = np.empty((0, 2))
        self.measured: npt.NDArray[np.bool_] = np.empty(0, dtype=bool)
        self._path, self._size = video.path, (video.width, video.height)
        self._pose, self._individual = inputs.recording.pose, inputs.recording.individual
        self._crop = crop
        self._track: Track | None = None
        self._match_notes: list[str] = []
        self._crop_centers: CropCenters | None = None
        self._angles: npt.NDArray[np.float64] | None = None
        if not crop.whole_frame:
            self._locate_animal(inputs, video, frames)

    def _locate_animal(self, inputs: RecordingInputs, video: VideoReader | FrameAccess, frames: Frames | None) -> None:
        assert self._pose is not None
        crop = self._crop
        track = inputs.read_track(crop.individual, crop.pose_scale)
        parts = find_body_parts(track, crop.body_parts, path=self._pose)
        axis = find_body_parts(track, crop.body_axis, path=self._pose) if crop.egocentric and crop.body_axis else []
        declared = video.declared_frames if frames is None else frames.n_frames
        if track.time_s is not None or declared is None or abs(declared - len(track)) > TOLERATED_ROWS:
            # A quick count now, rather than an error after an hour: the header may be wrong, decoding is not.
            matched, note = match_pose_to_frames(track, frames or inputs.count_frames(video.path), path=self._pose)
            if track.time_s is not None or len(matched) > len(track):
                track = matched
                self._match_notes = [note] if note else []
        self._crop_centers = CropCenters(track, parts, min_likelihood=crop.min_likelihood, size=self._size)
        self._crop_centers.require_any(self._pose, parts=crop.body_parts, min_likelihood=crop.min_likelihood)
        self.centers, self.measured = self._crop_centers.centers, self._crop_centers.measured
        self._track = track
        if axis:
            self._angles, _ = find_body_axis(track.positions[:, axis], track.likelihoods[:, axis], min_likelihood=crop.min_likelihood)

    def take(self, image: Image, index: int, *, input_size: int) -> Image:
        """Return the window of frame `index` as it is in `image` (H, W, 3), resized to (input_size, input_size, 3).

        Raises
        ------
        PoseError
            If the pose ends well before the frame.
        """
        if self._crop.whole_frame:
            return take_whole_frame(image, input_size=input_size)
        center, angle = self._place(index)
        return take_crop(image, center, crop_size=self._crop.size, input_size=input_size, angle=angle)

    def take_shown(self, picture: ShownPicture, index: int, *, input_size: int) -> Image:
        """Return what `take` returns for all of `picture`, of which no more is converted than that needs; raises as `take`."""
        size = self._crop.size
        if not self._crop.whole_frame and size <= min(self._size):
            center, angle = self._place(index)
            if angle is None:
                left, top = place_square(self._size, center, size)
                return resize_square(picture.cut(left=left, top=top, width=size, height=size), input_size)
        return self.take(picture.convert(), index, input_size=input_size)

    def find_corners(self, index: int) -> npt.NDArray[np.float64]:
        """Return the corners of a frame's window in the frame, as `vision.crops.find_corners` does; raises as `take`."""
        if self._crop.whole_frame:
            return find_frame_corners(self._size)
        center, angle = self._place(index)
        return find_corners(self._size, center, crop_size=self._crop.size, angle=angle)

    def measure(self, frames: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """Return size and likelihood of the animal in some frames, as `vision.frame_measures.measure_pose` does; NaN for whole frames."""
        if self._track is None or not len(self._track):
            return np.full((len(frames), 2), np.nan, dtype=np.float32)
        rows = np.minimum(frames, len(self._track) - 1)
        return measure_pose(self._track.positions[rows], self._track.likelihoods[rows], min_likelihood=self._crop.min_likelihood)

    def describe_growths(self) -> dict[str, float]:
        """Return what `describe_growths` returns of the pose that the windows follow; nothing for whole frames."""
        return {} if self._track is None else describe_growths(self._track, min_likelihood=self._crop.min_likelihood)

    def _place(self, index: int) -> tuple[npt.NDArray[np.float64], float | None]:
        if index >= len(self.centers) + TOLERATED_ROWS:
            raise PoseError(
                f"{self._path}: frame {index} decodes, but the pose ends after {len(self.centers)} rows; is it that of another video?"
            )
        row = min(index, len(self.centers) - 1)
        center = self.centers[row] if len(self.centers) else np.full(2, np.nan)
        return center, float(self._angles[row]) if self._angles is not None and len(self._angles) else None

    def describe(self, frames: Frames) -> list[str]:
        """Return sentences on what a user should know of the pose of a video with `frames`."""
        if self._track is None or self._crop_centers is None or self._pose is None:
            return []
        _, note = match_pose_to_frames(self._track, frames, path=self._pose)
        notes = [*self._match_notes, *([note] if note else [])]
        said = {"consequence": "crops there are guesses", "individual": self._individual}
        return notes + self._crop_centers.describe(self._pose, n_frames=frames.n_frames, **said)


def describe_growths(track: Track, *, min_likelihood: float) -> dict[str, float]:
    """Return those of `vision.size_growth.GROWTHS` that a pose tells, to be kept with features."""
    known = measure_growth(track.positions, track.likelihoods, min_likelihood=min_likelihood)
    return {name: value for name, value in zip(GROWTHS, known, strict=True) if np.isfinite(value)}
