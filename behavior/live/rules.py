"""Rules for closed loops: what is done, while it goes on, when a behavior has been probable for long enough."""

from __future__ import annotations

import json
import queue
import re
import shlex
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from behavior.errors import UsageError, suggest_nearest
from behavior.files.live_record import EventLog
from behavior.live.session import AnsweredFrame, Observer
from behavior.progress import complain

__all__ = ["Action", "Rule", "Rules", "parse_action", "parse_rule"]

# Seconds that an action may take, and events that may wait for one.
_PATIENCE_S, _MOST_WAITING = 5.0, 100
_RULE = re.compile(r"(?P<behavior>.+)(?P<sign>[<>])(?P<limit>[0-9.]+)(:(?P<seconds>[0-9.]+)s)?")

Event = Mapping[str, Any]
# Does something about an event, and returns what came of it.
Action = Callable[[Event], str]


@dataclass(frozen=True)
class Rule:
    """A behavior whose probability is above, or below, a limit for some seconds of video.

    Attributes
    ----------
    text
        As it was given.
    behavior
        Its name.
    is_above
        Whether the probability has to be above the limit, else below it.
    limit
        From 0 to 1.
    seconds
        How long without interruption.
    """

    text: str
    behavior: str
    is_above: bool
    limit: float
    seconds: float

    def holds(self, probability: float) -> bool:
        """Tell whether a frame meets the rule."""
        return probability > self.limit if self.is_above else probability < self.limit


def parse_rule(text: str, behaviors: Sequence[str]) -> Rule:
    """Return the rule that a text such as ``grooming>0.8:0.5s`` stands for; UsageError if it stands for none.

    >>> parse_rule("grooming>0.8:0.5s", ["grooming"])
    Rule(text='grooming>0.8:0.5s', behavior='grooming', is_above=True, limit=0.8, seconds=0.5)
    """
    found = _RULE.fullmatch(text)
    try:
        limit, seconds = (float(found["limit"]), float(found["seconds"] or 0)) if found else (-1.0, 0.0)
    except ValueError:
        limit = -1.0
    if found is None or not 0 <= limit <= 1:
        raise UsageError(f"--when {text}: expected a behavior, > or <, a probability, and if it has to last seconds: grooming>0.8:0.5s.")
    name = found["behavior"]
    if name not in behaviors:
        raise UsageError(
            f"--when {text}: the model predicts no {name!r}, but {', '.join(behaviors)}{suggest_nearest(name, behaviors) or '; name one.'}"
        )
    return Rule(text, name, found["sign"] == ">", limit, seconds)


def parse_action(text: str, *, say: Callable[[str], None]) -> Action:
    """Return what does what `text` says: an address that events are sent to, a program that is run for each, or "-".

    Parameters
    ----------
    text
        ``http://...`` gets each event as a POST of JSON. A program with its arguments is started without a shell and has the event, a
        line of JSON, as its standard input.
    say
        Prints the event for "-".

    Raises
    ------
    UsageError
        If there is no such program.
    """
    if text == "-":

        def print_event(event: Event) -> str:
            say(json.dumps(event))
            return "printed"

        return print_event
    if urlsplit(text).scheme in ("http", "https"):
        return lambda event: _post(text, event)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--do {text}: cannot be taken apart into words ({error}).") from None
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise UsageError(f"--do {text}: found no such program; give an http:// address, the path of a program with its arguments, or -.")
    return lambda event: _start([program, *words[1:]], event)


