"""Decisions fitted to labelled recordings: calibration, thresholds, closing lengths and shortest bouts.

They are fitted on predictions of models for recordings that these were not trained on. Which recordings those are keeps a score
unbiased, so it is decided here, once, for cross-validation; training hands in its out-of-fold predictions itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Decisions, Postprocess, parse_section
from behavior.errors import EthogramError, ModelError, UsageError
from behavior.files.model_bundle import CalibrationRecord, DecisionsRecord
from behavior.frame_sampling import lay_rows, sample_frames
from behavior.frame_times import find_gaps, find_stretches, frame_edges, have_same_rate
from behavior.postprocess.calibration import Calibration, fit_calibration
from behavior.postprocess.fitting import THRESHOLDS, Candidates, ChosenSettings, choose_settings, list_lengths
from behavior.postprocess.pipeline import clean_decisions
from behavior.provenance import AppliedPostprocess, Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities, find_bouts
from behavior.sequence.folds import Fold

__all__ = [
    "FITTED_COLUMNS",
    "FittedDecisions",
    "OutOfFoldDecisions",
    "count_bouts",
    "decide",
    "decide_out_of_fold",
    "describe_fitting",
    "fit_decisions",
    "read_postprocess",
    "record_postprocess",
]

FITTED_COLUMNS = ("fold", "behavior", "threshold", "closing_frames", "min_bout_frames", "calibration", "training_f_beta", "reason")

_WORDS = {"threshold": "thresholds", "closing": "closing lengths", "min_bout": "shortest bouts"}


@dataclass(frozen=True)
class FittedDecisions:
    """What makes an ethogram of probabilities, fitted.

    Attributes
    ----------
    settings
        What was asked for.
    postprocess
        What to decide with. Lengths that were fitted are in seconds, so that they mean the same on a video of another frame rate.
    calibrations
        By behavior; empty where none was asked for.
    training_scores
        F-beta on the frames that were fitted on, by behavior; a behavior without a positive frame there is left out.
    reasons
        Why something was not fitted, by behavior; a behavior with nothing to say is left out.
    """

    settings: Decisions
    postprocess: Postprocess
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    training_scores: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    def calibrate(self, probabilities: Probabilities) -> Probabilities:
        """Return calibrated probabilities; those given where there is no calibration."""
        if not self.calibrations:
            return probabilities
        columns = [self.calibrations[name].apply(probabilities.values[:, column]) for column, name in enumerate(probabilities.behaviors)]
        return Probabilities(np.column_stack(columns), probabilities.behaviors, probabilities.time_s)

    def decide(self, recording: str, probabilities: Probabilities, *, fps: float, provenance: Provenance | None = None) -> Annotation:
        """Return the annotation of one recording; its probabilities are the calibrated ones."""
        return decide(recording, self.calibrate(probabilities), fps=fps, postprocess=self.postprocess, provenance=provenance)

    def to_record(self) -> DecisionsRecord:
        """Return what a model's bundle says of it, which `from_record` reads."""
        return DecisionsRecord(
            settings=self.settings,
            postprocess=self.postprocess,
            calibrations={name: CalibrationRecord(**calibration.as_mapping()) for name, calibration in self.calibrations.items()},
            training_scores=dict(self.training_scores),
            reasons=dict(self.reasons),
        )

    @classmethod
    def from_record(cls, record: DecisionsRecord, *, source: Path) -> FittedDecisions:
        """Return what `to_record` gave.

        Raises
        ------
        ModelError
            If a calibration in `record`, from the file `source`, is not a rising function.
        """
        calibrations = {}
        for name, calibration in record.calibrations.items():
            try:
                calibrations[name] = Calibration.from_mapping(calibration.model_dump(exclude_none=True))
            except ValueError as error:
                raise ModelError(
                    f"{source}: the calibration of {name!r} cannot be used ({error}); copy the whole folder of the model again, or train "
                    "it again."
                ) from None
        return cls(record.settings, record.postprocess, calibrations, record.training_scores, record.reasons)


@dataclass(frozen=True)
class OutOfFoldDecisions:
    """What was decided about recordings by settings that were fitted without them.

    Attributes
    ----------
    annotations
        One for each recording, in the order of the predictions.
    table
        What was fitted in each fold for each behavior, columns `FITTED_COLUMNS`. `training_f_beta` is on the frames fitted on; where it
        is empty, `reason` says why.
    note
        A sentence for readers of the scores: what was fitted on what.
    """

    annotations: list[Annotation]
    table: pd.DataFrame
    note: str


