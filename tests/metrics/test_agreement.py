from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.metrics import ALL_COUNTS, score_agreement, score_frames, summarize_raters, vote_majority
from behavior.metrics.agreement import OTHERS, PAIRS
from behavior.recording import Frames

VOTES = arrays(np.int8, (3, 6), elements=st.sampled_from([-1, 0, 1]))


def look_up(table: pd.DataFrame, metric: str, *, recording: str = "pooled", behavior: str = "rear", **sides: str) -> float:
    rows = table[(table.recording == recording) & (table.behavior == behavior) & (table.metric == metric)]
    for name, value in sides.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return float(rows.value.iloc[0])


def column(*values: int) -> npt.NDArray[np.int8]:
    return np.array(values, dtype=np.int8)[:, None]


@given(VOTES)
def test_the_majority_is_what_more_say_whoever_comes_first(votes: npt.NDArray[np.int8]) -> None:
    majority = vote_majority(list(votes))
    assert majority.dtype == np.int8
    for frame, value in enumerate(majority.tolist()):
        yes, no = (int(np.count_nonzero(votes[:, frame] == said)) for said in (1, 0))
        assert value == (1 if yes > no else 0 if no > yes else -1)
    np.testing.assert_array_equal(majority, vote_majority(list(votes[::-1])))
    np.testing.assert_array_equal(vote_majority([votes[0]]), votes[0])


RATERS = {
    "anna": {"A": column(1, 1, 1, 0, 0, 0), "B": column(0, 1, 0, 0)},
    "ben": {"A": column(1, 1, 0, 0, 0, 1), "B": column(0, 1, 1, 0)},
    "carla": {"A": column(1, 1, 1, 1, 0, 0), "B": column(0, 1, 1, -1)},
}


def test_two_raters_are_scored_as_decisions_against_labels() -> None:
    table = score_agreement(RATERS, ["rear"])
    expected = score_frames(
        np.concatenate([RATERS["ben"][name][:, 0] for name in "AB"]),
        None,
        np.concatenate([RATERS["anna"][name][:, 0] for name in "AB"]) == 1,
    )
    for metric in ("precision", "recall", "f1", "kappa", "n_frames"):
        assert look_up(table, metric, rater="anna", against="ben") == expected[metric]
    assert "average_precision" not in set(table.metric)


def test_the_other_way_round_precision_is_recall_and_errors_turn_their_sign() -> None:
    table = score_agreement(RATERS, ["rear"], time_s={"A": np.arange(6.0), "B": np.arange(4.0)})
    there, back = {"rater": "anna", "against": "carla"}, {"rater": "carla", "against": "anna"}
    assert look_up(table, "precision", **there) == look_up(table, "recall", **back)
    for metric in ("f1", "kappa", "n_frames"):
        assert look_up(table, metric, **there) == look_up(table, metric, **back)
    for metric in ("bout_count_error", "duration_error_s", "latency_error_s"):
        assert look_up(table, metric, **there) == -look_up(table, metric, **back)


def test_frames_that_one_of_the_two_did_not_label_are_left_out() -> None:
    table = score_agreement(RATERS, ["rear"])
    assert look_up(table, "n_frames", recording="B", rater="anna", against="carla") == 3
    assert look_up(table, "n_frames", recording="B", rater="carla", against="anna") == 3


def test_ties_of_the_others_are_left_out() -> None:
    table = score_agreement(RATERS, ["rear"])
    # Ben and Carla differ in A at frames 2, 3 and 5; elsewhere Anna says what both say.
    assert look_up(table, "n_frames", recording="A", rater="anna", against=OTHERS) == 3
    assert look_up(table, "f1", recording="A", rater="anna", against=OTHERS) == 1
    # In B's last frame only Ben has a vote.
    assert look_up(table, "n_frames", recording="B", rater="anna", against=OTHERS) == 4


def test_a_tie_does_not_cut_a_bout_and_an_unlabelled_stretch_does() -> None:
    raters = {
        "anna": {"A": column(0, 1, 1, 1, 1, 1, 0)},
        "ben": {"A": column(0, 1, 1, 0, 1, 1, 0)},
        "carla": {"A": column(0, 1, 1, 1, 1, 1, 0)},
    }
    assert look_up(score_agreement(raters, ["rear"]), "bouts_labelled", rater="anna", against=OTHERS) == 1
    raters["ben"] = raters["carla"] = {"A": column(0, 1, 1, -1, 1, 1, 0)}
    assert look_up(score_agreement(raters, ["rear"]), "bouts_labelled", rater="anna", against=OTHERS) == 2


