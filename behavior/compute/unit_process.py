"""A process that does one piece of work after the other, tells how far it is, can be stopped, and tidies up when it is.

It is a fresh Python, as a fork would copy the threads' locks of libraries that are already running, and it never runs the user's script
again, as processes of `multiprocessing` do. It talks through pipes, to the process that started it and to nobody else.
"""

from __future__ import annotations

import _thread
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn, TypeVar

from behavior.compute.child import end_children
from behavior.compute.messages import decode, decode_call, encode
from behavior.errors import BehaviorError
from behavior.progress import WorkProgress, forward_messages, forward_progress

__all__ = [
    "ERROR",
    "MESSAGE",
    "PROGRESS",
    "RESULT",
    "CallStoppedError",
    "ProcessDiedError",
    "UnitProcess",
    "call_in_process",
    "read_message",
]

Item = TypeVar("Item")
Result = TypeVar("Result")

START = "import sys; paths, idle_s = sys.argv[2:], float(sys.argv[1]); sys.path[:] = paths; from behavior.compute import unit_process; "
START += "unit_process._serve(idle_s)"
# How long a process that is to end may take to leave things tidy.
SECONDS_TO_END = 1.0
SECONDS_TO_END_WELL = 60.0
SECONDS_BETWEEN_QUESTIONS = 0.2
# One that is asked for nothing for so long ends; whoever started it may be stuck, and it may hold gigabytes.
SECONDS_IDLE = 600.0
NO_MORE = b""
# The first byte of what it says; the rest is what `messages.encode` makes of it.
RESULT, ERROR, MESSAGE, PROGRESS = b"r", b"e", b"m", b"p"
_LENGTH_BYTES = 8
# Ctrl-C in a terminal reaches all processes of a group; what it means is for the one that was started there to say.
_OWN_GROUP: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {"creationflags": 0x200}


class CallStoppedError(BehaviorError):
    """A call that was stopped before it returned."""


class ProcessDiedError(BehaviorError):
    """A process that ended in the middle of its work; the message says how."""


