"""Several rendered animals: truth and pixels agree about who is where, who touches whom, and who is gone."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.synthetic import RenderedGroup, act_group, draw_individuals


@pytest.fixture(scope="module")
def group() -> RenderedGroup:
    return act_group(draw_individuals(4, seed=3, alike=False), n_frames=900, fps=15, seed=4)


def test_the_same_seed_gives_the_same_video_and_another_seed_another_of_the_same_animals(group: RenderedGroup) -> None:
    same, other = (act_group(group.individuals, n_frames=900, fps=15, seed=seed) for seed in (4, 5))
    np.testing.assert_array_equal(group.centroids, same.centroids)
    np.testing.assert_array_equal(group.frame(700), same.frame(700))
    assert other.individuals == group.individuals
    assert not np.array_equal(group.tracks[0].positions, other.tracks[0].positions)
    assert not np.array_equal(group.frame(0), other.frame(0))


def test_videos_of_one_set_up_have_one_box(group: RenderedGroup) -> None:
    settings = {"n_frames": 300, "fps": 10}
    first, second = (act_group(group.individuals, seed=seed, box_seed=4, **settings) for seed in (6, 7))
    assert first.arena == second.arena == group.arena
    assert not np.array_equal(first.centroids, second.centroids)


def test_arrays_have_a_row_for_each_frame_and_a_column_for_each_animal(group: RenderedGroup) -> None:
    assert len(group) == 900
    assert group.centroids.shape == (900, 4, 2)
    assert group.boxes.shape == (900, 4, 4)
    assert group.present.shape == group.merged.shape == (900, 4)
    assert len(group.tracks) == len(group.labels) == len(group.individuals) == 4
    assert all(len(track) == len(labels) == 900 for track, labels in zip(group.tracks, group.labels, strict=True))
    frame = next(group.frames())
    assert (frame.shape, frame.dtype) == ((480, 480, 3), np.uint8)


def test_truth_agrees_with_the_pixels(group: RenderedGroup) -> None:
    in_the_open = act_group(group.individuals, n_frames=900, fps=15, seed=4, roof=False)
    n_compared = 0
    for index in range(0, 900, 45):
        owners = group.owners(index)
        for animal in range(4):
            rows, columns = np.nonzero(owners == animal)
            if not group.present[index, animal]:
                assert np.isnan(group.centroids[index, animal]).all()
                assert np.isnan(group.boxes[index, animal]).all()
                continue
            left, top, right, bottom = group.boxes[index, animal]
            # Next to the roof, a circle of the body counts by its middle.
            margin = 2 if np.array_equal(group.boxes[index, animal], in_the_open.boxes[index, animal]) else 10
            assert left - margin <= columns.min()
            assert columns.max() <= right + margin
            assert top - margin <= rows.min()
            assert rows.max() <= bottom + margin
            if not group.merged[index, animal]:
                n_compared += 1
                assert np.hypot(*(group.centroids[index, animal] - [columns.mean(), rows.mean()])) < 4
    assert n_compared > 40


def test_animals_that_touch_are_merged_and_others_are_not(group: RenderedGroup) -> None:
    both = group.merged.sum(axis=1)
    assert both.max() >= 2
    assert not (both == 1).any()
    for index in np.flatnonzero(both == 0)[::60]:
        # Nobody's pixels are next to anybody else's.
        owners = group.owners(int(index))
        for axis in (0, 1):
            pairs = np.stack([np.delete(owners, -1, axis), np.delete(owners, 0, axis)])
            assert not ((pairs >= 0).all(axis=0) & (pairs[0] != pairs[1])).any()


def test_animals_leave_below_the_roof_and_come_back(group: RenderedGroup) -> None:
    steps = np.diff(group.present.astype(int), axis=0)
    assert (steps == -1).sum() >= 2
    assert (steps == 1).sum() >= 2
    in_the_open = act_group(group.individuals, n_frames=900, fps=15, seed=4, roof=False)
    assert in_the_open.present.all()


def test_animals_keep_out_of_each_other(group: RenderedGroup) -> None:
    middle = group.tracks[0].body_parts.index("midbody")
    places = np.stack([track.positions[:, middle] for track in group.tracks], axis=1)
    first, second = np.triu_indices(4, 1)
    apart = np.linalg.norm(places[:, first] - places[:, second], axis=2)
    assert np.mean(apart < 0.2 * 44) < 0.01


def test_unlike_animals_differ_in_colour_and_like_ones_hardly() -> None:
    def spread(alike: bool) -> float:
        return float(np.ptp([sum(one.coat.back) for one in draw_individuals(5, seed=1, alike=alike)]))

    assert spread(alike=False) > 5 * spread(alike=True)
    like = draw_individuals(5, seed=1, alike=True)
    assert len({one.coat.patches for one in like}) == 5
    assert like == draw_individuals(5, seed=1, alike=True)
    # The first animals of a larger group of one strain are those of a smaller one.
    assert draw_individuals(2, seed=1, alike=True) == like[:2]


def test_one_animal_is_a_group_too_and_none_is_refused() -> None:
    alone = act_group(draw_individuals(1, seed=0, alike=True), n_frames=300, fps=10, seed=0, size=240)
    assert alone.frame(0).shape == (240, 240, 3)
    assert not alone.merged.any()
    with pytest.raises(ValueError, match="no individuals"):
        act_group([], n_frames=300, fps=10, seed=0)
    with pytest.raises(ValueError, match="0 individuals"):
        draw_individuals(0, seed=0, alike=True)
