"""Verdicts on recordings whose features, light and size are known by construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from behavior.files.feature_measures import MEASURES
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import FamiliarityRecord, ReferenceDescription, StreamDescription
from behavior.frame_sampling import lay_rows
from behavior.learning.familiarity import (
    RELATIVE_CONTRAST,
    TrainingReference,
    find_limits,
    identify_reference,
    list_streams,
    measure_medians,
    summarize_measure,
    warn_of_unfamiliar,
)
from behavior.learning.familiarity_reference import fit_stream_reference
from behavior.learning.plain_model import fit_plain_model
from behavior.learning.recording_features import RecordingFeatures
from behavior.provenance import Familiarity, Measure, Provenance
from behavior.recording import Annotation, Ethogram, Probabilities
from behavior.row_blocks import RowBlocks
from behavior.vision.size_growth import GROWTHS

WIDTHS = {"appearance": 5, "pose": 3}
# By a model without a plain one beside it, which does not look at them.
PREDICTED = np.zeros((300, 1))
STREAMS = tuple(StreamDescription(name=name, signature=Signature(name, {}).text, n_features=width) for name, width in WIDTHS.items())


def make_features(seed: int, *, shift: float = 0.0, part: float = 1.0, **measures: float) -> RecordingFeatures:
    """Return 300 frames, the first `part` of which are shifted; brightness is 100 or so, other measures are 1, and growths nearly."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (300, sum(WIDTHS.values()))).astype(np.float32)
    values[: int(300 * part)] += shift
    columns = {**dict.fromkeys(MEASURES, 1.0), "brightness": 100.0 + seed % 5, **measures}
    known = np.tile(np.array([columns[name] for name in MEASURES], dtype=np.float32), (300, 1))
    growths = dict.fromkeys(GROWTHS, 1 + 0.02 * (seed % 3))
    return RecordingFeatures(values, np.arange(300) / 10, 10.0, STREAMS, False, measures=known, growths=growths)


def make_reference(n_recordings: int = 6) -> TrainingReference:
    training = [make_features(seed) for seed in range(n_recordings)]
    references = {}
    for number, stream in enumerate(STREAMS):
        columns = list(list_streams(training[:1]))[number][1]
        values = [one.values[:, columns] for one in training]
        references[identify_reference(stream)] = fit_stream_reference(values, [str(seed) for seed in range(n_recordings)])
    medians = [measure_medians([one]) for one in training]
    record = FamiliarityRecord(
        recordings=n_recordings,
        streams=[ReferenceDescription(stream=stream, file=f"{stream.name}.npz") for stream in STREAMS],
        measures={name: summarize_measure(name, [one[name] for one in medians]) for name in medians[0]},
    )
    return TrainingReference(record, references)


@pytest.fixture(scope="module")
def reference() -> TrainingReference:
    return make_reference()


def test_a_recording_like_the_training_recordings_is_familiar(reference: TrainingReference) -> None:
    for seed in range(20, 40):
        judged = reference.judge([make_features(seed)], PREDICTED)
        assert (judged.familiarity.verdict, judged.familiarity.reasons) == ("familiar", ())
        assert [one.stream for one in judged.familiarity.streams] == ["appearance", "pose"]
        assert judged.distances is not None
        assert judged.distances.shape == (300,)
        assert judged.familiarity.measures["brightness"].median == 100 + seed % 5


def test_a_recording_that_is_elsewhere_is_foreign_and_one_that_is_so_for_a_while_unusual(reference: TrainingReference) -> None:
    far = reference.judge([make_features(20, shift=6.0)], PREDICTED)
    assert far.familiarity.verdict == "foreign"
    assert far.familiarity.reasons[0].startswith("appearance: 100% of the frames are farther")
    for_a_while = reference.judge([make_features(20, shift=6.0, part=0.3)], PREDICTED)
    assert for_a_while.familiarity.verdict == "unusual"
    assert for_a_while.familiarity.reasons[0].startswith("appearance: 3")
    assert far.familiarity.distance == 2
    assert for_a_while.distances is not None
    assert for_a_while.distances[:90].min() > 1 > np.median(for_a_while.distances[90:])


