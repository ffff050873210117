"""Where pictures come from while they are taken: a camera, a network stream, or a video file."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
import numpy.typing as npt

from behavior.errors import UsageError, VideoError, advise_on_missing
from behavior.files.video import open_video
from behavior.progress import show_address, warn
from behavior.recording import is_safe_name

__all__ = ["CapturedPicture", "Source", "StreamTimes", "find_source", "name_sources"]

Image = npt.NDArray[np.uint8]

_STREAMS = ("rtsp", "rtsps", "rtmp", "http", "https")
# Seconds without a packet after which a stream counts as dead, and for its first answer.
_SILENCE_S, _ANSWER_S = 5.0, 10.0
# A picture that comes later, by its time stamp, than one before it did, has another clock.
_MOST_LATE_S = 2.0


@dataclass(frozen=True)
class CapturedPicture:
    """A picture as it came.

    Attributes
    ----------
    time_s
        By the file's time stamps, from its first frame on; by the clock for cameras and streams.
    image
        RGB, uint8 of shape (H, W, 3); None where the frame of a file could not be decoded.
    """

    time_s: float
    image: Image | None


class Source(Protocol):
    """What pictures are taken from.

    Attributes
    ----------
    name
        For sentences, without passwords.
    is_live
        Whether pictures are lost that nobody takes, and may come again after it broke off.
    fps
        Frames per second that it promises; None where it promises nothing.
    """

    name: str
    is_live: bool
    fps: float | None

    def read(self) -> Generator[CapturedPicture, None, None]:
        """Yield pictures until the source ends; to be closed.

        Raises
        ------
        VideoError
            If it cannot be opened, or a live one broke off.
        """


class FileSource:
    """A video file, frame by frame."""

    is_live = False

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        if not path.is_file():
            raise VideoError(f"{path}: no such video; {advise_on_missing(path, 'check the path')}.")
        with open_video(path) as video:
            self.fps: float | None = video.nominal_fps

    def read(self) -> Generator[CapturedPicture, None, None]:
        """Yield the frames of the file."""
        with open_video(self._path) as video:
            for frame in video.frames():
                yield CapturedPicture(frame.time_s, frame.image)
            if video.broke_off:
                warn(f"{self.name}: the video breaks off after {video.n_frames} frames; what decodes is used.")


class CameraSource:
    """A camera of this machine, by the number that the system gives it.

    Parameters
    ----------
    number
        From 0 on.
    fps
        Frames per second to ask the camera for; as it is set where None.
    """

    is_live = True

    def __init__(self, number: int, *, fps: float | None) -> None:
        self.name, self._number, self._asked = f"camera {number}", number, fps
        self.fps: float | None = None

    def read(self) -> Generator[CapturedPicture, None, None]:
        """Yield pictures until the camera gives none."""
        camera = cv2.VideoCapture(self._number)
        try:
            if not camera.isOpened():
                raise VideoError(
                    f"camera {self._number}: does not answer; check that it is connected, that no other program uses it, and its number "
                    "(0 is the first camera)."
                )
            if self._asked is not None:
                camera.set(cv2.CAP_PROP_FPS, self._asked)
            while True:
                has_picture, picture = camera.read()
                if not has_picture:
                    raise VideoError(f"camera {self._number}: gives no more pictures; check its cable.")
                yield CapturedPicture(time.monotonic(), np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8))
        finally:
            camera.release()


class StreamTimes:
    """Places the pictures of a stream on the clock of this machine: as far apart as their time stamps say, not as the network has it.

    Examples
    --------
    >>> times = StreamTimes()
    >>> [times.place(stamp, arrived) for stamp, arrived in [(0.0, 50.25), (0.5, 50.75), (1.0, 51.75), (1.5, 51.8)]]
    [50.25, 50.75, 51.25, 51.75]
    """

    def __init__(self) -> None:
        # From a stamp to the clock, by the picture that was on its way for the shortest time; and the stamp before.
        self._offset_s = np.inf
        self._before_s = -np.inf

    def place(self, stamp_s: float | None, arrived_s: float) -> float:
        """Return when the next picture was taken, by the clock, from its time stamp and when it arrived."""
        if stamp_s is None:
            return arrived_s
        late_s = arrived_s - stamp_s - self._offset_s
        # Where stamps run ahead of the clock, go back, stand still or jump, the offset is set again.
        if not 0 <= late_s <= _MOST_LATE_S or stamp_s <= self._before_s:
            self._offset_s = arrived_s - stamp_s
        self._before_s = stamp_s
        return stamp_s + self._offset_s


class StreamSource:
    """A network stream."""

    is_live = True

    def __init__(self, address: str) -> None:
        self.name, self._address = show_address(address), address
        self.fps: float | None = None

    def read(self) -> Generator[CapturedPicture, None, None]:
        """Yield pictures until the stream ends."""
        # Without the second, seconds of pictures are held back to find out their rate, and come all at once.
        options = {"rtsp_transport": "tcp", "fpsprobesize": "0"} if self._address.startswith("rtsp") else {}
        times = StreamTimes()
        try:
            with av.open(self._address, options=options, timeout=(_ANSWER_S, _SILENCE_S)) as container:
                if not container.streams.video:
                    raise VideoError(f"{self.name}: has no pictures; give the address of a video stream.")
                for frame in container.decode(container.streams.video[0]):
                    yield CapturedPicture(times.place(frame.time, time.monotonic()), np.asarray(frame.to_ndarray(format="rgb24")))
        except av.error.ExitError as error:
            raise VideoError(f"{self.name}: does not answer, or sent nothing for {_SILENCE_S:g} s; check the network.") from error
        except (av.error.FFmpegError, OSError) as error:
            raise VideoError(f"{self.name}: cannot be read ({error.strerror or error}); check the address and the network.") from error
        raise VideoError(f"{self.name}: has ended.")


def find_source(text: str, *, fps: float | None) -> Source:
    """Return the source that `text` names: the number of a camera, the address of a stream, or the path of a file.

    Parameters
    ----------
    fps
        Frames per second to ask a camera for; as it is set where None.

    Raises
    ------
    VideoError
        If a file is not there, or is no video. Whether a camera or a stream answers shows when it is read.
    """
    if text.isdecimal():
        return CameraSource(int(text), fps=fps)
    if urlsplit(text).scheme in _STREAMS and "://" in text:
        return StreamSource(text)
    return FileSource(Path(text))


def name_sources(texts: Sequence[str], *, name: str) -> dict[str, str]:
    """Return what `find_source` takes for each source, by the name of its recordings.

    Parameters
    ----------
    texts
        Sources, each by itself or as ``NAME=SOURCE``.
    name
        Of a source that is given without; where there are several, what it is comes after that.

    Raises
    ------
    UsageError
        If a name cannot be that of a file, or two are the same.

    Examples
    --------
    >>> name_sources(["0"], name="night")
    {'night': '0'}
    >>> name_sources(["left=0", "1", "videos/b.mp4"], name="night")
    {'left': '0', 'night_camera_1': '1', 'night_b': 'videos/b.mp4'}
    """
    found: dict[str, str] = {}
    for number, text in enumerate(texts, start=1):
        before, sign, source = text.partition("=")
        # An equals sign may belong to an address or to the name of a file.
        is_named = bool(sign) and "://" not in before and not Path(text).exists()
        if not is_named:
            source = text
        own = before if is_named else name if len(texts) == 1 else f"{name}_{_describe_source(text, number)}"
        if not is_safe_name(own) or "=" in own:
            raise UsageError(
                f"{own}: cannot be the name of a file; use letters, digits, dots, dashes and underscores in --name and --source."
            )
        # As file systems that ignore case see it.
        if other := next((one for one in found if one.casefold() == own.casefold()), None):
            raise UsageError(
                f"--source {show_address(source)} and {show_address(found[other])} would both be called {own}; give each a name, such as "
                f"--source left={show_address(source)}."
            )
        found[own] = source
    return found


def _describe_source(text: str, number: int) -> str:
    """Return a few letters for the source that is the `number`th."""
    if text.isdecimal():
        return f"camera_{text}"
    return f"stream_{number}" if "://" in text else Path(text).stem
