"""Curves of training: each stage after the other, and what is not known left out."""

import numpy as np
import pandas as pd
import pytest

from behavior.figures.training_curves import draw_training_curves

COLUMNS = ["stage", "epoch", "metric", "behavior", "value"]


def make_table(*, is_scored: bool = True) -> pd.DataFrame:
    rows = [("head", 1, "loss", "", 0.7), ("head", 2, "loss", "", 0.6), ("all", 1, "loss", "", 0.4)]
    if is_scored:
        rows += [("head", epoch, "accuracy", "rear", value) for epoch, value in enumerate((0.5, 0.6, 0.7))]
        rows += [("all", epoch, "accuracy", "rear", value) for epoch, value in enumerate((0.7, 0.9))]
        rows += [("all", epoch, "accuracy", "jump", np.nan) for epoch in (0, 1)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_stages_follow_each_other():
    loss, _, accuracy = draw_training_curves(make_table(), title="lab").axes
    lines = [line.get_xydata().tolist() for line in loss.lines if line.get_marker() == "o"]
    assert lines == [[[1.0, 0.7], [2.0, 0.6]], [[3.0, 0.4]]]
    drawn = [line.get_xydata().tolist() for line in accuracy.lines if line.get_marker() == "o"]
    assert drawn == [[[0.0, 0.5], [1.0, 0.6], [2.0, 0.7]], [[2.0, 0.7], [3.0, 0.9]]]


def test_what_is_not_known_is_said():
    _, precision, accuracy = draw_training_curves(make_table(is_scored=False)).axes
    assert [text.get_text() for axes in (precision, accuracy) for text in axes.texts] == ["no validation frames"] * 2
    with pytest.raises(ValueError, match="no loss"):
        draw_training_curves(pd.DataFrame(columns=COLUMNS))
