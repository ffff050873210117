"""What a label file says of its video, against the video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.files.label_formats.stated_lengths import compare_duration, compare_rate
from behavior.recording import Frames

PATH = Path("a.json")
REQUEST = LabelRequest(("a",), Frames.from_times(np.arange(100) / 10))
LENIENT = LabelRequest(("a",), Frames.from_times(np.arange(100) / 10), policies=LabelPolicies(out_of_range="warn"))
BROKEN = LabelRequest(("a",), Frames.from_times(np.arange(100) / 10, broke_off=True))


def test_the_duration_is_that_of_the_video() -> None:
    assert compare_duration(PATH, 10.9, REQUEST) == []
    for seconds in (8.5, 11.5):
        with pytest.raises(LabelError, match=f"is about {seconds:g} s, but the video lasts 10 s"):
            compare_duration(PATH, seconds, REQUEST)
        assert len(compare_duration(PATH, seconds, LENIENT)) == 1
    assert compare_duration(PATH, 500, BROKEN) == []
    assert compare_duration(PATH, 500, LabelRequest(("a",), Frames(100))) == []


def test_the_frame_rate_is_that_of_the_video() -> None:
    compare_rate(PATH, 10.0, REQUEST)
    compare_rate(PATH, 25.0, LabelRequest(("a",), Frames(100)))
    with pytest.raises(LabelError, match="counts frames at 25 per second, but the video has 10"):
        compare_rate(PATH, 25.0, LENIENT)
