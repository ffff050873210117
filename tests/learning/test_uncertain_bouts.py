"""The bouts that were decided most narrowly."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.learning.uncertain_bouts import find_uncertain_bouts
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities


def annotate(name: str, start: int, stop: int, probability: float, threshold: float) -> Annotation:
    values = np.full((60, 2), 0.1, dtype=np.float32)
    values[start:stop, 0] = probability
    behaviors, time_s = ("groom", "rear"), np.arange(60) / 10
    decided = Ethogram(values >= threshold, behaviors, time_s)
    provenance = Provenance(postprocess={"threshold": threshold}, fps=10)
    return Annotation(name, Probabilities(values, behaviors, time_s), decided, decided, provenance)


def test_uncertain_bouts_are_those_nearest_to_their_thresholds() -> None:
    # 0.8 at a threshold of 0.75 is less sure than 0.62 at 0.5.
    annotations = [annotate("r0", 10, 20, 0.95, 0.5), annotate("r1", 20, 30, 0.62, 0.5), annotate("r2", 30, 40, 0.8, 0.75)]
    bouts = find_uncertain_bouts(annotations, count=10)
    assert [(bout.recording, bout.start_frame, bout.stop_frame) for bout in bouts] == [("r2", 30, 40), ("r1", 20, 30), ("r0", 10, 20)]
    assert [bout.margin for bout in bouts] == pytest.approx([0.2, 0.24, 0.9], abs=1e-6)
    assert (bouts[1].start_s, bouts[1].stop_s) == pytest.approx((2.0, 3.0))
    assert find_uncertain_bouts(annotations, count=1) == bouts[:1]
