"""Whether a recording is like those that a model was trained on.

It is judged by its frames, by itself as a whole, by plain measures, and by how far predictions are from those of a plain model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from behavior.config import split_stream
from behavior.files.feature_measures import MEASURES
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import FamiliarityRecord, MeasureRecord, StreamDescription
from behavior.learning.familiarity_reference import StreamFigures, StreamReference
from behavior.learning.plain_model import PlainModel
from behavior.learning.recording_features import RecordingFeatures
from behavior.metrics.nearest_frames import find_prediction_limit
from behavior.provenance import Familiarity, FamiliarityLimits, Measure, StreamDistance, StreamLimits
from behavior.recording import Annotation
from behavior.vision.size_growth import GROWTHS

__all__ = [
    "JudgedRecording",
    "TrainingReference",
    "find_limits",
    "find_rows",
    "identify_reference",
    "join_distances",
    "judge_figures",
    "limit_disagreement",
    "list_streams",
    "measure_medians",
    "summarize_measure",
    "warn_of_unfamiliar",
]

Verdict = Literal["familiar", "unusual", "foreign"]
# Haze lowers it, and what raises it raises the contrast, so that it has no upper limit.
RELATIVE_CONTRAST = "relative contrast"

# How often one of the limits is exceeded by a recording like the training recordings, if what is limited has a normal distribution. Each
# stream has four limits, and what features give has longer tails; all streams together share their rate, lest many streams be many alarms.
ALARM_RATE, STREAM_ALARM_RATE = 0.01, 0.0025
# How recordings of one laboratory differ: standard deviations of logarithms of medians, and of angles whose squared sines are shares. They
# count for as many recordings as `WORTH`. Found on rendered laboratories (scripts/evaluate_familiarity.py, those of development).
USUAL_MEDIAN, USUAL_SHARE, USUAL_SHIFT, USUAL_SPREAD, USUAL_DISAGREEMENT, WORTH = 0.1, 0.1, 0.2, 0.1, 0.3, 6
# A recording as a whole that is less far away is not, however alike the training recordings are: it may be shorter than these.
LEAST_SHIFT, LEAST_SPREAD, LEAST_DISAGREEMENT = 0.15, 0.1, 0.05
# Features go together, about as many at a time.
LIKE_FEATURES = 10
USUAL_MEASURES = {"brightness": 0.3, "contrast": 0.3, RELATIVE_CONTRAST: 0.25, "sharpness": 0.12, "noise": 0.2, "size": 0.15}
USUAL_MEASURES |= dict.fromkeys(GROWTHS, 0.08)
# Share of frames beyond the limit of frames from which on a recording is foreign.
FOREIGN_SHARE = 0.5
# A stream that is farther away than this many times what is usual counts no more in the distance of a recording.
FARTHEST = 2.0
# With fewer training recordings, little can be said.
FEW_RECORDINGS = 4
_LEAST = 1e-6
_UNITS = {"size": " pixels"}
# What an animal is larger at, and smaller at, where a growth is above 1.
_SIDES = dict(zip(GROWTHS, (("right", "left"), ("bottom", "top")), strict=True))


@dataclass(frozen=True)
class JudgedRecording:
    """What was found about one recording.

    Attributes
    ----------
    familiarity
        The verdict and what it rests on.
    distances
        Of each frame, float32 of shape (T,): the greatest of the streams; None where the model has no reference, or none of a stream that
        shows all frames.
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
        References by view and signature of the stream (`identify_reference`).
    plain_model
        What the trained model is compared with: from the components of all `streams`, one after the other; None where there is none.
    """

    record: FamiliarityRecord | None = None
    streams: Mapping[tuple[str, str], StreamReference] = field(default_factory=dict)
    plain_model: PlainModel | None = None

    def __post_init__(self) -> None:
        n_components = sum(one.preparation.n_outputs for one in self.streams.values())
        if self.plain_model is not None and len(self.plain_model.weights) != n_components:
            raise ValueError(f"the plain model is for {len(self.plain_model.weights)} components, expected {n_components}")

    def explain_absence(self) -> str:
        """Return why nothing can be said of any recording; "" where something can."""
        if self.record is None:
            return "the model is of an earlier version, which kept no reference of its training recordings; train it again to have one"
        if not self.streams:
            return "no training recording of the model could be left out to see how far others lie; train on two at least, better on more"
        return ""

    def judge(self, features: Sequence[RecordingFeatures], probabilities: npt.NDArray[np.floating]) -> JudgedRecording:
        """Return what the features of one recording, for each member of the model, tell about it, and its predictions (T, B)."""
        # A recording may lack a view, or parts of it.
        streams = [(stream, columns, own, rows) for stream, columns, own in list_streams(features) if len(rows := find_rows(own, stream))]
        limits = self.describe_limits([stream for stream, *_ in streams])
        found: list[StreamFigures] = []
        curves: list[npt.NDArray[np.float32]] = []
        for stream, columns, own, rows in streams:
            reference = self.find_reference(stream)
            if reference is not None and not limits.absence:
                found.append(reference.compare(own.values if len(rows) == len(own.values) else own.values[rows], columns))
                distances = np.full(len(own.values), np.nan, dtype=np.float32)
                distances[rows] = found[-1].distances
                curves.append(distances if own.rows is None else distances[own.rows.find_nearest()])
        disagreement = None
        if self.plain_model is not None and (plain := self._predict_plainly(features, self.plain_model)) is not None:
            disagreement = self.plain_model.disagree(plain, probabilities)
        said = judge_figures(limits, found, measure_medians(features), disagreement)
        return JudgedRecording(said, join_distances(curves))

    def _predict_plainly(self, features: Sequence[RecordingFeatures], model: PlainModel) -> npt.NDArray[np.float64] | None:
        """Return what the plain model predicts (T, B), NaN where a stream does not show the frame; None where a stream is not there."""
        ends = np.cumsum([one.preparation.n_outputs for one in self.streams.values()])
        weights = dict(zip(self.streams, np.split(model.weights, ends[:-1]), strict=True))
        predicted = np.zeros((len(features[0].time_s), model.weights.shape[1]))
        for stream, columns, own in list_streams(features):
            key, rows = self._find_key(stream), find_rows(own, stream)
            if key is not None and key in weights:
                values = np.full((len(own.values), predicted.shape[1]), np.nan)
                shown = own.values if len(rows) == len(values) else own.values[rows]
                values[rows] = self.streams[key].predict(weights.pop(key), shown, columns)
                predicted += values if own.rows is None else values[own.rows.find_nearest()]
        return None if weights else predicted

    def describe_limits(self, streams: Sequence[StreamDescription]) -> FamiliarityLimits:
        """Return what a verdict on a recording with `streams`, each once, rests on."""
        absence = self.explain_absence()
        known = [(stream.name, self.find_reference(stream)) for stream in streams]
        return FamiliarityLimits(
            absence=absence,
            recordings=None if self.record is None else self.record.recordings,
            streams=tuple(find_limits(name, one, n_streams=len(known)) for name, one in known if one is not None and not absence),
            measures={} if self.record is None else {name: Measure(**one.model_dump()) for name, one in self.record.measures.items()},
            disagreement_limit=None if self.plain_model is None else limit_disagreement(self.plain_model),
        )

    def find_reference(self, stream: StreamDescription) -> StreamReference | None:
        """Return the reference of a stream; None for one whose training features did not vary."""
        key = self._find_key(stream)
        return None if key is None else self.streams[key]

    def _find_key(self, stream: StreamDescription) -> tuple[str, str] | None:
        view, text = identify_reference(stream)
        signature = Signature.from_text(text)
        known = (
            (of_view, other)
            for of_view, other in self.streams
            if of_view == view and not signature.describe_difference(Signature.from_text(other))
        )
        return next(known, None)


def judge_figures(
    limits: FamiliarityLimits, figures: Sequence[StreamFigures], medians: Mapping[str, float], disagreement: float | None = None
) -> Familiarity:
    """Return the verdict on one recording.

    Parameters
    ----------
    limits
        What it rests on.
    figures
        Of the recording, for each stream of `limits`.
    medians
        Of its frames' measures, as `measure_medians` gives them.
    disagreement
        Of its predictions with those of a plain model (`PlainModel.disagree`); None where it is not known.
    """
    known = {**medians, **_relate_contrast(medians)}
    measures = {name: limits.measures.get(name, Measure()).model_copy(update={"median": _round(value)}) for name, value in known.items()}
    if limits.absence:
        return Familiarity(verdict=None, reasons=(f"Not known: {limits.absence}.",), measures=measures)
    found = tuple(_describe_stream(one, own) for one, own in zip(limits.streams, figures, strict=True))
    far = [one for one in found if one.median > one.median_limit or one.share > one.share_limit or _measure_whole(one) > 1]
    odd = {name: one for name, one in measures.items() if _is_beyond(one)}
    reasons = [_explain_stream(one) for one in far] + [_explain_measure(name, one) for name, one in odd.items()]
    limit = limits.disagreement_limit
    is_doubtful = disagreement is not None and limit is not None and disagreement > limit
    if is_doubtful:
        reasons.append(
            f"Predictions differ from those of a plain model on the same features by {disagreement:.2f}, up to {limit:.2f} is usual: "
            "expect more errors."
        )
    if limits.recordings is not None and limits.recordings < FEW_RECORDINGS:
        reasons.append(f"There were {limits.recordings} training recordings, too few to say how much such recordings differ.")
    whole = [min(_measure_whole(one), FARTHEST) for one in found if one.shift is not None]
    distance = np.mean(whole) if whole else None
    if distance is not None and disagreement is not None and limit:
        # What is lost goes more with the disagreement, which counts twice.
        distance = np.cbrt(distance * (disagreement / limit) ** 2)
    is_unusual = bool(far or odd or is_doubtful)
    verdict: Verdict = "foreign" if any(one.share >= FOREIGN_SHARE for one in far) else "unusual" if is_unusual else "familiar"
    return Familiarity(
        verdict=verdict,
        reasons=tuple(reasons),
        distance=None if distance is None else _round(distance),
        streams=found,
        measures=measures,
        disagreement=None if disagreement is None else _round(disagreement),
        disagreement_limit=limit,
    )


def join_distances(curves: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32] | None:
    """Return the greatest distance of each frame, of those of the streams that show it (T,), as a table holds it.

    None where there is no stream, or some frame is shown by none: distances are NaN there.
    """
    joined = np.fmax.reduce(curves).round(3) if curves else np.full(1, np.nan)
    return np.asarray(joined, dtype=np.float32) if np.isfinite(joined).all() else None


def warn_of_unfamiliar(annotation: Annotation) -> str | None:
    """Return a warning where a recording is not like those that its model was trained on; None where it is, or nothing is known."""
    known = annotation.provenance.familiarity
    if known is None or known.verdict in (None, "familiar"):
        return None
    return f"{annotation.recording}: is {known.verdict} to the model, so look at its ethogram before you use it. {' '.join(known.reasons)}"


def find_limits(stream: str, reference: StreamReference, *, n_streams: int = 1) -> StreamLimits:
    """Return what a recording like the training recordings hardly exceeds, by one of `n_streams` streams."""
    rate = STREAM_ALARM_RATE / n_streams
    angle = find_prediction_limit(np.arcsin(np.sqrt(reference.shares)), rate=rate, usual_deviation=USUAL_SHARE, worth=WORTH)
    known = reference.distribution
    # By chance alone, the logarithm of the root of the mean of N squares differs by the root of 1 / 2 N.
    usual_spread = float(np.sqrt(USUAL_SPREAD**2 + LIKE_FEATURES / (2 * reference.n_features)))
    return StreamLimits(
        stream=stream,
        median_limit=_limit_logarithm(reference.medians, USUAL_MEDIAN, rate),
        # A right angle is all frames.
        share_limit=_round(np.sin(min(angle, np.pi / 2)) ** 2),
        shift_limit=None if known is None else max(_limit_logarithm(known.shifts, USUAL_SHIFT, rate), LEAST_SHIFT),
        spread_limit=None if known is None else max(_limit_logarithm(known.spreads, usual_spread, rate), LEAST_SPREAD),
    )


def limit_disagreement(model: PlainModel) -> float:
    """Return the disagreement with a plain model that a recording like the training recordings hardly exceeds."""
    return max(_limit_logarithm(model.disagreements, USUAL_DISAGREEMENT, ALARM_RATE), LEAST_DISAGREEMENT)


def _limit_logarithm(values: npt.NDArray[np.float64], usual_deviation: float, rate: float) -> float:
    logarithms = np.log(np.maximum(values, _LEAST))
    limit = find_prediction_limit(logarithms, rate=rate, usual_deviation=usual_deviation, worth=WORTH)
    return _round(np.exp(min(limit, 50.0)))


def summarize_measure(name: str, medians: Sequence[float]) -> MeasureRecord:
    """Return what a bundle keeps of one measure, by its medians of R training recordings."""
    low, high = _round(min(medians)), _round(max(medians))
    if name not in USUAL_MEASURES or len(medians) < 2:
        return MeasureRecord(low=low, high=high)
    values = np.log(np.maximum(medians, _LEAST))
    is_one_sided = name == RELATIVE_CONTRAST
    rate = ALARM_RATE if is_one_sided else ALARM_RATE / 2
    usual = USUAL_MEASURES[name]
    most = find_prediction_limit(values, rate=rate, usual_deviation=usual, worth=WORTH)
    least = -find_prediction_limit(-values, rate=rate, usual_deviation=usual, worth=WORTH)
    return MeasureRecord(
        low=low, high=high, low_limit=_round(np.exp(least)), high_limit=None if is_one_sided else _round(np.exp(min(most, 50.0)))
    )


def list_streams(features: Sequence[RecordingFeatures]) -> Iterator[tuple[StreamDescription, slice, RecordingFeatures]]:
    """Yield each stream of the members' features once, with its columns of the features that it is part of, and these."""
    seen: set[tuple[str, str]] = set()
    for own in features:
        start = 0
        for stream in own.streams:
            # Two views may have features of the same meaning, and look otherwise all the same.
            if (key := identify_reference(stream)) not in seen:
                seen.add(key)
                yield stream, slice(start, start + stream.n_features), own
            start += stream.n_features


