"""BORIS tabular events: a row per start, stop or point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import N_FRAMES, NEW_HEADER, list_frames, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies
from behavior.recording import Frames


def test_starts_and_stops_without_their_other_end_in_a_table(tmp_path: Path) -> None:
    header = "Time,Subject,Behavior,Status"
    path = write(tmp_path / "a.csv", f"{header}\n0.2,,a,STOP\n0.5,,a,START\n1.0,,a,START\n1.2,,a,STOP\n")
    with pytest.raises(LabelError, match=r"line 2: 'a' stops without a start; .*unterminated: warn"):
        read(path, ("a",))
    values, notes = read(path, ("a",), policies=LabelPolicies(unterminated="warn"))
    assert list_frames(values[:, 0]) == list(range(5, 12))
    assert ["line 2" in note or "line 4: 'a' starts again without a stop since line 3" in note for note in notes] == [True, True]


def test_observations_of_images_count_images(tmp_path: Path) -> None:
    rows = ["o,,,,,,,,,,a,,,START,NA,NA,4,a.jpg,", "o,,,,,,,,,,a,,,STOP,NA,NA,9,b.jpg,"]
    path = write(tmp_path / "a.csv", "\n".join([NEW_HEADER, *rows]))
    assert np.flatnonzero(read(path, ("a",), frames=Frames(N_FRAMES))[0][:, 0]).tolist() == list(range(3, 8))


def test_invalid_rows_are_refused(tmp_path: Path) -> None:
    for row, sentence in [
        ("x,,a,START", "line 2 has 'x' as time, expected seconds"),
        ("1.0,,,START", "line 2 names no behavior"),
        ("NA,,a,START", "line 2 has neither a time nor an image index"),
        ("1.0,,a,BEGIN", "line 2 is of the type 'BEGIN'"),
        ("nan,,a,START", "line 2 has neither a time"),
        ("1e400,,a,START", "line 2 has '1e400' as time"),
    ]:
        with pytest.raises(LabelError, match=sentence):
            read(write(tmp_path / "a.csv", f"Time,Subject,Behavior,Status\n{row}\n"), ("a",))


def test_a_header_without_events_is_an_observation_without_bouts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Time,Subject,Behavior,Status\n")
    values, notes = read(path, ("a",))
    assert not values.any()
    assert notes == [f"{path}: holds no bouts, so no behavior was shown while it was observed."]


@pytest.mark.parametrize("name", ["test_export_events_tabular.csv", "test_export_events_tabular.xlsx"])
def test_real_bouts_are_at_their_times(shared_data: Path, name: str) -> None:
    frames = Frames.from_times(np.arange(8999) / 25)
    values, _ = read(shared_data / "formats" / "boris" / name, ("s",), frames=frames, subject="subject1")
    # 3.3 s is between frames 82 and 83, 7.75 between 193 and 194.
    assert (np.flatnonzero(np.diff(values[:, 0])) + 1).tolist() == [83, 194, 248, 405, 459, 612]
