"""What a network in OpenVINO's own format (an .xml file and a .bin file) takes and gives, read without OpenVINO.

The format: https://docs.openvino.ai/2025/documentation/openvino-ir-format.html.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from behavior.errors import WeightsError
from behavior.files.network_outlines import ArrayOutline, NetworkOutline
from behavior.files.opening import explain_damage, require_regular_file

__all__ = ["read_openvino_outline"]

_EXPECTED = "a network of OpenVINO (.xml)"
_ADVICE = "save the network again with openvino.save_model"
_MOST_TEXT_BYTES = 256 * 2**20
_MOST_BYTES = 32 * 2**30
_MOST_DEPTH = 100
_PORTION = 2**20
_LAYER_PATH = ["net", "layers", "layer"]


@dataclass
class _Reader:
    """Takes what a parser of XML meets; networks within layers, of loops and branches, are passed over."""

    inputs: list[ArrayOutline] = field(default_factory=list)
    outputs: list[ArrayOutline] = field(default_factory=list)
    end: int = 0
    _path: list[str] = field(default_factory=list)
    _layer: tuple[str, str] = ("", "")
    _shape: list[int | None] = field(default_factory=list)
    _text: str = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _MOST_DEPTH:
            raise ValueError(f"its elements are nested more than {_MOST_DEPTH} deep")
        if self._path[0] != "net":
            raise ValueError(f"it begins with <{self._path[0][:40]}>")
        self._text = ""
        if self._path == _LAYER_PATH:
            self._layer, self._shape = (attributes.get("type", ""), attributes.get("name", "")), []
        elif name == "data":
            # Of constants, in every network of the file.
            self.end = max(self.end, int(attributes.get("offset", 0)) + int(attributes.get("size", 0)) if "offset" in attributes else 0)
            if self._path[:-1] == _LAYER_PATH and self._layer[0] == "Parameter":
                lengths = attributes.get("shape")
                shape = None if lengths is None or "..." in lengths else tuple(_read_length(one) for one in lengths.split(",") if one)
                self.inputs.append(ArrayOutline(self._layer[1], shape))

    def end_element(self, name: str) -> None:
        if self._layer[0] == "Result":
            if name == "dim" and self._path == [*_LAYER_PATH, "input", "port", "dim"]:
                self._shape.append(_read_length(self._text))
            elif self._path == _LAYER_PATH:
                self.outputs.append(ArrayOutline(self._layer[1], tuple(self._shape)))
        self._path.pop()

    def take_text(self, text: str) -> None:
        if self._path[-1] == "dim":
            self._text += text

    def refuse_type(self, *_: object) -> None:
        raise ValueError("it declares a document type, which can make a file grow")


def read_openvino_outline(path: Path) -> NetworkOutline:
    """Return what the .xml file at `path` says of its network; the weights are in the .bin file of the same name.

    Raises
    ------
    WeightsError
        If a file is missing, cut short, or is not of OpenVINO.
    """
    n_bytes = require_regular_file(path, error=WeightsError, expected=_EXPECTED, advice=_ADVICE)
    if n_bytes > _MOST_TEXT_BYTES:
        raise WeightsError(f"{path}: has {n_bytes / 2**20:,.0f} MiB, expected {_EXPECTED} of {_MOST_TEXT_BYTES >> 20} at most; {_ADVICE}.")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = reader.start, reader.end_element, reader.take_text
    parser.StartDoctypeDeclHandler = reader.refuse_type
    with explain_damage(path, error=WeightsError, expected=_EXPECTED, advice=_ADVICE), path.open("rb") as file:
        try:
            while portion := file.read(_PORTION):
                parser.Parse(portion, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise ValueError(str(error)) from error
    weights = path.with_suffix(".bin")
    advice = f"copy it to the folder of {path.name}"
    n_bytes = require_regular_file(weights, error=WeightsError, expected=f"the weights of {path.name}", advice=advice)
    if not reader.end <= n_bytes <= _MOST_BYTES:
        raise WeightsError(
            f"{weights}: has {n_bytes:,} bytes, expected the weights of {path.name}, which end at byte {reader.end:,} and have at most "
            f"{_MOST_BYTES >> 30} GiB; {_ADVICE}."
        )
    return NetworkOutline(tuple(reader.inputs), tuple(reader.outputs), (path, weights))


def _read_length(text: str) -> int | None:
    """Return one length of a shape; None for a free one, which is "?", -1, or a range such as 1..8."""
    text = text.strip()
    if not text.isdigit():
        return None
    return int(text) if 0 < int(text) < 2**31 else None
