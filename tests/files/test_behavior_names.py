"""The behaviors of a new study, by the names in its label files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from behavior.files.behavior_names import choose_names


def write_bouts(path: Path, *names: str) -> Path:
    path.write_text("\n".join(["behavior,start_frame,stop_frame", *(f"{name},0,2" for name in names)]), encoding="utf-8")
    return path


def write_frames(path: Path, *names: str) -> Path:
    path.write_text("\n".join([",".join(["frame", *names]), ",".join(["0", *("1" for _ in names)])]))
    return path


def test_names_come_in_order_of_appearance(tmp_path: Path) -> None:
    paths = [write_bouts(tmp_path / "a.csv", "rear", "groom"), write_bouts(tmp_path / "b.csv", "groom", "sniff", "rear")]
    chosen = choose_names([*paths, paths[0]])
    assert (chosen.behaviors, chosen.mapping, chosen.ignored, chosen.n_files) == (("rear", "groom", "sniff"), {}, (), 2)
    assert chosen.notes == (f"'sniff' is only in {paths[1]}.",)
    assert choose_names([]).behaviors == ()


def test_a_behavior_that_few_files_lack_is_said_with_these(tmp_path: Path) -> None:
    paths = [write_bouts(tmp_path / f"{number}.csv", "rear", *(["groom"] if number else [])) for number in range(4)]
    assert choose_names(paths).notes == (f"'groom' is in every label file but {paths[0]}.",)


def test_an_umlaut_of_two_characters_is_the_same_name(tmp_path: Path) -> None:
    chosen = choose_names(
        [write_bouts(tmp_path / f"{number}.csv", name) for number, name in enumerate(["Ka\u0308lte", "K\u00e4lte", "Ka\u0308lte"])]
    )
    assert (chosen.behaviors, chosen.mapping, chosen.notes) == (("K\u00e4lte",), {}, ())


def test_spellings_that_differ_in_case_and_separators_mean_one_behavior(tmp_path: Path) -> None:
    names = ["mid_rearing", "Mid Rearing", "mid_rearing", "midrearing"]
    chosen = choose_names([write_bouts(tmp_path / f"{number}.csv", name) for number, name in enumerate(names)])
    assert chosen.behaviors == ("mid_rearing",)
    assert chosen.mapping == {"Mid Rearing": "mid_rearing", "midrearing": "mid_rearing"}
    assert chosen.notes == tuple(
        f"{names[number]!r} in {tmp_path / f'{number}.csv'} is read as 'mid_rearing' (labels: map)." for number in (1, 3)
    )


def test_a_rare_name_that_is_nearly_spelt_alike_is_a_misspelling(tmp_path: Path) -> None:
    names = ["grooming", "grooming", "Grooming", "groming"]
    chosen = choose_names([write_bouts(tmp_path / f"{number}.csv", name) for number, name in enumerate(names)])
    assert (chosen.behaviors, chosen.mapping) == (("grooming",), {"Grooming": "grooming", "groming": "grooming"})
    # Each name is told once.
    assert chosen.notes == (
        f"'groming' in {tmp_path / '3.csv'} is taken for 'grooming', misspelt (labels: map); name it under behaviors if it is one of its "
        "own.",
        f"'Grooming' in {tmp_path / '2.csv'} is read as 'grooming' (labels: map).",
    )
    # Not where a file has both, nor where the shorter name is in the longer one.
    for both in (["grooming", "groming"], ["grooming", "ungrooming"]):
        chosen = choose_names([write_bouts(tmp_path / "0.csv", "grooming"), write_bouts(tmp_path / "1.csv", *both)])
        assert chosen.behaviors == tuple(both)


@pytest.mark.parametrize(
    ("name", "expected"), [("Mid Rearing", "Mid_Rearing"), ("observed_x", "observed_x"), ("time", "time_behavior"), ("++", "behavior")]
)
def test_names_that_a_study_cannot_have_are_changed(tmp_path: Path, name: str, expected: str) -> None:
    chosen = choose_names([write_bouts(tmp_path / "a.csv", name)])
    assert chosen.behaviors == (expected,)
    assert chosen.mapping == ({} if name == expected else {name: expected})


def test_names_whose_columns_would_clash_are_changed(tmp_path: Path) -> None:
    chosen = choose_names([write_bouts(tmp_path / "a.csv", "rear", "rear_raw", "a b", "a_b")])
    assert chosen.behaviors == ("rear", "rear_raw_behavior", "a_b")
    assert chosen.mapping == {"rear_raw": "rear_raw_behavior", "a b": "a_b"}


def test_events_without_a_duration_are_left_out_unless_there_is_nothing_else(tmp_path: Path) -> None:
    behaviors = {"0": {"code": "groom", "type": "State event"}, "1": {"code": "jump", "type": "Point event"}}
    events = [[0.0, "", "groom", "", ""], [0.1, "", "jump", "", ""], [0.2, "", "groom", "", ""]]

    def write_project(path: Path, events: list[list[object]]) -> Path:
        project = {"project_format_version": "7.0", "behaviors_conf": behaviors, "observations": {"o": {"events": events}}}
        path.write_text(json.dumps(project))
        return path

    chosen = choose_names([write_project(tmp_path / "a.boris", events)])
    assert (chosen.behaviors, chosen.ignored) == (("groom",), ("jump",))
    assert "'jump' in " in chosen.notes[0]
    assert "train on it, each event then marks one frame" in chosen.notes[0]
    chosen = choose_names([write_project(tmp_path / "a.boris", events[1:2])])
    assert (chosen.behaviors, chosen.ignored) == (("jump",), ())


def test_a_behavior_that_most_frame_tables_have_no_column_for_is_left_out(tmp_path: Path) -> None:
    columns = [("groom", "rear"), ("groom", "rear"), ("groom", "sniff")]
    paths = [write_frames(tmp_path / f"{number}.csv", *names) for number, names in enumerate(columns)]
    chosen = choose_names(paths)
    assert chosen.behaviors == ("groom", "rear")
    assert any(note.startswith(f"'rear' has no column in {paths[2]}; add one there") for note in chosen.notes)
    assert any(note.startswith(f"'sniff' has no column in {paths[0]}, {paths[1]}, so it is left out") for note in chosen.notes)


def test_files_that_cannot_be_read_are_noted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("speed\n1.5\n")
    chosen = choose_names([tmp_path / "a.csv", write_bouts(tmp_path / "b.csv", "rear")])
    assert (chosen.behaviors, chosen.n_files) == (("rear",), 1)
    assert "is not a recognised label file" in chosen.notes[0]
