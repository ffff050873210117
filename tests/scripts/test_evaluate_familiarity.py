"""Splits of laboratories: references of what was drawn judge the rest, whose features are known by construction."""

from __future__ import annotations

from pathlib import Path

import evaluate_familiarity as script
import numpy as np
import pytest

from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import StreamDescription
from behavior.learning.recording_features import RecordingFeatures

STREAM = StreamDescription(name="appearance", signature=Signature("appearance", {}).text, n_features=6)
LABORATORY = script.Laboratory("mixed", 1, None, True)


def act(seed: int, shift: float) -> RecordingFeatures:
    values = np.random.default_rng(seed).normal(shift, 1, (200, 6)).astype(np.float32)
    return RecordingFeatures(values, np.arange(200) / 10, 10.0, (STREAM,), False)


def test_splits_judge_drawn_coats_other_coats_and_what_was_altered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order = np.random.default_rng(0).permutation(14)
    drawn, held = order[:2], order[6:]
    coats = {index % 4 for index in drawn}
    far = min({0, 1, 2, 3} - coats)
    # Coats take turns, and one that is not drawn is elsewhere; everything altered is far away.
    plain = {f"r{index}": act(index, 20.0 if index % 4 == far else 0.0) for index in range(14)}
    altered = {f"blurred.r{index}": act(50 + index, -30.0) for index in range(3)}
    monkeypatch.setattr(script, "load_known", lambda folder, name, n_streams: plain if name == "recordings" else altered)
    monkeypatch.setattr(script, "product", lambda sizes, splits: [(2, split) for split in splits])
    script.judge_splits(Path(), [LABORATORY], 1, n_splits=1)
    n_same, n_other = sum(index % 4 in coats for index in held), sum(index % 4 not in coats for index in held)
    n_far = sum(index % 4 == far for index in held)
    n_altered = sum(index not in drawn for index in range(3))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "mixed, references of appearance",
        f"  2 training recordings, altered: {n_altered} of {n_altered} not familiar",
        f"  2 training recordings, of a coat that was drawn: 0 of {n_same} not familiar",
        f"  2 training recordings, of another coat: {n_far} of {n_other} not familiar",
    ]
