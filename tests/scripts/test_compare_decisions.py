"""The comparison of decisions: on predictions that flicker, what fitted lengths make of them is known."""

from __future__ import annotations

from types import SimpleNamespace

import compare_decisions as script
import numpy as np

from behavior.config import Postprocess
from behavior.learning.decisions import decide
from behavior.recording import Labels, Probabilities
from behavior.sequence.folds import leave_out_folds

N_FRAMES = 60


def flicker(name: str, *, start: int) -> tuple[object, Labels, np.ndarray]:
    """Return an annotation, labels with one bout, and predictions of it with a frame missing inside and one too much elsewhere."""
    values = np.zeros((N_FRAMES, 1), dtype=np.int8)
    values[start : start + 20] = 1
    predicted = np.where(values == 1, 0.9, 0.1).astype(np.float32)
    predicted[start + 10], predicted[start + 30] = 0.1, 0.9
    times = np.arange(N_FRAMES) / 10
    annotation = decide(name, Probabilities(predicted, ("rearing",), times), fps=10.0, postprocess=Postprocess())
    return annotation, Labels(values, ("rearing",)), predicted


def test_fitted_lengths_undo_flicker() -> None:
    parts = {name: flicker(name, start=start) for name, start in (("a", 5), ("b", 8), ("c", 11))}
    results = SimpleNamespace(
        annotations=[annotation for annotation, _, _ in parts.values()],
        labels={name: labels for name, (_, labels, _) in parts.items()},
        out_of_fold={name: predicted for name, (_, _, predicted) in parts.items()},
        study=SimpleNamespace(behaviors=["rearing"]),
    )
    folds = leave_out_folds(list(parts), list(parts), list(parts), leave_out="recording")
    rows = script.compare(results, list(parts), folds).splitlines()[2:]  # type: ignore[arg-type]
    cells = {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]] for row in rows}
    # Columns: F1 and its mean, segment F1 and its mean, bouts decided for each one labelled. 19 of 20 frames are found and one too much.
    assert cells["nothing"] == ["0.950", "0.950", "0.500", "0.500", "3.00"]
    assert cells["closing and shortest bout"] == ["1.000", "1.000", "1.000", "1.000", "1.00"]
    assert cells["closing"][0] == "0.976"
