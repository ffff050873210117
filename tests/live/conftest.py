"""What the tests of live recording ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from behavior.files.live_record import LiveDescription
from behavior.files.live_sources import CapturedPicture
from behavior.provenance import AppliedPostprocess, LiveCapture, Provenance

FPS = 20.0


class DrawnSource:
    """A source whose pictures are given; an error among them breaks it off, and it goes on there when it is read again."""

    name, fps = "drawn", FPS

    def __init__(self, pictures: list[CapturedPicture | Exception], *, is_live: bool = False) -> None:
        self._pictures, self.is_live = iter(pictures), is_live

    def read(self) -> Iterator[CapturedPicture]:
        for picture in self._pictures:
            if isinstance(picture, Exception):
                raise picture
            yield picture


def draw_picture(number: int, *, height: int = 16, width: int = 24) -> np.ndarray:
    return np.full((height, width, 3), number % 256, dtype=np.uint8)


@pytest.fixture
def make_source() -> type[DrawnSource]:
    """Make a source of given pictures."""
    return DrawnSource


@pytest.fixture
def draw_pictures() -> Callable[..., list[CapturedPicture]]:
    """Draw pictures whose brightness is their number, at 20 a second from a time on."""

    def draw(count: int, *, first: int = 0, at_s: float | None = None, height: int = 16) -> list[CapturedPicture]:
        start_s = first / FPS if at_s is None else at_s
        return [CapturedPicture(start_s + one / FPS, draw_picture(first + one, height=height)) for one in range(count)]

    return draw


@pytest.fixture
def describe() -> Callable[..., LiveDescription]:
    """Describe a recording of two behaviors whose gaps of a frame are closed."""

    def make(name: str = "mouse", video: Path | None = None) -> LiveDescription:
        provenance = Provenance(
            fps=FPS,
            video=None if video is None else str(video),
            postprocess=AppliedPostprocess(threshold=0.5, closing_frames=2),
            live=LiveCapture(source="drawn", began="2026-01-01T00:00:00+00:00", delay_s=0.0),
        )
        return LiveDescription(name, ("groom", "rear"), "drawn", "2026-01-01T00:00:00+00:00", 0.0, provenance)

    return make
