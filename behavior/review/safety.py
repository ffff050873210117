"""Who may ask the server: pages that it has sent itself, and with a token, where it listens to other machines."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["MOST_BODY_BYTES", "Application", "Guard"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_BODY_BYTES = 64 * 1024
_MOST_SKIPPED_BYTES = 8 * 2**20
_COOKIE = "behavior_review"
# As WebSockets have it.
_POLICY_VIOLATED = 1008
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
_LOCAL = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """Lets requests through to `application` that come from its own page, and adds the headers that keep others out.

    Parameters
    ----------
    application
        An ASGI application.
    port
        The port that is listened on.
    token
        Has to be in the address, once, or in the cookie that it is then put in; None where only this machine can ask.
    """

    def __init__(self, application: Application, *, port: int, token: str | None) -> None:
        self._application, self._port, self._token = application, port, token

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] not in ("http", "websocket"):
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        cookie = self._find_new_cookie(scope)
        refusal = self._refuse(scope, headers, has_token=cookie is not None)
        if scope["type"] == "websocket":
            await (self._application(scope, receive, send) if refusal is None else _refuse_socket(scope, receive, send, *refusal))
            return
        if refusal is not None:
            # Whoever is still sending would not read the answer.
            await _skip_body(receive)
            await _answer(send, *refusal)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS, *([(b"set-cookie", cookie)] if cookie else [])]
            await send(message)

        body = _BoundedBody(receive)
        try:
            await self._application(scope, body.receive, send_guarded)
        except _BodyTooLongError:
            await _skip_body(receive)
            await _answer(send, 413, f"a request holds more than {MOST_BODY_BYTES} bytes; send fewer edits at once.")

    def _refuse(self, scope: Message, headers: dict[str, str], *, has_token: bool) -> tuple[int, str] | None:
        """Return the status and the sentence of a request that is not let through."""
        host = headers.get("host", "")
        if self._token is None and host not in [f"{name}:{self._port}" for name in _LOCAL]:
            return 403, "this server answers to its own address on this machine only."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return 403, "a page from elsewhere may not ask this server."
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and scope["path"] != "/":
            return 403, "a page from elsewhere may not ask this server."
        if self._token is not None and not has_token and not self._has_cookie(headers):
            return 403, "open the address with the token that the program printed."
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return 415, "expected a request of type application/json."
            if int(headers.get("content-length", "0") if headers.get("content-length", "0").isdigit() else "0") > MOST_BODY_BYTES:
                return 413, f"a request holds more than {MOST_BODY_BYTES} bytes; send fewer edits at once."
        return None

    def _find_new_cookie(self, scope: Message) -> bytes | None:
        """Return the cookie for a request whose address has the token."""
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if self._token is None or not hmac.compare_digest(given.encode(), self._token.encode()):
            return None
        return f"{_COOKIE}={self._token}; HttpOnly; SameSite=Strict; Path=/".encode()

    def _has_cookie(self, headers: dict[str, str]) -> bool:
        pairs = [part.strip().partition("=") for part in headers.get("cookie", "").split(";")]
        given = next((value for name, _, value in pairs if name == _COOKIE), "")
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())


class _BodyTooLongError(Exception):
    """A request with more bytes than any of ours."""


class _BoundedBody:
    """The body of a request, up to a length that it may not say in advance."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._n_bytes = receive, 0

    async def receive(self) -> Message:
        """Return the next part of the body."""
        message = await self._receive()
        self._n_bytes += len(message.get("body", b""))
        if self._n_bytes > MOST_BODY_BYTES:
            raise _BodyTooLongError
        return message


async def _skip_body(receive: Receive) -> None:
    """Read what is left of a request, unless it is much more than it should be."""
    n_bytes = 0
    while n_bytes < _MOST_SKIPPED_BYTES:
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


async def _refuse_socket(scope: Message, receive: Receive, send: Send, status: int, sentence: str) -> None:
    """Answer the wish for a WebSocket with a refusal, before there is one."""
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        await _answer(send, status, sentence, kind="websocket.http")
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATED})


async def _answer(send: Send, status: int, sentence: str, *, kind: str = "http") -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *_HEADERS]
    await send({"type": f"{kind}.response.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})
