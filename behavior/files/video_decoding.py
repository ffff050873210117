"""From packets to rows: decoding a video quickly until there is a sign of damage, and carefully from there on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.codec.context import ThreadType
from av.video.stream import VideoStream

from behavior.errors import VideoError
from behavior.files.frame_rows import FARTHEST_REORDER, FrameRows
from behavior.files.time_line import TimeLine
from behavior.files.video_packets import OpenedVideo, StampedPacket, choose_source

__all__ = ["CarefulDecoder", "DamageError", "Decoder", "DecodingPass", "QuickDecoder", "Row", "decode_packet"]

# They do not tell of every damage, and their frame threads make different pictures of it each time.
_SILENT_DECODERS = ("ffv1",)

# More than a reader of single frames still holds.
_KEPT_PICTURES = 4


class DamageError(Exception):
    """A first sign of damage, which ends the quick reading."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the video before its picture is converted.

    Attributes
    ----------
    index
        Counts from the beginning of the video.
    time_s
        Presentation time less that of the first row; later than that of the row before (`files.time_line`).
    picture
        PyAV's; None where it could not be decoded.
    """

    index: int
    time_s: float
    picture: av.VideoFrame | None


class Decoder(ABC):
    """How packets become pictures, and what damage means."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream

    @abstractmethod
    def decode(self, packet: av.Packet | None) -> list[av.VideoFrame]:
        """Return the pictures that come out when `packet` goes in (None: all that are left)."""

    @abstractmethod
    def meet_damage(self) -> None:
        """Do what is to be done where packets are missing, or cut off."""

    @abstractmethod
    def take_flagged(self, packet: StampedPacket) -> bool:
        """Tell whether to decode a packet that the demuxer calls damaged."""

    @property
    @abstractmethod
    def n_held(self) -> int:
        """How many rows to hold back until later ones have shown that they are sound."""


class QuickDecoder(Decoder):
    """Decodes frames at the same time, and raises DamageError at the first sign of damage.

    Frames that are decoded at the same time conceal damage with what the others happen to have ready, another picture each time.
    """

    def __init__(self, stream: VideoStream) -> None:
        super().__init__(stream)
        context = stream.codec_context
        context.thread_type = ThreadType.SLICE if context.name in _SILENT_DECODERS else ThreadType.AUTO
        context.options = {**context.options, "err_detect": "explode"}

    def decode(self, packet: av.Packet | None) -> list[av.VideoFrame]:
        """Return the pictures that come out when `packet` goes in; DamageError if it, or one of them, is damaged."""
        try:
            pictures = self._stream.codec_context.decode(packet)
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            raise DamageError from error
        if any(picture.is_corrupt for picture in pictures):
            raise DamageError
        return pictures

    def meet_damage(self) -> None:
        """Raise DamageError."""
        raise DamageError

    def take_flagged(self, packet: StampedPacket) -> bool:
        """Take what is flagged because a recording ends there: if damage is found in it, it is real."""
        return packet.ends_recording

    @property
    def n_held(self) -> int:
        """What is stored before a frame but shown after it tells, too, whether that frame is sound."""
        return FARTHEST_REORDER if self._stream.codec_context.reorder_depth else 0


class CarefulDecoder(Decoder):
    """Decodes one frame after the other, so that what conceals damage is the same each time; what cannot be decoded is left out."""

    n_held = 0

    def __init__(self, stream: VideoStream) -> None:
        super().__init__(stream)
        # Threads for slices would do without what conceals damage.
        stream.codec_context.thread_count = 1

    def decode(self, packet: av.Packet | None) -> list[av.VideoFrame]:
        """Return the pictures that come out when `packet` goes in, none where it is damaged."""
        return decode_packet(self._stream, packet)

    def meet_damage(self) -> None:
        """Do nothing: rows are made of what is missing."""

    def take_flagged(self, packet: StampedPacket) -> bool:
        """Take none: half a picture is none."""
        return False