def fit_decisions(
    probabilities: Mapping[str, Probabilities],
    labels: Mapping[str, Labels],
    settings: Decisions,
    *,
    fps: float | Mapping[str, float],
    postprocess: Postprocess,
) -> FittedDecisions:
    """Fit what `settings` names on all recordings of `probabilities` together.

    Parameters
    ----------
    probabilities
        By recording, of models not trained on it; NaN for a behavior without a model, whose frames then count nowhere.
    labels
        By recording; recordings without probabilities are not looked at.
    settings
        Calibration is fitted first, everything else on calibrated probabilities.
    fps
        Frames per second of all recordings, or of each. Where they differ, lengths are tried in frames of the median rate, to which the
        others are brought by their nearest frames.
    postprocess
        What is not fitted, and what to fall back on where nothing can be.

    Raises
    ------
    ValueError
        If there is no recording, or probabilities and labels differ in behaviors or lengths.
    """
    if not probabilities:
        raise ValueError("there are no recordings to fit decisions on, expected at least one")
    behaviors = next(iter(probabilities.values())).behaviors
    for recording, predicted in probabilities.items():
        if predicted.behaviors != behaviors or labels[recording].behaviors != behaviors:
            raise ValueError(f"probabilities and labels of {recording!r} are not of the behaviors {', '.join(behaviors)}")
    usual = _find_usual_rate(fps, probabilities)
    frames_of = [_choose_frames(one.time_s, _rate_of(fps, recording), usual) for recording, one in probabilities.items()]
    truth = [labels[recording].values[frames] for recording, frames in zip(probabilities, frames_of, strict=True)]
    given = [predicted.values[frames] for predicted, frames in zip(probabilities.values(), frames_of, strict=True)]
    calibrations: dict[str, Calibration] = {}
    if settings.calibration != "none":
        pooled_truth, pooled = np.concatenate(truth), np.concatenate(given)
        for column, name in enumerate(behaviors):
            calibrations[name] = fit_calibration(pooled_truth[:, column], pooled[:, column], method=settings.calibration)
        given = [np.column_stack([calibrations[name].apply(part[:, column]) for column, name in enumerate(behaviors)]) for part in given]
    fixed = list(
        zip(
            postprocess.thresholds(behaviors).tolist(),
            postprocess.closing(behaviors, usual).tolist(),
            postprocess.min_bouts(behaviors, usual).tolist(),
            strict=True,
        )
    )
    lengths = list_lengths(usual)
    chosen = choose_settings(
        given,
        truth,
        candidates=[
            Candidates(
                THRESHOLDS if "threshold" in settings.fit else np.array([threshold]),
                lengths if "closing" in settings.fit else np.array([closing]),
                lengths if "min_bout" in settings.fit else np.array([shortest]),
            )
            for threshold, closing, shortest in fixed
        ],
        fallback=fixed,
        beta=settings.beta,
        one_threshold=settings.threshold_for == "all" and "threshold" in settings.fit,
    )
    reasons = {}
    for name, reason in zip(behaviors, chosen.reasons, strict=True):
        parts = [f"nothing chosen: {reason}" if reason and settings.fit else reason, calibrations.get(name, Calibration()).reason]
        reasons[name] = "; ".join(part for part in parts if part)
    return FittedDecisions(
        settings=settings,
        postprocess=_replace_fitted(postprocess, settings, chosen, behaviors, usual),
        calibrations=calibrations,
        training_scores={name: score for name, score in zip(behaviors, chosen.scores.tolist(), strict=True) if not np.isnan(score)},
        reasons={name: reason for name, reason in reasons.items() if reason},
    )


def _replace_fitted(
    postprocess: Postprocess, settings: Decisions, chosen: ChosenSettings, behaviors: Sequence[str], fps: float
) -> Postprocess:
    """Return `postprocess` with what was fitted in place of what is given; lengths in seconds, for any frame rate."""
    content = postprocess.model_dump(exclude_none=True)
    if "threshold" in settings.fit:
        content["threshold"] = dict(zip(behaviors, chosen.thresholds.round(6).tolist(), strict=True))
    for name, frames in (("closing", chosen.closing_frames), ("min_bout", chosen.min_bout_frames)):
        if name in settings.fit:
            content.pop(f"{name}_frames", None)
            content[f"{name}_s"] = dict(zip(behaviors, np.round(frames / fps, 6).tolist(), strict=True))
    return Postprocess.model_validate(content)


