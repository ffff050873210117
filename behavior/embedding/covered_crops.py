"""The crops of a few frames, as they are and with parts of them covered by what the scene shows without the animal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.config import Crop
from behavior.embedding.crop_reader import require_files
from behavior.embedding.crop_streams import CropStream
from behavior.embedding.crop_windows import CropWindows
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import VideoError
from behavior.files.video_access import FrameAccess
from behavior.files.video_index import VideoIndex
from behavior.recording import Frames
from behavior.vision.occlusion import PatchGrid, cover_patch, take_background

__all__ = ["CoveredCrops", "CropSource"]

# Pictures that the background is the median of.
_N_BACKGROUND = 25
_MOST_BYTES = 512 * 2**20
# Crops that are described together.
_CROPS_AT_ONCE = 256

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CoveredCrops:
    """Crops of one stream.

    Attributes
    ----------
    frames
        Of the N crops, int64 of shape (N,).
    images, previous
        RGB of shape (N, S, S, 3): the crops, and what their windows showed one frame earlier.
    background
        What their windows show of the scene without the animal, of the same shape.
    """

    frames: npt.NDArray[np.int64]
    images: Image
    previous: Image
    background: Image

    def describe(self, stream: CropStream, *, fps: float) -> Floats:
        """Return the features (N, D) of the crops as they are."""
        return stream.describe_crops(self.images, self.previous, fps=fps)

    def describe_covered(self, stream: CropStream, grid: PatchGrid, patches: range, *, fps: float) -> Floats:
        """Return the features (P, N, D) with each of some patches covered, in the crops and in what was there one frame earlier."""
        size, n_images = self.images.shape[1], len(self.images)
        places = grid.list_patches(size)
        chosen = [places[number] for number in patches]
        images = np.concatenate([cover_patch(self.images, self.background, place) for place in chosen])
        previous = images
        if stream.with_previous:
            previous = np.concatenate([cover_patch(self.previous, self.background, place) for place in chosen])
        return stream.describe_crops(images, previous, fps=fps).reshape(len(chosen), n_images, -1)

    def list_portions(self, grid: PatchGrid) -> list[range]:
        """Return the patches of a grid in portions that are described together."""
        n_at_once = max(_CROPS_AT_ONCE // len(self.images), 1)
        return [range(start, min(start + n_at_once, len(grid))) for start in range(0, len(grid), n_at_once)]


class CropSource:
    """The crops of a recording, frame by frame in any order.

    Parameters
    ----------
    inputs
        The recording.
    crop
        As in a study file.
    frames
        Its frames, as its features know them.

    Attributes
    ----------
    background
        The scene without the animal, RGB of shape (H, W, 3).
    windows
        Where the crops are.
    fps
        The video's nominal rate, which features of movement go by.

    Raises
    ------
    PoseError
        If the pose cannot be used.
    VideoError
        If the video is gone, has other frames, or cannot be read.
    """

    def __init__(self, inputs: RecordingInputs, crop: Crop, *, frames: Frames) -> None:
        require_files(inputs.recording, needs_pose=not crop.whole_frame)
        assert inputs.recording.video is not None
        path = inputs.recording.video
        index = VideoIndex(path)
        if not index.is_complete:
            # Its packets do not tell its frames.
            index.read_through(lambda: True)
        if index.n_frames != frames.n_frames:
            raise VideoError(f"{path}: has {index.n_frames} frames, but its features {frames.n_frames}; embed the recording again.")
        self.fps = index.nominal_fps
        self._access = FrameAccess(index)
        self.windows = CropWindows(inputs, crop, self._access, frames=frames)
        n_pictures = int(np.clip(_MOST_BYTES // (3 * index.width * index.height), 3, _N_BACKGROUND))
        rows = np.unique(np.linspace(0, frames.n_frames - 1, n_pictures).round().astype(int)).tolist()
        pictures = [image for row in rows if (image := self._access.read(row).image) is not None]
        if not pictures:
            raise VideoError(f"{path}: none of the frames that were tried can be decoded; copy or convert the video again.")
        self.background = take_background(pictures)

    def close(self) -> None:
        """Close the video."""
        self._access.close()

    def read_picture(self, frame: int) -> Image:
        """Return a frame, RGB of shape (H, W, 3); raises VideoError if it cannot be decoded."""
        image = self._access.read(frame).image
        if image is None:
            raise VideoError(f"{self._access.path}: frame {frame} cannot be decoded; choose another frame.")
        return image

    def read(self, frames: Sequence[int], stream: CropStream) -> CoveredCrops:
        """Return the crops of those of `frames` that can be decoded, as `stream` takes them; raises VideoError if there is none."""
        kept: list[int] = []
        images: list[Image] = []
        previous: list[Image] = []
        background: list[Image] = []
        size = stream.input_size
        for frame in frames:
            image = self._access.read(frame).image
            if image is None:
                continue
            before = self._access.read(frame - 1).image if stream.with_previous and frame > 0 else None
            kept.append(frame)
            images.append(self.windows.take(image, frame, input_size=size))
            previous.append(images[-1] if before is None else self.windows.take(before, frame, input_size=size))
            background.append(self.windows.take(self.background, frame, input_size=size))
        if not kept:
            raise VideoError(f"{self._access.path}: frames {frames[0]} to {frames[-1]} cannot be decoded; choose another frame.")
        return CoveredCrops(np.array(kept), np.stack(images), np.stack(previous), np.stack(background))
