"""What a person does on the page of `behavior review`, and waits for: what the tests in a browser share."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def wait_for_frame(page: Any, frame: int) -> None:
    """Wait until the picture is that of a frame."""
    page.wait_for_selector(f"#picture[data-frame='{frame}']")


def wait_for_text(page: Any, element: str, text: str) -> None:
    """Wait until the element with an id has a text in it."""
    page.wait_for_function("([id, text]) => document.getElementById(id).textContent.includes(text)", arg=[element, text])


def press(page: Any, *keys: str) -> None:
    """Press keys one after another."""
    for key in keys:
        page.keyboard.press(key)


def wait_for_file(page: Any, path: Path, text: str) -> None:
    """Wait up to ten seconds until a file holds a text and nothing else."""
    for _ in range(100):
        if path.exists() and path.read_text() == text:
            return
        page.wait_for_timeout(100)
    assert path.exists()
    assert path.read_text() == text
