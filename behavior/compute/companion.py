"""A process that stays and answers one call after the other, so that what it loads, and what it has opened, is there for the next."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any, TypeVar

from behavior.compute.messages import decode, decode_call, encode
from behavior.errors import BehaviorError

__all__ = ["Companion"]

Result = TypeVar("Result")
START = "import sys; sys.path[:] = sys.argv[1:]; from behavior.compute import companion; companion._serve()"
PROGRESS, RESULT, ERROR = "progress", "result", "error"
_LENGTH_BYTES = 8


class Companion:
    """A Python of its own that is started with the first call; threads may share it, and wait for each other.

    It ends with this process, and with `close`. One that died is started again by the next call.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def call(self, function: Callable[..., Result], *, advance: Callable[[float], None] = lambda share: None, **arguments: Any) -> Result:
        """Return what `function` returns there when it is called with `arguments`, and with an `advance` that this one's is told from.

        Parameters
        ----------
        function
            A function that a module has under its name.
        advance
            Is told which share of the work is done.
        arguments
            Anything that `messages.encode` takes, like what the function returns.

        Raises
        ------
        BehaviorError
            If the function raises one, that one; and if the process dies or fails in another way.
        """
        with self._lock:
            process = self._start()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                _send(process.stdin, encode((function, arguments)))
                while True:
                    kind, content = decode(_receive(process.stdout))
                    if kind == PROGRESS:
                        advance(content)
                    elif kind == ERROR:
                        raise content
                    else:
                        return content
            except (EOFError, OSError) as error:
                self.close()
                raise BehaviorError(
                    f"{function.__name__} failed, because its process ended; check whether memory ran out, and try again."
                ) from error

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, *sys.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        return self._process


def _send(pipe: IO[bytes], content: bytes) -> None:
    pipe.write(len(content).to_bytes(_LENGTH_BYTES, "little") + content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    """Return the next message; EOFError if the other side has ended."""
    length = pipe.read(_LENGTH_BYTES)
    content = pipe.read(int.from_bytes(length, "little")) if len(length) == _LENGTH_BYTES else b""
    if not content:
        raise EOFError
    return content


def _serve() -> None:
    """Answer the calls on standard input until it ends."""
    with os.fdopen(os.dup(1), "wb") as answers:
        # What libraries print goes where it cannot be taken for an answer.
        os.dup2(2, 1)

        def tell(share: float) -> None:
            _send(answers, encode((PROGRESS, float(share))))

        while True:
            try:
                function, arguments = decode_call(_receive(sys.stdin.buffer))
            except EOFError:
                return
            try:
                answer = encode((RESULT, function(advance=tell, **arguments)))
            except BehaviorError as error:
                answer = encode((ERROR, error))
            except Exception as error:  # noqa: BLE001
                # The process goes on; who called has to know.
                answer = encode((ERROR, BehaviorError(f"{function.__name__} failed ({type(error).__name__}: {error}); report it.")))
            _send(answers, answer)
