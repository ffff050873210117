"""Recordings whose statistics are known by construction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from behavior.config import Arena
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities, Recording
from behavior.reporting.description import DescribedRecording, Description
from behavior.reporting.statistics_tables import compare_recordings, tabulate_recordings

FPS = 10
N_FRAMES = 300
BEHAVIORS = ("groom", "rear")


def describe_recording(
    name: str, n_bouts: int = 1, *, group: str = "", animal: str = "", is_labelled: bool = False, is_tracked: bool = False, **said: object
) -> DescribedRecording:
    """A recording of half a minute with bouts of grooming of a second, 4 s apart from 1 s on; nobody rears.

    People saw every bout half a second late, and nothing of the last ten seconds. The animal goes from the left to the right of a square
    of 100 pixels, along its middle.
    """
    shown = np.zeros((N_FRAMES, 2), dtype=bool)
    for bout in range(n_bouts):
        shown[40 * bout + 10 : 40 * bout + 20, 0] = True
    time_s = np.arange(N_FRAMES) / FPS
    ethogram = Ethogram(shown, BEHAVIORS, time_s)
    probabilities = Probabilities(np.where(shown, 0.9, 0.1).astype(np.float32), BEHAVIORS, time_s)
    seen = np.roll(shown, 5, axis=0).astype(np.int8)
    seen[200:] = -1
    positions = np.column_stack((np.linspace(0.5, 99.5, N_FRAMES), np.full(N_FRAMES, 50.0)))
    return DescribedRecording(
        Annotation(name, probabilities, ethogram, ethogram, Provenance.model_validate({"fps": FPS, **said})),
        Recording(name, group=group, animal=animal),
        {"": Labels(seen, BEHAVIORS)} if is_labelled else {},
        positions if is_tracked else None,
    )


@pytest.fixture
def make_recording() -> Callable[..., DescribedRecording]:
    return describe_recording


@pytest.fixture
def make_description() -> Callable[..., Description]:
    """Describe recordings, and compare their groups where they have some."""

    def make(
        recordings: Sequence[DescribedRecording], *, arena: Arena | None = None, bin_s: float | None = None, **rest: Any
    ) -> Description:
        of_labels = rest.get("of_labels", False)
        tables = tabulate_recordings(recordings, arena or Arena(), bin_s=bin_s, of_labels=of_labels)
        if any(recording.group for recording in recordings):
            groups = compare_recordings(tables, recordings, "holm")
            tables = type(tables)(tables.bouts, tables.transitions, tables.zones, groups)
        return Description(tables, recordings, bin_s, arena or Arena(), ("body",), **rest)

    return make
