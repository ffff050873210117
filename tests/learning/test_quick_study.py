"""The study as it is trained from the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.config import BoostingHead, Crop, CrossValidation, Decisions, Ensemble, EnsembleMember, LstmHead, Study, Training
from behavior.errors import LabelError
from behavior.files.study import open_study
from behavior.learning.learning_data import LearningData
from behavior.learning.quick_study import choose_quick_settings, choose_training_labels, group_recordings, write_quick_study
from behavior.learning.recording_features import RecordingFeatures
from behavior.recording import Labels, Recording

STUDY = Study(
    behaviors=["groom", "rear"],
    crop=Crop(body_part="midbody", size=64),
    head=LstmHead(layers=3, units=128),
    training=Training(epochs=50),
    crossval=CrossValidation(early_stopping_on="fold"),
    ensemble=Ensemble(seeds=4),
    decisions=Decisions(nested="pairs"),
)


def make_data(n_recordings: int, *, n_frames: int = 600, fps: float = 10.0, n_animals: int = 0) -> LearningData:
    recordings, features, labels = [], [], []
    for number in range(n_recordings):
        animal = f"a{number % n_animals}" if n_animals else f"m{number}"
        recordings.append(Recording(f"m{number}", animal=animal))
        features.append(RecordingFeatures(np.zeros((n_frames, 2), np.float32), np.arange(n_frames) / fps, fps, (), broke_off=False))
        values = np.full((n_frames, 2), -1, np.int8)
        values[: 100 + 10 * number] = 0
        labels.append(Labels(values, ("groom", "rear")))
    return LearningData(tuple(recordings), tuple(features), tuple(labels), ("groom", "rear"))


def test_settings_are_those_of_the_study_but_for_what_takes_long() -> None:
    quick = choose_quick_settings(STUDY, make_data(2))
    assert (quick.behaviors, quick.crop, quick.windows, quick.postprocess) == (
        STUDY.behaviors,
        STUDY.crop,
        STUDY.windows,
        STUDY.postprocess,
    )
    assert isinstance(quick.head, LstmHead)
    assert (quick.head.share, quick.head.layers, quick.head.units, quick.head.bidirectional) == (True, 1, 64, True)
    assert (quick.ensemble, quick.decisions) == (Ensemble(), None)
    # What is scored stops no training.
    assert quick.crossval.early_stopping_on == "inner"
    assert quick.features.average == 1
    assert choose_quick_settings(STUDY, make_data(2, fps=30.0)).features.average == 3


def test_boosted_trees_stay_as_they_are() -> None:
    head = BoostingHead(kind="boosting", trees=40)
    quick = choose_quick_settings(STUDY.model_copy(update={"head": head}), make_data(2))
    assert quick.head == head
    assert Study.model_validate(quick.model_dump(mode="json")).head == head


def test_few_labels_are_trained_on_for_longer_than_many() -> None:
    few = choose_quick_settings(STUDY, make_data(2)).training
    many = choose_quick_settings(STUDY, make_data(5, n_frames=40_000)).training
    assert (few.epochs, few.learning_rate) == (50, 0.005)
    full = make_data(5, n_frames=40_000)
    for labels in full.labels:
        labels.values[:] = 0
    many = choose_quick_settings(STUDY, full).training
    assert (many.epochs, many.learning_rate) == (15, 0.001)


def test_the_first_member_of_an_ensemble_is_trained() -> None:
    members = [EnsembleMember(streams=["motion"]), EnsembleMember(streams=["appearance"])]
    study = STUDY.model_copy(update={"ensemble": Ensemble(members=members)})
    assert choose_quick_settings(study, make_data(2)).streams == ["motion"]


def test_many_recordings_are_left_out_in_parts_of_like_size() -> None:
    assert group_recordings(make_data(5), leave_out="recording") == {}
    data = make_data(12)
    parts = group_recordings(data, leave_out="recording")
    assert sorted(set(parts.values())) == [f"part_{number}" for number in range(1, 6)]
    sizes = {part: sum(100 + 10 * number for number in range(12) if parts[f"m{number}"] == part) for part in set(parts.values())}
    assert max(sizes.values()) < 2 * min(sizes.values())
    # Recordings of an animal stay together.
    by_animal = group_recordings(make_data(14, n_animals=7), leave_out="animal")
    assert all(by_animal[f"m{number}"] == by_animal[f"m{number + 7}"] for number in range(7))


def test_labels_are_copied_and_recordings_are_in_their_parts(tmp_path: Path) -> None:
    source = tmp_path / "m0.csv"
    source.write_text("frame,groom,rear\n0,1,0\n")
    recordings = [Recording("m0", labels={"anna": source}, sex="F", animal="a"), Recording("m1", labels={"": source})]
    chosen = [choose_training_labels(recording, "anna") for recording in recordings]
    assert [sorted(one.labels) for one in chosen] == [["", "anna"], [""]]
    path = write_quick_study(tmp_path / "round_01", STUDY, chosen, {"m0": "part_1", "m1": "part_2"})
    study, written = open_study(path)
    assert study.crossval.leave_out == "animal"
    assert [(one.id, one.animal, one.sex) for one in written] == [("m0", "part_1", ""), ("m1", "part_2", "")]
    copy = written[0].labels[""]
    assert copy == written[0].labels["anna"] == written[1].labels[""]
    source.write_text("frame,groom,rear\n0,0,0\n")
    assert copy.read_text() == "frame,groom,rear\n0,1,0\n"
    assert copy.parent.parent == tmp_path / "round_01"


def test_a_label_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"gone\.csv: no such label file"):
        write_quick_study(tmp_path, STUDY, [Recording("m0", labels={"": tmp_path / "gone.csv"})], {})


@pytest.mark.parametrize("leave_out", ["recording", "animal"])
def test_animals_of_one_video_are_in_one_part(leave_out: str, tmp_path: Path) -> None:
    data = make_data(14)
    recordings = tuple(replace(one, video=tmp_path / f"v{number // 2}.mp4") for number, one in enumerate(data.recordings))
    parts = group_recordings(replace(data, recordings=recordings), leave_out=leave_out)
    assert len(set(parts.values())) == 5
    assert all(parts[f"m{number}"] == parts[f"m{number + 1}"] for number in range(0, 14, 2))
