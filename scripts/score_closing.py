"""Score probabilities before and after closing, at each closing length, and draw the scores as a curve.

    python scripts/score_closing.py [../shared/data] [--threshold 0.5] [--out closing]
    python scripts/score_closing.py results.csv --fps 25 --longest 100

A file has a row per frame, a column of labels per behavior, and one of probabilities. Without --behaviors and --probabilities the first
half of the columns are taken for labels and the second for probabilities, in the same order. A folder is that of the shared data, whose
recording of the thesis is scored: a network had been trained on that very recording, so the scores say what closing does, and nothing about
recordings that are new to the network.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from behavior.errors import BehaviorError, InputError, UsageError
from behavior.figures.rendering import INK, MUTED, get_color, get_line_style, render_png, render_svg
from behavior.files.atomic import make_folder, write_bytes, write_text
from behavior.files.frame_tables import find_frame_column
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.labels import list_behaviors, read_labels
from behavior.files.markdown import format_markdown_table
from behavior.files.text_tables import parse_number
from behavior.metrics.frames import count_frames, rate_frames
from behavior.metrics.segments import SEGMENT_COUNTS, count_segments, rate_segments
from behavior.postprocess import clean_decisions
from behavior.recording import Frames, Labels

# Of the recording of the thesis.
FPS = 10.0
FRAME_METRICS = ("precision", "recall", "f1")
METRICS = (*FRAME_METRICS, "segment_f1_50", *SEGMENT_COUNTS)

# Scores nearer to each other than this are the same fraction, rounded differently.
_SAME_SCORE = 1e-12
# Tell lines apart without colour.
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_MARKED_LENGTHS = 10
PANELS = {"Frame F1": "f1", "Segment F1 at 50 % overlap": "segment_f1_50"}


def main() -> int:
    """Print the table and write the files; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("BEHAVIOR_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("source", nargs="?", type=Path, default=Path(default), help="Folder of the shared data, or a table.")
    parser.add_argument("--behaviors", help="Columns of labels, separated by commas.")
    parser.add_argument("--probabilities", help="Columns of probabilities, in the order of the behaviors.")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--shortest", type=int, default=1, help="Shortest closing length in frames.")
    parser.add_argument("--longest", type=int, default=51, help="Longest closing length in frames.")
    parser.add_argument("--fps", type=float, default=FPS, help="Frames per second, for the axis in seconds.")
    parser.add_argument("--out", type=Path, default=Path("closing"), help="Folder for closing_curve.png, .svg and .csv.")
    arguments = parser.parse_args()
    if not 1 <= arguments.shortest <= arguments.longest or not arguments.fps > 0 or not 0 <= arguments.threshold <= 1:
        parser.error("expected 1 <= --shortest <= --longest, --fps above 0, and --threshold from 0 to 1")
    path = arguments.source / "formats" / "thesis" / "results.csv" if arguments.source.is_dir() else arguments.source
    try:
        labels, probabilities = read_table(path, _split(arguments.behaviors), _split(arguments.probabilities))
        lengths = np.arange(arguments.shortest, arguments.longest + 1)
        table = score_closing(labels, probabilities, threshold=arguments.threshold, lengths=lengths)
        table.insert(2, "closing_s", table["closing_frames"] / arguments.fps)
        print_summary(table, labels, arguments.threshold)
        write_results(arguments.out, table, labels, fps=arguments.fps, threshold=arguments.threshold)
    except BehaviorError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


def read_table(path: Path, behaviors: list[str], columns: list[str]) -> tuple[Labels, npt.NDArray[np.float32]]:
    """Return the labels and the probabilities (T, B) in a table; the columns are chosen by their order where none are given."""
    if bool(behaviors) != bool(columns) or len(behaviors) != len(columns):
        raise UsageError(f"there are {len(behaviors)} --behaviors and {len(columns)} --probabilities, expected as many of both.")
    if not behaviors:
        names = list(list_behaviors(path))
        half = len(names) // 2
        if not half or len(names) % 2:
            raise UsageError(f"{path}: has {len(names)} columns, expected labels and as many probabilities; name them with --behaviors.")
        behaviors, columns = names[:half], names[half:]
    print("; ".join(f"{column} holds the probabilities of {name}" for name, column in zip(behaviors, columns, strict=True)) + ".\n")
    probabilities = read_probabilities(path, columns)
    labels, _ = read_labels(path, LabelRequest(tuple(behaviors), Frames(len(probabilities))))
    return labels, probabilities


def read_probabilities(path: Path, columns: list[str]) -> npt.NDArray[np.float32]:
    """Return the probabilities in the columns of a table, float32 of shape (T, B)."""
    table = LabelSource(path).table
    indexes = [table.find_column(column.casefold()) for column in columns]
    frame_index = find_frame_column(table)
    rows = []
    for number, (line, row) in enumerate(table.rows):
        if len(row) != len(table.header):
            raise InputError(f"{path}: line {line} has {len(row)} cells, expected {len(table.header)}; complete it.")
        if frame_index is not None and parse_number(row[frame_index], table.delimiter) != number:
            raise InputError(f"{path}: line {line} is of frame {row[frame_index]!r}, expected {number}; sort the rows by frame, from 0 on.")
        values = []
        for name, index in zip(columns, indexes, strict=True):
            if index is None:
                raise InputError(f"{path}: has no column {name!r}, only {', '.join(table.header)}; name those with --probabilities.")
            value = parse_number(row[index], table.delimiter)
            if value is None or not 0 <= value <= 1:
                raise InputError(f"{path}: line {line} has {row[index]!r} in column {name!r}, expected a probability from 0 to 1.")
            values.append(value)
        rows.append(values)
    return np.array(rows, dtype=np.float32).reshape(-1, len(columns))


def score_closing(
    labels: Labels,
    probabilities: npt.NDArray[np.floating],
    *,
    threshold: float,
    lengths: Sequence[int] | npt.NDArray[np.integer],
) -> pd.DataFrame:
    """Score one recording's probabilities after the threshold alone, and after closing with each length.

    Parameters
    ----------
    labels
        Frames with -1 count nowhere.
    probabilities
        Shape (T, B), in the order of the labels' behaviors; NaN is decided negative.
    threshold
        Of all behaviors.
    lengths
        Closing lengths in frames, as `close_gaps` takes them, from 1 on.

    Returns
    -------
    Columns behavior, closing_frames and those of `METRICS`; for each behavior a row with closing_frames 0, which is before closing, then
    one for each length. What is undefined is NaN.

    Raises
    ------
    ValueError
        If the shapes do not match, or there is no length from 1 on.
    """
    closings = np.asarray(lengths, dtype=np.int64)
    if closings.ndim != 1 or not len(closings) or closings.min() < 1:
        raise ValueError(f"closing lengths are {closings.tolist()}, expected numbers of frames from 1 on")
    if probabilities.shape != labels.values.shape:
        raise ValueError(f"probabilities and labels have shapes {probabilities.shape} and {labels.values.shape}, expected one shape")
    n_behaviors = len(labels.behaviors)
    rows = []
    for closing in (0, *closings.tolist()):
        _, closed = clean_decisions(
            probabilities,
            thresholds=np.full(n_behaviors, threshold),
            closing_frames=np.full(n_behaviors, closing),
            min_bout_frames=np.zeros(n_behaviors, dtype=np.int64),
        )
        for column, behavior in enumerate(labels.behaviors):
            scores = _score(labels.values[:, column], closed[:, column])
            rows.append({"behavior": behavior, "closing_frames": closing, **scores})
    table = pd.DataFrame(rows, columns=["behavior", "closing_frames", *METRICS])
    order = {behavior: number for number, behavior in enumerate(labels.behaviors)}
    return table.sort_values("behavior", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def choose_best(table: pd.DataFrame, behavior: str, metric: str) -> tuple[float, int, float]:
    """Return a behavior's score before closing, the length that scores highest, the shortest of such, and its score.

    The length is 0 where no length is better than none, and where nothing is defined.

    >>> table = pd.DataFrame({"behavior": "rear", "closing_frames": [0, 1, 2, 3], "f1": [0.5, 0.5, 0.75, 0.75]})
    >>> choose_best(table, "rear", "f1")
    (0.5, 2, 0.75)
    """
    rows = table[table["behavior"] == behavior]
    before = float(rows.loc[rows["closing_frames"] == 0, metric].iloc[0])
    best = float(rows[metric].max())
    is_best = rows[metric] >= best - _SAME_SCORE
    return before, int(rows.loc[is_best, "closing_frames"].min()) if is_best.any() else 0, best


def print_summary(table: pd.DataFrame, labels: Labels, threshold: float) -> None:
    """Print, for each behavior and score, what it is before closing, which length is best, and which lengths lower it."""
    n_frames = int((labels.values != -1).any(axis=1).sum())
    print(f"Threshold {threshold:g}, {n_frames} labelled frames.\n")
    heading = [
        "behavior",
        "score",
        "before closing",
        "best length (frames)",
        "its score",
        "other lengths that score above / as / below before",
    ]
    cells = []
    for behavior in labels.behaviors:
        rows = table[(table["behavior"] == behavior) & (table["closing_frames"] > 1)]
        for name, metric in PANELS.items():
            before, best, score = choose_best(table, behavior, metric)
            counts = " / ".join(
                str(int(lengths.sum())) for lengths in (rows[metric] > before, rows[metric] == before, rows[metric] < before)
            )
            cells.append([behavior, name, f"{before:.3f}", str(best) if best else "none", f"{score:.3f}", counts])
    print(format_markdown_table(heading, cells))
    print()
    for behavior in labels.behaviors:
        first = table[table["behavior"] == behavior].iloc[0]
        print(
            f"{behavior}: {first['bouts_labelled']} labelled bouts, {first['bouts_decided']} decided before closing, "
            f"precision {first['precision']:.3f}, recall {first['recall']:.3f}."
        )


def write_results(out: Path, table: pd.DataFrame, labels: Labels, *, fps: float, threshold: float) -> None:
    """Write the table and the picture into the folder `out`."""
    folder = make_folder(out)
    lengths = np.unique(table.loc[table["closing_frames"] > 0, "closing_frames"])
    by_length = {
        metric: table.pivot_table(index="closing_frames", columns="behavior", values=metric, dropna=False) for metric in PANELS.values()
    }
    columns = list(labels.behaviors)
    n_bouts = table.groupby("behavior")["bouts_labelled"].first()
    figure = draw_closing_curve(
        lengths,
        [f"{behavior} ({n_bouts[behavior]} labelled bouts)" for behavior in columns],
        {name: by_length[metric].loc[lengths, columns].to_numpy() for name, metric in PANELS.items()},
        {name: by_length[metric].loc[0, columns].to_numpy() for name, metric in PANELS.items()},
        fps=fps,
        title=f"Scores after closing at threshold {threshold:g}",
    )
    write_text(folder / "closing_curve.csv", table.to_csv(index=False, lineterminator="\n"))
    write_bytes(folder / "closing_curve.png", render_png(figure, dpi=300))
    write_bytes(folder / "closing_curve.svg", render_svg(figure))
    print(f"\nall scores are in {folder / 'closing_curve.csv'}, the curve in closing_curve.png and closing_curve.svg next to it")


def draw_closing_curve(
    lengths: npt.NDArray[np.integer],
    behaviors: Sequence[str],
    scores: Mapping[str, npt.NDArray[np.floating]],
    before: Mapping[str, npt.NDArray[np.floating]],
    *,
    fps: float,
    title: str = "",
) -> Figure:
    """Draw how scores change with the closing length, a panel for each score and a line for each behavior.

    Parameters
    ----------
    lengths
        Closing lengths in frames, shape (L,), rising.
    behaviors
        B names, as the legend shows them.
    scores
        By name of the score: shape (L, B); NaN where it is undefined.
    before
        By name of the score: its values without closing, shape (B,).
    fps
        Frames per second, for the axis in seconds.
    title
        Shown above.

    Returns
    -------
    A figure whose dotted lines are the scores before closing. A star is on a line's highest point, the first of such, where that is higher
    than the score before closing.

    Raises
    ------
    ValueError
        If there is no length, behavior or score, a shape does not match, or `fps` is not above 0.
    """
    if not len(lengths) or not behaviors or not scores or not fps > 0:
        raise ValueError(
            f"there are {len(lengths)} lengths, {len(behaviors)} behaviors, {len(scores)} scores and {fps} frames per second, "
            "expected some of each"
        )
    for name, values in scores.items():
        shapes = (values.shape, before[name].shape if name in before else None)
        if shapes != ((len(lengths), len(behaviors)), (len(behaviors),)):
            raise ValueError(
                f"{name!r} has shape {shapes[0]}, before closing {shapes[1]}, expected ({len(lengths)}, {len(behaviors)}) and "
                f"({len(behaviors)},)"
            )
    figure = Figure(figsize=(3.5 * len(scores) + 0.1, 3.7 + (0.25 if title else 0.0)), layout="constrained")
    figure.get_layout_engine().set(wspace=0.06)
    panels = figure.subplots(1, len(scores), sharey=True, squeeze=False).ravel()
    for axes, (name, values) in zip(panels, scores.items(), strict=True):
        for index in range(len(behaviors)):
            _draw_line(axes, lengths, values[:, index], float(before[name][index]), index)
        _style(axes, lengths, fps)
        axes.set_ylabel(name, fontsize=9, color=INK)
    lines = [Line2D([], [], **_get_look(index), label=behavior) for index, behavior in enumerate(behaviors)]
    handles = [
        *lines,
        Line2D([], [], color=MUTED, linestyle=":", linewidth=1.2, label="before closing"),
        Line2D([], [], **_get_star(MUTED), label="best length, where closing helps"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8, labelcolor=INK)
    if title:
        figure.suptitle(title, fontsize=10, color=INK)
    return figure


def _split(names: str | None) -> list[str]:
    return [name.strip() for name in names.split(",")] if names else []


def _score(labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_]) -> dict[str, float]:
    frames, segments = rate_frames(count_frames(labels, decisions)), count_segments(labels, decisions)
    return {
        **{name: float(frames[name]) for name in FRAME_METRICS},
        "segment_f1_50": float(rate_segments(segments)["segment_f1_50"]),
        **{name: segments[name] for name in SEGMENT_COUNTS},
    }


def _draw_line(axes: Axes, lengths: npt.NDArray[np.integer], values: npt.NDArray[np.floating], before: float, index: int) -> None:
    # Markers of different lines do not stand on top of each other.
    marked = (3 * index % _MARKED_LENGTHS, _MARKED_LENGTHS)
    axes.axhline(before, color=get_color(index), linestyle=":", linewidth=1.2)
    axes.plot(lengths, values, **_get_look(index), markevery=marked, clip_on=False)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return
    best = known[np.argmax(values[known])]
    if not values[best] <= before:
        axes.plot(lengths[best], values[best], **_get_star(get_color(index)), zorder=3, clip_on=False)


def _get_look(index: int) -> dict[str, Any]:
    marker = _MARKERS[index % len(_MARKERS)]
    return {"color": get_color(index), "linestyle": get_line_style(index), "linewidth": 1.6, "marker": marker, "markersize": 4}


def _get_star(color: str) -> dict[str, Any]:
    return {"color": color, "linestyle": "", "marker": "*", "markersize": 10, "markeredgecolor": INK, "markeredgewidth": 0.6}


def _style(axes: Axes, lengths: npt.NDArray[np.integer], fps: float) -> None:
    axes.set_xlim(float(lengths[0]) - 1, float(lengths[-1]) + 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("Closing length (frames)", fontsize=9)
    axes.yaxis.set_tick_params(labelleft=True)
    seconds = axes.secondary_xaxis("top", functions=(lambda frames: frames / fps, lambda seconds: seconds * fps))
    seconds.set_xlabel("Closing length (s)", fontsize=9)
    seconds.tick_params(length=2, labelsize=8)
    axes.tick_params(length=2, labelsize=8)
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["right"].set_visible(False)


if __name__ == "__main__":
    sys.exit(main())
