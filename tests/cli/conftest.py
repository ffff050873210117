"""Ethograms for commands that need no model and no video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.files.ethograms import write_annotation
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities


@pytest.fixture
def ethograms(tmp_path: Path) -> Path:
    """A folder with the ethogram of one recording of ten frames."""
    folder = tmp_path / "ethograms"
    values = np.zeros((10, 1), dtype=np.bool_)
    values[2:5] = True
    times = np.arange(10) / 10
    ethogram = Ethogram(values, ("grooming",), times)
    probabilities = Probabilities(values.astype(np.float32), ("grooming",), times)
    write_annotation(folder, Annotation("m1", probabilities, ethogram, ethogram, Provenance(fps=10.0)))
    return folder