def identify_reference(stream: StreamDescription) -> tuple[str, str]:
    """Return what tells the reference of a stream from others: its view and its signature."""
    return split_stream(stream.name)[1], stream.signature


def find_rows(features: RecordingFeatures, stream: StreamDescription) -> npt.NDArray[np.int64]:
    """Return the rows of features that a stream of theirs has, int64 of shape (M,)."""
    if features.present is None:
        return np.arange(len(features.values))
    return np.flatnonzero(features.present[:, [one.name for one in features.streams].index(stream.name)])


def measure_medians(features: Sequence[RecordingFeatures]) -> dict[str, float]:
    """Return the median over the frames of one recording of each measure that is known, its growths, and its frames per second."""
    medians: dict[str, float] = {}
    for own in features:
        for name, column in zip(MEASURES, [] if own.measures is None else own.measures.T, strict=own.measures is not None):
            known = column[np.isfinite(column)]
            if name not in medians and len(known):
                medians[name] = float(np.median(known))
        medians = {**own.growths, **medians}
    return {**medians, **_relate_contrast(medians), "fps": float(features[0].fps)}


def _relate_contrast(medians: Mapping[str, float]) -> dict[str, float]:
    """Return the contrast by the brightness, where both are known: haze lowers it, and neither another exposure nor another lamp does."""
    if medians.get("brightness", 0.0) <= 0 or "contrast" not in medians:
        return {}
    return {RELATIVE_CONTRAST: medians["contrast"] / medians["brightness"]}


