"""The pictures of `behavior stats`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.figures.bout_lengths import draw_bout_lengths
from behavior.figures.ethogram_overview import OVERVIEW_BINS, draw_ethogram_overview, measure_shares
from behavior.figures.ethogram_raster import RasterRow, draw_ethogram_raster, fill_pages
from behavior.figures.rendering import render_png, render_svg
from behavior.figures.time_curves import draw_time_curves
from behavior.figures.trajectory import FloorPlan, draw_trajectory
from behavior.figures.transition_graph import draw_transition_graph
from behavior.files.atomic import make_folder, write_bytes
from behavior.frame_times import find_gaps, frame_durations, frame_edges, frame_stops
from behavior.progress import report_progress
from behavior.recording import find_bouts
from behavior.reporting.day_pictures import count_day_pictures, draw_animals, draw_hours
from behavior.reporting.description import DescribedRecording, Description
from behavior.reporting.statistics_files import FIGURES_FOLDER
from behavior.statistics.bouts import describe_behaviors
from behavior.statistics.groups import average_animals

__all__ = [
    "count_pictures",
    "count_raster_pages",
    "draw_overview",
    "draw_pictures",
    "draw_rasters",
    "draw_summaries",
    "draw_trajectories",
    "write_pictures",
]

# Of curves where the tables have no bins: seconds, and how many bins there may be, as in an hour of minutes or ten days of hours.
_CURVE_BINS_S = (60.0, 600.0, 3600.0, 21600.0, 86400.0)
_MOST_BINS = 240


def write_pictures(out: Path, description: Description) -> list[Path]:
    """Write the pictures as PNG and SVG into `figures` in the folder `out`, and return their paths."""
    folder = make_folder(out / FIGURES_FOLDER)
    paths = []
    with report_progress("drawing", total=count_pictures(description), unit="pictures") as advance:
        for name, figure in draw_pictures(description):
            for suffix, render in ((".png", render_png), (".svg", render_svg)):
                path = folder / f"{name}{suffix}"
                write_bytes(path, render(figure))
                paths.append(path)
            advance(1)
    return paths


def count_pictures(description: Description) -> int:
    """Return how many pictures `draw_pictures` draws."""
    return 3 + count_raster_pages(description) + len(_list_tracked(description)) + count_day_pictures(description)


def count_raster_pages(description: Description) -> int:
    """Return on how many pages the ethograms of all recordings are."""
    return len(_fill_pages(description))


def draw_pictures(description: Description) -> Iterator[tuple[str, Any]]:
    """Yield every picture with its name, one drawn after the other."""
    yield from draw_rasters(description)
    yield from draw_summaries(description)
    yield from draw_animals(description)
    yield from draw_trajectories(description)


def draw_rasters(description: Description) -> Iterator[tuple[str, Any]]:
    """Yield the ethograms of all recordings page by page, each page with its name."""
    pages = _fill_pages(description)
    for number, page in enumerate(pages, start=1):
        title = f"Ethograms, page {number} of {len(pages)}" if len(pages) > 1 else "Ethograms"
        name = "ethogram_raster" if len(pages) == 1 else f"ethogram_raster_{number}"
        yield name, draw_ethogram_raster(page, description.behaviors, title=title)


def draw_overview(description: Description) -> Any:
    """Draw the ethograms of all recordings in one picture, however many these are."""
    recordings = _order(description)
    ends = [float(frame_edges(recording.annotation.time_s, recording.annotation.fps)[-1]) for recording in recordings]
    bin_edges_s = np.linspace(0.0, max(*ends, 1e-3), OVERVIEW_BINS + 1)
    shares = [
        measure_shares(recording.get_values(of_labels=description.of_labels)[0], recording.annotation.time_s, bin_edges_s)
        for recording in recordings
    ]
    groups = [recording.group for recording in recordings]
    return draw_ethogram_overview(np.stack(shares), bin_edges_s, description.behaviors, groups)


def draw_summaries(description: Description) -> Iterator[tuple[str, Any]]:
    """Yield the pictures that are about all recordings together, with their names."""
    behaviors = description.behaviors
    yield "time_curves", _draw_curves(description)
    counts = {group: _count_transitions(description.tables.transitions, group, behaviors) for group in description.groups}
    yield "transition_graph", draw_transition_graph(counts, behaviors, title="Which behavior follows which")
    yield "bout_lengths", draw_bout_lengths(_collect_lengths(description), behaviors, title="How long bouts last")
    yield from draw_hours(description)


def draw_trajectories(description: Description, *, most: int | None = None) -> Iterator[tuple[str, Any]]:
    """Yield the trajectories of the first `most` recordings with their names, of all where None."""
    for recording in _list_tracked(description)[:most]:
        assert recording.positions is not None
        annotation, arena = recording.annotation, description.arena
        yield (
            f"trajectory_{recording.name}",
            draw_trajectory(
                recording.positions,
                frame_durations(frame_edges(annotation.time_s, annotation.fps)),
                recording.get_values(of_labels=description.of_labels)[0],
                description.behaviors,
                floor=FloorPlan(arena.corners, arena.zones, arena.pixels_per_cm),
                title=recording.name,
            ),
        )


def _fill_pages(description: Description) -> list[list[RasterRow]]:
    return fill_pages([_make_row(recording) for recording in _order(description)], len(description.behaviors))


def _list_tracked(description: Description) -> list[DescribedRecording]:
    """Return the recordings whose animal is known to be somewhere."""
    return [
        recording
        for recording in _order(description)
        if recording.positions is not None and np.isfinite(recording.positions).all(axis=1).any()
    ]


def _order(description: Description) -> list[DescribedRecording]:
    """Return the recordings, groups together and in their own order within them."""
    places = {group: place for place, group in enumerate(description.groups)}
    return sorted(description.recordings, key=lambda recording: places[recording.group])


def _make_row(recording: DescribedRecording) -> RasterRow:
    annotation = recording.annotation
    return RasterRow(
        recording.name,
        annotation.time_s,
        annotation.ethogram.values,
        annotation.probabilities.values,
        {rater: labels.values for rater, labels in recording.labels.items()},
        recording.group,
    )


def _draw_curves(description: Description) -> Any:
    """Draw the share of time in bins, averaged over animals."""
    bin_s = description.bin_s or _choose_bin(max(recording.recorded_s for recording in description.recordings))
    binned = []
    for recording in description.recordings:
        annotation = recording.annotation
        values, observed = recording.get_values(of_labels=description.of_labels)
        table = describe_behaviors(values, annotation.behaviors, annotation.time_s, observed=observed, bin_s=bin_s, fps=annotation.fps)
        binned.append(recording.mark(table[(table["metric"] == "share") & table["bin"].notna()]))
    shares = pd.concat(binned, ignore_index=True).rename(columns={"behavior": "subject"})
    n_bins = round(float(shares["bin"].max()) / bin_s) + 1
    # Bins are numbered, because sums of lengths are not exact.
    shares["metric"] = np.round(shares["bin"] / bin_s).astype(int)
    averaged = average_animals(shares, description.animals)
    curves = {}
    for group in description.groups:
        chosen = averaged[averaged["group"] == group]
        animals = {animal: place for place, animal in enumerate(dict.fromkeys(chosen["animal"]))}
        array = np.full((len(animals), len(description.behaviors), n_bins), np.nan)
        for row in chosen.itertuples():
            array[animals[row.animal], description.behaviors.index(row.subject), row.metric] = row.value
        curves[group] = array
    # The last bin is as long as the longest recording has it.
    ends = [frame_edges(recording.annotation.time_s, recording.annotation.fps)[-1] for recording in description.recordings]
    edges = np.append(bin_s * np.arange(n_bins), min(bin_s * n_bins, max(ends)))
    length = f"{bin_s / 3600:g} h" if bin_s >= 3600 else f"{bin_s / 60:g} min" if bin_s >= 60 else f"{bin_s:g} s"
    return draw_time_curves(
        curves,
        description.behaviors,
        edges,
        ylabel="Share of time (%)",
        scale=100,
        title=f"Behavior in bins of {length}: mean and standard error over animals",
    )


def _choose_bin(recorded_s: float) -> float:
    """Return the shortest of some lengths of bins, in seconds, of which curves have no more than can be told apart."""
    return next((bin_s for bin_s in _CURVE_BINS_S if recorded_s <= _MOST_BINS * bin_s), _CURVE_BINS_S[-1])


def _count_transitions(table: pd.DataFrame, group: str, behaviors: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the transitions of all recordings of a group together, (B, B)."""
    chosen = table[table["bin"].isna() & (table["group"] == group)]
    counts = np.zeros((len(behaviors), len(behaviors)), dtype=np.int64)
    for source, target, count in zip(chosen["from"], chosen["to"], chosen["count"], strict=True):
        counts[behaviors.index(source), behaviors.index(target)] += count
    return counts


def _collect_lengths(description: Description) -> dict[str, dict[str, npt.NDArray[np.float64]]]:
    """Return the lengths of bouts in seconds by group and behavior."""
    lengths: dict[str, dict[str, list[npt.NDArray[np.float64]]]] = {
        group: {behavior: [] for behavior in description.behaviors} for group in description.groups
    }
    for recording in description.recordings:
        edges = frame_edges(recording.annotation.time_s, recording.annotation.fps)
        gaps, stops = find_gaps(edges), frame_stops(edges)
        values, observed = recording.get_values(of_labels=description.of_labels)
        shown = values if observed is None else values & observed
        for column, behavior in enumerate(description.behaviors):
            bouts = find_bouts(shown[:, column], gaps)
            lengths[recording.group][behavior].append(stops[bouts[:, 1] - 1] - edges[bouts[:, 0]])
    return {group: {name: np.concatenate(parts) for name, parts in by_behavior.items()} for group, by_behavior in lengths.items()}