@pytest.mark.parametrize(("name", "value"), [("sharpness", 0.4), ("size", 2.0)])
def test_other_focus_or_size_is_unusual(reference: TrainingReference, name: str, value: float) -> None:
    familiarity = reference.judge([make_features(20, **{name: value})], PREDICTED).familiarity
    assert familiarity.verdict == "unusual"
    assert len(familiarity.reasons) == 1
    assert familiarity.reasons[0].startswith(f"{name}: {value:.3g}")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("growth to the right", 1.4, "The animal looks 1.40 times as large at the right as at the left of where it goes, in training "),
        ("growth downwards", 1.4, "The animal looks 1.40 times as large at the bottom as at the top of where it goes, in training "),
        ("growth downwards", 0.625, "The animal looks 1.60 times as large at the top as at the bottom of where it goes, in training "),
    ],
)
def test_a_tilted_camera_is_unusual(reference: TrainingReference, name: str, value: float, said: str) -> None:
    features = make_features(20)
    familiarity = reference.judge([replace(features, growths={**features.growths, name: value})], PREDICTED).familiarity
    low, high = (1, 1.04) if value > 1 else (1 / 1.04, 1)
    assert familiarity.verdict == "unusual"
    assert familiarity.reasons == (f"{said}recordings {low:.2f} to {high:.2f} times: is the camera tilted?",)
    assert familiarity.measures[name].median == value


def test_a_reference_without_growths_does_not_judge_by_them(reference: TrainingReference) -> None:
    assert reference.record is not None
    measures = {name: one for name, one in reference.record.measures.items() if name not in GROWTHS}
    # As bundles of earlier versions have it.
    record = FamiliarityRecord.model_validate(reference.record.model_copy(update={"measures": measures}).model_dump())
    features = replace(make_features(20), growths=dict.fromkeys(GROWTHS, 3.0))
    familiarity = TrainingReference(record, reference.streams).judge([features], PREDICTED).familiarity
    assert (familiarity.verdict, familiarity.reasons) == ("familiar", ())
    assert familiarity.measures[GROWTHS[0]] == Measure(median=3.0)
    # Nor does one that has them judge a recording whose pose does not tell.
    unknown = reference.judge([replace(features, growths={})], PREDICTED).familiarity
    assert unknown.verdict == "familiar"
    assert not set(GROWTHS) & set(unknown.measures)


def test_training_recordings_of_a_tilted_camera_make_it_usual() -> None:
    training = [{"growth downwards": value} for value in (1.35, 1.4, 1.45, 1.4, 1.42, 1.38)]
    record = summarize_measure("growth downwards", [one["growth downwards"] for one in training])
    assert record.low_limit is not None
    assert record.high_limit is not None
    assert 1 < record.low_limit < 1.35 < 1.45 < record.high_limit < 2


@pytest.mark.parametrize("factor", [0.3, 2.5])
def test_more_or_less_light_is_unusual(reference: TrainingReference, factor: float) -> None:
    familiarity = reference.judge([make_features(20, brightness=100 * factor, contrast=factor)], PREDICTED).familiarity
    assert familiarity.verdict == "unusual"
    assert [reason.partition(":")[0] for reason in familiarity.reasons] == ["brightness", "contrast"]


def test_haze_is_unusual_where_neither_brightness_nor_contrast_is(reference: TrainingReference) -> None:
    hazy = make_features(20, brightness=120.0, contrast=0.6)
    familiarity = reference.judge([hazy], PREDICTED).familiarity
    assert familiarity.verdict == "unusual"
    assert [reason.partition(":")[0] for reason in familiarity.reasons] == [RELATIVE_CONTRAST]


@pytest.mark.parametrize(("scale", "shift", "said"), [(0.2, 0.0, "features vary more or less"), (1.0, 0.4, "mean of the features is off")])
def test_a_recording_that_differs_as_a_whole_is_unusual_though_no_frame_is_far(
    reference: TrainingReference, scale: float, shift: float, said: str
) -> None:
    features = make_features(20)
    changed = replace(features, values=features.values * np.float32(scale) + np.float32(shift))
    familiarity = reference.judge([changed], PREDICTED).familiarity
    assert familiarity.verdict == "unusual"
    assert all(said in reason for reason in familiarity.reasons)
    assert all(one.median < one.median_limit and one.share < one.share_limit for one in familiarity.streams)
    assert familiarity.distance > 1 > reference.judge([features], PREDICTED).familiarity.distance


