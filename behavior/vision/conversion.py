"""Converting a backbone for OpenVINO, once: the converted model stays in a folder, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.compute.child import call_in_child
from behavior.errors import OutputError, WeightsError
from behavior.files.atomic import sync_file, sync_folder, write_text
from behavior.files.claims import claim_file, explain_claim
from behavior.vision import torch_descriptions as descriptions
from behavior.vision.backbones import BackboneSpecification, build_backbone
from behavior.vision.devices import load_openvino
from behavior.vision.engine_request import EngineRequest
from behavior.vision.network_adaptation import adapt_network, require_vectors
from behavior.vision.preprocessing import describe_preprocessing
from behavior.vision.similarity import find_lowest_cosine
from behavior.vision.torch_backbones import build_specified

__all__ = ["Announce", "convert_backbone", "converted_path", "quantize_model"]

Announce = Callable[[str], None]

# To be raised when what is made of equal weights changes.
CONVERSION_VERSION = 1
PACKAGES = ("keras", "openvino")
# How far from PyTorch's own vectors those of a converted network may be.
LOWEST_COSINE = 0.9999
SECONDS_BETWEEN_LOOKS = 0.5
_FULL = "No space left on device"
# All that the streams of OpenVINO say where a file cannot be written, such as on a full disk.
_NOT_WRITTEN = "iostream error"
# TensorFlow would take all memory of a GPU for a conversion that does not compute.
WITHOUT_GPU = {**descriptions.WITHOUT_GPU, "TF_CPP_MIN_LOG_LEVEL": "3"}


def converted_path(request: EngineRequest) -> Path:
    """Return where the converted backbone is in the folder of models, made or not: a name for all that its numbers depend on."""
    specification = request.specification
    settings = {
        "backbone": specification.name,
        "weights": request.identity,
        "input_size": specification.input_size,
        "preprocessing": describe_preprocessing(specification.preprocessing),
        **({} if specification.pooling is None else {"pooling": specification.pooling}),
        **({} if specification.clip is None else {"frames": specification.clip.frames}),
        "conversion": CONVERSION_VERSION,
        # What PyTorch made is kept: it may not be installed any more.
        **({} if specification.torch is not None else {name: version(name) for name in PACKAGES}),
    }
    key = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=5).hexdigest()
    return request.models / f"{specification.name.replace('/', '_')}-{key}.xml"


def convert_backbone(request: EngineRequest, *, announce: Announce) -> Path:
    """Return the .xml file of the converted backbone; it is made in the folder of models, in a process of its own, where it is not whole.

    The model maps float32 RGB images (N, S, S, 3) in 0 to 255 to float32 vectors (N, D), N free, preprocessing included, and keeps
    its weights in float32. Several processes may call this at once: one converts, the others wait for it.

    Raises
    ------
    WeightsError
        If the weights are missing, do not fit, or the network has a part that OpenVINO lacks.
    OutputError
        If the folder of models cannot be written to.
    """
    path = converted_path(request)
    specification, weights = request.specification, request.weights

    def make(target: Path) -> None:
        announce(f"converting {specification.name} for OpenVINO; this is done once")
        call_in_child(_convert, environment=WITHOUT_GPU, specification=specification, weights=weights, target=target)

    _provide(path, make, announce)
    return path


def quantize_model(path: Path, sample: Callable[[], npt.NDArray[np.uint8]], *, announce: Announce) -> Path:
    """Return the .xml file of the int8 model that is made of the converted one at `path`, next to it, once.

    Parameters
    ----------
    sample
        Returns RGB crops (n, S, S, 3) uint8 that are like what the model will see; called only where the model is not there yet.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    """
    quantized = path.with_name(f"{path.stem}-int8{path.suffix}")

    def make(target: Path) -> None:
        crops = sample()
        announce(f"quantising {path.stem} to int8 on {len(crops)} crops; this is done once")
        call_in_child(_quantize, environment=WITHOUT_GPU, source=path, crops=crops, target=target)

    _provide(quantized, make, announce)
    return quantized


def _provide(path: Path, make: Callable[[Path], None], announce: Announce) -> None:
    """Have a whole model at `path`, made by this process or another."""
    is_waiting = False
    while not _is_whole(path):
        with claim_file(path) as mine:
            if mine:
                # Another process may have finished it between the look and the claim.
                if not _is_whole(path):
                    _make_whole(path, make)
                return
        if not is_waiting:
            announce(f"waiting for another process that makes {path.name}: {explain_claim(path)}")
            is_waiting = True
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _make_whole(path: Path, make: Callable[[Path], None]) -> None:
    """Make the model in a folder next to `path` and move its files to their names, the one that vouches for both last."""
    for left in path.parent.glob(f".{path.stem}.*.making"):
        # Whoever holds the claim knows that no other process works on it any more.
        shutil.rmtree(left, ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}.", suffix=".making", dir=path.parent) as folder:
            target = Path(folder) / path.name
            make(target)
            digests = {}
            for suffix in (".bin", ".xml"):
                made = target.with_suffix(suffix)
                digests[suffix] = _digest(made)
                sync_file(made)
                made.replace(path.with_suffix(suffix))
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose a folder with space that you may write to."
        ) from error
    write_text(path.with_suffix(".json"), json.dumps(digests, indent=2) + "\n")


def _is_whole(path: Path) -> bool:
    """Tell whether the two files of the model at `path` hold what was written when they were made."""
    try:
        digests = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return all(_digest(path.with_suffix(suffix)) == digests[suffix] for suffix in (".xml", ".bin"))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _convert(specification: BackboneSpecification, weights: str, target: Path) -> None:
    openvino = load_openvino()
    source = specification.name if specification.file is None else str(specification.file.path)
    if not specification.is_keras:
        network = _convert_torch(specification, target) if specification.torch is not None else adapt_network(specification)
        require_vectors(network, source=source)
        try:
            openvino.save_model(network, target, compress_to_fp16=False)
        except Exception as error:
            raise _explain(error, f"{source}: cannot be converted for OpenVINO", target) from error
        return
    model = build_backbone(specification, weights)
    exported = target.parent / "exported"
    try:
        model.export(str(exported), format="tf_saved_model", verbose=False)
        openvino.save_model(openvino.convert_model(str(exported)), target, compress_to_fp16=False)
    except Exception as error:
        raise _explain(error, f"{specification.name}: cannot be converted for OpenVINO", target) from error
    shutil.rmtree(exported)


def _convert_torch(specification: BackboneSpecification, target: Path) -> Any:
    """Return the OpenVINO model of a network of PyTorch, whose vectors were compared."""
    import torch

    openvino = load_openvino()
    module, shape = build_specified(specification)
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, *shape)).astype(np.float32))
    try:
        with torch.inference_mode():
            expected = module(images).numpy()
            model = openvino.convert_model(module, example_input=images, input=[-1, *shape])
        found = np.asarray(openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(images.numpy())[0])
    except Exception as error:
        raise _explain(error, f"{specification.name}: cannot be converted for OpenVINO", target) from error
    cosine = find_lowest_cosine(found, expected)
    if cosine < LOWEST_COSINE:
        raise WeightsError(
            f"{specification.name}: its vectors in OpenVINO differ from those in PyTorch (cosine {cosine:.5f}); choose another network, or "
            "engine: torch."
        )
    return model


def _quantize(source: Path, crops: npt.NDArray[np.uint8], target: Path) -> None:
    openvino = load_openvino()
    import nncf

    # One image at a time: the ranges that are measured are then those of single images.
    calibration: Any = nncf.Dataset([crop[np.newaxis].astype(np.float32) for crop in crops])
    try:
        model = nncf.quantize(openvino.Core().read_model(source), calibration, subset_size=len(crops), preset=nncf.QuantizationPreset.MIXED)
        openvino.save_model(model, target, compress_to_fp16=False)
    except Exception as error:
        raise _explain(error, f"{source}: cannot be quantised", target) from error


def _explain(error: Exception, complaint: str, target: Path) -> Exception:
    """Return what to raise for an error that one of the libraries has raised."""
    reason = getattr(error, "strerror", None) or str(error).strip().rpartition("\n")[2]
    if isinstance(error, OSError) or _FULL in str(error) or _NOT_WRITTEN in str(error):
        # TensorFlow's own words are about its graph.
        reason = _FULL if _FULL in str(error) else reason
        return OutputError(f"{target.parent.parent}: cannot be written to ({reason}); choose a folder with space that you may write to.")
    return WeightsError(f"{complaint} ({reason}); choose another engine or network.")
