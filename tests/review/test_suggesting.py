"""The queue while people label: batches are chosen elsewhere, decisions are kept, and what is decided does not come again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from behavior.errors import BehaviorError, UsageError
from behavior.files.clip_queue import QUEUE_FILE, read_clips
from behavior.learning.suggestion_inputs import SuggestedBatch, SuggestionRequest
from behavior.learning.suggestions import Suggestion
from behavior.review.desk import Desk
from behavior.review.reviewed_study import open_reviewed
from behavior.review.suggesting import Suggester

CHOSEN = Suggestion("mouse_2", 10, 20, "the model is unsure about groom (0.48)", False)
DRAWN = Suggestion("mouse_2", 30, 40, "drawn at random, to keep the score honest", True)
LABELLED = Suggestion("mouse_1", 0, 10, "drawn at random, to keep the score honest; it was labelled before", True, True)
WANTED = {"count": 2, "random_share": 0.5, "clip_s": 1.0}


@pytest.fixture
def suggester(study: Path) -> Iterator[Suggester]:
    desk = Desk(open_reviewed([study]), "")
    yield Suggester(desk)
    desk.close()


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[SuggestionRequest]]:
    """Have the other process answer with some clips, or an error, and return what it is asked."""
    asked: list[SuggestionRequest] = []

    def begin(*suggestions: Suggestion, error: BehaviorError | None = None) -> list[SuggestionRequest]:
        def call(function: Any, *, request: SuggestionRequest) -> SuggestedBatch:
            asked.append(request)
            if error is not None:
                raise error
            return SuggestedBatch(suggestions, ("There is no model yet.",))

        monkeypatch.setattr("behavior.compute.child.call_in_child", call)
        return asked

    return begin


def wait(suggester: Suggester) -> dict[str, Any]:
    give_up = time.monotonic() + 60
    while suggester.is_busy and time.monotonic() < give_up:
        time.sleep(0.02)
    return suggester.describe()


def test_a_batch_is_kept_and_what_was_decided_is_not_asked_again(suggester: Suggester, answer: Callable[..., Any], study: Path) -> None:
    asked = answer(CHOSEN, DRAWN, LABELLED)
    suggester.refresh(**WANTED)
    described = wait(suggester)
    assert [clip["state"] for clip in described["clips"]] == ["open", "open", "done"]
    assert (described["round"], described["n_done"], described["n_random_done"]) == (1, 1, 1)
    assert described["notes"] == ("There is no model yet.",)
    assert asked[0].ethograms.keys() == {"mouse_1", "mouse_2"}
    described = suggester.decide("mouse_2", 30, 40, "done")
    assert (described["n_done"], described["n_random_done"]) == (2, 2)
    answer(Suggestion("mouse_2", 40, 50, "looks like nothing labelled yet", False))
    suggester.refresh(**WANTED)
    described = wait(suggester)
    assert [clip["start"] for clip in described["clips"]] == [40]
    assert asked[1].asked == {"mouse_2": ((30, 40),), "mouse_1": ((0, 10),)}
    assert set(asked[1].drawn) == {("mouse_2", 30), ("mouse_1", 0)}
    # The open one gave way to the new batch.
    assert {(clip.start_frame, clip.round) for clip in read_clips(study.parent / QUEUE_FILE)} == {(30, 1), (0, 1), (40, 2)}


def test_what_went_wrong_is_said_and_the_queue_stays(suggester: Suggester, answer: Callable[..., Any]) -> None:
    answer(CHOSEN)
    suggester.refresh(**WANTED)
    wait(suggester)
    answer(error=UsageError("the manifest is gone."))
    suggester.refresh(**WANTED)
    described = wait(suggester)
    assert described["problem"] == "the manifest is gone."
    assert [clip["start"] for clip in described["clips"]] == [10]
    answer()
    suggester.refresh(**WANTED)
    assert "nothing to suggest" in wait(suggester)["problem"]


def test_clips_of_another_rater_or_of_a_recording_that_is_gone_are_not_shown(suggester: Suggester, study: Path) -> None:
    header = "recording,start_frame,stop_frame,reason,is_random,state,rater,round\n"
    (study.parent / QUEUE_FILE).write_text(f"{header}mouse_9,0,10,why,0,open,,1\nmouse_2,0,10,why,0,open,anna,1\n")
    assert suggester.describe()["clips"] == []


def test_there_is_nothing_to_choose_from_before_there_is_a_study(videos: Path) -> None:
    desk = Desk(open_reviewed([videos]), "")
    with pytest.raises(UsageError, match="name a behavior first"):
        Suggester(desk).refresh(**WANTED)
    desk.close()