def test_a_reference_of_the_first_version_judges_frames_alone(reference: TrainingReference) -> None:
    assert reference.record is not None
    first = TrainingReference(reference.record, {key: replace(one, distribution=None) for key, one in reference.streams.items()})
    features = make_features(20)
    narrow = replace(features, values=features.values * np.float32(0.5))
    assert first.judge([narrow], PREDICTED).familiarity.verdict == "familiar"
    assert first.judge([narrow], PREDICTED).familiarity.distance is None
    assert first.judge([make_features(20, shift=6.0)], PREDICTED).familiarity.verdict == "foreign"


def make_views(seed: int, *, n_side: int = 300, side_shift: float = 0.0) -> RecordingFeatures:
    """Return features of two views, the second being there in the first `n_side` frames; their streams mean the same."""
    text = Signature("appearance", {}).text
    streams = tuple(StreamDescription(name=name, signature=text, n_features=4) for name in ("appearance", "appearance@side"))
    values = np.random.default_rng(seed).normal(0, 1, (300, 8)).astype(np.float32)
    values[:, 4:] += 20 + side_shift
    values[n_side:, 4:] = np.nan
    present = np.ones((300, 2), dtype=bool)
    present[n_side:, 1] = False
    return RecordingFeatures(values, np.arange(300) / 10, 10.0, streams, False, present=None if n_side == 300 else present)


def test_each_view_is_judged_by_its_own_reference_in_the_frames_that_it_shows() -> None:
    training = [make_views(seed) for seed in range(6)]
    animals = [str(seed) for seed in range(6)]
    references = {}
    for stream, columns, _ in list_streams(training[:1]):
        references[identify_reference(stream)] = fit_stream_reference([one.values[:, columns] for one in training], animals)
    assert set(references) == {(view, Signature("appearance", {}).text) for view in ("", "side")}
    record = FamiliarityRecord(recordings=6, streams=[], measures={})
    known = TrainingReference(record, references)
    for n_side in (300, 120):
        judged = known.judge([make_views(20, n_side=n_side)], PREDICTED)
        assert judged.familiarity.verdict == "familiar", judged.familiarity.reasons
        assert [one.stream for one in judged.familiarity.streams] == ["appearance", "appearance@side"]
        assert judged.distances is not None
        assert np.isfinite(judged.distances).all()
    turned = known.judge([make_views(20, n_side=120, side_shift=9.0)], PREDICTED)
    assert turned.familiarity.verdict == "foreign"
    assert all(reason.startswith("appearance@side: ") for reason in turned.familiarity.reasons)
    assert turned.distances is not None
    assert turned.distances[:120].min() > 1 > np.median(turned.distances[120:])
    alone = TrainingReference(record, {key: one for key, one in references.items() if key[0] == "side"})
    assert alone.judge([make_views(20)], PREDICTED).distances is not None
    assert alone.judge([make_views(20, n_side=120)], PREDICTED).distances is None
    missing = known.judge([make_views(20, n_side=0)], PREDICTED)
    assert missing.familiarity.verdict == "familiar"
    assert [one.stream for one in missing.familiarity.streams] == ["appearance"]


def add_plain_model(reference: TrainingReference) -> TrainingReference:
    """Return the reference with a plain model of one behavior, which is when the sum of all features is above 0, as the trained one is."""
    training = [make_features(seed) for seed in range(6)]
    components = []
    for one in training:
        columns = [(stream, columns) for stream, columns, _ in list_streams([one])]
        projected = [reference.find_reference(stream).preparation.apply(one.values[:, columns]) for stream, columns in columns]
        components.append(np.concatenate(projected, axis=1))
    truth = [(one.values.sum(axis=1, keepdims=True) > 0).astype(np.int8) for one in training]
    plain = fit_plain_model(components, truth, [shown.astype(np.float32) for shown in truth], range(6))
    return TrainingReference(reference.record, reference.streams, plain)


