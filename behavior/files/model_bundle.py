"""Model bundles: a folder with all that annotating a new video needs, and what a reader of its results wants to know."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import Field, field_validator, model_validator

from behavior.config import Arena, Backbone, BoostingHead, Crop, Decisions, Head, PoseFiles, Postprocess, Sampling, Section, parse_section
from behavior.config.sections import Positive, WindowLength
from behavior.config.views import Views
from behavior.errors import ModelError, OutputError, UsageError
from behavior.files.atomic import make_folder, write_text
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.opening import explain_damage, require_regular_file
from behavior.files.result_folders import refuse_results
from behavior.files.yaml_files import read_yaml
from behavior.progress import warn

__all__ = [
    "BUNDLE_FILE",
    "REFERENCE_VERSION",
    "BundleDescription",
    "CalibrationRecord",
    "DecisionsRecord",
    "FamiliarityRecord",
    "MeasureRecord",
    "MemberDescription",
    "ReferenceDescription",
    "StreamDescription",
    "TrainingRecord",
    "format_bundle",
    "member_path",
    "name_member",
    "read_bundle",
    "read_preparation",
    "refuse_bundle",
    "write_bundle",
    "write_description",
    "write_preparation",
]

BUNDLE_FILE = "bundle.yaml"
SCHEMA_VERSION = 2
# Of `FamiliarityRecord`; the first had no shift and no spread, the second no plain model.
REFERENCE_VERSION: Literal[3] = 3
Finite = Annotated[float, Field(allow_inf_nan=False)]
# Key of the hash of all else in `bundle.yaml`.
_HASH = "hash"
_ADVICE = "copy the whole folder of the model again"


class StreamDescription(Section):
    """One stream of features that the model works on.

    Attributes
    ----------
    name
        As in the study file's `streams`.
    signature
        What its numbers mean (`feature_cache.Signature.text`).
    n_features
        Its share of a frame's vector.
    """

    name: str
    signature: str
    n_features: Positive

    @field_validator("signature")
    @classmethod
    def _can_be_read(cls, signature: str) -> str:
        try:
            Signature.from_text(signature)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ValueError(f"found {signature[:60]!r}, expected what `behavior train` wrote") from None
        return signature


class TrainingRecord(Section):
    """Where a model comes from.

    Attributes
    ----------
    recordings
        Those whose labels it was fitted on.
    watched
        Validation recordings, by behavior.
    stopping
        How the number of epochs was chosen, a sentence.
    epochs
        Epochs that the weights of each member were trained for, by behavior.
    seed
        As in the study file.
    skipped
        Behaviors without a model, and why.
    test_average_precision
        Pooled over the test recordings, by behavior.
    """

    recordings: list[str]
    watched: dict[str, list[str]]
    stopping: str
    epochs: dict[str, list[int]]
    seed: int
    skipped: dict[str, str]
    test_average_precision: dict[str, float]


class MemberDescription(Section):
    """One network of the model, and what it works on.

    Attributes
    ----------
    file
        The network, a `.keras` file, or the trees, a `.trees.npz` file.
    behaviors
        What its outputs are, in order; "" for one that it could not learn.
    streams
        What its input's columns are, in order.
    backbone
        What makes its appearance stream; None where it has none.
    average
        Frames whose mean is one vector of its input.
    preparation
        What is done to these vectors first, an `.npz` file; None for nothing.
    window_length
        Vectors in a window; None where the head reads none, as boosted trees.
    head
        Its section of the study file.
    """

    file: str
    behaviors: Annotated[list[str], Field(min_length=1)]
    streams: Annotated[list[StreamDescription], Field(min_length=1)]
    backbone: Backbone | None = None
    average: Positive = 1
    preparation: str | None = None
    window_length: WindowLength | None = None
    head: Head

    @model_validator(mode="after")
    def _has_windows_or_trees(self) -> MemberDescription:
        if (self.window_length is None) != isinstance(self.head, BoostingHead):
            raise ValueError(f"window_length is {self.window_length} for a head {self.head.kind}, which `behavior train` does not write")
        return self


class CalibrationRecord(Section):
    """How the probabilities of one behavior are calibrated (`postprocess.calibration.Calibration`); None where a method has no such number.

    Attributes
    ----------
    method
        What was fitted.
    knots, values
        Of isotonic calibration: probabilities, and what becomes of them.
    slope, intercept
        Of logistic calibration.
    reason
        Why nothing was fitted, or not what was asked for.
    """

    method: Literal["none", "isotonic", "logistic"]
    knots: list[float] | None = None
    values: list[float] | None = None
    slope: float | None = None
    intercept: float | None = None
    reason: str | None = None


class DecisionsRecord(Section):
    """What was fitted on out-of-fold predictions (`learning.decisions.FittedDecisions`).

    Attributes
    ----------
    settings
        What was asked for.
    postprocess
        What to decide with.
    calibrations
        By behavior; empty where none was asked for.
    training_scores
        F-beta on the frames that were fitted on, by behavior.
    reasons
        Why something was not fitted, by behavior.
    """

    settings: Decisions
    postprocess: Postprocess
    calibrations: dict[str, CalibrationRecord]
    training_scores: dict[str, float]
    reasons: dict[str, str]


class ReferenceDescription(Section):
    """What tells how far frames of one stream are from those of the training recordings.

    Attributes
    ----------
    stream
        The stream.
    file
        Its arrays (`learning.familiarity_reference.StreamReference`), an `.npz` file.
    """

    stream: StreamDescription
    file: str


class MeasureRecord(Section):
    """One plain measure of the training recordings.

    Attributes
    ----------
    low, high
        Lowest and highest of the recordings' medians.
    low_limit, high_limit
        What a recording like them hardly goes beyond; None for a measure that is only shown.
    """

    low: Finite
    high: Finite
    low_limit: Finite | None = None
    high_limit: Finite | None = None


class FamiliarityRecord(Section):
    """What tells whether a recording is like the training recordings.

    Attributes
    ----------
    version
        Of the references' files.
    recordings
        Number of training recordings.
    streams
        References of the streams that the model works on; none where no training recording could be left out.
    measures
        Those of `feature_measures.MEASURES` and `vision.size_growth.GROWTHS` that are known of all training recordings, and fps.
    plain_model
        The file of the plain model (`learning.plain_model.PlainModel`) on `streams`; None where there is none.
    """

    version: Literal[1, 2, 3] = 1
    recordings: Positive
    streams: list[ReferenceDescription]
    measures: dict[str, MeasureRecord]
    plain_model: str | None = None


class BundleDescription(Section):
    """The content of `bundle.yaml`.

    Attributes
    ----------
    members
        Networks that answer together, by the rule of `combine`.
    arena
        What the pose stream measures distances to; None where it does not, or there is none.
    pose
        Which other animals the pose stream describes; None where it does not, or in bundles of earlier versions.
    sampling
        How many frames a second it reads of any video; None where it reads every frame, of videos of its own rate.
    views
        Which views besides the first its streams are of, and how these are read; None where it works on one view.
    fps
        Rows of features a second that its heads read.
    decisions
        What was fitted on out-of-fold predictions; None where `postprocess` is the study's own.
    familiarity
        What tells whether a recording is like the training recordings; None in bundles of earlier versions.
    files
        Hash of each of the other files, by name (`feature_sources.hash_file`); None in bundles of earlier versions.
    """

    schema_version: int = SCHEMA_VERSION
    behaviors: Annotated[list[str], Field(min_length=1)]
    members: Annotated[list[MemberDescription], Field(min_length=1)]
    combine: Literal["mean", "log_odds", "vote", "any"] = "mean"
    crop: Crop | None = None
    arena: Arena | None = None
    pose: PoseFiles | None = None
    sampling: Sampling | None = None
    views: Views | None = None
    fps: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    postprocess: Postprocess
    decisions: DecisionsRecord | None = None
    familiarity: FamiliarityRecord | None = None
    training: TrainingRecord
    versions: dict[str, str]
    files: dict[str, str] | None = None

    @property
    def sampling_fps(self) -> float | None:
        """How many frames a second are used; None for every frame."""
        return None if self.sampling is None else self.sampling.fps

    @model_validator(mode="after")
    def _answers_for_every_behavior(self) -> BundleDescription:
        for names in (self.behaviors, *([name for name in member.behaviors if name] for member in self.members)):
            if len(set(names)) < len(names):
                raise ValueError(f"behaviors repeat a name ({', '.join(names)}), expected each once")
        answered = {name for member in self.members for name in member.behaviors}
        missing = [name for name in self.behaviors if name not in answered]
        if missing:
            raise ValueError(f"no member answers for {', '.join(missing)}, expected one for each of the behaviors")
        return self


def write_bundle(folder: Path, description: BundleDescription, members: Mapping[str, Callable[[Path], None]]) -> None:
    """Write a bundle to `folder`, which is made where it is missing; `bundle.yaml`, written last, completes it.

    Parameters
    ----------
    description
        The content of `bundle.yaml`, but for the hashes of the files.
    members
        For each file name that the description lists, what writes that file.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    make_folder(folder)
    hashes: dict[str, str] = {}
    try:
        for name, write in members.items():
            write(folder / name)
            hashes[name] = hash_file(folder / name)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be written ({error.strerror or error}); choose a folder with space that you may write to."
        ) from error
    write_description(folder, description.model_copy(update={"files": hashes}))


