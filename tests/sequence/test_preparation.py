from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from behavior.errors import UsageError
from behavior.sequence import preparation
from behavior.sequence.preparation import (
    Preparation,
    SpreadOfMany,
    combine_moments,
    fit_preparation,
    fit_preparation_of_scores,
    measure_moments,
    require_components,
    solve_preparation,
)


@pytest.fixture
def recordings() -> list[np.ndarray]:
    """Three recordings of 12 correlated features of different size, far from zero, float16."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(12, 12)) * np.geomspace(0.1, 3, 12)
    return [(rng.normal(size=(n, 12)) @ mixing + 5).astype(np.float16) for n in (150, 90, 201)]


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("pca", [None, 1, 4, 12, 0.5, 0.95])
def test_it_does_what_scikit_learn_does(recordings: list[np.ndarray], standardize: bool, pca: float | None) -> None:
    pooled = np.concatenate(recordings).astype(np.float64)
    expected = StandardScaler(with_std=standardize).fit_transform(pooled)
    if pca is not None:
        expected = PCA(pca, svd_solver="full").fit_transform(expected)
    prepared = fit_preparation(recordings, standardize=standardize, pca=pca).apply(np.concatenate(recordings))
    assert prepared.dtype == np.float32
    assert prepared.shape == expected.shape
    # scikit-learn chooses signs by another rule.
    signs = np.sign(np.sum(prepared * expected, axis=0)) if pca is not None else 1.0
    np.testing.assert_allclose(prepared * signs, expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_chunks_change_nothing(recordings: list[np.ndarray], dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    given_ = [part.astype(dtype) for part in recordings]
    whole = fit_preparation(given_, standardize=True, pca=5)
    monkeypatch.setattr(preparation, "_CHUNK_VALUES", 12 * 17)
    parts = fit_preparation(given_, standardize=True, pca=5)
    for name, array in whole.to_arrays().items():
        np.testing.assert_allclose(parts.to_arrays()[name], array, atol=1e-5)
    np.testing.assert_allclose(parts.apply(given_[0]), whole.apply(given_[0]), atol=1e-4)


def test_moments_of_recordings_add_up(recordings: list[np.ndarray]) -> None:
    moments = [measure_moments(part, covariance=True) for part in recordings]
    before = [part.scatter.copy() for part in moments]
    # As folds do: each leaves one out.
    for left_out in range(3):
        kept = [part for index, part in enumerate(recordings) if index != left_out]
        combined = combine_moments(part for index, part in enumerate(moments) if index != left_out)
        solved = solve_preparation(combined, standardize=True, pca=3)
        expected = fit_preparation(kept, standardize=True, pca=3)
        for name, array in expected.to_arrays().items():
            np.testing.assert_array_equal(solved.to_arrays()[name], array)
    for part, scatter in zip(moments, before, strict=True):
        np.testing.assert_array_equal(part.scatter, scatter)


def test_a_left_out_recording_changes_nothing(recordings: list[np.ndarray]) -> None:
    first = fit_preparation(recordings[:2], standardize=True, pca=3)
    recordings[2][:] = 99
    np.testing.assert_array_equal(fit_preparation(recordings[:2], standardize=True, pca=3).components, first.components)


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(2, 20), st.integers(1, 6)),
        elements=st.floats(-1000, 1000, width=16),
    )
)
def test_standardised_features_have_mean_0_and_deviation_1(features: np.ndarray) -> None:
    prepared = fit_preparation([features], standardize=True, pca=None).apply(features)
    assert np.isfinite(prepared).all()
    constant = np.ptp(features, axis=0) == 0
    np.testing.assert_array_equal(prepared[:, constant], 0)
    np.testing.assert_allclose(prepared.mean(axis=0), 0, atol=1e-2)
    spread = features.std(axis=0, dtype=np.float64)
    clear = spread > 1e-3 * np.abs(features).max(axis=0)
    np.testing.assert_allclose(prepared.std(axis=0)[clear], 1, atol=1e-3)


def test_components_are_orthonormal_in_order_and_of_one_sign(recordings: list[np.ndarray]) -> None:
    fitted = fit_preparation(recordings, standardize=False, pca=6)
    assert fitted.components is not None
    np.testing.assert_allclose(fitted.components.T @ fitted.components, np.eye(6), atol=1e-10)
    assert np.all(fitted.components[np.argmax(np.abs(fitted.components), axis=0), range(6)] > 0)
    variances = fitted.apply(np.concatenate(recordings)).var(axis=0)
    assert np.all(np.diff(variances) < 0)


def test_a_share_of_variance_takes_as_few_components_as_reach_it() -> None:
    rng = np.random.default_rng(2)
    # Independent, of variance 16, 4 and 1: shares 0.76, 0.95 and 1.
    features = (rng.normal(size=(20000, 3)) * (4, 2, 1)).astype(np.float32)
    counts = {share: fit_preparation([features], standardize=False, pca=share).n_outputs for share in (0.7, 0.8, 0.94, 0.97, 0.999999)}
    assert counts == {0.7: 1, 0.8: 2, 0.94: 2, 0.97: 3, 0.999999: 3}


def test_constant_features_keep_their_scale_and_take_no_component(recordings: list[np.ndarray]) -> None:
    for part in recordings:
        part[:, 3] = np.float16(0.1)
    fitted = fit_preparation(recordings, standardize=True, pca=0.9999)
    assert fitted.scale[3] == 1
    assert fitted.components is not None
    np.testing.assert_allclose(fitted.components[3], 0, atol=1e-7)
    with pytest.raises(UsageError, match=r"asks for 12 components.* 11 of them not constant, have 11"):
        fit_preparation(recordings, standardize=True, pca=12)


@pytest.mark.parametrize(
    ("features", "pca", "expected"),
    [
        (np.eye(3), 3, "asks for 3 components, but the 3 training frames of 3 features, 3 of them not constant, have 2"),
        (np.ones((5, 2)), 0.9, "asks for 90% of the variance.* have 0"),
        (np.ones((1, 2)), 1, "have 0"),
        (np.eye(3), 1.5, "pca is 1.5"),
        (np.array([[1.0, 2.0], [1.0, np.nan]]), 1, "feature 1 of frame 1 is not a finite number"),
    ],
)
def test_what_cannot_be_is_said(features: np.ndarray, pca: float, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        fit_preparation([features.astype(np.float32)], standardize=False, pca=pca)


def test_arrays_that_do_not_fit_are_refused(recordings: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="at least one recording"):
        fit_preparation([], standardize=True, pca=None)
    with pytest.raises(ValueError, match="at least one frame"):
        fit_preparation([np.zeros((0, 3), np.float32)], standardize=True, pca=None)
    with pytest.raises(ValueError, match="expected one"):
        fit_preparation([recordings[0], recordings[1][:, :5]], standardize=True, pca=None)
    with pytest.raises(ValueError, match=r"expected \(T, 12\)"):
        fit_preparation(recordings, standardize=True, pca=None).apply(np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="covariance"):
        solve_preparation(measure_moments(recordings[0], covariance=False), standardize=True, pca=3)


@pytest.mark.parametrize("pca", [None, 3, 0.9])
def test_scores_are_standardised_and_reduced_like_features(recordings: list[np.ndarray], pca: float | None) -> None:
    # Nothing stays of sizes, also of extreme ones.
    features = [np.exp(2 * part.astype(np.float32)) for part in recordings]
    columns = np.arange(12)
    fitted = fit_preparation_of_scores(features, columns, pca=pca)
    assert fitted.normal_scores is not None
    scores = [fitted.normal_scores.apply(part) for part in features]
    expected = fit_preparation(scores, standardize=True, pca=pca)
    np.testing.assert_allclose(fitted.apply(features[0]), expected.apply(scores[0]), atol=1e-5)
    plain = fit_preparation_of_scores(recordings, columns, pca=pca)
    np.testing.assert_allclose(plain.apply(recordings[0]), fitted.apply(features[0]), atol=0.2)
    # A frame that no view shows counts as the middle one.
    absent = fitted.apply(np.full((1, 12), np.nan, dtype=np.float32))
    np.testing.assert_array_equal(absent, 0)


@pytest.mark.parametrize("pca", [None, 4])
@pytest.mark.parametrize("fit", [partial(fit_preparation, standardize=True), partial(fit_preparation_of_scores, columns=np.array([2, 5]))])
def test_it_survives_a_file_of_arrays(recordings: list[np.ndarray], fit: Callable[..., Preparation], pca: int | None) -> None:
    fitted = fit(recordings, pca=pca)
    file = io.BytesIO()
    np.savez(file, **fitted.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        read = Preparation.from_arrays(arrays)
    np.testing.assert_array_equal(read.apply(recordings[0]), fitted.apply(recordings[0]))
    with pytest.raises(ValueError, match="lacks scale"):
        Preparation.from_arrays({"mean": fitted.mean})
    with pytest.raises(ValueError, match="lacks columns and scores"):
        Preparation.from_arrays({"mean": fitted.mean, "scale": fitted.scale, "knots": np.zeros((3, 1))})
    scores = {"columns": np.array([12.0]), "knots": np.zeros((3, 1)), "scores": np.zeros((3, 1))}
    with pytest.raises(ValueError, match="not whole numbers"):
        Preparation.from_arrays({"mean": fitted.mean, "scale": fitted.scale, **scores, "columns": np.array([0.5])})
    with pytest.raises(ValueError, match="of feature 12, expected one of 12"):
        Preparation.from_arrays({"mean": fitted.mean, "scale": fitted.scale, **scores})
    with pytest.raises(ValueError, match="components"):
        Preparation(fitted.mean, fitted.scale, np.zeros((3, 2)))
    with pytest.raises(ValueError, match="above 0"):
        Preparation(fitted.mean, fitted.scale * 0)


def test_no_frames_can_be_prepared(recordings: list[np.ndarray]) -> None:
    assert fit_preparation(recordings, standardize=True, pca=4).apply(recordings[0][:0]).shape == (0, 4)


@given(seed=st.integers(0, 200), n_recordings=st.integers(1, 6))
def test_the_spread_of_some_of_many_recordings_is_that_of_their_moments(seed: int, n_recordings: int) -> None:
    rng = np.random.default_rng(seed)
    # Few values, so that features are constant in some recordings, and the same in several.
    moments = [
        measure_moments(rng.integers(0, 2, (rng.integers(1, 3), 6)).astype(np.float32), covariance=False) for _ in range(n_recordings)
    ]
    chosen = np.flatnonzero(rng.random(n_recordings) < 0.6).tolist() or [0]
    spread, expected = SpreadOfMany(moments).combine(chosen), combine_moments([moments[index] for index in chosen])
    assert spread.n_frames == expected.n_frames
    np.testing.assert_array_equal(spread.low < spread.high, expected.low < expected.high)
    assert require_components(spread, pca=None) == require_components(expected, pca=None)
