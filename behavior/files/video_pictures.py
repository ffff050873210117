"""From decoded pictures to arrays: upright, in RGB, all of the first picture's size."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from behavior.errors import VideoError
from behavior.files.video_decoding import decode_packet
from behavior.files.video_packets import open_stream

__all__ = ["PictureConverter", "ShownPicture"]

Image = npt.NDArray[np.uint8]

# FFmpeg's numbers: color spaces unspecified, PAL's and NTSC's; values from 0 to 255 instead of 16 to 235.
_BT601, _FULL_RANGE = (2, 5, 6), 2

# Formats whose first plane is a byte of brightness for each pixel.
_GREY_FIRST = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray", "nv12")
_ALWAYS_FULL = ("yuvj", "gray")
# What values from 16 to 235 are, from 0 to 255.
_FROM_VIDEO_RANGE = np.clip(np.round((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)


class PictureConverter:
    """Converts the pictures of one video.

    Parameters
    ----------
    path
        The video; its first picture gives size and rotation.

    Attributes
    ----------
    width, height
        Of the upright frame, in pixels.
    quarter_turns
        To the left, that set a stored picture upright.

    Raises
    ------
    VideoError
        As `video_packets.open_stream`, and if no frame can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.width, self.height, self.quarter_turns = _measure_first_frame(path)
        self._stored = (self.width, self.height) if self.quarter_turns % 2 == 0 else (self.height, self.width)
        self._reformatter = VideoReformatter()

    def has_other_size(self, picture: av.VideoFrame) -> bool:
        """Tell whether a picture has another size in the file than the first one, and is scaled to it."""
        return (picture.width, picture.height) != self._stored

    def convert(self, picture: av.VideoFrame) -> Image:
        """Return a picture as RGB, uint8 of shape (H, W, 3), upright."""
        if self.is_usual(picture):
            # OpenCV takes a quarter of FFmpeg's time for it, to the same numbers but for rounding.
            return np.ascontiguousarray(np.rot90(cv2.cvtColor(picture.to_ndarray(), cv2.COLOR_YUV2RGB_I420), self.quarter_turns))
        # Where the size changes on the way, the first frame's is kept, so that pixels mean the same all along.
        image = self._reformatter.reformat(picture, width=self._stored[0], height=self._stored[1], format="rgb24").to_ndarray()
        return np.ascontiguousarray(np.rot90(image, self.quarter_turns))

    def convert_part(self, picture: av.VideoFrame, *, left: int, top: int, width: int, height: int) -> Image:
        """Return a rectangle of a picture that `is_usual`, RGB of shape (height, width, 3); equal to that part of what `convert` returns.

        Parameters
        ----------
        left, top, width, height
            Pixels of the upright frame; the rectangle lies in it.
        """
        stored_width, stored_height = self._stored
        if self.quarter_turns == 1:
            left, top, width, height = stored_width - top - height, left, height, width
        elif self.quarter_turns == 2:
            left, top = stored_width - left - width, stored_height - top - height
        elif self.quarter_turns == 3:
            left, top, width, height = top, stored_height - left - width, height, width
        # Two by two pixels share their color.
        first_column, first_row = left // 2, top // 2
        n_columns, n_rows = -(-(left + width) // 2) - first_column, -(-(top + height) // 2) - first_row
        planes = np.empty(6 * n_rows * n_columns, dtype=np.uint8)
        brightness, *colors = np.split(planes, np.array([4, 5]) * n_rows * n_columns)
        rows, columns = slice(2 * first_row, 2 * (first_row + n_rows)), slice(2 * first_column, 2 * (first_column + n_columns))
        brightness.reshape(2 * n_rows, 2 * n_columns)[:] = _read_plane(picture, 0)[rows, columns]
        rows, columns = slice(first_row, first_row + n_rows), slice(first_column, first_column + n_columns)
        for number, color in enumerate(colors, 1):
            color.reshape(n_rows, n_columns)[:] = _read_plane(picture, number)[rows, columns]
        image = cv2.cvtColor(planes.reshape(3 * n_rows, 2 * n_columns), cv2.COLOR_YUV2RGB_I420)
        left, top = left - 2 * first_column, top - 2 * first_row
        return np.ascontiguousarray(np.rot90(image[top : top + height, left : left + width], self.quarter_turns))

    def convert_grey(self, picture: av.VideoFrame) -> Image:
        """Return the brightness of a picture, uint8 of shape (H, W), upright; cheaper than to convert its colors."""
        if picture.format.name in _GREY_FIRST and not self.has_other_size(picture):
            rows = _read_plane(picture, 0)
            if picture.color_range != _FULL_RANGE and not picture.format.name.startswith(_ALWAYS_FULL):
                rows = np.asarray(cv2.LUT(rows, _FROM_VIDEO_RANGE), dtype=np.uint8)
        else:
            rows = self._reformatter.reformat(picture, width=self._stored[0], height=self._stored[1], format="gray").to_ndarray()
        return np.ascontiguousarray(np.rot90(rows, self.quarter_turns))

    def is_usual(self, picture: av.VideoFrame) -> bool:
        """Tell whether a picture has the first one's size, in even numbers, and is coded as nearly every camera codes: BT.601, 4:2:0."""
        size = (picture.width, picture.height)
        return (
            picture.format.name == "yuv420p"
            and size == self._stored
            and not any(side % 2 for side in size)
            and picture.colorspace in _BT601
            and picture.color_range != _FULL_RANGE
        )


class ShownPicture:
    """A picture of which no more is converted than is looked at.

    Parameters
    ----------
    converter
        That of its video.
    picture
        As it was decoded.
    """

    def __init__(self, converter: PictureConverter, picture: av.VideoFrame) -> None:
        self._converter = converter
        self._picture = picture
        self._image: Image | None = None
        self.width, self.height = converter.width, converter.height

    def convert(self) -> Image:
        """Return all of it, RGB of shape (H, W, 3), upright."""
        if self._image is None:
            self._image = self._converter.convert(self._picture)
        return self._image

    def cut(self, *, left: int, top: int, width: int, height: int) -> Image:
        """Return a rectangle that lies in it, RGB of shape (height, width, 3): that part of what `convert` returns."""
        if self._image is None and self._converter.is_usual(self._picture):
            return self._converter.convert_part(self._picture, left=left, top=top, width=width, height=height)
        return self.convert()[top : top + height, left : left + width]


def _read_plane(picture: av.VideoFrame, number: int) -> Image:
    """Return a plane of a picture, uint8 of shape (rows, columns), without copying it."""
    plane = picture.planes[number]
    # Rows are padded to a width that decoders like.
    return np.frombuffer(plane, dtype=np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def _measure_first_frame(path: Path) -> tuple[int, int, int]:
    """Return width and height of the first picture when upright, and the quarter turns (to the left) that set it upright."""
    opened = open_stream(path)
    with opened.container:
        packets = (packet for packet in opened.container.demux(opened.stream) if packet.size and not packet.is_corrupt)
        try:
            picture = next((picture for packet in chain(packets, [None]) for picture in decode_packet(opened.stream, packet)), None)
        except av.error.FFmpegError:
            picture = None
    if picture is None:
        raise VideoError(f"{path}: none of its frames can be decoded; convert the video to H.264 in .mp4.")
    quarter_turns = round(picture.rotation / 90) % 4
    width, height = (picture.width, picture.height) if quarter_turns % 2 == 0 else (picture.height, picture.width)
    return width, height, quarter_turns
