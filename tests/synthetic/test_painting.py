"""Drawn mice: frames depend on their number alone, who is above hides who is below, and pixels know whose they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from behavior.synthetic import RenderedRecording, act_recording
from behavior.synthetic.painting import MousePainter, Painter
from behavior.synthetic.scene import Patch
from behavior.synthetic.skeleton import pose_skeleton


@pytest.fixture(scope="module")
def recording() -> RenderedRecording:
    return act_recording(n_frames=300, seed=2, coat="black")


def paint_mouse(recording: RenderedRecording, shift: complex = 0j, patches: tuple[Patch, ...] = ()) -> MousePainter:
    posture = replace(recording.posture, position=np.full(300, shift, dtype=complex))
    _, skeleton = pose_skeleton(posture, recording.build, recording.arena.half_floor, fps=10)
    return MousePainter(recording.arena, replace(recording.coat, patches=patches), skeleton, recording.build)


def make_painter(recording: RenderedRecording, mice: list[MousePainter], **settings: object) -> Painter:
    background = np.full((480, 480, 3), 200, dtype=np.uint8)
    return Painter(recording.arena, background, mice, rng=np.random.default_rng(0), **settings)


def test_a_painter_draws_frames_in_any_order(recording: RenderedRecording) -> None:
    painter = recording._painter
    assert isinstance(painter, Painter)
    first, later = painter.draw(5), painter.draw(100)
    np.testing.assert_array_equal(painter.draw(5), first)
    assert not np.array_equal(first, later)
    assert (first.shape, first.dtype) == ((480, 480, 3), np.uint8)
    assert len(painter) == 300


def test_a_mouse_drawn_alone_is_where_its_pixels_are_said_to_be(recording: RenderedRecording) -> None:
    painter = make_painter(recording, [paint_mouse(recording)])
    owners = painter.find_owners(0)
    assert set(np.unique(owners)) == {-1, 0}
    image = painter.draw(0).astype(int)
    assert image[owners == 0].mean() < 80
    assert abs(image[:100, :100].mean() - 200) < 2


def test_an_upright_mouse_hides_the_one_below_it(recording: RenderedRecording) -> None:
    mice = [paint_mouse(recording), paint_mouse(recording, 20 + 0j)]
    counts = []
    for tall in (0, 1):
        upright = np.zeros((300, 2), dtype=bool)
        upright[:, tall] = True
        owners = make_painter(recording, mice, upright=upright).find_owners(0)
        counts.append([(owners == index).sum() for index in (0, 1)])
    assert counts[0][0] > counts[1][0]
    assert counts[0][1] < counts[1][1]
    assert sum(counts[0]) == sum(counts[1])


def test_a_roof_hides_what_is_under_it(recording: RenderedRecording) -> None:
    roof = np.array([0j, 480 + 0j, 480 + 480j, 480j])
    painter = make_painter(recording, [paint_mouse(recording)], roof=roof)
    assert (painter.find_owners(0) == -1).all()
    assert painter.draw(0)[100:380, 100:380].std(axis=(0, 1)).max() < 3


def test_a_patch_is_on_the_fur_and_nowhere_else(recording: RenderedRecording) -> None:
    plain, spotted = (make_painter(recording, [paint_mouse(recording, patches=patches)]) for patches in ((), (Patch(0.4, 0.0, 0.5, 3.0),)))
    changed = np.abs(plain.draw(0).astype(int) - spotted.draw(0)).max(axis=2) > 8
    assert changed.sum() > 20
    assert (plain.find_owners(0)[changed] == 0).all()
