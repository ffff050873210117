"""The scores of each view alone."""

import numpy as np
import pytest

from behavior.learning.view_scores import describe_view_scores, score_views


@pytest.fixture
def table(make_data):
    data = make_data({"a": [[0], [1], [0], [1]], "b": [[1], [0], [0], [0]]}, behaviors=["rear"])
    right = [np.array([[0.1], [0.9], [0.1], [0.9]], np.float32), np.array([[0.9], [0.1], [0.1], [0.1]], np.float32)]
    wrong = [1 - values for values in right]
    # The view shows only the first half of one recording, and nothing of the other.
    half = [np.array([[0.1], [0.9], [np.nan], [np.nan]], np.float32), np.full((4, 1), np.nan, np.float32)]
    return score_views(data, right, {"": wrong, "side": half})


def find(table, view, recording):
    rows = table[(table["view"] == view) & (table["recording"] == recording)]
    return rows["value"].tolist()


def test_a_view_is_scored_over_the_frames_that_it_shows(table):
    assert find(table, "together", "pooled") == [1.0] and find(table, "side", "a") == [1.0]
    assert find(table, "side", "b") == []
    assert find(table, "first", "pooled")[0] < 0.5
    assert set(table["metric"]) == {"average_precision"}


def test_scores_are_told_in_a_sentence(table):
    (sentence,) = describe_view_scores(table, file="views.csv")
    assert "side 1.000, together 1.000 (views.csv)" in sentence
