"""The desk of a live run keeps the last picture and the last answers of each source, and hands on what pages wish."""

import time

import cv2
import numpy as np
import pytest
from live_samples import DrawnSource, gather_recorders

from behavior.errors import UsageError
from behavior.figures.lettering import parse_color
from behavior.figures.rendering import get_color
from behavior.learning.live_features import CropPlace
from behavior.live.frame_queue import CapturedFrame
from behavior.live.session import AnsweredFrame
from behavior.review.live_desk import LiveDesk


@pytest.fixture
def recorders(tmp_path):
    return gather_recorders(tmp_path, {"left": DrawnSource([]), "right": DrawnSource([])}, waits=True)


def answer(view, number, level=0):
    image = np.full((1200, 1920, 3), level, dtype=np.uint8)
    frame = CapturedFrame(0, number, number / 10, "now", time.monotonic(), image)
    view.see(frame, CropPlace(np.array([960.0, 600.0]), 400))
    view.hear(AnsweredFrame(frame, np.array([0.25, 0.75], dtype=np.float32), np.array([False, True]), 0.02))


def test_a_picture_is_drawn_once_and_small_with_what_is_predicted(recorders):
    view = LiveDesk(recorders).find("left")
    assert view.draw() == (0, b"")
    answer(view, 0, level=100)
    number, jpeg = view.draw()
    assert view.draw()[1] is jpeg
    picture = cv2.imdecode(np.frombuffer(jpeg, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert number == 1 and picture.shape[1] == 960 and picture.shape[0] > 600
    assert abs(float(picture[400:600].mean()) - 100) < 2
    # The upper edge of the square that the model looks at, and the name of the second behavior.
    assert picture[200, 480].min() > 200 and picture[500, 480].max() < 110
    name, color = picture[10:50, 10:200], parse_color(get_color(1))[::-1]
    assert (np.abs(name.astype(int) - color).max(axis=2) < 20).sum() > 100


def test_only_new_answers_are_told_of_each_source(recorders):
    desk = LiveDesk(recorders)
    left, right = desk.find("left"), desk.find("right")
    for number in range(5):
        answer(left, number)
        answer(right, number)
    state = desk.describe(7)
    assert (state["last"], state["is_over"], state["waits"], state["behaviors"]) == (10, False, True, ["groom", "rear"])
    assert [(source["name"], len(source["answers"])) for source in state["sources"]] == [("left", 1), ("right", 2)]
    first = state["sources"][0]
    assert first["answers"][0][1:] == ([0.25, 0.75], [False, True]) and 0 <= first["answers"][0][0] < 5
    assert (first["latency_ms"], first["state"], first["captured"]) == (20, "waiting", 0)
    assert first["frames_per_second"] > 0 and state["free_gib"] > 0
    # What comes while sources are described is told the next time.
    answer(left, 5)
    assert len(left.describe(7, 10)["answers"]) == 1
    assert [len(source["answers"]) for source in desk.describe(10)["sources"]] == [1, 0]
    desk.end()
    assert desk.is_over and desk.describe(11)["is_over"]


def test_wishes_go_to_one_source_or_to_all(recorders):
    desk = LiveDesk(recorders)
    with pytest.raises(UsageError, match="there is no source 'middle', but left, right"):
        desk.start("middle")
    with pytest.raises(UsageError, match="nothing is recorded now"):
        desk.note("too early", None)
    desk.start("left")
    left, right = recorders
    assert (left.state, right.state) == ("recording", "waiting")
    desk.note("x" * 1000, None)
    assert list(left.session._notes) == ["x" * 500] and not right.session._notes
    desk.start(None)
    assert right.state == "recording"
    desk.stop(None)
    assert (left.state, right.state) == ("stopping", "stopping")
    desk.finish()
    desk.start("left")
    assert left.state == "stopping"
