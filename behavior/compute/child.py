"""Work in a process of its own, so that what it loads and the memory it takes are gone when it is done."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from behavior.compute.messages import decode, decode_call, encode
from behavior.errors import BehaviorError

__all__ = ["call_in_child", "end_children"]

Result = TypeVar("Result")
# The child finds its modules where this process does, installed or not.
START = "import sys; sys.path[:] = sys.argv[1:]; from behavior.compute import child; child._serve()"
LONGEST_LINE = 300

_running: set[subprocess.Popen[bytes]] = set()


def call_in_child(function: Callable[..., Result], *, environment: Mapping[str, str] | None = None, **arguments: Any) -> Result:
    """Return what `function` returns when a fresh Python calls it with `arguments`; what libraries print there is not shown.

    A program needs no ``if __name__ == "__main__"`` for it, unlike with `multiprocessing`.

    Parameters
    ----------
    function
        A function that a module has under its name.
    environment
        Variables that the child has besides those of this process.
    arguments
        Anything that `messages.encode` takes, like what the function returns.

    Raises
    ------
    BehaviorError
        If the function raises one, that one; and if the child dies or fails in another way, with the last line that it printed.
    """
    with tempfile.TemporaryFile() as answer_file, tempfile.TemporaryFile() as printed_file:
        # A temporary file, unlike a pipe, cannot fill up while the other side is still talking.
        child = subprocess.Popen(
            [sys.executable, "-c", START, *sys.path],
            stdin=subprocess.PIPE,
            stdout=answer_file,
            stderr=printed_file,
            env={**os.environ, **(environment or {})},
        )
        _running.add(child)
        try:
            child.communicate(encode((function, arguments)))
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            _running.discard(child)
        answer_file.seek(0)
        content = answer_file.read()
        if child.returncode == 0 and content:
            error, result = decode(content)
            if error is not None:
                raise error
            return result
        printed_file.seek(0)
        last_line = printed_file.read().decode("utf-8", errors="replace").strip().rpartition("\n")[2][-LONGEST_LINE:]
    raise BehaviorError(
        f"{function.__name__} failed in a process of its own, status {child.returncode} ({last_line or 'it printed nothing'}); "
        "check whether memory or disk space ran out."
    )


def end_children() -> None:
    """Kill the processes that were started here and are still at work, for a process that is about to end itself."""
    for child in list(_running):
        child.kill()


def _serve() -> None:
    """Answer the one call on standard input; the parent reads the answer from standard output."""
    with os.fdopen(os.dup(1), "wb") as answer:
        # What libraries print goes where it cannot be taken for the answer.
        os.dup2(2, 1)
        function, arguments = decode_call(sys.stdin.buffer.read())
        error, result = None, None
        try:
            result = function(**arguments)
        except BehaviorError as raised:
            error = raised
        answer.write(encode((error, result)))
