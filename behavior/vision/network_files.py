"""Networks of the user's own in files: what they take, found without loading a library for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from behavior.errors import UsageError, WeightsError
from behavior.files.network_outlines import NetworkOutline
from behavior.files.onnx_networks import read_onnx_outline
from behavior.files.openvino_networks import read_openvino_outline
from behavior.vision.keras_archives import read_archive

__all__ = ["NETWORK_SUFFIXES", "NetworkFile", "describe_network_file"]

KERAS_SUFFIX = ".keras"
READERS = {".onnx": read_onnx_outline, ".xml": read_openvino_outline}
NETWORK_SUFFIXES = (KERAS_SUFFIX, *READERS)
COLORS = (1, 3)
# By the number of axes.
LAYOUTS = {4: ("NCHW", "NHWC"), 5: ("NFCHW", "NCFHW", "NFHWC")}


@dataclass(frozen=True)
class NetworkFile:
    """A network in a file.

    Attributes
    ----------
    path
        The file.
    files
        All files that it lies in, that one first.
    input_size
        Height and width of its input in pixels.
    n_channels
        3, or 1 for a network on grey images.
    layout
        The axes of its input: N images or clips, F frames of a clip, C colors, H and W places.
    n_frames
        Frames of a clip; None for a network on images.
    """

    path: Path
    files: tuple[Path, ...]
    input_size: int
    n_channels: int
    layout: str
    n_frames: int | None = None

    @property
    def is_keras(self) -> bool:
        """Whether Keras runs it; OpenVINO runs all others."""
        return self.path.suffix.lower() == KERAS_SUFFIX

    @property
    def channels_first(self) -> bool:
        """Whether colors come before places."""
        return not self.layout.endswith("C")


def describe_network_file(path: Path, *, input_size: int | None = None, n_frames: int | None = None) -> NetworkFile:
    """Return what the network in the file at `path` takes.

    Parameters
    ----------
    input_size
        Side of the images in pixels, for a network that takes any; None for one that says it.
    n_frames
        Frames of a clip, likewise.

    Raises
    ------
    UsageError
        If the file is of no kind that is read, or `input_size` is missing or not that of the network.
    WeightsError
        If it cannot be read, or is not a network from a square image to one array.
    """
    suffix = path.suffix.lower()
    if suffix == KERAS_SUFFIX:
        return _describe_archive(path, input_size, n_frames)
    if suffix not in READERS:
        raise UsageError(f"{path}: found a name that ends in {suffix or 'nothing'}, expected a network in a file {_list_suffixes()}.")
    outline: NetworkOutline = READERS[suffix](path)
    expected = "expected a network from one square image, or clip, to one vector; export it with one input and one output."
    _require_one(path, len(outline.inputs), len(outline.outputs), expected)
    shape = outline.inputs[0].shape
    if shape is None or len(shape) not in (4, 5):
        found = "is not said" if shape is None else f"has {len(shape)} axes"
        raise WeightsError(
            f"{path}: the shape of its input {found}, expected images (N, 3, S, S) or (N, S, S, 3); export it again with it."
        )
    layouts = {layout: shape[layout.index("C")] for layout in LAYOUTS[len(shape)] if shape[layout.index("C")] in COLORS}
    if len(layouts) != 1:
        raise WeightsError(
            f"{path}: its input {_describe(shape)} does not tell which of its axes has three colors, or one; export it with them."
        )
    ((layout, n_channels),) = layouts.items()
    sides = {shape[layout.index(axis)] for axis in "HW"}
    size = _choose_size(path, None if sides == {None} else _require_square(path, sides, shape), input_size)
    assert n_channels is not None
    known_frames = shape[layout.index("F")] if "F" in layout else None
    return NetworkFile(path, outline.files, size, n_channels, layout, _choose_frames(path, "F" in layout, known_frames, n_frames))


def _list_suffixes() -> str:
    return ", ".join(NETWORK_SUFFIXES[:-1]) + f" or {NETWORK_SUFFIXES[-1]}"


def _describe_archive(path: Path, input_size: int | None, n_frames: int | None) -> NetworkFile:
    network = read_archive(path)
    expected = "expected a network from one square image of a fixed size to one vector; wrap it in such a keras.Model and save that."
    _require_one(path, network.n_inputs, network.n_outputs, expected)
    if network.input_size is None:
        raise WeightsError(f"{path}: found no square input of a fixed size, {expected}")
    if network.n_channels is None:
        raise WeightsError(f"{path}: its input has neither three colors nor one, {expected}")
    size = _choose_size(path, network.input_size, input_size)
    is_clip = network.n_frames is not None
    frames = _choose_frames(path, is_clip, network.n_frames, n_frames)
    return NetworkFile(path, (path,), size, network.n_channels, "NFHWC" if is_clip else "NHWC", frames)


def _require_one(path: Path, n_inputs: int, n_outputs: int, expected: str) -> None:
    if n_inputs != 1 or n_outputs != 1:
        raise WeightsError(f"{path}: found {n_inputs} inputs and {n_outputs} outputs, {expected}")


def _require_square(path: Path, sides: set[int | None], shape: tuple[int | None, ...]) -> int:
    known = sides - {None}
    if len(known) != 1:
        raise WeightsError(f"{path}: takes images of shape {_describe(shape)}, expected square ones; export it for those.")
    return int(known.pop() or 0)


def _choose_size(path: Path, known: int | None, asked: int | None) -> int:
    if known is None and asked is None:
        raise UsageError(f"{path}: takes images of any size; say which side they get, in pixels, such as backbone: {{input_size: 224}}.")
    if known is not None and asked is not None and known != asked:
        raise UsageError(f"{path}: takes images of {known} x {known} pixels, found input_size: {asked}; leave input_size out.")
    return int(known or asked or 0)


def _choose_frames(path: Path, is_clip: bool, known: int | None, asked: int | None) -> int | None:
    if not is_clip:
        if asked is not None:
            raise UsageError(f"{path}: takes single images, found clip with frames: {asked}; leave clip out.")
        return None
    if known is None and asked is None:
        raise UsageError(f"{path}: takes clips of any length; say how many frames they get, such as backbone: {{clip: {{frames: 16}}}}.")
    if known is not None and asked is not None and known != asked:
        raise UsageError(f"{path}: takes clips of {known} frames, found clip with frames: {asked}; leave frames out.")
    return known or asked


def _describe(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join('?' if length is None else str(length) for length in shape)})"
