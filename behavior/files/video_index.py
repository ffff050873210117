"""Which frames a video has, so that they can be shown in any order: known at once from its packets, and proven by reading it once.

The rows are those of `files.video`, whose reading from the beginning is what frame numbers mean everywhere. Where every packet of a file
is there and says when it is shown, their order is known without decoding. Reading the video from beginning to end then proves each
row, with a checksum of its picture; of any other file, a row is known when that reading has come to it.
"""

from __future__ import annotations

import threading
import zlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from behavior.errors import VideoError
from behavior.files.frame_rows import StampedRows
from behavior.files.video import open_video
from behavior.files.video_packets import OpenedVideo, choose_source, open_stream
from behavior.files.video_pictures import PictureConverter
from behavior.frame_times import estimate_fps

__all__ = ["FrameNotReadError", "PacketPlaces", "PacketTable", "RowEntry", "VideoIndex", "list_packets", "name_packet", "sum_picture"]

# Where a packet has no position in the file, or a row no picture.
_NONE = np.iinfo(np.int64).min
# Decoders whose packets may hold a picture that is not shown.
_HIDING_DECODERS = ("vp8", "libvpx")
# Fields of an interlaced frame are half an interval apart.
_NEAREST_PACKETS = 0.6
# Types of network abstraction layer units.
_H264_RESTART, _H264_TYPES = 5, 0x1F


class FrameNotReadError(VideoError):
    """A frame that is not known yet: the video has to be read up to it first."""


@dataclass(frozen=True)
class PacketTable:
    """The packets of a video in the order of storage.

    Attributes
    ----------
    stamps
        When each one's frame is shown, in the unit of the stream, int64 of shape (N,).
    places
        Where each one is in this order.
    seeks
        What to seek for so that the demuxer comes to the packet, int64 of shape (N,).
    may_restart
        Whether decoding may begin with it, bool of shape (N,).
    is_decoded
        Whether it goes into the decoder, bool of shape (N,).
    tells_rows
        Whether the rows of the video follow from the packets.
    time_base
        Seconds for one unit of the stamps.
    """

    stamps: npt.NDArray[np.int64]
    places: PacketPlaces
    seeks: npt.NDArray[np.int64]
    may_restart: npt.NDArray[np.bool_]
    is_decoded: npt.NDArray[np.bool_]
    tells_rows: bool
    time_base: float

    @property
    def n_bytes(self) -> int:
        """How much memory it takes."""
        return self.places.n_bytes + sum(one.nbytes for one in (self.stamps, self.seeks, self.may_restart, self.is_decoded))


class PacketPlaces:
    """Places of packets in the order of storage, by position in the file and decoding stamp.

    Parameters
    ----------
    names
        What `name_packet` tells of each packet, in this order; of equal ones, the first counts.

    Examples
    --------
    >>> places = PacketPlaces([(48, 0), (96, 512), (96, 256), (48, 0)])
    >>> places.find((96, 256)), places.find((96, 257)), places.find((40, 0)), places.n_different
    (2, None, None, 3)
    """

    def __init__(self, names: Sequence[tuple[int, int]] | npt.NDArray[np.int64]) -> None:
        pairs = np.array(names, dtype=np.int64).reshape(-1, 2)
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        pairs = pairs[order]
        is_first = np.append(True, np.any(pairs[1:] != pairs[:-1], axis=1))[: len(pairs)]
        self._positions, self._stamps = pairs[is_first, 0].copy(), pairs[is_first, 1].copy()
        self._places = order[is_first].astype(np.int32)

    @property
    def n_different(self) -> int:
        """How many packets differ in what they are named by."""
        return len(self._places)

    @property
    def n_bytes(self) -> int:
        """How much memory they take."""
        return self._positions.nbytes + self._stamps.nbytes + self._places.nbytes

    def find(self, name: tuple[int, int]) -> int | None:
        """Return the place of the packet that is named so; None if there is none."""
        position, stamp = name
        first = int(np.searchsorted(self._positions, position))
        last = int(np.searchsorted(self._positions, position, side="right"))
        found = first + int(np.searchsorted(self._stamps[first:last], stamp))
        return int(self._places[found]) if found < last and self._stamps[found] == stamp else None


@dataclass(frozen=True)
class RowEntry:
    """What is known of a row.

    Attributes
    ----------
    time_s
        As `frame_rows.Frame`.
    stamp
        Of the packet that its picture is in; None where it could not be decoded.
    checksum
        Of the decoded picture (`sum_picture`); None while no reading has proven it.
    """

    time_s: float
    stamp: int | None
    checksum: int | None


