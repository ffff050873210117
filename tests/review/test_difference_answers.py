"""What is asked about differences."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def ask_until_compared(client: Any, query: str) -> dict[str, Any]:
    give_up = time.monotonic() + 30
    while True:
        answer = client.ask(f"/api/differences{query}").content
        if answer["n_compared"] == answer["n_recordings"] or time.monotonic() > give_up:
            return answer
        time.sleep(0.1)


def test_a_list_is_made_while_the_page_waits_and_sent_once(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    answer = ask_until_compared(client, "?kinds=extra,bounds&current=mouse_1")
    assert [(item["kind"], item["behavior"], item["start_frame"]) for item in answer["items"]] == [
        ("extra", "rear", 40),
        ("bounds", "groom", 10),
    ]
    assert (answer["n_found"], answer["n_recordings"]) == (2, 2)
    again = client.ask(f"/api/differences?kinds=extra,bounds&known={answer['version']}").content
    assert "items" not in again


def test_what_cannot_be_asked_is_refused(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    for query in ("?kinds=all", "?of_raters=2", "?of_raters=-1", "?known=x"):
        answer = client.ask(f"/api/differences{query}")
        assert answer.status == 422
        assert "expected" in answer.content["error"]
    assert client.ask("/api/differences?recording=../../etc/passwd").content["items"] == []
