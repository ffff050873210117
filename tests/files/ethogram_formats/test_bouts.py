"""The table of all bouts of all recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from behavior.files.ethogram_formats.entry import Entry


def test_rows_are_those_of_the_ethograms_own_table(
    make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path
) -> None:
    entries = [make_entry([[0, 1], [1, 0]], ("a", "b"), recording=name, fps=10.0) for name in ("A", "B")]
    assert write_entries("bouts", tmp_path, *entries).read_text().splitlines() == [
        "recording,behavior,start_frame,stop_frame,start_s,stop_s,duration_s,mean_prob",
        "A,a,1,2,0.1,0.2,0.1,0.75",
        "A,b,0,1,0.0,0.1,0.1,0.75",
        "B,a,1,2,0.1,0.2,0.1,0.75",
        "B,b,0,1,0.0,0.1,0.1,0.75",
    ]