def list_packets(path: Path) -> PacketTable:
    """Read the packets of the video at `path` without decoding any; raises `VideoError` as `open_stream`."""
    opened = open_stream(path)
    with opened.container:
        source = choose_source(opened)
        # Numbers in a row, not objects: a day of video has millions of packets.
        stamps, seeks, names = array("q"), array("q"), array("q")
        restarts, decoded = bytearray(), bytearray()
        is_whole, end = True, 0.0
        starts_afresh = _choose_restart_check(opened)
        for stamped in source:
            packet = stamped.packet
            if packet is None:
                is_whole = False
                continue
            is_whole &= not (stamped.is_after_hole or packet.is_corrupt or packet.is_discard) and bool(packet.size)
            end = max(end, stamped.stamp + (packet.duration or opened.interval))
            names.extend(name_packet(packet))
            stamps.append(stamped.stamp)
            seeks.append(packet.dts if packet.dts is not None else stamped.stamp)
            decoded.append(bool(packet.size) and not packet.is_corrupt)
            restarts.append(packet.is_keyframe and starts_afresh(packet))
        is_whole &= not source.restarts and not source.broke_off and not source.ends_early(len(stamps), end)
        is_whole &= isinstance(source.open_rows(), StampedRows) and opened.stream.codec_context.name not in _HIDING_DECODERS
        values = np.array(stamps)
        steps = np.diff(np.sort(values))
        places = PacketPlaces(np.array(names).reshape(-1, 2))
        is_whole &= places.n_different == len(values) > 0
        is_whole &= len(steps) == 0 or bool(steps.min() > _NEAREST_PACKETS * min(float(np.median(steps)), opened.interval))
        return PacketTable(
            values,
            places,
            np.array(seeks),
            np.array(restarts).astype(np.bool_),
            np.array(decoded).astype(np.bool_),
            is_whole,
            float(opened.stream.time_base),
        )


def name_packet(packet: av.Packet) -> tuple[int, int]:
    """Return what tells a packet from the others of its stream, whatever was read before it."""
    return (_NONE if packet.pos is None else packet.pos, _NONE if packet.dts is None else packet.dts)


def sum_picture(picture: av.VideoFrame, converter: PictureConverter) -> int:
    """Return a checksum of a decoded picture; two pictures with the same one are converted to the same array."""
    if picture.format.name in ("yuv420p", "yuvj420p", "gray"):
        return zlib.crc32(np.ascontiguousarray(picture.to_ndarray()).data)
    return zlib.crc32(converter.convert(picture).data)


