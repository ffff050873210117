"""Growing trees: which frames they see, what they count, and when they stop."""

import numpy as np
import pytest

from behavior.errors import UsageError
from behavior.metrics.frames import average_precision
from behavior.sequence import boosting
from behavior.sequence.boosting import BoostingTrainer, count_window_frames
from behavior.sequence.plans import FitCallbacks, ModelPlan
from behavior.sequence.windows import SequenceData

N_FRAMES = 400


@pytest.fixture(scope="module")
def data():
    """Four recordings; the second behavior is rare, and shows in what the feature does over time alone."""
    rng = np.random.default_rng(0)
    labels, features = [], []
    for _ in range(4):
        shown = np.zeros((N_FRAMES, 2), dtype=np.int8)
        shown[:, 0] = (rng.random(N_FRAMES // 10) < 0.5).repeat(10)
        for start in rng.choice(np.arange(20, N_FRAMES - 20, 40), 3, replace=False):
            shown[start : start + 12, 1] = 1
        values = rng.normal(size=(N_FRAMES, 3))
        values[:, 0] += 2 * shown[:, 0]
        # Louder, but not higher.
        values[:, 1] *= 1 + 3 * shown[:, 1]
        labels.append(shown)
        features.append(values.astype(np.float32))
    return SequenceData([features], labels)


def make_trainer(**changes):
    return BoostingTrainer(**{"n_features": 3, "lengths": [5, 11], "min_frames": 10, **changes})


def plan(output=0, training=(0, 1, 2), validation=(), predicted=(3,), epochs=30, seed=0, preparation=0):
    return ModelPlan((output,), training, validation, predicted, epochs, seed, preparation)


def score(data, model, output):
    return average_precision(data.labels[3][:, output], model.probabilities[3][:, 0])


def test_what_a_frame_shows_is_learned(data):
    (model,) = make_trainer().fit(data, [plan(0)], seed=0)
    assert score(data, model, 0) > 0.9


def test_what_shows_over_time_alone_is_learned_with_windows(data):
    (model,), (blind,) = (make_trainer(lengths=lengths).fit(data, [plan(1)], seed=0) for lengths in ([5, 11], []))
    assert score(data, model, 1) > max(score(data, blind, 1) + 0.1, 0.7)


def test_training_stops_where_validation_frames_are_told_best(data):
    told = []
    callbacks = FitCallbacks(on_epoch=lambda *given: told.append(given), follow=lambda *given: told.append(given))
    (model,) = make_trainer(learning_rate=0.5).fit(data, [plan(1, (0, 1), (2,), epochs=200)], seed=0, patience=7, callbacks=callbacks)
    report = model.report
    assert report.epochs < 200
    assert report.best_epoch == int(np.argmax(report.validation_scores)) + 1
    trees = make_trainer().make_model(model.weights)
    assert trees.n_trees == report.best_epoch
    validated = average_precision(data.labels[2][:, 1], trees.predict(data.features[0][2])[:, 0])
    assert validated == pytest.approx(max(report.validation_scores), abs=1e-6)
    # None of the last seven is better than the one before them.
    assert max(report.validation_scores[-7:]) <= report.validation_scores[-8]
    assert told == [(report.epochs, [0], [report]), (report.epochs, {0: model.probabilities})]


def test_validation_recordings_are_not_trained_on(data):
    """Trees are the same whatever is validated on, as long as they are as many."""
    (one,) = make_trainer().fit(data, [plan(0, (0, 1), (2,), epochs=3)], seed=0, patience=50)
    (other,) = make_trainer().fit(data, [plan(0, (0, 1), (), epochs=one.report.best_epoch)], seed=0)
    for values, expected in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(values, expected)


def test_frames_without_a_label_have_no_part(data):
    features = [values.copy() for values in data.features[0]]
    labels = [values.copy() for values in data.labels]
    labels[0][100:200] = -1
    features[0][130:170] = 1000.0
    spoiled = SequenceData([features], labels)
    (one,) = make_trainer(lengths=[]).fit(spoiled, [plan()], seed=0)
    features[0][130:170] = -1000.0
    (other,) = make_trainer(lengths=[]).fit(spoiled, [plan()], seed=0)
    np.testing.assert_array_equal(one.probabilities[3], other.probabilities[3])


def test_rare_frames_count_more_where_classes_are_balanced(data):
    balanced, plain = (make_trainer().fit(data, [plan(1)], seed=0, balanced=is_balanced)[0] for is_balanced in (True, False))
    share = data.labels[0][:, 1].mean()
    assert plain.probabilities[3].mean() == pytest.approx(share, abs=0.06)
    assert balanced.probabilities[3].mean() > plain.probabilities[3].mean() + 0.02
    assert 1 / (1 + np.exp(-balanced.weights[2])) == pytest.approx(0.5, abs=1e-6)


def test_a_recording_that_is_drawn_twice_counts_twice(data):
    (twice,) = make_trainer().fit(data, [plan(1, (0, 0, 1))], seed=0, balanced=False)
    counted = data.labels[0][:, 1].mean() * 2 / 3 + data.labels[1][:, 1].mean() / 3
    assert 1 / (1 + np.exp(-twice.weights[2])) == pytest.approx(counted, abs=1e-6)


def test_of_many_frames_some_stand_for_the_others(data):
    seen = []
    describe = boosting.describe_rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosting, "describe_rows", lambda features, rows, lengths: seen.append(rows) or describe(features, rows, lengths))
        (model,) = make_trainer(frames=300).fit(data, [plan(1, (0, 1, 2))], seed=0, balanced=False)
    n_positive = sum(int(values[:, 1].sum()) for values in data.labels[:3])
    labels = np.concatenate([data.labels[index][rows, 1] for index, rows in enumerate(seen)])
    # All of the rare class, and of the rest as many as make 300, from each recording alike.
    assert (len(labels), int(labels.sum())) == (300, n_positive)
    assert max(len(rows) for rows in seen) - min(len(rows) for rows in seen) <= 5
    assert 1 / (1 + np.exp(-model.weights[2])) == pytest.approx(n_positive / (3 * N_FRAMES), abs=1e-6)
    (other,) = make_trainer(frames=300).fit(data, [plan(1, (0, 1, 2), seed=1)], seed=0, balanced=False)
    assert not np.array_equal(model.probabilities[3], other.probabilities[3])


def test_models_read_the_preparation_of_their_plan(data):
    scrambled = [np.zeros_like(values) for values in data.features[0]]
    both = SequenceData([data.features[0], scrambled], data.labels)
    good, bad = make_trainer().fit(both, [plan(), plan(preparation=1)], seed=0)
    assert len(np.unique(bad.probabilities[3])) == 1
    assert len(np.unique(good.probabilities[3])) > 10


def test_a_feature_that_is_no_number_is_refused(data):
    features = [values.copy() for values in data.features[0]]
    features[1][7, 2] = np.nan
    with pytest.raises(UsageError, match="feature 2 of frame 7 is not a finite number"):
        make_trainer().fit(SequenceData([features], data.labels), [plan()], seed=0)


@pytest.mark.parametrize(("rate", "expected"), [(25.0, [13, 51, 201]), (10.0, [5, 21, 81]), (0.5, [3, 5])])
def test_lengths_in_seconds_are_odd_numbers_of_vectors(rate, expected):
    assert count_window_frames([0.5, 2, 8], rate) == expected
