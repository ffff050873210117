"""Weights that remember what they have seen."""

import zipfile

import pytest

from behavior.errors import OutputError, UsageError, WeightsError
from behavior.files.finetuned_weights import (
    FinetuningRecord,
    SeenRecording,
    read_finetuning_record,
    read_seen_recordings,
    refuse_weights,
    write_finetuned_weights,
)

RECORD = FinetuningRecord(
    recordings=(SeenRecording("r1", "fitted", "ab" * 16, 1234), SeenRecording("r2", "watched", "cd" * 16, 99)),
    behaviors=("grooming", "mid_rearing"),
    backbone="openfield",
    base_weights="packaged",
    base_identity="ef" * 16,
    settings={"finetune": {"window": 1}},
    average_precision={"frozen": {"grooming": 0.5, "mid_rearing": None}},
    versions={"keras": "3"},
)


def save(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")


def test_a_record_comes_back_as_it_was_and_the_rest_of_the_file_too(tmp_path):
    path = tmp_path / "weights.keras"
    write_finetuned_weights(path, save, RECORD)
    assert read_finetuning_record(path) == RECORD
    assert read_seen_recordings(path) == RECORD.recordings
    with zipfile.ZipFile(path) as archive:
        assert archive.read("config.json") == b"{}"
    assert [found.name for found in tmp_path.iterdir()] == ["weights.keras"]


def test_weights_of_somebody_else_say_nothing(tmp_path):
    save(tmp_path / "own.keras")
    (tmp_path / "own.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    assert read_seen_recordings(tmp_path / "own.keras") == ()
    assert read_finetuning_record(tmp_path / "own.h5") is None


def test_a_file_is_never_written_over_and_has_to_be_a_keras_file(tmp_path):
    path = tmp_path / "weights.keras"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="is there already"):
        write_finetuned_weights(path, save, RECORD)
    assert path.read_bytes() == b"mine"
    with pytest.raises(UsageError, match=r"ends in \.keras"):
        refuse_weights(tmp_path / "weights.h5")


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path):
    def stop(path):
        save(path)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_finetuned_weights(tmp_path / "weights.keras", stop, RECORD)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[1]", "cannot be read"),
        ("{", "cannot be read"),
        ('{"schema_version": 1}', "cannot be read"),
        ('{"schema_version": 7}', "version 7"),
    ],
)
def test_a_record_that_cannot_be_read_is_said(tmp_path, content, expected):
    path = tmp_path / "weights.keras"
    save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("behavior.json", content)
    with pytest.raises(WeightsError, match=expected) as caught:
        read_seen_recordings(path)
    assert "\n" not in str(caught.value)


def test_missing_weights_are_said(tmp_path):
    with pytest.raises(WeightsError, match="no such file, expected a weights file"):
        read_seen_recordings(tmp_path / "none.keras")
