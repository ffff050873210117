"""Which recordings several raters' label files are about."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from behavior.files.label_recordings import list_recordings

BOUTS = "behavior,start_frame,stop_frame\nrear,0,2\n"


def fill(folder: Path, files: Mapping[str, Sequence[str]]) -> Path:
    """Write a BORIS project with an observation of each of the videos, or a bout table where there is no video."""
    folder.mkdir()
    for name, videos in files.items():
        if not videos:
            (folder / name).write_text(BOUTS)
            continue
        observations = {f"{number} of {name}": {"file": {"1": [video]}, "events": []} for number, video in enumerate(videos)}
        project = {"project_format_version": "7.0", "behaviors_conf": {}, "observations": observations}
        (folder / name).write_text(json.dumps(project), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("anna", "ben", "expected"),
    [
        # Files of one recording each, named after it, in whatever case.
        ({"m1.csv": []}, {"M1.csv": [], "m2.csv": []}, {"m1": None, "m2": None}),
        # A rater's name at the end is not part of the recording's.
        ({"m1_anna.csv": []}, {"m1.csv": []}, {"m1": None}),
        # One project of all recordings, or one each: their videos name them.
        ({"all.boris": ["D:\\m1.mp4", "m2.mp4"]}, {"m1.boris": ["m1.mp4"], "x.boris": ["m2.mp4"]}, {"m1": "m1.mp4", "m2": "m2.mp4"}),
        # A file is named after its only video where others call one so, else after itself.
        ({"scores.boris": ["m 1.mp4"]}, {"m_1.csv": []}, {"m_1": "m 1.mp4"}),
        ({"scores.boris": ["m1.mp4"]}, {"other.csv": []}, {"other": None, "scores": "m1.mp4"}),
    ],
)
def test_recordings_are_told_by_names_of_files_and_in_them(
    tmp_path: Path, anna: dict[str, list[str]], ben: dict[str, list[str]], expected: dict[str, str | None]
) -> None:
    recordings = list_recordings([fill(tmp_path / "anna", anna), fill(tmp_path / "ben", ben)])
    assert {name: None if video is None else video.as_posix() for name, video in recordings.items()} == expected


def test_observations_that_all_files_have_are_no_recordings(tmp_path: Path) -> None:
    files = {f"{name}.boris": ["front.mp4", "top.mp4"] for name in ("m1", "m2")}
    assert list_recordings([fill(tmp_path / "anna", files)]) == {"m1": None, "m2": None}


def test_files_that_are_not_labels_are_left_out(tmp_path: Path) -> None:
    folder = fill(tmp_path / "anna", {"m1.csv": []})
    (folder / "notes.txt").write_text("hello")
    (folder / "m2.boris").write_text("{")
    assert list(list_recordings([folder])) == ["m1", "m2"]
    (folder / "m3.csv").write_text("frame,speed\n0,1.5\n")
    assert "m3" not in list_recordings([folder])
