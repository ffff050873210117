"""The server starts where there is room, and ends with everything saved."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from behavior.errors import UsageError
from behavior.review.desk import Desk
from behavior.review.label_edits import Paint
from behavior.review.label_session import EditRequest
from behavior.review.reviewed_study import open_reviewed
from behavior.review.serving import serving


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


def test_nothing_heavy_is_loaded_to_begin() -> None:
    heavy = "{'tensorflow', 'keras', 'matplotlib', 'sklearn'}"
    script = f"import sys, behavior.review.serving, behavior.review.reviewed_study; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
