"""Numbers of bouts, worked out by hand on a small ethogram, and what holds for every ethogram."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.frame_times import frame_edges
from behavior.statistics import describe_behaviors, describe_bouts, make_bin_edges
from behavior.statistics.bouts import BOUT_METRICS

# 20 frames of half a second: bouts [2, 6), [9, 10), [13, 19) are 2, 0.5 and 3 s long and start at 1, 4.5 and 6.5 s.
SHOWN = np.zeros(20, dtype=bool)
SHOWN[2:6] = SHOWN[9] = SHOWN[13:19] = True
TIME_S = np.arange(20) / 2
EDGES = np.arange(21) / 2


def test_a_small_ethogram_worked_out_by_hand() -> None:
    found = {name: float(values[0]) for name, values in describe_bouts(SHOWN, EDGES).items()}
    assert found == pytest.approx(
        {
            "observed_s": 10.0,
            "bout_count": 3,
            "total_s": 5.5,
            "share": 0.55,
            "bouts_per_minute": 18.0,
            "mean_bout_s": 5.5 / 3,
            "median_bout_s": 2.0,
            "longest_bout_s": 3.0,
            "latency_s": 1.0,
            # From 3.0 to 4.5, and from 5.0 to 6.5.
            "mean_interval_s": 1.5,
            "median_interval_s": 1.5,
        }
    )


def test_bins_split_durations_and_keep_bouts_where_they_start() -> None:
    # [0, 4), [4, 8) and what is left, [8, 10).
    found = describe_bouts(SHOWN, EDGES, bin_edges=make_bin_edges(EDGES, 4.0))
    expected = {
        "observed_s": [4, 4, 2],
        "bout_count": [1, 2, 0],
        "total_s": [2.0, 0.5 + 1.5, 1.5],
        "share": [0.5, 0.5, 0.75],
        "bouts_per_minute": [15, 30, 0],
        "mean_bout_s": [2.0, 1.75, np.nan],
        "median_bout_s": [2.0, 1.75, np.nan],
        "longest_bout_s": [2.0, 3.0, np.nan],
        "latency_s": [1.0, 0.5, np.nan],
        "mean_interval_s": [np.nan, 1.5, np.nan],
        "median_interval_s": [np.nan, 1.5, np.nan],
    }
    assert list(found) == list(BOUT_METRICS) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, err_msg=name)


def test_what_nobody_observed_does_not_count() -> None:
    observed = np.ones(20, dtype=bool)
    observed[:1] = observed[11:15] = False
    found = {name: float(values[0]) for name, values in describe_bouts(SHOWN, EDGES, observed=observed).items()}
    assert found == pytest.approx(
        {
            "observed_s": 7.5,
            "bout_count": 3,
            # The last bout is seen from 7.5 s on.
            "total_s": 2.0 + 0.5 + 2.0,
            "share": 4.5 / 7.5,
            "bouts_per_minute": 3 * 60 / 7.5,
            "mean_bout_s": 1.5,
            "median_bout_s": 2.0,
            "longest_bout_s": 2.0,
            # The clock starts with the first observed frame, at 0.5 s.
            "latency_s": 0.5,
            "mean_interval_s": 1.5,
            "median_interval_s": 1.5,
        }
    )


def test_a_bin_that_nobody_observed_is_empty() -> None:
    observed = np.arange(20) >= 8
    found = describe_bouts(SHOWN, EDGES, observed=observed, bin_edges=make_bin_edges(EDGES, 4.0))
    assert found["observed_s"].tolist() == [0.0, 4.0, 2.0]
    assert all(np.isnan(values[0]) for name, values in found.items() if name != "observed_s")


def test_a_behavior_that_never_comes_has_a_count_but_no_latency() -> None:
    found = describe_bouts(np.zeros(20, dtype=bool), EDGES)
    assert [found[name][0] for name in ("bout_count", "total_s", "share", "bouts_per_minute")] == [0, 0, 0, 0]
    assert all(np.isnan(found[name][0]) for name in ("mean_bout_s", "longest_bout_s", "latency_s", "mean_interval_s"))


def test_uneven_time_stamps_are_what_durations_are_made_of() -> None:
    time_s = np.array([0.0, 1.0, 3.0, 4.0])
    found = describe_bouts(np.array([False, True, False, True]), frame_edges(time_s))
    assert found["total_s"].tolist() == [3.0]
    assert found["share"].tolist() == [0.6]


def test_the_table_has_the_whole_first_and_bins_by_their_start() -> None:
    table = describe_behaviors(np.column_stack((SHOWN, ~SHOWN)), ["rear", "other"], TIME_S + 5, bin_s=4.0)
    counts = table[table["metric"] == "bout_count"]
    assert counts["behavior"].tolist() == ["rear", "other", "rear", "rear", "rear", "other", "other", "other"]
    assert counts["value"].tolist() == [3, 4, 1, 2, 0, 2, 1, 1]
    np.testing.assert_array_equal(counts["bin"], [np.nan, np.nan, 0, 4, 8, 0, 4, 8])
    assert len(table) == len(BOUT_METRICS) * 8


def test_a_recording_without_frames_has_nothing_to_say() -> None:
    table = describe_behaviors(np.zeros((0, 1), dtype=bool), ["rear"], np.zeros(0), bin_s=1.0)
    assert table[table["metric"] == "observed_s"]["value"].tolist() == [0.0, 0.0]
    assert table[table["metric"] != "observed_s"]["value"].isna().all()


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(T,\)"):
        describe_bouts(SHOWN, EDGES[:-1])
    with pytest.raises(ValueError, match="values have shape"):
        describe_behaviors(SHOWN[:, None], ["a", "b"], TIME_S)
    with pytest.raises(ValueError, match="more than 0"):
        make_bin_edges(EDGES, 0.0)


@st.composite
def ethograms(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw what is shown, what was observed, and the edges of frames of uneven length."""
    n_frames = draw(st.integers(1, 40))
    shown, observed = (draw(arrays(np.bool_, n_frames)) for _ in range(2))
    lengths = draw(arrays(np.float64, n_frames, elements=st.floats(0.01, 2.0)))
    return shown, observed, np.concatenate(([0.0], np.cumsum(lengths)))


