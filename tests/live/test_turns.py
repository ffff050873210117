"""Turns are taken one at a time, in the order in which they were asked for."""

import threading
import time

import pytest

from behavior.live.turns import Turns


def test_who_asked_first_is_next_although_another_asks_again_at_once():
    turns, order = Turns(), []

    def take(name, times):
        for _ in range(times):
            with turns:
                order.append(name)
                time.sleep(0.01)

    greedy = threading.Thread(target=take, args=("greedy", 20))
    greedy.start()
    while not order:
        time.sleep(0.001)
    take("other", 5)
    greedy.join()
    # Beside one that takes turns without a pause, the other has every second one.
    first, last = order.index("other"), len(order) - 1 - order[::-1].index("other")
    assert order[first : last + 1] == ["other", "greedy"] * 4 + ["other"]


def test_an_error_gives_the_turn_back():
    turns, had_turn = Turns(), threading.Event()
    with pytest.raises(ValueError, match="in its turn"), turns:
        raise ValueError("in its turn")

    def take():
        with turns:
            had_turn.set()

    threading.Thread(target=take, daemon=True).start()
    assert had_turn.wait(10)