def test_predictions_unlike_those_of_a_plain_model_are_unusual_and_farther(reference: TrainingReference) -> None:
    known = add_plain_model(reference)
    features = make_features(20)
    right = (features.values.sum(axis=1, keepdims=True) > 0).astype(np.float32)
    agreed = known.judge([features], right).familiarity
    assert agreed.verdict == "familiar"
    alone = reference.judge([features], right).familiarity
    assert (alone.disagreement, alone.disagreement_limit) == (None, None)
    expected = np.cbrt(alone.distance * (agreed.disagreement / agreed.disagreement_limit) ** 2)
    assert agreed.distance == pytest.approx(expected, rel=1e-4)
    # Half of the frames are predicted at random.
    wrong = right.copy()
    wrong[::2] = np.random.default_rng(0).integers(0, 2, (150, 1))
    differing = known.judge([features], wrong).familiarity
    assert differing.verdict == "unusual"
    # Half of the correlation is left, that of a sign with its number, and a tenth of the training frames counts, too.
    assert differing.disagreement == pytest.approx(1 - np.sqrt(2 / np.pi) * 0.6 / 1.1, abs=0.06)
    assert differing.distance > 1.5 * agreed.distance
    assert differing.reasons == (
        f"Predictions differ from those of a plain model on the same features by {differing.disagreement:.2f}, up to "
        f"{differing.disagreement_limit:.2f} is usual: expect more errors.",
    )
    opposite = known.judge([features], 1 - right).familiarity
    assert 1.5 < opposite.disagreement <= 2


def test_a_plain_model_says_nothing_where_a_stream_is_missing_and_goes_by_the_frames_that_all_show(reference: TrainingReference) -> None:
    known = add_plain_model(reference)
    features = make_features(20)
    right = (features.values.sum(axis=1, keepdims=True) > 0).astype(np.float32)
    pose_alone = RecordingFeatures(features.values[:, 5:], features.time_s, 10.0, STREAMS[1:], False)
    assert known.judge([pose_alone], right).familiarity.disagreement is None
    present = np.ones((300, 2), dtype=bool)
    present[100:, 1] = False
    values = features.values.copy()
    values[100:, 5:] = np.nan
    partly = known.judge([replace(features, values=values, present=present)], right).familiarity
    first = replace(features, values=features.values[:100], time_s=features.time_s[:100], measures=None)
    assert partly.disagreement == pytest.approx(known.judge([first], right[:100]).familiarity.disagreement, rel=1e-4)


def test_a_plain_model_for_other_streams_is_refused(reference: TrainingReference) -> None:
    known = add_plain_model(reference)
    with pytest.raises(ValueError, match="the plain model is for 8 components, expected 5"):
        TrainingReference(known.record, dict(list(known.streams.items())[:1]), known.plain_model)


def test_likelihood_and_frame_rate_are_shown_and_do_not_count(reference: TrainingReference) -> None:
    familiarity = reference.judge([make_features(20, likelihood=0.2)], PREDICTED).familiarity
    assert familiarity.verdict == "familiar"
    assert familiarity.measures["likelihood"].median == pytest.approx(0.2)
    assert (familiarity.measures["fps"].low, familiarity.measures["fps"].low_limit) == (10, None)


def test_two_training_recordings_say_little() -> None:
    familiarity = make_reference(2).judge([make_features(20)], PREDICTED).familiarity
    assert familiarity.verdict == "familiar"
    assert familiarity.reasons == ("There were 2 training recordings, too few to say how much such recordings differ.",)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (TrainingReference(), "of an earlier version"),
        (TrainingReference(FamiliarityRecord(recordings=1, streams=[], measures={})), "train on two at least"),
    ],
)
def test_a_model_without_a_reference_says_so(reference: TrainingReference, said: str) -> None:
    judged = reference.judge([make_features(0)], PREDICTED)
    assert judged.familiarity.verdict is None
    assert judged.distances is None
    assert said in judged.familiarity.reasons[0]
    assert said in reference.explain_absence()


def test_sampled_frames_lend_their_distance_to_the_nearest(reference: TrainingReference) -> None:
    every = make_features(20, shift=6.0, part=0.3)
    time_s = np.arange(600) / 20
    rows = lay_rows(time_s, np.arange(0, 600, 2), rate=10.0, fps=20.0)
    sampled = RecordingFeatures(every.values, time_s, 20.0, STREAMS, False, rows)
    distances = reference.judge([sampled], PREDICTED).distances
    assert distances is not None
    assert distances.shape == (600,)
    np.testing.assert_array_equal(distances[::2], reference.judge([every], PREDICTED).distances)


