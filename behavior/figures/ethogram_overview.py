"""Ethograms of very many recordings at once: a line of pixels for each recording, a panel for each behavior."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from behavior.figures.rendering import INK, MUTED, PlainFigure, get_color
from behavior.figures.timeline import style_time
from behavior.frame_times import frame_durations, frame_edges
from behavior.statistics.time_bins import measure_in_bins

__all__ = ["OVERVIEW_BINS", "draw_ethogram_overview", "measure_shares"]

_N_COLUMNS = 3
OVERVIEW_BINS = 300
Floats = npt.NDArray[np.float32]
# Inches: of the picture, of a panel, and between panels.
_WIDTH, _PAGE, _BETWEEN = 7.2, 9.0, 0.45
_LOWEST, _PER_RECORDING = 1.0, 0.01
# Where a recording has ended, or a gap is.
_NOTHING = (0.91, 0.91, 0.91)


def measure_shares(values: npt.NDArray[np.bool_], time_s: npt.NDArray[np.float64], bin_edges_s: npt.NDArray[np.float64]) -> Floats:
    """Return the share of the recorded time of each bin in which each behavior is shown, in [0, 1].

    Parameters
    ----------
    values
        Shape (T, B).
    time_s
        Times of the frames in seconds, shape (T,).
    bin_edges_s
        When the K bins start, and the last one ends, shape (K + 1,).

    Returns
    -------
    Float32 of shape (B, K), NaN where nothing was recorded.

    Examples
    --------
    >>> measure_shares(np.array([[True], [True], [False]]), np.arange(3.0), np.array([0.0, 2.0, 4.0, 6.0])).tolist()
    [[1.0, 0.0, nan]]
    """
    edges = frame_edges(time_s, fps=1.0)
    durations = frame_durations(edges)
    recorded = measure_in_bins(durations, edges, bin_edges_s)
    shares = np.full((values.shape[1], len(recorded)), np.nan, dtype=np.float32)
    for behavior, column in enumerate(values.T):
        shown = measure_in_bins(column * durations, edges, bin_edges_s)
        np.divide(shown, recorded, out=shares[behavior], where=recorded > 1e-9, casting="same_kind")
    return shares


def draw_ethogram_overview(
    shares: npt.NDArray[np.floating],
    bin_edges_s: npt.NDArray[np.float64],
    behaviors: Sequence[str],
    groups: Sequence[str],
) -> Figure:
    """Draw the share of time that each behavior takes in each recording and bin: the darker, the higher.

    Parameters
    ----------
    shares
        In [0, 1], NaN where nothing was recorded, shape (R, B, K): recordings, behaviors, bins.
    bin_edges_s
        When bins start, and the last one ends, in seconds, shape (K + 1,).
    behaviors
        B names.
    groups
        Of the R recordings, those of one group one after the other; there is a line where the group changes.

    Raises
    ------
    ValueError
        If there is nothing to draw, or a shape does not match.
    """
    expected = (len(groups), len(behaviors), len(bin_edges_s) - 1)
    if shares.shape != expected or 0 in expected:
        raise ValueError(f"shares have shape {shares.shape}, expected {expected}, and some of each")
    n_columns = min(len(behaviors), _N_COLUMNS)
    n_rows = -(-len(behaviors) // n_columns)
    height = max(min(_PER_RECORDING * len(groups), _PAGE / n_rows - _BETWEEN), _LOWEST)
    figure = PlainFigure(figsize=(_WIDTH, n_rows * (height + _BETWEEN) + 0.35), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    runs = [(name, len(list(run))) for name, run in groupby(groups)]
    ends = np.cumsum([length for _, length in runs])
    extent = (float(bin_edges_s[0]), float(bin_edges_s[-1]), float(len(groups)), 0.0)
    for index, axes in enumerate(panels.ravel()):
        if index >= len(behaviors):
            axes.set_axis_off()
            continue
        values = shares[:, index, :, None]
        image = np.where(np.isnan(values), _NOTHING, 1 - np.nan_to_num(values) * (1 - np.array(to_rgb(get_color(index)))))
        # Recordings that share a row of pixels are averaged, so that none is left out.
        axes.imshow(image, extent=extent, aspect="auto", interpolation="antialiased", interpolation_stage="rgba")
        for end in ends[:-1]:
            axes.axhline(end, color=MUTED, linewidth=0.8)
        axes.set_title(behaviors[index], fontsize=9, color=INK)
        axes.set_yticks((ends - np.diff(ends, prepend=0) / 2).tolist(), [f"{name or 'recordings'}\n({length})" for name, length in runs])
        axes.tick_params(axis="y", length=0, labelsize=8)
        style_time(axes, extent[1] - extent[0], n_ticks=4)
        if index < len(behaviors) - n_columns:
            axes.set_xlabel("")
    return figure
