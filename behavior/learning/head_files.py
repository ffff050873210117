"""The files of a bundle's models, by the kind of head."""

from __future__ import annotations

from pathlib import Path

from behavior.compute.loading import load_keras
from behavior.config import BoostingHead, HeadSettings
from behavior.errors import ModelError
from behavior.files.model_arrays import read_model_arrays, write_model_arrays
from behavior.files.model_bundle import MemberDescription
from behavior.files.opening import explain_damage
from behavior.sequence.boosted_trees import TREE_DTYPES, BoostedTrees
from behavior.sequence.contracts import FrameModel
from behavior.sequence.windowed_network import WindowedNetwork

__all__ = ["name_suffix", "open_head", "save_model"]

# Settings of a head that are used before its network is built, or in training alone.
_NOT_OF_A_NETWORK = {"share", "smoothing"}
_TREES = "the trees of a model"
_ADVICE = "copy the whole folder of the model again"


def name_suffix(head: HeadSettings) -> str:
    """Return what the names of files with trained models of this kind end in."""
    return ".trees.npz" if isinstance(head, BoostingHead) else ".keras"


def save_model(model: FrameModel, path: Path) -> None:
    """Write a trained model to `path`, as its kind is kept."""
    if isinstance(model, BoostedTrees):
        write_model_arrays(path, dict(zip(TREE_DTYPES, model.to_arrays(), strict=True)))
    elif isinstance(model, WindowedNetwork):
        load_keras()
        from behavior.sequence.heads import save_head

        save_head(model.network, path)
    else:
        raise TypeError(f"found a {type(model).__name__}, expected BoostedTrees or a WindowedNetwork")


def open_head(description: MemberDescription, path: Path) -> FrameModel:
    """Return the model in the file at `path`, which `description` is about; nothing in the file is run.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or holds something else than the kind of head that is described.
    """
    if description.window_length is None:
        arrays = read_model_arrays(path, TREE_DTYPES, expected=_TREES)
        with explain_damage(path, error=ModelError, expected=_TREES, advice=_ADVICE):
            return BoostedTrees.from_arrays([arrays[name] for name in TREE_DTYPES])
    load_keras()
    from behavior.sequence.heads import find_steps, load_head

    network = load_head(path)
    try:
        return WindowedNetwork(network, description.window_length, find_steps(**description.head.model_dump(exclude=_NOT_OF_A_NETWORK)))
    except ValueError as problem:
        raise ModelError(f"{path}: is no network over windows ({problem}); {_ADVICE}.") from None
