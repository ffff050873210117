from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from behavior.tracking.camera_moves import find_camera_move


def draw_pictures(shifts: list[tuple[int, int]], *, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return pictures of an arena with equipment, each moved by x, y, in which an animal walks."""
    rng = np.random.default_rng(seed)
    floor = np.full((200, 260), 190, dtype=np.float32)
    cv2.rectangle(floor, (50, 45), (210, 155), 120.0, 3)
    cv2.circle(floor, (170, 110), 12, 140.0, -1)
    pictures = []
    for number, (x, y) in enumerate(shifts):
        picture = floor.copy()
        cv2.ellipse(picture, (70 + (37 * number) % 110, 70 + (23 * number) % 60), (14, 6), 10 * number, 0, 360, 40.0, -1)
        moved = cv2.warpAffine(picture, np.array([[1, 0, x], [0, 1, y]], dtype=np.float32), (260, 200), borderMode=cv2.BORDER_REPLICATE)
        pictures.append(np.clip(moved + rng.normal(0, 3, moved.shape), 0, 255).astype(np.uint8))
    return np.stack(pictures)


@pytest.mark.parametrize("shift", [(3, 0), (-8, 5), (0, -12)])
@pytest.mark.parametrize("moved_at", [6, 20, 40])
def test_a_move_is_found_where_it_is_and_by_how_much(shift: tuple[int, int], moved_at: int) -> None:
    move = find_camera_move(draw_pictures([(0, 0)] * moved_at + [shift] * (48 - moved_at)))
    assert move is not None and move.sample == moved_at
    assert move.shift == pytest.approx(shift, abs=0.5)


@pytest.mark.parametrize("seed", range(4))
def test_a_camera_that_stands_still_was_not_moved_whatever_animals_and_light_do(seed: int) -> None:
    pictures = draw_pictures([(0, 0)] * 48, seed=seed)
    assert find_camera_move(pictures) is None
    darker = pictures.copy()
    darker[24:] = (darker[24:] * 0.6).astype(np.uint8)
    assert find_camera_move(darker) is None
    assert find_camera_move(np.random.default_rng(seed).integers(90, 110, (48, 80, 90)).astype(np.uint8)) is None


def test_too_few_pictures_tell_nothing() -> None:
    assert find_camera_move(draw_pictures([(0, 0)] * 4 + [(9, 0)] * 4)) is None
