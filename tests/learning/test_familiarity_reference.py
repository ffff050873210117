"""References of streams: distances known by construction, left-out recordings, and arrays that read back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from behavior.learning import familiarity_reference
from behavior.learning.familiarity_reference import FIRST_REFERENCE_DTYPES, REFERENCE_DTYPES, StreamReference, fit_stream_reference

ANIMALS = ["a", "b", "c", "d"]


def make_features(seed: int, *, n_frames: int = 200, width: int = 6) -> npt.NDArray[np.float16]:
    return np.random.default_rng(seed).normal(3, 2, (n_frames, width)).astype(np.float16)


@pytest.fixture(scope="module")
def reference() -> StreamReference:
    fitted = fit_stream_reference([make_features(seed) for seed in range(4)], ANIMALS)
    assert fitted is not None
    return fitted


def test_one_frame_in_a_hundred_of_left_out_recordings_is_beyond_the_limit(reference: StreamReference) -> None:
    assert reference.shares.mean() == pytest.approx(0.01, abs=0.003)
    assert ((reference.medians > 0.2) & (reference.medians < 1)).all()
    # A new recording of the same kind is as the left-out ones were.
    distances = reference.measure(make_features(9))
    assert distances.shape == (200,)
    assert np.median(distances) == pytest.approx(reference.medians.mean(), rel=0.15)


def test_what_is_elsewhere_is_far_and_farther(reference: StreamReference) -> None:
    medians = [np.median(reference.measure(make_features(9).astype(np.float32) + shift)) for shift in (0, 4, 8, 40)]
    assert medians == sorted(medians)
    # Forty, in each of six features of deviation 2, lie beyond all frames.
    assert medians[3] * reference.limit == pytest.approx(np.sqrt(6) * 40 / 2, rel=0.2)


def test_shift_and_spread_are_those_of_construction(reference: StreamReference) -> None:
    assert reference.distribution is not None
    features = make_features(9, n_frames=20_000).astype(np.float64)
    own = reference.compare(features)
    assert own.shift is not None
    assert own.spread is not None
    assert max(own.shift, own.spread) < 0.15
    # All means move by one deviation; all deviations are halved.
    moved = reference.compare(features + 2)
    assert moved.shift == pytest.approx(1, abs=0.15)
    assert moved.spread == pytest.approx(own.spread)
    # The nearest recording counts, which lies in another place.
    elsewhere = fit_stream_reference([make_features(seed).astype(np.float32) + (200 if seed == 3 else 0) for seed in range(4)], ANIMALS)
    assert elsewhere is not None
    assert elsewhere.distribution is not None
    assert elsewhere.compare(features + 200).shift == pytest.approx(elsewhere.compare(features).shift, abs=0.15)
    assert elsewhere.distribution.shifts[3] > 5 * elsewhere.distribution.shifts[:3].max()
    halved = reference.compare((features - 3) / 2 + 3)
    assert halved.spread == pytest.approx(np.log(1.05 / 0.55), abs=0.1)
    # One feature of six counts for the root of a sixth.
    features[:, 2] += 10
    assert reference.compare(features).shift == pytest.approx(5 / np.sqrt(6), rel=0.1)


def test_a_feature_that_never_varied_tells_what_varies_there() -> None:
    features = [np.concatenate([make_features(seed), np.full((200, 1), 2.0)], axis=1) for seed in range(4)]
    reference = fit_stream_reference(features, ANIMALS)
    assert reference is not None
    assert reference.preparation.n_outputs == 6
    changed = features[0].copy()
    before = np.median(reference.measure(changed))
    changed[:, 6] = 12
    assert np.median(reference.measure(changed)) * reference.limit == pytest.approx(np.hypot(10, before * reference.limit), rel=0.05)


def test_a_recording_of_another_kind_is_far_when_it_is_left_out() -> None:
    features = [make_features(seed).astype(np.float32) for seed in range(4)]
    features[2] += 20
    reference = fit_stream_reference(features, ANIMALS)
    assert reference is not None
    assert reference.medians[2] > 3 * reference.medians[[0, 1, 3]].max()
    # Left out together with another of its kind, it is far, too; by itself, it is not.
    twice = [*features, features[2] + 0.1]
    alone, together = (fit_stream_reference(twice, [*ANIMALS, animal]) for animal in ("e", "c"))
    assert alone is not None
    assert together is not None
    assert alone.medians[2] * alone.limit < 0.2 * together.medians[2] * together.limit


def test_recordings_of_one_animal_are_left_out_one_by_one() -> None:
    reference = fit_stream_reference([make_features(seed) for seed in range(3)], ["a"] * 3)
    assert reference is not None
    assert reference.medians.shape == (3,)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(familiarity_reference, "N_REFERENCE", 50)
    monkeypatch.setattr(familiarity_reference, "N_FITTED", 120)
    monkeypatch.setattr(familiarity_reference, "N_COMPONENTS", 3)
    reference = fit_stream_reference([make_features(seed, n_frames=30) for seed in range(24)], [str(number) for number in range(24)])
    assert reference is not None
    assert len(reference.frames) <= 50
    assert reference.preparation.n_outputs == 3
    assert reference.medians.shape == (24,)


def test_nothing_is_said_without_another_recording_or_any_variation() -> None:
    assert fit_stream_reference([make_features(0)], ["a"]) is None
    assert fit_stream_reference([np.ones((9, 2), np.float16)] * 3, ["a", "b", "c"]) is None


def test_long_recordings_are_measured_part_by_part(reference: StreamReference, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reference.measure(make_features(5))
    monkeypatch.setattr(familiarity_reference, "_FRAMES_AT_ONCE", 33)
    np.testing.assert_allclose(reference.measure(make_features(5)), whole, rtol=1e-4)


def test_arrays_read_back(reference: StreamReference) -> None:
    arrays = reference.to_arrays()
    assert {name: values.dtype.type for name, values in arrays.items()} == REFERENCE_DTYPES
    read = StreamReference.from_arrays(arrays)
    np.testing.assert_array_equal(read.measure(make_features(5)), reference.measure(make_features(5)))
    assert read.compare(make_features(5)).spread == reference.compare(make_features(5)).spread
    # A reference of the first version has no shift and no spread.
    first = StreamReference.from_arrays({name: arrays[name] for name in FIRST_REFERENCE_DTYPES})
    np.testing.assert_array_equal(first.compare(make_features(5)).distances, read.measure(make_features(5)))
    assert (first.compare(make_features(5)).shift, first.compare(make_features(5)).spread) == (None, None)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("limit", np.array([0.0])),
        ("limit", np.array([1.0, 2.0])),
        ("frames", np.zeros((0, 6), np.float32)),
        ("frames", np.zeros((5, 4), np.float32)),
        ("frames", np.full((5, 6), np.inf, np.float32)),
        ("medians", np.array([1.0])),
        ("shares", np.array([0.1, 0.1, 0.1, 1.5])),
        ("components", np.full((6, 6), np.nan)),
        ("scale", np.zeros(6)),
        ("whitening", np.eye(5)),
        ("middles", np.zeros((4, 5))),
        ("deviations", np.zeros(5)),
        ("deviations", np.full(6, np.nan)),
        ("shifts", np.zeros(3)),
        ("spreads", np.full(4, -0.1)),
    ],
)
def test_arrays_that_do_not_go_together_are_refused(reference: StreamReference, name: str, values: npt.NDArray) -> None:
    with pytest.raises(ValueError, match=r"."):
        StreamReference.from_arrays({**reference.to_arrays(), name: values})
