"""Parquet files are tidy tables with the provenance in their metadata."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from behavior.errors import EthogramError
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.parquet import read_parquet


def test_parquet_is_tidy(make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    table = pd.read_parquet(write_entries("parquet", tmp_path, make_entry([[1, 0], [0, 1]], ("a", "b"))))
    assert list(table.columns) == ["recording", "frame", "time_s", "behavior", "probability", "raw", "present"]
    assert table[["frame", "behavior", "present"]].to_numpy().tolist() == [[0, "a", True], [0, "b", False], [1, "a", False], [1, "b", True]]
    assert table["probability"].tolist() == [0.75, 0.25, 0.25, 0.75]
    assert set(table["recording"]) == {"mouse_01"}
    assert table["time_s"].tolist() == [0.0, 0.0, 0.04, 0.04]


def test_the_provenance_is_in_the_metadata(make_entry: Callable[..., Entry], write_entries: Callable[..., Path], tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    provenance = {"model": {"folder": "/models/m", "hash": "abc"}, "lab": "B 12"}
    metadata = json.loads(pq.read_schema(write_entries("parquet", tmp_path, make_entry([[0], [1]], **provenance))).metadata[b"behavior"])
    assert metadata == {"fps": 25.0, **provenance, "recording": "mouse_01", "behaviors": ["grooming"]}


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no such thing" * 20)
    for name in ("a", "missing"):
        with pytest.raises(EthogramError, match="is not an ethogram in Parquet") as caught:
            read_parquet(tmp_path / name)
        assert "\n" not in str(caught.value)
