"""Videos, read one frame after the other: rows of `files.video_decoding` become pictures as the camera saw them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from behavior.errors import VideoError
from behavior.files.frame_rows import Frame, VideoSummary
from behavior.files.video_decoding import CarefulDecoder, DamageError, DecodingPass, QuickDecoder, Row
from behavior.files.video_packets import open_stream
from behavior.files.video_pictures import PictureConverter
from behavior.frame_times import estimate_fps

__all__ = ["VideoReader", "open_video", "summarize_video"]


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
    pictures
        Makes arrays of the pictures of `read_rows`.
    first_scaled
        First row whose frame has another size in the file and is scaled; None where there is none, or none yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pictures = PictureConverter(path)
        self.width, self.height, self.quarter_turns = self.pictures.width, self.pictures.height, self.pictures.quarter_turns
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._opened.container.close()

    def frames(self, *, first_frame: int = 0, grey: bool = False) -> Generator[Frame, None, None]:
        """Yield the frames in the order in which they are shown, decoded as they are asked for.

        Parameters
        ----------
        first_frame
            Frames before it are decoded, but neither converted nor yielded; those from it on equal those of an unbroken read.
        grey
            Whether images are brightness, of shape (H, W), which takes less time.

        Raises
        ------
        RuntimeError
            If the reader has been read before.
        VideoError
            At the end, if no frame could be decoded.
        """
        convert = self.pictures.convert_grey if grey else self.pictures.convert
        for row in self.read_rows():
            if row.index >= first_frame:
                yield Frame(row.index, row.time_s, None if row.picture is None else convert(row.picture))

    def summarize(self) -> VideoSummary:
        """Decode everything, convert nothing, and return what there is; raises as `frames` does."""
        for _ in self.read_rows():
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

    def read_rows(self) -> Generator[Row, None, None]:
        """Yield the rows before their pictures are converted, as `frames` does.

        They are those of the quick pass, and from the first sign of damage on those of a careful one, from the file's beginning.
        """
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
            if picture is not None and self.first_scaled is None and self.pictures.has_other_size(picture):
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
