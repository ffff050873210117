"""Tidy tables of frames in Parquet: a row per frame and behavior, for R, pandas, DuckDB and what else reads columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from behavior.errors import EthogramError
from behavior.files.atomic import replacing
from behavior.files.ethogram_formats.entry import Entry
from behavior.recording import Ethogram

__all__ = ["read_parquet", "write_parquet"]

# Where the file keeps the content of an ethogram's own JSON.
_METADATA = b"behavior"


def write_parquet(path: Path, entries: Sequence[Entry]) -> None:
    """Write the one recording to `path`: `recording,frame,time_s,behavior,probability,raw,present`, sorted by frame.

    `raw` is what the threshold alone decides, `present` what was decided. The provenance is in the file's metadata under `behavior`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    (entry,) = entries
    annotation = entry.annotation
    n_frames, n_behaviors = annotation.ethogram.values.shape
    n_rows = n_frames * n_behaviors
    names = pa.array(annotation.behaviors, type=pa.string())
    columns = {
        "recording": pa.DictionaryArray.from_arrays(pa.array(np.zeros(n_rows, dtype=np.int32)), pa.array([annotation.recording])),
        "frame": pa.array(np.repeat(np.arange(n_frames, dtype=np.int32), n_behaviors)),
        "time_s": pa.array(np.repeat(annotation.time_s, n_behaviors)),
        "behavior": pa.DictionaryArray.from_arrays(pa.array(np.tile(np.arange(n_behaviors, dtype=np.int32), n_frames)), names),
        "probability": pa.array(annotation.probabilities.values.ravel()),
        "raw": pa.array(annotation.raw.values.ravel()),
        "present": pa.array(annotation.ethogram.values.ravel()),
    }
    described = {
        **annotation.provenance.as_mapping(),
        "recording": annotation.recording,
        "behaviors": list(annotation.behaviors),
        "fps": annotation.fps,
    }
    table = pa.table(columns).replace_schema_metadata({_METADATA: json.dumps(described, ensure_ascii=False).encode("utf-8")})
    with replacing(path) as temporary:
        pq.write_table(table, temporary)


def read_parquet(path: Path) -> Ethogram:
    """Read what `write_parquet` wrote.

    Raises
    ------
    EthogramError
        If the file is missing, or is not what `write_parquet` writes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        behaviors = tuple(json.loads((table.schema.metadata or {})[_METADATA])["behaviors"])
        present = table.column("present").to_numpy().reshape(-1, max(len(behaviors), 1))
        time_s = table.column("time_s").to_numpy().reshape(present.shape)[:, 0]
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise EthogramError(
            f"{path}: is not an ethogram in Parquet ({' '.join(str(error).split())[:120]}), expected what export writes; export it again."
        ) from error
    return Ethogram(np.ascontiguousarray(present[:, : len(behaviors)], dtype=np.bool_), behaviors, np.array(time_s, dtype=np.float64))
