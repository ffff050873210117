"""Label files of raters, with the behaviors that are reviewed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.config import LabelFiles
from behavior.errors import LabelError
from behavior.recording import Frames, Recording
from behavior.review.rater_labels import read_rater_file


def test_a_behavior_without_a_column_is_labelled_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "m1.csv"
    path.write_text("frame,groom\n0,0\n1,1\n2,1\n")
    frames, settings = Frames.from_times(np.arange(3) / 10), LabelFiles()
    labels = read_rater_file(Recording("m1"), path, "", frames=frames, behaviors=("rear", "groom"), settings=settings)
    assert labels.values.tolist() == [[-1, 0], [-1, 1], [-1, 1]]
    with pytest.raises(LabelError, match="holds none of the behaviors rear"):
        read_rater_file(Recording("m1"), path, "", frames=frames, behaviors=("rear",), settings=settings)
