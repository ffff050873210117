"""Sources of a run share model, drive and events, and each has its files and its rules."""

import json

import pandas as pd
import pytest
from live_samples import Brightness, DrawnSource, make_model

from behavior.errors import OutputError, UsageError
from behavior.live.request import LiveRequest
from behavior.live.run import LiveRun


def gather(folder, sources, said, **asked):
    request = LiveRequest(tuple(sources), pace="fastest", keep_free_gib=0, **asked)
    run = LiveRun(folder, request, say=said.append)
    return run, run.gather(make_model(), [(name, source, Brightness()) for name, source in sources.items()])


def test_each_source_has_its_files_and_its_rules(draw_pictures, tmp_path):
    said = []
    sources = {"left": DrawnSource(draw_pictures(30)), "right": DrawnSource(draw_pictures(30, first=200))}
    run, recorders = gather(tmp_path, sources, said, rules=(("groom>0.5", "-"),), roll_s=1.0)
    events = recorders.events.subscribe(1000, lambda: None)
    with run:
        recorders.run()
    assert [json.loads(line)["source"] for line in said] == ["right"]
    assert pd.read_csv(tmp_path / "right_001_events.csv").frame.tolist() == [0]
    assert len(pd.read_csv(tmp_path / "left_001_events.csv")) == 0
    names = {f"{name}_00{part}" for name in sources for part in (1, 2)}
    assert {path.name.removesuffix("_ethogram.csv") for path in tmp_path.glob("*_ethogram.csv")} == names
    taken = events.take()
    assert [event["source"] for event in taken if event["event"] == "rule"] == ["right"]
    assert {event["recording"] for event in taken if event["event"] == "finished"} == names
    assert sum(event["event"] == "prediction" for event in taken) == 60


def test_a_drive_without_the_room_that_stays_free_is_refused_at_once(tmp_path):
    request = LiveRequest(("0",), keep_free_gib=2**20)
    with pytest.raises(OutputError, match=r"its drive has \d.* GiB left, and --keep-free 1048576 keeps more than that free") as caught:
        LiveRun(tmp_path / "new" / "out", request, say=[].append)
    assert caught.value.exit_status == 1
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_is_there_and_a_rule_of_another_behavior_are_refused(draw_pictures, tmp_path):
    (tmp_path / "b.mkv").touch()
    with pytest.raises(OutputError, match="holds a recording b already"):
        gather(tmp_path, {"a": DrawnSource([]), "b": DrawnSource([])}, [], rules=(("groom>0.5", "-"),))
    with pytest.raises(UsageError, match="predicts no 'jump'"):
        gather(tmp_path, {"a": DrawnSource([])}, [], rules=(("jump>0.5", "-"),))
    assert [path.name for path in tmp_path.iterdir()] == ["b.mkv"]