@settings(max_examples=40)
@given(ethograms(), st.floats(0.3, 20.0))
def test_bins_add_up_to_the_whole(ethogram: tuple[np.ndarray, np.ndarray, np.ndarray], bin_s: float) -> None:
    shown, observed, edges = ethogram
    whole = describe_bouts(shown, edges, observed=observed)
    bins = describe_bouts(shown, edges, observed=observed, bin_edges=make_bin_edges(edges, bin_s))
    for name in ("observed_s", "bout_count", "total_s"):
        np.testing.assert_allclose(np.nansum(bins[name]), np.nan_to_num(whole[name][0]), atol=1e-9)
    longest = bins["longest_bout_s"][~np.isnan(bins["longest_bout_s"])]
    assert len(longest) == 0 or longest.max() == whole["longest_bout_s"][0]
    shares = bins["share"][~np.isnan(bins["share"])]
    assert np.all((shares >= -1e-9) & (shares <= 1 + 1e-9))


@settings(max_examples=40)
@given(ethograms())
def test_a_behavior_and_its_absence_share_the_observed_time(ethogram: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    shown, observed, edges = ethogram
    present, absent = (describe_bouts(values, edges, observed=observed) for values in (shown, ~shown))
    if observed.any():
        assert present["share"][0] + absent["share"][0] == pytest.approx(1.0)
    np.testing.assert_allclose(np.nan_to_num(present["mean_bout_s"] * present["bout_count"]), np.nan_to_num(present["total_s"]), atol=1e-9)


@settings(max_examples=40)
@given(ethograms(), st.floats(0.3, 20.0))
def test_a_recording_that_starts_later_reads_the_same(ethogram: tuple[np.ndarray, np.ndarray, np.ndarray], bin_s: float) -> None:
    shown, observed, edges = ethogram
    first, second = (
        describe_bouts(shown, moved, observed=observed, bin_edges=make_bin_edges(moved, bin_s)) for moved in (edges, edges + 1024.0)
    )
    for name in ("bout_count", "total_s", "latency_s", "longest_bout_s"):
        np.testing.assert_allclose(first[name], second[name], atol=1e-6, err_msg=name)


def test_a_pause_is_no_observed_time_and_ends_bouts() -> None:
    # Ten seconds of recording with an hour's pause in the middle; a bout before and a bout after it touch the pause.
    time_s = np.concatenate((np.arange(50) / 10, 3600 + np.arange(50) / 10))
    values = np.zeros((100, 1), dtype=bool)
    values[40:60] = True
    table = describe_behaviors(values, ["grooming"], time_s, bin_s=60.0)
    whole = table[table["bin"].isna()].set_index("metric")["value"]
    assert whole["observed_s"] == pytest.approx(10.0)
    assert whole["total_s"] == pytest.approx(2.0)
    assert whole["share"] == pytest.approx(0.2)
    assert (whole["bout_count"], whole["bouts_per_minute"]) == (2, pytest.approx(12.0))
    assert whole["longest_bout_s"] == pytest.approx(1.0)
    assert np.isnan(whole["mean_interval_s"])
    binned = table[table["bin"].notna()].pivot(index="bin", columns="metric", values="value")
    assert len(binned) == 61
    assert binned["observed_s"].tolist() == pytest.approx([5.0, *[0.0] * 59, 5.0])
    assert np.isnan(binned["share"]).sum() == 59
    assert binned["bout_count"].tolist()[:1] + binned["bout_count"].tolist()[-1:] == [1, 1]
    # Bins of two seconds whose edges lie within the recorded parts.
    short = describe_behaviors(values, ["grooming"], time_s, bin_s=2.0)
    totals = short[short["bin"].notna() & (short["metric"] == "observed_s")]["value"].to_numpy()
    assert totals[:3].tolist() == pytest.approx([2.0, 2.0, 1.0])
    assert totals.sum() == pytest.approx(10.0)
