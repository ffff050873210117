"""From a video's file to packets with their stamps: what each kind of container says of its packets, and of those that it lacks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
from av.container import InputContainer
from av.format import Flags
from av.stream import Disposition
from av.video.stream import VideoStream

from behavior.errors import VideoError, advise_on_missing
from behavior.files.frame_rows import CountedRows, FrameRows, StampedRows
from behavior.files.time_line import StampContinuation

__all__ = ["VIDEO_SUFFIXES", "OpenedVideo", "PacketSource", "StampedPacket", "choose_source", "open_stream"]

# What cameras and programs call the containers that are read; a file of another name is read, too, if it is given by name.
VIDEO_SUFFIXES = (
    *(".mp4", ".avi", ".mov", ".mkv", ".m4v", ".mj2", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".vob", ".wmv", ".asf", ".webm", ".flv"),
    *(".3gp", ".ogv", ".mxf", ".dv", ".qt", ".divx"),
)

# Headers other than the exact sample table of MP4 and MOV are off by a frame or two in healthy files, too.
_HEADER_TOLERANCE = 2

# In bytes; those of a block of Matroska, or of a cluster of them, are shorter.
_LONGEST_PACKET_HEADER = 100

# Where recordings are joined, demuxers take one of this many packets before for damaged, because the parts do not count on.
_NEAR_JOIN = 3

# In bytes: the index of AVI points to a chunk's header, a packet to what follows it.
_CHUNK_HEADER = 8

_MAGIC_NUMBERS = ((4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (0, b"RIFF"), (0, b"\x1a\x45\xdf\xa3"))

_HEADER_LOST = "its header is lost, so that no frame can be found; the recording or a copy of it broke off, copy it again."
_NO_TIMES = "holds pictures without times; put it into .mp4 with the camera's frame rate (ffmpeg -framerate FPS -i IN -c copy OUT.mp4)."
_NO_VIDEO = "is not a video, whatever its name says; give a video file."


@dataclass(frozen=True)
class OpenedVideo:
    """A file that is open, and what its header says.

    Attributes
    ----------
    path
        The file.
    container, stream
        PyAV's.
    declared_frames
        How many frames there should be, which may be wrong; None if unknown.
    nominal_fps
        Frames per second.
    """

    path: Path
    container: InputContainer
    stream: VideoStream
    declared_frames: int | None
    nominal_fps: float

    @property
    def interval(self) -> float:
        """Nominal time between frames, in the unit of the stamps."""
        return 1.0 / (self.nominal_fps * float(self.stream.time_base))


@dataclass(frozen=True, slots=True)
class StampedPacket:
    """A packet of the video, or the place of one.

    Attributes
    ----------
    stamp
        When its frame is shown, or its number where the file does not say, in the unit of the stream's stamps; counted on where the
        file's start again.
    packet
        PyAV's; None for one that the file's index lists but damage hides.
    is_after_hole
        Whether bytes are missing between it and the packet before.
    ends_recording
        Whether it is one of the last before the stamps start again.
    """

    stamp: int
    packet: av.Packet | None
    is_after_hole: bool = False
    ends_recording: bool = False


class PacketSource(ABC):
    """The packets of an opened video's stream, in the order of storage; to be iterated once.

    Attributes
    ----------
    broke_off
        Whether the demuxer met the end of the file too early, once the packets are exhausted.
    restarts
        Stamps at which the file's started again and were counted on, so far.
    """

    def __init__(self, video: OpenedVideo) -> None:
        self._video = video
        self._continuation = StampContinuation(interval=video.interval)
        # Of the packet before, and how many have none since.
        self._last_stamp, self._n_unstamped = 0, 0
        self.broke_off = False
        self.restarts = self._continuation.restarts

    def __iter__(self) -> Iterator[StampedPacket]:
        """Yield the packets, their stamps counted on where recordings were joined."""
        near: deque[StampedPacket] = deque()
        for stamped in self._read_packets():
            packet, n_restarts = stamped.packet, len(self.restarts)
            stamp = self._continuation.move(stamped.stamp, is_key=packet is not None and packet.is_keyframe)
            if len(self.restarts) > n_restarts:
                yield from (replace(one, ends_recording=True) for one in near)
                near.clear()
                # What lies between is the header of the next recording.
                stamped = replace(stamped, is_after_hole=False)
            near.append(stamped if stamp == stamped.stamp else replace(stamped, stamp=stamp))
            if len(near) > _NEAR_JOIN:
                yield near.popleft()
        yield from near

    @abstractmethod
    def _read_packets(self) -> Iterator[StampedPacket]:
        """Yield the packets with the file's own stamps."""

    def ends_early(self, n_packets: int, end: float) -> bool:
        """Tell whether the header promises more than the `n_packets` that there were, the last of which ends at `end`."""
        if self._video.declared_frames is not None:
            return self._video.declared_frames > n_packets
        return _is_longer(self._video, end)

    def open_rows(self) -> FrameRows[av.VideoFrame]:
        """Return what makes rows of the stamps."""
        return StampedRows(interval=self._video.interval)

    def _demux(self, *, all_streams: bool = False) -> Iterator[av.Packet]:
        """Yield packets until the file ends, well or not.

        Raises
        ------
        VideoError
            If the drive fails: what was read so far must not pass for all of it.
        """
        container, stream = self._video.container, self._video.stream
        try:
            yield from container.demux() if all_streams else container.demux(stream)
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            if not isinstance(error, av.error.InvalidDataError | av.error.EOFError):
                raise VideoError(f"{self._video.path}: reading it failed ({error.strerror}); try again when its drive answers.") from error
            self.broke_off = True

    def _is_ours(self, packet: av.Packet) -> bool:
        """Tell whether a packet is one of the video; the demuxer ends with an empty one without a stamp."""
        return packet.stream_index == self._video.stream.index and bool(packet.size or packet.dts is not None)

    def _read_stamp(self, stamp: int | None) -> int:
        """Return a packet's stamp, or where it has none, that of its place after the last one that has."""
        if stamp is not None:
            self._last_stamp, self._n_unstamped = stamp, 1
            return stamp
        self._n_unstamped += 1
        return self._last_stamp + round((self._n_unstamped - 1) * self._video.interval)


