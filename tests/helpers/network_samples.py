"""Small networks in files of ONNX and of OpenVINO, whose vectors NumPy can compute, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from behavior.vision.devices import load_openvino

SIDE, PATCH, N_FEATURES = 16, 8, 6
KERNEL = np.random.default_rng(7).normal(size=(N_FEATURES, 3, PATCH, PATCH)).astype(np.float32)
Shape = Sequence[int | str]


def compute_tokens(images: np.ndarray, kernel: np.ndarray = KERNEL) -> np.ndarray:
    """Return what the networks say of the patches of images (N, 3, S, S): (N, P, D), in the order of rows of the image."""
    n_images, n_channels, side, _ = images.shape
    n_side = side // PATCH
    patches = images.reshape(n_images, n_channels, n_side, PATCH, n_side, PATCH)
    return np.einsum("ncaibj,dcij->nabd", patches, kernel).reshape(n_images, n_side**2, -1)


def write_openvino(
    path: Path,
    *,
    layout: str = "NCHW",
    side: int = SIDE,
    n_images: int = -1,
    ending: str = "vector",
    n_first: int = 1,
    fill: float | None = None,
) -> Path:
    """Write a network from images to what `ending` says: a vector, tokens, a map, or nothing that depends on the image but its number.

    Tokens are those of patches, after the largest of each feature over all patches, `n_first` times.
    """
    openvino = load_openvino()
    from openvino import opset13 as opset

    lengths = {"N": n_images, "C": 3, "H": side, "W": side}
    image = opset.parameter([lengths[axis] for axis in layout], np.float32, name="image")
    images = image if layout == "NCHW" else opset.transpose(image, opset.constant([0, 3, 1, 2]))
    kernel = KERNEL if fill is None else np.full_like(KERNEL, fill)
    features = opset.convolution(images, opset.constant(kernel), [PATCH, PATCH], [0, 0], [0, 0], [1, 1])
    flat = opset.reshape(features, opset.constant([0, N_FEATURES, -1]), special_zero=True)
    tokens = opset.transpose(flat, opset.constant([0, 2, 1]))
    largest = opset.reduce_max(tokens, opset.constant([1]), keep_dims=True)
    results = {
        "vector": [opset.reduce_mean(tokens, opset.constant([1]), keep_dims=False)],
        "tokens": [opset.concat([*[largest] * n_first, tokens], axis=1)],
        "map": [features if layout == "NCHW" else opset.transpose(features, opset.constant([0, 2, 3, 1]))],
        "sum": [opset.reduce_mean(tokens, opset.constant([0]), keep_dims=False)],
        "two": [tokens, largest],
        # Each image less the mean of the batch, as a network in training mode has it.
        "batch": [
            opset.reduce_mean(
                opset.subtract(tokens, opset.reduce_mean(tokens, opset.constant([0]), keep_dims=True)), opset.constant([1]), False
            )
        ],
    }[ending]
    openvino.save_model(openvino.Model([opset.result(one) for one in results], [image], "sample"), path, compress_to_fp16=False)
    return path


# A protocol buffer is a list of fields: a number and a kind, then a number, or a length and bytes.


def encode_number(value: int) -> bytes:
    """Return a number as a protocol buffer has it."""
    done = bytearray()
    while value >= 128:
        done.append(value % 128 + 128)
        value //= 128
    return bytes([*done, value])


def encode_field(number: int, value: int | bytes | str) -> bytes:
    """Return a field of a protocol buffer."""
    if isinstance(value, int):
        return encode_number(number << 3) + encode_number(value)
    content = value.encode() if isinstance(value, str) else value
    return encode_number(number << 3 | 2) + encode_number(len(content)) + content


def encode_array(name: str, shape: Shape | None) -> bytes:
    """Return a `ValueInfoProto` of float32; a length that is a text is a free one."""
    lengths = b"" if shape is None else b"".join(encode_field(1, encode_field(1 if isinstance(one, int) else 2, one)) for one in shape)
    tensor = encode_field(1, 1) + (b"" if shape is None else encode_field(2, lengths))
    return encode_field(1, name) + encode_field(2, encode_field(1, tensor))


def encode_tensor(name: str, values: np.ndarray, external: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return a `TensorProto` of float32 or int64, its values in itself or, with entries such as ("location", "w.bin"), in a file."""
    kind = {"float32": 1, "int64": 7}[values.dtype.name]
    described = b"".join(encode_field(1, length) for length in values.shape) + encode_field(2, kind) + encode_field(8, name)
    entries = list(external)
    if not entries:
        return described + encode_field(9, values.tobytes())
    return (
        described + b"".join(encode_field(13, encode_field(1, key) + encode_field(2, text)) for key, text in entries) + encode_field(14, 1)
    )


def encode_node(kind: str, inputs: Sequence[str], outputs: Sequence[str], attributes: bytes = b"") -> bytes:
    """Return a `NodeProto`."""
    return (
        b"".join(encode_field(1, one) for one in inputs)
        + b"".join(encode_field(2, one) for one in outputs)
        + encode_field(4, kind)
        + attributes
    )


def encode_model(graph: bytes, *more: bytes) -> bytes:
    """Return a `ModelProto` of opset 13."""
    return encode_field(1, 8) + encode_field(7, graph) + encode_field(8, encode_field(1, "") + encode_field(2, 13)) + b"".join(more)


def write_onnx(path: Path, *, shape: Shape = ("N", 3, SIDE, SIDE), external: Iterable[tuple[str, str]] = (), extra: bytes = b"") -> Path:
    """Write a network from images to the mean of the tokens of their patches; `extra` is put at the end of its graph."""
    strides = encode_field(1, "strides") + b"".join(encode_field(8, PATCH) for _ in range(2)) + encode_field(20, 7)
    graph = b"".join(
        [
            encode_field(1, encode_node("Conv", ["image", "kernel"], ["features"], encode_field(5, strides))),
            encode_field(1, encode_node("GlobalAveragePool", ["features"], ["pooled"])),
            encode_field(1, encode_node("Flatten", ["pooled"], ["vector"])),
            encode_field(2, "sample"),
            encode_field(5, encode_tensor("kernel", KERNEL, external)),
            encode_field(11, encode_array("image", shape)),
            # As older exporters write it: the weights are among the inputs.
            encode_field(11, encode_array("kernel", KERNEL.shape)),
            encode_field(12, encode_array("vector", ("N", N_FEATURES))),
            extra,
        ]
    )
    path.write_bytes(encode_model(graph))
    return path


def write_clip_network(path: Path, *, layout: str = "NFCHW", n_frames: int = 4, side: int = 8, pick: int = 0) -> Path:
    """Write a network on clips whose vector is the mean red, green and blue of the frame at place `pick` of the clip."""
    openvino = load_openvino()
    from openvino import opset13 as opset

    lengths = {"N": -1, "F": n_frames, "C": 3, "H": side, "W": side}
    clip = opset.parameter([lengths[axis] for axis in layout], np.float32, name="clip")
    frame = opset.gather(clip, opset.constant(pick), opset.constant(layout.index("F")))
    rest = layout.replace("F", "")
    colors = opset.reduce_mean(frame, opset.constant([rest.index("H"), rest.index("W")]), keep_dims=False)
    openvino.save_model(openvino.Model([opset.result(colors)], [clip], "clips"), path, compress_to_fp16=False)
    return path
