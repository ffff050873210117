"""What is known of networks of PyTorch, kept in the folder of models, so that PyTorch is needed once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from behavior.compute.child import call_in_child
from behavior.errors import UsageError, WeightsError
from behavior.files.atomic import make_folder, write_text
from behavior.files.opening import read_text
from behavior.vision.torch_networks import (
    LIBRARIES,
    NAMED_WEIGHTS,
    TIMM,
    WEIGHTS_SUFFIX,
    TorchDescription,
    TorchNetwork,
    describe_torch_network,
    require_library,
)

__all__ = ["WITHOUT_GPU", "find_description", "find_downloaded", "make_description", "name_network", "split_name"]

# To be raised when what is found of equal networks changes.
_VERSION = 1
_MOST_BYTES = 2**16
# Nothing here computes, no library tells its makers, and each says errors without colors.
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_DESCRIPTION = TypeAdapter(TorchDescription)


def split_name(name: str) -> tuple[str, str] | None:
    """Return the library and the network that a backbone's name names; None for a backbone of none of these libraries.

    >>> split_name("timm/resnet50.a1_in1k")
    ('timm', 'resnet50.a1_in1k')
    >>> split_name("resnet50v2")
    """
    library, _, rest = name.partition("/")
    return (library, rest) if library in LIBRARIES and rest else None


def find_downloaded(name: str) -> Path | None:
    """Return the folder in which the hub's library keeps the downloaded files of a backbone; None where there are none."""
    library, rest = split_name(name) or ("", "")
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    repository = f"timm/{rest}" if library == TIMM else rest
    folder = hub / f"models--{repository.replace('/', '--')}"
    # A download that was broken off leaves the folder without a snapshot.
    return folder if any(folder.glob("snapshots/*/*.safetensors")) else None


def name_network(name: str, weights: str, *, input_size: int | None = None, n_frames: int | None = None) -> TorchNetwork:
    """Return the network that a study file names.

    Raises
    ------
    UsageError
        If its weights are of a kind that the library is not given.
    WeightsError
        If a file of its weights is missing.
    """
    library, rest = split_name(name) or ("", "")
    if weights in NAMED_WEIGHTS or library == "":
        return TorchNetwork(library, rest, weights, input_size, n_frames)
    path = Path(weights)
    if library == TIMM:
        if path.suffix.lower() != WEIGHTS_SUFFIX:
            raise UsageError(
                f"backbone {name}: found weights: {weights}, expected pretrained, random or the path of a {WEIGHTS_SUFFIX} file (other "
                "files of PyTorch can hold programs)."
            )
        if not path.is_file():
            raise WeightsError(f"{path}: no such weights file; give pretrained, or the path of a {WEIGHTS_SUFFIX} file that is there.")
    else:
        for file in (path / "config.json", path / f"model{WEIGHTS_SUFFIX}"):
            if not file.is_file():
                raise WeightsError(
                    f"{file}: no such file; give weights: pretrained, or the path of a folder with config.json, preprocessor_config.json "
                    f"and model{WEIGHTS_SUFFIX}."
                )
    return TorchNetwork(library, rest, weights, input_size, n_frames)


def find_description(network: TorchNetwork, models: Path, *, hash_file: Callable[[Path], str]) -> TorchDescription | None:
    """Return what is known of a network; None where it was not built yet, so that nothing is.

    Raises
    ------
    WeightsError
        If the file that keeps it is damaged.
    """
    path = _locate(network, models, hash_file)
    if not path.is_file():
        return None
    advice = "delete it, and it is made again"
    text = read_text(path, most_bytes=_MOST_BYTES, error=WeightsError, expected="what is known of a network", advice=advice)
    try:
        return _DESCRIPTION.validate_python(json.loads(text))
    except (ValueError, ValidationError) as error:
        raise WeightsError(f"{path}: does not say what is known of {network.title}; {advice}.") from error


def make_description(
    network: TorchNetwork, models: Path, *, hash_file: Callable[[Path], str], announce: Callable[[str], None]
) -> TorchDescription:
    """Return what is known of a network, which is built for that in a process of its own where it was not yet.

    Raises
    ------
    UsageError
        If its library has no such network, or is not installed.
    WeightsError
        If its weights are missing, cannot be downloaded, or are of another network.
    """
    description = find_description(network, models, hash_file=hash_file)
    if description is None:
        require_library(network)
        announce(f"looking at {network.title}; this is done once")
        description = call_in_child(describe_torch_network, environment=WITHOUT_GPU, network=network)
        make_folder(models)
        write_text(_locate(network, models, hash_file), json.dumps(asdict(description), indent=2) + "\n")
    return description


def _locate(network: TorchNetwork, models: Path, hash_file: Callable[[Path], str]) -> Path:
    settings = asdict(network) | {"version": _VERSION}
    if network.weights not in NAMED_WEIGHTS:
        path = Path(network.weights)
        files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.suffix in (".json", WEIGHTS_SUFFIX))
        settings["weights"] = [hash_file(file) for file in files]
    key = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=5).hexdigest()
    return models / f"{network.title.replace('/', '_')}-{key}.network.json"
