"""What the pictures of `behavior stats` show, read back from their artists."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.patches import FancyArrowPatch

from behavior.figures.bout_lengths import draw_bout_lengths
from behavior.figures.ethogram_raster import RasterRow, draw_ethogram_raster, fill_pages
from behavior.figures.rendering import get_color, render_png, render_svg
from behavior.figures.time_curves import draw_time_curves
from behavior.figures.trajectory import draw_trajectory
from behavior.figures.transition_graph import draw_transition_graph

NAMES = ["groom", "rear"]


def make_row(name: str = "A", n_frames: int = 50, **fields) -> RasterRow:
    rng = np.random.default_rng(0)
    return RasterRow(name, np.arange(n_frames) / 10, rng.random((n_frames, 2)) < 0.3, **fields)


def test_a_raster_has_a_strip_for_each_rater_the_decision_and_the_probability() -> None:
    labels = np.zeros((50, 2), dtype=np.int8)
    labels[30:] = -1
    rows = [
        make_row(probabilities=np.full((50, 2), 0.5, dtype=np.float32), labels={"": labels, "anna": labels}, group="saline"),
        make_row("B", 20, group="drug"),
    ]
    figure = draw_ethogram_raster(rows, NAMES, title="all")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["people", "anna", "decided", "probability", "decided"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A\nsaline", "B\ndrug"]
    assert axes.get_xlim() == (0, 5)
    (image,) = axes.images
    # Half way from white to the behavior's colour.
    np.testing.assert_allclose(image.get_array()[:, 0], [[0.5, 0.7235, 0.849], [0.9176, 0.6843, 0.5]], atol=2e-3)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [*NAMES, "not labelled by anyone"]
    assert len(axes.lines) == 1


def test_pages_are_filled_in_order() -> None:
    rows = [make_row(str(number), 5, probabilities=np.zeros((5, 2))) for number in range(20)]
    pages = fill_pages(rows, 2)
    assert [row for page in pages for row in page] == rows
    assert len(pages) == 2
    assert all(draw_ethogram_raster(page, NAMES).get_size_inches()[1] <= 9.5 for page in pages)
    assert [len(page) for page in fill_pages(rows[:2], 200)] == [1, 1]


def test_time_curves_are_means_with_standard_errors() -> None:
    values = {"saline": np.array([[[1.0, 2.0], [0.0, 0.0]], [[3.0, np.nan], [0.0, 0.0]]]), "drug": np.ones((1, 2, 2))}
    figure = draw_time_curves(values, NAMES, np.array([0.0, 60.0, 120.0]), ylabel="Share (%)", scale=10)
    panel = figure.axes[0]
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [20, 20])
    np.testing.assert_array_equal(panel.lines[0].get_xdata(), [30, 90])
    low, high = np.nanmin(panel.collections[0].get_paths()[0].vertices[:, 1]), np.nanmax(panel.collections[0].get_paths()[0].vertices[:, 1])
    # Values 10 and 30: a standard deviation of sqrt(200), divided by sqrt(2).
    assert (low, high) == pytest.approx((10, 30))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["saline (n = 2)", "drug (n = 1)"]


def test_a_graph_has_an_arrow_for_each_likely_transition() -> None:
    counts = np.array([[0, 99], [1, 1]])
    figure = draw_transition_graph({"saline": counts, "drug": np.zeros((2, 2), dtype=int)}, NAMES)
    first, second = figure.axes
    arrows = [patch for patch in first.patches if isinstance(patch, FancyArrowPatch)]
    assert sorted(round(arrow.get_linewidth(), 2) for arrow in arrows) == [2.8, 2.8, 5.0]
    assert [text.get_text() for text in first.texts] == ["100", "50", "50", *NAMES]
    assert first.get_title() == "saline: 101 transitions"
    assert [text.get_text() for text in second.texts] == NAMES


def test_rare_transitions_are_left_out() -> None:
    figure = draw_transition_graph({"": np.array([[0, 0, 98], [0, 0, 0], [2, 98, 0]])}, ["a", "b", "c"], min_probability=0.05)
    assert [text.get_text() for text in figure.axes[0].texts] == ["100", "98", "a", "b", "c"]


def test_bout_lengths_are_counted_and_their_medians_marked() -> None:
    lengths = np.array([1.0, 1.0, 2.0, 8.0, 9.0])
    figure = draw_bout_lengths({"": {"groom": lengths}}, NAMES, n_bins=4)
    panel, empty, *_ = figure.axes
    assert panel.get_title(loc="left") == "groom (5)"
    assert panel.patches[0].get_data().values.sum() == 5
    np.testing.assert_array_equal(panel.lines[0].get_xdata(), [2.0, 2.0])
    assert [text.get_text() for text in empty.texts] == ["no bout"]
    several = draw_bout_lengths({"saline": {"groom": lengths}, "drug": {"groom": lengths[:2]}}, NAMES, n_bins=4)
    assert [patch.get_data().values.sum() for patch in several.axes[0].patches] == pytest.approx([100, 100])


def test_a_trajectory_shows_the_way_and_the_time_spent() -> None:
    positions = np.column_stack((np.linspace(0, 90, 10), np.full(10, 50.0)))
    positions[4] = np.nan
    ethogram = np.zeros((10, 2), dtype=bool)
    ethogram[6:8, 1] = True
    square = [(0, 0), (100, 0), (100, 100), (0, 100)]
    figure = draw_trajectory(
        positions, np.full(10, 0.5), ethogram, NAMES, arena=square, zones={"feeder": square}, pixels_per_cm=10.0, n_bins=10
    )
    way, everywhere, groom, rear, *_ = figure.axes
    lines = [collection for collection in way.collections if isinstance(collection, LineCollection)]
    # Two steps touch the lost frame; what is shown most is drawn first.
    assert [len(collection.get_segments()) for collection in lines] == [5, 2, 0]
    assert lines[1].get_colors()[0][:3].tolist() == pytest.approx([int(get_color(1)[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    meshes = [next(c for c in axes.collections if isinstance(c, QuadMesh)) for axes in (everywhere, groom, rear)]
    # The map is of square roots.
    assert [float((mesh.get_array() ** 2).sum()) for mesh in meshes] == pytest.approx([4.5, 0.0, 1.0])
    assert way.get_ylim()[0] > way.get_ylim()[1]
    assert [text.get_text() for text in way.texts] == ["feeder"]
    assert everywhere.get_title(loc="left") == "time (4.5 s)"


def test_the_same_picture_is_the_same_file() -> None:
    first, second = (render_svg(draw_ethogram_raster([make_row()], NAMES)) for _ in range(2))
    assert first == second
    assert b"</svg>" in first
    assert render_png(draw_ethogram_raster([make_row()], NAMES), dpi=40).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_ethogram_raster([], NAMES),
        lambda: draw_ethogram_raster([make_row()], ["groom"]),
        lambda: draw_time_curves({}, NAMES, np.arange(2.0), ylabel=""),
        lambda: draw_time_curves({"a": np.zeros((1, 1, 1))}, NAMES, np.arange(2.0), ylabel=""),
        lambda: draw_transition_graph({}, NAMES),
        lambda: draw_transition_graph({"a": np.zeros((1, 1))}, NAMES),
        lambda: draw_bout_lengths({}, NAMES),
        lambda: draw_trajectory(np.full((3, 2), np.nan), np.ones(3), np.zeros((3, 2), dtype=bool), NAMES),
        lambda: draw_trajectory(np.zeros((3, 2)), np.ones(3), np.zeros((3, 1), dtype=bool), NAMES),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw) -> None:
    with pytest.raises(ValueError, match="expected"):
        draw()
