"""Several processes that share one piece of work, print through this one, and end when it does."""

from __future__ import annotations

import _thread
import logging
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import FrameType, ModuleType
from typing import Any, TypeVar

from behavior.compute.child import end_children
from behavior.compute.messages import decode, decode_call, encode
from behavior.errors import BehaviorError
from behavior.progress import WorkProgress, forward_messages, forward_progress

__all__ = ["CallStoppedError", "call_in_worker", "map_in_workers"]

Item = TypeVar("Item")
Result = TypeVar("Result")

# How long a process that is to end may take to leave things tidy.
SECONDS_TO_END = 1.0
SECONDS_TO_END_WELL = 60.0
# On Windows a process that waits does not notice Ctrl-C before it looks up.
SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_BETWEEN_QUESTIONS = 0.2
RESULT, ERROR, MESSAGE, PROGRESS = "result", "error", "message", "progress"
NO_MORE = b""


def map_in_workers(function: Callable[[Item], Result], items: Iterable[Item], *, n_workers: int) -> Iterator[Result]:
    """Yield what `function` returns for each of `items`, as it comes, called in `n_workers` fresh processes, or in this one for 1.

    What they announce is announced here. However this ends, the processes end with it, by themselves if this process is killed.

    Parameters
    ----------
    function
        A function that a module has under its name, or a partial one; it, the items and the results are what `messages.encode` takes.

    Raises
    ------
    BehaviorError
        If a process dies; and whatever `function` raises.
    """
    if n_workers <= 1:
        yield from map(function, items)
        return
    waiting = [encode((function, item)) for item in items][::-1]
    with _running(min(n_workers, len(waiting))) as workers:
        busy = []
        for worker in workers:
            worker.send_bytes(waiting.pop())
            busy.append(worker)
        while busy:
            ready = wait(busy, timeout=SECONDS_BETWEEN_LOOKS)
            for worker in [one for one in busy if one in ready]:
                kind, content = _receive(worker)
                if kind == MESSAGE:
                    _log(content)
                    continue
                if kind == ERROR:
                    raise content
                if waiting:
                    worker.send_bytes(waiting.pop())
                else:
                    busy.remove(worker)
                yield content


class CallStoppedError(BehaviorError):
    """A call that was stopped before it returned."""


def call_in_worker(
    function: Callable[[Item], Result],
    item: Item,
    *,
    take: Callable[[logging.LogRecord | WorkProgress], None],
    should_stop: Callable[[], bool],
) -> Result:
    """Return what `function` returns for `item`, called in a fresh process of its own, which can be stopped.

    However this ends, the process ends with it, by itself if this process is killed.

    Parameters
    ----------
    function, item
        As for `map_in_workers`.
    take
        Called with every message of that process, and with how far its work is.
    should_stop
        Asked a few times a second.

    Raises
    ------
    CallStoppedError
        When `should_stop` says so; the process is gone then.
    BehaviorError
        If the process dies; and whatever `function` raises.
    """
    with _running(1, with_progress=True) as (worker,):
        worker.send_bytes(encode((function, item)))
        while True:
            if should_stop():
                raise CallStoppedError("stopped.")
            if not wait([worker], timeout=SECONDS_BETWEEN_QUESTIONS):
                continue
            try:
                kind, content = decode(worker.recv_bytes())
            except (EOFError, OSError) as error:
                raise BehaviorError("the process that did the work died unexpectedly, possibly out of memory; start it again.") from error
            if kind == MESSAGE:
                take(logging.makeLogRecord(content))
            elif kind == PROGRESS:
                take(content)
            elif kind == ERROR:
                raise content
            else:
                return content


def _log(content: dict[str, Any]) -> None:
    """Log what a worker process announced as if it had been announced here."""
    record = logging.makeLogRecord(content)
    logger = logging.getLogger(record.name)
    if logger.isEnabledFor(record.levelno):
        logger.handle(record)


def _receive(worker: Connection) -> tuple[str, Any]:
    try:
        return decode(worker.recv_bytes())
    except (EOFError, OSError) as error:
        raise BehaviorError("a worker process died unexpectedly, possibly out of memory; try fewer --workers.") from error


