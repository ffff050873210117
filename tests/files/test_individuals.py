"""Several animals of one video are several recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paired_folder import NETWORK, fill, write_pair

from behavior.errors import PoseError
from behavior.files.individuals import choose_individuals, list_own_files, name_individuals
from behavior.files.manifest import is_portable_name
from behavior.files.pairing import pair_files
from behavior.files.pose import open_pose, write_deeplabcut
from behavior.recording import Track

SEEN = Track(np.ones((3, 1, 2)), np.ones((3, 1)), ("nose",))
LOST = Track(np.full((3, 1, 2), np.nan), np.zeros((3, 1)), ("nose",))
ZERO = Track(np.zeros((3, 1, 2)), np.zeros((3, 1)), ("nose",))


def test_those_without_a_position_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "m1DLC.csv"
    write_deeplabcut(path, {"m1": SEEN, "M2": SEEN, "ghost": LOST, "zero": ZERO}, scorer="s")
    pose = open_pose(path)
    assert choose_individuals(pose) == (
        ["m1", "M2"],
        ["m1DLC.csv: ghost, zero have no position in any frame and have no recording."],
    )
    assert choose_individuals(pose, ["m2", "ghost", "M2"]) == (["M2", "ghost"], [])
    with pytest.raises(PoseError, match="has no individual 'm3', only m1, M2, ghost, zero; choose from these"):
        choose_individuals(pose, ["m3"])
    write_deeplabcut(path, {"a": LOST, "b": LOST}, scorer="s")
    with pytest.raises(PoseError, match="none of its 2 individuals has a position in any frame"):
        choose_individuals(open_pose(path))


def test_a_pose_of_one_animal_has_nothing_to_choose(tmp_path: Path) -> None:
    write_deeplabcut(tmp_path / "one.csv", SEEN, scorer="s")
    write_deeplabcut(tmp_path / "named.csv", {"m1": SEEN}, scorer="s")
    assert choose_individuals(open_pose(tmp_path / "one.csv"), ["m1"]) == ([], [])
    assert choose_individuals(open_pose(tmp_path / "named.csv")) == ([], [])


@given(st.from_regex(r"[A-Za-z0-9_]{1,200}", fullmatch=True), st.lists(st.text(min_size=1, max_size=220), unique=True, max_size=6))
def test_ids_are_safe_as_file_names_and_differ(recording: str, names: list[str]) -> None:
    taken = {f"{recording}_A", recording}
    ids = name_individuals(recording if is_portable_name(recording) else "m1", names, taken)
    assert list(ids) == names
    assert all(map(is_portable_name, ids.values()))
    assert len({one.casefold() for one in [*ids.values(), *taken]}) == len(names) + len({one.casefold() for one in taken})


def test_a_file_belongs_to_the_individual_with_the_longest_name_that_it_begins_with() -> None:
    ids = name_individuals("m1", ["a", "a_b", "c"])
    paths = [Path(name) for name in ("m1_a.csv", "m1_a_b_labels.csv", "m1_labels.csv", "m1_ab.csv")]
    assert list_own_files(paths, "m1", ids) == {"a": [paths[0]], "a_b": [paths[1]], "c": []}


def test_each_individual_is_a_recording_with_its_own_label_file_or_the_videos(tmp_path: Path) -> None:
    write_pair(tmp_path, "m1", ("animal1", "animal10"))
    write_pair(tmp_path, "m2", ("a b", "a_b", "ghost"), absent=("ghost",))
    fill(tmp_path, "m1_animal1_frames.csv", "m1_animal10_frames.csv", "m2_frames.csv", "m3.mp4")
    pairings, sentences = pair_files(tmp_path)
    assert [(one.recording, one.individual, one.labels.name if one.labels else None) for one in pairings] == [
        ("m1_animal1", "animal1", "m1_animal1_frames.csv"),
        ("m1_animal10", "animal10", "m1_animal10_frames.csv"),
        ("m2_a_b", "a b", "m2_frames.csv"),
        ("m2_a_b_2", "a_b", "m2_frames.csv"),
        ("m3", "", None),
    ]
    assert {one.pose.name for one in pairings if one.pose} == {f"m1{NETWORK}_el.h5", f"m2{NETWORK}_el.h5"}
    assert f"m2{NETWORK}_el.h5: ghost has no position in any frame and has no recording." in sentences
    assert "Pose of several animals makes a recording of each: m1_animal1, m1_animal10, m2_a_b, m2_a_b_2." in sentences
    assert not any("several raters" in sentence for sentence in sentences)


def test_the_individuals_that_are_asked_for_are_recordings_and_none_is_made_up(tmp_path: Path) -> None:
    write_pair(tmp_path, "m1", ("resident", "intruder", "third"))
    write_pair(tmp_path, "m2", ("left", "right"))
    pairings, sentences = pair_files(tmp_path, ["Resident", "third"])
    assert [(one.recording, one.individual) for one in pairings] == [("m1_resident", "resident"), ("m1_third", "third"), ("m2", "")]
    assert any("has no individual 'Resident', only left, right" in sentence for sentence in sentences)
    assert [one.recording for one in pair_files(tmp_path, None)[0]] == ["m1", "m2"]


def test_an_id_that_another_video_has_is_not_given_twice(tmp_path: Path) -> None:
    write_pair(tmp_path, "m1", ("a", "b"))
    fill(tmp_path, "m1_a.mp4")
    assert [one.recording for one in pair_files(tmp_path)[0]] == ["m1_a_2", "m1_b", "m1_a"]
