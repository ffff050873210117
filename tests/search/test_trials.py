"""Scores of a trial, why a search ended, and what is loaded for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from behavior.config import Search, Study, Windows
from behavior.errors import UsageError
from behavior.learning.learning_data import LearningData
from behavior.learning.recording_features import RecordingFeatures
from behavior.recording import Labels, Recording
from behavior.search import trials
from behavior.search.results import SearchResult
from behavior.search.trials import explain_end, hash_data, hash_settings, make_shelf, score_behaviors


def test_scores_are_over_all_frames_and_the_behaviors_that_occur() -> None:
    labels = np.array([[1, 0, 1], [0, 0, -1], [1, 0, 0], [0, -1, 1]], dtype=np.int8)
    probabilities = np.array([[0.9, 0.2, np.nan], [0.8, 0.1, np.nan], [0.7, 0.3, np.nan], [0.1, 0.4, np.nan]], dtype=np.float32)
    scores = score_behaviors("average_precision", labels, probabilities, ["a", "b", "c"])
    assert scores == {"a": pytest.approx(0.5 * 1 + 0.5 * 2 / 3), "c": 0.0}
    assert score_behaviors("f1", labels[:, :1], probabilities[:, :1], ["a"]) == {"a": pytest.approx(0.8)}
    assert score_behaviors("f2", labels[:, :1], probabilities[:, :1], ["a"]) == {"a": pytest.approx(10 / 11)}


def make_result(finished: int, *, running: int = 0, limit: int = 5) -> SearchResult:
    counts = {"complete": finished, "pruned": 0, "failed": 0, "running": running}
    return SearchResult(pd.DataFrame(), limit, counts, None, float("nan"), {}, {})


@pytest.mark.parametrize(
    ("result", "is_time_up", "expected"),
    [
        (make_result(5), False, ""),
        (make_result(6), True, ""),
        (make_result(3), True, "3 of 5 trials are done and the time is up; the same command resumes"),
        (make_result(3, running=2), False, "3 of 5 trials are done; other workers are at 2 more"),
        (make_result(3), False, "3 of 5 trials are done, and there is no other setting to try"),
    ],
)
def test_a_worker_says_why_it_ended(result: SearchResult, is_time_up: bool, expected: str) -> None:
    assert explain_end(result, is_time_up=is_time_up) == expected


def test_features_are_loaded_once_for_each_choice_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[list[str]] = []
    monkeypatch.setattr(trials, "load_learning_data", lambda study, recordings: loaded.append(list(study.streams)) or object())
    studies = [Study(behaviors=["rear"], streams=[name]) for name in "abc"]
    get = make_shelf([])
    first = get(studies[0])
    # Another window is no other choice of features.
    assert get(studies[0].model_copy(update={"windows": Windows(length=7)})) is first
    get(studies[1])
    get(studies[0])
    get(studies[2])
    assert loaded == [["a"], ["b"], ["c"]]
    # The one that was used longest ago made room.
    assert get(studies[0]) is first
    get(studies[1])
    assert loaded == [["a"], ["b"], ["c"], ["b"]]


def test_a_search_is_another_one_where_scores_would_differ() -> None:
    study, search = Study(behaviors=["rear"], streams=["a"]), Search(space={"head.units": [1, 2]})
    known = hash_settings(study, search)
    assert hash_settings(study, search.model_copy(update={"seed": 9})) == known
    assert hash_settings(study.model_copy(update={"cache": study.cache / "elsewhere"}), search) == known
    assert hash_settings(study.model_copy(update={"windows": Windows(length=7)}), search) != known
    assert hash_settings(study, search.model_copy(update={"objective": "f1"})) != known


def make_learning_data(labels: list[int], *, value: float = 0.0, animal: str = "") -> LearningData:
    features = RecordingFeatures(np.full((len(labels), 2), value, dtype=np.float32), np.arange(len(labels)) / 10, 10.0, (), False)
    truth = Labels(np.array(labels, dtype=np.int8)[:, None], ("rear",))
    return LearningData((Recording("r0", animal=animal),), (features,), (truth,), ("rear",))


def test_a_search_is_another_one_where_features_or_labels_differ() -> None:
    study = Study(behaviors=["rear"], streams=["a"])
    known = hash_data(study, [make_learning_data([0, 1, -1])])
    assert hash_data(study, [make_learning_data([0, 1, -1])]) == known
    other_labels = hash_data(study, [make_learning_data([0, 1, 1])])
    assert other_labels["features"] == known["features"]
    assert other_labels["labels"] != known["labels"]
    for other in (make_learning_data([0, 1, -1], value=0.5), make_learning_data([0, 1, -1], animal="A")):
        hashes = hash_data(study, [other])
        assert hashes["features"] != known["features"]
        assert hashes["labels"] == known["labels"]


def test_labels_without_a_positive_frame_cannot_be_searched_on() -> None:
    study = Study(behaviors=["rear"], streams=["a"])
    with pytest.raises(UsageError, match="no frame of any training recording is labelled with a behavior"):
        hash_data(study, [make_learning_data([0, 0, -1])])
