"""Answers on disk: what a hostile or odd name becomes, and names that clash."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from gallery_samples import write_tracked_video

from behavior.embedding.identification import NEW, Guess, Identification
from behavior.errors import OutputError
from behavior.files.gallery_folder import EnrolledImage, StoredGallery
from behavior.files.pose import list_individuals
from behavior.reporting.identification_files import draw_gallery, find_answers, write_answers, write_named_track

IMAGE = np.full((16, 16, 3), 90, dtype=np.uint8)
STORED = StoredGallery("photos", {}, 0.0, 0.0, (EnrolledImage("=1+2", "", "", "a.png", "0"),) * 11, np.repeat(IMAGE[None], 11, axis=0))


def test_unknown_probabilities_are_empty_and_formulas_are_text(tmp_path: Path) -> None:
    one = Identification(Path("=a.png"), "", "", 1, "=1+2", float("nan"), 0.5, (Guess("=1+2", 1.0, 0),), IMAGE)
    write_answers(tmp_path, [one], STORED, {"gallery": "g"})
    assert {path.name for path in find_answers(tmp_path) if path.exists()} == {"individuals.csv", "individuals.json", "individuals.jpg"}
    table = pd.read_csv(tmp_path / "individuals.csv")
    assert table.loc[0, "individual"] == "'=1+2" and pd.isna(table.loc[0, "new_probability"]) and pd.isna(table.loc[0, "guess_2"])
    record = json.loads((tmp_path / "individuals.json").read_text())
    assert record["queries"][0]["new_probability"] is None and record["queries"][0]["individual"] == "=1+2"


def test_names_in_a_copy_of_a_track_never_clash(tmp_path: Path) -> None:
    track = write_tracked_video(tmp_path / "tracks", "pair", [0, 1], n_frames=4)
    out = tmp_path / "out"
    out.mkdir()
    # The first is the individual that the tracker's name of the second happens to be.
    write_named_track(out, track, {"animal1": "animal2"})
    assert list(list_individuals(out / "pair_track.csv")) == ["animal2", "animal2_"]
    write_named_track(out, track, {})
    assert list(list_individuals(out / "pair_track.csv")) == ["animal1", "animal2"]
    with pytest.raises(OutputError, match="would be replaced by its copy"):
        write_named_track(track.parent, track, {"animal1": NEW})


def test_the_picture_of_a_gallery_has_a_row_for_each_individual(tmp_path: Path) -> None:
    draw_gallery(tmp_path, STORED)
    assert cv2.imread(str(tmp_path / "gallery.jpg")).shape[0] == 100
