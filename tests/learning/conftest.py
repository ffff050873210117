"""Learning data and studies in memory, for tests that need no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from behavior.config import Study
from behavior.learning.learning_data import LearningData, RecordingFeatures
from behavior.recording import Labels, Recording

FPS = 10.0
BEHAVIORS = ("rear", "jump")


@pytest.fixture
def make_study() -> Callable[..., Study]:
    """Make a study of the behaviors rear and jump on the imported stream motifs; further sections as in a study file."""

    def make(**sections: Any) -> Study:
        return Study.model_validate({"behaviors": list(BEHAVIORS), "streams": ["motifs"], **sections})

    return make


@pytest.fixture
def make_data() -> Callable[..., LearningData]:
    """Make learning data of labels (T, B) by recording.

    `animals` has a letter for each recording; without it each is an animal of its own. Features (T, D) are 0 where none are given.
    """

    def make(
        labels: Mapping[str, npt.ArrayLike],
        *,
        animals: str = "",
        features: Mapping[str, npt.NDArray[np.floating]] | None = None,
        behaviors: Sequence[str] = BEHAVIORS,
    ) -> LearningData:
        values = {name: np.asarray(shown, dtype=np.int8) for name, shown in labels.items()}
        given = features or {name: np.zeros((len(shown), 3), dtype=np.float32) for name, shown in values.items()}
        return LearningData(
            recordings=tuple(Recording(name, animal=animals[number] if animals else name) for number, name in enumerate(values)),
            features=tuple(RecordingFeatures(given[name], np.arange(len(given[name])) / FPS, FPS, (), False) for name in values),
            labels=tuple(Labels(shown, tuple(behaviors)) for shown in values.values()),
            behaviors=tuple(behaviors),
        )

    return make
