"""What is refused before anything is done, and errors that nobody foresaw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_a_megabyte_is_refused(serve: Callable[..., Any], study: Path) -> None:
    assert serve(study).ask("/api/recordings/mouse_1/edits", b'"' + b"x" * 2**20 + b'"').status == 413


def test_an_unexpected_error_has_no_traceback(serve: Callable[..., Any], study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(study)
    monkeypatch.setattr("behavior.review.desk.Desk.describe", lambda self: 1 / 0)
    answer = client.ask("/api/study")
    assert (answer.status, answer.content) == (500, {"error": "an unexpected error occurred; the terminal shows it."})
