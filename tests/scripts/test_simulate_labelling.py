"""The simulation of labelling: what a score needs is found, and a run on made recordings ends with its tables."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import simulate_labelling as script


def test_minutes_are_those_from_which_on_the_score_stays() -> None:
    minutes = np.array([1.0, 2.0, 4.0, 8.0])
    assert script.find_minutes(minutes, np.array([0.1, 0.5, 0.3, 0.5]), 0.4) == pytest.approx(6.0)
    assert script.find_minutes(minutes, np.array([0.5, 0.5, 0.6, 0.7]), 0.4) == 1.0
    assert np.isnan(script.find_minutes(minutes, np.array([0.5, 0.5, 0.6, 0.3]), 0.4))


def test_the_table_has_all_runs_and_the_picture_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"way": way, "seed": seed, "minutes": minutes + 0.01 * seed, "mean": minutes / 10 + gain}
        for way, gain in (("queue", 0.3), ("random clips", 0.1))
        for seed in range(2)
        for minutes in (1.0, 2.0, 4.0)
    ]
    script.report(pd.DataFrame(rows), 0.5, tmp_path)
    printed = capsys.readouterr().out
    assert "| queue | 1.5 | 1.5, 1.5 |" in printed
    assert "| random clips | 3.5 | 3.5, 3.5 |" in printed
    assert len(pd.read_csv(tmp_path / "labelling.csv")) == 12
    assert (tmp_path / "labelling.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_run_on_made_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for folder in ("features", "labels/majority"):
        (tmp_path / folder).mkdir(parents=True)
    names = [f"r{number}" for number in range(4)]
    for name in names:
        kinds = np.repeat(rng.integers(0, 4, 60), 25)
        np.savez(tmp_path / "features" / f"{name}.npz", features=np.eye(40, dtype=np.uint8)[kinds + 4 * rng.integers(0, 10, len(kinds))])
        rows = [f"{script.BEHAVIORS[kind]},{25 * place},{25 * place + 25}" for place, kind in enumerate(kinds[::25]) if kind < 3]
        (tmp_path / "labels" / "majority" / f"{name}.csv").write_text("\n".join(["behavior,start_frame,stop_frame", *rows]) + "\n")
    (tmp_path / "recordings.csv").write_text("recording,n_frames,fps\n" + "".join(f"{name},1500,25\n" for name in names))
    monkeypatch.setattr(script, "N_STEPS", 8)
    arguments = [str(tmp_path), "--minutes", "0.5", "1", "--seeds", "1", "--scored", "1", "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["simulate_labelling.py", *arguments])
    assert script.main() == 0
    table = pd.read_csv(tmp_path / "out" / "labelling.csv")
    assert set(table["way"]) == set(script.WAYS)
    assert table["minutes"].tolist() == pytest.approx([0.5, 1.0] * 3, abs=0.05)
    assert "all labels: mean average precision" in capsys.readouterr().out
