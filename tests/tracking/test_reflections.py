from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.tracking.association import associate, choose_association
from behavior.tracking.detections import Detections
from behavior.tracking.reflections import Way, choose_reflections, find_reflections

LENGTH = 20.0


def walk(n_frames: int, seed: int) -> npt.NDArray[np.float64]:
    """Positions of an animal that walks about, (n_frames, 2)."""
    rng = np.random.default_rng(seed)
    turns = np.cumsum(rng.normal(0, 0.15, n_frames))
    return np.array([300.0, 300.0]) + np.cumsum(np.column_stack((np.cos(turns), np.sin(turns))) * 3, axis=0)


def mirror(positions: npt.NDArray[np.float64], angle: float, offset: float) -> npt.NDArray[np.float64]:
    """Positions in a mirror whose normal has an angle, at an offset along it from the origin."""
    normal = np.array([np.cos(angle), np.sin(angle)])
    return positions - 2 * ((positions @ normal) - offset)[:, None] * normal


@given(angle=st.floats(0, np.pi), offset=st.floats(-200, 200), seed=st.integers(0, 30))
def test_an_image_in_any_wall_is_found_with_noise(angle: float, offset: float, seed: int) -> None:
    animal = walk(120, seed)
    image = mirror(animal, angle, offset)[10:100] + np.random.default_rng(seed).normal(0, 1.0, (90, 2))
    found = choose_reflections([Way(np.arange(120), animal), Way(np.arange(10, 100), image)], length=LENGTH)
    assert [(one.start_frame, one.stop_frame, one.n_frames) for one in found] == [(10, 100, 90)]
    assert (found[0].x, found[0].y) == pytest.approx(np.median(image, axis=0))


@given(seed=st.integers(0, 200), turn=st.floats(-np.pi, np.pi))
def test_animals_that_walk_about_or_follow_each_other_are_no_images(seed: int, turn: float) -> None:
    first, frames = walk(120, seed), np.arange(120)
    cos, sin = np.cos(turn), np.sin(turn)
    turned = (first - 300) @ np.array([[cos, -sin], [sin, cos]]) + 350
    for other in (walk(120, seed + 1000), first + [40, 0], turned):
        assert choose_reflections([Way(frames, first), Way(frames, other)], length=LENGTH) == []


def test_what_is_seen_alone_or_lies_still_or_glides_is_no_image() -> None:
    animal, frames = walk(120, 4), np.arange(120)
    image = mirror(animal, 0.0, 150)
    assert choose_reflections([Way(frames[60:], animal[60:]), Way(frames[:100], image[:100])], length=LENGTH) == []
    still = 300 + np.random.default_rng(0).normal(0, 0.5, (120, 2))
    assert choose_reflections([Way(frames, still), Way(frames, mirror(still, 0.0, 150))], length=LENGTH) == []
    # As in a mirror, but moved along the wall.
    assert choose_reflections([Way(frames, animal), Way(frames[:90], image[:90] + [0, 60])], length=LENGTH) == []
    assert choose_reflections([Way(frames, animal), Way(frames[:90], image[:90])], length=LENGTH) != []


@pytest.mark.parametrize("n_animals", [None, 1])
def test_an_image_near_a_wall_is_found_beside_the_animals(n_animals: int | None) -> None:
    animal = np.column_stack((60 + 50 * np.sin(np.arange(400) / 25), 100 + 60 * np.cos(np.arange(400) / 40)))
    image = mirror(animal, 0.0, 0.0)
    # It shows where the animal is near the wall.
    shown = animal[:, 0] < 60
    frames = [Detections.at(np.stack([a, b]) if near else a[None]) for a, b, near in zip(animal, image, shown, strict=True)]
    settings = choose_association(frames, length=LENGTH, n_animals=n_animals)
    found = find_reflections(frames, associate(frames, settings), settings)
    assert sum(one.n_frames for one in found) > 0.8 * shown.sum() and all(one.x < 0 for one in found)
    alone = [Detections.at(one[None]) for one in animal]
    assert find_reflections(alone, associate(alone, settings), settings) == []
