"""What the tests of several heads ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

N_FEATURES = 3


def draw(*shape: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def draw_weights(model: Any, seed: int) -> list[npt.NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    values = []
    for weight in model.weights:
        drawn = 0.4 * rng.normal(size=weight.shape).astype(np.float32)
        values.append(np.abs(drawn) + 0.5 if "variance" in weight.path else drawn + (1.0 if weight.path.endswith("gamma") else 0.0))
    return values


@pytest.fixture(name="draw", scope="session")
def _draw() -> Callable[..., npt.NDArray[np.float32]]:
    """Draw float32 values of a shape from a seed."""
    return draw


@pytest.fixture(name="draw_weights", scope="session")
def _draw_weights() -> Callable[[Any, int], list[npt.NDArray[np.float32]]]:
    """Draw weights for a model none of which is what a new model starts with, spreads above zero."""
    return draw_weights


@pytest.fixture
def find_reach() -> Callable[..., tuple[int, int]]:
    """Find how many frames before and after a frame a change of its features is felt, by any of some drawn models."""
    from behavior.sequence.heads import build_head

    def find(settings: Mapping[str, Any], *, length: int = 64, at: int = 30) -> tuple[int, int]:
        model = build_head(n_features=N_FEATURES, dropout=0.0, n_outputs=2, **settings)
        windows = draw(8, length, N_FEATURES)
        changed = windows.copy()
        changed[:, at] += 3.0
        is_felt = np.zeros(length, dtype=bool)
        for seed in range(3):
            model.set_weights(draw_weights(model, seed))
            is_felt |= (np.asarray(model(windows)) != np.asarray(model(changed))).any(axis=(0, 2))
        (frames,) = np.nonzero(is_felt)
        return at - frames[0], frames[-1] - at

    return find
