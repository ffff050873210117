"""What an ONNX file says of its network, read without ONNX or an inference library, and where its weights lie.

The file is a protocol buffer (https://protobuf.dev/programming-guides/encoding/) of `ModelProto`
(https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Only the parts that are named here are looked into; weights are passed over.
Weights may lie in files beside it, which is checked for all tensors of a file, wherever they are, before any library opens them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from behavior.errors import WeightsError
from behavior.files.network_outlines import ArrayOutline, NetworkOutline
from behavior.files.opening import explain_damage, require_regular_file

__all__ = ["read_onnx_outline"]

_EXPECTED = "an ONNX file"
_ADVICE = "export the network again"
# A protocol buffer has 2 GiB at most.
_MOST_BYTES = 2**31
_MOST_EXTERNAL_BYTES = 32 * 2**30
# Networks have thousands of nodes; a file made to keep its reader busy has more.
_MOST_PARTS = 3_000_000
_MOST_DEPTH = 40
# Kinds of values in a protocol buffer.
_NUMBER, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5

# Which fields of a message are messages that are looked into, by their numbers.
_NESTED: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 11: "input", 12: "output", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
}
_TENSOR_NAME, _DATA_LOCATION, _IS_EXTERNAL = 8, 14, 1


# Of tensors that a graph lists itself: a model has a graph, and that has tensors.
_DEPTH_OF_WEIGHTS = 2
_MOST_TEXT_BYTES = 4096


@dataclass(frozen=True)
class _Message:
    """A stretch of a file."""

    content: mmap.mmap
    start: int
    stop: int

    @property
    def text(self) -> str:
        """What it says, for names."""
        if self.stop - self.start > _MOST_TEXT_BYTES:
            raise ValueError(f"found a name of {self.stop - self.start:,} bytes")
        return self.content[self.start : self.stop].decode("utf-8")


@dataclass
class _Found:
    """What was met on the way through a file."""

    inputs: list[ArrayOutline] = field(default_factory=list)
    outputs: list[ArrayOutline] = field(default_factory=list)
    weights: set[str] = field(default_factory=set)
    external: list[dict[str, str]] = field(default_factory=list)
    n_graphs: int = 0
    n_parts: int = 0


def read_onnx_outline(path: Path) -> NetworkOutline:
    """Return what the ONNX file at `path` says of its network, with the files that its weights lie in.

    Raises
    ------
    WeightsError
        If the file is missing, is not an ONNX file, or has weights outside its own folder.
    """
    n_bytes = require_regular_file(path, error=WeightsError, expected=_EXPECTED, advice=_ADVICE)
    if n_bytes > _MOST_BYTES:
        raise WeightsError(f"{path}: has {n_bytes / 2**30:,.1f} GiB, and an ONNX file has 2 at most; {_ADVICE}.")
    found = _Found()
    with explain_damage(path, error=WeightsError, expected=_EXPECTED, advice=_ADVICE), path.open("rb") as file:
        if n_bytes == 0:
            raise ValueError("it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            _walk(_Message(content, 0, n_bytes), "model", found, depth=0)
        if found.n_graphs == 0:
            raise ValueError("it has no graph")
    # Older files list their weights among the inputs.
    inputs = tuple(one for one in found.inputs if one.name not in found.weights)
    return NetworkOutline(inputs, tuple(found.outputs), (path, *_check_external(path, found.external)))


def _walk(message: _Message, kind: str, found: _Found, *, depth: int) -> None:
    """Look through a message of some kind, and the messages in it."""
    if depth > _MOST_DEPTH:
        raise ValueError(f"its parts are nested more than {_MOST_DEPTH} deep")
    nested = _NESTED.get(kind, {})
    external: dict[str, str] = {}
    is_external, name = False, ""
    for number, value in _list_fields(message, found):
        if kind == "tensor" and number == _DATA_LOCATION:
            is_external = value == _IS_EXTERNAL
        elif kind == "tensor" and number == _TENSOR_NAME:
            name = _as_message(value).text
        if number not in nested:
            continue
        part, inner = nested[number], _as_message(value)
        if part == "external":
            key, text = _read_entry(inner, found)
            external[key] = text
        elif part in ("input", "output"):
            # Graphs in nodes have inputs and outputs of their own.
            if depth == 1:
                (found.inputs if part == "input" else found.outputs).append(_read_array(inner, found))
        else:
            found.n_graphs += kind == "model" and part == "graph"
            _walk(inner, part, found, depth=depth + 1)
    if kind == "tensor":
        if depth == _DEPTH_OF_WEIGHTS:
            found.weights.add(name)
        # Whatever names a file, whether it is said to be used or not.
        if is_external or external:
            found.external.append(external)


def _list_fields(message: _Message, found: _Found) -> Iterator[tuple[int, int | _Message]]:
    """Yield the number and the value of each field of a message."""
    content, place, stop = message.content, message.start, message.stop
    while place < stop:
        found.n_parts += 1
        if found.n_parts > _MOST_PARTS:
            raise ValueError(f"it has more than {_MOST_PARTS:,} parts")
        tag, place = _read_number(content, place, stop)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise ValueError(f"found a field without number at byte {place}")
        if kind == _NUMBER:
            value, place = _read_number(content, place, stop)
            yield number, value
            continue
        if kind == _BYTES:
            length, place = _read_number(content, place, stop)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"found a field of kind {kind} at byte {place}")
        if place + length > stop:
            raise ValueError("it is cut short")
        yield number, _Message(content, place, place + length)
        place += length


def _read_number(content: mmap.mmap, place: int, stop: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= stop:
            raise ValueError("it is cut short")
        byte = content[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("found a number of more than ten bytes")


def _as_message(value: int | _Message) -> _Message:
    if isinstance(value, int):
        raise ValueError(f"found {value} where a message belongs")
    return value


def _read_entry(message: _Message, found: _Found) -> tuple[str, str]:
    texts = {number: _as_message(value).text for number, value in _list_fields(message, found)}
    return texts.get(1, ""), texts.get(2, "")


def _read_array(message: _Message, found: _Found) -> ArrayOutline:
    """Return the outline that a `ValueInfoProto` describes."""
    name, shape = "", None
    for number, value in _list_fields(message, found):
        if number == 1:
            name = _as_message(value).text
        elif number == 2:
            for kind, tensor in _list_fields(_as_message(value), found):
                if kind == 1:
                    shape = _read_shape(_as_message(tensor), found)
    return ArrayOutline(name, shape)


def _read_shape(message: _Message, found: _Found) -> tuple[int | None, ...] | None:
    for number, value in _list_fields(message, found):
        if number == 2:
            return tuple(_read_length(_as_message(length), found) for _, length in _list_fields(_as_message(value), found))
    return None


def _read_length(message: _Message, found: _Found) -> int | None:
    """Return one length of a shape, None for a free one, which has a name or nothing at all."""
    for number, value in _list_fields(message, found):
        if number == 1 and isinstance(value, int) and 0 < value < 2**31:
            return value
    return None


def _check_external(path: Path, entries: list[dict[str, str]]) -> list[Path]:
    """Return the files beside the one at `path` that tensors lie in, in order of their names.

    Raises
    ------
    WeightsError
        If one is missing, not long enough, or not in the folder of the file.
    """
    folder = path.parent.resolve()
    ends: dict[str, int] = {}
    for entry in entries:
        location = entry.get("location", "")
        try:
            # Without a length, the rest of the file.
            end = int(entry.get("offset") or 0) + int(entry.get("length") or 0)
        except ValueError:
            raise WeightsError(f"{path}: says that weights lie at {str(entry)[:200]}, expected a file, an offset and a length.") from None
        ends[location] = max(end, ends.get(location, 0))
    files: list[Path] = []
    for location, end in sorted(ends.items()):
        found = folder / location
        # Libraries take names with a star for something else than a file.
        if not location or "*" in location or "\0" in location or not found.resolve().is_relative_to(folder) or found.resolve() == folder:
            raise WeightsError(
                f"{path}: its weights are said to lie in {location[:200]!r}, expected a file in the same folder; put the real file, no "
                "link, there, or export the network again as one file."
            )
        n_bytes = require_regular_file(
            found, error=WeightsError, expected=f"the weights of {path.name}", advice="copy it there from where the network was exported"
        )
        if n_bytes > _MOST_EXTERNAL_BYTES or n_bytes < end:
            raise WeightsError(
                f"{found}: has {n_bytes:,} bytes, expected the weights of {path.name}, which end at byte {end:,} and have at most "
                f"{_MOST_EXTERNAL_BYTES >> 30} GiB; copy the file again."
            )
        files.append(found)
    return files