class _TablePackets(PacketSource):
    """Of a file with a table of its frames, such as MP4 and MOV: it is separate from the frames, and is complete or missing."""

    def _read_packets(self) -> Iterator[StampedPacket]:
        for packet in filter(self._is_ours, self._demux()):
            yield StampedPacket(self._read_stamp(packet.dts if packet.pts is None else packet.pts), packet)


class _MatroskaPackets(PacketSource):
    """Of a Matroska file, where damage swallows packets silently: the bytes between those that are there tell of it."""

    def _read_packets(self) -> Iterator[StampedPacket]:
        stop: int | None = None
        is_after_hole = False
        # All streams' packets together leave no byte of a sound file out but short headers.
        for packet in self._demux(all_streams=True):
            if packet.pos is not None:
                is_after_hole |= stop is not None and packet.pos - stop > _LONGEST_PACKET_HEADER
                stop = packet.pos + packet.size
            if self._is_ours(packet):
                yield StampedPacket(self._read_stamp(packet.dts if packet.pts is None else packet.pts), packet, is_after_hole)
                is_after_hole = False


class _AviPackets(PacketSource):
    """Of an AVI file, which numbers its packets in the order of storage (dts; the pts that FFmpeg makes of it is a guess).

    The index at its end lists all of them, those that damage hides too, and shows that the file is whole.
    """

    def __init__(self, video: OpenedVideo) -> None:
        super().__init__(video)
        self._is_indexed = False

    def _read_packets(self) -> Iterator[StampedPacket]:
        listed: deque[tuple[int, int]] = deque()
        last_listed = -1
        for count, packet in enumerate(filter(self._is_ours, self._demux())):
            if not count:
                listed = self._list_packets(packet)
                last_listed = listed[-1][0] if listed else -1
                self._is_indexed = bool(listed)
            while listed and listed[0][0] < packet.pos:
                yield StampedPacket(listed.popleft()[1], None)
            if listed and listed[0][0] == packet.pos:
                yield StampedPacket(listed.popleft()[1], packet)
            elif packet.pos is None or packet.pos > last_listed:
                self._is_indexed = False
                yield StampedPacket(self._read_stamp(packet.dts), packet)
            # Else damage looks like a packet where the index knows of none.
        for _, stamp in listed:
            yield StampedPacket(stamp, None)

    def _list_packets(self, first: av.Packet) -> deque[tuple[int, int]]:
        """Return position and number of the packets in the index, or nothing where it is missing or does not know the first packet."""
        listed = sorted((entry.pos + _CHUNK_HEADER, entry.timestamp) for entry in self._video.stream.index_entries if entry.size)
        return deque(listed if len(listed) > 1 and any(position == first.pos for position, _ in listed) else ())

    def ends_early(self, n_packets: int, end: float) -> bool:
        """Tell whether the header counts more frames and there is no index."""
        if self._video.declared_frames is None:
            return super().ends_early(n_packets, end)
        # The header counts empty packets, for frames that the camera left out, and so do the numbers of the others.
        return not self._is_indexed and self._video.declared_frames - round(end / self._video.interval) > _HEADER_TOLERANCE

    def open_rows(self) -> FrameRows[av.VideoFrame]:
        """Return what makes rows of the numbers, which are not in the order of showing where frames overtake others."""
        reorder_depth = self._video.stream.codec_context.reorder_depth
        if reorder_depth > 0:
            return CountedRows(interval=self._video.interval, reorder_depth=reorder_depth)
        return super().open_rows()


