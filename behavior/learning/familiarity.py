"""Whether a recording is like those that a model was trained on, by the distance of its frames from theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from behavior.config import split_stream
from behavior.files.feature_cache import MEASURES
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import FamiliarityRecord, MeasureRecord, StreamDescription
from behavior.learning.familiarity_reference import StreamReference
from behavior.learning.recording_features import RecordingFeatures
from behavior.metrics.nearest_frames import find_prediction_limit
from behavior.provenance import Familiarity, FamiliarityLimits, Measure, StreamDistance, StreamLimits
from behavior.recording import Annotation

__all__ = [
    "JudgedRecording",
    "TrainingReference",
    "find_limits",
    "join_distances",
    "judge_distances",
    "list_streams",
    "measure_medians",
    "summarize_measure",
    "warn_of_unfamiliar",
]

Verdict = Literal["familiar", "unusual", "foreign"]

# How often one of the limits is exceeded by a recording like the training recordings.
ALARM_RATE = 0.005
# How recordings of one laboratory differ: standard deviations of logarithms of medians, and of angles whose squared sines are shares. They
# count for as many recordings as `WORTH`. Found on rendered laboratories (scripts/evaluate_familiarity.py, those of development).
USUAL_MEDIAN, USUAL_SHARE, WORTH = 0.05, 0.1, 6
USUAL_MEASURES = {"brightness": 0.2, "contrast": 0.25, "sharpness": 0.12, "size": 0.15}
# Share of frames beyond the limit of frames from which on a recording is foreign.
FOREIGN_SHARE = 0.5
# With fewer training recordings, little can be said.
FEW_RECORDINGS = 4
_LEAST = 1e-6
_UNITS = {"size": " pixels"}


@dataclass(frozen=True)
class JudgedRecording:
    """What was found about one recording.

    Attributes
    ----------
    familiarity
        The verdict and what it rests on.
    distances
        Of each frame, float32 of shape (T,): the greatest of the streams; None where the model has no reference.
    """

    familiarity: Familiarity
    distances: npt.NDArray[np.float32] | None


@dataclass(frozen=True)
class TrainingReference:
    """What a model bundle keeps of its training recordings, opened.

    Attributes
    ----------
    record
        What the bundle says; None in bundles of earlier versions.
    streams
        References by signature of the stream.
    """

    record: FamiliarityRecord | None = None
    streams: Mapping[str, StreamReference] = field(default_factory=dict)

    def explain_absence(self) -> str:
        """Return why nothing can be said of any recording; "" where something can."""
        if self.record is None:
            return "the model is of an earlier version, which kept no reference of its training recordings; train it again to have one"
        if not self.streams:
            return "no training recording of the model could be left out to see how far others lie; train on two at least, better on more"
        return ""

    def judge(self, features: Sequence[RecordingFeatures]) -> JudgedRecording:
        """Return what the features of one recording, for each member of the model, tell about it."""
        streams = list(list_streams(features))
        limits = self.describe_limits([stream for stream, _, _ in streams])
        found: list[npt.NDArray[np.float32]] = []
        curves: list[npt.NDArray[np.float32]] = []
        for stream, columns, own in streams:
            reference = self.find_reference(stream)
            if reference is not None and not limits.absence:
                found.append(reference.measure(own.values, columns))
                curves.append(found[-1] if own.rows is None else found[-1][own.rows.find_nearest()])
        said = judge_distances(limits, found, measure_medians(features))
        return JudgedRecording(said, join_distances(curves) if curves else None)

    def describe_limits(self, streams: Sequence[StreamDescription]) -> FamiliarityLimits:
        """Return what a verdict on a recording with `streams`, each once, rests on."""
        absence = self.explain_absence()
        known = [(stream.name, self.find_reference(stream)) for stream in streams]
        limits = [(name, *find_limits(reference)) for name, reference in known if reference is not None and not absence]
        return FamiliarityLimits(
            absence=absence,
            recordings=None if self.record is None else self.record.recordings,
            streams=tuple(
                StreamLimits(stream=name, median_limit=_round(median), share_limit=_round(share)) for name, median, share in limits
            ),
            measures={} if self.record is None else {name: Measure(**one.model_dump()) for name, one in self.record.measures.items()},
        )

    def find_reference(self, stream: StreamDescription) -> StreamReference | None:
        """Return the reference of a stream; None for one whose training features did not vary."""
        signature = Signature.from_text(stream.signature)
        known = (one for text, one in self.streams.items() if not signature.describe_difference(Signature.from_text(text)))
        return next(known, None)


def judge_distances(limits: FamiliarityLimits, distances: Sequence[npt.NDArray[np.float32]], medians: Mapping[str, float]) -> Familiarity:
    """Return the verdict on one recording.

    Parameters
    ----------
    limits
        What it rests on.
    distances
        Of its frames, of shape (N,), for each stream of `limits`.
    medians
        Of its frames' measures, as `measure_medians` gives them.
    """
    measures = {name: limits.measures.get(name, Measure()).model_copy(update={"median": _round(value)}) for name, value in medians.items()}
    if limits.absence:
        return Familiarity(verdict=None, reasons=(f"Not known: {limits.absence}.",), measures=measures)
    found = tuple(_describe_stream(one, own) for one, own in zip(limits.streams, distances, strict=True))
    far = [one for one in found if one.median > one.median_limit or one.share > one.share_limit]
    odd = {name: one for name, one in measures.items() if _is_beyond(one)}
    reasons = [_explain_stream(one) for one in far] + [_explain_measure(name, one) for name, one in odd.items()]
    if limits.recordings is not None and limits.recordings < FEW_RECORDINGS:
        reasons.append(f"There were {limits.recordings} training recordings, too few to say how much such recordings differ.")
    verdict: Verdict = "foreign" if any(one.share >= FOREIGN_SHARE for one in far) else "unusual" if far or odd else "familiar"
    return Familiarity(
        verdict=verdict, reasons=tuple(reasons), distance=max((one.median for one in found), default=None), streams=found, measures=measures
    )


def join_distances(curves: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return the greatest distance of each frame, of those of its streams (T,), as a table holds it."""
    return np.asarray(np.maximum.reduce(curves).round(3), dtype=np.float32)


