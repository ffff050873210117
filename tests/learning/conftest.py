"""Learning data, studies and models in memory, for tests that need no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from behavior.config import LstmHead, Postprocess, Study
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import BundleDescription, MemberDescription, StreamDescription, TrainingRecord
from behavior.learning.learning_data import LearningData
from behavior.learning.opened_model import OpenedMember, OpenedModel
from behavior.learning.recording_features import RecordingFeatures
from behavior.recording import Labels, Recording
from behavior.sequence.windowed_network import WindowedNetwork

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
            features=tuple(
                RecordingFeatures(
                    given[name], np.arange(len(given[name])) / FPS, FPS, (describe_stream(n_features=given[name].shape[1]),), False
                )
                for name in values
            ),
            labels=tuple(Labels(shown, tuple(behaviors)) for shown in values.values()),
            behaviors=tuple(behaviors),
        )

    return make


def describe_stream(name: str = "motifs", n_features: int = 2, **settings: Any) -> StreamDescription:
    return StreamDescription(name=name, signature=Signature(name, settings).text, n_features=n_features)


@pytest.fixture
def make_bundle() -> Callable[..., BundleDescription]:
    """Describe a model with a member for each of some lists of behaviors, all on the imported stream motifs; changes by name."""

    def make(*members: Sequence[str], streams: Sequence[StreamDescription] = (), **changes: Any) -> BundleDescription:
        described = [
            MemberDescription(
                file=f"{number}.keras",
                behaviors=list(names),
                streams=list(streams) or [describe_stream()],
                window_length=20,
                head=LstmHead(layers=1, units=4),
                **changes.pop(f"member_{number}", {}),
            )
            for number, names in enumerate(members)
        ]
        content: dict[str, Any] = {
            "behaviors": list(BEHAVIORS),
            "members": described,
            "fps": FPS,
            "postprocess": Postprocess(),
            "training": TrainingRecord(
                recordings=["trained"], watched={}, stopping="", epochs={}, seed=0, skipped={}, test_average_precision={}
            ),
            "versions": {},
        }
        return BundleDescription(**content | changes)

    return make


class EchoNetwork:
    """A network that predicts the first columns of its input."""

    def __init__(self, n_outputs: int) -> None:
        self.n_outputs = n_outputs
        self.input_shape, self.output_shape = (None, None, 2), (None, None, n_outputs)

    def predict_on_batch(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return windows[..., : self.n_outputs]


@pytest.fixture
def make_model() -> Callable[..., OpenedModel]:
    """Open a described bundle whose networks echo their input, so that probabilities are known."""

    def make(bundle: BundleDescription, **changes: Any) -> OpenedModel:
        members = tuple(
            OpenedMember(member, WindowedNetwork(EchoNetwork(len(member.behaviors)), member.window_length), None)
            for member in bundle.members
        )
        model = OpenedModel(Path("/lab/model"), bundle, "hash", bundle.crop, members, None, ())
        return replace(model, **changes)

    return make
