"""Damaged files of our own: none is a raw error, and the script finds what would be one."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import fuzz_own_files
import numpy as np
import pytest

from behavior.errors import InputError
from behavior.files.ethograms import write_annotation
from behavior.recording import Annotation, Ethogram, Probabilities
from behavior.search.storage import open_search


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study with a manifest, an ethogram and a search."""
    (tmp_path / "study.yaml").write_text(
        "recordings: recordings.csv\nbehaviors: [grooming, rearing]\nstreams: [feat]\nwindows: {length: 30}\n"
    )
    (tmp_path / "recordings.csv").write_text("recording,animal,group\nm1,a,drug\nm2,b,control\n")
    times, values = np.arange(12) / 10, np.eye(12, 2, dtype=np.float32)
    ethogram = Ethogram(values > 0.5, ("grooming", "rearing"), times)
    write_annotation(tmp_path / "ethograms", Annotation("m1", Probabilities(values, ethogram.behaviors, times), ethogram, ethogram))
    search = open_search(f"journal:{tmp_path / 'search.log'}", "search", folder=tmp_path)
    trial = search.claim(1, distributions={})
    assert trial is not None
    search.finish(trial, 0.5)
    return tmp_path


def test_a_damaged_file_is_read_or_said(folder: Path) -> None:
    targets = fuzz_own_files.find_targets(folder)
    assert [target.kind for target in targets] == ["study.yaml", "recordings.csv", "ethogram.csv", "ethogram.json", "search journal"]
    outcomes: Counter[str] = Counter()
    for number in range(400):
        target, chance = targets[number % len(targets)], random.Random(number)
        content = target.path.read_bytes()
        outcome = fuzz_own_files.try_damage(target, fuzz_own_files.damage(content, chance, is_text=True))
        assert outcome in ("read", "said"), (target.kind, number, outcome)
        target.path.write_bytes(content)
        outcomes[outcome] += 1
    # Damage is done, and not all of it is fatal.
    assert min(outcomes["read"], outcomes["said"]) > 60


def test_damaged_tracks_and_galleries_are_read_or_said(tmp_path: Path) -> None:
    targets = [*fuzz_own_files.add_track(tmp_path), *fuzz_own_files.add_gallery(tmp_path / "gallery")]
    kinds = ["tracklets", "corrections", "part of detections", "gallery", "gallery's crops", "gallery's looks"]
    assert sorted(target.kind for target in targets) == sorted(kinds)
    said = Counter[str]()
    for target in targets:
        trials = fuzz_own_files.list_trials(target, 0)
        for number in range(25):
            outcome = next(trials)()
            assert outcome in ("read", "said"), (target.kind, number, outcome)
            said[target.kind] += outcome == "said"
    # What a detector had found is found again.
    assert said["part of detections"] == 0 and min(said[kind] for kind in kinds if kind != "part of detections") > 5


def test_what_is_not_said_is_found(tmp_path: Path) -> None:
    def fail() -> None:
        raise KeyError("watched")

    def mumble() -> None:
        raise InputError("something is wrong")

    path = tmp_path / "file.csv"
    assert fuzz_own_files.try_damage(fuzz_own_files.Target("file", path, fail), b"x").startswith("raw: ")
    assert fuzz_own_files.try_damage(fuzz_own_files.Target("file", path, mumble), b"x") == "not named: something is wrong"
    assert fuzz_own_files.try_damage(fuzz_own_files.Target("file", path, path.read_bytes), b"x") == "read"