def choose_source(video: OpenedVideo) -> PacketSource:
    """Return the packets of an opened video as its container needs them read."""
    name = video.container.format.name
    if name == "avi":
        return _AviPackets(video)
    return _MatroskaPackets(video) if "matroska" in name else _TablePackets(video)


def open_stream(path: Path) -> OpenedVideo:
    """Open the video at `path` and read its header; the caller closes the container.

    Raises
    ------
    VideoError
        If there is no such file, it is a folder, empty, not a video, without pictures, without times or a frame rate, or cut off before
        its header is complete.
    """
    if not path.exists():
        raise VideoError(f"{path}: there is no such video; {advise_on_missing(path)}.")
    if path.is_dir():
        raise VideoError(f"{path}: is a folder, expected a video file, such as .mp4, .avi or .mts; name the file.")
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
    try:
        return _describe_stream(path, container)
    except BaseException:
        container.close()
        raise


def _describe_stream(path: Path, container: InputContainer) -> OpenedVideo:
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        problem = "holds sound but no video; give the file with the pictures." if container.streams.audio else None
        raise VideoError(f"{path}: {problem or (_HEADER_LOST if _starts_as_video(path) else _NO_VIDEO)}")
    if container.format.flags & Flags.no_timestamps.value:
        raise VideoError(f"{path}: {_NO_TIMES}")
    stream = streams[0]
    if stream.codec_context is None:
        raise VideoError(f"{path}: its video is in a format that cannot be decoded here; convert it to H.264 in .mp4.")
    nominal_fps = float(stream.average_rate or stream.guessed_rate or 0)
    return OpenedVideo(path, container, stream, stream.frames or None, nominal_fps)


def _starts_as_video(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(16)
    return any(start[offset : offset + len(magic)] == magic for offset, magic in _MAGIC_NUMBERS)


def _is_longer(video: OpenedVideo, end: float) -> bool:
    """Tell whether the header promises a longer video than one that ends at `end`."""
    duration_s = _read_duration(video)
    tolerance_s = (_HEADER_TOLERANCE + 0.5) / video.nominal_fps
    return duration_s is not None and duration_s - end * float(video.stream.time_base) > tolerance_s


def _read_duration(video: OpenedVideo) -> float | None:
    """Return where the header says that the video ends, in seconds; None where it does not say."""
    container, stream = video.container, video.stream
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
