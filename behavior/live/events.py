"""What other programs may be told while it happens: predictions, marks, gaps, parts, rules that acted, and changes of a source."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from behavior.learning.live_features import CropPlace
from behavior.live.frame_queue import CapturedFrame
from behavior.live.session import AnsweredFrame, Observer

__all__ = ["EventHub", "SourceEvents", "Subscription"]

Event = Mapping[str, Any]


class Subscription:
    """The events that one reader has not taken yet; of more than `limit`, the oldest are dropped and counted.

    Parameters
    ----------
    limit
        Most events that wait.
    wake
        Is called after an event was added, in the thread that published it; has to be quick.
    """

    def __init__(self, limit: int, wake: Callable[[], None]) -> None:
        self._limit, self._wake = limit, wake
        self._lock = threading.Lock()
        self._waiting: deque[Event] = deque()
        self._n_dropped = 0

    def add(self, event: Event) -> None:
        """Add an event; never waits for the reader."""
        with self._lock:
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self._n_dropped += 1
            self._waiting.append(event)
        self._wake()

    def take(self) -> list[Event]:
        """Return what waits, in order; where some were dropped before it, the first one says how many."""
        with self._lock:
            events: list[Event] = [{"event": "dropped", "events": self._n_dropped}] if self._n_dropped else []
            events.extend(self._waiting)
            self._waiting.clear()
            self._n_dropped = 0
            return events


class EventHub:
    """Hands events on to whoever subscribed; publishing never waits. May be used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()

    @property
    def n_subscriptions(self) -> int:
        """How many readers there are."""
        return len(self._subscriptions)

    def subscribe(self, limit: int, wake: Callable[[], None]) -> Subscription:
        """Return a subscription, whose arguments these are, to what is published from now on."""
        subscription = Subscription(limit, wake)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Hand nothing on to a subscription any more."""
        with self._lock:
            self._subscriptions = tuple(one for one in self._subscriptions if one is not subscription)

    def publish(self, event: Event) -> None:
        """Hand an event on."""
        for subscription in self._subscriptions:
            subscription.add(event)


class SourceEvents(Observer):
    """Publishes what happens to one source.

    Parameters
    ----------
    hub
        Gets the events.
    source
        Its name.
    behaviors
        What the columns of probabilities are.
    """

    def __init__(self, hub: EventHub, source: str, behaviors: Sequence[str]) -> None:
        self._hub, self._source, self._behaviors = hub, source, tuple(behaviors)
        self._recording = ""

    def begin(self, part: int, recording: str) -> None:
        """Publish that a part begins."""
        self._recording = recording
        self._publish("part", recording=recording, part=part)

    def finish(self, recording: str, outcome: int | str) -> None:
        """Publish that a recording is finished, or why it has no ethogram."""
        told = {"frames": outcome} if isinstance(outcome, int) else {"error": outcome}
        self._publish("finished", recording=recording, **told)

    def see(self, frame: CapturedFrame, place: CropPlace | None) -> None:
        """Publish a gap before a frame."""
        if frame.follows_gap and frame.frame:
            self._publish("gap", **self._locate(frame))

    def mark(self, frame: CapturedFrame, note: str) -> None:
        """Publish a note."""
        self._publish("mark", **self._locate(frame), note=note)

    def hear(self, answer: AnsweredFrame) -> None:
        """Publish the probabilities of a frame, and what the thresholds decide."""
        if not self._hub.n_subscriptions:
            return
        self._publish(
            "prediction",
            **self._locate(answer.captured),
            probabilities=dict(zip(self._behaviors, (round(float(value), 6) for value in answer.probabilities), strict=True)),
            decisions=dict(zip(self._behaviors, answer.raw.tolist(), strict=True)),
            skipped=answer.captured.is_skipped,
            latency_s=round(answer.latency_s, 4),
        )

    def publish_rule(self, event: Event) -> None:
        """Publish what a rule did, as `rules.Rules` tells it."""
        self._hub.publish({"event": "rule", "recording": self._recording, **event})

    def _locate(self, frame: CapturedFrame) -> dict[str, Any]:
        return {
            "recording": self._recording,
            "part": frame.part,
            "frame": frame.frame,
            "time_s": round(frame.time_s, 6),
            "taken": frame.taken,
        }

    def _publish(self, event: str, **content: Any) -> None:
        self._hub.publish({"event": event, "source": self._source, **content})