def write_description(folder: Path, description: BundleDescription) -> None:
    """Write `description` to the `bundle.yaml` of `folder`."""
    write_text(folder / BUNDLE_FILE, format_bundle(description))


def format_bundle(description: BundleDescription) -> str:
    """Return the text of `bundle.yaml`, with a hash of itself."""
    content = description.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump({**content, _HASH: _hash_content(content)}, sort_keys=False, allow_unicode=True, width=120)


def refuse_bundle(folder: Path) -> None:
    """Raise OutputError if `folder` holds a bundle: a model that somebody trained is never written over."""
    refuse_results(folder, mark=BUNDLE_FILE, what="a model", advice="give another folder, or delete that one if it is not needed any more")


def read_bundle(folder: Path) -> BundleDescription:
    """Return the description of the bundle in `folder`, after checking that its files are those that it was written with.

    A bundle of an earlier version has no hashes; it is read, with a warning.

    Raises
    ------
    ModelError
        If it is not a bundle, was written by another version of the format, lacks a file, or a file was changed.
    """
    path = folder / BUNDLE_FILE
    if not path.is_file():
        raise ModelError(f"{folder}: found no {BUNDLE_FILE}; give the folder that `behavior train STUDY --out FOLDER` wrote.")
    content: Any = read_yaml(path)
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise ModelError(f"{path}: found schema version {version}, this version of behavior reads {SCHEMA_VERSION}; train the model again.")
    hash_of_content = content.pop(_HASH, None)
    try:
        description = parse_section(BundleDescription, content, source=path)
    except UsageError as error:
        raise ModelError(str(error)) from None
    if hash_of_content is None and description.files is None:
        warn(
            f"{path}: was written by an earlier version, without hashes, so it is not known whether its files are those that were trained."
        )
    elif hash_of_content != _hash_content(content):
        raise ModelError(f"{path}: is not as `behavior train` wrote it, but cut off or changed; {_ADVICE}.")
    known = description.familiarity
    references = [] if known is None else [*(one.file for one in known.streams), known.plain_model]
    names = [name for member in description.members for name in (member.file, member.preparation)]
    for name in [*names, *references]:
        if name is not None:
            _check_file(folder, name, description.files)
    return description


