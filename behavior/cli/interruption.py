"""Ctrl-C: a run ends cleanly if it can within a moment, else wherever it is; a second Ctrl-C ends it at once."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

__all__ = ["INTERRUPTED", "Interruption", "stopping_softly"]

INTERRUPTED = 130
SECONDS_TO_END = 1.5
SECONDS_FOR_LAST_MESSAGE = 0.3
SHOW_CURSOR = b"\x1b[?25h"


class Interruption:
    """Watches for Ctrl-C while its block runs.

    Python itself handles it only when the current call returns, which may be minutes of computing in a library. So a thread, woken by
    the system's signal, ends the process if the block has not ended by then.

    Parameters
    ----------
    say_last
        Called before the process ends; it has little time.

    Attributes
    ----------
    was_asked
        Whether Ctrl-C was pressed.
    """

    def __init__(self, say_last: Callable[[], None]) -> None:
        self.was_asked = False
        self._say_last = say_last
        self._is_watching = False
        self._ending = threading.Lock()

    def __enter__(self) -> Interruption:
        # Only the main thread can; and a program that is started with the signal ignored should ignore it.
        if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            return self
        self._is_watching = True
        # The command may have redirected standard error while a library loads.
        self._stderr = os.dup(2)
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._handler = signal.signal(signal.SIGINT, self._interrupt)
        self._wakeup = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._watch, name="interruption", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_watching:
            return
        if self.was_asked:
            # Shutting libraries down in the middle of their work may hang or crash.
            self.end()
        signal.set_wakeup_fd(self._wakeup)
        signal.signal(signal.SIGINT, self._handler)
        self._waker.close()
        os.close(self._stderr)

    def _interrupt(self, number: int, frame: FrameType | None) -> NoReturn:
        self.was_asked = True
        # Where Python cannot raise, such as in a destructor, it would print a traceback and continue.
        sys.unraisablehook = _ignore
        threading.excepthook = _ignore
        raise KeyboardInterrupt

    def _watch(self) -> None:
        with self._woken:
            while signals := self._woken.recv(1):
                if signals[0] == signal.SIGINT:
                    break
            else:
                return
            self.was_asked = True
            self._woken.settimeout(SECONDS_TO_END)
            try:
                self._woken.recv(1)
            except TimeoutError:
                pass
            else:
                self._exit()
            self.end()

    def end(self) -> NoReturn:
        """End the process and its child processes with the status of an interruption."""
        if not self._ending.acquire(blocking=False):
            # The other thread is ending it.
            threading.Event().wait()
        os.dup2(self._stderr, 2)
        # In its own thread, because the interrupted code may hold a lock that it needs.
        speaker = threading.Thread(target=self._speak, daemon=True)
        speaker.start()
        speaker.join(SECONDS_FOR_LAST_MESSAGE)
        self._exit()

    def _speak(self) -> None:
        self._say_last()
        sys.stdout.flush()

    def _exit(self) -> NoReturn:
        if (started := sys.modules.get("behavior.compute.child")) is not None:
            started.end_children()
        if os.isatty(self._stderr):
            os.write(self._stderr, SHOW_CURSOR)
        os._exit(INTERRUPTED)


@contextmanager
def stopping_softly(stop: Callable[[], object]) -> Iterator[None]:
    """Let the first Ctrl-C, or the system's request to end, call `stop` while the block runs; the next one is handled as everywhere.

    For what has to be finished and may take longer than `Interruption` waits.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGINT, signal.SIGTERM)
    handlers = {name: signal.getsignal(name) for name in names}
    wakeup = signal.set_wakeup_fd(-1)

    def restore() -> None:
        for name, handler in handlers.items():
            signal.signal(name, handler)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)

    def stop_once(number: int, frame: FrameType | None) -> None:
        restore()
        stop()

    for name, handler in handlers.items():
        # A program that is started with a signal ignored should ignore it.
        if handler is not signal.SIG_IGN:
            signal.signal(name, stop_once)
    try:
        yield
    finally:
        restore()


def _ignore(_: Any) -> None:
    """Print nothing about an error that the interruption caused."""
