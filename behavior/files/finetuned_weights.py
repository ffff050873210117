"""Weights that were fine-tuned: a `.keras` file with a note in it on which recordings they have seen."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from behavior.errors import OutputError, UsageError, WeightsError
from behavior.files.atomic import replacing
from behavior.files.keras_archives import read_member
from behavior.files.opening import explain_damage, require_regular_file

__all__ = [
    "FITTED",
    "VALIDATION",
    "FinetuningRecord",
    "SeenRecording",
    "read_finetuning_record",
    "read_seen_recordings",
    "refuse_weights",
    "write_finetuned_weights",
]

WEIGHTS_SUFFIX = ".keras"
RECORD_MEMBER = "behavior.json"
SCHEMA_VERSION = 1
_ADVICE = "copy the file again, or fine-tune again"
# What files say; "watched" stands for a validation recording.
FITTED, VALIDATION = "fitted", "watched"


@dataclass(frozen=True)
class SeenRecording:
    """A recording that weights depend on.

    Attributes
    ----------
    recording
        Its id in the study that they were fine-tuned in.
    role
        "fitted" for a training recording, "watched" for a validation recording.
    video_hash, n_bytes
        BLAKE2b hash of the video's content (`feature_sources.hash_file`), and its size.
    """

    recording: str
    role: str
    video_hash: str
    n_bytes: int


@dataclass(frozen=True)
class FinetuningRecord:
    """Where fine-tuned weights come from.

    Attributes
    ----------
    recordings
        All that they have seen, those of the weights that they began with among them.
    behaviors
        What the head on them had to tell.
    backbone
        Name of the network.
    base_weights, base_identity
        The weights that fine-tuning began with, as the study file named them, and what tells them from all others.
    settings
        Sections of the study file.
    average_precision
        Of each behavior on the validation recordings, by stage; None for one that does not occur there. Empty where there were no
        validation recordings.
    versions
        By package.
    """

    recordings: tuple[SeenRecording, ...]
    behaviors: tuple[str, ...]
    backbone: str
    base_weights: str
    base_identity: str
    settings: Mapping[str, Any]
    average_precision: Mapping[str, Mapping[str, float | None]]
    versions: Mapping[str, str]


# Checks types, too, which a dataclass does not.
_RECORD = TypeAdapter(FinetuningRecord)


def refuse_weights(path: Path) -> None:
    """Raise unless new weights may be written to `path`: UsageError for another suffix, OutputError where there is something already."""
    if path.suffix.lower() != WEIGHTS_SUFFIX:
        raise UsageError(f"{path}: weights are written as a {WEIGHTS_SUFFIX} file; give a name that ends in {WEIGHTS_SUFFIX}.")
    if path.exists():
        raise OutputError(f"{path}: is there already; give another name, or delete that file if it is not needed any more.")


def write_finetuned_weights(path: Path, save: Callable[[Path], None], record: FinetuningRecord) -> None:
    """Write weights with their record to `path`, whole or not at all.

    Parameters
    ----------
    save
        Writes a `.keras` file without record to the path that it is given.

    Raises
    ------
    UsageError, OutputError
        As `refuse_weights`; OutputError also where the file cannot be written.
    """
    refuse_weights(path)
    with replacing(path) as temporary:
        save(temporary)
        # Keras reads the members of the archive that it knows, and leaves others alone.
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(RECORD_MEMBER, json.dumps({"schema_version": SCHEMA_VERSION, **asdict(record)}, indent=1))


def read_finetuning_record(path: Path) -> FinetuningRecord | None:
    """Return the record in the weights at `path`; None for a file of weights without one.

    Raises
    ------
    WeightsError
        If there is no such file, or its record cannot be read.
    """
    require_regular_file(
        path, error=WeightsError, expected="a weights file", advice="give imagenet, packaged, random or the path of a file that is there"
    )
    if not zipfile.is_zipfile(path):
        return None
    content = read_member(path, RECORD_MEMBER, error=WeightsError, advice=_ADVICE)
    if content is None:
        return None
    with explain_damage(path, error=WeightsError, expected="a record of what weights have seen", advice=_ADVICE):
        version = content.pop("schema_version")
        if version != SCHEMA_VERSION:
            raise WeightsError(
                f"{path}: its record of what it has seen has schema version {version!s:.20}, this version of behavior reads "
                f"{SCHEMA_VERSION}; use the version that wrote it, or fine-tune again."
            )
        return _RECORD.validate_python(content)


def read_seen_recordings(path: Path) -> tuple[SeenRecording, ...]:
    """Return the recordings that the weights at `path` have seen; () where the file says nothing of them.

    Raises
    ------
    WeightsError
        As `read_finetuning_record`.
    """
    record = read_finetuning_record(path)
    return () if record is None else record.recordings