def _describe_stream(limits: StreamLimits, figures: StreamFigures) -> StreamDistance:
    return StreamDistance(
        stream=limits.stream,
        median=_round(np.median(figures.distances)),
        share=_round(np.mean(figures.distances > 1)),
        median_limit=limits.median_limit,
        share_limit=limits.share_limit,
        shift=None if figures.shift is None else _round(figures.shift),
        spread=None if figures.spread is None else _round(figures.spread),
        shift_limit=limits.shift_limit,
        spread_limit=limits.spread_limit,
    )


def _measure_whole(one: StreamDistance) -> float:
    """Return the greater of shift and spread, each in units of its limit; 0 where they are not known."""
    if one.shift is None or one.spread is None or not one.shift_limit or not one.spread_limit:
        return 0.0
    return max(one.shift / one.shift_limit, one.spread / one.spread_limit)


def _is_beyond(measure: Measure) -> bool:
    if measure.median is None:
        return False
    is_below = measure.low_limit is not None and measure.median < measure.low_limit
    return is_below or (measure.high_limit is not None and measure.median > measure.high_limit)


def _explain_stream(one: StreamDistance) -> str:
    if one.share > one.share_limit:
        return (
            f"{one.stream}: {one.share:.0%} of the frames are farther from the training frames than 99 % of left-out training recordings, "
            f"up to {one.share_limit:.0%} is usual."
        )
    if one.median > one.median_limit:
        return f"{one.stream}: the median distance from the training frames is {one.median:.2f}, up to {one.median_limit:.2f} is usual."
    if (one.shift or 0.0) > (one.shift_limit or np.inf):
        said, value, limit = "the mean of the features is off those of the training recordings", one.shift, one.shift_limit
    else:
        said, value, limit = "features vary more or less than in training recordings", one.spread, one.spread_limit
    return f"{one.stream}: {said}, by {value:.2f}, up to {limit:.2f} is usual."


def _explain_measure(name: str, measure: Measure) -> str:
    if name in _SIDES:
        return _explain_growth(*_SIDES[name], measure)
    return f"{name}: {measure.median:.3g}{_UNITS.get(name, '')}, {measure.low:.3g} to {measure.high:.3g} in training recordings."


def _explain_growth(larger: str, smaller: str, measure: Measure) -> str:
    times, low, high = (float(value or np.nan) for value in (measure.median, measure.low, measure.high))
    if times < 1:
        larger, smaller, times, low, high = smaller, larger, 1 / times, 1 / high, 1 / low
    return (
        f"The animal looks {times:.2f} times as large at the {larger} as at the {smaller} of where it goes, in training recordings "
        f"{low:.2f} to {high:.2f} times: is the camera tilted?"
    )


def _round(value: float | np.floating) -> float:
    return float(f"{float(value):.6g}")
