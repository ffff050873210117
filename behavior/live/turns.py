"""Turns at something that one thread at a time may use."""

from __future__ import annotations

import threading

__all__ = ["Turns"]


class Turns:
    """A lock that is handed on in the order in which threads asked for it, so that none is left waiting while others take it again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._next = self._now = 0

    def __enter__(self) -> Turns:
        with self._changed:
            mine, self._next = self._next, self._next + 1
            self._changed.wait_for(lambda: self._now == mine)
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._now += 1
            self._changed.notify_all()
