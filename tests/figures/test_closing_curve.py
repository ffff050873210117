"""What the picture of scores against closing lengths shows, read back from its artists."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from behavior.figures.closing_curve import draw_closing_curve
from behavior.figures.rendering import get_color, render_png, render_svg

NAMES = ["groom", "rear", "never"]
LENGTHS = np.array([1, 2, 3, 4])
# Closing helps the first, harms the second; the third is undefined.
VALUES = np.array([[0.5, 0.9, np.nan], [0.7, 0.8, np.nan], [0.7, 0.6, np.nan], [0.4, 0.5, np.nan]])


def draw() -> Figure:
    scores = {"Frame F1": VALUES, "Segment F1": VALUES[::-1].copy()}
    return draw_closing_curve(LENGTHS, NAMES, scores, dict.fromkeys(scores, VALUES[0]), fps=10, title="Closing")


def test_each_panel_has_a_line_and_a_dotted_one_for_each_behavior() -> None:
    figure = draw()
    first, second = figure.axes
    assert [axes.get_ylabel() for axes in (first, second)] == ["Frame F1", "Segment F1"]
    lines = [line for line in first.lines if len(line.get_xdata()) == len(LENGTHS)]
    assert [to_hex(line.get_color()).upper() for line in lines] == [get_color(index) for index in range(3)]
    np.testing.assert_array_equal([line.get_ydata() for line in lines], VALUES.T)
    np.testing.assert_array_equal(lines[0].get_xdata(), LENGTHS)
    dotted = [line for line in first.lines if line.get_linestyle() == ":"]
    np.testing.assert_array_equal([line.get_ydata()[0] for line in dotted], VALUES[0])
    assert [text.get_text() for text in figure.legends[0].get_texts()][:4] == [*NAMES, "before closing"]


def test_a_star_is_where_closing_helps_most_and_nowhere_else() -> None:
    for axes, expected in zip(draw().axes, [[(2, 0.7)], [(2, 0.7)]], strict=True):
        stars = [line for line in axes.lines if line.get_marker() == "*"]
        assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in stars] == expected


def test_the_upper_axis_is_in_seconds() -> None:
    figure = draw()
    # Limits follow when it is drawn.
    render_png(figure, dpi=40)
    (seconds,) = figure.axes[0].child_axes
    assert seconds.get_xlabel() == "Closing length (s)"
    assert seconds.get_xlim() == pytest.approx(tuple(edge / 10 for edge in figure.axes[0].get_xlim()))


def test_the_picture_has_the_same_bytes_every_time() -> None:
    assert render_png(draw(), dpi=40) == render_png(draw(), dpi=40)
    assert render_svg(draw()) == render_svg(draw())


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"lengths": np.array([], dtype=int)}, "0 lengths"),
        ({"behaviors": []}, "0 behaviors"),
        ({"scores": {}}, "0 scores"),
        ({"fps": 0.0}, "0.0 frames per second"),
        ({"scores": {"F1": VALUES[:3]}}, r"shape \(3, 3\)"),
        ({"before": {}}, "before closing None"),
        ({"before": {"F1": np.zeros(2)}}, r"before closing \(2,\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(changed: dict, expected: str) -> None:
    arguments = {"lengths": LENGTHS, "behaviors": NAMES, "scores": {"F1": VALUES}, "before": {"F1": VALUES[0]}, "fps": 10.0, **changed}
    with pytest.raises(ValueError, match=expected):
        draw_closing_curve(**arguments)
