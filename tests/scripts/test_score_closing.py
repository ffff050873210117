"""Scores before closing and at each length, on recordings whose right answer is known by construction."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import score_closing as script
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from behavior.figures.rendering import get_color, render_png, render_svg
from behavior.metrics.frames import score_frames
from behavior.metrics.segments import score_segments
from behavior.postprocess import close_gaps
from behavior.recording import Labels

# Two bouts of ten frames, six apart.
TRUTH = np.zeros(40, dtype=np.int8)
TRUTH[[*range(5, 15), *range(21, 31)]] = 1


def make_probabilities() -> np.ndarray:
    """The first bout is in two halves with three frames between them; a gap of six is between the bouts."""
    probabilities = np.where(TRUTH == 1, 0.9, 0.1).astype(np.float32)
    probabilities[8:11] = 0.2
    return probabilities[:, np.newaxis]


def test_a_gap_within_a_bout_is_closed_before_that_between_bouts() -> None:
    table = script.score_closing(Labels(TRUTH[:, np.newaxis], ("rear",)), make_probabilities(), threshold=0.5, lengths=range(1, 9))
    assert table["closing_frames"].tolist() == list(range(9))
    # 17 of 20 frames are found until a length of 4 fills the gap of 3; from 7 on, the 6 frames between the bouts are filled, too.
    flickering, whole, merged = 2 * 17 / (17 + 20), 1.0, 2 * 20 / (26 + 20)
    assert table["f1"].tolist() == pytest.approx([flickering] * 4 + [whole] * 3 + [merged] * 2)
    # Neither part of the first bout, of 3 and 4 of its 10 frames, overlaps it by half; one bout of 26 frames overlaps neither by half.
    assert table["segment_f1_50"].tolist() == pytest.approx([2 / 5] * 4 + [1.0] * 3 + [0.0] * 2)
    assert table["bouts_decided"].tolist() == [3] * 4 + [2] * 3 + [1] * 2
    assert script.choose_best(table, "rear", "f1") == pytest.approx((flickering, 4, 1.0))
    assert script.choose_best(table, "rear", "segment_f1_50") == pytest.approx((0.4, 4, 1.0))


def test_frames_that_nobody_labelled_count_nowhere() -> None:
    labels = TRUTH.copy()
    labels[15:21] = -1
    table = script.score_closing(Labels(labels[:, np.newaxis], ("rear",)), make_probabilities(), threshold=0.5, lengths=[7])
    assert table["f1"].tolist() == pytest.approx([2 * 17 / 37, 1.0])


def test_what_is_undefined_has_no_best_length() -> None:
    never = Labels(np.zeros((40, 1), dtype=np.int8), ("rear",))
    table = script.score_closing(never, np.zeros((40, 1), dtype=np.float32), threshold=0.5, lengths=[1, 2])
    before, length, best = script.choose_best(table, "rear", "f1")
    assert np.isnan([before, best]).all() and length == 0


def test_behaviors_stay_in_their_order_and_apart() -> None:
    labels = Labels(np.column_stack([1 - TRUTH, TRUTH]).astype(np.int8), ("still", "groom"))
    table = script.score_closing(labels, labels.values.astype(np.float32), threshold=0.5, lengths=[1, 7])
    assert table["behavior"].tolist() == ["still"] * 3 + ["groom"] * 3
    assert table["f1"].tolist() == pytest.approx([1, 1, 1, 1, 1, 40 / 46])


@given(
    hnp.arrays(np.int8, 30, elements=st.sampled_from([-1, 0, 1])),
    hnp.arrays(np.float32, 30, elements=st.floats(0, 1, width=32)),
    st.floats(0.1, 0.9),
    st.integers(1, 12),
)
@settings(max_examples=40, deadline=None)
def test_rows_are_those_of_the_metrics(labels: np.ndarray, said: np.ndarray, threshold: float, length: int) -> None:
    table = script.score_closing(Labels(labels[:, np.newaxis], ("rear",)), said[:, np.newaxis], threshold=threshold, lengths=[length])
    decisions = said >= np.float32(threshold)
    for row, closed in zip(table.to_dict("records"), (decisions, close_gaps(decisions, length)), strict=True):
        frames, segments = score_frames(labels, None, closed), score_segments(labels, closed)
        expected = [frames["precision"], frames["recall"], frames["f1"], segments["segment_f1_50"], segments["bouts_decided"]]
        np.testing.assert_array_equal([row[n] for n in ("precision", "recall", "f1", "segment_f1_50", "bouts_decided")], expected)


@pytest.mark.parametrize("lengths", [[], [0, 1], [[1]]])
def test_odd_lengths_are_refused(lengths: list) -> None:
    with pytest.raises(ValueError, match="from 1 on"):
        script.score_closing(Labels(TRUTH[:, np.newaxis], ("rear",)), make_probabilities(), threshold=0.5, lengths=lengths)


def test_probabilities_of_other_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one shape"):
        script.score_closing(Labels(TRUTH[:, np.newaxis], ("rear",)), make_probabilities()[1:], threshold=0.5, lengths=[1])


def run_script(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["score_closing.py", *map(str, arguments)])
    return script.main()


def write_table(path: Path) -> Path:
    lines = [f"{frame},{truth},{said:.1f}" for frame, (truth, said) in enumerate(zip(TRUTH, make_probabilities()[:, 0], strict=True))]
    path.write_text("\n".join(["frame,rear,p", *lines]) + "\n", encoding="utf-8")
    return path


def test_the_script_writes_table_and_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path / "results.csv")
    assert run_script(monkeypatch, path, "--longest", 8, "--fps", 20, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "p holds the probabilities of rear" in printed
    assert "| rear | Segment F1 at 50 % overlap | 0.400 | 4 | 1.000 | 3 / 2 / 2 |" in printed
    table = pd.read_csv(tmp_path / "out" / "closing_curve.csv")
    assert table["closing_s"].tolist() == pytest.approx(np.arange(9) / 20)
    assert table["bouts_decided"].tolist() == [3] * 4 + [2] * 3 + [1] * 2
    assert (tmp_path / "out" / "closing_curve.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "out" / "closing_curve.svg").read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "arguments", "expected"),
    [
        ("39,0,0.1", "39,0,1.5", (), "line 41 has '1.5' in column 'p'"),
        ("39,0,0.1", "39,0", (), "line 41 has 2 cells"),
        ("39,0,0.1", "40,0,0.1", (), "line 41 is of frame '40', expected 39"),
        ("frame,rear,p", "frame,rear,p", ("--behaviors", "rear"), "1 --behaviors and 0 --probabilities"),
        ("frame,rear,p", "frame,rear,p", ("--behaviors", "rear", "--probabilities", "q"), "no column 'q'"),
        ("frame,rear,p", "frame,rear,frame_p", ("--behaviors", "wall", "--probabilities", "frame_p"), "no column 'wall'"),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], old: str, new: str, arguments: tuple, expected: str
) -> None:
    path = write_table(tmp_path / "results.csv")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert run_script(monkeypatch, path, *arguments, "--out", tmp_path / "out") != 0
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_on_the_published_prediction_closing_helps_only_above_the_threshold_of_a_half(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for threshold, helped in ((0.5, 0), (0.9, 3)):
        assert run_script(monkeypatch, shared_data, "--threshold", threshold, "--out", tmp_path) == 0
        table = pd.read_csv(tmp_path / "closing_curve.csv")
        behaviors = table["behavior"].unique()
        assert len(behaviors) == 3 and len(table) == 3 * 52
        assert sum(script.choose_best(table, behavior, "f1")[1] > 0 for behavior in behaviors) == helped
        if not helped:
            before = table[table["closing_frames"] == 0].set_index("behavior")["f1"]
            closed = table[table["closing_frames"] >= 2]
            assert (closed["f1"].to_numpy() < before[closed["behavior"]].to_numpy()).all()


NAMES = ["groom", "rear", "never"]
LENGTHS = np.array([1, 2, 3, 4])
# Closing helps the first, harms the second; the third is undefined.
VALUES = np.array([[0.5, 0.9, np.nan], [0.7, 0.8, np.nan], [0.7, 0.6, np.nan], [0.4, 0.5, np.nan]])


def draw() -> Figure:
    scores = {"Frame F1": VALUES, "Segment F1": VALUES[::-1].copy()}
    return script.draw_closing_curve(LENGTHS, NAMES, scores, dict.fromkeys(scores, VALUES[0]), fps=10, title="Closing")


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
        script.draw_closing_curve(**arguments)
