"""Which pictures a cross-validation has."""

from __future__ import annotations

import numpy as np
import pandas as pd

from behavior.config import Postprocess, Study
from behavior.learning.decisions import decide
from behavior.metrics.tables import score_study
from behavior.recording import Labels, Probabilities
from behavior.reporting.crossval_pictures import draw_crossval, make_title


def test_a_learning_curve_is_drawn_where_there_is_one() -> None:
    study = Study.model_validate({"behaviors": ["groom"], "streams": ["motifs"]})
    values = np.linspace(0, 1, 40, dtype=np.float32)[:, None]
    labels = Labels((values > 0.4).astype(np.int8), ("groom",))
    annotation = decide("A", Probabilities(values, ("groom",), np.arange(40) / 10), fps=10, postprocess=Postprocess())
    metrics = score_study({"A": labels.values}, {"A": values}, {"A": annotation.ethogram.values}, ("groom",))
    curve = pd.DataFrame({"behavior": ["groom"] * 2, "recordings": [1, 2], "value": [0.5, 0.6], "low": [0.4, 0.5], "high": [0.6, 0.7]})
    pictures = {"confusion.png", "precision_recall.png", "reliability.png"}
    assert set(draw_crossval(study, metrics, [annotation], {"A": labels}, None)) == pictures
    assert set(draw_crossval(study, metrics, [annotation], {"A": labels}, curve)) == {*pictures, "learning_curve.png"}


def test_an_optimistic_protocol_is_in_the_title() -> None:
    content = {"behaviors": ["groom"], "streams": ["motifs"]}
    assert make_title(Study.model_validate(content)) == "Cross-validation"
    assert "optimistic" in make_title(Study.model_validate({**content, "crossval": {"early_stopping_on": "fold"}}))
