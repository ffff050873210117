"""`RECORDING_ethogram.json`: what the table of frames next to it holds, and where it comes from."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from behavior.errors import EthogramError
from behavior.files.opening import read_text
from behavior.provenance import Provenance
from behavior.recording import Annotation, is_safe_name

__all__ = [
    "EthogramDescription",
    "TablePart",
    "describe_annotation",
    "describe_parts",
    "format_description",
    "hash_part",
    "read_description",
]

_MOST_BYTES = 64 * 2**20
_EXPECTED = "the description of an ethogram"
_ADVICE = "annotate the recording again"
# Keys of the provenance that are right as long as somebody finds the file.
_PATHS = ("video", "pose", "folder")


def _require_safe(name: str) -> str:
    if not is_safe_name(name):
        raise ValueError("an id that is safe as a file name")
    return name


def _require_distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("names that differ")
    return names


class TablePart(BaseModel):
    """A part of the table, of which the first are its names and each other one so many rows.

    Attributes
    ----------
    n_frames, start_s
        How many rows it has, and the time of its first one.
    n_bytes, hash
        How long it is, and the hash of its bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    n_frames: Annotated[int, Field(ge=0)]
    start_s: Annotated[float, Field(allow_inf_nan=False)]
    n_bytes: Annotated[int, Field(ge=1)]
    hash: str


