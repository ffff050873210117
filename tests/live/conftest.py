"""What the tests of live recording ask for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from live_samples import FPS

from behavior.files.live_sources import CapturedPicture


def draw_picture(number: int, *, height: int = 16, width: int = 24) -> np.ndarray:
    return np.full((height, width, 3), number % 256, dtype=np.uint8)


@pytest.fixture
def draw_pictures() -> Callable[..., list[CapturedPicture]]:
    """Draw pictures whose brightness is their number, at 20 a second from a time on."""

    def draw(count: int, *, first: int = 0, at_s: float | None = None, height: int = 16) -> list[CapturedPicture]:
        start_s = first / FPS if at_s is None else at_s
        return [CapturedPicture(start_s + one / FPS, draw_picture(first + one, height=height)) for one in range(count)]

    return draw