class VideoIndex:
    """The rows of one video, from its packets at first, and from `read_through` in the end; threads may share it.

    Parameters
    ----------
    path
        The video.

    Attributes
    ----------
    converter
        Makes arrays of pictures; one thread at a time.
    packets
        As `list_packets` gives them.
    is_contradicted
        Whether reading the video has found other rows than its packets tell.
    nominal_fps
        The header's frame rate.

    Raises
    ------
    VideoError
        As `open_video`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._stamp_of_file = _stamp_file(path)
        except OSError as error:
            raise VideoError(
                f"{path}: is not there or cannot be read ({error.strerror}); put the video back, then open it again."
            ) from error
        with open_video(path) as reader:
            self.nominal_fps, self.width, self.height = reader.nominal_fps, reader.width, reader.height
        self.packets = list_packets(path)
        self.is_contradicted = False
        self._lock = threading.Lock()
        self._is_trusted = self.packets.tells_rows
        self._expected = np.sort(self.packets.stamps)
        self._times = (
            np.maximum.accumulate((self._expected - self._expected[0]) * self.packets.time_base) if self._is_trusted else np.zeros(0)
        )
        # Numbers in a row, not objects: many videos are kept.
        self._read_times = array("d")
        self._read_stamps = array("q")
        self._read_sums = array("q")
        self._is_read = False
        self.problem: VideoError | None = None
        self.broke_off = False

    @property
    def n_frames(self) -> int:
        """How many rows are known."""
        return len(self._times) if self._is_trusted else len(self._read_times)

    @property
    def n_proven(self) -> int:
        """How many rows the reading has proven."""
        return len(self._read_times)

    @property
    def is_complete(self) -> bool:
        """Whether `n_frames` is the number of frames in the video, as far as is known."""
        return self._is_trusted or self._is_read

    @property
    def is_proven(self) -> bool:
        """Whether the whole video was read."""
        return self._is_read

    @property
    def time_s(self) -> npt.NDArray[np.float64]:
        """Times of the known rows in seconds, float64 of shape (n_frames,)."""
        with self._lock:
            return self._times if self._is_trusted else np.array(self._read_times)

    @property
    def n_bytes(self) -> int:
        """How much memory it takes, when the video is read."""
        return self.packets.n_bytes + self._times.nbytes + self._expected.nbytes + 24 * len(self.packets.stamps)

    @property
    def fps(self) -> float:
        """Frames per second, by the times; the header's for fewer than two frames."""
        return estimate_fps(self.time_s) if self.n_frames > 1 else self.nominal_fps

    def look_up(self, row: int) -> RowEntry:
        """Return what is known of a row.

        Raises
        ------
        IndexError
            If the video has no such row.
        FrameNotReadError
            If it may have, but is not read so far.
        """
        if row < 0 or (self.is_complete and row >= self.n_frames):
            raise IndexError(row)
        with self._lock:
            if row < len(self._read_times):
                stamp = self._read_stamps[row]
                return RowEntry(self._read_times[row], None if stamp == _NONE else stamp, self._read_sums[row])
            if self._is_trusted:
                return RowEntry(float(self._times[row]), int(self._expected[row]), None)
        raise FrameNotReadError(f"{self.path}: frame {row} is not read yet, {self.n_proven} frames are; wait a moment.")

    def distrust(self) -> None:
        """Take only rows that a reading has proven, from now on: a packet could not be decoded."""
        with self._lock:
            if not self._is_read:
                self._is_trusted = False

    def is_unchanged(self) -> bool:
        """Tell whether the file is there and is the one that it was at the beginning."""
        try:
            return _stamp_file(self.path) == self._stamp_of_file
        except OSError:
            return False

    def require_unchanged(self) -> None:
        """Raise VideoError if the file is gone or is another one than at the beginning."""
        try:
            now = _stamp_file(self.path)
        except OSError as error:
            raise VideoError(f"{self.path}: is gone or cannot be read ({error.strerror}); put it back, then open it again.") from error
        if now != self._stamp_of_file:
            raise VideoError(f"{self.path}: was replaced by another file since it was opened; open the recording again.")

    def read_through(self, wait: Callable[[], bool]) -> None:
        """Read the video from beginning to end, and keep times and checksums of its rows; `problem` is what went wrong, if anything.

        One that was ended early may be begun again.

        Parameters
        ----------
        wait
            Called before each frame; may take its time, and ends the reading by returning False.
        """
        n_before = self.n_proven
        try:
            with open_video(self.path) as reader:
                for row in reader.read_rows():
                    picture = row.picture
                    if row.index < n_before:
                        # Read before; the decoder has to come past it.
                        if not wait():
                            return
                        continue
                    stamp, total = (_NONE, 0) if picture is None else (picture.pts, sum_picture(picture, reader.pictures))
                    with self._lock:
                        if self._is_trusted and (row.index >= len(self._expected) or stamp != self._expected[row.index]):
                            self._is_trusted, self.is_contradicted = False, True
                        self._read_times.append(row.time_s)
                        self._read_stamps.append(stamp)
                        self._read_sums.append(total)
                    if not wait():
                        return
                self.broke_off = reader.broke_off
        except VideoError as error:
            self.problem = error
        with self._lock:
            if self._is_trusted and len(self._read_times) != len(self._expected):
                self.is_contradicted = True
            self._times, self._is_read, self._is_trusted = np.array(self._read_times), True, True


def _stamp_file(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _choose_restart_check(opened: OpenedVideo) -> Callable[[av.Packet], bool]:
    """Return what tells whether decoding may begin with a packet that the container calls a key frame."""
    context = opened.stream.codec_context
    if context.name != "h264":
        return lambda packet: True
    extradata = bytes(context.extradata or b"")
    length_size = (extradata[4] & 3) + 1 if len(extradata) > 4 and extradata[0] == 1 else 0
    return lambda packet: _holds_restart(bytes(packet), length_size)


def _holds_restart(content: bytes, length_size: int) -> bool:
    """Tell whether a packet of H.264 holds a picture after which nothing before it counts (IDR), which not all key frames are."""
    if not length_size:
        starts = content.split(b"\x00\x00\x01")[1:]
        return any(unit and unit[0] & _H264_TYPES == _H264_RESTART for unit in starts)
    place = 0
    while place + length_size < len(content):
        length = int.from_bytes(content[place : place + length_size], "big")
        if content[place + length_size] & _H264_TYPES == _H264_RESTART:
            return True
        place += length_size + max(length, 1)
    return False
