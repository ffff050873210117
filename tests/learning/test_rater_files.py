"""Which label files several raters have, and what is needed to read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rater_samples import BEHAVIORS, FPS, N_FRAMES, make_labels, write_project, write_rater_folders

from behavior.errors import LabelError, UsageError
from behavior.files.frame_tables import write_frame_table
from behavior.learning.rater_files import (
    explain_missing_labels,
    find_folder_files,
    find_rater_files,
    find_study_files,
    list_labelled_recordings,
    list_raters,
    name_rater_folders,
)
from behavior.recording import Recording


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """A folder of bout tables for each of three raters of three recordings."""
    return write_rater_folders(tmp_path / "raters")


def test_the_plain_column_is_a_rater_next_to_one_other_only() -> None:
    plain, anna, ben = (Path(f"{name}.csv") for name in ("plain", "anna", "ben"))
    assert list_raters([Recording("r0", labels={"": plain, "anna": anna, "ben": ben})]) == {"anna": {"r0": anna}, "ben": {"r0": ben}}
    assert list_raters([Recording("r0", labels={"": plain, "anna": anna})]) == {"labels": {"r0": plain}, "anna": {"r0": anna}}
    assert list_raters([Recording("r0", labels={"": anna, "anna": anna})]) == {"anna": {"r0": anna}}
    assert list_raters([Recording("r0", labels={"": plain})]) == {}
    others = [Recording("r0", labels={"anna": anna}), Recording("r1", labels={"ben": ben}), Recording("r2")]
    assert list_raters(others) == {"anna": {"r0": anna}, "ben": {"r1": ben}}


def test_raters_are_named_after_their_folders(tmp_path: Path) -> None:
    folders = [tmp_path / lab / rater / "labels" for lab in ("x", "y") for rater in ("anna", "ben")]
    for folder in folders:
        folder.mkdir(parents=True)
    assert list(name_rater_folders(folders)) == ["x/anna/labels", "x/ben/labels", "y/anna/labels", "y/ben/labels"]
    assert name_rater_folders(folders[:2]) == {"anna/labels": folders[0], "ben/labels": folders[1]}
    for wrong, sentence in [
        (folders[:1], "is the folder of one rater, expected at least two"),
        ([folders[0], folders[0].parent / "labels"], "a folder is given twice"),
        ([folders[0], tmp_path / "missing"], "missing: no such folder"),
    ]:
        with pytest.raises(UsageError, match=sentence):
            name_rater_folders(wrong)


def test_files_are_found_by_their_names_and_by_the_recordings_in_them(folders: list[Path]) -> None:
    (folders[0] / "r1.csv").rename(folders[0] / "r1_anna_2024.csv")
    for path in folders[1].iterdir():
        path.unlink()
    write_project(folders[1] / "scoring.boris", range(2))
    files = find_rater_files({"anna": folders[0], "ben": folders[1]}, ["r0", "r1", "r9"])
    assert files == {
        "anna": {"r0": folders[0] / "r0.csv", "r1": folders[0] / "r1_anna_2024.csv"},
        "ben": dict.fromkeys(("r0", "r1"), folders[1] / "scoring.boris"),
    }
    (folders[0] / "r0_again.csv").write_bytes((folders[0] / "r0.csv").read_bytes())
    (folders[0] / "r0.csv").rename(folders[0] / "r0_first.csv")
    with pytest.raises(LabelError, match="r0: 2 label files fit equally well"):
        find_rater_files({"anna": folders[0]}, ["r0"])


def test_folders_without_a_study_tell_what_there_is(folders: list[Path]) -> None:
    files = find_folder_files(name_rater_folders(folders), n_frames=N_FRAMES, fps=FPS)
    assert (sorted(files.behaviors), list(files.frames)) == (sorted(BEHAVIORS), ["r0", "r1", "r2"])
    np.testing.assert_allclose(files.time_s["r2"], np.arange(N_FRAMES) / FPS)
    assert list_labelled_recordings(files.by_rater) == ["r0", "r1", "r2"]
    with pytest.raises(UsageError, match=r"r0\.csv: a bout table does not tell how many frames r0 has; give --study"):
        find_folder_files(name_rater_folders(folders))
    for recording in range(3):
        write_frame_table(folders[2] / f"r{recording}.csv", make_labels(recording))
    counted = find_folder_files(name_rater_folders(folders))
    assert [one.n_frames for one in counted.frames.values()] == [N_FRAMES] * 3
    assert counted.time_s == {}


def test_folders_with_a_study_are_about_its_recordings(motifs: Path, tmp_path: Path) -> None:
    for rater in ("anna", "ben"):
        (tmp_path / rater).mkdir()
        (tmp_path / rater / "r1.csv").write_text("behavior,start_frame,stop_frame\nrear,0,5\n")
        (tmp_path / rater / "elsewhere.csv").write_text("behavior,start_frame,stop_frame\nrear,0,5\n")
    folders = {rater: tmp_path / rater for rater in ("anna", "ben")}
    files = find_folder_files(folders, study=motifs)
    assert (files.behaviors, list(files.frames), files.frames["r1"].n_frames) == (("rear", "jump"), ["r1"], 240)
    (tmp_path / "ben" / "r1.csv").unlink()
    with pytest.raises(UsageError, match=r"ben: no label file there is named after one of the recordings \(r1\)"):
        find_folder_files(folders, study=motifs)


def test_a_study_needs_two_raters(motifs: Path, change: Callable[..., None]) -> None:
    with pytest.raises(UsageError, match=r"recordings\.csv: found labels by nobody, expected at least two raters"):
        find_study_files(motifs)
    text = (motifs.parent / "recordings.csv").read_text().replace("labels", "labels_anna", 1)
    (motifs.parent / "recordings.csv").write_text(text)
    with pytest.raises(UsageError, match="found labels by anna, expected"):
        find_study_files(motifs)
    rows = [line.split(",") for line in text.splitlines()]
    rows[0].append("labels_ben")
    (motifs.parent / "recordings.csv").write_text("\n".join(",".join([*row, row[1]] if row is not rows[0] else row) for row in rows))
    change(motifs, labels={"ignore": ["noise"]})
    files = find_study_files(motifs)
    assert list(files.by_rater) == ["anna", "ben"]
    assert list(files.frames) == list_labelled_recordings(files.by_rater)
    assert files.settings.ignore == ["noise"]


def test_missing_labels_are_explained_with_the_first_recordings() -> None:
    assert "(r0, r1, r2, r3, r4 and 2 more)" in explain_missing_labels(f"r{number}" for number in range(7))
