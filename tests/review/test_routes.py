"""What is at which address, and that there is nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/recordings/mouse_3", 404),
        ("/api/recordings/..%2F..%2Fetc%2Fpasswd/labels", 404),
        ("/api/recordings/../study", 404),
        ("/page/..%2Froutes.py", 404),
        ("/page/%2e%2e/routes.py", 404),
        ("/page/nothing.js", 404),
        ("/etc/passwd", 404),
        ("/api/recordings/mouse_1/frames?start=-1", 422),
        ("/api/recordings/mouse_1/frames?start=60", 404),
        ("/api/recordings/mouse_1/frames?start=1e3", 422),
        ("/api/recordings/mouse_1/frames", 422),
        ("/api/recordings/mouse_1/frames?start=0&count=10000", 422),
        ("/api/recordings/mouse_1/probabilities?level=50&start=0&stop=1", 404),
        ("/api/recordings/mouse_1/pose?start=5&stop=1", 422),
    ],
)
def test_what_is_not_there_is_one_sentence(serve: Callable[..., Any], study: Path, path: str, status: int) -> None:
    answer = serve(study).ask(path)
    assert answer.status == status
    sentence = answer.content["error"]
    assert "Traceback" not in sentence
    assert sentence.endswith(".")
