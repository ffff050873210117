"""What the digest of a cross-validation tells apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.config import Study
from behavior.files.study import open_study
from behavior.learning.crossval_digest import (
    describe_features,
    describe_recordings,
    hash_labels,
    hash_rater_files,
    list_feature_kinds,
    stamp_cache_file,
)
from behavior.learning.learning_data import LearningData, load_learning_data
from behavior.recording import Labels, Recording


@pytest.fixture
def loaded(motifs: Path) -> tuple[Study, LearningData]:
    study, recordings = open_study(motifs)
    return study, load_learning_data(study, recordings[:2])


def test_the_same_data_have_the_same_digest(loaded: tuple[Study, LearningData]) -> None:
    study, data = loaded
    digests = describe_recordings(study, data)
    assert digests == describe_recordings(study, data)
    assert [(digest.recording, digest.animal, digest.n_frames, digest.broke_off) for digest in digests] == [
        ("r0", "A", 240, False),
        ("r1", "A", 240, False),
    ]
    assert digests[0].labels != digests[1].labels
    assert digests[0].features[0].content != digests[1].features[0].content
    (stream,) = digests[0].features[0].streams
    assert stream.name == "motifs"
    assert stream.stamp == stamp_cache_file(next(study.cache.glob("r0.motifs-*.h5")))


def test_every_label_counts() -> None:
    values = np.zeros((5, 2), dtype=np.int8)
    hashes = {hash_labels(Labels(values, ("a", "b")))}
    for index in np.ndindex(values.shape):
        changed = values.copy()
        changed[index] = -1
        hashes.add(hash_labels(Labels(changed, ("a", "b"))))
    hashes.add(hash_labels(Labels(values.reshape(10, 1), ("a",))))
    assert len(hashes) == 12


def test_numbers_times_and_rate_count(loaded: tuple[Study, LearningData]) -> None:
    study, data = loaded
    recording, features = data.recordings[0], data.features[0]
    values, time_s = features.values.copy(), features.time_s.copy()
    values[-1, -1] += 1
    time_s[3] += 1e-6
    variants = [features, replace(features, values=values), replace(features, time_s=time_s), replace(features, fps=features.fps * 1.001)]
    assert len({describe_features(study, recording, variant).content for variant in variants}) == 4


def test_members_with_features_of_their_own_count(write_study: Callable[..., Path], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = {name: (rng.random((60, 2)) < 0.3).astype(int) for name in ("r0", "r1")}
    streams = {stream: {name: rng.normal(size=(60, 3)) for name in labels} for stream in ("motifs", "places")}
    members = [{}, {"windows": {"length": 20}}, {"streams": ["places"]}]
    study, recordings = open_study(write_study(tmp_path, labels, streams, ensemble={"members": members}))
    assert [kind.streams for kind in list_feature_kinds(study)] == [["motifs"], ["places"]]
    (digest, _) = describe_recordings(study, load_learning_data(study, recordings))
    assert [features.streams[0].name for features in digest.features] == ["motifs", "places"]
    assert digest.features[0].content != digest.features[1].content


def test_further_raters_are_known_by_their_files(tmp_path: Path) -> None:
    for name in ("own", "ann"):
        (tmp_path / name).write_text("frame,rear\n0,1\n")
    recording = Recording("r0", labels={"": tmp_path / "own", "ann": tmp_path / "ann", "ben": tmp_path / "gone"})
    before = hash_rater_files(recording)
    assert set(before) == {"ann", "ben"}
    assert before["ben"] == ""
    (tmp_path / "own").write_text("frame,rear\n0,0\n")
    assert hash_rater_files(recording) == before
    (tmp_path / "ann").write_text("frame,rear\n0,0\n")
    assert hash_rater_files(recording)["ann"] != before["ann"]


def test_a_file_that_is_not_there_has_no_stamp(tmp_path: Path) -> None:
    assert stamp_cache_file(tmp_path / "nothing.h5") == ""
