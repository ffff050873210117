from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from behavior.figures import render_png
from behavior.figures.explanation import AGAINST, FOR, color_map, draw_explanation

EDGES = np.array([-0.75, -0.25, 0.25, 0.75])
CHANGES = np.array([-0.5, 2.0, 0.0])


def test_colors_tell_for_from_against_and_how_much() -> None:
    colors = color_map(np.array([[2.0, -1.0], [0.0, 1.0]]))
    np.testing.assert_allclose(colors[0, 0], [*to_rgb(FOR), 0.8])
    np.testing.assert_allclose(colors[0, 1], [*to_rgb(AGAINST), 0.4])
    assert colors[1, 0, 3] == 0
    assert np.isfinite(color_map(np.zeros((2, 2)))).all()


def test_the_map_lies_where_the_crop_is() -> None:
    picture = np.zeros((60, 80, 3), dtype=np.uint8)
    corners = np.array([[30.0, 10.0], [50.0, 30.0], [30.0, 50.0], [10.0, 30.0]])
    shown = {"contributions": {"nose": 1.0, "tail": -0.2}, "title": "A", "sentences": ["B"]}
    figure = draw_explanation(EDGES, CHANGES, picture=picture, values=np.eye(4), corners=corners, **shown)
    plain, mapped, moments, bars = figure.axes
    assert len(plain.images) == 1
    laid = mapped.images[1]
    place = laid.get_transform() - mapped.transData
    np.testing.assert_allclose(place.transform([[0, 0], [1, 0], [1, 1], [0, 1]]), corners, atol=1e-9)
    assert [label.get_text() for label in bars.get_yticklabels()] == ["nose", "tail"]
    assert moments.get_xlim() == (-0.75, 0.75)
    assert figure.get_suptitle() == "A"
    assert figure.get_supxlabel() == "B"
    assert render_png(figure, dpi=50).startswith(b"\x89PNG")


def test_without_a_picture_there_are_moments_alone() -> None:
    figure = draw_explanation(EDGES, CHANGES)
    assert len(figure.axes) == 1
    assert render_png(figure, dpi=50).startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="expected one more"):
        draw_explanation(EDGES, CHANGES[:2])
