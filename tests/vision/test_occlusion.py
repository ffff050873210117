"""Patches cover a picture, an answer that depends on one of them is mapped there, and the background is what does not move."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.vision.occlusion import PatchGrid, cover_patch, lay_out_map, measure_alteration, take_background

GRID = PatchGrid(4, 0.25)


def test_patches_cover_all_of_a_picture_and_may_overlap() -> None:
    for grid in (GRID, PatchGrid(12, 0.18), PatchGrid(1, 1.0)):
        counts = np.zeros((50, 50), dtype=int)
        for place in grid.list_patches(50):
            counts[place] += 1
        assert len(grid.list_patches(50)) == len(grid)
        assert counts.min() >= 1
        assert counts.max() == 1 or grid.n_side * grid.share > 1 or 50 % grid.n_side


@pytest.mark.parametrize(("n_side", "share"), [(4, 0.2), (0, 0.5), (2, 1.5)])
def test_patches_that_leave_gaps_or_do_not_fit_are_refused(n_side: int, share: float) -> None:
    with pytest.raises(ValueError, match="expected them to cover"):
        PatchGrid(n_side, share)


def test_a_covered_patch_shows_the_fill_and_nothing_else_changes() -> None:
    images = np.arange(2 * 8 * 8 * 3, dtype=np.uint8).reshape(2, 8, 8, 3)
    before = images.copy()
    covered = cover_patch(images, np.full_like(images, 7), (slice(0, 2), slice(4, 8)))
    assert (covered[:, :2, 4:] == 7).all()
    covered[:, :2, 4:] = images[:, :2, 4:]
    np.testing.assert_array_equal(covered, images)
    np.testing.assert_array_equal(images, before)


def test_the_map_is_where_the_answer_comes_from() -> None:
    """The answer is the brightness of one corner; only patches over it change it, and the map has its sum there."""
    image = np.full((1, 32, 32, 3), 200, dtype=np.uint8)
    fill = np.zeros_like(image)

    def answer(images: np.ndarray) -> float:
        return float(images[:, :8, 24:].mean()) / 200

    for grid in (GRID, PatchGrid(7, 0.25)):
        changes = np.array([answer(image) - answer(cover_patch(image, fill, place)) for place in grid.list_patches(32)])
        values = lay_out_map(changes, grid, np.ones((32, 32)))
        assert np.unravel_index(values.argmax(), values.shape)[0] < 8
        assert values[:8, 24:].mean() > 5 * values[8:, :24].mean()
    assert values[16:, :16].max() == 0


def test_a_pixel_that_covering_leaves_as_it_is_has_no_part_in_a_change() -> None:
    altered = np.zeros((8, 8))
    altered[1, 1] = 30
    values = lay_out_map(np.array([2.0, 0, 0, 0]), PatchGrid(2, 0.5), altered)
    assert values[1, 1] == 32
    assert values.sum() == 32


def test_what_covering_alters_is_measured_in_grey_levels() -> None:
    images = np.full((3, 16, 16, 3), 100, dtype=np.uint8)
    fill = images.copy()
    fill[:, :8, :8, 1] = 40
    expected = np.zeros((4, 4))
    expected[:2, :2] = 60
    np.testing.assert_array_equal(measure_alteration(images, fill, 4), expected)


def test_the_background_is_without_what_moves() -> None:
    scene = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    pictures = []
    for place in range(0, 30, 3):
        picture = scene.copy()
        picture[5:10, place : place + 3] = 255
        pictures.append(picture)
    np.testing.assert_array_equal(take_background(pictures), scene)
