"""Scores of a round on predictions whose scores are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.files.clip_queue import QueuedClip
from behavior.files.training_rounds import ALL_FRAMES, MEAN_OF_BEHAVIORS, RANDOM_CLIPS
from behavior.learning.round_scores import RoundScores, score_round
from behavior.metrics.frames import average_precision
from behavior.recording import Annotation, Ethogram, Labels, Probabilities

BEHAVIORS = ("groom", "rear")


def make_results(n_recordings: int = 4, *, ceiling: pd.DataFrame | None = None) -> Any:
    """Predictions that are right on frames 0 to 99 of 200, and the other way round after them; rear is labelled nowhere."""
    rng = np.random.default_rng(0)
    annotations, labels = [], {}
    times = np.arange(200) / 10
    for number in range(n_recordings):
        truth = np.full((200, 2), -1, np.int8)
        truth[:, 0] = rng.integers(0, 2, 200)
        values = np.zeros((200, 2), np.float32)
        values[:, 0] = np.where((truth[:, 0] == 1) == (np.arange(200) < 100), 0.9, 0.1)
        decided = Ethogram(values >= 0.5, BEHAVIORS, times)
        annotations.append(Annotation(f"m{number}", Probabilities(values, BEHAVIORS, times), decided, decided))
        labels[f"m{number}"] = Labels(truth, BEHAVIORS)
    return SimpleNamespace(annotations=annotations, labels=labels, study=SimpleNamespace(behaviors=list(BEHAVIORS)), ceiling=ceiling)


def find(scores: RoundScores, behavior: str, metric: str) -> Any:
    return next(score for score in scores.scores if (score.behavior, score.metric) == (behavior, metric))


def test_random_clips_alone_are_scored_where_there_are_some() -> None:
    clips = [QueuedClip(f"m{number}", 10, 60, "drawn at random", True, "done") for number in range(4)]
    scores = score_round(make_results(), [*clips, QueuedClip("other", 0, 9, "of a recording that was not cross-validated", True, "done")])
    assert scores.scored_on == RANDOM_CLIPS
    assert scores.minutes == pytest.approx(4 * 50 / 10 / 60)
    assert find(scores, "groom", "average_precision")[2:] == (1.0, 1.0, 1.0)
    assert find(scores, MEAN_OF_BEHAVIORS, "f1").value == 1.0
    assert np.isnan(find(scores, "rear", "average_precision").value)


def test_all_labelled_frames_are_scored_where_there_are_none() -> None:
    results = make_results()
    scores = score_round(results, [])
    assert scores.scored_on == ALL_FRAMES
    assert scores.minutes == pytest.approx(4 * 200 / 10 / 60)
    truth = np.concatenate([results.labels[name].values[:, 0] for name in results.labels])
    predicted = np.concatenate([annotation.probabilities.values[:, 0] for annotation in results.annotations])
    value, low, high = find(scores, MEAN_OF_BEHAVIORS, "average_precision")[2:]
    assert value == pytest.approx(average_precision(truth, predicted))
    assert low <= value <= high
    assert 0.4 < find(scores, "groom", "f1").value < 0.6


def test_few_recordings_have_a_score_without_interval() -> None:
    value, low, high = find(score_round(make_results(2), []), "groom", "average_precision")[2:]
    assert value > 0
    assert np.isnan([low, high]).all()


def test_nothing_to_score_is_no_score() -> None:
    results = make_results(2)
    for labels in results.labels.values():
        labels.values[:] = -1
    assert score_round(results, []) == RoundScores("", 0.0, ())


def test_the_ceiling_is_the_raters_f1() -> None:
    rows = [
        ("others", "groom", "f1", 0.8, 0.7, 0.9, 3),
        ("others", "groom", "kappa", 0.7, 0.6, 0.8, 3),
        ("pairs", "groom", "f1", 0.6, 0.5, 0.7, 3),
        ("others", "rear", "f1", 0.6, 0.5, 0.7, 3),
    ]
    ceiling = pd.DataFrame(rows, columns=["against", "behavior", "metric", "value", "low", "high", "raters"])
    scores = score_round(make_results(ceiling=ceiling), [])
    assert find(scores, MEAN_OF_BEHAVIORS, "f1_of_raters")[2:] == pytest.approx((0.7, 0.6, 0.8))
