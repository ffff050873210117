"""A study's methods do what the commands do, and raise what they say."""

import logging

import numpy as np
import pytest
import yaml

import behavior as bh


def test_a_study_says_what_its_file_says_now(folder):
    study = bh.open_study("study.yaml")
    assert study.behaviors == ("grooming", "mid_rearing", "wall_rearing")
    assert [recording.id for recording in study.recordings] == ["mouse_01", "mouse_02", "mouse_03", "mouse_04"]
    content = yaml.safe_load((folder / "study.yaml").read_text())
    (folder / "study.yaml").write_text(yaml.safe_dump({**content, "behaviors": ["grooming"]}))
    assert study.behaviors == ("grooming",)


def test_it_shows_its_recordings(study):
    lines = repr(study).splitlines()
    assert lines[0] == f"Study {study.path}: 4 recordings; grooming, mid_rearing, wall_rearing"
    assert lines[1].split() == ["recording", "video", "pose", "labels", "animal", "split"]
    assert [line.split()[-1] for line in lines[2:]] == ["train", "train", "train", "test"]
    assert "mouse_04.mp4" in study._repr_html_()


@pytest.mark.parametrize("path", ["none.yaml", "."])
def test_a_study_that_cannot_be_opened_says_why(tmp_path, path):
    with pytest.raises(bh.UsageError, match=r"none\.yaml: no such file|found a folder"):
        bh.open_study(tmp_path / path)


def test_features_and_labels_are_of_the_same_frames(study):
    features, labels = study.features("mouse_01"), study.labels("mouse_01")
    assert features.values.shape == (400, 128)
    assert labels.values.shape == (400, 3)
    assert np.array_equal(features.time_s, labels.time_s)
    assert labels.behaviors == study.behaviors
    with pytest.raises(bh.UsageError, match="has no recording 'mouse_1'; did you mean 'mouse_01'"):
        study.features("mouse_1")


def test_labels_of_somebody_else_have_to_be_there(study):
    with pytest.raises(bh.UsageError, match=r"no label file in the column 'labels_anna' \(filled in: labels\)"):
        study.labels("mouse_01", rater="anna")


def test_labels_need_no_features(folder):
    for path in (folder / "cache").glob("*.h5"):
        path.unlink()
    study = bh.open_study("study.yaml")
    assert study.labels("mouse_01").values.shape == (400, 3)
    with pytest.raises(bh.CacheError, match="embed"):
        study.features("mouse_01")


def test_checking_returns_recordings_and_problems(folder):
    study = bh.open_study("study.yaml")
    check = study.check()
    assert check.is_usable
    assert check.table.set_index("recording")["frames"].to_dict() == dict.fromkeys(["mouse_01", "mouse_02", "mouse_03", "mouse_04"], 400)
    assert repr(check).startswith("Check of study.yaml: 0 errors")
    (folder / "videos" / "mouse_02.mp4").unlink()
    check = study.check()
    assert not check.is_usable
    assert check.problems.query("is_error")["recording"].tolist() == ["mouse_02"]
    assert "error: mouse_02: " in repr(check)


def test_embedding_says_what_was_done_and_what_failed(folder, caplog):
    study = bh.open_study("study.yaml")
    (folder / "videos" / "mouse_02.mp4").write_bytes(b"no video")
    next((folder / "cache").glob("mouse_01*.h5")).unlink()
    outcome = study.embed()
    assert outcome.table.set_index("recording")["features"].to_dict() == {
        "mouse_01": "embedded",
        "mouse_03": "was there",
        "mouse_04": "was there",
        "mouse_02": "failed",
    }
    assert set(outcome.failures) == {"mouse_02"}
    assert [record.levelno for record in caplog.records if "mouse_02" in record.getMessage()] == [logging.ERROR]


def test_imported_features_are_there_afterwards(folder, tmp_path):
    study = bh.open_study("study.yaml")
    np.save(tmp_path / "mouse_01.npy", np.ones((400, 2)))
    np.save(tmp_path / "mouse_09.npy", np.ones((400, 2)))
    outcome = study.import_features([str(tmp_path / "mouse_01.npy"), tmp_path / "mouse_09.npy"], name="motifs", fps=10)
    assert outcome.table.to_numpy().tolist() == [["mouse_01", 400, 2]]
    assert "no recording is named" in outcome.failures[str(tmp_path / "mouse_09.npy")]


def test_results_are_not_replaced_unless_asked(folder):
    study = bh.open_study("study.yaml")
    with pytest.raises(bh.OutputError, match="holds results already"):
        study.crossval("crossval")
    with pytest.raises(bh.OutputError, match="model"):
        study.train("model")


@pytest.mark.usefixtures("unillustrated")
def test_a_report_is_written(folder):
    report = bh.open_study("study.yaml").report("new/report.html", ethograms=["ethograms"], check=False)
    assert report.path.is_file()
    assert "Scores" in " ".join(report.table["section"])


def test_what_a_study_has_no_section_for_is_refused(folder):
    study = bh.open_study("study.yaml")
    with pytest.raises(bh.UsageError, match="no section 'search'"):
        study.search("search")
