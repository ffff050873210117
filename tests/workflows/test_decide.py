"""Deciding stored ethograms again, in place and elsewhere: what is replaced, and what is kept when something goes wrong."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from behavior.errors import OutputError, UsageError
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.learning.changed_decisions import DecisionChange
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities
from behavior.workflows.decide import decide_ethograms

FPS = 10.0
N_FRAMES = 60
NAMES = ("m1", "m2", "m3")


def write(folder, name="m1", **unknown):
    """Write an ethogram whose probability of rear is 0.4 in frames 10 to 19 and 0.8 in 30 to 39, decided with 0.5."""
    values = np.full((N_FRAMES, 1), 0.1, dtype=np.float32)
    values[10:20], values[30:40] = 0.4, 0.8
    time_s = np.arange(N_FRAMES) / FPS
    ethogram = Ethogram(values >= 0.5, ("rear",), time_s)
    provenance = Provenance.model_validate({"fps": FPS, "postprocess": {"threshold": 0.5}, **unknown})
    return write_annotation(folder, Annotation(name, Probabilities(values, ("rear",), time_s), ethogram, ethogram, provenance))[0]


def count_frames(path):
    return int(read_annotation(path).ethogram.values.sum())


def test_decisions_are_replaced_and_everything_else_stays(tmp_path):
    path = write(tmp_path, lab={"room": "B 12"})
    before = json.loads(path.with_suffix(".json").read_text())
    result = decide_ethograms([tmp_path], DecisionChange(threshold=0.3))
    assert (result.bouts, result.failures) == ({"m1": {"rear": 2}}, {})
    after = json.loads(path.with_suffix(".json").read_text())
    for key in ("decisions_hash", "provenance_hash", "table_parts"):
        assert after.pop(key) != before.pop(key)
    assert after == before | {"postprocess": {"threshold": {"rear": 0.3}}}
    assert list(after) == list(before)
    assert (tmp_path / "m1_bouts.csv").read_text().count("rear") == 2


def test_bouts_that_stats_counts_otherwise_are_said(tmp_path):
    # Of a whole second in the second bout, and of a moment in the first, the animal was not measured.
    write(tmp_path, not_measured={"frames": 13, "spans": [[14, 15], [33, 45]]})
    result = decide_ethograms([tmp_path], DecisionChange(threshold=0.3))
    assert result.bouts == {"m1": {"rear": 2}} and result.notes == []
    write(tmp_path / "b", not_measured={"frames": 12, "spans": [[32, 44]]})
    result = decide_ethograms([tmp_path / "b"], DecisionChange(threshold=0.05))
    assert result.bouts == {"m1": {"rear": 1}}
    (note,) = result.notes
    assert note.startswith(
        "m1: behavior stats counts 2 of rear: frames in which the animal was not measured for more than 0.5 s are not observed"
    )


def test_elsewhere_leaves_the_first_as_they_are(tmp_path):
    path = write(tmp_path / "a")
    decide_ethograms([path], DecisionChange(threshold=0.3), out=tmp_path / "b")
    assert (count_frames(path), count_frames(tmp_path / "b" / "m1_ethogram.csv")) == (10, 20)


def test_decisions_that_were_damaged_are_made_anew(tmp_path):
    path = write(tmp_path)
    lines = path.read_text().splitlines()
    lines[1] = lines[1][:-1] + "1"
    path.write_text("\n".join(lines))
    result = decide_ethograms([path], DecisionChange())
    assert (result.bouts, result.failures) == ({"m1": {"rear": 1}}, {})
    assert count_frames(path) == 10


def test_a_bad_ethogram_never_stops_the_rest(tmp_path):
    path, bad = write(tmp_path, "m1"), write(tmp_path, "m2")
    bad.write_text("")
    result = decide_ethograms([tmp_path], DecisionChange(threshold=0.3))
    assert list(result.failures) == [str(bad)]
    assert count_frames(path) == 20


def test_settings_that_do_not_fit_change_nothing(tmp_path):
    path = write(tmp_path / "a")
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(UsageError, match="groom"):
        decide_ethograms([path], DecisionChange(threshold={"groom": 0.3}))
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before
    with pytest.raises(UsageError, match="groom"):
        decide_ethograms([path], DecisionChange(threshold={"groom": 0.3}), out=tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_another_process_that_decides_is_waited_for(tmp_path, monkeypatch):
    path = write(tmp_path)
    (tmp_path / ".ethograms.claim").write_text(json.dumps({"host": socket.gethostname(), "pid": os.getppid(), "token": "x"}))
    monkeypatch.setattr("behavior.files.ethograms._PATIENCE_S", 0.1)
    with pytest.raises(OutputError, match="is writing there; wait until it has ended"):
        decide_ethograms([path], DecisionChange(threshold=0.3))
    assert count_frames(path) == 10


DECIDE = """
import os, sys
from pathlib import Path
from behavior.learning.changed_decisions import DecisionChange
from behavior.workflows.decide import decide_ethograms
folder, threshold, point, after = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "after"
calls = 0

def wrap(name):
    original = getattr(os, name)
    def call(*arguments, **keywords):
        global calls
        calls += 1
        if calls == point and not after:
            os._exit(9)
        original(*arguments, **keywords)
        if calls == point:
            os._exit(9)
    setattr(os, name, call)

for name in ("replace", "rename", "unlink"):
    wrap(name)
decide_ethograms([folder], DecisionChange(threshold=threshold))
"""


def start(folder, threshold, point=0, after="before"):
    """Decide in a process of its own, which ends without a word at the renaming or removing number `point`, counted from 1."""
    return subprocess.Popen([sys.executable, "-c", DECIDE, str(folder), str(threshold), str(point), after])


def test_a_killed_process_leaves_every_recording_whole(tmp_path):
    # Three renamings of each recording: the first replaces it. Pairs of processes, for two cores.
    for pair in (((1, "before", 0), (1, "after", 1)), ((3, "before", 1), (5, "after", 2))):
        killed = []
        for point, after, n_new in pair:
            folder = tmp_path / f"{after}_{point}"
            for name in NAMES:
                write(folder, name)
            killed.append((folder, n_new, start(folder, 0.3, point, after)))
        for folder, n_new, process in killed:
            assert process.wait(timeout=120) == 9
            frames = [count_frames(folder / f"{name}_ethogram.csv") for name in NAMES]
            assert frames == [20] * n_new + [10] * (3 - n_new)
            # The claim of the dead process is taken over.
            assert decide_ethograms([folder], DecisionChange(threshold=0.3)).failures == {}
            assert [count_frames(folder / f"{name}_ethogram.csv") for name in NAMES] == [20, 20, 20]
            assert len(list(folder.iterdir())) == 9


def test_two_processes_at_once_leave_the_decisions_of_one(tmp_path):
    for name in NAMES:
        write(tmp_path, name)
    processes = [start(tmp_path, threshold) for threshold in (0.3, 0.9)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    frames = {count_frames(tmp_path / f"{name}_ethogram.csv") for name in NAMES}
    assert frames in ({20}, {0})
    assert len(list(tmp_path.iterdir())) == 9
