"""The parts of a report on what was done, the data check, ethograms and statistics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from behavior.config import Arena, Study
from behavior.files.feature_sources import hash_file
from behavior.recording import Recording
from behavior.reporting.check_result import CheckedRecording, CheckedView, Problem, StudyCheck
from behavior.reporting.description import DescribedRecording, Description
from behavior.reporting.html_page import Details, Listing, Paragraph, Picture, Section, Table
from behavior.reporting.scores_section import score_held_out
from behavior.reporting.sections import (
    make_check_section,
    make_done_section,
    make_ethogram_section,
    make_overview,
    make_statistics_section,
)
from behavior.reporting.sources import ReportSources

Make = Callable[..., Any]


def list_paragraphs(section: Section) -> list[tuple[str, str]]:
    return [(block.words, block.tone) for block in section.blocks if isinstance(block, Paragraph)]


def test_other_views_have_a_table_of_their_own() -> None:
    views = {"video_side": CheckedView(1200, 25.0, 2.0, 49.96), "start_imu": CheckedView(1)}
    check = StudyCheck(True, [CheckedRecording("a", "train", n_frames=1250, fps=25.0, views=views), CheckedRecording("b", "test")], [])
    table = make_check_section(check).blocks[1]
    assert isinstance(table, Table)
    assert table.rows == [["a", "video_side", "1,200", "25", "2 s", "49.96 s"], ["a", "start_imu", "1", "", "", ""]]


def make_sources(folder: Path, *, ethograms: list[Path] | None = None, notes: list[str] | None = None) -> ReportSources:
    (folder / "study.yaml").write_text("behaviors: [groom, rear]\n# What I meant.\nstreams: [motifs]\n")
    study = Study(behaviors=["groom", "rear"], streams=["motifs"], recordings=folder / "recordings.csv")
    recordings = [Recording("a"), Recording("b"), Recording("c", split="test")]
    return ReportSources(folder / "study.yaml", study, recordings, None, None, ethograms or [], notes or [])


def test_the_overview_counts_recordings_and_minutes(tmp_path: Path, make_recording: Make, make_description: Make) -> None:
    recordings = [make_recording(name, 2, is_labelled=True, learned_from=False) for name in "ab"]
    description = make_description(recordings)
    section = make_overview(make_sources(tmp_path, notes=["Nothing was found."]), description, score_held_out(recordings))
    (points, *_) = section.blocks
    assert isinstance(points, Listing)
    assert points.points == [
        f"Study {tmp_path / 'study.yaml'}: 3 recordings (2 for training, 1 for testing), behaviors groom, rear.",
        "Ethograms of 2 recordings, 1.0 minutes of video.",
        points.points[2],
    ]
    assert points.points[2].startswith("Average precision on held-out recordings: groom 0.")
    assert points.points[2].endswith(", rear undefined.")
    assert list_paragraphs(section) == [("Nothing was found.", "warning")]


def test_what_was_done_has_settings_versions_and_hashes(tmp_path: Path, make_recording: Make, make_description: Make) -> None:
    ethogram = tmp_path / "a_ethogram.csv"
    ethogram.write_text("frame\n0\n")
    description = make_description([make_recording("a", postprocess={"threshold": 0.5}), make_recording("b", resampled=True)])
    section = make_done_section(
        make_sources(tmp_path, ethograms=[ethogram]), description, {"keras": "3.9"}, report_versions={"keras": "3.10", "numpy": "2.0"}
    )
    table, *details = section.blocks
    assert isinstance(table, Table)
    cells = dict(table.rows)
    assert cells["Seed"] == "0"
    assert cells["Resampled in time"] == "b"
    assert cells["Ethograms"].startswith("2; post-processing: threshold 0.5 or ")
    by_summary: dict[str, Any] = {block.summary: block for block in details if isinstance(block, Details)}
    assert by_summary["Versions"].blocks[0].rows == [["keras", "3.9", "3.10"], ["numpy", "", "2.0"]]
    # As it was written, and with everything that it leaves out.
    assert "# What I meant." in by_summary["The study file"].text
    assert "learning_rate" not in by_summary["The study file"].text
    assert "learning_rate" in by_summary["All settings, including defaults"].text
    hashes = dict(by_summary["Hashes of files (BLAKE2b, 128 bits)"].blocks[0].rows)
    assert hashes[str(ethogram)] == hash_file(ethogram)
    # The manifest is not there, which costs its hash only.
    assert "recordings.csv" in hashes[str(tmp_path / "recordings.csv")]


def test_a_check_shows_its_table_and_its_problems() -> None:
    checks = [
        CheckedRecording("a", "train", 1234, 25.0, 1234, 0.995, 0.5, {"groom": 0.25}, "frame table"),
        CheckedRecording("b", "test", 10, 25.0),
    ]
    section = make_check_section(StudyCheck(True, checks, [Problem("b", "is odd.", False), Problem("", "weights are missing.", True)]))
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert table.heading == ["Recording", "Split", "Frames", "fps", "Centre measured", "Labelled", "groom"]
    assert table.rows == [["a", "train", "1,234", "25", "99.5%", "50%", "25.0%"], ["b", "test", "10", "25", "", "", ""]]
    assert list_paragraphs(section) == [("Warning: b: is odd.", "warning"), ("Error: weights are missing.", "warning")]


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (1.0, "Every frame was decoded and checked against pose and labels; no problems were found."),
        (None, "Every recording was read and checked against pose and labels; no problems were found."),
    ],
)
def test_a_check_without_problems_says_so_and_leaves_out_empty_columns(measured: float | None, expected: str) -> None:
    section = make_check_section(StudyCheck(True, [CheckedRecording("a", "train", 10, measured=measured)], []))
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert "fps" not in table.heading
    assert list_paragraphs(section) == [(expected, "plain")]


def test_a_check_that_was_left_out_is_said() -> None:
    assert list_paragraphs(make_check_section(None)) == [("The videos were not decoded for this report.", "note")]


@pytest.fixture
def description(make_recording: Callable[..., DescribedRecording], make_description: Callable[..., Description]) -> Description:
    arena = Arena(corners=((0, 0), (100, 0), (100, 100), (0, 100)), zones={"left": [(0, 0), (50, 0), (50, 100), (0, 100)]})
    recordings = [make_recording(f"r{number}", number, group="xy"[number % 2], is_tracked=True) for number in range(1, 9)]
    return make_description(recordings, arena=arena, bin_s=10.0, notes=("r9 is not described.",))


def test_ethograms_are_shown(description: Description) -> None:
    section = make_ethogram_section(description)
    assert all(isinstance(block, Picture) for block in section.blocks)
    assert section.blocks


def test_statistics_have_tables_pictures_and_some_trajectories(description: Description) -> None:
    section = make_statistics_section(description)
    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert [table.caption for table in tables] == ["Behaviors, means over animals", "Comparison of groups", "Zones, means over animals"]
    assert [row[:3] for row in tables[0].rows] == [["groom", "y", "4"], ["groom", "x", "4"], ["rear", "y", "4"], ["rear", "x", "4"]]
    assert ["r9 is not described."] in [list(block.points) for block in section.blocks if isinstance(block, Listing)]
    pictures = [block.description for block in section.blocks if isinstance(block, Picture)]
    assert pictures == ["Time curves", "Transition graph", "Bout lengths"]
    details = [block for block in section.blocks if isinstance(block, Details)][-1]
    # Six of eight are shown, one group after the other.
    shown = [block.description for block in details.blocks if isinstance(block, Picture)]
    assert shown == [f"Trajectory of r{number}" for number in (1, 3, 5, 7, 2, 4)]
    assert isinstance(details.blocks[-1], Paragraph)
    assert details.blocks[-1].words == "Not shown: 2 more; `behavior stats` draws them all."


def test_ethograms_of_very_many_recordings_are_one_picture(make_recording: Make, make_description: Make) -> None:
    few = make_ethogram_section(make_description([make_recording(f"r{number}", is_labelled=True) for number in range(12)]))
    assert all(isinstance(block, Picture) for block in few.blocks)
    many = make_ethogram_section(make_description([make_recording(f"r{number}", is_labelled=True) for number in range(120)]))
    picture, note = many.blocks
    assert isinstance(picture, Picture)
    assert isinstance(note, Paragraph)
    assert note.words == "120 recordings are too many to show each; `behavior stats` draws the ethogram of every one."


def test_of_many_problems_errors_are_shown_and_warnings_are_folded_away() -> None:
    checked = [CheckedRecording(f"r{number}", "train", n_frames=10, fps=10.0) for number in range(100)]
    problems = [Problem(one.recording, "is small.", is_error=False) for one in checked] + [Problem("r7", "is gone.", is_error=True)]
    table, first, *others, rest = make_check_section(StudyCheck(True, checked, problems)).blocks
    assert isinstance(table, Details)
    assert table.summary == "The 100 recordings"
    assert isinstance(first, Paragraph)
    assert first.words == "Error: r7: is gone."
    assert isinstance(rest, Details)
    assert rest.summary == "81 more problems"
    assert len(others) + 1 + len(rest.blocks) == 101
