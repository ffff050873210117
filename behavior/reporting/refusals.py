"""What `crossval` and `train` would refuse of a study whose recordings have been looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Study
from behavior.errors import BehaviorError, UsageError
from behavior.files.feature_cache import FeatureOutline
from behavior.files.feature_sources import Signature
from behavior.learning.learning_data import LearningData, require_labelled
from behavior.learning.recording_features import RecordingFeatures, lay_feature_rows
from behavior.learning.requirements import list_refusals, require_apart
from behavior.learning.seen_recordings import refuse_seen_recordings
from behavior.recording import Labels, Recording
from behavior.reporting.feature_check import compare_features

__all__ = ["list_study_refusals"]


def list_study_refusals(
    study: Study,
    recordings: Sequence[Recording],
    labels: Mapping[str, Labels],
    rates: Mapping[str, float],
    times: Mapping[str, npt.NDArray[np.float64]],
    outlines: Sequence[Mapping[str, RecordingFeatures]],
    *,
    source: Path,
) -> list[str]:
    """Return what `crossval` or `train` would refuse once each recording is in order.

    Parameters
    ----------
    labels, rates, times
        Of the recordings, by id: labels, frames per second, and seconds of each frame.
    outlines
        For each choice of features, what is in the cache by recording, without its numbers.
    source
        The study file.
    """
    labelled = [recording for recording in recordings if recording.labels]
    training = [recording for recording in labelled if recording.split == "train"]
    tested = [recording for recording in labelled if recording.split == "test"]
    messages: list[str] = []
    for scored, command in ((training, "crossval"), (tested, "train")):
        messages += _collect(partial(refuse_seen_recordings, study, scored, command=command))
    messages += _collect(partial(require_apart, study.recordings, training, tested))
    trained = [recording for recording in recordings if recording.split == "train"]
    messages += _collect(partial(require_labelled, study, trained, training))
    # Of recordings that are not in order, the other commands say what `check` says of each.
    if training and all(recording.id in labels for recording in training):
        known = [recording for recording in [*training, *tested] if recording.id in rates]
        messages += compare_features(known, [rates[recording.id] for recording in known], outlines, is_sampled=study.sampling is not None)
        data = LearningData(
            tuple(training),
            tuple(_stand_in(study, one, rates[one.id], times[one.id]) for one in training),
            tuple(labels[one.id] for one in training),
            tuple(study.behaviors),
        )
        is_cached = all(one.id in by_recording for by_recording in outlines for one in training)
        messages += list_refusals(study, data, source=source, is_cached=is_cached)
    return list(dict.fromkeys(messages))


def _stand_in(study: Study, recording: Recording, fps: float, time_s: npt.NDArray[np.float64]) -> RecordingFeatures:
    """Return features of a recording that are all 0, at the rows that its own ones have."""
    outline = FeatureOutline(1, time_s, fps, Signature("", {}))
    try:
        rows = lay_feature_rows(recording.id, [outline], sampling=study.sampling_fps)
    except UsageError:
        # It is named where features are compared.
        rows = None
    n_rows = len(time_s) if rows is None else len(rows)
    return RecordingFeatures(np.zeros((n_rows, 1), np.float16), time_s, fps, (), False, rows)


def _collect(refuse: Callable[[], None]) -> list[str]:
    try:
        refuse()
    except BehaviorError as error:
        return [str(error)]
    return []
