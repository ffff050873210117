"""From the features of a recording to probabilities, with an opened model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from behavior.errors import ModelError
from behavior.frame_times import have_same_rate
from behavior.learning.opened_model import OpenedMember, OpenedModel
from behavior.learning.recording_features import RecordingFeatures
from behavior.learning.variants import combine_members
from behavior.recording import Probabilities
from behavior.row_blocks import RowBlocks, count_block_rows
from behavior.sequence.averaging import average_in_blocks, spread_rows
from behavior.sequence.inference import resample_rows

__all__ = ["arrange_members", "predict_members", "predict_probabilities", "require_rate"]


def require_rate(model: OpenedModel, features: RecordingFeatures, *, name: str, may_resample: bool) -> bool:
    """Return whether `predict_probabilities` resamples `features` to the model's frame rate.

    Parameters
    ----------
    name
        Of the video or recording, for the error.

    Raises
    ------
    ModelError
        If it does, and `may_resample` is false.
    """
    if have_same_rate(features.rate, model.description.fps):
        return False
    if not may_resample:
        raise ModelError(
            f"{name}: has {features.rate:.4g} frames per second, but the model in {model.folder} was trained on "
            f"{model.description.fps:.4g}; add --resample to bring the features to the model's rate and the result back to the video's. "
            "(A model of a study with `sampling` takes videos of any rate.)"
        )
    return True


def predict_probabilities(model: OpenedModel, features: Sequence[RecordingFeatures]) -> Probabilities:
    """Return what the members of `model` predict together for one recording, before calibration, at the times of its frames.

    Features of another frame rate are brought to the model's, and the probabilities back.

    Parameters
    ----------
    features
        For each member, in order.
    """
    members = predict_members(model, features)
    combined = combine_members(np.stack([one.values for one in members]), model.description.combine)
    return Probabilities(combined, members[0].behaviors, members[0].time_s)


def predict_members(model: OpenedModel, features: Sequence[RecordingFeatures]) -> list[Probabilities]:
    """Return what the members of `model` predict for one recording, before calibration: the first of each behavior, then the second.

    A behavior that fewer members than another know has NaN in the last ones.

    Parameters
    ----------
    features
        For each member, in order.
    """
    behaviors, time_s = model.description.behaviors, features[0].time_s
    columns = [_predict_member(member, own, fps=model.description.fps) for member, own in zip(model.members, features, strict=True)]
    arranged = arrange_members([member.description.behaviors for member in model.members], columns, behaviors)
    return [Probabilities(values, tuple(behaviors), time_s) for values in arranged]


def arrange_members(
    outputs: Sequence[Sequence[str]], columns: Sequence[npt.NDArray[np.float32]], behaviors: Sequence[str]
) -> list[npt.NDArray[np.float32]]:
    """Return what members predict, arrays (T, B): the first that is predicted of each behavior, then the second.

    Parameters
    ----------
    outputs
        For each member the behaviors of its outputs; one that is not among `behaviors` is left out.
    columns
        For each member its probabilities (T, K).
    behaviors
        The B behaviors. One that fewer members than another know has NaN in the last arrays.
    """
    predicted: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in behaviors}
    for names, own in zip(outputs, columns, strict=True):
        for column, name in enumerate(names):
            if name in predicted:
                predicted[name].append(own[:, column])
    unknown = np.full(len(columns[0]), np.nan, dtype=np.float32)
    return [
        np.column_stack([predicted[name][number] if number < len(predicted[name]) else unknown for name in behaviors])
        for number in range(max(map(len, predicted.values()), default=0))
    ]


def _predict_member(member: OpenedMember, features: RecordingFeatures, *, fps: float) -> npt.NDArray[np.float32]:
    """Return the probabilities (T, K) of one member, whose model sees the features at `fps`, each stretch without a gap by itself."""
    is_resampled = not have_same_rate(features.rate, fps)
    times, values = features.row_time_s, RowBlocks.of(features.values)
    parts = [
        _predict_stretch(member, values.part(start, stop), times[start:stop], fps=fps if is_resampled else None)
        for start, stop in features.list_stretches()
    ]
    return features.spread(np.concatenate(parts))


def _predict_stretch(
    member: OpenedMember, values: RowBlocks, time_s: npt.NDArray[np.float64], *, fps: float | None
) -> npt.NDArray[np.float32]:
    """Return the probabilities of a stretch of features (T, D), which are brought to `fps` frames per second unless None."""
    times = None
    if fps is not None:
        step = 1.0 / fps
        times = np.arange(time_s[0], time_s[-1] + step / 2, step)
        values = _resample_in_blocks(values, time_s, times)
    n_rows, average = len(values), member.description.average
    values = average_in_blocks(values, average)
    if member.preparation is not None:
        values = member.preparation.apply_in_blocks(values)
    predicted = spread_rows(member.model.predict(values), average, n_rows)
    return predicted if times is None else np.clip(resample_rows(predicted, times, time_s), 0.0, 1.0)


def _resample_in_blocks(values: RowBlocks, time_s: npt.NDArray[np.float64], new_time_s: npt.NDArray[np.float64]) -> RowBlocks:
    """Return what `resample_rows` does, block by block."""
    n_features = values.shape[1]
    return RowBlocks(
        (len(new_time_s), n_features),
        np.float32,
        lambda start, stop: resample_rows(values, time_s, new_time_s[start:stop]),
        n_together=count_block_rows(4 * n_features),
    )
