"""How good a model trained from the page is, honestly: predictions out of fold, on clips that were drawn at random where there are some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.files.clip_queue import QueuedClip
from behavior.files.training_rounds import ALL_FRAMES, MEAN_OF_BEHAVIORS, RANDOM_CLIPS, RoundScore
from behavior.learning.crossval_folder import CrossvalResults
from behavior.metrics.agreement import OTHERS
from behavior.metrics.bootstrap import draw_multiplicities, find_interval, resample_average_precision
from behavior.metrics.frames import average_precision, count_frames, rate_frames
from behavior.metrics.tallies import FEWEST_RECORDINGS
from behavior.recording import Annotation, Labels

__all__ = ["RoundScores", "score_round"]

_NOTHING = (float("nan"), float("nan"))


@dataclass(frozen=True)
class RoundScores:
    """The scores of a round.

    Attributes
    ----------
    scored_on
        `RANDOM_CLIPS` or `ALL_FRAMES`; "" where there was nothing to score.
    minutes
        How much was scored.
    scores
        As `TrainingRound` has them.
    """

    scored_on: str
    minutes: float
    scores: tuple[RoundScore, ...]


@dataclass(frozen=True)
class _Piece:
    """Frames that are drawn together: those of a clip, or of a recording."""

    labels: npt.NDArray[np.int8]
    probabilities: npt.NDArray[np.float32]
    decisions: npt.NDArray[np.bool_]


def score_round(results: CrossvalResults, clips: Sequence[QueuedClip]) -> RoundScores:
    """Return average precision and F1 of a cross-validation's predictions, with 95 % intervals, and the F1 of raters.

    Parameters
    ----------
    results
        Of the cross-validation.
    clips
        Those that were drawn at random and labelled. A clip without a label does not count; without any that has one, all labelled
        frames are scored, which are those that people or the model chose: they tell less about the rest.

    Returns
    -------
    Intervals are from drawing clips, or recordings, with replacement; there are none with fewer than `FEWEST_RECORDINGS` of them. The
    mean is over the behaviors with a labelled bout.
    """
    annotations = {annotation.recording: annotation for annotation in results.annotations}
    labels = results.labels
    pieces = [
        _cut(annotations[clip.recording], labels[clip.recording], clip.start_frame, clip.stop_frame)
        for clip in clips
        if clip.recording in annotations
    ]
    pieces = [piece for piece in pieces if (piece.labels >= 0).any()]
    scored_on = RANDOM_CLIPS if pieces and any((piece.labels == 1).any() for piece in pieces) else ALL_FRAMES
    if scored_on == ALL_FRAMES:
        pieces = [_cut(annotation, labels[name], 0, len(labels[name])) for name, annotation in annotations.items()]
    scores = _score(pieces, results.study.behaviors)
    seconds = sum(float((piece.labels >= 0).any(axis=1).sum()) for piece in pieces) / _find_rate(annotations)
    if not any(score.metric == "average_precision" and not np.isnan(score.value) for score in scores):
        return RoundScores("", 0.0, ())
    return RoundScores(scored_on, seconds / 60, (*scores, *_list_ceiling(results)))


def _cut(annotation: Annotation, labels: Labels, start: int, stop: int) -> _Piece:
    span = slice(start, stop)
    return _Piece(labels.values[span], annotation.probabilities.values[span], annotation.ethogram.values[span])


def _find_rate(annotations: Mapping[str, Annotation]) -> float:
    return float(np.median([annotation.fps for annotation in annotations.values()]))


def _score(pieces: Sequence[_Piece], behaviors: Sequence[str]) -> list[RoundScore]:
    multiplicities = draw_multiplicities(len(pieces))
    scores: list[RoundScore] = []
    means: dict[str, list[tuple[float, npt.NDArray[np.float64]]]] = {"average_precision": [], "f1": []}
    for column, name in enumerate(behaviors):
        truth = [piece.labels[:, column] for piece in pieces]
        predicted = [piece.probabilities[:, column] for piece in pieces]
        counts = [count_frames(piece.labels[:, column], piece.decisions[:, column]) for piece in pieces]
        tallies = {key: np.array([one[key] for one in counts], dtype=np.float64) for key in counts[0]}
        values = {
            "average_precision": average_precision(np.concatenate(truth), np.concatenate(predicted)),
            "f1": float(rate_frames({key: tally.sum() for key, tally in tallies.items()})["f1"]),
        }
        resampled = {
            "average_precision": resample_average_precision(truth, predicted, multiplicities),
            "f1": rate_frames({key: multiplicities @ tally for key, tally in tallies.items()})["f1"],
        }
        has_bout = any((one == 1).any() for one in truth)
        for metric, value in values.items():
            scores.append(RoundScore(name, metric, value, *_find_ends(resampled[metric], len(pieces))))
            if has_bout and not np.isnan(value):
                means[metric].append((value, resampled[metric]))
    for metric, known in means.items():
        if known:
            low, high = _find_ends(np.mean([resamples for _, resamples in known], axis=0), len(pieces))
            scores.append(RoundScore(MEAN_OF_BEHAVIORS, metric, float(np.mean([value for value, _ in known])), low, high))
    return scores


def _find_ends(resamples: npt.NDArray[np.float64], n_pieces: int) -> tuple[float, float]:
    return find_interval(resamples) if n_pieces >= FEWEST_RECORDINGS else _NOTHING


def _list_ceiling(results: CrossvalResults) -> list[RoundScore]:
    """Return how well raters agree with the majority of the others, F1, which is what a model is compared with."""
    table = results.ceiling
    if table is None:
        return []
    rows = table[(table["against"] == OTHERS) & (table["metric"] == "f1")].dropna(subset="value")
    known = [
        RoundScore(str(name), "f1_of_raters", float(value), float(low), float(high))
        for name, value, low, high in rows[["behavior", "value", "low", "high"]].itertuples(index=False)
    ]
    if not known:
        return []
    mean = RoundScore(MEAN_OF_BEHAVIORS, "f1_of_raters", *(float(np.mean([score[place] for score in known])) for place in (2, 3, 4)))
    return [*known, mean]
