"""The server starts where there is room, and ends with everything saved."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from behavior.errors import UsageError
from behavior.review.desk import Desk
from behavior.review.label_edits import Paint
from behavior.review.label_session import EditRequest
from behavior.review.reviewed_study import open_reviewed
from behavior.review.serving import serving, serving_application


def test_the_next_free_port_is_taken(study: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving(Desk(open_reviewed([study]), ""), port=port) as running:
            assert running.port > port
            assert running.address == f"http://127.0.0.1:{running.port}/"


def test_the_address_has_a_token_where_others_can_ask(study: Path) -> None:
    with serving(Desk(open_reviewed([study]), ""), host="0.0.0.0", port=0) as running:
        assert "?token=" in running.address


def test_an_address_of_another_machine_is_refused(study: Path) -> None:
    with (
        pytest.raises(UsageError, match="not an address of this machine"),
        serving(Desk(open_reviewed([study]), ""), host="192.0.2.1", port=0),
    ):
        pass


def test_labels_are_in_their_file_when_the_server_has_ended(study: Path) -> None:
    desk = Desk(open_reviewed([study]), "")
    with serving(desk, port=0):
        desk.open("mouse_2").open_session().edit(EditRequest("1", "a", 0, (Paint(3, 6, "rear", 1),)))
    assert "rear,3,6" in (study.parent / "labels" / "mouse_2.csv").read_text()
    assert not list((study.parent / "labels" / ".review").glob("*.journal"))


def test_a_viewer_that_does_not_read_is_left_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    n_sent = []

    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            n_sent.append(1)

    with socket.socket() as silent:
        with serving_application(flood, port=0, start=int, close=int) as running:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            silent.connect(("127.0.0.1", running.port))
            silent.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode())
            time.sleep(0.3)
            before = len(n_sent)
            time.sleep(0.2)
            # It is waited for.
            assert 0 < len(n_sent) == before
        # The server's thread says what it has to say a little later.
        time.sleep(1)
    assert capfd.readouterr().err == ""


def test_nothing_heavy_is_loaded_to_begin() -> None:
    heavy = "{'tensorflow', 'keras', 'matplotlib', 'sklearn'}"
    script = f"import sys, behavior.review.serving, behavior.review.reviewed_study; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
