"""Which frame of a recording is shown when."""

from __future__ import annotations

import numpy as np

from behavior.figures.overlay_plan import Clip, plan_frames


def test_frames_are_equally_far_apart() -> None:
    time_s = np.arange(300) / 30
    frames, fps = plan_frames(time_s, 30.0)
    assert (frames.tolist(), fps) == (list(range(300)), 30)
    # Stamps in whole milliseconds.
    frames, _ = plan_frames(np.floor(time_s * 1000) / 1000, 30.0)
    assert frames.tolist() == list(range(300))
    assert plan_frames(time_s, 30.0, Clip(speed=2))[1] == 60
    frames, fps = plan_frames(time_s, 30.0, Clip(speed=4))
    assert (frames.tolist(), fps) == (list(range(0, 300, 2)), 60)
    frames, fps = plan_frames(np.arange(600) / 120, 120.0)
    assert (len(frames), fps) == (300, 60)
    assert plan_frames(np.arange(60) / 60.02, 60.02)[1] == 60.02
    frames, fps = plan_frames(time_s, 30.0, Clip(speed=0.5))
    assert (frames.tolist(), fps) == (list(range(300)), 15)
    frames, _ = plan_frames(time_s, 30.0, Clip(start_s=1, stop_s=1.001))
    assert frames.tolist() == [30]
    assert len(plan_frames(time_s, 30.0, Clip(start_s=10.0))[0]) == 0
    assert plan_frames(np.zeros(1), 25.0)[0].tolist() == [0]


def test_what_happens_when_stays_so_where_the_rate_varies() -> None:
    # A camera that skipped half a second after frame 4, and then gave three frames in the time of two.
    time_s = np.concatenate((np.arange(5) * 0.1, 0.9 + np.array([0, 0.1, 0.15, 0.2, 0.3, 0.4])))
    frames, fps = plan_frames(time_s, 10.0)
    assert fps == 10
    assert frames.tolist() == [0, 1, 2, 3, 4, 4, 4, 4, 4, 5, 7, 8, 9, 10]
    shown_s = np.arange(len(frames)) / fps
    assert (np.abs(time_s[frames] - shown_s)[np.r_[:5, 9:14]] <= 0.051).all()


def test_a_clip_ends_with_the_recording() -> None:
    frames, _ = plan_frames(np.arange(40) / 10, 10.0, Clip(start_s=3.5, stop_s=60.0, speed=0.5))
    assert frames.tolist() == [35, 36, 37, 38, 39]


def test_a_pause_is_not_shown() -> None:
    time_s = np.concatenate((np.arange(20) / 10, 1e9 + np.arange(20) / 10))
    assert plan_frames(time_s, 10.0)[0].tolist() == list(range(40))
    assert plan_frames(time_s, 10.0, Clip(start_s=1.0, stop_s=60.0))[0].tolist() == list(range(10, 20))
    assert plan_frames(time_s, 10.0, Clip(start_s=60.0))[0].tolist() == list(range(20, 40))
