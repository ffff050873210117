"""The queue's file: what is written is read again, what is odd is named, and nothing that people decided is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.errors import InputError
from behavior.files.clip_queue import QUEUE_FILE, QueuedClip, add_clips, list_clips, read_clips, set_clip_state

HEADER = "recording,start_frame,stop_frame,reason,is_random,state,rater,round"
UNSURE = QueuedClip("m1", 0, 75, "the model is unsure whether it grooms (0.48)", False)
RANDOM = QueuedClip("m2", 150, 225, "drawn at random, to keep the score honest", True)


def test_what_is_decided_stays_when_a_new_batch_comes(tmp_path: Path) -> None:
    path = tmp_path / QUEUE_FILE
    assert read_clips(path) == []
    assert add_clips(path, [UNSURE, RANDOM]) == [UNSURE, RANDOM] == read_clips(path)
    set_clip_state(path, RANDOM.key, "done")
    other = QueuedClip("m1", 75, 150, "looks like nothing labelled yet", False, rater="anna")
    add_clips(path, [other])
    second = QueuedClip("m1", 300, 375, "looks like nothing labelled yet", False, round=2)
    # The one that was open gives way; a clip that is there is not asked for again; another rater's queue is another one.
    clips = add_clips(path, [second, RANDOM])
    assert [(clip.recording, clip.start_frame, clip.state, clip.rater) for clip in clips] == [
        ("m2", 150, "done", ""),
        ("m1", 75, "open", "anna"),
        ("m1", 300, "open", ""),
    ]
    assert [clip.key for clip in list_clips(clips, rater="", state="done", is_random=True)] == [RANDOM.key]
    assert read_clips(path) == clips
    # Nobody is rid of an open clip that was drawn by asking for others; drawn again, it comes with the new batch.
    drawn = replace(RANDOM, start_frame=600, stop_frame=675)
    add_clips(path, [drawn, second])
    assert drawn in add_clips(path, [second])
    assert replace(drawn, round=3) in add_clips(path, [replace(drawn, round=3), second])
    set_clip_state(path, drawn.key, "skipped")
    # What was chosen and is drawn later counts as drawn, too.
    set_clip_state(path, second.key, "done")
    clips = add_clips(path, [replace(second, is_random=True, state="done")])
    assert [clip.key for clip in list_clips(clips, rater="", state="done", is_random=True)] == [RANDOM.key, second.key]
    with pytest.raises(InputError, match="look at the list again"):
        set_clip_state(path, UNSURE.key, "done")


@settings(max_examples=20, deadline=None)
@given(reason=st.text(max_size=400), start=st.integers(0, 10**9), length=st.integers(1, 1000))
def test_any_reason_can_be_written_and_is_read_in_one_piece(
    tmp_path_factory: pytest.TempPathFactory, reason: str, start: int, length: int
) -> None:
    path = tmp_path_factory.mktemp("queue") / QUEUE_FILE
    add_clips(path, [QueuedClip("m1", start, start + length, reason, True)])
    written = path.read_bytes()
    (clip,) = read_clips(path)
    assert (clip.start_frame, clip.stop_frame) == (start, start + length)
    add_clips(path, [clip])
    assert path.read_bytes() == written


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("../m1,0,75,why,0,open,,1", "line 3: recording is '../m1'"),
        ("m1,75,75,why,0,open,,1", r"clip \[75, 75\) is empty"),
        ("m1,-1,75,why,0,open,,1", "start_frame is '-1', expected a whole number"),
        ("m1,0,99999999999999999999,why,0,open,,1", "stop_frame is '9999"),
        ("m1,0,75,why,yes,open,,1", "is_random is 'yes', expected 1 or 0"),
        ("m1,0,75,why,0,lost,,1", "state is 'lost', expected open, done, skipped, unsure"),
        ("m1,0,75,why,0,open,../anna,1", "rater is"),
        ("m1,0,75,why,0,open,,0", "round is 0"),
        ("m1,0,75,why\x1b[2J,0,open,,1", "reason"),
        ("m1,0,75,why,0,open,1", "found 7 cells, expected 8"),
        ("m0,0,75,why,0,done,,2", "twice"),
    ],
)
def test_a_line_that_is_no_clip_is_named(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / QUEUE_FILE
    content = f"{HEADER}\nm0,0,75,why,0,open,,1\n{row}\n"
    path.write_text(content)
    with pytest.raises(InputError, match=said):
        read_clips(path)
    with pytest.raises(InputError):
        add_clips(path, [UNSURE])
    assert path.read_text() == content


def test_other_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / QUEUE_FILE
    for content in (b"", b"\xff\xfe\x00", b"a,b\n1,2\n"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=QUEUE_FILE):
            read_clips(path)
    path.unlink()
    add_clips(path, [UNSURE, RANDOM])
    monkeypatch.setattr("behavior.files.clip_queue._MOST_CLIPS", 1)
    with pytest.raises(InputError, match="more than 1 clips"):
        read_clips(path)
