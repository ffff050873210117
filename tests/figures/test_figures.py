from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.image import imread

from behavior.figures import draw_confusion, draw_ethogram, draw_precision_recall, render_png
from behavior.metrics import average_precision


def read_texts(figure: Figure) -> list[str]:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return legends + [text.get_text() for axes in figure.axes for text in axes.texts]


def read_spans(axes: object, place: float) -> list[tuple[float, float]]:
    """Start and stop times of the bars whose lower edge is at `place`."""
    bars = [collection for collection in axes.collections if isinstance(collection, PolyCollection)]  # type: ignore[attr-defined]
    corners = [path.vertices for bar in bars for path in bar.get_paths()]
    return [(float(c[:, 0].min()), float(c[:, 0].max())) for c in corners if np.isclose(c[:, 1].min(), place)]


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
    assert "not labelled by anyone" in read_texts(figure)
    assert figure.get_suptitle() == "A"
    curve = first.lines[0].get_ydata()
    np.testing.assert_array_equal(curve[:-1], arrays["probabilities"][:, 0])


def test_without_labels_there_is_no_row_for_people(arrays: dict[str, npt.NDArray]) -> None:
    figure = draw_ethogram(**{**arrays, "labels": None}, behaviors=["grooming", "rearing"])
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert "decided" in names
    assert "people" not in names
    assert not figure.legends


def test_long_recordings_have_minutes() -> None:
    n_frames = 3000
    zeros = np.zeros((n_frames, 1))
    short = draw_ethogram(np.arange(n_frames) / 25, zeros, zeros > 0, ["x"])
    long = draw_ethogram(np.arange(n_frames) / 5, zeros, zeros > 0, ["x"])
    assert short.axes[-1].get_xlabel() == "Time (s)"
    assert long.axes[-1].get_xlabel() == "Time (min:s)"
    assert long.axes[-1].xaxis.get_major_formatter()(90) == "1:30"


def test_one_frame_and_missing_probabilities_can_be_drawn() -> None:
    figure = draw_ethogram(np.zeros(1), np.full((1, 1), np.nan), np.ones((1, 1), dtype=bool), ["x"])
    assert read_spans(figure.axes[0], 1.12) == [(0.0, 1.0)]
    assert render_png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["probabilities", "ethogram", "labels"])
def test_arrays_of_another_shape_are_refused(arrays: dict[str, npt.NDArray], name: str) -> None:
    arrays[name] = arrays[name][:-1]
    with pytest.raises(ValueError, match=rf"{name} have shape \(9, 2\), expected \(10, 2\)"):
        draw_ethogram(**arrays, behaviors=["grooming", "rearing"])


def test_a_confusion_matrix_shows_counts_and_shares() -> None:
    figure = draw_confusion({"grooming": (90, 10, 1, 3), "absent": (50, 0, 0, 0), **{f"b{i}": (1, 1, 1, 1) for i in range(4)}})
    grooming, absent = figure.axes[:2]
    assert [text.get_text() for text in grooming.texts] == ["90\n90.0%", "10\n10.0%", "1\n25.0%", "3\n75.0%"]
    np.testing.assert_allclose(grooming.images[0].get_array(), [[0.9, 0.1], [0.25, 0.75]])
    assert [text.get_text() for text in absent.texts][2:] == ["0\nno frames", "0\nno frames"]
    assert [axes.get_title() for axes in figure.axes if axes.get_visible()] == ["grooming", "absent", "b0", "b1", "b2", "b3"]


def test_the_area_under_the_drawn_curve_is_average_precision() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(np.array([-1, 0, 1], dtype=np.int8), 400)
    probabilities = np.round(np.clip(0.3 * (labels == 1) + rng.random(400), 0, 1), 2)
    figure = draw_precision_recall({"grooming": (labels, probabilities)})
    curve = figure.axes[0].lines[0]
    recall, precision = curve.get_xdata(), curve.get_ydata()
    assert curve.get_drawstyle() == "steps-post"
    expected = average_precision(labels, probabilities)
    assert -np.sum(np.diff(recall) * precision[:-1]) == pytest.approx(expected)
    prevalence = np.mean(labels[labels != -1])
    assert read_texts(figure)[0] == f"grooming: average precision {expected:.3f}, prevalence {prevalence:.3f}"


def test_behaviors_without_a_curve_say_why() -> None:
    curves = {
        "absent": (np.zeros(3, dtype=np.int8), np.zeros(3)),
        "unknown": (np.ones(3, dtype=np.int8), np.full(3, np.nan)),
    }
    texts = read_texts(draw_precision_recall(curves))
    assert texts[:2] == [
        "absent: no curve, no frame is labelled positive",
        "unknown: no curve, no frame labelled positive has a probability",
    ]


def test_no_behaviors_are_refused() -> None:
    with pytest.raises(ValueError, match="no behaviors"):
        draw_confusion({})
    with pytest.raises(ValueError, match="no behaviors"):
        draw_precision_recall({})
    with pytest.raises(ValueError, match="at least one of each"):
        draw_ethogram(np.zeros(2), np.zeros((2, 0)), np.zeros((2, 0), dtype=bool), [])


def test_a_png_is_the_same_for_the_same_figure(arrays: dict[str, npt.NDArray]) -> None:
    pictures = [render_png(draw_ethogram(**arrays, behaviors=["a", "b"]), dpi=50) for _ in range(2)]
    assert pictures[0] == pictures[1]
    pixels = imread(io.BytesIO(pictures[0]))
    assert pixels.shape[1] == 600
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 10
