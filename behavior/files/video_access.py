"""Frames of a video in any order, each byte for byte the one that reading the video from its beginning gives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
import numpy.typing as npt

from behavior.files.frame_rows import Frame
from behavior.files.video import VideoReader, open_video
from behavior.files.video_decoding import CarefulDecoder, DamageError, Decoder, QuickDecoder, Row
from behavior.files.video_index import FrameNotReadError, PacketTable, RowEntry, VideoIndex, name_packet, sum_picture
from behavior.files.video_packets import open_stream
from behavior.files.video_pictures import PictureConverter

__all__ = ["FrameAccess"]

_MOST_BYTES = 48 * 2**20
# References and threads of a decoder hold about so many pictures.
_PICTURES_OF_A_DECODER = 16
# Beginnings that are tried before the video is read from its own.
_MOST_STARTS = 4
# Rows before the wanted one that are kept, when the video is read from its beginning.
_ROWS_BEFORE = 16
# Frames this near before a wanted one are decoded even if no other needs them, because people step back.
_KEPT_BEFORE = 8
# More packets after a frame's own than any decoder needs before the frame comes out.
_LONGEST_DELAY = 64
# How often seeking may come out behind the packet that it should come out before.
_MOST_SEEKS = 4


class FrameAccess:
    """Decodes any frame of a video; to be used by one thread at a time.

    A frame is decoded from the nearest packet before it with which decoding may begin, or from where the last one left the decoder. Once
    the index has read the frame, its checksum shows whether that gives the right picture; if it does not, earlier beginnings are
    tried, and last the video's own.

    Parameters
    ----------
    index
        Of the video; `VideoIndex.read_through` may run meanwhile.
    most_bytes
        How much the pictures that are kept may take.
    """

    def __init__(self, index: VideoIndex, *, most_bytes: int = _MOST_BYTES) -> None:
        self._index = index
        self._converter = PictureConverter(index.path)
        self._kept = _KeptPictures(most_bytes)
        self._quick = _Run(index, QuickDecoder)
        self._careful = _Run(index, CarefulDecoder)
        self._from_start = _RunFromStart(index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, and keep no picture; the next frame opens it again."""
        self._kept.clear()
        for run in (self._quick, self._careful, self._from_start):
            run.close()

    @property
    def n_bytes(self) -> int:
        """About how much memory it takes: pictures that are kept, and those that an open decoder refers to."""
        picture = self._index.width * self._index.height * 3
        n_open = sum(run.is_open for run in (self._quick, self._careful, self._from_start))
        return self._kept.n_bytes + n_open * _PICTURES_OF_A_DECODER * picture // 2

    @property
    def path(self) -> Path:
        """The video."""
        return self._index.path

    @property
    def width(self) -> int:
        """Width of its pictures, pixels."""
        return self._index.width

    @property
    def height(self) -> int:
        """Height of its pictures, pixels."""
        return self._index.height

    @property
    def declared_frames(self) -> int | None:
        """How many frames the video has; None if that is not known yet."""
        return self._index.n_frames if self._index.is_complete else None

    def read(self, row: int) -> Frame:
        """Return a row of the video as `VideoReader.frames` yields it.

        Raises
        ------
        IndexError
            If the video has no such row.
        FrameNotReadError
            If the row is not known yet, or not how to decode it.
        VideoError
            If the file is gone, or was replaced.
        """
        self._index.require_unchanged()
        entry = self._index.look_up(row)
        if entry.stamp is None:
            return Frame(row, entry.time_s, None)
        picture = self._kept.get(entry.stamp)
        if picture is None or not self._is_right(picture, entry):
            picture = self._decode(entry)
        if picture is not None:
            return Frame(row, entry.time_s, self._converter.convert(picture))
        if entry.checksum is None:
            raise FrameNotReadError(f"{self._index.path}: frame {row} is not read yet; wait a moment.")
        return Frame(row, entry.time_s, self._from_start.read(row))

    def _is_right(self, picture: av.VideoFrame, entry: RowEntry) -> bool:
        return entry.checksum is None or sum_picture(picture, self._converter) == entry.checksum

    def _decode(self, entry: RowEntry) -> av.VideoFrame | None:
        """Return the picture of a row, None where no beginning gives the right one."""
        packets = self._index.packets
        places = np.flatnonzero(packets.stamps == entry.stamp)
        if len(places) != 1:
            return None
        place = int(places[0])
        for start in _list_starts(packets, place):
            for run in (self._quick, self._careful):
                try:
                    picture = run.decode(place, start, self._kept)
                except DamageError:
                    run.close()
                    if entry.checksum is None:
                        # What comes of damage is known only once the video is read up to it.
                        self._index.distrust()
                        return None
                    continue
                if picture is not None and self._is_right(picture, entry):
                    return picture
                run.close()
                self._kept.clear()
        return None


