"""What is asked about the clips to label next, and what bad requests get."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from behavior.files.clip_queue import QUEUE_FILE


def test_clips_are_chosen_in_a_process_of_its_own_while_others_are_answered(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    assert client.ask("/api/queue").content["clips"] == []
    begun = client.ask("/api/queue/refresh", {"count": 4, "random_share": 0.5, "clip_s": 1.0})
    assert begun.status == 200
    assert begun.content["is_busy"]
    assert client.ask("/api/queue/refresh", {"count": 4, "random_share": 0.5, "clip_s": 1.0}).status == 422
    assert client.ask("/api/recordings/mouse_1/frames?start=0").status == 200
    give_up = time.monotonic() + 120
    while (queue := client.ask("/api/queue").content)["is_busy"] and time.monotonic() < give_up:
        time.sleep(0.1)
    assert queue["problem"] == ""
    # All of the first recording is labelled; of the second one, both kinds of clips are asked for.
    open_clips = [clip for clip in queue["clips"] if clip["state"] == "open"]
    assert {clip["recording"] for clip in open_clips} == {"mouse_2"}
    assert sorted(clip["is_random"] for clip in open_clips) == [False, False, True, True]
    assert any("chosen by pose" in note for note in queue["notes"])
    clip = {name: open_clips[0][name] for name in ("recording", "start", "stop")}
    decided = client.ask("/api/queue/state", {**clip, "state": "skipped"}).content
    assert [one["state"] for one in decided["clips"] if one["start"] == clip["start"] and one["recording"] == "mouse_2"] == ["skipped"]


def test_bad_requests_get_one_sentence(serve: Callable[..., Any], study: Path) -> None:
    client = serve(study)
    good = {"count": 4, "random_share": 0.5, "clip_s": 1.0}
    for change in ({"count": 0}, {"count": 10**9}, {"random_share": 2.0}, {"clip_s": 0.0}, {"clip_s": "x"}, {"other": 1}):
        answer = client.ask("/api/queue/refresh", {**good, **change})
        assert answer.status == 422
        assert "load the page again" in answer.content["error"]
    clip = {"recording": "mouse_2", "start": 0, "stop": 10, "state": "done"}
    for change, said in (({}, "does not have this clip"), ({"state": "lost"}, "load the page"), ({"start": -1}, "load the page")):
        answer = client.ask("/api/queue/state", {**clip, **change})
        assert answer.status == 422
        assert said in answer.content["error"]
    (study.parent / QUEUE_FILE).write_text("not a queue\n")
    answer = client.ask("/api/queue")
    assert answer.status == 422
    assert QUEUE_FILE in answer.content["error"]
