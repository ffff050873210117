"""Two scored recordings, one without a behavior and with a frame nobody labelled: what the tests of score tables share."""

from __future__ import annotations

import numpy as np
import pandas as pd

BEHAVIORS = ("wall_rearing", "grooming")
# Grooming is absent from B, and B's last frame is labelled by nobody.
LABELS = {
    "B": np.array([[1, 0], [0, 0], [1, 0], [-1, -1]], dtype=np.int8),
    "A": np.array([[1, 1], [0, 0], [0, 1]], dtype=np.int8),
}
PROBABILITIES = {
    "B": np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.1], [0.9, 0.9]], dtype=np.float32),
    "A": np.array([[0.7, 0.9], [0.2, 0.1], [0.1, 0.3]], dtype=np.float32),
}
DECISIONS = {recording: values >= 0.5 for recording, values in PROBABILITIES.items()}
TIMES = {recording: np.arange(len(values)) / 2 for recording, values in LABELS.items()}


def look_up(table: pd.DataFrame, recording: str, behavior: str, metric: str) -> float:
    """Return the one value of a recording, behavior and metric."""
    rows = table[(table.recording == recording) & (table.behavior == behavior) & (table.metric == metric)]
    assert len(rows) == 1
    return float(rows.value.iloc[0])
