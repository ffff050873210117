"""Recordings that weights were fine-tuned on are found by their video, whatever they are called, and never scored."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import pytest

from behavior.config import Study
from behavior.errors import UsageError, WeightsError
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import FITTED, VALIDATION, FinetuningRecord, SeenRecording, write_finetuned_weights
from behavior.learning.seen_recordings import find_seen, list_weights_seen, refuse_seen_recordings
from behavior.recording import Recording


def record_video(folder: Path, name: str, content: bytes) -> Recording:
    (folder / f"{name}.mp4").write_bytes(content)
    return Recording(name, video=folder / f"{name}.mp4", labels={"": folder / f"{name}.csv"})


@pytest.fixture
def seen(tmp_path: Path) -> list[Recording]:
    return [record_video(tmp_path, "r0", b"first video"), record_video(tmp_path, "r1", b"other video")]


@pytest.fixture
def weights(tmp_path: Path, seen: list[Recording]) -> Path:
    """Weights that were fine-tuned on r1, with r0 as validation recording."""
    recordings = []
    for recording, role in zip(seen, (VALIDATION, FITTED), strict=True):
        assert recording.video is not None
        recordings.append(SeenRecording(recording.id, role, hash_file(recording.video), recording.video.stat().st_size))
    record = FinetuningRecord(tuple(recordings), ("rear",), "openfield", "packaged", "", {}, {}, {})
    path = tmp_path / "lab.keras"

    def save(target: Path) -> None:
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("config.json", "{}")

    write_finetuned_weights(path, save, record)
    return path


def make_study(weights: object, **sections: object) -> Study:
    return Study.model_validate(
        {"behaviors": ["rear"], "crop": {"whole_frame": True}, "backbone": {"name": "keras_file", "weights": str(weights)}, **sections}
    )


@pytest.mark.parametrize("command", ["crossval", "search", "train"])
def test_what_was_seen_is_not_scored_under_another_name(weights: Path, tmp_path: Path, command: str) -> None:
    renamed = record_video(tmp_path, "m7", b"other video")
    with pytest.raises(
        UsageError, match=r"was fine-tuned on m7 \(there r1\), which `behavior \w+` would score; scores on training"
    ) as caught:
        refuse_seen_recordings(make_study(weights), [renamed], command=command)
    assert str(weights) in str(caught.value)
    assert f"`behavior {command}`" in str(caught.value)
    assert ("give these split=train" in str(caught.value)) == (command == "train")


def test_a_validation_recording_of_fine_tuning_counts_too(weights: Path, seen: list[Recording]) -> None:
    with pytest.raises(UsageError, match="was fine-tuned on r0, r1, which"):
        refuse_seen_recordings(make_study(weights), seen, command="crossval")


def test_members_of_an_ensemble_and_all_studies_are_looked_at(weights: Path, seen: list[Recording]) -> None:
    alone = make_study("packaged")
    backbone = {"name": "keras_file", "weights": str(weights)}
    ensemble = make_study("packaged", ensemble={"members": [{}, {"backbone": backbone}]})
    refuse_seen_recordings(alone, seen, command="crossval")
    for studies in (ensemble, [alone, ensemble]):
        with pytest.raises(UsageError, match="was fine-tuned on r0, r1"):
            refuse_seen_recordings(studies, seen, command="crossval")


def test_what_is_not_scored_or_not_embedded_is_let_through(weights: Path, seen: list[Recording], tmp_path: Path) -> None:
    refuse_seen_recordings(make_study(weights), [dataclasses.replace(seen[0], labels={})], command="crossval")
    refuse_seen_recordings(make_study(weights, streams=["motion"]), seen, command="crossval")
    refuse_seen_recordings(make_study(weights), [record_video(tmp_path, "r9", b"third video")], command="crossval")
    with pytest.raises(WeightsError, match=r"gone\.keras"):
        refuse_seen_recordings(make_study(tmp_path / "gone.keras"), seen, command="crossval")


def test_a_recording_is_known_by_its_video_and_by_its_name_if_that_is_missing(
    weights: Path, seen: list[Recording], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = list_weights_seen(str(weights))
    assert [(one.recording, one.role) for one in known] == [("r0", VALIDATION), ("r1", FITTED)]
    assert find_seen(seen[1], known) == known[1]
    # As long, of another content.
    assert find_seen(record_video(tmp_path, "r8", b"xther video"), known) is None
    gone = Recording("r0", video=tmp_path / "gone.mp4")
    assert find_seen(gone, known) == known[0]
    assert find_seen(dataclasses.replace(gone, video=None), known) == known[0]
    assert find_seen(dataclasses.replace(gone, id="r9"), known) is None
    assert "another" not in caplog.text
    assert find_seen(record_video(tmp_path, "r0", b"converted"), known) is None
    assert "its video is another" in caplog.text


def test_weights_without_a_record_and_those_with_a_name_have_seen_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain.h5").write_bytes(b"weights")
    assert list_weights_seen(str(tmp_path / "plain.h5")) == ()
    assert [list_weights_seen(name) for name in ("imagenet", "packaged", "random")] == [(), (), ()]
