"""A video that is written while it is taken, so that what was written can be read after the program was killed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from behavior.errors import OutputError, VideoError, quote_path
from behavior.files.atomic import replacing

__all__ = ["LIVE_SUFFIX", "GrowingVideo", "advise_on_failed_writing", "complete_video", "count_pictures"]

# Matroska needs no index at its end, and its time stamps are each frame's own.
LIVE_SUFFIX = ".mkv"

_TIME_BASE = Fraction(1, 1000)
# Milliseconds, and bytes, after which what was encoded goes to the file: more is not lost when the program is killed.
_CLUSTER_MS, _CLUSTER_BYTES = "1000", "1000000"
_SECONDS_BETWEEN_KEY_FRAMES = 2


class GrowingVideo:
    """Encodes pictures (H.264) to a file as they come, each with its time; to be used by one thread.

    Parameters
    ----------
    path
        Its suffix is `LIVE_SUFFIX`.
    width, height
        Of the pictures, pixels.
    fps
        About how many pictures a second come.

    Raises
    ------
    OutputError
        If there is such a file, or it cannot be written.
    """

    def __init__(self, path: Path, *, width: int, height: int, fps: float) -> None:
        self._path = path
        self._last = -1
        if path.exists():
            raise OutputError(f"{path}: exists already; give another --name or --out.")
        try:
            self._container = av.open(
                str(path), "w", options={"cluster_time_limit": _CLUSTER_MS, "cluster_size_limit": _CLUSTER_BYTES, "flush_packets": "1"}
            )
            self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        except (av.error.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"{path}: cannot be written ({reason}); choose a folder with space that you may write to.") from error
        context = self._stream.codec_context
        context.width, context.height = width, height
        context.pix_fmt = "yuv420p" if width % 2 == 0 and height % 2 == 0 else "yuv444p"
        context.time_base = _TIME_BASE
        # One thread: the others are for predicting.
        context.thread_count = 1
        context.gop_size = max(round(_SECONDS_BETWEEN_KEY_FRAMES * fps), 1)
        context.options = {"preset": "ultrafast", "crf": "18", "tune": "zerolatency"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def add(self, image: npt.NDArray[np.uint8], time_s: float) -> None:
        """Write the next picture, RGB of shape (H, W, 3), shown at `time_s` seconds after the beginning, to the millisecond."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        # Two frames never share a time.
        self._last = max(round(time_s * 1000), self._last + 1)
        frame.pts, frame.time_base = self._last, _TIME_BASE
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise self._explain(error) from error

    def close(self) -> None:
        """Write what the encoder still holds, and the file's end."""
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> OutputError:
        reason = getattr(error, "strerror", None) or error
        return OutputError(f"{self._path}: cannot be written ({reason}); {advise_on_failed_writing(self._path)}.")


def advise_on_failed_writing(path: Path) -> str:
    """Return what to do where a file of a live recording cannot be written any more, the end of a sentence.

    >>> advise_on_failed_writing(Path("live/a.mkv"))
    'free some space, then finish what was recorded: behavior live --recover live'
    """
    return f"free some space, then finish what was recorded: behavior live --recover {quote_path(path.parent)}"


def count_pictures(path: Path) -> int:
    """Return how many pictures a video has whose writing may have been broken off; 0 where nothing of it can be read."""
    try:
        with av.open(str(path)) as broken:
            return sum(1 for _ in _read_pictures(broken))
    except (av.error.FFmpegError, OSError, IndexError):
        return 0


def _read_pictures(broken: InputContainer) -> Iterator[av.Packet]:
    for packet in broken.demux(broken.streams.video[0]):
        if packet.dts is not None and packet.size and not packet.is_corrupt:
            yield packet


def complete_video(path: Path) -> int:
    """Give the video at `path`, whose writing was broken off, its end, without encoding it again; return how many pictures it has.

    Raises
    ------
    VideoError
        If nothing of it can be read.
    OutputError
        If the folder cannot be written to.
    """
    if not path.is_file():
        raise VideoError(f"{path}: is missing; keep the files of a live recording together.")
    n_pictures = 0
    with replacing(path) as temporary:
        try:
            with av.open(str(path)) as broken, av.open(str(temporary), "w", format="matroska") as whole:
                target = whole.add_stream_from_template(broken.streams.video[0])
                for packet in _read_pictures(broken):
                    packet.stream = target
                    whole.mux(packet)
                    n_pictures += 1
        except (av.error.InvalidDataError, av.error.EOFError, IndexError) as error:
            raise VideoError(f"{path}: nothing of it can be read ({error}), because it ended too early; delete its files.") from error
        if not n_pictures:
            raise VideoError(f"{path}: holds no picture; delete it.")
    return n_pictures
