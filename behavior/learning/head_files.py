"""The files of a bundle's models, by the kind of head."""

from __future__ import annotations

from pathlib import Path

from behavior.errors import ModelError
from behavior.files.model_bundle import MemberDescription
from behavior.sequence.contracts import FrameModel
from behavior.sequence.heads import load_head, save_head
from behavior.sequence.windowed_network import WindowedNetwork

__all__ = ["open_head", "save_model"]

_ADVICE = "copy the whole folder of the model again"


def save_model(model: FrameModel, path: Path) -> None:
    """Write a trained model to `path`, as its kind is kept."""
    if not isinstance(model, WindowedNetwork):
        raise TypeError(f"there is no kind of file for a {type(model).__name__}")
    save_head(model.network, path)


def open_head(description: MemberDescription, path: Path) -> FrameModel:
    """Return the model in the file at `path`, which `description` is about; nothing in the file is run.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or holds something else than the kind of head that is described.
    """
    network = load_head(path)
    try:
        return WindowedNetwork(network, description.window_length)
    except ValueError as problem:
        raise ModelError(f"{path}: is no network over windows ({problem}); {_ADVICE}.") from None
