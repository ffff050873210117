"""What labels lack before a model can be trained on them, and how much of a study is labelled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from behavior.errors import LabelError
from behavior.learning.learning_data import LearningData
from behavior.recording import Labels
from behavior.sequence.weighting import count_classes

__all__ = ["count_labelled_minutes", "list_needs", "require_enough_labels"]


def list_needs(labels: Iterable[Labels], behaviors: Sequence[str]) -> dict[str, str]:
    """Return what is missing to train on each behavior, by name; behaviors that lack nothing are left out.

    >>> import numpy as np
    >>> list_needs([Labels(np.array([[1, 1], [0, 1], [-1, -1]], dtype=np.int8), ("groom", "rear"))], ["groom", "rear"])
    {'rear': 'every frame that is labelled has rear; label some without it'}
    """
    values = [one.values for one in labels]
    needs: dict[str, str] = {}
    for column, name in enumerate(behaviors):
        negative, positive = count_classes([one[:, column] for one in values])
        if not positive:
            needs[name] = f"{name} has no bout yet"
        elif not negative:
            needs[name] = f"every frame that is labelled has {name}; label some without it"
    return needs


def require_enough_labels(needs: dict[str, str], behaviors: Sequence[str]) -> None:
    """Raise LabelError, with what `list_needs` found, if no behavior can be trained."""
    if set(behaviors) <= set(needs):
        raise LabelError(
            f"too few labels to train on: {'; '.join(needs.values())}. Label at least one bout of a behavior, and some frames without it."
        )


def count_labelled_minutes(data: LearningData) -> float:
    """Return how many minutes of the recordings are labelled, for whichever behavior."""
    seconds = [
        float((labels.values >= 0).any(axis=1).sum()) / features.fps for labels, features in zip(data.labels, data.features, strict=True)
    ]
    return sum(seconds) / 60
