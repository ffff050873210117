"""`agreement`: where raters' labels come from, and what is written."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from rater_samples import BEHAVIORS, DELAYS, N_FRAMES, make_labels, write_project, write_rater_folders

from behavior.files.frame_tables import write_frame_table
from behavior.files.video_writer import write_video
from behavior.recording import Labels


@pytest.fixture
def raters(tmp_path):
    """A folder of bout tables for each of three raters of three recordings."""
    return write_rater_folders(tmp_path / "raters")


@pytest.fixture
def study(run, raters, tmp_path):
    """A study of imported features at 10 frames per second, whose manifest names all raters."""
    (tmp_path / "features").mkdir()
    lines = ["recording," + ",".join(f"labels_{folder.name}" for folder in raters)]
    for recording in range(3):
        np.savez(tmp_path / "features" / f"r{recording}.npz", features=np.zeros((N_FRAMES, 2)), fps=10)
        lines.append(f"r{recording}," + ",".join(f"raters/{folder.name}/r{recording}.csv" for folder in raters))
    (tmp_path / "recordings.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "study.yaml").write_text("behaviors: [rear, groom]\nstreams: [motifs]\n")
    ran = run("import-features", tmp_path / "study.yaml", *sorted((tmp_path / "features").iterdir()), "--name", "motifs")
    assert ran.status == 0
    return tmp_path / "study.yaml"


def read_table(folder):
    return pd.read_csv(folder / "agreement.csv")


def look_up(table, metric, rater, against, *, recording="pooled", behavior="rear"):
    chosen = (table.recording == recording) & (table.behavior == behavior) & (table.metric == metric)
    return table[chosen & (table.rater == rater) & (table.against == against)].value.item()


def test_a_study_names_its_raters(run, study, tmp_path):
    ran = run("agreement", study, "--out", tmp_path / "out", "--json")
    assert ran.status == 0
    table = read_table(tmp_path / "out")
    assert list(table.columns) == ["rater", "against", "recording", "behavior", "metric", "value", "low", "high"]
    assert list(dict.fromkeys(table.rater)) == list(DELAYS)
    # Bouts of 12 frames, two frames apart: 10 in common.
    assert look_up(table, "f1", "anna", "ben") == pytest.approx(10 / 12)
    assert look_up(table, "f1", "anna", "carla") == pytest.approx(8 / 12)
    assert look_up(table, "latency_error_s", "ben", "anna") == pytest.approx(0.2)
    assert look_up(table, "segment_f1_50", "anna", "carla") == 1
    assert look_up(table, "segment_f1_50", "ben", "others") == 1
    # Frames in which Ben and Carla differ are left out, two at either end of a bout: of Anna's 12, 2 only she has.
    assert look_up(table, "n_frames", "anna", "others") == 3 * (N_FRAMES - 3 * 4)
    assert look_up(table, "precision", "anna", "others") == pytest.approx(8 / 10)
    printed = json.loads(ran.out)
    assert len(printed["rows"]) == 2 * (3 + 3)
    assert printed["rows"][0] | {"behavior": "rear", "rater": "anna", "against": "ben"} == printed["rows"][0]
    assert {row["against"] for row in printed["ceiling"]} == {"others", "pairs"}
    text = (tmp_path / "out" / "agreement.md").read_text()
    assert "3 raters of 3 recordings: anna, ben, carla." in text
    assert "| rear     |  anna |     ben | 0.833" in text


def test_folders_give_the_same_as_the_study(run, study, raters, tmp_path):
    assert run("agreement", study, "--out", tmp_path / "study_out").status == 0
    assert run("agreement", *raters, "--study", study, "--out", tmp_path / "with_study").status == 0
    assert run("agreement", *raters, "--frames", N_FRAMES, "--fps", 10, "--out", tmp_path / "alone").status == 0
    expected = read_table(tmp_path / "study_out")
    pd.testing.assert_frame_equal(expected, read_table(tmp_path / "with_study"))
    order = ["rater", "against", "recording", "behavior", "metric"]
    alone = read_table(tmp_path / "alone").set_index(order)
    pd.testing.assert_frame_equal(expected.set_index(order).sort_index(), alone.sort_index())


def test_frame_tables_tell_how_many_frames_there_are(run, raters, tmp_path):
    for recording in range(3):
        (raters[0] / f"r{recording}.csv").unlink()
        write_frame_table(raters[0] / f"r{recording}_anna_2024.csv", make_labels(recording))
    ran = run("agreement", *raters, "--out", tmp_path / "out")
    assert ran.status == 0
    table = read_table(tmp_path / "out")
    assert set(table.recording) == {"r0", "r1", "r2", "pooled", "mean"}
    assert look_up(table, "n_frames", "anna", "ben") == 3 * N_FRAMES
    assert look_up(table, "f1", "anna", "ben") == pytest.approx(10 / 12)
    assert "latency_error_s" not in set(table.metric)
    assert "times of frames are not known" in (tmp_path / "out" / "agreement.md").read_text()


def test_files_of_many_recordings_need_no_study(run, raters, tmp_path):
    assert run("agreement", *raters, "--frames", N_FRAMES, "--fps", 10, "--out", tmp_path / "expected").status == 0
    # Carla keeps a file for each recording, called differently.
    for number, (folder, delay) in enumerate(zip(raters[:2], (0, 2), strict=True)):
        shutil.rmtree(folder)
        folder.mkdir()
        write_project(folder / f"scoring {number}.boris", range(3), delay)
    for path in raters[2].iterdir():
        path.rename(path.with_stem(f"{path.stem}_carla"))
    ran = run("agreement", *raters, "--frames", N_FRAMES, "--fps", 10, "--out", tmp_path / "out")
    assert ran.status == 0, ran.err
    order = ["rater", "against", "recording", "behavior", "metric"]
    expected, found = (read_table(tmp_path / name).set_index(order).sort_index() for name in ("expected", "out"))
    pd.testing.assert_frame_equal(expected, found)


@pytest.mark.parametrize(
    ("anna", "ben", "expected"),
    [
        # A project of one video each, whatever the projects are called, with letters that ids do not have.
        ([("scoring anna", [0], ["C:\\Videos\\Mäuse 1.mp4"])], [("ben", [0], ["/lab/Mäuse 1.mp4"])], ["M_use_1"]),
        # Files called alike are of one recording, whatever videos they name.
        ([("r0", [0], ["cam 7.mp4"])], [("r0", [0], ["cam 8.mp4"])], ["r0"]),
        # Copies of one project for each recording.
        ([("r0", [0, 1], []), ("r1", [0, 1], [])], [("R0", [0, 1], []), ("r1", [0, 1], [])], ["r0", "r1"]),
        ([("both", [0, 1], [])], [("r0", [0], []), ("later", [1], [])], ["r0", "r1"]),
    ],
)
def test_recordings_are_told_by_names_of_files_and_in_them(run, tmp_path, anna, ben, expected):
    for folder, files in (("anna", anna), ("ben", ben)):
        (tmp_path / folder).mkdir()
        for name, recordings, videos in files:
            write_project(tmp_path / folder / f"{name}.boris", recordings, videos=videos)
    ran = run("agreement", tmp_path / "anna", tmp_path / "ben", "--frames", N_FRAMES, "--fps", 10, "--out", tmp_path / "out")
    assert ran.status == 0, ran.err
    table = read_table(tmp_path / "out")
    assert sorted(set(table.recording) - {"pooled", "mean"}) == expected
    assert set(table[table.metric == "f1"].value) == {1.0}


def test_two_raters_are_compared_once(run, raters, tmp_path):
    ran = run("agreement", *raters[:2], "--frames", N_FRAMES, "--out", tmp_path / "out", "--json")
    assert ran.status == 0
    assert [(row["rater"], row["against"]) for row in json.loads(ran.out)["rows"]] == [("anna", "ben")] * 2
    assert "majority" not in (tmp_path / "out" / "agreement.md").read_text()


def test_recordings_that_not_everybody_has_are_noted(run, raters, tmp_path):
    (raters[2] / "r1.csv").unlink()
    assert run("agreement", *raters, "--frames", N_FRAMES, "--out", tmp_path / "out").status == 0
    assert "Not every rater has all: anna has 3, ben has 3, carla has 2." in (tmp_path / "out" / "agreement.md").read_text()
    table = read_table(tmp_path / "out")
    # With Carla away, Ben is the majority of the others.
    assert look_up(table, "f1", "anna", "others", recording="r1") == look_up(table, "f1", "anna", "ben", recording="r1")
    assert look_up(table, "n_frames", "anna", "carla") == 2 * N_FRAMES


def test_a_behavior_that_nobody_saw_leaves_cells_empty_and_says_why(run, raters, tmp_path):
    for folder in raters:
        for recording in range(3):
            write_frame_table(
                folder / f"r{recording}.csv", Labels(np.pad(make_labels(recording).values[:, :1], ((0, 0), (0, 1))), BEHAVIORS)
            )
    assert run("agreement", *raters, "--out", tmp_path / "out").status == 0
    text = (tmp_path / "out" / "agreement.md").read_text()
    assert "no frame is labelled positive, nor decided so, for groom in all recordings together." in text
    assert "nan" not in text.lower().replace("anna", "")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["ANNA", "--frames", 120], 2, "expected at least two raters"),
        (["ANNA", "ANNA", "--frames", 120], 2, "given twice"),
        (["ANNA", "nowhere", "--frames", 120], 2, "no such folder"),
        (["ANNA", "BEN"], 2, "give --study STUDY, or --frames N"),
        (["ANNA", "BEN", "--frames", 60], 1, "but the video has 60 frames"),
        (["ANNA", "BEN", "--study", "STUDY", "--fps", 5], 2, "leave --frames and --fps out"),
        (["STUDY", "--frames", 120], 2, "is taken for a study file"),
        (["ANNA", "EMPTY", "--frames", 120], 2, "no label file there"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(run, study, raters, tmp_path, arguments, status, message):
    (tmp_path / "empty").mkdir()
    places = {"ANNA": raters[0], "BEN": raters[1], "STUDY": study, "EMPTY": tmp_path / "empty"}
    ran = run("agreement", *(places.get(argument, argument) for argument in arguments), "--out", tmp_path / "out")
    assert ran.status == status
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out" / "agreement.csv").exists()


def test_folders_of_one_name_are_told_apart_by_those_above(run, raters, tmp_path):
    for folder in raters[:2]:
        shutil.copytree(folder, tmp_path / "lab" / folder.name / "labels")
    folders = [tmp_path / "lab" / name / "labels" for name in ("anna", "ben")]
    assert run("agreement", *folders, "--frames", N_FRAMES, "--out", tmp_path / "out").status == 0
    assert set(read_table(tmp_path / "out").rater) == {"anna/labels", "ben/labels"}


def test_results_are_replaced_only_if_asked(run, raters, tmp_path):
    arguments = ["agreement", *raters, "--frames", N_FRAMES, "--out", tmp_path / "out"]
    assert run(*arguments).status == 0
    again = run(*arguments)
    assert again.status == 1
    assert "--overwrite" in again.err
    assert run(*arguments, "--overwrite").status == 0


def test_a_study_without_features_is_counted_from_its_videos(run, raters, tmp_path):
    write_video(tmp_path / "r0.mp4", (np.zeros((32, 32, 3), dtype=np.uint8) for _ in range(N_FRAMES)), fps=10, preset="ultrafast")
    (tmp_path / "recordings.csv").write_text("recording,video,labels,labels_ben\nr0,r0.mp4,raters/anna/r0.csv,raters/ben/r0.csv\n")
    (tmp_path / "study.yaml").write_text(
        "behaviors: [rear, groom]\ncrop: {whole_frame: true}\nbackbone: {name: openfield, weights: packaged}\n"
    )
    ran = run("agreement", tmp_path / "study.yaml", "--out", tmp_path / "out")
    assert ran.status == 0, ran.err
    assert "decoding the video to count its frames" in ran.err
    table = read_table(tmp_path / "out")
    assert set(table.rater) == {"labels", "ben"}
    assert look_up(table, "n_frames", "labels", "ben") == N_FRAMES
    assert look_up(table, "latency_error_s", "ben", "labels") == pytest.approx(0.2)
