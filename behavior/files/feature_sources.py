"""What features are made from, and what they mean: the two things that a cache file is recognised by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from behavior.errors import InputError
from behavior.files.opening import require_regular_file

__all__ = ["Signature", "Source", "hash_file", "hash_source"]

# One model may use features of either precision: they are compared on real crops before the lower one is used.
_INTERCHANGEABLE_PRECISIONS = {"float32", "bfloat16"}


@dataclass(frozen=True)
class Signature:
    """What the numbers of a feature set mean: two sets with equal signatures may be used by one model.

    Attributes
    ----------
    stream
        "appearance", "motion", "pose", or the name under which features were imported.
    settings
        Everything else that the meaning depends on: backbone, weights, preprocessing, crop size and alignment, precision.
    """

    stream: str
    settings: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The signature as one line of JSON, equal for equal signatures."""
        return json.dumps({"stream": self.stream, **self.settings}, sort_keys=True)

    @property
    def key(self) -> str:
        """The part of the file name that identifies the signature."""
        # Names of networks may have slashes.
        label = str(self.settings.get("backbone", self.stream)).replace("/", "_")
        return f"{label}-{hashlib.blake2b(self.text.encode(), digest_size=5).hexdigest()}"

    def describe_difference(self, expected: Signature) -> str:
        """Return in words where this signature differs from the `expected` one; nothing where one may stand for the other.

        float32 and bfloat16 may: a model that was trained on a machine with one works on a machine with the other.
        """
        mine, theirs = ({"stream": signature.stream, **signature.settings} for signature in (self, expected))
        return ", ".join(
            f"{key} {mine.get(key)!r} instead of {theirs.get(key)!r}"
            for key in dict.fromkeys([*theirs, *mine])
            if mine.get(key) != theirs.get(key)
            and not (key == "precision" and {mine.get(key), theirs.get(key)} == _INTERCHANGEABLE_PRECISIONS)
        )

    @classmethod
    def from_text(cls, text: str) -> Signature:
        """Return the signature that `text` was made of."""
        settings = json.loads(text)
        return cls(stream=settings.pop("stream"), settings=settings)


@dataclass(frozen=True)
class Source:
    """What a feature set was made from: files and the settings that choose the crops.

    Attributes
    ----------
    files
        The video and the pose; None for a file that is not needed.
    settings
        Crop settings that change the features but not their meaning.
    """

    files: Sequence[Path | None] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def describe(self, known: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
        """Return name, size, time and hash of each file, in order; {} for one that is not there to be looked at.

        The hash is taken from `known` where size and time are the same there.

        Raises
        ------
        InputError
            If a file cannot be read.
        """
        described: list[dict[str, Any]] = []
        for path in self.files:
            if path is None:
                continue
            try:
                status = path.stat()
            except FileNotFoundError:
                described.append({})
                continue
            except OSError as error:
                raise InputError(
                    f"{path}: cannot be looked at ({error.strerror or error}); check its drive, and that you may read it."
                ) from error
            entry: dict[str, Any] = {"name": path.name, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
            match = [item["hash"] for item in known if all(item.get(key) == value for key, value in entry.items())]
            described.append({**entry, "hash": match[0] if match else hash_file(path)})
        return described

    def agrees(self, described: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> bool:
        """Tell whether this is the source that once was `described`, with `settings`; a file that is gone makes no difference."""
        now = self.describe(described)
        return (
            dict(self.settings) == dict(settings)
            and len(now) == len(described)
            and all(not entry or entry["hash"] == before["hash"] for entry, before in zip(now, described, strict=True))
        )


def hash_source(described: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> str:
    """Return one hash over what `Source.describe` found and the settings."""
    content = {"files": [item.get("hash") for item in described], "settings": dict(settings)}
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def hash_file(path: Path) -> str:
    """Return the BLAKE2b hash of a file's content, 32 hexadecimal digits; InputError if it cannot be read."""
    # Hashing a device would never end.
    require_regular_file(path, error=InputError, expected="a file", advice="check that it is there and that you may read it")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check that it is there and that you may read it.") from error