def test_times_stay_with_their_frames_where_ties_are_left_out() -> None:
    raters = {
        "anna": {"A": column(0, 0, 0, 0, 1, 1)},
        "ben": {"A": column(0, 1, 0, 0, 0, 1)},
        "carla": {"A": column(0, 0, 0, 0, 0, 1)},
    }
    table = score_agreement(raters, ["rear"], time_s={"A": np.array([0.0, 1.0, 2.0, 4.0, 7.0, 11.0])})
    # Without the tie at frame 1: Anna's bout starts at 7 s, the others' at 11 s, and frame 4 lasts 4 s.
    assert look_up(table, "latency_error_s", rater="anna", against=OTHERS) == -4
    assert look_up(table, "duration_error_s", rater="anna", against=OTHERS) == 4


def test_raters_who_say_the_same_agree_perfectly() -> None:
    raters = dict.fromkeys(("x", "y", "z"), RATERS["anna"])
    table = score_agreement(raters, ["rear"])
    pooled = table[(table.recording == "pooled") & table.metric.isin(["precision", "recall", "f1", "kappa", "segment_f1_50", "edit"])]
    assert len(pooled) == (6 + 3) * 6
    assert (pooled.value == 1).all()


def test_a_recording_that_only_one_has_is_left_out() -> None:
    alone = {"anna": {**RATERS["anna"], "C": column(1, 1)}, "ben": RATERS["ben"]}
    table = score_agreement(alone, ["rear"])
    assert set(table.recording) == {"A", "B", "pooled", "mean"}
    with pytest.raises(ValueError, match="in common"):
        score_agreement({"anna": {"A": column(1)}, "ben": {"B": column(1)}}, ["rear"])


@pytest.mark.parametrize(
    ("raters", "message"),
    [
        ({"anna": RATERS["anna"]}, "at least two"),
        ({"anna": RATERS["anna"], "others": RATERS["ben"]}, "called 'others'"),
        ({"anna": {"A": column(1, 0)}, "ben": {"A": column(1)}}, r"'A' by 'ben' have shape \(1, 1\), expected \(2, 1\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(raters: Mapping[str, Mapping[str, npt.NDArray[np.int8]]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score_agreement(raters, ["rear"])


def test_the_ceiling_is_the_mean_over_raters_with_its_range() -> None:
    table = score_agreement(RATERS, ["rear"])
    ceiling = summarize_raters(table).set_index(["against", "metric"])
    for kind, rows in ((OTHERS, table.against == OTHERS), (PAIRS, table.against != OTHERS)):
        values = table.value[rows & (table.recording == "pooled") & (table.metric == "f1")]
        assert len(values) == (3 if kind == OTHERS else 6)
        found = ceiling.loc[(kind, "f1")]
        assert (found.value, found.low, found.high, found.raters) == (pytest.approx(values.mean()), values.min(), values.max(), 3)
    assert not set(ceiling.reset_index().metric) & set(ALL_COUNTS)


def test_two_raters_have_one_ceiling() -> None:
    ceiling = summarize_raters(score_agreement({name: RATERS[name] for name in ("anna", "ben")}, ["rear"]))
    assert set(ceiling.against) == {OTHERS}
    assert (ceiling.raters == 2).all()


def test_people_agree_on_the_open_field_recordings_as_was_measured(shared_data: Path) -> None:
    folder = shared_data / "oft"
    behaviors = ["grooming", "mid_rearing", "wall_rearing"]
    lengths = {}
    for path in sorted((folder / "features").glob("*.npz")):
        with np.load(path) as stored:
            lengths[path.stem] = len(stored["features"])
    assert len(lengths) == 12
    raters = {
        rater: {
            name: read_labels(folder / "labels" / rater / f"{name}.csv", LabelRequest(tuple(behaviors), Frames(n)))[0].values
            for name, n in lengths.items()
        }
        for rater in ("furkan", "jin", "oliver")
    }
    table = score_agreement(raters, behaviors, n_resamples=100)
    ceiling = summarize_raters(table).set_index(["against", "behavior", "metric"])
    for behavior, low, high in (("grooming", 0.74, 0.77), ("mid_rearing", 0.73, 0.79), ("wall_rearing", 0.88, 0.91)):
        found = ceiling.loc[(PAIRS, behavior, "f1")]
        assert (found.low, found.high) == (pytest.approx(low, abs=0.006), pytest.approx(high, abs=0.006))
        # With the frames that are hardest left out, people agree better.
        assert ceiling.loc[(OTHERS, behavior, "f1")].low > found.low