class UnitProcess:
    """A Python of its own, started with the first call and again after it died; one thread calls at a time.

    It ends with `close`, and by itself if this process is killed.

    Parameters
    ----------
    environment
        Variables that it has besides those of this process.
    folder
        Where it runs; where this process does if None.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, *, folder: Path | None = None) -> None:
        self._folder = folder
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._told: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """Its number, while it is there."""
        return None if self._process is None else self._process.pid

    def ask(self, call: bytes, *, take: Callable[[bytes, bytes], None], should_stop: Callable[[], bool]) -> tuple[bytes, bytes]:
        """Return `RESULT` or `ERROR` and, encoded, what a call returned or raised there.

        Parameters
        ----------
        call
            The function and its argument, encoded; nothing of them is loaded into this process.
        take
            Called with `MESSAGE` or `PROGRESS`, and what the process says, encoded.
        should_stop
            Asked a few times a second.

        Raises
        ------
        CallStoppedError
            When `should_stop` says so; the process is gone then.
        ProcessDiedError
            If the process dies.
        """
        process = self._start()
        with suppress(OSError):
            _send(process.stdin, call)
        while True:
            if should_stop() or self._is_closed:
                self.close()
                raise CallStoppedError("stopped.")
            try:
                told = self._told.get(timeout=SECONDS_BETWEEN_QUESTIONS)
            except queue.Empty:
                continue
            kind, content = told[:1], told[1:]
            if told == NO_MORE:
                self._raise_death(process)
            elif kind in (MESSAGE, PROGRESS):
                take(kind, content)
            else:
                return kind, content

    def close(self, *, is_done: bool = False) -> None:
        """End the process: at once where it is in the middle of something, or well, which may take longer, where it `is_done`."""
        self.close_all([self], are_done=is_done)

    @staticmethod
    def close_all(processes: Sequence[UnitProcess], *, are_done: bool) -> None:
        """End several processes at the same time, as `close` does."""
        ending = [process for one in processes if (process := one._ask_to_end(is_done=are_done)) is not None]
        deadline = time.monotonic() + (SECONDS_TO_END_WELL if are_done else SECONDS_TO_END)
        for process in ending:
            try:
                process.wait(max(deadline - time.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _ask_to_end(self, *, is_done: bool) -> subprocess.Popen[bytes] | None:
        self._is_closed = True
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError):
                if is_done:
                    _send(process.stdin, NO_MORE)
                # Without NO_MORE before, it means to drop everything.
                assert process.stdin is not None
                process.stdin.close()
        return process

    def _raise_death(self, process: subprocess.Popen[bytes]) -> NoReturn:
        """Raise what the end of the process means."""
        status = process.wait()
        if self._is_closed:
            raise CallStoppedError("stopped.")
        self._process = None
        with suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        raise ProcessDiedError(f"killed by signal {-status}" if status < 0 else f"exit status {status}")

    def _start(self) -> subprocess.Popen[bytes]:
        if self._is_closed:
            raise CallStoppedError("stopped.")
        if self._process is None or self._process.poll() is not None:
            self._told = queue.SimpleQueue()
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, str(SECONDS_IDLE), *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=self._folder,
                env={**os.environ, **self._environment},
                **_OWN_GROUP,
            )
            threading.Thread(target=_listen, args=(self._process.stdout, self._told), name="unit process", daemon=True).start()
        return self._process


def call_in_process(
    function: Callable[[Item], Result],
    item: Item,
    *,
    take: Callable[[logging.LogRecord | WorkProgress], None],
    should_stop: Callable[[], bool],
) -> Result:
    """Return what `function` returns for `item` in a process that is for this call alone, and is gone afterwards, however it ends.

    Parameters
    ----------
    function
        A function that a module has under its name, or a partial one; it, the item and the result are what `messages.encode` takes.
    take
        Called with every message of that process, and with how far its work is.
    should_stop
        Asked a few times a second.

    Raises
    ------
    CallStoppedError
        When `should_stop` says so.
    BehaviorError
        If the process dies; and whatever `function` raises.
    """
    process = UnitProcess()
    is_done = False
    try:
        kind, content = process.ask(
            encode((function, item)),
            take=lambda kind, told: take(read_message(told) if kind == MESSAGE else decode(told)),
            should_stop=should_stop,
        )
        is_done = True
    except ProcessDiedError as error:
        raise BehaviorError(f"the process that did the work died unexpectedly ({error}), possibly out of memory; start it again.") from None
    finally:
        process.close(is_done=is_done)
    if kind == ERROR:
        raise decode(content)
    return decode(content)


def read_message(content: bytes) -> logging.LogRecord:
    """Return what was announced in another process."""
    return logging.makeLogRecord(decode(content))


def _listen(pipe: IO[bytes], told: queue.SimpleQueue[bytes]) -> None:
    """Pass on what the process at the other end says, and `NO_MORE` when it is gone."""
    with pipe, suppress(EOFError, OSError):
        while True:
            told.put(_receive(pipe))
    told.put(NO_MORE)


def _send(pipe: IO[bytes] | None, content: bytes) -> None:
    assert pipe is not None
    pipe.write(len(content).to_bytes(_LENGTH_BYTES, "little") + content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    """Return the next message; EOFError if the other side has ended."""
    length = pipe.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        raise EOFError
    content = pipe.read(n_bytes := int.from_bytes(length, "little"))
    if len(content) < n_bytes:
        raise EOFError
    return content


def _serve(idle_s: float) -> None:
    """Do what comes on standard input, until there is no more, or whoever asks has ended, or has asked for nothing for `idle_s`."""
    with os.fdopen(os.dup(1), "wb") as answers:
        # What libraries print goes where it cannot be taken for an answer.
        os.dup2(2, 1)
        _Worker(sys.stdin.buffer, answers).run(idle_s)


class _Forward(logging.Handler):
    """Sends messages to the process that started this one."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        content = {name: getattr(record, name) for name in ("name", "levelno", "levelname", "created")}
        self._send(MESSAGE + encode({**content, "msg": record.getMessage()}))


class _Worker:
    def __init__(self, asked: IO[bytes], answers: IO[bytes]) -> None:
        self._asked, self._answers = asked, answers
        # Threads must not send at the same time.
        self._sending = threading.Lock()
        self._calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._is_busy = self._is_abandoned = False

    def run(self, idle_s: float) -> None:
        signal.signal(signal.SIGINT, self._interrupt)
        forward_messages(_Forward(self._send))
        forward_progress(lambda progress: self._send(PROGRESS + encode(progress)))
        threading.Thread(target=self._listen, name="parent", daemon=True).start()
        with suppress(BrokenPipeError, ConnectionResetError, queue.Empty):
            while (call := self._calls.get(timeout=idle_s)) != NO_MORE:
                self._send(self._answer(call))

    def _answer(self, call: bytes) -> bytes:
        try:
            self._is_busy = True
            function, item = decode_call(call)
            answer = RESULT + encode(function(item))
            self._is_busy = False
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
            # The parent raises it.
            self._is_busy = False
            error.add_note(traceback.format_exc())
            return ERROR + encode(error)
        return answer

    def _send(self, message: bytes) -> None:
        with self._sending:
            _send(self._answers, message)

    def _listen(self) -> None:
        """Pass calls on; where the parent breaks off, or is gone, interrupt what goes on, and end this process if that does not help."""
        try:
            while (call := _receive(self._asked)) != NO_MORE:
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
        if self._is_abandoned and self._is_busy:
            raise KeyboardInterrupt
