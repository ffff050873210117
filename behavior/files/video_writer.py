"""Videos, written; with the modules that read them, the only ones that know PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from behavior.errors import VideoError
from behavior.files.atomic import replacing

__all__ = ["write_video"]

_INDEXED_SUFFIXES = (".mp4", ".mov")

# With its macroblock tree, x264 reads memory beyond small pictures that it never wrote, and its bytes vary from run to run.
_ENCODER_OPTIONS = {"libx264": {"x264-params": "mbtree=0"}, "libx265": {"x265-params": "log-level=error:pools=none"}}


def write_video(
    path: Path, frames: Iterable[npt.NDArray[np.uint8]], *, fps: float, codec: str = "libx264", crf: int = 18, preset: str = "medium"
) -> int:
    """Encode frames to `path`, whole or not at all; the same frames give the same bytes.

    Parameters
    ----------
    path
        The suffix chooses the container. MP4 and MOV carry their index in front, so that a file cut short still opens.
    frames
        RGB pictures, uint8 of shape (H, W, 3), all of one size. Odd sizes are kept (without chroma subsampling).
    fps
        Frames per second.
    codec
        FFmpeg's name of the encoder.
    crf
        Quality of libx264 and libx265, from 0 (lossless) to 51; other encoders have their own default.
    preset
        How long libx264 and libx265 think about a frame, such as "veryfast" or "medium".

    Returns
    -------
    The number of frames written.

    Raises
    ------
    VideoError
        If there is no frame, a frame has another shape than the first one, or the encoder refuses.
    OutputError
        If the file cannot be written.
    """
    rate = Fraction(fps).limit_denominator(1001)
    if rate <= 0:
        raise VideoError(f"{path}: cannot be written at {fps} frames per second; give a positive number.")
    pictures = _check_pictures(path, frames)
    first = next(pictures, None)
    if first is None:
        raise VideoError(f"{path}: there is no frame to write.")
    with replacing(path) as temporary:
        try:
            return _encode(temporary, chain([first], pictures), rate=rate, codec=codec, quality={"crf": str(crf), "preset": preset})
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            raise VideoError(f"{path}: cannot be encoded with {codec} ({error.strerror}); choose another codec or suffix.") from error


def _check_pictures(path: Path, frames: Iterable[npt.NDArray[np.uint8]]) -> Iterator[npt.NDArray[np.uint8]]:
    size: tuple[int, ...] = ()
    for index, image in enumerate(frames):
        size = size or image.shape[:2]
        if image.dtype != np.uint8 or image.shape != (*size, 3):
            raise VideoError(f"{path}: frame {index} is {image.dtype} of shape {image.shape}, expected RGB, uint8 of shape {(*size, 3)}.")
        yield image


def _encode(path: Path, pictures: Iterator[npt.NDArray[np.uint8]], *, rate: Fraction, codec: str, quality: dict[str, str]) -> int:
    n_frames = 0
    # Bit-exact leaves dates and versions out of the file; faststart puts the index in front.
    options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if path.suffix.lower() in _INDEXED_SUFFIXES else {})
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        context = stream.codec_context
        # Several threads may place slices, and so bytes, in another way.
        context.thread_count = 1
        for image in pictures:
            if not n_frames:
                context.height, context.width = image.shape[:2]
                context.pix_fmt = _choose_pixel_format(context.codec, height=context.height, width=context.width)
                context.options = (_ENCODER_OPTIONS[codec] | quality) if codec in _ENCODER_OPTIONS else {}
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts = n_frames
            frame.time_base = 1 / rate
            container.mux(stream.encode(frame))
            n_frames += 1
        container.mux(stream.encode(None))
    return n_frames


def _choose_pixel_format(codec: av.Codec, *, height: int, width: int) -> str:
    supported = [pixel_format.name for pixel_format in codec.video_formats or ()]
    sampling = "420p" if height % 2 == 0 and width % 2 == 0 else "444p"
    # FFmpeg's JPEG encoder takes the full range only; a lossless codec should not lose color to subsampling.
    full_range, lossless = codec.name == "mjpeg", codec.lossless and not codec.lossy
    preferred = ["bgr0", "rgb24"] * lossless + [("yuvj" if full_range else "yuv") + sampling]
    return next((name for name in preferred if name in supported), supported[0] if supported else preferred[-1])
