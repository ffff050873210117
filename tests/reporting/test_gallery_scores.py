"""Scores of a gallery whose vectors are known: perfect ones, and such as say nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.embedding.individual_gallery import SideGallery
from behavior.embedding.individual_looks import FittedLooks, LookSettings
from behavior.identity.gallery import Calibration, Gallery
from behavior.identity.leaving_out import plan_folds
from behavior.reporting.gallery_scores import find_gallery_scores, score_side, write_gallery_scores


def open_gallery(*, spread: float, n_individuals: int = 9) -> SideGallery:
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(n_individuals), 8)
    recordings = np.tile(np.repeat([0, 1], 4), n_individuals)
    vectors = np.eye(n_individuals)[owners] + rng.normal(0, spread, (len(owners), n_individuals))
    folds = plan_folds(owners, recordings)
    empty = np.zeros(0)
    looks = FittedLooks(LookSettings(), "cnn", True, "", np.ones((8, 8), dtype=bool), empty, empty, empty, ())
    names = tuple(f"mouse {number}" for number in range(n_individuals))
    gallery = Gallery.enrol(vectors, owners, names)
    return SideGallery(
        gallery, looks, np.arange(len(owners)), recordings, tuple(folds), "", (vectors,) * len(folds), {"image": Calibration()}
    )


def test_perfect_vectors_score_one() -> None:
    scores = score_side(open_gallery(spread=0.01), "", ["image", "track"])
    values = scores.metrics.set_index(["question", "metric"])["value"]
    for question in ("image", "track"):
        assert values[question, "map_at_5"] == values[question, "top_1"] == values[question, "auroc_of_new"] == 1
        assert values[question, "known_taken_for_new"] == 0 and values[question, "new_found_new"] == 1
    assert (scores.few_shot["value"] == 1).all()
    assert np.trace(scores.counts) == scores.counts.sum()


def test_vectors_that_say_nothing_score_chance_within_bounds() -> None:
    scores = score_side(open_gallery(spread=50.0), "", ["image"])
    values = scores.metrics.set_index("metric")["value"]
    assert values["top_5"] / 5 <= values["map_at_5"] <= values["top_5"]
    assert values["top_1"] < 0.35 and 0.25 < values["auroc_of_new"] < 0.75


@pytest.mark.parametrize("sides", [("",), ("left", "right")])
def test_each_side_has_tables_and_pictures(tmp_path: Path, sides: tuple[str, ...]) -> None:
    scores = [score_side(open_gallery(spread=0.3), side, ["image"]) for side in sides]
    write_gallery_scores(tmp_path, scores, ["a note"])
    assert len(list(tmp_path.glob("confusion*.png"))) == len(list(tmp_path.glob("few_shot*.png"))) == len(sides)
    assert set(find_gallery_scores(tmp_path)) == set(tmp_path.iterdir())
    table = pd.read_csv(tmp_path / "metrics.csv", keep_default_na=False)
    assert table["side"].drop_duplicates().tolist() == list(sides)
    summary = (tmp_path / "summary.md").read_text()
    assert "- a note" in summary and "map_at_5 | " in summary
