"""A network in a file, made one that an engine runs: from images as bytes would have them to one vector each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.errors import WeightsError
from behavior.vision.backbones import BackboneSpecification
from behavior.vision.devices import load_openvino
from behavior.vision.pooling import plan_pooling, pool_with_openvino
from behavior.vision.preprocessing import GREY_WEIGHTS, find_steps

__all__ = ["adapt_network", "require_vectors"]

# Below, the vector of an image depends on which images are beside it.
_LOWEST_COSINE = 0.999
_ADVICE = "export it with a first axis that is free"


def adapt_network(specification: BackboneSpecification) -> Any:
    """Return the OpenVINO model of a network in an .onnx or .xml file.

    It maps float32 RGB images (N, S, S, 3), or clips (N, F, S, S, 3), in 0 to 255 to float32 vectors (N, D), N free, preprocessing and
    pooling included.

    Raises
    ------
    WeightsError
        If the file is not such a network.
    """
    file = specification.file
    assert file is not None
    openvino = load_openvino()
    opset13 = openvino.opset13
    try:
        model = openvino.Core().read_model(file.path)
    except Exception as error:
        # OpenVINO raises whatever a damaged file leads it to.
        raise WeightsError(f"{file.path}: OpenVINO cannot read this network ({_take_reason(error)}); export it again.") from error
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        found = f"found {len(model.inputs)} inputs and {len(model.outputs)} outputs"
        raise WeightsError(f"{file.path}: {found}, expected one of each; export the network with one input and one output.")
    lengths = {"N": -1, "F": file.n_frames, "C": file.n_channels, "H": file.input_size, "W": file.input_size}
    try:
        model.reshape(openvino.PartialShape([lengths[axis] for axis in file.layout]))
    except Exception as error:
        raise WeightsError(f"{file.path}: takes no batches of any number of images ({_take_reason(error)}); {_ADVICE}.") from error
    parameter = model.get_parameters()[0]
    output = model.output(0)
    shape = None
    if output.partial_shape.rank.is_static:
        shape = tuple(length.get_length() if length.is_static else None for length in output.partial_shape)
    plan = plan_pooling(
        shape,
        specification.pooling,
        channels_first=file.channels_first,
        input_size=file.input_size,
        n_frames=file.n_frames,
        source=str(file.path),
    )
    image = opset13.parameter([-1, *specification.input_shape], np.float32, name="image")
    prepared = opset13.convert(_prepare(image, specification, opset13), parameter.get_element_type().to_string())
    for target in parameter.output(0).get_target_inputs():
        target.replace_source_output(prepared.output(0))
    source = model.get_results()[0].input_value(0)
    vectors = opset13.convert(pool_with_openvino(source, plan, opset13), "f32")
    adapted = openvino.Model([opset13.result(vectors)], [image], specification.name)
    adapted.validate_nodes_and_infer_types()
    return adapted


def _prepare(image: Any, specification: BackboneSpecification, opset: Any) -> Any:
    """Return the node of preprocessed images, in the layout of the network's input."""
    assert specification.file is not None
    if specification.n_channels == 1:
        grey = opset.multiply(image, opset.constant(np.array(GREY_WEIGHTS, dtype=np.float32)))
        image = opset.reduce_sum(grey, opset.constant([-1]), keep_dims=True)
    is_reversed, mean, spread = find_steps(specification.preprocessing)
    if is_reversed:
        image = opset.gather(image, opset.constant([2, 1, 0]), opset.constant(-1))
    if specification.preprocessing != "raw":
        n_colors = specification.n_channels
        image = opset.divide(opset.subtract(image, opset.constant(mean[:n_colors])), opset.constant(spread[:n_colors]))
    layout = specification.file.layout
    order = [("NFHWC" if "F" in layout else "NHWC").index(axis) for axis in layout]
    return image if order == sorted(order) else opset.transpose(image, opset.constant(order))


def require_vectors(model: Any, *, source: str) -> None:
    """Raise WeightsError unless an OpenVINO model gives every image a finite vector of one length, whatever images are beside it.

    Parameters
    ----------
    model
        From float32 images (N, ..., 3), N free.
    source
        What begins the sentence of an error.
    """
    shape = [2, *(length.get_length() for length in list(model.input(0).partial_shape)[1:])]
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    try:
        compiled = load_openvino().Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        together = np.asarray(compiled(images)[0])
        alone = [np.asarray(compiled(image[np.newaxis])[0]) for image in images]
    except Exception as error:
        raise WeightsError(f"{source}: cannot be run on two images ({_take_reason(error)}); {_ADVICE}.") from error
    if together.ndim != 2 or len(together) != 2 or any(one.shape != (1, together.shape[1]) for one in alone):
        raise WeightsError(f"{source}: gives an array of shape {together.shape} for two images, expected one vector each; {_ADVICE}.")
    if not np.isfinite(together).all():
        raise WeightsError(f"{source}: gives vectors that are not all finite numbers; check its weights and preprocessing.")
    if min(_find_cosine(*pair) for pair in zip(together, np.concatenate(alone), strict=True)) < _LOWEST_COSINE:
        raise WeightsError(
            f"{source}: gives an image another vector where another is beside it; export it for inference (`model.eval()` in PyTorch)."
        )


def _find_cosine(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / lengths if lengths else float(first.any() == second.any())


def _take_reason(error: Exception) -> str:
    """Return the last line of what a library says."""
    return (str(error).strip().rpartition("\n")[2] or type(error).__name__)[:200]
