"""Networks in `.keras` files of anybody: nothing in them is run, and no more is unpacked or built than the file has weights for."""

from __future__ import annotations

import json
import math
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from behavior.errors import BehaviorError
from behavior.files.opening import explain_damage, require_regular_file

__all__ = ["load_network", "read_member", "read_network_config", "refusing_missing_weights", "require_finite_weights"]

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.weights.h5"
# Those of the largest networks have a few.
MOST_TEXT_BYTES = 64 * 2**20
MOST_BYTES = 32 * 2**30
# Keras stores weights as they are; packed by somebody else they hardly get smaller.
MOST_EXPANSION = 20
_EXPECTED = "a .keras file"


@contextmanager
def _open_archive(path: Path, *, error: type[BehaviorError], advice: str) -> Iterator[zipfile.ZipFile]:
    n_bytes = require_regular_file(path, error=error, expected=_EXPECTED, advice=advice)
    with explain_damage(path, error=error, expected=_EXPECTED, advice=advice), zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > min(MOST_BYTES, MOST_EXPANSION * n_bytes + MOST_TEXT_BYTES):
            raise ValueError(f"it unpacks to {unpacked / 2**20:,.0f} MiB from {n_bytes / 2**20:,.1f}")
        yield archive


def read_member(path: Path, name: str, *, error: type[BehaviorError], advice: str) -> Any:
    """Return what the JSON file `name` in the archive at `path` says; None where the archive has no such file.

    Raises
    ------
    BehaviorError
        Of the type `error`, if the archive or the file in it cannot be read, or is larger than any such file.
    """
    with _open_archive(path, error=error, advice=advice) as archive:
        if name not in archive.namelist():
            return None
        entry = archive.getinfo(name)
        if entry.file_size > MOST_TEXT_BYTES:
            raise ValueError(f"{name} has {entry.file_size / 2**20:,.0f} MiB, expected at most {MOST_TEXT_BYTES >> 20}")
        return json.loads(archive.read(entry))


def read_network_config(path: Path, *, error: type[BehaviorError], advice: str) -> dict[str, Any]:
    """Return what the `.keras` file at `path` says of its network, without loading Keras.

    Raises
    ------
    BehaviorError
        Of the type `error`, in a sentence that ends with `advice`, if the file is missing, or is not a `.keras` file.
    """
    config = read_member(path, CONFIG_FILE, error=error, advice=advice)
    with _open_archive(path, error=error, advice=advice) as archive:
        archive.getinfo(WEIGHTS_FILE)
        if not isinstance(config, dict) or not isinstance(config.get("config"), dict) or not isinstance(config.get("class_name"), str):
            raise ValueError(f"{CONFIG_FILE} describes no network")
    return config


def load_network(path: Path, *, custom_objects: Mapping[str, Any], error: type[BehaviorError], advice: str) -> Any:
    """Return the Keras model in the `.keras` file at `path`; no code in the file is run.

    Parameters
    ----------
    custom_objects
        Classes of layers by name, beside Keras's own.

    Raises
    ------
    BehaviorError
        Of the type `error`, in a sentence that ends with `advice`, if the file is missing, damaged, asks for code of its own, has
        weights that are not finite, or asks for more weights than it holds.
    """
    config = read_network_config(path, error=error, advice=advice)
    with _open_archive(path, error=error, advice=advice) as archive:
        n_bytes = archive.getinfo(WEIGHTS_FILE).file_size
    import keras

    try:
        n_weights = _count_weights(config, custom_objects)
        if n_weights > n_bytes:
            raise ValueError(f"it asks for {n_weights:,} weights and holds {n_bytes:,} bytes of them")
        with refusing_missing_weights():
            network = keras.models.load_model(path, custom_objects=dict(custom_objects), compile=False, safe_mode=True)
    except Exception as problem:
        # Keras raises whatever a layer raises that it makes from the file.
        reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:200]
        raise error(f"{path}: this is not a model that can be loaded safely ({reason}); {advice}.") from problem
    require_finite_weights(network, path, error=error, advice=advice)
    return network


@contextmanager
def refusing_missing_weights() -> Iterator[None]:
    """Have Keras raise a warning where a file lacks weights that it would then draw at random, while the block runs."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="(?s).*(freshly-initialized|no matching group found|could not be loaded)")
        yield


def require_finite_weights(network: Any, path: Path, *, error: type[BehaviorError], advice: str) -> None:
    """Raise `error` if a weight of the Keras model `network`, which are from the file at `path`, is not a finite number."""
    from keras import ops

    for weight in network.weights:
        if "float" in str(weight.dtype) and not bool(ops.all(ops.isfinite(weight))):
            raise error(f"{path}: its weights {weight.path} are not all numbers, expected finite ones; {advice}.")


def _count_weights(config: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> int:
    """Return how many numbers the weights of a network have, which is built for this without them."""
    import keras
    from keras.src.backend.common import global_state

    waiting = "uninitialized_variables"
    before = list(global_state.get_global_attribute(waiting, []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            network = keras.saving.deserialize_keras_object(dict(config), custom_objects=dict(custom_objects), safe_mode=True)
            return sum(math.prod(variable.shape) for variable in network.variables)
    finally:
        # Keras would make them with the next network.
        global_state.set_global_attribute(waiting, before)
