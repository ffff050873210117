"""One recording's ethogram, read back from its artists."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.collections import PolyCollection

from behavior.figures import draw_ethogram, render_png


def read_spans(axes: object, height: float) -> list[tuple[float, float]]:
    """Start and stop times of the bars whose lower edge is at `height`."""
    bars = [collection for collection in axes.collections if isinstance(collection, PolyCollection)]  # type: ignore[attr-defined]
    corners = [path.vertices for bar in bars for path in bar.get_paths()]
    return [(float(c[:, 0].min()), float(c[:, 0].max())) for c in corners if np.isclose(c[:, 1].min(), height)]


@pytest.fixture
def arrays() -> dict[str, npt.NDArray]:
    ethogram = np.zeros((10, 2), dtype=bool)
    ethogram[2:5, 0] = ethogram[7:, 0] = True
    labels = np.zeros((10, 2), dtype=np.int8)
    labels[3:5, 0] = 1
    labels[:4, 1] = -1
    probabilities = np.where(ethogram, 0.9, 0.2).astype(np.float32)
    return {"time_s": np.arange(10) / 5, "probabilities": probabilities, "ethogram": ethogram, "labels": labels}


def test_an_ethogram_shows_bouts_at_their_times(arrays: dict[str, npt.NDArray]) -> None:
    figure = draw_ethogram(**arrays, behaviors=["grooming", "rearing"], title="A")
    first, second = figure.axes
    assert read_spans(first, 1.12) == [(pytest.approx(0.4), pytest.approx(1.0)), (pytest.approx(1.4), pytest.approx(2.0))]
    assert read_spans(first, 1.42) == [(pytest.approx(0.6), pytest.approx(1.0))]
    assert read_spans(second, 1.42) == [(pytest.approx(0.0), pytest.approx(0.8))]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["grooming", "rearing"]
    assert "not labelled by anyone" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert figure.get_suptitle() == "A"
    curve = first.lines[0].get_ydata()
    np.testing.assert_array_equal(curve[:-1], arrays["probabilities"][:, 0])


def test_without_labels_there_is_no_row_for_people(arrays: dict[str, npt.NDArray]) -> None:
    figure = draw_ethogram(**{**arrays, "labels": None}, behaviors=["grooming", "rearing"])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert "decided" in names
    assert "people" not in names
    assert not figure.legends


def test_one_frame_and_missing_probabilities_can_be_drawn() -> None:
    figure = draw_ethogram(np.zeros(1), np.full((1, 1), np.nan), np.ones((1, 1), dtype=bool), ["x"])
    assert read_spans(figure.axes[0], 1.12) == [(0.0, 1.0)]
    assert render_png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["probabilities", "ethogram", "labels"])
def test_arrays_of_another_shape_are_refused(arrays: dict[str, npt.NDArray], name: str) -> None:
    arrays[name] = arrays[name][:-1]
    with pytest.raises(ValueError, match=rf"{name} have shape \(9, 2\), expected \(10, 2\)"):
        draw_ethogram(**arrays, behaviors=["grooming", "rearing"])


def test_no_behaviors_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one of each"):
        draw_ethogram(np.zeros(2), np.zeros((2, 0)), np.zeros((2, 0), dtype=bool), [])