def _list_starts(packets: PacketTable, place: int) -> Iterator[int]:
    """Yield packets with which to begin in order to decode the one at `place`, nearest first."""
    before = packets.may_restart[: place + 1] & (packets.stamps[: place + 1] <= packets.stamps[place])
    yield from np.flatnonzero(before)[::-1][:_MOST_STARTS].tolist()


class _KeptPictures:
    """Pictures by their stamp, the most recently used ones, in a number of bytes, of which `n_bytes` are taken."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.n_bytes = 0
        self._pictures: OrderedDict[int, av.VideoFrame] = OrderedDict()

    def get(self, stamp: int) -> av.VideoFrame | None:
        """Return a picture if it is kept."""
        if stamp in self._pictures:
            self._pictures.move_to_end(stamp)
        return self._pictures.get(stamp)

    def add(self, stamp: int, picture: av.VideoFrame) -> None:
        """Keep a picture, and let go of those that were not used for longest."""
        before = self._pictures.pop(stamp, None)
        self.n_bytes += _measure(picture) - (0 if before is None else _measure(before))
        self._pictures[stamp] = picture
        while self.n_bytes > self._most_bytes and len(self._pictures) > 1:
            self.n_bytes -= _measure(self._pictures.popitem(last=False)[1])

    def clear(self) -> None:
        """Keep nothing."""
        self._pictures.clear()
        self.n_bytes = 0


def _measure(picture: av.VideoFrame) -> int:
    return sum(plane.buffer_size for plane in picture.planes)


class _Run:
    """A decoder that goes on from where it was where that is shorter than to begin again."""

    def __init__(self, index: VideoIndex, decoder: type[Decoder]) -> None:
        self._path, self._packets, self._kind = index.path, index.packets, decoder
        self._container: av.container.InputContainer | None = None
        self._demuxed: Iterator[av.Packet] = iter(())
        self._begin, self._next, self._has_ended = 0, 0, False
        self._given: set[int] = set()
        steps = np.diff(np.sort(self._packets.stamps))
        self._near = int(_KEPT_BEFORE * np.median(steps)) if len(steps) else 0

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._container is not None

    def close(self) -> None:
        """Close the file; the next frame opens it again."""
        if self._container is not None:
            self._container.close()
            self._container = None
            # They hold pictures.
            del self._decoder, self._stream
            self._demuxed = iter(())
            self._given.clear()

    def decode(self, place: int, start: int, kept: _KeptPictures) -> av.VideoFrame | None:
        """Return the picture of the packet at `place`, decoded from the one at `start`, None if none comes out; DamageError as decoders.

        Pictures that come out on the way are kept, too.
        """
        stamp = int(self._packets.stamps[place])
        goes_on = self._container is not None and self._begin <= place and start <= self._next and stamp not in self._given
        if not goes_on and not self._seek(start):
            return None
        while True:
            pictures = self._step(stamp) if self._next <= place + _LONGEST_DELAY else None
            if pictures is None:
                return None
            for picture in pictures:
                if picture.pts is None:
                    return None
                self._given.add(picture.pts)
                kept.add(picture.pts, picture)
            wanted = next((picture for picture in pictures if picture.pts == stamp), None)
            if wanted is not None:
                return wanted

    def _step(self, wanted: int) -> list[av.VideoFrame] | None:
        """Decode one packet more and return the pictures that come out, at the end all that are left, None after it.

        Well before the `wanted` stamp, frames that no other needs are passed over.
        """
        for packet in self._demuxed:
            place = self._packets.places.find(name_packet(packet))
            if place is None or place < self._next or not self._packets.is_decoded[place]:
                continue
            self._next = place + 1
            packet.pts = int(self._packets.stamps[place])
            is_near = packet.pts >= wanted - self._near
            self._stream.codec_context.skip_frame = "DEFAULT" if is_near else "NONREF"
            if not is_near:
                self._given.add(packet.pts)
            return self._decoder.decode(packet)
        if self._has_ended:
            return None
        self._has_ended = True
        return self._decoder.decode(None)

    def _seek(self, start: int) -> bool:
        """Come to the packet at `start`, with a decoder that remembers no picture; tell whether that is possible."""
        if self._container is None or self._has_ended:
            self._open()
        assert self._container is not None
        starts = np.flatnonzero(self._packets.may_restart[: start + 1])[::-1]
        for earlier in starts[:_MOST_SEEKS].tolist():
            try:
                self._container.seek(int(self._packets.seeks[earlier]), stream=self._stream, backward=True, any_frame=False)
            except av.error.FFmpegError:
                continue
            if self._comes_before(start):
                return True
        # The beginning is before everything.
        self._open()
        return self._comes_before(start)

    def _open(self) -> None:
        """Open the file, and show the decoder its first packet: what the encoder says there of itself counts for all of the video."""
        self.close()
        opened = open_stream(self._path)
        self._container, self._stream = opened.container, opened.stream
        self._decoder = self._kind(self._stream)
        first = next(filter(lambda packet: packet.size and not packet.is_corrupt, self._container.demux(self._stream)), None)
        if first is not None:
            with suppress(DamageError):
                self._decoder.decode(first)
            # Where that fails, the demuxer goes on behind the first packet, which `_comes_before` finds out.
            with suppress(av.error.FFmpegError):
                self._container.seek(self._stream.start_time or 0, stream=self._stream)

    def _comes_before(self, start: int) -> bool:
        """Begin with the packet at `start`; False if the demuxer is behind it."""
        assert self._container is not None
        if self._stream.codec_context.is_open:
            self._stream.codec_context.flush_buffers()
        self._demuxed = iter(self._container.demux(self._stream))
        self._begin = self._next = start
        self._given.clear()
        self._has_ended = False
        first = next(self._demuxed, None)
        while first is not None:
            place = self._packets.places.find(name_packet(first))
            if place is not None and place >= start:
                self._demuxed = _put_back(first, self._demuxed)
                return place == start
            first = next(self._demuxed, None)
        return False


def _put_back(packet: av.Packet, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
    yield packet
    yield from packets


class _RunFromStart:
    """Reads a video from its beginning, up to the frame that is wanted and on from there."""

    def __init__(self, index: VideoIndex) -> None:
        self._path = index.path
        self._reader: VideoReader | None = None
        self._rows: Iterator[Row] = iter(())
        self._images: OrderedDict[int, npt.NDArray[np.uint8] | None] = OrderedDict()

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._reader is not None

    def close(self) -> None:
        """Close the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
            self._rows = iter(())
        self._images.clear()

    def read(self, row: int) -> npt.NDArray[np.uint8] | None:
        """Return a frame's picture as an array, None where there is none."""
        if row in self._images:
            return self._images[row]
        if self._reader is None or row < next(reversed(self._images), -1):
            self.close()
            self._reader = open_video(self._path)
            self._rows = self._reader.read_rows()
        for one in self._rows:
            if one.index > row - _ROWS_BEFORE:
                # As arrays: a decoder that leaves what its memory held before must find the memory that it would find without us.
                self._images[one.index] = None if one.picture is None else self._reader.pictures.convert(one.picture)
                if len(self._images) > _ROWS_BEFORE:
                    self._images.popitem(last=False)
            if one.index >= row:
                break
        return self._images.get(row)
