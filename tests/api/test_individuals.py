"""Galleries from Python: tables of what the commands print."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gallery_samples import paint_individual, write_photo, write_photos

import behavior as bh


def test_a_gallery_is_enrolled_asked_and_scored(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", range(4), n_each=3)
    enrolled = bh.enrol_individuals(tmp_path / "gallery", photos, backbone="correlogram")
    assert enrolled.table["individual"].tolist() == [f"mouse_{number}" for number in range(4)]
    assert enrolled.table["days"].tolist() == [2] * 4 and not enrolled.failures
    asked = write_photo(tmp_path / "asked.png", paint_individual(2, np.random.default_rng(77)))
    found = bh.identify_individuals(tmp_path / "gallery", asked, tmp_path / "answers")
    (row,) = found.table.to_dict("records")
    assert row["individual"] == "mouse_2" and row["guesses"][0][0] == "mouse_2"
    scores = bh.evaluate_gallery(tmp_path / "gallery", tmp_path / "scores")
    assert {"map_at_5", "auroc_of_new"} <= set(scores.metrics["metric"]) and len(scores.few_shot)
    assert "Scores of a gallery" in repr(scores)


def test_one_recording_each_is_noted(tmp_path: Path) -> None:
    noted = bh.enrol_individuals(tmp_path / "gallery", write_photos(tmp_path / "photos", range(2), n_days=1), backbone="correlogram")
    assert any("new individuals cannot be told" in note for note in noted.notes)
