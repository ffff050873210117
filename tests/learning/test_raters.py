"""The labels of several raters, and the human ceiling that their agreement sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rater_samples import BEHAVIORS, DELAYS, FRAMES, N_FRAMES, make_labels, write_project, write_rater_folders

from behavior.errors import LabelError, UsageError
from behavior.learning.rater_files import RaterFiles
from behavior.learning.raters import measure_ceiling, read_ceiling, read_rater_folders, read_rater_labels, score_rater_agreement
from behavior.recording import Frames, Labels, Recording


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """A folder of bout tables for each of three raters of three recordings."""
    return write_rater_folders(tmp_path / "raters")


def list_recordings(folders: list[Path]) -> list[Recording]:
    return [Recording(f"r{number}", labels={folder.name: folder / f"r{number}.csv" for folder in folders}) for number in range(3)]


def test_the_ceiling_of_a_manifest_is_that_of_its_labels(folders: list[Path]) -> None:
    ceiling = read_ceiling(list_recordings(folders), BEHAVIORS, [FRAMES] * 3)
    assert ceiling is not None
    labels = {name: {f"r{number}": make_labels(number, delay) for number in range(3)} for name, delay in DELAYS.items()}
    expected = measure_ceiling(labels, time_s={f"r{number}": FRAMES.time_s for number in range(3)})
    pd.testing.assert_frame_equal(ceiling, expected)
    assert {"f1", "kappa", "segment_f1_50", "latency_error_s"} <= set(ceiling.metric)
    # Anna's and Carla's bouts of 12 frames are four frames apart, the others' two.
    chosen = ceiling[(ceiling.behavior == "rear") & (ceiling.metric == "f1") & (ceiling.against == "pairs")]
    assert (chosen.low.item(), chosen.high.item()) == (pytest.approx(8 / 12), pytest.approx(10 / 12))


def test_without_two_raters_of_one_recording_there_is_no_ceiling(folders: list[Path]) -> None:
    assert read_ceiling(list_recordings(folders[:1]), BEHAVIORS, [FRAMES] * 3) is None
    apart = [Recording(f"r{number}", labels={folders[number].name: folders[number] / f"r{number}.csv"}) for number in range(2)]
    assert read_ceiling(apart, BEHAVIORS, [FRAMES] * 2) is None
    assert measure_ceiling({}) is None


def test_a_recording_of_one_rater_has_no_part_in_the_ceiling() -> None:
    labels = {name: {"r0": make_labels(0, delay)} for name, delay in DELAYS.items()}
    alone = Labels(1 - make_labels(1).values, BEHAVIORS)
    pd.testing.assert_frame_equal(measure_ceiling(labels), measure_ceiling({**labels, "anna": {**labels["anna"], "r1": alone}}))


def test_a_label_file_that_cannot_be_used_is_named(folders: list[Path]) -> None:
    (folders[1] / "r1.csv").unlink()
    (folders[2] / "r2.csv").write_text("behavior,start_frame,stop_frame\nrear,5,2\n")
    with pytest.raises(LabelError) as caught:
        read_ceiling(list_recordings(folders), BEHAVIORS, [FRAMES] * 3)
    lines = str(caught.value).splitlines()
    assert [name in line for name, line in zip(("ben/r1.csv", "carla/r2.csv"), lines, strict=True)] == [True, True]


def test_raters_of_other_recordings_than_those_scored_are_told_so(tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        (tmp_path / name).mkdir()
        write_project(tmp_path / name / "scoring.boris", range(2))
    folders = [tmp_path / "anna", tmp_path / "ben"]
    labels = read_rater_folders(folders, {"r0": FRAMES, "r1": FRAMES, "r7": FRAMES}, BEHAVIORS)
    assert {rater: sorted(by_recording) for rater, by_recording in labels.items()} == {"anna": ["r0", "r1"], "ben": ["r0", "r1"]}
    with pytest.raises(UsageError, match=r"named after one of the recordings \(r7, r8\) or names one of them or its video"):
        read_rater_folders(folders, {"r7": FRAMES, "r8": FRAMES}, BEHAVIORS)


def test_what_is_odd_in_a_file_is_a_warning(folders: list[Path], caplog: Any) -> None:
    (folders[0] / "r0.csv").write_text("behavior,start_frame,stop_frame\nrear,5,12\nsniff,1,2\n")
    files = RaterFiles({"anna": {"r0": folders[0] / "r0.csv"}}, BEHAVIORS, {"r0": Frames(N_FRAMES)})
    labels = read_rater_labels(files)
    assert np.flatnonzero(labels["anna"]["r0"].values[:, 0]).tolist() == list(range(5, 12))
    assert any("left out: sniff" in record.getMessage() for record in caplog.records)


def score(labels: dict[str, dict[str, Labels]], **times: Any) -> pd.DataFrame:
    return score_rater_agreement(labels, BEHAVIORS, times)


def test_errors_in_seconds_need_the_times_of_all_recordings() -> None:
    labels = {name: {f"r{number}": make_labels(number, delay) for number in range(2)} for name, delay in DELAYS.items()}
    assert "latency_error_s" in set(score(labels, r0=FRAMES.time_s, r1=FRAMES.time_s).metric)
    assert "latency_error_s" not in set(score(labels, r0=FRAMES.time_s).metric)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda labels: {"others": labels, "ben": labels}, "a rater is called 'others', which means something else"),
        (lambda labels: {"anna": {"r0": labels["r0"]}, "ben": {"r1": labels["r1"]}}, "anna, ben: no two of these raters have a recording"),
    ],
)
def test_raters_that_cannot_be_compared_are_refused(make: Callable[..., dict[str, dict[str, Labels]]], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        score(make({f"r{number}": make_labels(number) for number in range(2)}))
