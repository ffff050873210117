"""The comparison with what others do: known scores of bouts, the ways as they are meant, and a run that ends with its table."""

from __future__ import annotations

import sys
from pathlib import Path

import compare_baselines as script
import numpy as np
import pytest

from behavior.config import Study


def test_bouts_are_decided_at_the_threshold_of_the_other_recordings() -> None:
    truth = np.array([0, 1, 1, 1, 0, 0, 1, 1, 0, 0], dtype=np.int8)
    sure = np.where(truth == 1, 0.9, 0.1)
    assert script.score_bouts([truth, truth], [sure, sure]) == 1.0
    # Of two bouts, the second is missed: 2 TP / (labelled + decided) = 2 (2 + 1) / (4 + 3).
    missed = np.where(np.arange(10) > 5, 0.1, sure)
    assert script.score_bouts([truth, truth], [sure, missed]) == pytest.approx(6 / 7)


def test_every_way_is_a_study_with_the_features_of_the_own_one() -> None:
    study = Study.model_validate({"behaviors": ["rear"], "streams": ["a"], "ensemble": {"seeds": 3}})
    changed = {name: script.change_study(study, sections) for name, sections in script.list_ways().items()}
    assert changed.pop("own") == study
    assert all(way.streams == study.streams and way.ensemble.seeds == 1 for way in changed.values())
    assert {name: (way.head.kind, way.windows.length) for name, way in changed.items()} == {
        "thesis, LSTM": ("lstm", 300),
        "thesis, TCN": ("tcn", 300),
        "boosting on windows": ("boosting", 300),
        "LSTM over 31 frames": ("lstm", 31),
        "MS-TCN": ("mstcn", 300),
    }


def test_a_run_prints_draws_and_remembers(
    write_study, unpainted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    labels = {name: (rng.random((20, 2)) < 0.4).repeat(10, axis=0).astype(int) for name in "abc"}
    features = {name: (rng.normal(size=(200, 2)) + 2 * shown).astype(np.float32) for name, shown in labels.items()}
    study = write_study(tmp_path, labels, {"motifs": features}, head={"kind": "boosting", "trees": 4, "min_frames": 5})
    monkeypatch.setattr(sys, "argv", ["x", str(study), "--out", str(tmp_path / "out"), "--only", "boosting on windows"])
    script.main()
    table = (tmp_path / "out" / "baselines.md").read_text()
    own, boosting = (line.split("|") for line in table.splitlines()[2:])
    assert (own[1].strip(), boosting[1].strip()) == ("own", "boosting on windows")
    assert float(own[4]) > 0.7
    assert "(" in boosting[4]
    assert all(float(cells[-2]) > 0 for cells in (own, boosting))
    assert table in capsys.readouterr().out
    assert (tmp_path / "out" / "baselines.png").read_bytes().startswith(b"\x89PNG")
    # Neither scores nor times are measured again.
    monkeypatch.setattr("compare_heads.cross_validate", None)
    monkeypatch.setattr(script, "train_model", None)
    script.main()
    assert (tmp_path / "out" / "baselines.md").read_text() == table
    assert not list(tmp_path.glob(".*.yaml"))
