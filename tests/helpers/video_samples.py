"""Videos of kinds that `write_video` does not write: other times, pixel formats, groups of pictures, rotation, damage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

HEIGHT, WIDTH = 48, 96


def render(n_frames: int, *, seed: int = 0) -> Iterator[np.ndarray]:
    """Pictures with a moving pattern that costs bytes."""
    rng = np.random.default_rng(seed)
    background = rng.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    for index in range(n_frames):
        image = np.roll(background, 3 * index, axis=1)
        image[:12, : 8 * (index % 12)] = 255
        yield image


def damage_share(path: Path, start: float, n_bytes: int) -> None:
    """Overwrite bytes at a share of the file."""
    content = bytearray(path.read_bytes())
    place = int(len(content) * start)
    content[place : place + n_bytes] = np.random.default_rng(1).integers(0, 255, n_bytes, dtype=np.uint8).tobytes()
    path.write_bytes(content)


def cut_share(path: Path, share: float) -> None:
    """Keep a share of the file's bytes."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@dataclass(frozen=True)
class VideoSample:
    """How to write a video of one kind.

    Attributes
    ----------
    times_ms
        Times of the frames; at 25 frames per second if None.
    spoil
        What happens to the file afterwards.
    """

    name: str
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    n_frames: int = 60
    times_ms: Sequence[int] | None = None
    rotation: float | None = None
    spoil: Callable[[Path], None] | None = None

    def write(self, folder: Path) -> Path:
        """Write the video and return its path."""
        path = folder / self.name
        with av.open(str(path), "w", options={"movflags": "+faststart"} if path.suffix == ".mp4" else {}) as container:
            stream = container.add_stream(self.codec, rate=25)
            stream.pix_fmt, stream.height, stream.width = self.pixel_format, HEIGHT, WIDTH
            stream.codec_context.options = self.options
            if self.times_ms is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
            if self.rotation is not None:
                stream.set_display_rotation(self.rotation)
            for index, image in enumerate(render(self.n_frames)):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                if self.times_ms is not None:
                    frame.pts, frame.time_base = self.times_ms[index], Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        if self.spoil is not None:
            self.spoil(path)
        return path


B_FRAMES = {"g": "15", "bf": "3"}
VARIABLE_MS = np.cumsum([0, *np.tile([40, 40, 120], 30)]).tolist()
SOUND = {
    "h264 with B-frames": VideoSample("a.mp4", options=B_FRAMES),
    "h264 with open groups": VideoSample("b.mp4", options={**B_FRAMES, "x264-params": "open-gop=1:keyint=15"}),
    "h264 that refreshes bit by bit": VideoSample("c.mkv", options={"x264-params": "intra-refresh=1:keyint=20:bframes=0"}),
    "h265": VideoSample("d.mp4", codec="libx265", options={"x265-params": "keyint=12:log-level=error:pools=none"}),
    "MJPEG AVI": VideoSample("e.avi", codec="mjpeg", pixel_format="yuvj420p"),
    "MPEG-4 AVI": VideoSample("f.avi", codec="mpeg4", options={"g": "12"}),
    "variable rate": VideoSample("g.mkv", options=B_FRAMES, times_ms=VARIABLE_MS),
    "10 bit": VideoSample("h.mp4", pixel_format="yuv420p10le", options=B_FRAMES),
    "rotated": VideoSample("i.mp4", options=B_FRAMES, rotation=90),
    "lossless": VideoSample("j.mkv", codec="ffv1", pixel_format="bgr0", n_frames=12),
}
TROUBLED = {
    "AVI with B-frames": VideoSample("k.avi", options=B_FRAMES),
    "damaged h264": VideoSample("l.mp4", options=B_FRAMES, spoil=lambda path: damage_share(path, 0.5, 400)),
    "damaged MJPEG": VideoSample("m.avi", codec="mjpeg", pixel_format="yuvj420p", spoil=lambda path: damage_share(path, 0.4, 9000)),
    "damaged Matroska": VideoSample("n.mkv", options=B_FRAMES, spoil=lambda path: damage_share(path, 0.5, 3000)),
    "broken off": VideoSample("o.mp4", options=B_FRAMES, spoil=lambda path: cut_share(path, 0.7)),
}
