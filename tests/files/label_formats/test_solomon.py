"""Solomon Coder's samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import NAMES, VALUES, make_solomon, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies
from behavior.recording import Frames


def test_samples_that_solomon_left_out_are_unlabelled(tmp_path: Path) -> None:
    lines = make_solomon(with_light=True).splitlines()
    path = write(tmp_path / "a.csv", "\n".join([*lines[:5], *lines[11:]]))
    expected = VALUES.copy()
    expected[4:10] = -1
    values, notes = read(path, ignored=frozenset({"Light|On"}))
    np.testing.assert_array_equal(values, expected)
    assert any("1 gaps" in note for note in notes)
    _, notes = read(write(path, make_solomon(with_light=True)))
    assert notes == [f"{path}: behaviors that the study does not name are left out: Light."]
    assert read(path, ("lit", *NAMES), mapping={"Light|On": "lit"})[0][:, 0].all()
    with pytest.raises(LabelError, match=r"line 4 has '0\.1' as time, expected increasing seconds"):
        read(write(path, "Time,Behaviour\n0,a\n0.1,a\n0.1,a\n"), ("a",))


def test_samples_after_the_end_of_the_video_are_refused_whatever_they_show(tmp_path: Path) -> None:
    text = make_solomon() + "".join(f"{sample / 10},\n" for sample in range(40, 60))
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(LabelError, match="was observed until frame 60, but the video has 40 frames; are they the labels of another video"):
        read(path)
    np.testing.assert_array_equal(read(path, policies=LabelPolicies(out_of_range="warn"))[0], VALUES)
    # The last of few samples lasts beyond the video.
    path = write(path, "Time,Behaviour\n" + "".join(f"{second},{'Grooming' if second == 1 else ''}\n" for second in range(4)))
    values, _ = read(path, ("Grooming",), frames=Frames.from_times(np.arange(31) / 10))
    assert np.flatnonzero(values[:, 0]).tolist() == list(range(10, 20))
