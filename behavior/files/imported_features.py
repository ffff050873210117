"""Features that another program computed: arrays of a row per frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.errors import BehaviorError, UsageError
from behavior.files.opening import explain_damage

__all__ = ["FEATURE_SUFFIXES", "read_imported_features"]

FEATURE_SUFFIXES = (".npy", ".npz", ".csv", ".parquet")


def read_imported_features(path: Path) -> tuple[npt.NDArray[np.floating], float | None]:
    """Return the features (T, D) in the file at `path`, float32, and its frames per second where it says so.

    An .npz file holds the array under `features` and optionally the rate under `fps`; .csv and .parquet have a column per feature, and
    optionally a column `frame` or one without a name that counts the rows.

    Raises
    ------
    BehaviorError
        If the file is missing, of another kind, or does not hold numbers of shape (T, D).
    """
    suffix = path.suffix.lower()
    if suffix not in FEATURE_SUFFIXES:
        raise BehaviorError(f"{path}: found a {suffix or 'nameless'} file, expected one of {', '.join(FEATURE_SUFFIXES)}; convert it.")
    if not path.is_file():
        raise BehaviorError(f"{path}: no such file; give the features of one recording.")
    with explain_damage(path, error=BehaviorError, expected="features", advice="write it again"):
        values, fps = _read_arrays(path) if suffix in (".npy", ".npz") else (_read_table(path), None)
    if values.ndim != 2 or not values.size:
        raise BehaviorError(f"{path}: found an array of shape {values.shape}, expected frames by features with at least one of each.")
    if values.dtype.kind not in "fiub":
        raise BehaviorError(f"{path}: found values of type {values.dtype}, expected numbers.")
    # Small whole numbers, such as one-hot columns, are exact in half the memory.
    kind = np.float16 if values.dtype in (np.uint8, np.int8, np.bool_, np.float16) else np.float32
    converted: npt.NDArray[np.floating] = values.astype(kind)
    if not np.isfinite(converted).all():
        frame, column = np.argwhere(~np.isfinite(converted))[0]
        raise BehaviorError(f"{path}: frame {frame}, feature {column} is {values[frame, column]}, expected a number; fill such gaps first.")
    return converted, fps


def _read_arrays(path: Path) -> tuple[npt.NDArray[Any], float | None]:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded, None
    with loaded:
        if "features" not in loaded:
            raise ValueError(f"no array 'features', only {', '.join(loaded.files)}")
        return loaded["features"], float(loaded["fps"]) if "fps" in loaded else None


def _read_table(path: Path) -> npt.NDArray[Any]:
    if path.suffix.lower() == ".csv":
        table = pd.read_csv(path)
    else:
        try:
            table = pd.read_parquet(path)
        except ImportError:
            raise UsageError(f"{path}: reading parquet needs pyarrow; install it with `pip install behavior[parquet]`.") from None
    counting = [name for name in table.columns if str(name).strip().lower() == "frame" or str(name).startswith("Unnamed: 0")]
    return table.drop(columns=counting).to_numpy()
