from __future__ import annotations

import cv2
import numpy as np

from behavior.figures.identity_strips import ShownTracklet, draw_identity_strips, encode_png

RED, BLUE = (200, 0, 0), (0, 114, 178)


def paint(color: tuple[int, int, int]) -> np.ndarray:
    return np.full((48, 48, 3), color, dtype=np.uint8)


def count(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    return int(np.count_nonzero((picture == color).all(axis=-1)))


def test_each_tracklet_is_a_column_edged_if_it_is_sure() -> None:
    sure, doubtful = (ShownTracklet([paint(RED)] * 2, 7, 0.6, is_sure) for is_sure in (True, False))
    picture = draw_identity_strips([[sure, sure, doubtful], []], ["animal1", "animal2"], [9, 0], size=50, n_columns=4)
    assert count(picture, RED) == 6 * 50 * 50
    edges = count(picture, BLUE)
    assert 4 * (58**2 - 50**2) <= edges < 4.2 * (58**2 - 50**2)


def test_many_tracklets_go_on_below() -> None:
    shown = [ShownTracklet([paint(RED)], start, 1.0, is_sure=True) for start in range(5)]
    one, three = (draw_identity_strips([shown[:n]], ["a"], [5], n_columns=2).shape[0] for n in (2, 5))
    assert three > 2 * one and count(draw_identity_strips([shown], ["a"], [5], n_columns=2), RED) == 5 * 56 * 56


def test_few_tracklets_leave_no_blank_width_and_the_legend_is_below() -> None:
    shown = [ShownTracklet([paint(RED)], start, 1.0, is_sure=True) for start in range(8)]
    narrow, wide, full = (draw_identity_strips([shown[:n]], ["a"], [8], n_columns=8) for n in (4, 8, 8))
    assert narrow.shape[1] < 0.7 * wide.shape[1] and (wide == full).all()
    legend = narrow[-52:].astype(int)
    # Dark letters, and red ones as those of what is not sure.
    assert (legend.max(axis=-1) < 150).any() and (legend[..., 0] - legend[..., 2] > 60).any()


def test_a_png_holds_the_picture() -> None:
    decoded = cv2.imdecode(np.frombuffer(encode_png(paint(RED)), np.uint8), cv2.IMREAD_COLOR)
    assert (decoded == RED[::-1]).all()