def decide_out_of_fold(
    predictions: Mapping[str, Probabilities],
    labels: Mapping[str, Labels],
    folds: Sequence[Fold],
    settings: Decisions,
    *,
    fps: float | Mapping[str, float],
    postprocess: Postprocess,
    pair_predictions: Mapping[tuple[str, str], Probabilities] | None = None,
) -> OutOfFoldDecisions:
    """Decide each recording with what was fitted on the other folds' recordings, never on labels of its own fold.

    Parameters
    ----------
    predictions
        Out of fold, by recording, in the order that the indexes of `folds` count.
    labels
        By recording.
    folds
        Each recording is left out in exactly one.
    settings
        With `nested: folds`, a fold's decisions are fitted on `predictions` of its training recordings, whose models were trained
        on the recordings that the fold leaves out; with `nested: pairs` on `pair_predictions`.
    fps
        Frames per second of all recordings, or of each.
    postprocess
        What is not fitted, and what to fall back on.
    pair_predictions
        By name of a fold and id of one of its training recordings: the prediction for that recording of a model trained neither on it
        (nor on anything left out with it) nor on what the fold leaves out. NaN where there was nothing to train on.

    Raises
    ------
    ValueError
        If the folds do not leave out each recording once, a fold has no other recording, or `pair_predictions` are given although
        `nested` is folds, or are missing or lack a recording although it is pairs.
    """
    names = tuple(predictions)
    if sorted(index for fold in folds for index in fold.left_out) != list(range(len(names))):
        raise ValueError(f"folds leave out {[fold.left_out for fold in folds]}, expected each of {len(names)} recordings once")
    if (settings.nested == "pairs") != (pair_predictions is not None):
        raise ValueError(
            f"decisions are nested by {settings.nested}, but pair predictions are {'not ' if pair_predictions is None else ''}given"
        )
    decided: dict[str, Annotation] = {}
    rows: list[dict[str, Any]] = []
    for fold in folds:
        others = [names[index] for index in fold.training]
        if not others or set(fold.training) & set(fold.left_out):
            raise ValueError(f"fold {fold.name!r} has no training recordings, or leaves out one of them")
        if pair_predictions is None:
            seen = {recording: predictions[recording] for recording in others}
        else:
            missing = [recording for recording in others if (fold.name, recording) not in pair_predictions]
            if missing:
                raise ValueError(f"pair predictions of fold {fold.name!r} lack the recordings {', '.join(missing)}")
            seen = {recording: pair_predictions[fold.name, recording] for recording in others}
        fitted = fit_decisions(seen, labels, settings, fps=fps, postprocess=postprocess)
        rows += _list_fitted(fold.name, fitted, seen[others[0]].behaviors, _find_usual_rate(fps, seen))
        for index in fold.left_out:
            decided[names[index]] = fitted.decide(names[index], predictions[names[index]], fps=_rate_of(fps, names[index]))
    return OutOfFoldDecisions(
        annotations=[decided[name] for name in names],
        table=pd.DataFrame(rows, columns=list(FITTED_COLUMNS)),
        note=describe_fitting(settings, cross_validated=True),
    )


def _rate_of(fps: float | Mapping[str, float], recording: str) -> float:
    return fps[recording] if isinstance(fps, Mapping) else fps


def _find_usual_rate(fps: float | Mapping[str, float], recordings: Iterable[str]) -> float:
    """Return the median of the recordings' frames per second."""
    return float(np.median([_rate_of(fps, recording) for recording in recordings]))


def _choose_frames(time_s: npt.NDArray[np.float64], fps: float, usual: float) -> npt.NDArray[np.int64]:
    """Return the frames, of those at `time_s` (T,), that show a recording of `fps` frames per second at the `usual` number of them."""
    if have_same_rate(fps, usual):
        return np.arange(len(time_s))
    return lay_rows(time_s, sample_frames(time_s, usual), rate=usual, fps=fps).frames


