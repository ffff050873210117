"""Ethograms of older models are kept before they are replaced, once; one recording that fails never stops the rest."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from behavior.errors import CacheError
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.learning.refreshed_predictions import keep_other_ethogram, refresh_predictions
from behavior.provenance import ModelSource, Provenance
from behavior.recording import Annotation, Ethogram, Probabilities, Recording


def annotate(recording: str, value: float, model: Path | None = None) -> Annotation:
    times = np.arange(10) / 10
    values = np.full((10, 1), value, np.float32)
    decided = Ethogram(values > 0.5, ("groom",), times)
    source = ModelSource(folder=str(model.resolve()), hash="0", fps=10.0) if model is not None else ModelSource()
    return Annotation(recording, Probabilities(values, ("groom",), times), decided, decided, Provenance(fps=10.0, model=source))


def make_annotator(folder: Path) -> Any:
    def annotate_recording(recording: Recording) -> Annotation:
        if recording.id == "bad":
            raise CacheError("bad: its features cannot be used.")
        return annotate(recording.id, 0.75, folder)

    return SimpleNamespace(features=SimpleNamespace(streams=[]), annotate=annotate_recording)


def test_recordings_are_predicted_and_what_others_predicted_is_kept(tmp_path: Path) -> None:
    out, training = tmp_path / "ethograms", tmp_path / "training"
    write_annotation(out, annotate("m1", 0.25, tmp_path / "model"))
    annotator = make_annotator(training / "round_01" / "model")
    result = refresh_predictions(annotator, [Recording(name) for name in ("bad", "m1", "m2")], out, keep_in=training)
    assert (result.predicted, list(result.failures)) == (["m1", "m2"], ["bad"])
    assert read_annotation(out / "m1_ethogram.csv").probabilities.values[0, 0] == 0.75
    kept = training / "earlier_ethograms" / "m1_ethogram.csv"
    assert read_annotation(kept).probabilities.values[0, 0] == 0.25
    # Our own are not kept, and what is kept is not replaced.
    refresh_predictions(annotator, [Recording("m1"), Recording("m2")], out, keep_in=training)
    write_annotation(out, annotate("m1", 0.5))
    keep_other_ethogram(out, "m1", training)
    assert sorted(path.name for path in kept.parent.iterdir()) == ["m1_bouts.csv", "m1_ethogram.csv", "m1_ethogram.json"]
    assert read_annotation(kept).probabilities.values[0, 0] == pytest.approx(0.25)


def test_an_ethogram_without_a_model_is_kept(tmp_path: Path) -> None:
    write_annotation(tmp_path / "ethograms", annotate("m1", 0.5))
    keep_other_ethogram(tmp_path / "ethograms", "m1", tmp_path / "training")
    keep_other_ethogram(tmp_path / "ethograms", "m2", tmp_path / "training")
    assert (tmp_path / "training" / "earlier_ethograms" / "m1_ethogram.csv").is_file()