def warn_of_unfamiliar(annotation: Annotation) -> str | None:
    """Return a warning where a recording is not like those that its model was trained on; None where it is, or nothing is known."""
    known = annotation.provenance.familiarity
    if known is None or known.verdict in (None, "familiar"):
        return None
    return f"{annotation.recording}: is {known.verdict} to the model, so look at its ethogram before you use it. {' '.join(known.reasons)}"


def find_limits(reference: StreamReference) -> tuple[float, float]:
    """Return which median distance, and which share of frames beyond the unit, a recording like the training recordings hardly exceeds."""
    medians, angles = np.log(np.maximum(reference.medians, _LEAST)), np.arcsin(np.sqrt(reference.shares))
    median = find_prediction_limit(medians, rate=ALARM_RATE, usual_deviation=USUAL_MEDIAN, worth=WORTH)
    angle = find_prediction_limit(angles, rate=ALARM_RATE, usual_deviation=USUAL_SHARE, worth=WORTH)
    # A right angle is all frames.
    return float(np.exp(min(median, 50.0))), float(np.sin(min(angle, np.pi / 2)) ** 2)


def summarize_measure(name: str, medians: Sequence[float]) -> MeasureRecord:
    """Return what a bundle keeps of one measure, by its medians of R training recordings."""
    low, high = _round(min(medians)), _round(max(medians))
    if name not in USUAL_MEASURES or len(medians) < 2:
        return MeasureRecord(low=low, high=high)
    values = np.log(np.maximum(medians, _LEAST))
    limits: dict[str, Any] = {"rate": ALARM_RATE / 2, "usual_deviation": USUAL_MEASURES[name], "worth": WORTH}
    most, least = find_prediction_limit(values, **limits), -find_prediction_limit(-values, **limits)
    return MeasureRecord(low=low, high=high, low_limit=_round(np.exp(least)), high_limit=_round(np.exp(min(most, 50.0))))


def list_streams(features: Sequence[RecordingFeatures]) -> Iterator[tuple[StreamDescription, slice, RecordingFeatures]]:
    """Yield each stream of the members' features once, with its columns of the features that it is part of, and these.

    Those of other views than the first are left out: a recording may lack them.
    """
    seen: set[str] = set()
    for own in features:
        start = 0
        for stream in own.streams:
            if stream.signature not in seen and not split_stream(stream.name)[1]:
                seen.add(stream.signature)
                yield stream, slice(start, start + stream.n_features), own
            start += stream.n_features


def measure_medians(features: Sequence[RecordingFeatures]) -> dict[str, float]:
    """Return the median over the frames of one recording of each measure that is known, and its frames per second."""
    medians: dict[str, float] = {}
    for own in features:
        for name, column in zip(MEASURES, [] if own.measures is None else own.measures.T, strict=own.measures is not None):
            known = column[np.isfinite(column)]
            if name not in medians and len(known):
                medians[name] = float(np.median(known))
    return {**medians, "fps": float(features[0].fps)}


def _describe_stream(limits: StreamLimits, distances: npt.NDArray[np.float32]) -> StreamDistance:
    return StreamDistance(
        stream=limits.stream,
        median=_round(np.median(distances)),
        share=_round(np.mean(distances > 1)),
        median_limit=limits.median_limit,
        share_limit=limits.share_limit,
    )


def _is_beyond(measure: Measure) -> bool:
    if measure.median is None or measure.low_limit is None or measure.high_limit is None:
        return False
    return not measure.low_limit <= measure.median <= measure.high_limit


def _explain_stream(one: StreamDistance) -> str:
    if one.share > one.share_limit:
        return (
            f"{one.stream}: {one.share:.0%} of the frames are farther from the training frames than 99 % of left-out training recordings, "
            f"up to {one.share_limit:.0%} is usual."
        )
    return f"{one.stream}: the median distance from the training frames is {one.median:.2f}, up to {one.median_limit:.2f} is usual."


def _explain_measure(name: str, measure: Measure) -> str:
    return f"{name}: {measure.median:.3g}{_UNITS.get(name, '')}, {measure.low:.3g} to {measure.high:.3g} in training recordings."


def _round(value: float | np.floating) -> float:
    return float(f"{float(value):.6g}")
