"""Running the server until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from behavior.errors import UsageError
from behavior.review.desk import Desk
from behavior.review.routes import make_application
from behavior.review.safety import MOST_BODY_BYTES, Application, Guard

__all__ = ["LOCAL", "RunningServer", "serve", "serving", "serving_application"]

LOCAL = "127.0.0.1"
_MOST_PORTS = 50
_SECONDS_TO_END = 1


class _WithoutCancelled(logging.Filter):
    """Keeps to itself that answers were cancelled: those to viewers who do not read them, when the server ends."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, asyncio.CancelledError) and not record.getMessage().startswith("Cancel ")


_WITHOUT_CANCELLED = _WithoutCancelled()


@dataclass(frozen=True)
class RunningServer:
    """A server that runs.

    Attributes
    ----------
    address
        To open in a browser, with the token where one is needed.
    port
        That it listens on.
    """

    address: str
    port: int


@contextmanager
def serving(desk: Desk, *, host: str = LOCAL, port: int) -> Iterator[RunningServer]:
    """Run a server for what is on `desk` while the block runs; labels are put into their files at its end.

    Parameters
    ----------
    host
        Where to listen; other than on this machine's own address, every request needs the token.
    port
        The next free one is taken if it is in use; 0 for any.

    Raises
    ------
    UsageError
        If `host` is not an address of this machine, or no port is free.
    """
    application = make_application(desk)
    # Labels before the server: a process that Ctrl-C ends has little time.
    with serving_application(application, host=host, port=port, start=desk.start, close=desk.close) as running:
        yield running


@contextmanager
def serving_application(
    application: Application,
    *,
    host: str = LOCAL,
    port: int,
    start: Callable[[], object],
    close: Callable[[], object] = int,
    say_last: Callable[[], object] = int,
    has_sockets: bool = False,
) -> Iterator[RunningServer]:
    """Run a server for an application while the block runs; arguments and errors as of `serving`.

    Parameters
    ----------
    start, close
        Called before the server runs, and while it ends.
    say_last
        Called before it ends, while it still answers.
    has_sockets
        Whether the application answers WebSockets.
    """
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    token = None if host in (LOCAL, "localhost", "::1") else secrets.token_urlsafe(24)
    application = Guard(application, port=port, token=token)
    config = uvicorn.Config(
        application,
        log_level="error",
        access_log=False,
        lifespan="off",
        # Of its kinds this one waits for readers, and bounds what they send.
        ws="websockets-sansio" if has_sockets else "none",
        ws_max_size=MOST_BODY_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_SECONDS_TO_END,
        server_header=False,
    )
    # A logger has the same filter once.
    logging.getLogger("uvicorn.error").addFilter(_WITHOUT_CANCELLED)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server", daemon=True)
    start()
    thread.start()
    shown = f"[{host}]" if ":" in host else host
    try:
        yield RunningServer(f"http://{shown}:{port}/" + (f"?token={token}" if token else ""), port)
    finally:
        say_last()
        server.should_exit = True
        close()
        thread.join(_SECONDS_TO_END)


def serve(desk: Desk, *, host: str, port: int, opens_browser: bool, say: Callable[[str, int], None]) -> None:
    """Run the server until Ctrl-C.

    Parameters
    ----------
    host, port
        As in `serving`.
    opens_browser
        Whether to open the page in the default browser.
    say
        Called with address and port once the server listens.

    Raises
    ------
    UsageError
        As `serving`.
    """
    with serving(desk, host=host, port=port) as running:
        say(running.address, running.port)
        if opens_browser:
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(running.address)
        while True:
            # Waiting without end could not be interrupted on Windows.
            threading.Event().wait(1.0)


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at `port`, or at the next one that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + _MOST_PORTS, 65536)) if port else [0]:
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":
            # A port that a review had a moment ago is free: tabs that are left open find the next one there.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except OSError as error:
            listener.close()
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise UsageError(f"--host {host}: is not an address of this machine ({error.strerror}); use {LOCAL} or 0.0.0.0.") from error
            continue
        listener.listen(128)
        return listener
    raise UsageError(f"--port {port}: it and the {_MOST_PORTS - 1} after it are in use; choose another.")
