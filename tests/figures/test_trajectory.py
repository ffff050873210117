"""Where the animal went, read back from the picture's artists."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.transforms import Bbox

from behavior.figures import trajectory
from behavior.figures.rendering import get_color
from behavior.figures.trajectory import FloorPlan, draw_trajectory

NAMES = ["groom", "rear"]


def test_a_trajectory_shows_the_way_and_the_time_spent() -> None:
    positions = np.column_stack((np.linspace(0, 90, 10), np.full(10, 50.0)))
    positions[4] = np.nan
    ethogram = np.zeros((10, 2), dtype=bool)
    ethogram[6:8, 1] = True
    square = [(0, 0), (100, 0), (100, 100), (0, 100)]
    floor = FloorPlan(square, {"feeder": square}, pixels_per_cm=10.0)
    figure = draw_trajectory(positions, np.full(10, 0.5), ethogram, NAMES, floor=floor, n_bins=10)
    way, everywhere, groom, rear, *_ = figure.axes
    lines = [collection for collection in way.collections if isinstance(collection, LineCollection)]
    # Two steps touch the lost frame; what is shown most is drawn first.
    assert [len(collection.get_segments()) for collection in lines] == [5, 2, 0]
    assert lines[1].get_colors()[0][:3].tolist() == pytest.approx([int(get_color(1)[digit : digit + 2], 16) / 255 for digit in (1, 3, 5)])
    meshes = [next(c for c in axes.collections if isinstance(c, QuadMesh)) for axes in (everywhere, groom, rear)]
    # The map is of square roots.
    assert [float((mesh.get_array() ** 2).sum()) for mesh in meshes] == pytest.approx([4.5, 0.0, 1.0])
    assert way.get_ylim()[0] > way.get_ylim()[1]
    assert [text.get_text() for text in way.texts] == ["feeder"]
    assert everywhere.get_title(loc="left") == "time (4.5 s)"


def test_of_a_long_way_every_so_many_steps_are_drawn_and_no_behavior_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trajectory, "_MOST_STEPS", 20)
    positions = np.column_stack((np.linspace(0, 90, 100), np.full(100, 50.0)))
    ethogram = np.zeros((100, 2), dtype=bool)
    ethogram[13, 0] = True
    figure = draw_trajectory(positions, np.ones(100), ethogram, NAMES)
    lines = [collection for collection in figure.axes[0].collections if isinstance(collection, LineCollection)]
    assert sorted(len(collection.get_segments()) for collection in lines) == [0, 1, 18]
    (segment,) = next(collection for collection in lines if len(collection.get_segments()) == 1).get_segments()
    np.testing.assert_allclose(segment[:, 0], positions[[10, 15], 0])


def test_axes_are_in_centimetres_where_the_scale_is_known() -> None:
    positions, nothing = np.array([[0.0, 0.0], [50.0, 100.0]]), np.zeros((2, 2), dtype=bool)
    in_pixels = draw_trajectory(positions, np.ones(2), nothing, NAMES)
    in_cm = draw_trajectory(positions, np.ones(2), nothing, NAMES, floor=FloorPlan(pixels_per_cm=10.0))
    lowest = [next(axes for axes in figure.axes if axes.get_xlabel()) for figure in (in_pixels, in_cm)]
    assert [axes.get_xlabel() for axes in lowest] == ["x (px)", "x (cm)"]
    widths = [float(np.diff(axes.get_xlim())[0]) for axes in lowest]
    assert widths[0] == pytest.approx(10 * widths[1])


@pytest.mark.parametrize(("n_behaviors", "span"), [(1, (2.0, 1.0)), (2, (100.0, 600.0)), (3, (4000.0, 3000.0)), (7, (1200.0, 100.0))])
def test_no_part_of_the_picture_covers_another_or_leaves_it(n_behaviors: int, span: tuple[float, float]) -> None:
    positions = np.random.default_rng(0).random((300, 2)) * span
    names = [f"b{number}" for number in range(n_behaviors)]
    figure = draw_trajectory(positions, np.full(300, 100.0), np.ones((300, n_behaviors), dtype=bool), names, title="A")
    figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert figure._suptitle is not None
    boxes += [figure._suptitle.get_window_extent(), figure.legends[0].get_window_extent()]
    assert len(boxes) == 2 * n_behaviors + 5
    inside = figure.bbox.padded(1)
    assert all(inside.contains(*corner) for box in boxes for corner in (box.min, box.max))
    covering = [(a, b) for a, b in combinations(range(len(boxes)), 2) if Bbox.intersection(boxes[a], boxes[b].padded(-1)) is not None]
    assert covering == []


@pytest.mark.parametrize(
    ("positions", "ethogram"),
    [
        (np.full((3, 2), np.nan), np.zeros((3, 2), dtype=bool)),
        (np.zeros((3, 2)), np.zeros((3, 1), dtype=bool)),
        (np.zeros((2, 2)), np.zeros((2, 2), dtype=bool)),
    ],
)
def test_what_cannot_be_drawn_is_refused(positions: np.ndarray, ethogram: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        draw_trajectory(positions, np.ones(3), ethogram, NAMES)
