"""Frames keep their order between two threads; those that come too fast lose their pictures, or wait."""

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from behavior.live.frame_queue import CapturedFrame, FrameQueue


def make_frame(number):
    return CapturedFrame(0, number, number / 10, "", 0.0, np.zeros((2, 2, 3), dtype=np.uint8))


@given(limit=st.integers(1, 5), steps=st.lists(st.booleans(), max_size=60))
def test_every_frame_comes_out_once_in_order_and_only_so_many_have_pictures(limit, steps):
    frames, taken, n_put, n_kept = FrameQueue(limit, is_patient=False), [], 0, 0
    for is_put in steps:
        if is_put:
            n_kept += frames.put(make_frame(n_put))
            n_put += 1
        elif len(frames):
            taken.append(frames.take())
        assert n_kept - sum(frame.image is not None for frame in taken) <= limit
    frames.close()
    while (frame := frames.take()) is not None:
        taken.append(frame)
    assert [frame.frame for frame in taken] == list(range(n_put))
    assert sum(not frame.is_skipped for frame in taken) == n_kept
    assert all(frame.is_skipped == (frame.image is None) for frame in taken)


def test_a_patient_queue_skips_nothing():
    frames = FrameQueue(2, is_patient=True)

    def put():
        for number in range(50):
            frames.put(make_frame(number))
        frames.close()

    thread = threading.Thread(target=put)
    thread.start()
    taken = []
    while (frame := frames.take()) is not None:
        taken.append(frame)
    thread.join()
    assert [frame.frame for frame in taken] == list(range(50))
    assert not any(frame.is_skipped for frame in taken)


def test_who_waits_for_room_is_let_go_when_the_queue_is_closed():
    frames = FrameQueue(1, is_patient=True)
    frames.put(make_frame(0))
    thread = threading.Thread(target=frames.put, args=(make_frame(1),))
    thread.start()
    frames.close()
    thread.join(10)
    assert not thread.is_alive()


def test_who_is_always_slower_is_late_by_few_pictures_and_who_was_for_a_while_by_more():
    frames = FrameQueue(30, is_patient=False, fewest=8)
    assert [frames.put(make_frame(number)) for number in range(32)] == [True] * 30 + [False] * 2
    for _ in range(20):
        frames.take()
    assert not frames.put(make_frame(32))
    for _ in range(10):
        frames.take()
    assert [frames.put(make_frame(number)) for number in range(33, 63)] == [True] * 30


def test_large_pictures_are_few():
    frames = FrameQueue(30, is_patient=False, most_bytes=12 * 10, fewest=3)
    assert [frames.put(make_frame(number)) for number in range(12)] == [True] * 10 + [False] * 2
    frames = FrameQueue(30, is_patient=False, most_bytes=1, fewest=3)
    assert [frames.put(make_frame(number)) for number in range(4)] == [True] * 3 + [False]