@contextmanager
def _running(n_workers: int, *, with_progress: bool = False) -> Iterator[Sequence[Connection]]:
    """Yield a connection to each of `n_workers` processes, which are gone when the block ends.

    They announce how far they are, or send it as `WorkProgress`.
    """
    # Spawned on every system: a fork would copy the threads' locks of libraries that are already running.
    context = multiprocessing.get_context("spawn")
    processes, connections = [], []
    seconds_to_end = SECONDS_TO_END
    try:
        with _interrupts_put_off(), _main_module_hidden():
            for _ in range(n_workers):
                here, there = context.Pipe()
                process = context.Process(target=_work, args=(there, with_progress), daemon=True)
                process.start()
                processes.append(process)
                connections.append(here)
                there.close()
        yield connections
        for connection in connections:
            connection.send_bytes(NO_MORE)
        seconds_to_end = SECONDS_TO_END_WELL
    finally:
        # Without NO_MORE before, it means to drop everything.
        for connection in connections:
            connection.close()
        deadline = time.monotonic() + seconds_to_end
        for process in processes:
            process.join(max(deadline - time.monotonic(), 0.0))
            if process.is_alive():
                process.kill()
                process.join()


@contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Keep processes that are started in the block from running the user's script again, which `multiprocessing` has them import."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _interrupts_put_off() -> Iterator[None]:
    """Let Ctrl-C wait until the block has ended, and in processes that are started in it until they can deal with it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
    mask = None
    # Windows has nothing like it.
    if hasattr(signal, "pthread_sigmask"):
        # Where it starts later, with the first process, it undoes this.
        resource_tracker.ensure_running()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if asked and callable(handler):
        handler(asked[0], None)


class _Forward(logging.Handler):
    """Sends messages to the process that started this one."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        content = {name: getattr(record, name) for name in ("name", "levelno", "levelname", "created")}
        self._send(encode((MESSAGE, {**content, "msg": record.getMessage()})))


def _work(parent: Connection, with_progress: bool) -> None:
    """Do in a process of its own what `parent` asks for, until there is no more, or the parent has ended."""
    _Worker(parent).run(with_progress=with_progress)


class _Worker:
    def __init__(self, parent: Connection) -> None:
        self._parent = parent
        # Threads must not send at the same time.
        self._sending = threading.Lock()
        self._calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._is_busy = self._is_abandoned = False

    def run(self, *, with_progress: bool) -> None:
        signal.signal(signal.SIGINT, self._interrupt)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        forward_messages(_Forward(self._send))
        if with_progress:
            forward_progress(lambda progress: self._send(encode((PROGRESS, progress))))
        threading.Thread(target=self._listen, name="parent", daemon=True).start()
        with suppress(BrokenPipeError, ConnectionResetError):
            while (call := self._calls.get()) != NO_MORE:
                self._send(self._answer(call))

    def _answer(self, call: bytes) -> bytes:
        try:
            self._is_busy = True
            function, item = decode_call(call)
            answer = encode((RESULT, function(item)))
            self._is_busy = False
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
            # The parent raises it.
            self._is_busy = False
            error.add_note(traceback.format_exc())
            return encode((ERROR, error))
        return answer

    def _send(self, message: bytes) -> None:
        with self._sending:
            self._parent.send_bytes(message)

    def _listen(self) -> None:
        """Pass calls on; where the parent breaks off, or is gone, interrupt what goes on, and end this process if that does not help."""
        try:
            while (call := self._parent.recv_bytes()) != NO_MORE:
                self._calls.put(call)
        except (EOFError, OSError):
            self._is_abandoned = True
            self._calls.put(NO_MORE)
            if hasattr(signal, "pthread_kill"):
                # Unlike the other way, this wakes what waits for the system.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            else:
                _thread.interrupt_main()
            time.sleep(SECONDS_TO_END)
            end_children()
            os._exit(1)
        self._calls.put(NO_MORE)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        # Ctrl-C reaches all processes of a terminal; what it means is for the parent to say.
        if self._is_abandoned and self._is_busy:
            raise KeyboardInterrupt
