"""Score probabilities before and after closing, at each closing length, and draw the scores as a curve.

    python scripts/score_closing.py [../shared/data] [--threshold 0.5] [--out closing]
    python scripts/score_closing.py results.csv --fps 25 --longest 100

A file has a row per frame, a column of labels per behavior, and one of probabilities. Without --behaviors and --probabilities the first
half of the columns are taken for labels and the second for probabilities, in the same order. A folder is that of the shared data, whose
recording of the thesis is scored: a network had learned from that very recording, so the scores say what closing does, and nothing about
recordings that are new to the network.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.errors import BehaviorError, InputError, UsageError
from behavior.figures.closing_curve import draw_closing_curve
from behavior.figures.rendering import render_png, render_svg
from behavior.files.annotations import list_behaviors, read_labels
from behavior.files.atomic import make_folder, write_bytes, write_text
from behavior.files.frame_tables import FRAME_NAMES
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.text_tables import parse_number
from behavior.learning.closing_curve import choose_best, score_closing
from behavior.recording import Frames, Labels

# Of the recording of the thesis.
FPS = 10.0
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
    places = [table.find_column(column.casefold()) for column in columns]
    frame_place = table.find_column(*FRAME_NAMES)
    rows = []
    for number, (line, row) in enumerate(table.rows):
        if len(row) != len(table.header):
            raise InputError(f"{path}: line {line} has {len(row)} cells, expected {len(table.header)}; complete it.")
        if frame_place is not None and parse_number(row[frame_place], table.delimiter) != number:
            raise InputError(f"{path}: line {line} is of frame {row[frame_place]!r}, expected {number}; sort the rows by frame, from 0 on.")
        values = []
        for name, place in zip(columns, places, strict=True):
            if place is None:
                raise InputError(f"{path}: has no column {name!r}, only {', '.join(table.header)}; name those with --probabilities.")
            value = parse_number(row[place], table.delimiter)
            if value is None or not 0 <= value <= 1:
                raise InputError(f"{path}: line {line} has {row[place]!r} in column {name!r}, expected a probability from 0 to 1.")
            values.append(value)
        rows.append(values)
    return np.array(rows, dtype=np.float32).reshape(-1, len(columns))


def print_summary(table: pd.DataFrame, labels: Labels, threshold: float) -> None:
    """Print, for each behavior and score, what it is before closing, which length is best, and which lengths lower it."""
    n_frames = int((labels.values != -1).any(axis=1).sum())
    print(f"Threshold {threshold:g}, {n_frames} labelled frames.\n")
    print("| behavior | score | before closing | best length (frames) | its score | other lengths that score above / as / below before |")
    print("|---|---|---|---|---|---|")
    for behavior in labels.behaviors:
        rows = table[(table["behavior"] == behavior) & (table["closing_frames"] > 1)]
        for name, metric in PANELS.items():
            before, best, score = choose_best(table, behavior, metric)
            counts = " / ".join(str(int(found.sum())) for found in (rows[metric] > before, rows[metric] == before, rows[metric] < before))
            length = str(best) if best else "none"
            print(f"| {behavior} | {name} | {before:.3f} | {length} | {score:.3f} | {counts} |")
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
    print(f"\nall scores are in {folder / 'closing_curve.csv'}, the curve in closing_curve.png and closing_curve.svg beside it")


def _split(names: str | None) -> list[str]:
    return [name.strip() for name in names.split(",")] if names else []


if __name__ == "__main__":
    sys.exit(main())
