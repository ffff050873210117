"""What an audit's clips say: rates of clips and of bouts that begin in them, counted as by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from behavior.errors import UsageError
from behavior.files.clip_queue import QUEUE_FILE, QueuedClip, add_clips
from behavior.reporting.audits import AUDIT_COLUMNS, open_audit, summarize_audit
from behavior.reporting.description import DescribedRecording


def write_audit(folder: Path, clips: list[QueuedClip], labels: dict[str, str]) -> Path:
    (folder / "study.yaml").write_text("behaviors: [groom, rear]\ncrop: {whole_frame: true}\n")
    rows = [f"{name},{name}_clips.csv" for name in labels]
    (folder / "recordings.csv").write_text("recording,labels\n" + "\n".join(rows) + "\n")
    for name, text in labels.items():
        (folder / f"{name}_clips.csv").write_text("behavior,start_frame,stop_frame\n" + text)
    if clips:
        add_clips(folder / QUEUE_FILE, clips)
    return folder / "study.yaml"


def test_rates_are_those_counted_by_hand(tmp_path: Path, make_recording: Callable[..., DescribedRecording]) -> None:
    # Of the model's bouts [10, 20), [50, 60) and [90, 100), people saw the first whole, the second from its middle, and none else.
    clips = [QueuedClip("a", 0, 30, "drawn", True), QueuedClip("a", 55, 100, "drawn", True), QueuedClip("a", 200, 210, "drawn", False)]
    labels = "observed,0,30\nobserved,55,100\ngroom,10,20\ngroom,55,58\n"
    result = summarize_audit(open_audit(write_audit(tmp_path, clips, {"a": labels})), [make_recording("a", 3)])
    table = result.table
    assert tuple(table.columns) == AUDIT_COLUMNS
    figures = {(row.metric, row.figure): row.value for row in table[table["behavior"] == "groom"].itertuples()}
    assert figures["share", "predicted"] == pytest.approx(30 / 300)
    assert figures["share", "audited"] == pytest.approx(13 / 75)
    assert figures["share", "bias"] == pytest.approx((25 - 13) / 75)
    # Whether a bout begins with frame 55 is not known; the recording's first frame is.
    assert figures["bouts_per_minute", "audited"] == pytest.approx(60 * 1 / 7.4)
    assert figures["bouts_per_minute", "predicted"] == pytest.approx(60 * 3 / 30)
    assert figures["mean_bout_s", "audited"] == pytest.approx((13 / 75) / (1 / 7.4))
    assert set(table["clips"]) == {2}
    assert any("people saw it in 2 of 2 clips" in note for note in result.notes)
    # One animal has no interval.
    assert table["low"].isna().all()


def test_animals_in_several_groups_are_not_compared(tmp_path: Path, make_recording: Callable[..., DescribedRecording]) -> None:
    names = ("a", "b", "c", "d")
    clips = [QueuedClip(name, 0, 100, "drawn", True) for name in names]
    path = write_audit(tmp_path, clips, dict.fromkeys(names, "observed,0,100\n"))
    made = [make_recording(name, 2, animal=f"m{place % 2}", group="before" if place < 2 else "after") for place, name in enumerate(names)]
    result = summarize_audit(open_audit(path), made)
    assert set(result.table["group"]) == {"before", "after"}
    assert any("does not compare groups" in note for note in result.notes)
    apart = [make_recording(name, 2, animal=name, group="before" if place < 2 else "after") for place, name in enumerate(names)]
    assert "after - before" in set(summarize_audit(open_audit(path), apart).table["group"])


def test_recordings_that_the_model_was_trained_on_are_left_out(tmp_path: Path, make_recording: Callable[..., DescribedRecording]) -> None:
    clips = [QueuedClip(name, 0, 100, "drawn", True) for name in "ab"]
    audit = open_audit(write_audit(tmp_path, clips, dict.fromkeys("ab", "observed,0,100\n")))
    made = [make_recording("a", 1, learned_from=True), make_recording("b", 3, learned_from=False)]
    result = summarize_audit(audit, made)
    assert set(result.table["animals"]) == {1}
    assert any("trained on a; the audit leaves" in note for note in result.notes)
    with pytest.raises(UsageError, match="trained on all of these"):
        summarize_audit(audit, made[:1])


def test_a_study_without_clips_and_test_recordings_is_no_audit(tmp_path: Path) -> None:
    path = write_audit(tmp_path, [], {"a": "observed,0,30\n"})
    with pytest.raises(UsageError, match="no clips drawn at random"):
        open_audit(path)
    table = pd.read_csv(tmp_path / "recordings.csv").assign(split="test")
    table.to_csv(tmp_path / "recordings.csv", index=False)
    assert open_audit(tmp_path).clips is None
