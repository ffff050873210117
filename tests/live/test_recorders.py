"""Sources record side by side; each may be started, stopped and started again, and one that fails leaves the others alone."""

import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
from full_drives import fill_after
from live_samples import DrawnSource, gather_recorders, running, wait_until

from behavior.errors import VideoError
from behavior.files.ethograms import read_annotation
from behavior.files.live_video import count_pictures
from behavior.live.results import LiveResult, collect_source


@pytest.fixture
def gather(tmp_path):
    return partial(gather_recorders, tmp_path)


def test_each_source_has_its_own_recording_and_skips(gather, draw_pictures, tmp_path):
    # The model is too slow for the camera on the left, and the video on the right waits for it.
    recorders = gather(
        {"left": DrawnSource(draw_pictures(60), is_live=True), "right": DrawnSource(draw_pictures(40, first=100))}, seconds=0.005
    )
    recorders.run()
    left, right = recorders
    assert [left.state, right.state] == ["over", "over"] and not left.errors and not right.errors
    assert left.session.tally.recordings == {"left_0": 60} and right.session.tally.recordings == {"right_0": 40}
    assert left.tally.captured == 60 and left.tally.skipped == left.session.tally.skipped > 0 == right.tally.skipped
    values = read_annotation(tmp_path / "right_0_ethogram.csv").probabilities.values[:, 0]
    np.testing.assert_allclose(values, np.arange(100, 140) / 255, atol=1e-6)
    assert (pd.read_csv(tmp_path / "left_0_times.csv").looked_at == "skipped").sum() == left.tally.skipped


def test_a_source_that_fails_leaves_the_others_alone(gather, draw_pictures):
    recorders = gather(
        {"left": DrawnSource([VideoError("camera 7: does not answer.")], is_live=True), "right": DrawnSource(draw_pictures(30))}
    )
    events = recorders.events.subscribe(100, lambda: None)
    recorders.run()
    left, right = recorders
    assert (left.state, left.reason, len(left.errors)) == ("failed", "camera 7: does not answer.", 1)
    assert right.session.tally.recordings == {"right_0": 30} and right.state == "over"
    told = [(event["source"], event["state"]) for event in events.take() if event["event"] == "state"]
    assert ("left", "failed") in told and ("right", "over") in told


@pytest.mark.parametrize(("n_others", "waits"), [(0, False), (0, True), (1, False)])
def test_a_failure_is_printed_once_and_not_where_it_is_that_of_the_run(gather, draw_pictures, caplog, n_others, waits):
    sources = {"left": DrawnSource([VideoError("camera 7: does not answer.")])}
    sources |= {f"right{number}": DrawnSource(draw_pictures(5)) for number in range(n_others)}
    recorders = gather(sources, waits=waits)
    one = next(iter(recorders))
    with running(recorders):
        if waits:
            one.start()
        wait_until(lambda: one.state == "failed")
    # The command prints what ends the run.
    assert recorders.fail_alone == bool(n_others or waits)
    assert caplog.text.count("left: camera 7: does not answer.") == recorders.fail_alone and len(one.errors) == 1


def test_a_source_that_waits_records_when_it_is_started_and_again(gather, draw_pictures, tmp_path):
    recorders = gather({"a": DrawnSource(draw_pictures(1000))}, waits=True, at_own_pace=True)
    (one,) = recorders
    with running(recorders):
        time.sleep(0.1)
        assert one.state == "waiting" and not one.note("too early") and list(tmp_path.iterdir()) == []
        one.stop()
        assert one.state == "waiting"
        for part in range(2):
            one.start()
            one.start()
            # The first frames of a video come late, because its clock began with the first part.
            wait_until(lambda part=part: one.session.tally.answered > 3 * (part + 1) and one.note(f"note {part}"))
            time.sleep(0.2)
            one.stop()
            wait_until(lambda: one.state == "stopped")
            assert (tmp_path / f"a_{part}_ethogram.json").exists()
    counts = one.session.tally.recordings
    assert list(counts) == ["a_0", "a_1"] and sum(counts.values()) == one.tally.captured
    assert "note 1" in (tmp_path / "a_1_notes.csv").read_text()
    one.start()
    assert one.state == "stopped"


def test_a_failed_source_may_be_started_again(gather, draw_pictures):
    source = DrawnSource([VideoError("camera 7: does not answer."), *draw_pictures(10)])
    recorders = gather({"a": source}, waits=True)
    (one,) = recorders
    with running(recorders):
        one.start()
        wait_until(lambda: one.state == "failed")
        one.start()
        wait_until(lambda: one.state == "over")
    assert one.session.tally.recordings == {"a_0": 10} and one.reason == "" and len(one.errors) == 1


def test_a_drive_that_fills_up_ends_all(gather, draw_pictures):
    recorders = gather({name: DrawnSource(draw_pictures(5)) for name in "ab"}, keep_free_bytes=2**60)
    recorders.run()
    assert all("stay free" in one.reason and one.state == "over" and not one.tally.captured for one in recorders)


@pytest.mark.parametrize("names", ["ab", "a"])
def test_a_full_drive_is_one_error_for_each_source_with_what_to_do(gather, draw_pictures, tmp_path, monkeypatch, caplog, names):
    fill_after(monkeypatch, 30)
    recorders = gather({name: DrawnSource(draw_pictures(200)) for name in names})
    recorders.run()
    for one in recorders:
        (error,) = one.errors
        assert str(error).endswith(f"free some space, then finish what was recorded: behavior live --recover {tmp_path}.")
        assert one.tally.captured == count_pictures(tmp_path / f"{one.name}_0.mkv")
        assert collect_source(one).tally.unfinished == [f"{one.name}_0"]
    # The error of the only source ends the run, and is said by whoever called it.
    expected = [] if names == "a" else sorted(f"{one.name}: {one.errors[0]}" for one in recorders)
    assert sorted(record.getMessage() for record in caplog.records) == expected
    result = LiveResult({one.name: collect_source(one) for one in recorders})
    assert not result.is_any_finished and set(result.failures) == set(names)


def test_a_run_that_does_not_wait_is_over_when_all_are_stopped(gather, draw_pictures):
    recorders = gather({name: DrawnSource(draw_pictures(1000)) for name in "ab"}, at_own_pace=True)
    with running(recorders) as thread:
        for one in recorders:
            wait_until(lambda one=one: one.session.tally.answered > 1)
            assert thread.is_alive()
            one.stop()
        thread.join(20)
        assert not thread.is_alive()
    assert [one.state for one in recorders] == ["stopped", "stopped"]
