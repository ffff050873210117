"""Videos, read one frame after the other: rows of `files.video_decoding` become pictures as the camera saw them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import VideoReformatter

from behavior.errors import VideoError
from behavior.files.frame_rows import Frame, VideoSummary
from behavior.files.video_decoding import CarefulDecoder, DamageError, DecodingPass, QuickDecoder, Row, decode_packet
from behavior.files.video_packets import open_stream
from behavior.frame_times import estimate_fps

__all__ = ["VideoReader", "open_video", "summarize_video"]

# FFmpeg's numbers: color spaces unspecified, PAL's and NTSC's; values from 0 to 255 instead of 16 to 235.
_BT601, _FULL_RANGE = (2, 5, 6), 2


class VideoReader:
    """A video that is read once, from its first frame to its last; `open_video` makes it.

    Attributes
    ----------
    path
        The file.
    width, height
        Of the upright frame, in pixels.
    quarter_turns
        By how much the stored picture is turned to the left to be upright, as its metadata say: 0 to 3.
    declared_frames
        What the header says, which may be wrong; None where it says nothing.
    nominal_fps
        The header's frame rate.
    n_frames, broke_off, undecodable, restarts, counted
        As in `VideoSummary`, once `frames` is exhausted.
    first_scaled
        First row whose frame has another size in the file and is scaled; None where there is none, or none yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.width, self.height, self.quarter_turns = _measure_first_frame(path)
        self._stored = (self.width, self.height) if self.quarter_turns % 2 == 0 else (self.height, self.width)
        self._opened = open_stream(path)
        self.declared_frames = self._opened.declared_frames
        self.nominal_fps = self._opened.nominal_fps
        if not self.nominal_fps > 0:
            self.close()
            raise VideoError(f"{path}: its header gives no frame rate; convert the video to .mp4.")
        self.n_frames = 0
        self.broke_off = False
        self.undecodable: tuple[int, ...] = ()
        self.restarts: tuple[int, ...] = ()
        self.counted: tuple[int, ...] = ()
        self._times: list[float] = []
        self.first_scaled: int | None = None
        self._started = False
        self._reformatter = VideoReformatter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._opened.container.close()

    def frames(self, *, first_frame: int = 0) -> Generator[Frame, None, None]:
        """Yield the frames in the order in which they are shown, decoded as they are asked for.

        Parameters
        ----------
        first_frame
            Frames before it are decoded, but neither converted nor yielded; those from it on equal those of an unbroken read.

        Raises
        ------
        RuntimeError
            If the reader has been read before.
        VideoError
            At the end, if no frame could be decoded.
        """
        for row in self._read_rows():
            if row.index >= first_frame:
                yield Frame(row.index, row.time_s, None if row.picture is None else self._convert(row.picture))

    def summarize(self) -> VideoSummary:
        """Decode everything, convert nothing, and return what there is; raises as `frames` does."""
        for _ in self._read_rows():
            pass
        time_s = self.time_s
        return VideoSummary(
            n_frames=self.n_frames,
            time_s=time_s,
            fps=estimate_fps(time_s) if len(time_s) > 1 else self.nominal_fps,
            width=self.width,
            height=self.height,
            declared_frames=self.declared_frames,
            broke_off=self.broke_off,
            undecodable=self.undecodable,
            restarts=self.restarts,
            counted=self.counted,
        )

    @property
    def time_s(self) -> npt.NDArray[np.float64]:
        """Times of the rows that were read so far, float64 of shape (T,)."""
        return np.array(self._times, dtype=np.float64)

    def _convert(self, picture: av.VideoFrame) -> npt.NDArray[np.uint8]:
        if picture.format.name == "yuv420p" and self._is_usual(picture):
            # What nearly every camera writes; OpenCV takes a quarter of FFmpeg's time for it, to the same numbers but for rounding.
            return np.ascontiguousarray(np.rot90(cv2.cvtColor(picture.to_ndarray(), cv2.COLOR_YUV2RGB_I420), self.quarter_turns))
        # Where the size changes on the way, the first frame's is kept, so that pixels mean the same all along.
        image = self._reformatter.reformat(picture, width=self._stored[0], height=self._stored[1], format="rgb24").to_ndarray()
        return np.ascontiguousarray(np.rot90(image, self.quarter_turns))

    def _is_usual(self, picture: av.VideoFrame) -> bool:
        """Tell whether a picture has the first one's size, in even numbers, and colors that are coded as by ITU-R BT.601."""
        size = (picture.width, picture.height)
        return (
            size == self._stored
            and not any(side % 2 for side in size)
            and picture.colorspace in _BT601
            and picture.color_range != _FULL_RANGE
        )

    def _read_rows(self) -> Iterator[Row]:
        """Yield rows of the quick pass, and from the first sign of damage on those of a careful one, from the file's beginning."""
        if self._started:
            raise RuntimeError(f"{self.path}: a reader reads its video once; open it again")
        self._started = True
        held: deque[Row] = deque()
        n_given = 0
        try:
            quick = DecodingPass(self._opened, QuickDecoder)
            for row in self._keep_track(quick):
                held.append(row)
                if len(held) > quick.decoder.n_held:
                    yield held.popleft()
                    n_given += 1
        except DamageError:
            held.clear()
            self.close()
            self._opened = open_stream(self.path)
            yield from (row for row in self._keep_track(DecodingPass(self._opened, CarefulDecoder)) if row.index >= n_given)
        yield from held

    def _keep_track(self, rows: DecodingPass) -> Iterator[Row]:
        """Yield the rows of a pass, and keep what is known of the video from them."""
        self._times.clear()
        for row in rows:
            picture = row.picture
            if picture is not None and self.first_scaled is None and (picture.width, picture.height) != self._stored:
                self.first_scaled = row.index
            self.n_frames = row.index + 1
            self._times.append(row.time_s)
            yield row
        self.broke_off, self.undecodable = rows.broke_off, rows.undecodable
        self.restarts, self.counted = rows.restarts, rows.counted


def open_video(path: Path) -> VideoReader:
    """Open the video at `path`; to be used in a ``with`` statement.

    Raises
    ------
    VideoError
        If there is no such file, it is a folder, empty, not a video, without pictures, cut off before its header is complete, or
        no frame can be decoded.
    """
    return VideoReader(path)


def summarize_video(path: Path) -> VideoSummary:
    """Decode the whole video at `path` and return what there is; raises `VideoError` as `open_video` does."""
    with open_video(path) as reader:
        return reader.summarize()


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