class _OwnKeys(BaseModel):
    """What the file says of the table next to it; all other keys are the provenance's."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    recording: Annotated[str, AfterValidator(_require_safe)]
    behaviors: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_require_distinct)]
    n_frames: Annotated[int, Field(ge=0)]
    probabilities_hash: str | None = None
    decisions_hash: str | None = None
    distances_hash: str | None = None
    provenance_hash: str | None = None
    # Of both, and of neither times nor names, in files of earlier versions.
    table_hash: str | None = None
    table_parts: Annotated[tuple[TablePart, ...], Field(strict=False)] | None = None


@dataclass(frozen=True)
class EthogramDescription:
    """The content of `RECORDING_ethogram.json`.

    Attributes
    ----------
    recording, behaviors, n_frames
        Of the table.
    probabilities_hash
        Of recording, behaviors, frame rate, times and probabilities.
    decisions_hash
        Of what the thresholds decide and what was decided.
    provenance_hash
        Of where it comes from, but for paths, which may be corrected after files were moved, and unknown keys.
    table_hash
        Of probabilities and decisions, in files of earlier versions. Each hash is None where the file has none.
    provenance
        Where it comes from; its `fps` is that of the annotation.
    distances_hash
        Of the distances to training frames; None where there are none.
    table_parts
        Where the rows stand, so that some can be read without the others; None in files of earlier versions.
    """

    recording: str
    behaviors: tuple[str, ...]
    n_frames: int
    probabilities_hash: str | None
    decisions_hash: str | None
    provenance_hash: str | None
    table_hash: str | None
    provenance: Provenance
    distances_hash: str | None = None
    table_parts: tuple[TablePart, ...] | None = None

    def explain_mismatch(self, annotation: Annotation, *, needs_decisions: bool = True) -> str:
        """Return which part of `annotation`, as read from the table, is not what was written with this description; "" if all is.

        Parameters
        ----------
        needs_decisions
            False to let the decisions differ.
        """
        if self.probabilities_hash not in (None, _hash_probabilities(annotation)):
            return "recording, frame rate, times or probabilities"
        if needs_decisions and self.decisions_hash not in (None, _hash_decisions(annotation)):
            return "decisions"
        if self.distances_hash != _hash_distances(annotation):
            return "distances to training frames"
        if self.table_hash not in (None, _hash_table(annotation)):
            return "probabilities or decisions"
        return ""


def describe_annotation(annotation: Annotation) -> EthogramDescription:
    """Return the description of `annotation`."""
    provenance = annotation.provenance.model_copy(update={"fps": annotation.fps})
    return EthogramDescription(
        recording=annotation.recording,
        behaviors=annotation.behaviors,
        n_frames=len(annotation.time_s),
        probabilities_hash=_hash_probabilities(annotation),
        decisions_hash=_hash_decisions(annotation),
        distances_hash=_hash_distances(annotation),
        provenance_hash=_hash_provenance(provenance),
        table_hash=None,
        provenance=provenance,
    )


def describe_parts(contents: Iterable[bytes], time_s: npt.NDArray[np.float64], parts: list[TablePart]) -> Iterator[bytes]:
    """Yield the contents of a table, as `format_frames` gives them of frames at `time_s` (T,), and add to `parts` what each is."""
    n_written = 0
    for number, content in enumerate(contents):
        n_frames = content.count(b"\n") if number else 0
        start_s = float(time_s[n_written]) if n_frames else 0.0
        parts.append(TablePart(n_frames=n_frames, start_s=start_s, n_bytes=len(content), hash=hash_part(content)))
        n_written += n_frames
        yield content


def hash_part(content: bytes) -> str:
    """Return the hash of a part of a table."""
    return _hash(content)


def format_description(description: EthogramDescription) -> str:
    """Return the text of the file.

    Raises
    ------
    ValueError
        If the provenance has a key that is the table's.
    """
    own = {
        "recording": description.recording,
        "behaviors": list(description.behaviors),
        "n_frames": description.n_frames,
        **{
            name: content
            for name in ("probabilities_hash", "decisions_hash", "distances_hash", "provenance_hash", "table_hash")
            if (content := getattr(description, name)) is not None
        },
        **({} if description.table_parts is None else {"table_parts": [part.model_dump() for part in description.table_parts]}),
    }
    provenance = description.provenance.as_mapping()
    taken = [key for key in _OwnKeys.model_fields if key in provenance]
    if taken:
        raise ValueError(f"provenance of {description.recording!r} has the key {taken[0]!r}, which is the annotation's own")
    return json.dumps({**own, **provenance}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_description(path: Path) -> EthogramDescription:
    """Read what `format_description` returned.

    Raises
    ------
    EthogramError
        If there is no such file, it is not JSON, a key has a value of the wrong type, or what it says of the model and the settings is
        not what was written.
    """
    text = read_text(path, most_bytes=_MOST_BYTES, error=EthogramError, expected=_EXPECTED, advice=_ADVICE)
    try:
        content = json.loads(text)
        # Numbers beyond the largest, and halves of characters, are read and could not be written again.
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise EthogramError(f"{path}: is not JSON in UTF-8 ({error}); {_ADVICE}.") from error
    content = content if isinstance(content, Mapping) else {}
    try:
        own = _OwnKeys.model_validate(content)
        provenance = Provenance.model_validate({key: value for key, value in content.items() if key not in _OwnKeys.model_fields})
    except ValidationError as error:
        raise EthogramError(f"{path}: {_explain(error)}; {_ADVICE}.") from None
    if own.provenance_hash not in (None, _hash_provenance(provenance)):
        raise EthogramError(
            f"{path}: what it says of the model and the settings is not what was written, but damaged or edited; {_ADVICE}."
        )
    return EthogramDescription(**dict(own), provenance=provenance)


def _hash_probabilities(annotation: Annotation) -> str:
    names = json.dumps([annotation.recording, annotation.behaviors, annotation.fps], ensure_ascii=False)
    return _hash(names.encode(), _to_bytes(annotation.time_s, "<f8"), _to_bytes(annotation.probabilities.values, "<f4"))


def _hash_decisions(annotation: Annotation) -> str:
    return _hash(_to_bytes(annotation.raw.values, "?"), _to_bytes(annotation.ethogram.values, "?"))


def _hash_distances(annotation: Annotation) -> str | None:
    return None if annotation.distances is None else _hash(_to_bytes(annotation.distances, "<f4"))


def _hash_provenance(provenance: Provenance) -> str:
    known = {name: value for name, value in provenance.as_mapping().items() if name in Provenance.model_fields and name not in _PATHS}
    if "model" in known and known["model"] is not None:
        known["model"] = {name: value for name, value in known["model"].items() if name not in _PATHS}
    return _hash(json.dumps(known, sort_keys=True).encode())


def _hash_table(annotation: Annotation) -> str:
    arrays = _to_bytes(annotation.raw.values, "?"), _to_bytes(annotation.ethogram.values, "?")
    return _hash(_to_bytes(annotation.probabilities.values, "<f4"), *arrays)


def _to_bytes(array: npt.NDArray, dtype: str) -> bytes:
    return np.ascontiguousarray(array, dtype=dtype).tobytes()


def _hash(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _explain(error: ValidationError) -> str:
    """Return the first of the problems in a few words: the key, what was found and what was expected."""
    problem: Any = error.errors(include_url=False)[0]
    # Deeper parts are names of types that pydantic puts in between, and keys below them.
    key = ".".join(str(part) for part in problem["loc"][:2])
    if problem["type"] == "missing":
        return f"says no usable {key!r}, the key is missing"
    expected = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    expected = expected.replace("String should have", "text of").partition(" or instance of")[0]
    return f"says no usable {key!r} (found {reprlib.repr(problem['input'])}, expected {expected})"
