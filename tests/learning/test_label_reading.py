"""Label files as a study's section `labels` has them read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_samples import FRAMES, N_FRAMES, NAMES, TIME_S, VALUES, make_bout_table, make_dlcanalyzer, make_new_tabular, write

from behavior.config import LabelFiles, Study, parse_section
from behavior.errors import LabelError
from behavior.learning.label_reading import describe_unowned, read_labels_of, read_raters_of
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities, Recording


def test_a_study_says_what_names_mean_and_which_part_counts(tmp_path: Path) -> None:
    content = {
        "behaviors": ["grooming", "wall_rearing"],
        "crop": {"whole_frame": True},
        "labels": {"map": {"Supported": "wall_rearing", "Grooming": "grooming"}, "observation": {"r1": "second"}, "observed": "whole"},
    }
    study = parse_section(Study, content, source=tmp_path / "study.yaml")
    text = make_new_tabular() + "\n".join(make_new_tabular(observation="second").splitlines()[1:]).replace("0.300", "0.000")
    path = write(tmp_path / "all.csv", text)
    for recording, video, first in [("r1", None, 0), ("first", None, 3), ("r2", Path("second.mp4"), 0)]:
        labels, notes = read_labels_of(Recording(recording, video=video), path, study.behaviors, FRAMES, settings=study.labels)
        assert np.flatnonzero(labels.values[:, 0])[0] == first
        np.testing.assert_array_equal(labels.values[:, 1], VALUES[:, 1])
        assert notes == []


def test_ignored_names_and_policies_are_those_of_the_settings(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "behavior,start_frame,stop_frame\nGrooming,8,3\nnoise,0,2\n")
    recording = Recording("r1")
    settings = LabelFiles(ignore=["noise"], inverted="warn")
    labels, notes = read_labels_of(recording, path, ("Grooming",), FRAMES, settings=settings)
    assert np.flatnonzero(labels.values[:, 0]).tolist() == list(range(3, 8))
    assert len(notes) == 1
    with pytest.raises(LabelError, match="is not a span"):
        read_labels_of(recording, path, ("Grooming",), FRAMES, settings=LabelFiles())


def test_the_rater_is_the_settings_own_else_the_columns(tmp_path: Path) -> None:
    lines = make_dlcanalyzer().splitlines()
    others = [line.replace("Jin", "Oliver").replace(";0.3;", ";0.5;") for line in lines[1:]]
    path = write(tmp_path / "all.csv", "\n".join([*lines, *others]))
    recording = Recording("mouse_1", labels={"jin": path, "Oliver": path})

    def find_first(rater: str | None, settings: LabelFiles) -> int:
        labels, _ = read_labels_of(recording, path, NAMES, FRAMES, settings=settings, rater=rater)
        return int(np.flatnonzero(labels.values[:, 0])[0])

    assert [find_first(rater, LabelFiles()) for rater in ("jin", "Oliver", None)] == [3, 5, 3]
    assert find_first("jin", LabelFiles(rater="Oliver")) == 5
    with pytest.raises(LabelError, match="holds labels of 'mouse_1' by 'Jin', 'Oliver'"):
        find_first("", LabelFiles())


def test_every_rater_of_a_recording_is_read_in_the_frames_of_its_ethogram(tmp_path: Path, caplog: Any) -> None:
    decided = Ethogram(VALUES == 1, NAMES, TIME_S)
    annotation = Annotation("r1", Probabilities(VALUES.astype(np.float32), NAMES, TIME_S), decided, decided, Provenance(broke_off=True))
    long = write(tmp_path / "long.csv", f"behavior,start_frame,stop_frame\nGrooming,3,{N_FRAMES + 50}\n")
    recording = Recording("r1", labels={"": write(tmp_path / "a.csv", make_bout_table()), "ben": long})
    labels = read_raters_of(annotation, recording, settings=LabelFiles())
    assert list(labels) == ["", "ben"]
    np.testing.assert_array_equal(labels[""].values, VALUES)
    assert labels["ben"].values[:, 0].tolist() == [0] * 3 + [1] * (N_FRAMES - 3)
    assert any("the video breaks off" in record.getMessage() for record in caplog.records)


SUBJECTS = "behavior,start_frame,stop_frame,subject\na,1,3,Mouse 1\na,5,7,Mouse 2\n"


def read_shared(path: Path, individual: str, settings: LabelFiles | None = None, *, is_shared: bool = True) -> list[int]:
    recording = Recording(f"v_{individual}", labels={"": path}, individual=individual, shared_labels=frozenset([path] if is_shared else []))
    labels, _ = read_labels_of(recording, path, ("a",), FRAMES, settings=settings or LabelFiles())
    return np.flatnonzero(labels.values[:, 0] == 1).tolist()


def test_an_individual_has_the_labels_of_the_subject_of_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", SUBJECTS)
    assert [read_shared(path, name) for name in ("mouse_1", "MOUSE2")] == [[1, 2], [5, 6]]
    assert read_shared(path, "mouse_1", LabelFiles(subject={"v_mouse_1": "Mouse 2"})) == [5, 6]
    assert read_shared(path, "mouse_1", LabelFiles(subject="*")) == [1, 2, 5, 6]
    with pytest.raises(LabelError, match=r"has no labels of the individual 'animal3', only of 'Mouse 1', 'Mouse 2'; .*RECORDING: NAME"):
        read_shared(path, "animal3")
    # The only subject of a file that is nobody else's is the animal, whatever it is called.
    only = write(tmp_path / "only.csv", SUBJECTS.replace("Mouse 2", "Mouse 1"))
    assert read_shared(only, "animal3", is_shared=False) == [1, 2, 5, 6]
    with pytest.raises(LabelError, match="has no labels of the individual 'animal3', only of 'Mouse 1'"):
        read_shared(only, "animal3")


def test_subjects_of_another_program_are_individuals_too(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", make_new_tabular())
    two = write(tmp_path / "two.csv", make_new_tabular(subject="animal1"))
    recording = Recording("v_animal1", labels={"": two}, individual="animal1", shared_labels=frozenset([two]))
    labels, _ = read_labels_of(recording, two, NAMES, FRAMES, settings=LabelFiles(observation="first"))
    np.testing.assert_array_equal(labels.values, VALUES)
    for nameless, raised in ((path, "is the label file of several individuals of one video"), (two, "has no labels of the individual")):
        other = Recording("v_animal2", labels={"": nameless}, individual="animal2", shared_labels=frozenset([nameless]))
        with pytest.raises(LabelError, match=raised):
            read_labels_of(other, nameless, NAMES, FRAMES, settings=LabelFiles(observation="first"))


def test_labels_of_nobody_in_particular_are_asked_about_where_individuals_share_them(tmp_path: Path) -> None:
    bouts = write(tmp_path / "v.csv", "behavior,start_frame,stop_frame\na,1,3\n")
    frames = write(tmp_path / "w.csv", "frame,a\n" + "".join(f"{frame},{int(frame in (1, 2))}\n" for frame in range(N_FRAMES)))
    for path in (bouts, frames):
        with pytest.raises(LabelError, match=r"several individuals of one video, 'animal1' among them, .*labels: {subject: \"\*\"}"):
            read_shared(path, "animal1")
        assert read_shared(path, "animal1", LabelFiles(subject="*")) == [1, 2]
        assert read_shared(path, "animal1", is_shared=False) == [1, 2]
    # A table of several recordings names them by their ids.
    table = write(tmp_path / "all.csv", "recording,behavior,start_frame,stop_frame\nv_x,a,1,3\nv_y,a,5,7\n")
    assert [read_shared(table, name) for name in "xy"] == [[1, 2], [5, 6]]


def test_whose_labels_are_not_said_is_one_sentence_and_a_subject_answers_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "subject,behavior,start_frame,stop_frame\nS1,groom,0,3\nS2,groom,4,6\n")
    both = [
        Recording(name, labels={"": path}, individual=individual, shared_labels=frozenset({path}))
        for name, individual in (("a_one", "one"), ("a_two", "two"))
    ]
    (note,) = describe_unowned(both, ("groom",), settings=LabelFiles())
    assert note.startswith(f"a_one: {path}: has no labels of the individual 'one', only of 'S1', 'S2'; ")
    assert note.endswith(" The same is true of a_two.")
    assert describe_unowned(both, ("groom",), settings=LabelFiles(subject={"a_one": "S1", "a_two": "S2"})) == []
    path.write_text(path.read_text().replace("S1", "one").replace("S2", "Two"))
    assert describe_unowned(both, ("groom",), settings=LabelFiles()) == []
