"""Two animals whose places, headings and movements are known: what one's features say of the other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.vision import body_frame
from behavior.vision.pose_features import name_pose_features
from behavior.vision.social_features import PosedAnimal, describe_social, group_social_features, name_social_features

PARTS = ("nose", "body", "tailbase")
FPS, SIZE = 20.0, 10.0
# Along the body, in pixels from its middle forward.
ALONG = np.array([8.0, 0.0, -8.0])
Places = npt.NDArray[np.float64]


def pose(places: Places, angles: npt.ArrayLike, *, lost: slice = slice(0, 0)) -> PosedAnimal:
    """Return an animal at `places` (T, 2) in pixels that looks at `angles` (T,), radians from x towards y."""
    looks = np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    positions = places[:, None] + ALONG[:, None] * np.broadcast_to(looks, places.shape)[:, None]
    likelihoods = np.ones(positions.shape[:2])
    likelihoods[lost] = 0.1
    return PosedAnimal(positions, likelihoods, origin=[1], axis=(2, 0))


def at(x: npt.ArrayLike, y: npt.ArrayLike) -> Places:
    return np.stack(np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float)), axis=-1).reshape(-1, 2)


def describe(own: PosedAnimal, *others: PosedAnimal, **changes: Any) -> dict[str, npt.NDArray[np.float64]]:
    """Return the columns by name."""
    options: dict[str, Any] = {"fps": FPS, "min_likelihood": 0.6, "size": SIZE} | changes
    values = describe_social(own, others, **options)
    parts = [PARTS] * len(others)
    names = name_social_features(PARTS, parts, has_axis=own.axis is not None, takes_nearest=options.get("takes_nearest", False))
    assert values.shape == (len(own.positions), len(names)) and values.dtype == np.float32
    return dict(zip(names, values.T.astype(float), strict=True))


def test_the_other_is_placed_in_the_frame_of_reference_of_the_animal() -> None:
    # It looks along x, and the other is 30 pixels ahead and 20 to its right, which is down in the image, looking at it from aside.
    columns = describe(pose(at([100] * 5, 100), 0.0), pose(at([130] * 5, 120), -np.pi / 2))
    expected = {
        "other_forward": 3.0,
        "other_right": 2.0,
        "other_distance": np.sqrt(13),
        "other_bearing_cosine": 3 / np.sqrt(13),
        "other_bearing_sine": 2 / np.sqrt(13),
        # It is turned to the left by a quarter.
        "other_heading_cosine": 0.0,
        "other_heading_sine": -1.0,
        "other_facing_cosine": 2 / np.sqrt(13),
        "other_facing_sine": -3 / np.sqrt(13),
        "other_length": 1.6,
        "other_nose_forward": 3.0,
        "other_nose_right": 1.2,
        "other_tailbase_right": 2.8,
        "other_nose_from_head": np.hypot(2.2, 1.2),
        "other_head_from_tailbase": np.hypot(3.8, 1.2),
        "other_gap": np.hypot(2.2, 1.2),
        "other_speed": 0.0,
        "other_body_likelihood": 1.0,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(columns[name], value, atol=1e-6, err_msg=name)


def test_an_approach_is_told_from_being_approached() -> None:
    time = np.arange(40) / FPS
    still = pose(at(np.full(40, 100.0), 100), np.pi)
    columns = describe(pose(at(20 * time, 100), 0.0), still)
    inner = slice(5, 35)
    np.testing.assert_allclose(columns["other_approached"][inner], 2, atol=1e-5)
    np.testing.assert_allclose(columns["other_approaching"][inner], 0, atol=1e-5)
    np.testing.assert_allclose(columns["other_distance_rate"][inner], -2, atol=1e-5)
    columns = describe(still, pose(at(20 * time, 100), 0.0))
    np.testing.assert_allclose(columns["other_approached"][inner], 0, atol=1e-5)
    np.testing.assert_allclose(columns["other_approaching"][inner], 2, atol=1e-5)
    # It comes from ahead, towards the animal.
    np.testing.assert_allclose(columns["other_velocity_forward"][inner], -2, atol=1e-5)


def test_following_is_to_come_nearer_by_as_much_as_the_other_goes_away() -> None:
    time = np.arange(60) / FPS
    way = np.array([np.cos(0.3), np.sin(0.3)])
    columns = describe(pose(30 * time[:, None] * way, 0.3), pose((40 + 30 * time[:, None]) * way, 0.3))
    inner = slice(5, 55)
    for name, value in {
        "other_approached": 3,
        "other_approaching": -3,
        "other_distance_rate": 0,
        "other_forward": 4,
        "other_right": 0,
        "other_bearing_cosine": 1,
        "other_heading_cosine": 1,
        "other_facing_cosine": -1,
        "other_velocity_forward": 3,
    }.items():
        np.testing.assert_allclose(columns[name][inner], value, atol=1e-5, err_msg=name)


def test_contact_is_a_gap_of_nothing_at_the_parts_that_touch() -> None:
    # Nose to tail base.
    columns = describe(pose(at([0.0] * 3, 0), 0.0), pose(at([16.0] * 3, 0), 0.0))
    np.testing.assert_allclose(columns["other_gap"], 0, atol=1e-6)
    np.testing.assert_allclose(columns["other_tailbase_from_head"], 0, atol=1e-6)
    np.testing.assert_allclose(columns["other_head_from_nose"], 1.6, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(-np.pi, np.pi), st.floats(-500, 500))
def test_where_the_arena_lies_and_how_it_is_turned_makes_no_difference(seed: int, turn: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    places = [np.cumsum(rng.normal(0, 3, (12, 2)), axis=0) + 50 * number for number in range(2)]
    angles = [np.cumsum(rng.normal(0, 0.2, 12)) for _ in range(2)]
    before = describe(*[pose(place, angle) for place, angle in zip(places, angles, strict=True)])
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    moved = [pose(place @ rotation + shift, angle + turn) for place, angle in zip(places, angles, strict=True)]
    for name, values in describe(*moved).items():
        np.testing.assert_allclose(values, before[name], atol=2e-4, err_msg=name)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_both_animals_agree_on_what_they_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (pose(np.cumsum(rng.normal(0, 3, (15, 2)), axis=0) + rng.uniform(0, 90, 2), rng.uniform(-3, 3)) for _ in range(2))
    mine, theirs = describe(first, second), describe(second, first)
    for name in ("distance", "gap", "distance_rate"):
        np.testing.assert_allclose(mine[f"other_{name}"], theirs[f"other_{name}"], atol=1e-5)
    for ratio in ("cosine", "sine"):
        np.testing.assert_allclose(mine[f"other_facing_{ratio}"], theirs[f"other_bearing_{ratio}"], atol=1e-5)
    np.testing.assert_allclose(mine["other_approached"], theirs["other_approaching"], atol=1e-5)
    np.testing.assert_allclose(mine["other_nose_from_head"], theirs["other_head_from_nose"], atol=1e-5)


def test_the_nearest_is_chosen_in_each_frame_whatever_the_order() -> None:
    own = pose(at([0.0] * 6, 0), 0.0)
    left = pose(at([20, 20, 20, 90, 90, 90], 0), 0.0)
    right = pose(at([60] * 6, 0), np.pi)
    columns = describe(own, left, right, takes_nearest=True)
    np.testing.assert_allclose(columns["other_distance"], [2, 2, 2, 6, 6, 6], atol=1e-6)
    np.testing.assert_allclose(columns["other_heading_cosine"], [1, 1, 1, -1, -1, -1], atol=1e-6)
    swapped = describe(own, right, left, takes_nearest=True)
    for name, values in columns.items():
        np.testing.assert_array_equal(values, swapped[name])
    # What is only guessed to be near is left for what is seen.
    lost = pose(at([20] * 6, 0), 0.0, lost=slice(2, 4))
    np.testing.assert_allclose(describe(own, lost, right, takes_nearest=True)["other_distance"], [2, 2, 6, 6, 2, 2], atol=1e-6)


def test_others_that_are_named_are_side_by_side_in_their_order() -> None:
    own, near, far = pose(at([0.0] * 4, 0), 0.0), pose(at([20.0] * 4, 0), 0.0), pose(at([60.0] * 4, 0), 0.0)
    columns = describe(own, far, near)
    np.testing.assert_allclose(columns["other1_distance"], 6, atol=1e-6)
    np.testing.assert_allclose(columns["other2_distance"], 2, atol=1e-6)
    groups = group_social_features(PARTS, [PARTS, PARTS], has_axis=True, takes_nearest=False)
    names = list(columns)
    assert [names[column] for column in groups["other animal 2"]] == [name for name in names if name.startswith("other2_")]


def test_without_an_axis_directions_are_those_of_the_image() -> None:
    def bare(animal: PosedAnimal) -> PosedAnimal:
        return PosedAnimal(animal.positions, animal.likelihoods, origin=animal.origin)

    columns = describe(bare(pose(at([0.0] * 4, 0), 1.0)), bare(pose(at([30.0] * 4, 20), 2.0)))
    np.testing.assert_allclose(columns["other_x"], 3, atol=1e-6)
    np.testing.assert_allclose(columns["other_y"], 2, atol=1e-6)
    assert not any("bearing" in name or "head" in name for name in columns)


def test_another_that_is_never_found_is_nothing_and_gaps_are_filled() -> None:
    own = pose(at([0.0] * 6, 0), 0.0)
    gone = describe(own, pose(at([20.0] * 6, 0), 0.0, lost=slice(0, 6)))
    assert not any(values.any() for values in gone.values())
    columns = describe(own, pose(at([20, 20, 99, 99, 20, 20], 0), 0.0, lost=slice(2, 4)))
    np.testing.assert_allclose(columns["other_distance"], 2, atol=1e-6)
    np.testing.assert_allclose(columns["other_nose_likelihood"], [1, 1, 0.1, 0.1, 1, 1], atol=1e-6)


def test_animals_that_do_not_fit_together_are_refused() -> None:
    own = pose(at([0.0] * 4, 0), 0.0)
    with pytest.raises(ValueError, match="expected at least one animal"):
        describe_social(own, [], fps=FPS, min_likelihood=0.6, size=SIZE)
    with pytest.raises(ValueError, match="differ from the animal in frames"):
        describe_social(own, [pose(at([0.0] * 3, 0), 0.0)], fps=FPS, min_likelihood=0.6, size=SIZE)
    with pytest.raises(ValueError, match="fps is 0"):
        describe_social(own, [own], fps=0, min_likelihood=0.6, size=SIZE)


def test_the_reference_lists_all_columns() -> None:
    text = (Path(__file__).parents[2] / "configs" / "README.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", text))
    social = name_social_features(("PART",), [("PART",)], has_axis=True, takes_nearest=True)
    assert [name for name in social if name.removeprefix("other_") not in documented] == []
    own = name_pose_features(("A", "PART", "B"), has_axis=True, has_arena=True)
    assert [name for name in own if not name.startswith(("A_", "B_")) and name not in documented] == []


@pytest.mark.parametrize("takes_nearest", [False, True])
def test_long_recordings_are_described_in_parts(monkeypatch: pytest.MonkeyPatch, takes_nearest: bool) -> None:
    rng = np.random.default_rng(0)
    animals = [pose(np.cumsum(rng.normal(0, 3, (40, 2)), axis=0), np.cumsum(rng.normal(0, 0.2, 40)), lost=slice(9, 13)) for _ in range(3)]
    whole = describe(*animals, takes_nearest=takes_nearest)
    monkeypatch.setattr(body_frame, "_FRAMES_AT_ONCE", 7)
    for name, values in describe(*animals, takes_nearest=takes_nearest).items():
        np.testing.assert_array_equal(values, whole[name], err_msg=name)
