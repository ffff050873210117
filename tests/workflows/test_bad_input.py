"""What bad input gets: one sentence that names the file, the right exit status, and the rest of the work done."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import InputError
from behavior.files import feature_sources
from behavior.files.ethograms import read_annotation
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.files.model_bundle import BundleDescription, read_bundle, write_description
from behavior.recording import Frames

BEHAVIORS = ["grooming", "mid_rearing", "wall_rearing"]


def videos_of(study: Path) -> Path:
    return study.parent / "videos"


def pose_of(study: Path, name: str) -> Path:
    return next(videos_of(study).glob(f"{name}DLC*.csv"))


def edit_manifest(study: Path, **changes: str) -> None:
    """Set columns of recording mouse_02 in the manifest."""
    table = pd.read_csv(study.parent / "recordings.csv", dtype=str, keep_default_na=False)
    for column, value in changes.items():
        table.loc[table["recording"] == "mouse_02", column] = value
    table.to_csv(study.parent / "recordings.csv", index=False)


def truncate(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def remove_video(study):
    (videos_of(study) / "mouse_02.mp4").unlink()


def empty_video(study):
    (videos_of(study) / "mouse_02.mp4").write_bytes(b"")


def write_nonsense_video(study):
    (videos_of(study) / "mouse_02.mp4").write_text("this is no video")


def write_audio_video(study):
    import av

    path = videos_of(study) / "mouse_02.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def shorten_pose(study):
    path = pose_of(study, "mouse_02")
    path.write_text("\n".join(path.read_text().splitlines()[:300]) + "\n")


def rename_body_part(study):
    path = pose_of(study, "mouse_02")
    path.write_text(path.read_text().replace("midbody", "center"))


def misspell_label(study):
    path = videos_of(study) / "mouse_02_labels.csv"
    path.write_text(path.read_text().replace("grooming", "groming"))


def shorten_labels(study):
    path = videos_of(study) / "mouse_02_labels.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:300]) + "\n")


def lengthen_labels(study):
    path = videos_of(study) / "mouse_02_labels.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines + [f"{number},0,0,0" for number in range(len(lines) - 1, len(lines) + 20)]) + "\n")


def write_other_labels(study):
    path = videos_of(study) / "mouse_02_labels.csv"
    lines = path.read_text().splitlines()
    lines[8] = "7,0,2,0"
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (remove_video, "no such video"),
        (empty_video, "mouse_02.mp4"),
        (write_nonsense_video, "mouse_02.mp4"),
        (write_audio_video, "mouse_02.mp4"),
        (shorten_pose, "another video?"),
        (rename_body_part, "'midbody'"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_recording_that_cannot_be_embedded_leaves_the_rest_done(run, study_copy, spoil, sentence):
    manifest = study_copy.parent / "recordings.csv"
    table = pd.read_csv(manifest, dtype=str, keep_default_na=False)
    table[table["recording"].isin(["mouse_02", "mouse_04"])].to_csv(manifest, index=False)
    shutil.rmtree(study_copy.parent / "cache")
    spoil(study_copy)
    ran = run("embed", study_copy, "--json")
    assert ran.status == 1
    report = json.loads(ran.out)
    assert {row["recording"]: row["features"] for row in report["rows"]} == {
        "mouse_02": "failed",
        "mouse_04": "embedded",
    }
    message = report["failures"]["mouse_02"]
    assert sentence in message
    assert "\n" not in message
    assert message.rstrip().endswith((".", "?"))
    checked = run("check", study_copy)
    assert checked.status == 1
    assert sentence in checked.out


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (misspell_label, "groming"),
        (shorten_labels, "another video?"),
        (lengthen_labels, "another video?"),
        (write_other_labels, "line 9"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_labels_that_cannot_be_used_stop_learning_before_it_begins(run, study_copy, spoil, sentence, tmp_path):
    spoil(study_copy)
    for arguments in (
        ("check", study_copy),
        ("crossval", study_copy, "--out", tmp_path / "c"),
        ("train", study_copy, "--out", tmp_path / "m"),
    ):
        ran = run(*arguments)
        assert ran.status == 1
        assert sentence in ran.out + ran.err
        assert "mouse_02_labels.csv" in ran.out + ran.err
    assert not list(tmp_path.glob("*/metrics.csv"))


def test_a_truncated_video_is_used_as_far_as_it_goes(run, study_copy, demo, tmp_path):
    truncate(videos_of(study_copy) / "mouse_04.mp4", 0.6)
    shutil.rmtree(study_copy.parent / "cache")
    checked = run("check", study_copy)
    assert "breaks off after" in checked.out
    ran = run("annotate", demo.model, videos_of(study_copy) / "mouse_04.mp4", "--out", tmp_path)
    assert ran.status == 0, ran.err
    assert "breaks off after" in ran.err
    assert "pose rows" in ran.err
    n_frames = len(read_annotation(tmp_path / "mouse_04_ethogram.csv").time_s)
    assert 50 < n_frames < 400
    request = LabelRequest(tuple(BEHAVIORS), Frames(n_frames, broke_off=True))
    labels, warnings = read_labels(videos_of(study_copy) / "mouse_04_labels.csv", request)
    assert len(labels) == n_frames
    assert warnings


def test_pose_rows_off_by_two_are_warned_about_and_used(run, study_copy):
    path = pose_of(study_copy, "mouse_02")
    path.write_text("\n".join(path.read_text().splitlines()[:-2]) + "\n")
    ran = run("embed", study_copy, "--json")
    assert ran.status == 0
    assert "2 of 400 frames, the last ones, have no pose row" in ran.err


def test_a_behavior_never_seen_is_named_and_the_others_go_on(run, study_copy, tmp_path):
    for number in (1, 2, 3):
        path = videos_of(study_copy) / f"mouse_0{number}_labels.csv"
        table = pd.read_csv(path)
        table["grooming"] = 0
        table.to_csv(path, index=False)
    ran = run("train", study_copy, "--out", tmp_path / "model")
    assert ran.status == 1
    assert "grooming" in ran.err
    assert "gets no model" in ran.err
    assert sorted(path.name for path in (tmp_path / "model").glob("*.keras")) == ["mid_rearing.0.keras", "wall_rearing.0.keras"]
    ran = run("crossval", study_copy, "--out", tmp_path / "crossval")
    assert ran.status == 0
    table = pd.read_csv(tmp_path / "crossval" / "metrics.csv")
    grooming = table[(table["behavior"] == "grooming") & (table["recording"] == "pooled") & (table["metric"] == "average_precision")]
    assert grooming["value"].isna().all()
    assert "no positive frame of grooming" in (tmp_path / "crossval" / "summary.md").read_text()
    annotated = run("annotate", tmp_path / "model", videos_of(study_copy) / "mouse_04.mp4", "--out", tmp_path / "e")
    assert annotated.status == 0
    assert read_annotation(tmp_path / "e" / "mouse_04_ethogram.csv").behaviors == ("mid_rearing", "wall_rearing")


def test_one_training_recording_alone_is_learned_from_but_not_cross_validated(run, study_copy, tmp_path):
    table = pd.read_csv(study_copy.parent / "recordings.csv", dtype=str, keep_default_na=False)
    table[table["recording"].isin(["mouse_01", "mouse_04"])].to_csv(study_copy.parent / "recordings.csv", index=False)
    ran = run("crossval", study_copy, "--out", tmp_path / "c")
    assert ran.status == 2
    assert "found 1 with labels" in ran.err
    ran = run("train", study_copy, "--out", tmp_path / "model")
    assert ran.status == 0, ran.err
    assert "all 3 epochs are run" in ran.err
    assert "3 epochs were run" in (tmp_path / "model" / "summary.md").read_text()


def test_an_unknown_key_names_the_nearest_known_one(run, study_copy):
    study_copy.write_text(study_copy.read_text().replace("windows:", "window:"))
    ran = run("embed", study_copy)
    assert ran.status == 2
    assert "unknown key 'window'; did you mean 'windows'?" in ran.err
    assert "Traceback" not in ran.err


def test_repeated_recording_ids_are_named_with_their_lines(run, study_copy):
    manifest = study_copy.parent / "recordings.csv"
    manifest.write_text(manifest.read_text() + manifest.read_text().splitlines()[1] + "\n")
    ran = run("check", study_copy)
    assert ran.status == 2
    assert "line 6: recording 'mouse_01' is already on line 2" in ran.err


def change_bundle(model, folder, before, after):
    """Copy the model to `folder` and let its description say something else, as if it had been trained so."""
    shutil.copytree(model, folder)
    text = read_bundle(folder).model_dump_json()
    assert before in text
    write_description(folder, BundleDescription.model_validate_json(text.replace(before, after)))
    return folder


def test_a_model_is_refused_on_features_of_another_backbone(run, demo, study_copy, tmp_path):
    model = change_bundle(demo.model, tmp_path / "model", "packaged", "random")
    ran = run("annotate", model, videos_of(study_copy) / "mouse_04.mp4", "--out", tmp_path / "e")
    assert ran.status == 1
    assert "weights 'random, seed 0' instead of" in ran.err


def test_another_crop_has_to_be_asked_for(run, demo, study_copy, tmp_path):
    study_copy.write_text(study_copy.read_text().replace("body_part: midbody", "body_part: nose"))
    ran = run("annotate", demo.model, "--study", study_copy, "--out", tmp_path / "e")
    assert ran.status == 2
    assert "--body-part" in ran.err
    ran = run("annotate", demo.model, "--study", study_copy, "--body-part", "nose", "--out", tmp_path / "e")
    assert ran.status == 0, ran.err
    provenance = json.loads((tmp_path / "e" / "mouse_01_ethogram.json").read_text())
    assert (provenance["body_parts"], provenance["body_parts_of_model"]) == (["nose"], ["midbody"])


def test_a_video_of_another_frame_rate_has_to_be_asked_for(run, demo, study_copy, tmp_path):
    model = change_bundle(demo.model, tmp_path / "model", '"fps":10.0', '"fps":4.0')
    video = videos_of(study_copy) / "mouse_04.mp4"
    ran = run("annotate", model, video, "--out", tmp_path / "e")
    assert ran.status == 1
    assert "10 frames per second" in ran.err
    assert "--resample" in ran.err
    ran = run("annotate", model, video, "--out", tmp_path / "e", "--resample")
    assert ran.status == 0, ran.err
    assert len(read_annotation(tmp_path / "e" / "mouse_04_ethogram.csv").time_s) == 400
    assert json.loads((tmp_path / "e" / "mouse_04_ethogram.json").read_text())["resampled"] is True


def test_in_a_batch_one_bad_video_never_stops_the_rest(run, demo, study_copy, tmp_path):
    videos = [videos_of(study_copy) / f"mouse_0{number}.mp4" for number in (1, 2, 3)]
    empty_video(study_copy)
    ran = run("annotate", demo.model, videos[1], videos[0], tmp_path / "none.mp4", videos[2], "--out", tmp_path / "e")
    assert ran.status == 1
    assert sorted(path.name for path in (tmp_path / "e").glob("*_ethogram.csv")) == ["mouse_01_ethogram.csv", "mouse_03_ethogram.csv"]
    assert "mouse_02.mp4" in ran.err
    assert "none.mp4" in ran.err


def test_an_ethogram_by_another_model_is_not_written_over_unless_asked(run, demo, study_copy, tmp_path):
    model = change_bundle(demo.model, tmp_path / "model", '"seed":0', '"seed":1')
    video = videos_of(study_copy) / "mouse_04.mp4"
    assert run("annotate", demo.model, video, "--out", tmp_path / "e").status == 0
    assert run("annotate", demo.model, video, "--out", tmp_path / "e").status == 0
    ran = run("annotate", model, video, "--out", tmp_path / "e")
    assert ran.status == 1
    assert "was made by another model" in ran.err
    assert run("annotate", model, video, "--out", tmp_path / "e", "--overwrite").status == 0


def test_a_file_that_may_not_be_read_fails_its_recording_alone(run, study_copy, monkeypatch):
    shutil.rmtree(study_copy.parent / "cache")
    hash_file = feature_sources.hash_file

    def refuse(path):
        if path.name == "mouse_02.mp4":
            raise InputError(f"{path}: cannot be read (Permission denied); check that it is there and that you may read it.")
        return hash_file(path)

    monkeypatch.setattr(feature_sources, "hash_file", refuse)
    report = json.loads(run("embed", study_copy, "--json").out)
    assert [row["features"] for row in report["rows"]].count("embedded") == 3
    assert "Permission denied" in report["failures"]["mouse_02"]


def test_a_video_named_twice_a_folder_and_one_without_pose_are_told_apart(run, demo, study_copy, tmp_path):
    video = videos_of(study_copy) / "mouse_04.mp4"
    ran = run("annotate", demo.model, video, video, "--out", tmp_path / "e")
    assert ran.status == 2
    assert "is given twice" in ran.err
    lonely = tmp_path / "lonely.mp4"
    shutil.copy(video, lonely)
    (tmp_path / "empty").mkdir()
    ran = run("annotate", demo.model, lonely, tmp_path / "empty", tmp_path / "new" / "*.avi", "--out", tmp_path / "e")
    assert ran.status == 1
    assert "name its file with --pose" in ran.err
    assert f"error: {tmp_path / 'empty'}: holds no videos" in ran.err
    assert f"error: {tmp_path / 'new' / '*.avi'}: no such video" in ran.err
    assert ran.err.count("no such video") == 1


@pytest.mark.parametrize("command", ["crossval", "train", "annotate", "evaluate"])
def test_an_output_folder_that_cannot_be_made_is_said_before_any_work(run, demo, study_copy, tmp_path, command):
    blocked = tmp_path / "file" / "out"
    (tmp_path / "file").write_text("")
    arguments = {
        "crossval": [study_copy],
        "train": [study_copy],
        "annotate": [demo.model, videos_of(study_copy) / "mouse_04.mp4"],
        "evaluate": [demo.ethograms, "--labels", videos_of(study_copy)],
    }[command]
    ran = run(command, *arguments, "--out", blocked)
    assert ran.status == 1
    assert "cannot be made" in ran.err
    assert "building" not in ran.err


def test_results_are_not_written_over_unless_asked(run, demo):
    ran = run("crossval", demo.study, "--out", demo.crossval)
    assert ran.status == 1
    assert "--overwrite" in ran.err
    ran = run("train", demo.study, "--out", demo.model)
    assert ran.status == 1
    assert "holds a model already" in ran.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["annotate", "MODEL", "--out", "x"], "videos, --study or --manifest, one of them"),
        (["annotate", "OUT", "a.mp4", "--out", "OUT"], "found no bundle.yaml"),
        (["annotate", "MODEL", "a.mp4", "b.mp4", "--pose", "p.csv", "--out", "OUT"], "--pose names one file"),
        (["decide", "OUT"], "ethogram"),
        (["decide", "ETHOGRAMS", "--threshold", "2", "--out", "OUT"], "from 0 to 1"),
        (["decide", "ETHOGRAMS", "--threshold", "groming=0.2", "--out", "OUT"], "did you mean 'grooming'?"),
        (["decide", "ETHOGRAMS", "--closing", "many", "--out", "OUT"], "expected a number of frames"),
        (["evaluate", "ETHOGRAMS", "--labels", "none", "--out", "OUT"], "no such folder"),
        (["embed", "none.yaml"], "no such file"),
        (["init", "none"], "no such folder"),
        (["init", "OUT"], "found no video"),
        (["import-features", "STUDY", "a.npy", "--name", "appearance"], "none of appearance, motion, pose"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_unusable_arguments_are_said_in_one_line(run, demo, tmp_path, arguments, sentence):
    places = {"MODEL": demo.model, "OUT": tmp_path, "ETHOGRAMS": demo.ethograms, "STUDY": demo.study}
    ran = run(*(places.get(argument, argument) for argument in arguments))
    assert ran.status in (1, 2)
    assert sentence in ran.err
    assert "Traceback" not in ran.err


def test_a_traceback_is_shown_with_debug_only(demo):
    command = [sys.executable, "-c", "from behavior.cli import main; main()", "embed", "none.yaml"]
    plain = subprocess.run(command, capture_output=True, text=True)
    debugged = subprocess.run([*command, "--debug"], capture_output=True, text=True)
    assert plain.returncode == 2
    assert "Traceback" not in plain.stderr
    assert "Traceback" in debugged.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="folders cannot be made read-only here")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="nothing is read-only for the superuser")
def test_a_read_only_folder_is_said(run, demo, study_copy, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    ran = run("annotate", demo.model, videos_of(study_copy) / "mouse_04.mp4", "--out", folder / "e")
    assert ran.status == 1
    assert "may write" in ran.err