def _check_file(folder: Path, name: str, hashes: Mapping[str, str] | None) -> None:
    """Raise ModelError unless the file `name` is the one that the bundle was written with."""
    path = member_path(folder, name)
    if not path.is_file():
        raise ModelError(f"{folder}: {name} is missing, although {BUNDLE_FILE} lists it; copy the whole folder of the model.")
    if hashes is not None and hash_file(path) != hashes.get(name):
        raise ModelError(f"{path}: is not the file that {BUNDLE_FILE} was written with, but damaged or exchanged; {_ADVICE}.")


def _hash_content(content: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(content, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def name_member(behaviors: Sequence[str], member: int) -> str:
    """Return the file name of one member of the model of `behaviors`, without its suffix.

    A character other than a letter, digit, `_` or `-` becomes `_`.
    """
    safe = re.sub(r"[^\w-]", "_", behaviors[0]) if len(behaviors) == 1 else "all"
    return f"{safe}.{member}"


def write_preparation(path: Path, preparation: Mapping[str, npt.NDArray[np.float64]]) -> None:
    """Write the arrays of what is done to features before a network sees them."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **dict(preparation))


def read_preparation(path: Path) -> dict[str, npt.NDArray[np.float64]]:
    """Return what `write_preparation` wrote; ModelError if it cannot be read, or holds other than finite numbers as they are."""
    expected, advice = "the preparation of a model's features", "copy the whole folder of the model again"
    n_bytes = require_regular_file(path, error=ModelError, expected=expected, advice=advice)
    with explain_damage(path, error=ModelError, expected=expected, advice=advice), zipfile.ZipFile(path) as archive:
        # As it was written, nothing is packed, so that no more can come of it than the file has.
        if sum(entry.file_size for entry in archive.infolist()) > n_bytes:
            raise ValueError("it is packed")
        with np.load(path, allow_pickle=False) as saved:
            arrays = {name: saved[name] for name in saved.files}
        odd = [name for name, array in arrays.items() if array.dtype != np.float64 or not np.isfinite(array).all()]
        if odd:
            raise ValueError(f"the array {odd[0]} does not hold finite numbers")
        return arrays


def member_path(folder: Path, name: str) -> Path:
    """Return the path of the bundle's file `name`; ModelError where the name leads out of the folder."""
    if Path(name).name != name or name in ("", ".."):
        raise ModelError(f"{folder}: {BUNDLE_FILE} lists {name!r}, which is not a file name; copy the whole folder of the model again.")
    return folder / name
