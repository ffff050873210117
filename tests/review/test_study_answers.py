"""What is asked about the study as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_behaviors_are_named_and_excluded_from_a_folder_of_videos(serve: Callable[..., Any], videos: Path) -> None:
    client = serve(videos)
    assert client.ask("/api/study").content["behaviors"] == []
    assert client.ask("/api/behaviors", {"name": "groom"}).content["behaviors"] == ["groom"]
    assert client.ask("/api/behaviors", {"name": "rear"}).content["behaviors"] == ["groom", "rear"]
    assert client.ask("/api/behaviors", {"name": "rear"}).status == 422
    assert client.ask("/api/exclusive", {"groups": [["groom", "rear"]]}).content["exclusive"] == [["groom", "rear"]]
    client.paint("mouse_1", 0, 10, "groom")
    assert client.paint("mouse_1", 5, 10, "rear").content["made"]["changes"] == [[5, 10, "groom", 0], [5, 10, "rear", 1]]
