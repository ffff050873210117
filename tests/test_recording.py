"""The vocabulary checks its shapes when it is made."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.recording import Frames


def test_frames_have_as_many_times_as_there_are_frames() -> None:
    time_s = np.array([0.0, 0.1, 0.3])
    frames = Frames.from_times(time_s, broke_off=True)
    assert (frames.n_frames, frames.broke_off) == (3, True)
    assert frames.time_s is time_s
    assert Frames(3) == Frames(3, None, broke_off=False)
    for times in (np.zeros(4), np.zeros((3, 1))):
        with pytest.raises(ValueError, match=r"time_s have shape .*, expected \(3\)"):
            Frames(3, times)
    with pytest.raises(ValueError, match="n_frames is -1"):
        Frames(-1)
