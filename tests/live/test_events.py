"""What happens is published in order, and a reader that is too slow loses the oldest and is told how many."""

import numpy as np

from behavior.live.events import EventHub, SourceEvents
from behavior.live.frame_queue import CapturedFrame
from behavior.live.session import AnsweredFrame


def make_frame(number, **more):
    return CapturedFrame(1, number, number / 10, "now", 0.0, None, **more)


def test_a_slow_reader_loses_the_oldest_and_others_nothing():
    hub, woken = EventHub(), []
    slow, fast = hub.subscribe(3, lambda: woken.append("slow")), hub.subscribe(100, lambda: woken.append("fast"))
    for number in range(5):
        hub.publish({"event": "mark", "number": number})
    assert woken.count("slow") == woken.count("fast") == 5
    assert slow.take() == [{"event": "dropped", "events": 2}, *({"event": "mark", "number": number} for number in (2, 3, 4))]
    assert [event["number"] for event in fast.take()] == [0, 1, 2, 3, 4]
    hub.unsubscribe(slow)
    hub.publish({"event": "mark", "number": 5})
    assert slow.take() == [] and len(fast.take()) == 1 and hub.n_subscriptions == 1


def test_all_that_happens_to_a_source_is_published():
    hub = EventHub()
    source = SourceEvents(hub, "left", ["groom", "rear"])
    answer = AnsweredFrame(make_frame(4, is_skipped=True), np.array([0.25, 0.75], dtype=np.float32), np.array([False, True]), 0.0321)
    # Nobody listens.
    source.hear(answer)
    events = hub.subscribe(100, lambda: None)
    source.begin(1, "left_002")
    source.see(make_frame(0, follows_gap=True), None)
    source.see(make_frame(3, follows_gap=True), None)
    source.see(make_frame(4), None)
    source.hear(answer)
    source.mark(make_frame(5), "light on")
    source.publish_rule({"rule": "groom>0.8", "source": "left", "frame": 4, "outcome": "done"})
    source.finish("left_002", 6)
    source.finish("left_002", "is missing")
    place = {"source": "left", "recording": "left_002", "part": 1, "taken": "now"}
    assert events.take() == [
        {"event": "part", "source": "left", "recording": "left_002", "part": 1},
        {"event": "gap", **place, "frame": 3, "time_s": 0.3},
        {
            **{"event": "prediction", **place, "frame": 4, "time_s": 0.4, "skipped": True, "latency_s": 0.0321},
            **{"probabilities": {"groom": 0.25, "rear": 0.75}, "decisions": {"groom": False, "rear": True}},
        },
        {"event": "mark", **place, "frame": 5, "time_s": 0.5, "note": "light on"},
        {"event": "rule", "recording": "left_002", "rule": "groom>0.8", "source": "left", "frame": 4, "outcome": "done"},
        {"event": "finished", "source": "left", "recording": "left_002", "frames": 6},
        {"event": "finished", "source": "left", "recording": "left_002", "error": "is missing"},
    ]
