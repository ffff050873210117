"""Who may ask."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from behavior.review.safety import MOST_BODY_BYTES, Guard


def ask(
    guard: Guard, path: str = "/", *, method: str = "GET", query: str = "", body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str]]:
    sent: list[Any] = []
    parts = [body[start : start + 10_000] for start in range(0, max(len(body), 1), 10_000)]

    async def receive() -> Any:
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    given = {"host": "127.0.0.1:8765", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        **{"type": "http", "method": method, "path": path, "query_string": query.encode()},
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    asyncio.run(guard(scope, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


async def greet(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


LOCAL = Guard(greet, port=8765, token=None)
REMOTE = Guard(greet, port=8765, token="secret")
JSON = {"content_type": "application/json"}


def test_its_own_page_may_ask_and_loads_nothing_from_elsewhere() -> None:
    status, headers = ask(LOCAL)
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert ask(LOCAL, origin="http://127.0.0.1:8765", sec_fetch_site="same-origin", method="POST", **JSON)[0] == 200
    assert ask(LOCAL, host="localhost:8765")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:8765"},
        {"host": "127.0.0.1:9999"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"path": "/api/study", "sec_fetch_site": "cross-site"},
        {"path": "/api/study", "sec_fetch_site": "same-site"},
    ],
)
def test_a_page_elsewhere_may_not_ask(headers: dict[str, str]) -> None:
    assert ask(LOCAL, **headers)[0] == 403


def test_a_form_of_another_page_is_no_edit() -> None:
    assert ask(LOCAL, method="POST", content_type="text/plain")[0] == 415
    assert ask(LOCAL, method="POST")[0] == 415


def test_a_long_body_is_refused_whether_or_not_it_says_so() -> None:
    body = b"x" * (MOST_BODY_BYTES + 1)
    assert ask(LOCAL, method="POST", content_length=str(len(body)), **JSON)[0] == 413
    assert ask(LOCAL, method="POST", body=body, **JSON)[0] == 413
    assert ask(LOCAL, method="POST", body=body[1:], **JSON)[0] == 200


def test_other_machines_need_the_token_once() -> None:
    assert ask(REMOTE, host="lab:8765")[0] == 403
    assert ask(REMOTE, host="lab:8765", query="token=guess")[0] == 403
    status, headers = ask(REMOTE, host="lab:8765", query="token=secret")
    assert status == 200
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=Strict" in headers["set-cookie"]
    cookie = headers["set-cookie"].partition(";")[0]
    assert ask(REMOTE, host="lab:8765", cookie=f"other=1; {cookie}")[0] == 200
    assert ask(REMOTE, host="lab:8765", cookie="behavior_review=guess")[0] == 403


@pytest.mark.parametrize("extensions", [{}, {"websocket.http.response": {}}])
def test_a_socket_is_opened_by_its_own_page_and_by_programs_alone(extensions: dict[str, Any]) -> None:
    sent: list[Any] = []

    async def accept(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    def open_socket(**headers: str) -> Any:
        given = {"host": "127.0.0.1:8765", **headers}
        scope = {"type": "websocket", "path": "/events", "query_string": b"", "extensions": extensions}
        scope["headers"] = [(name.encode(), value.encode()) for name, value in given.items()]
        sent.clear()
        asyncio.run(Guard(accept, port=8765, token=None)(scope, receive, send))
        return sent[0]

    assert open_socket() == open_socket(origin="http://127.0.0.1:8765") == {"type": "websocket.accept"}
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
        refused = open_socket(**headers)
        if extensions:
            assert (refused["type"], refused["status"]) == ("websocket.http.response.start", 403)
        else:
            assert refused == {"type": "websocket.close", "code": 1008}