def decode_packet(stream: VideoStream, packet: av.Packet | None) -> list[av.VideoFrame]:
    """Return the pictures that come out when `packet` goes into a stream's decoder, none where it is damaged."""
    try:
        return stream.codec_context.decode(packet)
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return []


class DecodingPass:
    """One reading of an opened video, from its first packet to its last row; to be iterated once.

    How a frame travels::

        file -> PacketSource -> StampedPacket -> Decoder -> picture --.
                                     |                                |
                                     '-- stamp -> FrameRows <---------'
                                                      |
                             stamp, picture or None -> TimeLine -> Row (index, time)

    A packet's stamp goes to `FrameRows` before its picture does, so that a picture that never comes out leaves a row without one.

    Attributes
    ----------
    broke_off
        Whether the file ends before its header says, once the rows are exhausted.
    undecodable
        Indices of the rows without a picture, likewise.
    restarts, counted
        Rows whose stamps start again or stand still, as `TimeLine` has them, likewise.
    """

    def __init__(self, video: OpenedVideo, decoder: type[Decoder]) -> None:
        self._video = video
        self._source = choose_source(video)
        self.decoder = decoder(video.stream)
        self.broke_off = False
        self.undecodable: tuple[int, ...] = ()
        self.restarts: tuple[int, ...] = ()
        self.counted: tuple[int, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        time_base = self._video.stream.time_base
        undecodable: list[int] = []
        # Some decoders leave in damaged pictures what their memory held before; which memory is free must not depend on who reads.
        kept: deque[av.VideoFrame | None] = deque(maxlen=_KEPT_PICTURES)
        line = TimeLine(interval=self._video.interval, restarts=self._source.restarts)
        index = -1
        for index, (time, picture) in enumerate(line.place(self._arrange_pictures())):
            if picture is None:
                undecodable.append(index)
            kept.append(picture)
            yield Row(index, float(time * time_base), picture)
        self.undecodable = tuple(undecodable)
        self.restarts, self.counted = tuple(line.restarts), tuple(line.counted)
        if index + 1 == len(undecodable):
            raise VideoError(f"{self._video.path}: none of its frames can be decoded; convert the video to H.264 in .mp4.")

    def _arrange_pictures(self) -> Iterator[tuple[int, av.VideoFrame | None]]:
        """Yield stamps in the order of showing, each with its picture, None where it could not be decoded."""
        rows = self._source.open_rows()
        n_packets, end = 0, 0.0
        last_stamp: int | None = None
        # Of the last packet, if the file ends within it.
        cut_off: set[int] = set()
        for stamped in self._source:
            n_packets += 1
            if cut_off or stamped.is_after_hole or stamped.packet is None:
                self.decoder.meet_damage()
            cut_off.clear()
            if stamped.is_after_hole and last_stamp is not None:
                rows.note_hole(last_stamp, stamped.stamp)
            last_stamp = stamped.stamp
            end = max(end, last_stamp + self._measure(stamped))
            packet = stamped.packet
            # What an edit list hides is decoded for the sake of later frames, but is not a row; nor is an empty packet.
            if packet is None or (packet.size and not packet.is_discard):
                rows.expect(stamped.stamp)
            if packet is None or not packet.size:
                continue
            if packet.is_corrupt and not self.decoder.take_flagged(stamped):
                cut_off.add(stamped.stamp)
                continue
            packet.pts = stamped.stamp
            yield from self._decode(packet, rows)
        self.broke_off = self._source.broke_off or bool(cut_off) or self._source.ends_early(n_packets, end)
        if self.broke_off:
            rows.end_at_gap()
        yield from self._decode(None, rows)
        yield from rows.finish(without=cut_off)

    def _decode(self, packet: av.Packet | None, rows: FrameRows[av.VideoFrame]) -> Iterator[tuple[int, av.VideoFrame | None]]:
        for picture in self.decoder.decode(packet):
            yield from rows.arrive(picture.pts, None if picture.is_corrupt else picture)

    def _measure(self, stamped: StampedPacket) -> float:
        """Return how long a packet's frame is shown, in the unit of the stamps."""
        return stamped.packet.duration if stamped.packet and stamped.packet.duration else self._video.interval
