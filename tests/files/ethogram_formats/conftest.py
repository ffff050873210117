"""Ethograms made by hand, and the ways there and back, for the tests of all formats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.formats import FORMATS
from behavior.files.ethogram_formats.nwb import read_nwb
from behavior.files.ethogram_formats.parquet import read_parquet
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Frames, Probabilities, Recording

NAMES = ("grooming", "mid rearing", "wall_rearing", "Kratzen über", "毛づくろい", "sniff; left", 'a "b", c')
OWN_READERS = {"nwb": read_nwb, "parquet": read_parquet}


def _make_entry(
    values: Any,
    behaviors: tuple[str, ...] | None = None,
    *,
    recording: str = "mouse_01",
    time_s: Any = None,
    fps: float | None = 25.0,
    video: Path | None = Path("/lab/videos/mouse 01.mp4"),
    row: Recording | None = None,
    features: Path | None = None,
    **provenance: Any,
) -> Entry:
    array = np.asarray(values, dtype=np.bool_)
    behaviors = behaviors or NAMES[: array.shape[1]]
    times = np.arange(len(array)) / (fps or 25.0) if time_s is None else np.asarray(time_s, dtype=np.float64)
    annotation = Annotation(
        recording,
        Probabilities(np.where(array, 0.75, 0.25).astype(np.float32), behaviors, times),
        Ethogram(array, behaviors, times),
        Ethogram(array, behaviors, times),
        Provenance.model_validate({**({"fps": fps} if fps else {}), **provenance}),
    )
    return Entry(annotation, video, datetime(2024, 5, 17, 12, 30, tzinfo=UTC), row, features)


def _write(name: str, folder: Path, *entries: Entry) -> Path:
    chosen = FORMATS[name]
    path = chosen.find_path(folder, entries[0].annotation.recording)
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen.write(path, [chosen.collect(entry, path) for entry in entries])
    return path


def _read_back(name: str, path: Path, entry: Entry) -> np.ndarray:
    annotation = entry.annotation
    if name in OWN_READERS:
        ethogram = OWN_READERS[name](path)
        assert ethogram.behaviors == annotation.behaviors
        # Regular times are kept as their rate.
        np.testing.assert_allclose(ethogram.time_s, annotation.time_s, rtol=0, atol=1e-6)
        return ethogram.values
    names = (annotation.recording, *([entry.video.name] if entry.video else []))
    frames = Frames.from_times(annotation.time_s)
    labels, _ = read_labels(path, LabelRequest(annotation.behaviors, frames, recording_names=names, background="absent"))
    return labels.values == 1


@pytest.fixture(scope="session")
def make_entry() -> Callable[..., Entry]:
    """Make an entry whose ethogram is the values (T, B), with probabilities that agree with it."""
    return _make_entry


@pytest.fixture(scope="session")
def write_entries() -> Callable[..., Path]:
    """Write entries in a format as export does, and return the path of the file with the first of them."""
    return _write


@pytest.fixture(scope="session")
def read_back() -> Callable[[str, Path, Entry], np.ndarray]:
    """Return the decisions (T, B) that a file of a format has for the entry's recording."""
    return _read_back
