"""Scoring a gallery on what was left out: bounds, files, and what cannot be scored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from gallery_samples import write_photos

from behavior.errors import OutputError
from behavior.workflows.identify_enrol import EnrolRequest, enrol_individuals
from behavior.workflows.identify_evaluate import evaluate_gallery


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    enrol_individuals(folder / "gallery", [write_photos(folder / "photos", range(7), n_each=3)], EnrolRequest(backbone="correlogram"))
    return folder / "gallery"


def test_scores_are_of_what_was_left_out_and_within_their_bounds(gallery: Path, tmp_path: Path) -> None:
    result = evaluate_gallery(gallery, tmp_path / "scores")
    scores = result.metrics.set_index("metric")["value"]
    # A right guess is worth a fifth of itself at least, as the last of five, and all of it at most, as the first.
    assert scores["top_5"] / 5 <= scores["map_at_5"] <= scores["top_5"]
    assert scores["top_1"] <= scores["map_at_5"]
    assert scores["top_1"] > 0.8 and scores["auroc_of_new"] > 0.5
    for _, part in result.few_shot.groupby("images"):
        few = part.set_index("metric")["value"]
        assert few["top_5"] / 5 <= few["map_at_5"] <= few["top_5"]
    # No more than three images of a day are enrolled: more shots than these are the same.
    curve = result.few_shot.pivot_table(index="images", columns="metric", values="value")
    assert curve.loc[5, "top_1"] == curve.loc[10, "top_1"]
    names = {path.name for path in (tmp_path / "scores").iterdir() if not path.name.startswith(".")}
    assert names == {"metrics.csv", "few_shot.csv", "confusion.csv", "summary.md", "confusion.png", "few_shot.png"}
    confusion = pd.read_csv(tmp_path / "scores" / "confusion.csv")
    queries = result.metrics.set_index("metric")["queries"]
    assert confusion["queries"].sum() == queries["auroc_of_new"]
    assert confusion.loc[confusion["individual"] == "(new)", "queries"].sum() == queries["new_found_new"]
    assert "7 individuals, 42 pictures, 3 folds; compared by correlogram, not trained" in (tmp_path / "scores" / "summary.md").read_text()
    with pytest.raises(OutputError, match="holds scores already"):
        evaluate_gallery(gallery, tmp_path / "scores")
    again = evaluate_gallery(gallery, tmp_path / "scores", overwrite=True)
    pd.testing.assert_frame_equal(again.metrics, result.metrics)


def test_individuals_of_one_day_cannot_be_scored(tmp_path: Path, run: Callable[..., Any]) -> None:
    photos = write_photos(tmp_path / "photos", range(3), n_days=1)
    enrol_individuals(tmp_path / "gallery", [photos], EnrolRequest(backbone="correlogram"))
    ran = run("identify", "evaluate", tmp_path / "gallery", "--out", tmp_path / "scores")
    assert ran.status == 1
    assert "nothing can be left out (each individual has one recording, expected two or more" in ran.err
    assert not (tmp_path / "scores").exists()
