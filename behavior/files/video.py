"""Videos, read one frame after the other; with the writer in `files.video_writer`, the only module that knows PyAV."""

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
from av.codec.context import ThreadType
from av.container import InputContainer
from av.format import Flags
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from behavior.errors import VideoError
from behavior.files.frame_rows import FARTHEST_REORDER, CountedRows, Frame, FrameRows, StampedRows, VideoSummary
from behavior.files.video_writer import write_video
from behavior.recording import estimate_fps

__all__ = ["VIDEO_SUFFIXES", "Frame", "VideoReader", "VideoSummary", "open_video", "summarize_video", "write_video"]

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv")

# Headers other than the exact sample table of MP4 and MOV are off by a frame or two in healthy files, too.
_HEADER_TOLERANCE = 2

# In bytes; those of a block of Matroska, or of a cluster of them, are shorter.
_LONGEST_PACKET_HEADER = 100

# They do not tell of every damage, and their frame threads make different pictures of it each time.
_SILENT_DECODERS = ("ffv1",)

# More than whoever reads frames one by one still holds.
_KEPT_PICTURES = 4

_MAGIC_NUMBERS = ((4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (0, b"RIFF"), (0, b"\x1a\x45\xdf\xa3"))

# FFmpeg's numbers: color spaces not said, PAL's and NTSC's; values from 0 to 255 instead of 16 to 235.
_BT601, _FULL_RANGE = (2, 5, 6), 2
_HEADER_LOST = "its header is lost, so that no frame can be found; the recording or a copy of it broke off, copy it again."
_NO_TIMES = "holds pictures without times; put it into .mp4 with the camera's frame rate (ffmpeg -framerate FPS -i IN -c copy OUT.mp4)."
_NO_VIDEO = "is not a video, whatever its name says; give a video file."


# Row, its time in seconds, its picture.
_Row = tuple[int, float, av.VideoFrame | None]


class _DamageError(Exception):
    """A first sign of damage, which ends the quick reading."""


class VideoReader:
    """A video that is read once, from its first frame to its last; `open_video` makes it.

    Attributes
    ----------
    path
        The file.
    width, height
        Of the upright frame, in pixels.
    declared_frames
        What the header says, which may be wrong; None where it says nothing.
    nominal_fps
        The header's frame rate.
    n_frames, broke_off, undecodable
        As in `VideoSummary`, once `frames` is exhausted.
    first_scaled
        First row whose frame has another size in the file and is scaled; None where there is none, or none yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.width, self.height, self._quarter_turns = _measure_first_frame(path)
        self._stored = (self.width, self.height) if self._quarter_turns % 2 == 0 else (self.height, self.width)
        self._container, self._stream = _open_stream(path)
        self._is_avi = self._container.format.name == "avi"
        self._is_matroska = "matroska" in self._container.format.name
        self.declared_frames: int | None = self._stream.frames or None
        self.nominal_fps = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        if not self.nominal_fps > 0:
            self.close()
            raise VideoError(f"{path}: its header gives no frame rate; convert the video to .mp4.")
        self.n_frames = 0
        self.broke_off = self._skipped_bytes = self._is_indexed = False
        self.undecodable: tuple[int, ...] = ()
        self.first_scaled: int | None = None
        self._started = False
        self._reformatter = VideoReformatter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def frames(self, *, first_frame: int = 0) -> Generator[Frame, None, None]:
        """Yield the frames in the order in which they are shown, decoded as they are asked for.

        Parameters
        ----------
        first_frame
            Frames before it are decoded, but neither converted nor yielded; what follows is that of an unbroken read.

        Raises
        ------
        RuntimeError
            If the reader has been read before.
        VideoError
            At the end, if no frame could be decoded.
        """
        for index, time_s, picture in self._read_rows():
            if index >= first_frame:
                yield Frame(index, time_s, None if picture is None else self._convert(picture))

    def summarize(self) -> VideoSummary:
        """Decode everything, convert nothing, and return what there is; raises as `frames` does."""
        time_s = np.array([time_s for _, time_s, _ in self._read_rows()], dtype=np.float64)
        return VideoSummary(
            n_frames=self.n_frames,
            time_s=time_s,
            fps=estimate_fps(time_s) if len(time_s) > 1 else self.nominal_fps,
            width=self.width,
            height=self.height,
            declared_frames=self.declared_frames,
            broke_off=self.broke_off,
            undecodable=self.undecodable,
        )

    def _convert(self, picture: av.VideoFrame) -> npt.NDArray[np.uint8]:
        if picture.format.name == "yuv420p" and self._is_usual(picture):
            # What nearly every camera writes; OpenCV takes a quarter of FFmpeg's time for it, to the same numbers but for rounding.
            return np.ascontiguousarray(np.rot90(cv2.cvtColor(picture.to_ndarray(), cv2.COLOR_YUV2RGB_I420), self._quarter_turns))
        # Where the size changes on the way, the first frame's is kept, so that pixels mean the same all along.
        image = self._reformatter.reformat(picture, width=self._stored[0], height=self._stored[1], format="rgb24").to_ndarray()
        return np.ascontiguousarray(np.rot90(image, self._quarter_turns))

    def _is_usual(self, picture: av.VideoFrame) -> bool:
        """Tell whether a picture has the first one's size, in even numbers, and colors that are coded as by ITU-R BT.601."""
        size = (picture.width, picture.height)
        return (
            size == self._stored
            and not any(side % 2 for side in size)
            and picture.colorspace in _BT601
            and picture.color_range != _FULL_RANGE
        )

    def _read_rows(self) -> Iterator[_Row]:
        if self._started:
            raise RuntimeError(f"{self.path}: a reader reads its video once; open it again")
        self._started = True
        # Frames that are decoded at the same time conceal damage with what the others happen to have ready. So at the first sign of damage
        # the video is read again, frame by frame. What is stored before a frame but shown after it tells, too, whether that frame is sound.
        held: deque[_Row] = deque()
        n_given = 0
        try:
            for row in self._number_rows(is_watchful=True):
                held.append(row)
                if len(held) > (FARTHEST_REORDER if self._stream.codec_context.reorder_depth else 0):
                    yield held.popleft()
                    n_given += 1
        except _DamageError:
            held.clear()
            self.close()
            self._container, self._stream = _open_stream(self.path)
            yield from (row for row in self._number_rows(is_watchful=False) if row[0] >= n_given)
        yield from held

    def _number_rows(self, *, is_watchful: bool) -> Iterator[_Row]:
        context = self._stream.codec_context
        if is_watchful:
            context.thread_type = ThreadType.SLICE if context.name in _SILENT_DECODERS else ThreadType.AUTO
            context.options = {**context.options, "err_detect": "explode"}
        else:
            # Threads for slices would do without what conceals damage.
            context.thread_count = 1
        self.broke_off = self._skipped_bytes = self._is_indexed = False
        undecodable: list[int] = []
        # Some decoders leave in damaged pictures what their memory held before; which memory is free must not depend on who reads.
        kept: deque[av.VideoFrame | None] = deque(maxlen=_KEPT_PICTURES)
        first_stamp: int | None = None
        time_s = 0.0
        for index, (stamp, picture) in enumerate(self._decode(is_watchful=is_watchful)):
            if first_stamp is None:
                first_stamp = stamp
            # Some muxers step back in time; intervals must not be negative.
            time_s = max(time_s, float((stamp - first_stamp) * self._stream.time_base))
            if picture is None:
                undecodable.append(index)
            elif self.first_scaled is None and (picture.width, picture.height) != self._stored:
                self.first_scaled = index
            self.n_frames = index + 1
            kept.append(picture)
            yield index, time_s, picture
        self.undecodable = tuple(undecodable)
        if self.n_frames == len(undecodable):
            raise VideoError(f"{self.path}: none of its frames can be decoded; convert the video to H.264 in .mp4.")

    def _decode(self, *, is_watchful: bool) -> Iterator[tuple[int, av.VideoFrame | None]]:
        interval = 1.0 / (self.nominal_fps * float(self._stream.time_base))
        rows: FrameRows[av.VideoFrame] = StampedRows(interval=interval)
        reorder_depth = self._stream.codec_context.reorder_depth
        if self._is_avi and reorder_depth > 0:
            rows = CountedRows(interval=interval, reorder_depth=reorder_depth)
        n_packets, end = 0, 0.0
        cut_off: set[int] = set()
        last_stamp: int | None = None
        for stamp, packet in self._number_packets(interval):
            n_packets += 1
            if is_watchful and (cut_off or self._skipped_bytes or packet is None):
                raise _DamageError
            cut_off.clear()
            if self._skipped_bytes and last_stamp is not None:
                rows.note_hole(last_stamp, stamp)
            self._skipped_bytes, last_stamp = False, stamp
            end = max(end, stamp + (packet.duration if packet and packet.duration else interval))
            # What an edit list hides is decoded for the sake of later frames, but is no row; an empty packet neither.
            if packet is None or (packet.size and not packet.is_discard):
                rows.expect(stamp)
            if packet is None or not packet.size:
                continue
            if packet.is_corrupt:
                # The file ends within it; half a picture is none.
                cut_off.add(stamp)
                continue
            packet.pts = stamp
            for picture in _decode_packet(self._stream, packet, is_watchful=is_watchful):
                yield from rows.arrive(picture.pts, None if picture.is_corrupt else picture)
        self.broke_off = self.broke_off or bool(cut_off) or self._ends_early(n_packets, end, interval)
        if self.broke_off:
            rows.end_at_gap()
        for picture in _decode_packet(self._stream, None, is_watchful=is_watchful):
            yield from rows.arrive(picture.pts, None if picture.is_corrupt else picture)
        yield from rows.finish(without=cut_off)

    def _number_packets(self, interval: float) -> Iterator[tuple[int, av.Packet | None]]:
        """Yield packets with their stamps, and None for a packet that the index lists but damage hides."""
        packets = self._demux()
        first = next(packets, None)
        if first is None:
            return
        listed = _list_avi_packets(self._stream, first) if self._is_avi else deque()
        last_listed = listed[-1][0] if listed else -1
        self._is_indexed = bool(listed)
        for count, packet in enumerate(chain([first], packets)):
            while listed and listed[0][0] < packet.pos:
                yield listed.popleft()[1], None
            if listed and listed[0][0] == packet.pos:
                yield listed.popleft()[1], packet
            elif packet.pos is None or packet.pos > last_listed:
                self._is_indexed = False
                # AVI numbers packets in the order of storage (dts); the pts that FFmpeg makes of it is a guess.
                stamp = packet.dts if self._is_avi or packet.pts is None else packet.pts
                yield round(count * interval) if stamp is None else stamp, packet
            # Else damage looks like a packet where the index knows of none.
        for _, stamp in listed:
            yield stamp, None

    def _demux(self) -> Iterator[av.Packet]:
        stop = None
        try:
            # All streams' packets together leave no byte of a sound Matroska file out but short headers.
            for packet in self._container.demux() if self._is_matroska else self._container.demux(self._stream):
                if self._is_matroska and packet.pos is not None:
                    self._skipped_bytes |= stop is not None and packet.pos - stop > _LONGEST_PACKET_HEADER
                    stop = packet.pos + packet.size
                # What ends the demuxer's packets is an empty one without a stamp.
                if packet.stream_index == self._stream.index and (packet.size or packet.dts is not None):
                    yield packet
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            if not isinstance(error, av.error.InvalidDataError | av.error.EOFError):
                # The drive failed, not the video: what was read so far must not pass for all of it.
                raise VideoError(f"{self.path}: reading it failed ({error.strerror}); try again when its drive answers.") from error
            self.broke_off = True

    def _ends_early(self, n_packets: int, end: float, interval: float) -> bool:
        if self.declared_frames is not None and self._is_avi:
            # An index stands at the end of its file. The header counts empty packets, for frames that the camera left out, and so do
            # the numbers of the others.
            return not self._is_indexed and self.declared_frames - round(end / interval) > _HEADER_TOLERANCE
        if self.declared_frames is not None:
            return self.declared_frames > n_packets
        duration_s = _read_duration(self._container, self._stream)
        return duration_s is not None and duration_s - end * float(self._stream.time_base) > (_HEADER_TOLERANCE + 0.5) / self.nominal_fps


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


def _open_stream(path: Path) -> tuple[InputContainer, VideoStream]:
    if not path.exists():
        raise VideoError(f"{path}: there is no such video; check the path.")
    if path.is_dir():
        raise VideoError(f"{path}: is a folder, expected a video file ({', '.join(VIDEO_SUFFIXES)}).")
    if path.stat().st_size == 0:
        raise VideoError(f"{path}: is empty (0 bytes), expected a video; record or copy it again.")
    try:
        container = av.open(str(path))
    except av.error.FFmpegError as error:
        if isinstance(error, PermissionError):
            raise VideoError(f"{path}: may not be read by you; change its permissions.") from error
        if _starts_as_video(path):
            raise VideoError(f"{path}: {_HEADER_LOST}") from error
        raise VideoError(f"{path}: {_NO_VIDEO}") from error
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        found = "holds sound but no video; give the file with the pictures." if container.streams.audio else None
        container.close()
        raise VideoError(f"{path}: {found or (_HEADER_LOST if _starts_as_video(path) else _NO_VIDEO)}")
    if container.format.flags & Flags.no_timestamps.value:
        container.close()
        raise VideoError(f"{path}: {_NO_TIMES}")
    if streams[0].codec_context is None:
        container.close()
        raise VideoError(f"{path}: its video is in a format that cannot be decoded here; convert it to H.264 in .mp4.")
    return container, streams[0]


def _starts_as_video(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(16)
    return any(start[offset : offset + len(magic)] == magic for offset, magic in _MAGIC_NUMBERS)


def _measure_first_frame(path: Path) -> tuple[int, int, int]:
    """Return width and height of the first picture when upright, and the quarter turns (to the left) that set it upright."""
    container, stream = _open_stream(path)
    with container:
        packets = (packet for packet in container.demux(stream) if packet.size and not packet.is_corrupt)
        try:
            picture = next((picture for packet in chain(packets, [None]) for picture in _decode_packet(stream, packet)), None)
        except av.error.FFmpegError:
            picture = None
    if picture is None:
        raise VideoError(f"{path}: none of its frames can be decoded; convert the video to H.264 in .mp4.")
    quarter_turns = round(picture.rotation / 90) % 4
    width, height = (picture.width, picture.height) if quarter_turns % 2 == 0 else (picture.height, picture.width)
    return width, height, quarter_turns


def _decode_packet(stream: VideoStream, packet: av.Packet | None, *, is_watchful: bool = False) -> list[av.VideoFrame]:
    """Return the pictures that come out when `packet` goes in (None: all that are left).

    A damaged packet gives none, or raises `_DamageError` where damage is watched for; so does a damaged picture there.
    """
    try:
        pictures = stream.codec_context.decode(packet)
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        if is_watchful:
            raise _DamageError from error
        return []
    if is_watchful and any(picture.is_corrupt for picture in pictures):
        raise _DamageError
    return pictures


def _list_avi_packets(stream: VideoStream, first: av.Packet) -> deque[tuple[int, int]]:
    """Return position and number of the packets in the index, or nothing where it is missing or does not know the first packet."""
    # The index points to a chunk's header of 8 bytes, a packet to what follows.
    listed = sorted((entry.pos + 8, entry.timestamp) for entry in stream.index_entries if entry.size)
    return deque(listed if len(listed) > 1 and any(position == first.pos for position, _ in listed) else ())


def _read_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Return where the header says that the video ends, in seconds; None where it does not say."""
    if stream.duration is not None:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    # Matroska keeps each track's duration as text, hours:minutes:seconds.
    parts = stream.metadata.get("DURATION", "").split(":")
    if len(parts) == 3:
        hours, minutes, seconds = (float(part) for part in parts)
        return hours * 3600 + minutes * 60 + seconds
    if container.duration is not None and len(container.streams) == 1:
        return container.duration / av.time_base
    return None
