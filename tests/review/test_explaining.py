"""Explanations for the page come from a process that stays, are kept, and give way to what was asked for last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from behavior.errors import EthogramError, UsageError
from behavior.review.explaining import Explanations
from behavior.review.reviewed_study import open_reviewed


class HeldCompanion:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.is_let, self.has_begun = threading.Event(), threading.Event()
        self.is_closed = False

    def call(self, function: Callable[..., Any], *, advance: Callable[[float], None], **arguments: Any) -> dict[str, Any]:
        self.asked.append(arguments["frame"])
        advance(0.5)
        self.has_begun.set()
        assert self.is_let.wait(10)
        return {"frame": arguments["frame"]}

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def held(study: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Explanations, HeldCompanion]:
    explanations, companion = Explanations(open_reviewed([study])), HeldCompanion()
    monkeypatch.setattr(explanations, "_companion", companion)
    return explanations, companion


def test_an_answer_is_kept_and_another_ethogram_is_asked_about_again(held: tuple[Explanations, HeldCompanion], study: Path) -> None:
    explanations, companion = held
    companion.is_let.set()
    for _ in range(2):
        assert explanations.ask("mouse_1", 3, "rear", is_bout=False, viewer="a") == {"frame": 3}
    assert companion.asked == [3]
    path = study.parent / "ethograms" / "mouse_1_ethogram.csv"
    path.write_text(path.read_text() + "\n")
    explanations.ask("mouse_1", 3, "rear", is_bout=False, viewer="a")
    assert companion.asked == [3, 3]
    explanations.close()
    assert companion.is_closed


def test_who_asks_again_meanwhile_gets_the_last_alone(held: tuple[Explanations, HeldCompanion]) -> None:
    explanations, companion = held
    answers: dict[int, object] = {}

    def ask(frame: int) -> None:
        try:
            answers[frame] = explanations.ask("mouse_1", frame, "rear", is_bout=False, viewer="a")
        except UsageError as error:
            answers[frame] = str(error)

    threads = [threading.Thread(target=ask, args=(frame,)) for frame in (1, 2, 3)]
    threads[0].start()
    assert companion.has_begun.wait(10)
    assert explanations.describe() == {"is_working": True, "share": 0.5}
    for thread, frame in zip(threads[1:], (2, 3), strict=True):
        thread.start()
        while explanations._wanted["a"][2] != frame:
            threading.Event().wait(0.01)
    companion.is_let.set()
    for thread in threads:
        thread.join()
    assert answers == {1: {"frame": 1}, 2: "another frame was asked about meanwhile.", 3: {"frame": 3}}
    assert companion.asked == [1, 3]
    assert not explanations.describe()["is_working"]


def test_a_recording_without_ethogram_has_nothing_to_explain(held: tuple[Explanations, HeldCompanion], study: Path) -> None:
    explanations, _ = held
    (study.parent / "ethograms" / "mouse_1_ethogram.csv").unlink()
    with pytest.raises(EthogramError, match="has no ethogram"):
        explanations.ask("mouse_1", 3, "rear", is_bout=False, viewer="a")