def describe_fitting(settings: Decisions, *, cross_validated: bool) -> str:
    """Return a sentence that says what was fitted on which predictions.

    Parameters
    ----------
    settings
        What was fitted.
    cross_validated
        Whether it was fitted for each fold on the other folds' recordings, or once, for a model, on all training recordings.
    """
    parts = [_WORDS[name] for name in ("threshold", "closing", "min_bout") if name in settings.fit]
    if settings.threshold_for == "all" and "threshold" in settings.fit:
        parts[0] = "one threshold for all behaviors"
    if parts:
        parts = [f"{_join(parts)} (for F{settings.beta:g})"]
    if settings.calibration != "none":
        parts.insert(0, f"{settings.calibration} calibration of the probabilities")
    what = _join(parts)
    is_one = len(parts) == 1 and (settings.calibration != "none" or (settings.fit == ["threshold"] and settings.threshold_for == "all"))
    start = f"{what[0].upper()}{what[1:]} {'was' if is_one else 'were'} fitted"
    if not cross_validated:
        return f"{start} on out-of-fold predictions of the training recordings."
    if settings.nested == "pairs":
        return (
            f"{start} for each fold on predictions of the other recordings by models trained neither on them nor on the recordings "
            "scored (nested: pairs)."
        )
    return (
        f"{start} for each fold on the out-of-fold predictions of the other recordings (nested: folds); the models behind those "
        "predictions were trained on the fold scored, which may flatter the decisions a little (nested: pairs avoids that)."
    )


def _list_fitted(fold: str, fitted: FittedDecisions, behaviors: Sequence[str], fps: float) -> list[dict[str, Any]]:
    columns = zip(
        behaviors,
        fitted.postprocess.thresholds(behaviors).astype(np.float64).round(6).tolist(),
        fitted.postprocess.closing(behaviors, fps).tolist(),
        fitted.postprocess.min_bouts(behaviors, fps).tolist(),
        strict=True,
    )
    return [
        {
            "fold": fold,
            "behavior": name,
            "threshold": threshold,
            "closing_frames": closing,
            "min_bout_frames": shortest,
            "calibration": fitted.calibrations[name].method if name in fitted.calibrations else "none",
            "training_f_beta": fitted.training_scores.get(name, np.nan),
            "reason": fitted.reasons.get(name, ""),
        }
        for name, threshold, closing, shortest in columns
    ]


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def decide(
    recording: str, probabilities: Probabilities, *, fps: float, postprocess: Postprocess, provenance: Provenance | None = None
) -> Annotation:
    """Return what `postprocess` makes of the probabilities of one recording; nothing is closed over gaps in which nothing was recorded."""
    behaviors, time_s = probabilities.behaviors, probabilities.time_s
    parts = [
        clean_decisions(
            probabilities.values[start:stop],
            thresholds=postprocess.thresholds(behaviors),
            closing_frames=postprocess.closing(behaviors, fps),
            min_bout_frames=postprocess.min_bouts(behaviors, fps),
        )
        for start, stop in find_stretches(time_s).tolist()
    ]
    raw, cleaned = (np.concatenate(stretches) for stretches in zip(*parts, strict=True))
    if provenance is None:
        provenance = Provenance(postprocess=record_postprocess(postprocess))
    return Annotation(recording, probabilities, Ethogram(raw, behaviors, time_s), Ethogram(cleaned, behaviors, time_s), provenance)


def read_postprocess(provenance: Provenance, *, source: Path) -> Postprocess | None:
    """Return the settings that an ethogram was decided with; None where it does not say.

    Raises
    ------
    EthogramError
        If it names a setting that this version does not know; `source` is the file to name.
    """
    if provenance.postprocess is None:
        return None
    content = {name: value for name, value in provenance.postprocess.as_mapping().items() if value is not None}
    try:
        return parse_section(Postprocess, content, source=source)
    except UsageError as error:
        raise EthogramError(str(error)) from None


def record_postprocess(settings: Postprocess) -> AppliedPostprocess:
    """Return what the provenance of an ethogram says about the settings that it was decided with."""
    return AppliedPostprocess(**settings.model_dump(mode="json", exclude_none=True))


def count_bouts(annotation: Annotation) -> dict[str, int]:
    """Return the number of decided bouts of each behavior."""
    columns, gaps = annotation.ethogram.values.T, find_gaps(frame_edges(annotation.time_s))
    return {name: len(find_bouts(column, gaps)) for name, column in zip(annotation.behaviors, columns, strict=True)}
