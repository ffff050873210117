"""What a check finds of studies whose troubles are made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.config import Backbone, Crop, Study
from behavior.files.frame_rows import VideoSummary
from behavior.files.pose import write_deeplabcut
from behavior.files.shared_videos import introduce_companions
from behavior.files.video import VideoReader
from behavior.files.video_writer import write_video
from behavior.recording import Labels, Recording, Track
from behavior.reporting.check_result import CheckedRecording, Problem
from behavior.reporting.feature_check import prepare_kinds
from behavior.reporting.study_check import check_balance, check_rates, check_recording, check_recordings, check_weights

N_FRAMES = 20


def make_study(folder: Path, **settings: object) -> Study:
    content = {"crop": Crop(body_part="body", size=16), "backbone": Backbone(name="openfield", weights="packaged"), **settings}
    return Study(recordings=folder / "recordings.csv", cache=folder / "cache", behaviors=["rear", "jump"], **content)


def make_recording(
    folder: Path, name: str = "a", *, n_frames: int = N_FRAMES, size: int = 32, fps: int = 10, split: str = "train"
) -> Recording:
    """Frame 0 to 3 show rearing and nobody jumps; half of the frames are not labelled."""
    write_video(folder / f"{name}.mp4", np.zeros((n_frames, size, size, 3), np.uint8), fps=fps, preset="ultrafast")
    track = Track(np.full((n_frames, 1, 2), size / 2), np.ones((n_frames, 1)), ("body",))
    write_deeplabcut(folder / f"{name}DLC.csv", track, scorer="s")
    (folder / f"{name}.csv").write_text(f"behavior,start_frame,stop_frame\nrear,0,4\nobserved,0,{n_frames // 2}\n")
    paths = {"video": folder / f"{name}.mp4", "pose": folder / f"{name}DLC.csv", "labels": {"": folder / f"{name}.csv"}}
    return Recording(name, **paths, animal=name, split=split)


def label(*values: int) -> Labels:
    return Labels(np.array([[value] for value in values], dtype=np.int8), ("rear",))


def look_at(study: Study, recording: Recording) -> tuple[CheckedRecording, list[Problem], Labels | None]:
    result = check_recording(study, recording, prepare_kinds([study]))
    return result.summary, list(result.problems), result.labels


def list_messages(problems: list[Problem]) -> list[str]:
    return [problem.message for problem in problems]


def test_a_recording_in_order_has_its_numbers_and_no_problem(tmp_path: Path) -> None:
    check, problems, labels = look_at(make_study(tmp_path), make_recording(tmp_path))
    assert problems == []
    assert (check.recording, check.split, check.n_frames, check.pose_rows, check.measured) == ("a", "train", N_FRAMES, N_FRAMES, 1.0)
    assert check.fps == pytest.approx(10)
    assert (check.labelled, check.positives) == (0.5, {"rear": 0.4, "jump": 0.0})
    assert check.label_format
    assert labels is not None
    assert np.flatnonzero(labels.values[:, 0] == 1).tolist() == [0, 1, 2, 3]


def test_a_pose_that_ends_early_is_measured_over_the_frames_of_the_video(tmp_path: Path) -> None:
    recording = make_recording(tmp_path)
    rows = "".join(f"mouse,{frame},0.9,16,16,0.9\n" for frame in range(15))
    path = tmp_path / "a.analysis.csv"
    path.write_text(f"track,frame_idx,instance.score,body.x,body.y,body.score\n{rows}")
    check, problems, _ = look_at(make_study(tmp_path), replace(recording, pose=path))
    assert (check.pose_rows, check.measured) == (15, 0.75)
    assert not any(problem.is_error for problem in problems)
    assert any("5 of 20 frames, the last ones, have no pose row" in problem.message for problem in problems)


def test_a_video_that_is_missing_ends_the_check_of_its_recording(tmp_path: Path) -> None:
    recording = make_recording(tmp_path)
    (tmp_path / "a.mp4").unlink()
    check, problems, labels = look_at(make_study(tmp_path), recording)
    assert (check.n_frames, check.labelled, labels) == (None, None, None)
    assert [problem.is_error for problem in problems] == [True]
    assert "a.mp4" in problems[0].message


def test_a_pose_that_does_not_fit_costs_only_what_follows_from_it(tmp_path: Path) -> None:
    recording = make_recording(tmp_path)
    study = make_study(tmp_path, crop=Crop(body_part="nose", size=16))
    check, problems, labels = look_at(study, recording)
    # Its rows are counted all the same, and labels are looked at.
    assert (check.pose_rows, check.measured, check.labelled) == (N_FRAMES, None, 0.5)
    assert [problem.is_error for problem in problems] == [True]
    assert "'nose'" in problems[0].message
    assert labels is not None
    (tmp_path / "aDLC.csv").unlink()
    check, problems, _ = look_at(study, recording)
    assert (check.pose_rows, check.n_frames) == (None, N_FRAMES)
    assert "no such pose file" in problems[0].message


def test_whole_frames_need_no_pose_and_small_ones_are_padded(tmp_path: Path) -> None:
    recording = make_recording(tmp_path)
    (tmp_path / "aDLC.csv").unlink()
    assert look_at(make_study(tmp_path, crop=Crop(whole_frame=True)), recording)[1] == []
    recording = make_recording(tmp_path)
    problems = look_at(make_study(tmp_path, crop=Crop(body_part="body", size=64)), recording)[1]
    assert list_messages(problems) == [f"{tmp_path / 'a.mp4'}: frames of 32 x 32 pixels are smaller than the crop of 64; they are padded."]
    assert not problems[0].is_error


def test_a_pose_that_never_shows_the_animal_is_an_error(tmp_path: Path) -> None:
    recording = make_recording(tmp_path)
    assert recording.pose is not None
    track = Track(np.full((N_FRAMES, 1, 2), 1e15), np.ones((N_FRAMES, 1)), ("body",))
    write_deeplabcut(recording.pose, track, scorer="s")
    _, problems, _ = look_at(make_study(tmp_path), recording)
    assert [problem.is_error for problem in problems if "outside the picture" in problem.message] == [True]


def test_labels_that_cannot_be_used_are_named_and_those_of_others_read(tmp_path: Path) -> None:
    recording = make_recording(tmp_path)
    (tmp_path / "bad.csv").write_text("no labels")
    (tmp_path / "empty.csv").write_text("behavior,start_frame,stop_frame\nobserved,0,0\n")
    study = make_study(tmp_path)
    with_bad = Recording("a", video=recording.video, pose=recording.pose, labels={**recording.labels, "ann": tmp_path / "bad.csv"})
    check, problems, _ = look_at(study, with_bad)
    assert check.labelled == 0.5
    assert [problem.is_error for problem in problems] == [True]
    missing = Recording("a", video=recording.video, pose=recording.pose, labels={"": tmp_path / "none.csv"})
    assert "no such label file" in look_at(study, missing)[1][0].message
    tested = Recording("a", video=recording.video, pose=recording.pose, split="test")
    assert list_messages(look_at(study, tested)[1]) == ["has split=test but no labels; it is never scored."]


def test_several_raters_without_a_plain_column_are_an_error(tmp_path: Path) -> None:
    recording = make_recording(tmp_path)
    raters = {"ann": tmp_path / "a.csv", "ben": tmp_path / "a.csv"}
    check, problems, labels = look_at(make_study(tmp_path), Recording("a", video=recording.video, pose=recording.pose, labels=raters))
    assert labels is None
    assert check.labelled is None
    assert [problem.is_error for problem in problems] == [True]


def test_two_animals_of_one_video_are_no_slip(tmp_path: Path) -> None:
    first = replace(make_recording(tmp_path), individual="m1", animal="pair")
    second = replace(first, id="b", individual="m2")
    study = make_study(tmp_path)
    messages = list_messages(list(check_recordings(study, [first, second], source=tmp_path / "study.yaml").problems))
    assert not any("is also the video of" in message for message in messages)
    assert any("leaves out one recording after the other (those of one video together) and found 1 with labels" in one for one in messages)


def test_an_animal_of_a_training_video_is_no_test(tmp_path: Path) -> None:
    first = replace(make_recording(tmp_path), individual="m1")
    tested = replace(first, id="b", individual="m2", split="test")
    problems = check_recordings(make_study(tmp_path), [first, tested], source=tmp_path / "study.yaml").problems
    assert [problem.is_error for problem in problems if "'b' has split=test, and 'a', of the same video, is trained on" in problem.message]


def test_the_whole_study_has_its_problems_in_order(tmp_path: Path) -> None:
    first = make_recording(tmp_path, "a")
    second = Recording("b", video=first.video, pose=first.pose, labels=first.labels, animal="b", split="train")
    fast = make_recording(tmp_path, "c", fps=25, split="test")
    result = check_recordings(make_study(tmp_path), [first, second, fast], source=tmp_path / "study.yaml")
    assert result.needs_embedding
    assert result.has_errors
    assert [check.recording for check in result.recordings] == ["a", "b", "c"]
    assert [(problem.recording, problem.is_error) for problem in result.problems] == [
        ("b", False),
        ("", False),
        ("c", True),
        ("", True),
        ("", True),
    ]
    messages = list_messages(list(result.problems))
    assert messages[0].endswith("is also the video of 'a'; one of the two is probably a slip.")
    assert messages[1] == "jump is never seen in the training recordings; it gets no model."
    assert messages[2].startswith("has 25 frames per second, the others 10; one model needs one rate, which sampling: {fps: 10}")
    assert messages[3].startswith("recordings 'a' and 'c' have 10 and 25 frames per second")


def test_imported_features_stand_for_the_video(tmp_path: Path) -> None:
    study = make_study(tmp_path, streams=["motifs"])
    result = check_recordings(study, [make_recording(tmp_path)], source=tmp_path / "study.yaml")
    assert not result.needs_embedding
    assert [problem.is_error for problem in result.problems] == [True]
    assert "no features imported as 'motifs'" in result.problems[0].message


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        # That there are too few is for those to say who need more.
        ({}, []),
        ({"a": label(1, 0)}, []),
        ({"a": label(0, -1), "b": label(0, 0)}, ["rear is never seen in the training recordings; it gets no model."]),
        ({"a": label(1, -1), "b": label(1, 1)}, ["rear is seen in every labelled frame of the training recordings; it gets no model."]),
        ({"a": label(1, 0), "b": label(0, 0)}, ["rear is seen in 'a' alone; the fold that leaves it out cannot learn it."]),
        ({"a": label(1, 0), "b": label(0, 1)}, []),
    ],
)
def test_the_balance_of_behaviors(training: dict[str, Labels], expected: list[str]) -> None:
    problems = check_balance(["rear"], training)
    assert list_messages(problems) == expected
    assert not any(problem.is_error for problem in problems)


def test_rates_are_compared_with_the_usual_one() -> None:
    assert check_rates({}) == []
    assert check_rates({"a": 25.0, "b": 25.0}) == []
    problems = check_rates({"a": 25.0, "b": 30.0, "c": 25.0})
    assert [(problem.recording, problem.is_error) for problem in problems] == [("b", True)]
    assert "one model needs one rate, which sampling: {fps: 10} in the study file gives" in problems[0].message
    assert "sampling: {fps: 2}" in check_rates({"a": 2.0, "b": 30.0, "c": 30.0})[0].message


def test_weights_that_are_missing_are_an_error_and_those_to_download_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_weights(make_study(tmp_path)) == []
    missing = make_study(tmp_path, backbone=Backbone(name="file", weights=str(tmp_path / "none.keras")))
    assert [problem.is_error for problem in check_weights(missing)] == [True]
    monkeypatch.setattr("behavior.reporting.study_check.imagenet_path", lambda specification: tmp_path / "resnet.h5")
    download = make_study(tmp_path, backbone=Backbone(name="resnet50v2", weights="imagenet"))
    (problem,) = check_weights(download)
    assert not problem.is_error
    assert "`behavior embed` will download it" in problem.message
    (tmp_path / "resnet.h5").touch()
    assert check_weights(download) == []
    # A study that does not look at pictures needs no backbone.
    assert check_weights(missing.model_copy(update={"streams": ["motifs"]})) == []


def test_a_video_of_several_individuals_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_recording(tmp_path)
    rows = introduce_companions([first, replace(first, id="b")])
    opened: list[Path] = []
    summarize = VideoReader.summarize

    def count(self: VideoReader) -> VideoSummary:
        opened.append(self.path)
        return summarize(self)

    monkeypatch.setattr(VideoReader, "summarize", count)
    checked = check_recordings(make_study(tmp_path), rows, source=tmp_path / "study.yaml").recordings
    assert [one.n_frames for one in checked] == [N_FRAMES, N_FRAMES]
    assert len(opened) == 1
