"""The desk of a live recording keeps the last picture and the last answers, and hands on notes and the wish to end."""

import time
from types import SimpleNamespace

import cv2
import numpy as np

from behavior.live.capturing import CaptureTally
from behavior.live.frame_queue import CapturedFrame
from behavior.live.session import AnsweredFrame, LiveTally
from behavior.review.live_desk import LiveDesk


def answer(desk, number, level=0):
    image = np.full((1200, 1920, 3), level, dtype=np.uint8)
    frame = CapturedFrame(0, number, number / 10, "now", time.monotonic(), image)
    desk.see(frame)
    desk.hear(AnsweredFrame(frame, np.array([0.25, 0.75], dtype=np.float32), np.array([False, True]), 0.02))


def test_a_picture_is_drawn_once_and_small(tmp_path):
    desk = LiveDesk(tmp_path)
    assert desk.draw() == (0, b"")
    answer(desk, 0, level=100)
    number, jpeg = desk.draw()
    assert desk.draw()[1] is jpeg
    picture = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert (number, picture.shape) == (1, (600, 960, 3))
    assert abs(float(picture.mean()) - 100) < 2


def test_only_new_answers_are_told_and_no_more_than_are_kept(tmp_path):
    desk = LiveDesk(tmp_path)
    assert desk.describe(0)["behaviors"] == []
    for number in range(5):
        answer(desk, number)
    state = desk.describe(3)
    assert [one[0] for one in state["answers"]] == [4, 5]
    assert state["answers"][0][2:] == ([0.25, 0.75], [False, True])
    assert 0 <= state["answers"][0][1] < 5
    assert (state["latency_ms"], state["is_over"]) == (20, False)
    assert state["frames_per_second"] > 0 and state["free_gib"] > 0
    desk.end()
    assert desk.is_over and desk.describe(5)["is_over"] and desk.describe(5)["answers"] == []


def test_notes_and_the_end_go_to_the_recording(tmp_path):
    desk, notes, stopped = LiveDesk(tmp_path), [], []
    desk.note("too early")
    desk.stop()
    session = SimpleNamespace(behaviors=["groom"], note=notes.append, tally=LiveTally(looked_at=7))
    desk.begin(session, SimpleNamespace(tally=CaptureTally(captured=9, skipped=2), stop=lambda: stopped.append(True)))
    desk.note("x" * 1000)
    desk.stop()
    assert (notes, stopped) == (["x" * 500], [True])
    state = desk.describe(0)
    assert (state["behaviors"], state["captured"], state["skipped"], state["looked_at"]) == (["groom"], 9, 2, 7)
