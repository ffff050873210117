"""A live recording without networks, of the brightness of its pictures; as a program, it records until it is killed."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import numpy as np

from behavior.config import Postprocess
from behavior.files.live_record import LiveDescription
from behavior.files.live_sources import CapturedPicture
from behavior.learning.live_features import View, ViewFeatures
from behavior.live.capturing import Capture, CaptureSettings
from behavior.live.events import EventHub, SourceEvents
from behavior.live.free_space import FreeSpace
from behavior.live.recorders import Recorder, Recorders
from behavior.live.session import LiveSession
from behavior.live.turns import Turns
from behavior.provenance import AppliedPostprocess, LiveCapture, Provenance
from behavior.sequence.frame_streams import NeighbourhoodStream

FPS = 20.0
BEHAVIORS = ("groom", "rear")
BEGAN = "2026-01-01T00:00:00+00:00"


class DrawnSource:
    """A source whose pictures are given; an error among them breaks it off, and it goes on there when it is read again."""

    name, fps = "drawn", FPS

    def __init__(self, pictures: Iterator[CapturedPicture | Exception], *, is_live: bool = False) -> None:
        self._pictures, self.is_live = iter(pictures), is_live

    def read(self) -> Iterator[CapturedPicture]:
        for picture in self._pictures:
            if isinstance(picture, Exception):
                raise picture
            yield picture


class Brightness:
    """Features that are a picture's brightness, found where it is not black; slow if asked for."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds, self.forgotten = seconds, 0
        self.place, self.fps, self.limits = None, FPS, None

    def look(self, image: np.ndarray, time_s: float) -> View:
        return View(image, None, np.zeros(2), bool(image.any()))

    def describe(self, view: View) -> ViewFeatures:
        time.sleep(self.seconds)
        level = view.image.mean() / 255
        return ViewFeatures([np.array([level, 1 - level], dtype=np.float32)], ())

    def forget(self) -> None:
        self.forgotten += 1


class Echo:
    """A model whose probabilities are the features of a frame, known `n_ahead` frames later."""

    n_features = n_outputs = 2

    def __init__(self, n_ahead: int) -> None:
        self.n_ahead = n_ahead

    def start_stream(self) -> NeighbourhoodStream:
        return NeighbourhoodStream(lambda rows: rows, self.n_ahead, 2)


def make_model(n_ahead: int = 0, behaviors: Sequence[str] = BEHAVIORS) -> Any:
    member = SimpleNamespace(behaviors=list(behaviors), average=1, streams=[])
    description = SimpleNamespace(
        behaviors=list(behaviors),
        members=[member],
        combine="mean",
        postprocess=Postprocess(closing_frames=2),
        fps=FPS,
        crop=None,
        sampling_fps=None,
    )
    return SimpleNamespace(
        folder=Path("model"),
        hash="",
        description=description,
        decisions=None,
        members=[SimpleNamespace(description=member, model=Echo(n_ahead), preparation=None)],
    )


def describe(name: str, behaviors: Sequence[str] = BEHAVIORS) -> LiveDescription:
    """Describe a recording of two behaviors whose gaps of a frame are closed."""
    provenance = Provenance(
        fps=FPS,
        postprocess=AppliedPostprocess(threshold=0.5, closing_frames=2),
        live=LiveCapture(source="drawn", began=BEGAN, delay_s=0.0),
    )
    return LiveDescription(name, tuple(behaviors), "drawn", BEGAN, 0.0, provenance)


def gather_recorders(
    folder: Path,
    sources: Mapping[str, DrawnSource],
    *,
    behaviors: Sequence[str] = BEHAVIORS,
    waits: bool = False,
    keep_free_bytes: int = 0,
    seconds: float = 0.0,
    at_own_pace: bool = False,
) -> Recorders:
    """Return what records drawn sources into a folder, all with one model that takes so many seconds a frame."""
    space, turns = FreeSpace(folder, keep_free_bytes), Turns()
    model, settings = make_model(behaviors=behaviors), CaptureSettings(fps=FPS, at_own_pace=at_own_pace)
    events = EventHub()

    def make_recorder(name: str, source: DrawnSource) -> Recorder:
        session = LiveSession(
            model, Brightness(seconds), folder=folder, describe=lambda part: describe(f"{name}_{part}", behaviors), turns=turns
        )
        session.watch(SourceEvents(events, name, behaviors))
        return Recorder(
            name,
            session,
            lambda part: Capture(source, settings, name_video=lambda one: folder / f"{name}_{one}.mkv", space=space, first_part=part),
        )

    return Recorders([make_recorder(*pair) for pair in sources.items()], waits=waits, space=space, events=events)


@contextmanager
def running(recorders: Recorders) -> Iterator[Thread]:
    """Record in a thread, which is handed out, while the block runs."""
    thread = Thread(target=recorders.run)
    thread.start()
    try:
        yield thread
    finally:
        recorders.end()
        thread.join(20)
    assert not thread.is_alive()


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until something holds, which has to be soon."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def record_until_killed(folder: Path) -> None:
    rng = np.random.default_rng(0)
    # All of one level, and the rest noise.
    pictures = (
        CapturedPicture(number / FPS, np.clip(rng.normal(number % 200 + 25, 5, (64, 64, 3)), 0, 255).astype(np.uint8))
        for number in itertools.count()
    )
    session = LiveSession(make_model(), Brightness(), folder=folder, describe=lambda part: describe(f"mouse_{part}"))
    settings = CaptureSettings(fps=FPS, roll_s=10.0, at_own_pace=False)
    space = FreeSpace(folder, 0)
    capture = Capture(DrawnSource(pictures), settings, name_video=lambda part: folder / f"mouse_{part}.mkv", space=space)
    capture.start()
    session.run(capture)


if __name__ == "__main__":
    record_until_killed(Path(sys.argv[1]))
