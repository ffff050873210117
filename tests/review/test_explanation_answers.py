"""What is asked about why the model predicts what it predicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_what_cannot_be_explained_is_said_in_a_sentence(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    one = "/api/recordings/mouse_1/explanation"
    for query, words in (
        ("?frame=3&behavior=jump", "is not a behavior"),
        ("?frame=x&behavior=rear", "expected"),
        ("?behavior=rear", "expected"),
    ):
        answer = client.ask(f"{one}{query}")
        assert answer.status == 422
        assert words in answer.content["error"]
    assert client.ask("/api/recordings/mouse_9/explanation?frame=3&behavior=rear").status == 404
    assert client.ask("/api/explanation").content == {"is_working": False, "share": None}
    # Its ethogram names no model; the process that stays says so.
    answer = client.ask(f"{one}?frame=3&behavior=rear")
    assert answer.status == 422
    assert "model" in answer.content["error"]
