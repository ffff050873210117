"""SLEAP's analysis files: HDF5 with a dense array of positions for every track."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from behavior.errors import InputError, PoseError
from behavior.files.hdf5_arrays import open_hdf5, read_names, read_numbers
from behavior.files.opening import explain_damage
from behavior.files.pose_table import COORDINATES, PoseTable

__all__ = ["is_sleap_analysis", "read_sleap_analysis"]

# Axes of `tracks` in files that do not name them: as SLEAP writes them for MATLAB, and its older, transposed choice.
_UNNAMED_AXES = (("track", "xy", "node", "frame"), ("frame", "node", "xy", "track"))
_AXES = ("frame", "track", "node", "xy")
_ANALYSIS = {"tracks", "node_names", "track_occupancy"}


def is_sleap_analysis(path: Path) -> bool:
    """Tell by content whether `path` is an analysis file of SLEAP; never raises."""
    try:
        with open_hdf5(path) as file:
            return set(file) >= _ANALYSIS
    # Any content may stand in a file, and h5py raises whatever it leads it to; "none" is the answer then.
    except Exception:  # noqa: BLE001
        return False


def read_sleap_analysis(path: Path) -> PoseTable:
    """Read the analysis file at `path`: a column per track, node and coordinate, a row per frame from frame 0.

    Tracks that no frame has are left out. A point without a score, which is one that somebody placed, has likelihood 1.

    Raises
    ------
    PoseError
        If it is damaged, or its arrays do not fit together.
    """
    with explain_damage(path, error=PoseError, expected="SLEAP's HDF5", advice="export it again"):
        try:
            with open_hdf5(path) as file:
                nodes = read_names(file["node_names"])
                axes = _find_axes(path, file["tracks"], len(nodes))
                positions = _order(read_numbers(file["tracks"]), axes)
                names = read_names(file["track_names"]) if "track_names" in file else []
                placed = np.asarray(np.isfinite(positions).all(axis=3), dtype=np.bool_)
                scores = _read_scores(path, file, axes, placed)
        except InputError as error:
            raise PoseError(f"{path}: {error}; export it again.") from error
    n_tracks = positions.shape[1]
    if len(names) != n_tracks:
        # Predictions that were never tracked have no names.
        names = [""] if n_tracks == 1 else [f"track_{number}" for number in range(n_tracks)]
    present = [track for track in range(n_tracks) if np.isfinite(positions[:, track]).any()] or list(range(n_tracks))
    coordinates = COORDINATES[: 2 if scores is None else 3]
    columns = [(names[track], node, coordinate) for track in present for node in nodes for coordinate in coordinates]
    values = positions if scores is None else np.concatenate((positions, scores[..., np.newaxis]), axis=3)
    flat = values[:, present].reshape(len(values), len(columns))
    table = PoseTable(tuple(columns), np.arange(len(values)), flat, may_end_early=True, has_peaks=True)
    table.require_distinct(path)
    return table


def _find_axes(path: Path, tracks: h5py.Dataset, n_nodes: int) -> tuple[str, ...]:
    """Return what each axis of `tracks` counts: as the file says, else by its shape."""
    declared_dims = tracks.attrs.get("dims")
    choices: Sequence[tuple[str, ...]] = [tuple(json.loads(declared_dims))] if declared_dims is not None else _UNNAMED_AXES
    for axes in choices:
        sizes = dict(zip(axes, tracks.shape, strict=False))
        if sorted(axes) == sorted(_AXES) and tracks.ndim == len(_AXES) and sizes["xy"] == 2 and sizes["node"] == n_nodes:
            return axes
    raise PoseError(
        f"{path}: its tracks have the shape {tuple(tracks.shape)} for {n_nodes} nodes, expected (tracks, 2, {n_nodes}, frames); "
        "export the analysis file again."
    )


def _order(values: npt.NDArray[np.float64], axes: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return `values` with its axes in the order frame, track, node, xy, without those that it does not have."""
    return values.transpose([axes.index(name) for name in _AXES if name in axes])


def _read_scores(path: Path, file: h5py.File, axes: Sequence[str], placed: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64] | None:
    """Return scores of shape (frames, tracks, nodes), or None where the file has none; `placed` tells which points have a position."""
    if "point_scores" not in file:
        return None
    values = read_numbers(file["point_scores"])
    scores = _order(values, [name for name in axes if name != "xy"]) if values.ndim == 3 else values
    if scores.shape != placed.shape:
        raise PoseError(f"{path}: has scores of shape {values.shape}, expected one for every point; export the analysis file again.")
    return np.where(np.isnan(scores), placed, scores)
