from __future__ import annotations

import numpy as np
import pytest

from behavior.figures import render_png
from behavior.figures.reliability import draw_reliability
from behavior.metrics.calibration import reliability_curve


def test_points_lie_where_the_curve_says() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random(3000) * 0.6
    labels = (rng.random(3000) < probabilities).astype(np.int8)
    curve = reliability_curve(labels, probabilities)
    nothing = reliability_curve(np.full(3, -1, np.int8), np.zeros(3))
    figure = draw_reliability({"grooming": curve, "absent": nothing}, title="A")
    above, below = figure.axes
    points = above.lines[1]
    np.testing.assert_array_equal(points.get_xdata(), curve.mean_probability[:6])
    np.testing.assert_array_equal(points.get_ydata(), curve.observed_share[:6])
    np.testing.assert_array_equal(below.patches[0].get_data().values, curve.counts)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[1].startswith(f"grooming: Brier score {curve.brier_score:.4f}")
    assert texts[2] == "absent: no labelled frame has a probability"
    assert figure.get_suptitle() == "A"
    assert render_png(figure, dpi=50).startswith(b"\x89PNG")


def test_no_curves_are_refused() -> None:
    with pytest.raises(ValueError, match="no curves"):
        draw_reliability({})
