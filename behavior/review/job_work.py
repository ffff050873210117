"""What jobs do, in a process of their own; what they need is loaded there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.compute.loading import load_keras
from behavior.recording import Recording

__all__ = ["predict_recordings", "train_study"]


def train_study(rater: str, study: Path) -> str:
    """Do `workflows.retrain.retrain_study`."""
    load_keras()
    from behavior.workflows.retrain import retrain_study

    return retrain_study(rater, study)


def predict_recordings(model: Path, recordings: Sequence[Recording], study: Path | None, folder: Path) -> str:
    """Do `workflows.retrain.predict_missing`."""
    load_keras()
    from behavior.workflows.retrain import predict_missing

    return predict_missing(model, recordings, study, folder)