def _post(address: str, event: Event) -> str:
    request = urllib.request.Request(address, data=json.dumps(event).encode(), headers={"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:
            return f"answered {answer.status}"
    except urllib.error.HTTPError as error:
        return f"answered {error.code}"
    except OSError as error:
        return f"failed: {getattr(error, 'reason', None) or error}"


def _start(command: Sequence[str], event: Event) -> str:
    try:
        done = subprocess.run(
            command, input=json.dumps(event).encode() + b"\n", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return f"failed: took more than {_PATIENCE_S:g} s"
    except OSError as error:
        return f"failed: {error.strerror or error}"
    return "done" if done.returncode == 0 else f"failed: exit status {done.returncode}"


class Rules(Observer):
    """Watches the frames of a live recording, and acts in a thread of its own, so that no action holds up the next frame.

    A rule acts once when it has held for its seconds, and again only after it has not held in between, and `rest_s` have passed.

    Parameters
    ----------
    rules
        Each with its action.
    behaviors
        What the columns of probabilities are.
    log
        Gets a line for each event.
    source
        Name of the source, which events bear.
    tell
        Is called with each event and what came of it, in the thread of the actions.
    rest_s
        Least seconds of video between two events of a rule.
    """

    def __init__(
        self,
        rules: Sequence[tuple[Rule, Action]],
        *,
        behaviors: Sequence[str],
        log: EventLog,
        rest_s: float = 1.0,
        source: str = "",
        tell: Callable[[Event], None] | None = None,
    ) -> None:
        self._rules = [(rule, action, list(behaviors).index(rule.behavior)) for rule, action in rules]
        self._log, self._rest_s, self._source, self._tell = log, rest_s, source, tell
        # Of each rule: since when it holds, whether it has acted since, and when it acted last.
        self._since: list[float | None] = [None] * len(rules)
        self._has_acted = [False] * len(rules)
        self._last = [-float("inf")] * len(rules)
        self._offset_s = self._end_s = 0.0
        self._events: queue.Queue[tuple[Event, Action, float] | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._act, name="rules", daemon=True)
        self._thread.start()

    def hear(self, answer: AnsweredFrame) -> None:
        """Act if the probabilities of a frame complete what a rule asks for."""
        frame = answer.captured
        if frame.frame == 0:
            # Times of a recording begin with 0; rules go on.
            self._offset_s = self._end_s
        self._end_s = now_s = self._offset_s + frame.time_s
        for number, (rule, action, column) in enumerate(self._rules):
            probability = float(answer.probabilities[column])
            if not rule.holds(probability):
                self._since[number], self._has_acted[number] = None, False
                continue
            if frame.follows_gap or self._since[number] is None:
                self._since[number] = now_s
            since = self._since[number]
            assert since is not None
            is_due = now_s - since >= rule.seconds - 1e-9 and not self._has_acted[number]
            if is_due and now_s - self._last[number] >= self._rest_s:
                self._has_acted[number], self._last[number] = True, now_s
                event = {
                    "rule": rule.text,
                    "source": self._source,
                    "part": frame.part,
                    "frame": frame.frame,
                    "time_s": round(frame.time_s, 6),
                    "taken": frame.taken,
                    "probability": round(probability, 6),
                }
                self._hand_on(event, action, frame.taken_s)

    def _hand_on(self, event: Event, action: Action, taken_s: float) -> None:
        try:
            self._events.put_nowait((event, action, taken_s))
        except queue.Full:
            complain(f"{event['rule']}: {_MOST_WAITING} events wait for their action, so that of frame {event['frame']} is left out.")

    def _act(self) -> None:
        while (item := self._events.get()) is not None:
            event, action, taken_s = item
            begun_s = time.monotonic() - taken_s
            outcome = action(event)
            done_s = time.monotonic() - taken_s
            self._log.add(event, begun_s=begun_s, done_s=done_s, outcome=outcome)
            if self._tell is not None:
                self._tell({**event, "begun_s": round(begun_s, 4), "done_s": round(done_s, 4), "outcome": outcome})
            if outcome.startswith("failed"):
                complain(f"{event['rule']}: the action {outcome}.")

    def close(self) -> None:
        """Wait for the actions that were begun or wait, and close the log."""
        self._events.put(None)
        self._thread.join()
        self._log.close()
