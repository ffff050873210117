"""Whether a model is one of a study: told by its description alone, so that nothing heavy is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.config import Study
from behavior.errors import ModelError
from behavior.files.model_bundle import BundleDescription

__all__ = ["require_own_model"]


def require_own_model(description: BundleDescription, behaviors: Sequence[str], study: Study | None, *, folder: Path) -> None:
    """Raise ModelError unless a model predicts behaviors of the study, and from features that the study has.

    Parameters
    ----------
    behaviors
        Of the study.
    study
        Its settings; None where there is no study file yet, and any features will do.
    folder
        Of the model, for the sentence.
    """
    others = [name for name in description.behaviors if name not in behaviors]
    if others:
        raise ModelError(
            f"{folder}: is a model of another study: it predicts {', '.join(others)}, which is not among the behaviors of this one "
            f"({', '.join(behaviors)}); give a model that was trained on them."
        )
    if study is None:
        return
    crop, own = description.crop, study.crop
    if crop is not None and own is not None:
        differing = [
            name
            for name in ("body_parts", "size", "whole_frame", "egocentric", "body_axis")
            if _fold(getattr(crop, name)) != _fold(getattr(own, name))
        ]
        if differing:
            found, expected = (", ".join(f"{name} {_show(getattr(one, name))}" for name in differing) for one in (crop, own))
            raise ModelError(
                f"{folder}: its features are of another crop ({found}) than those of this study ({expected}); give a model that was "
                "trained on this study's crop."
            )
    streams = {stream.name for member in description.members for stream in member.streams}
    if missing := sorted(streams - set(study.streams)):
        raise ModelError(
            f"{folder}: works on {', '.join(missing)}, which is not among the streams of this study ({', '.join(study.streams)}); give a "
            "model that was trained on them."
        )


def _fold(value: object) -> object:
    """Return a value as it is compared: names without case."""
    return tuple(str(one).casefold() for one in value) if isinstance(value, tuple) else value


def _show(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, tuple) else str(value)