def test_features_that_are_read_block_by_block_give_the_same(reference: TrainingReference) -> None:
    features = make_features(20)
    blocks = replace(features, values=RowBlocks.of(features.values))
    np.testing.assert_array_equal(reference.judge([blocks], PREDICTED).distances, reference.judge([features], PREDICTED).distances)


def test_members_with_the_same_stream_are_looked_at_once(reference: TrainingReference) -> None:
    features = make_features(20)
    assert len(list(list_streams([features, features]))) == 2
    assert len(reference.judge([features, features], PREDICTED).familiarity.streams) == 2


def test_another_precision_of_a_stream_is_the_same_stream() -> None:
    reference = make_reference()
    texts = [Signature("appearance", {"precision": precision}).text for precision in ("float32", "bfloat16")]
    own = STREAMS[0].model_copy(update={"signature": texts[0]})
    kept = TrainingReference(reference.record, {("", texts[1]): reference.streams[identify_reference(STREAMS[0])]})
    features = make_features(20)
    read = RecordingFeatures(features.values[:, :5], features.time_s, 10.0, (own,), False)
    assert kept.judge([read], PREDICTED).familiarity.verdict == "familiar"


def test_measures_that_are_not_known_are_left_out(reference: TrainingReference) -> None:
    features = make_features(20, sharpness=np.nan)
    assert set(measure_medians([features])) == {*MEASURES, *GROWTHS, RELATIVE_CONTRAST, "fps"} - {"sharpness"}
    plain = RecordingFeatures(features.values, features.time_s, 10.0, STREAMS, False)
    assert list(reference.judge([plain], PREDICTED).familiarity.measures) == ["fps"]


@pytest.mark.parametrize(("noise", "verdict"), [(0.3, "unusual"), (0.8, "familiar"), (1.2, "familiar"), (3.0, "unusual")])
def test_more_or_less_noise_is_unusual(reference: TrainingReference, noise: float, verdict: str) -> None:
    familiarity = reference.judge([make_features(20, noise=noise)], PREDICTED).familiarity
    assert familiarity.verdict == verdict
    assert [reason.partition(":")[0] for reason in familiarity.reasons] == ["noise"] * (verdict == "unusual")


def test_limits_grow_as_training_recordings_differ(reference: TrainingReference) -> None:
    (stream, *_) = reference.streams.values()
    limits = find_limits("appearance", stream)
    assert stream.distribution is not None
    assert stream.medians.max() < limits.median_limit < 1.5 * stream.medians.max()
    assert stream.shares.max() < limits.share_limit < 0.3
    assert stream.distribution.shifts.max() < limits.shift_limit < 10 * stream.distribution.shifts.max()
    assert stream.distribution.spreads.max() < limits.spread_limit < 20 * stream.distribution.spreads.max()


def test_limits_of_several_streams_are_farther_out(reference: TrainingReference) -> None:
    (stream, *_) = reference.streams.values()
    alone, one_of_three = find_limits("appearance", stream), find_limits("appearance", stream, n_streams=3)
    for name in ("median_limit", "share_limit", "shift_limit", "spread_limit"):
        assert getattr(one_of_three, name) > getattr(alone, name)
    known = reference.judge([make_features(20)], PREDICTED).familiarity.streams[0]
    two = find_limits("appearance", stream, n_streams=2)
    assert (known.median_limit, known.shift_limit) == (two.median_limit, two.shift_limit)


@pytest.fixture
def annotate() -> Callable[[Familiarity | None], Annotation]:
    def make(familiarity: Familiarity | None) -> Annotation:
        times: npt.NDArray[np.float64] = np.arange(3.0)
        decided = Ethogram(np.zeros((3, 1), bool), ("x",), times)
        probabilities = Probabilities(np.zeros((3, 1), np.float32), ("x",), times)
        return Annotation("m1", probabilities, decided, decided, Provenance(familiarity=familiarity))

    return make


def test_a_warning_has_the_verdict_and_the_reasons(annotate: Callable[[Familiarity | None], Annotation]) -> None:
    warning = warn_of_unfamiliar(annotate(Familiarity(verdict="foreign", reasons=("Too dark.",))))
    assert warning == "m1: is foreign to the model, so look at its ethogram before you use it. Too dark."
    for known in (None, Familiarity(), Familiarity(verdict="familiar", reasons=("Few.",))):
        assert warn_of_unfamiliar(annotate(known)) is None
