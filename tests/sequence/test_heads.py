"""What every head does, whichever kind it is, and what a fit does with it."""

import functools
import json

import numpy as np
import pytest

from behavior.errors import ModelError
from behavior.metrics.frames import average_precision
from behavior.sequence.heads import HEADS, build_head, load_head, save_head
from behavior.sequence.inference import predict_recording
from behavior.sequence.training import HeadTrainer
from behavior.sequence.weighting import balance_classes
from behavior.sequence.windows import SequenceData

SETTINGS = {
    "lstm": {"kind": "lstm", "layers": 1, "units": 8, "dropout": 0.2},
    "lstm of three layers": {"kind": "lstm", "layers": 3, "units": 8, "dropout": 0.5},
    "tcn": {"kind": "tcn", "layers": 1, "filters": 8, "kernel_size": 3, "normalization": "none", "dropout": 0.2},
    "tcn with batch normalisation": {"kind": "tcn", "layers": 2, "filters": 8, "kernel_size": 3, "normalization": "batch", "dropout": 0.2},
    "tcn with layer normalisation": {"kind": "tcn", "layers": 1, "filters": 8, "kernel_size": 5, "normalization": "layer", "dropout": 0.2},
}


def make_recording(n_frames, seed, *, unlabelled=0.0):
    """Features whose first column tells the behavior, late by one frame, and noise."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(n_frames, dtype=np.int8)
    for start in rng.integers(0, n_frames, 6):
        labels[start : start + 12] = 1
    features = rng.normal(size=(n_frames, 4)).astype(np.float16)
    features[:, 0] += 3 * labels
    labels[rng.random(n_frames) < unlabelled] = -1
    return features, labels


def make_data(seeds, n_frames=150, **options):
    recordings = [make_recording(n_frames, seed, **options) for seed in seeds]
    return SequenceData([features for features, _ in recordings], [labels for _, labels in recordings])


def make_trainer(settings, **changes):
    return HeadTrainer(**{"head": settings, "n_features": 4, "window_length": 30, "learning_rate": 0.01, "batch_size": 4, **changes})


@functools.cache
def share_trainer(settings):
    """One trainer for each setting (as JSON), because building and tracing it is what takes long."""
    return make_trainer(json.loads(settings), batch_size=3)


def test_every_kind_is_in_the_contract():
    assert {settings["kind"] for settings in SETTINGS.values()} == set(HEADS)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
class TestEveryHead:
    """The contract of a head."""

    def test_a_probability_for_every_frame_of_windows_of_any_length(self, settings):
        model = build_head(n_features=4, **settings)
        for length in (1, 30):
            values = model.predict_on_batch(np.random.default_rng(0).normal(size=(3, length, 4)).astype(np.float32))
            assert values.shape == (3, length, 1)
            assert ((values >= 0) & (values <= 1)).all()

    def test_saved_and_loaded_it_says_the_same_to_the_last_bit(self, settings, tmp_path):
        model = build_head(n_features=4, **settings)
        save_head(model, tmp_path / "a.keras")
        windows = np.random.default_rng(0).normal(size=(2, 30, 4)).astype(np.float32)
        loaded = load_head(tmp_path / "a.keras")
        np.testing.assert_array_equal(model.predict_on_batch(windows), loaded.predict_on_batch(windows))

    def test_it_learns_and_a_copy_of_it_stays_as_it_was(self, settings):
        trainer = share_trainer(json.dumps(settings))
        report = trainer.fit(make_data([0, 1, 2]), epochs=40, seed=3, validation=make_data([7]), patience=40)
        assert max(report.validation_scores) > 0.9
        features, _ = make_recording(150, 9)
        exported = trainer.export()
        before = trainer.predict(features)
        trainer.fit(make_data([0]), epochs=1, seed=4)
        np.testing.assert_array_equal(before, predict_recording(exported.predict_on_batch, features, length=30))
        assert not np.array_equal(before, trainer.predict(features))

    def test_the_same_seed_gives_the_same_numbers_whatever_was_fitted_before(self, settings):
        features, _ = make_recording(150, 9)
        trainer = share_trainer(json.dumps(settings))
        reports, predictions = [], []
        for _ in range(2):
            reports.append(trainer.fit(make_data([0, 1]), epochs=2, seed=3))
            predictions.append(trainer.predict(features))
            other = trainer.fit(make_data([5, 6]), epochs=1, seed=8)
        assert reports[0] == reports[1]
        np.testing.assert_array_equal(*predictions)
        assert other.losses[0] != reports[0].losses[0]


def test_units_halve_from_layer_to_layer():
    model = build_head(n_features=4, kind="lstm", layers=3, units=64, dropout=0.5)
    assert [layer.units for layer in model.layers if hasattr(layer, "recurrent_activation")] == [64, 32, 16]


def test_the_best_epoch_is_kept_and_patience_ends_the_fit():
    trainer = make_trainer(SETTINGS["lstm"])
    validation = make_data([7])
    report = trainer.fit(make_data([0, 1]), epochs=40, seed=1, validation=validation, patience=3)
    scores = report.validation_scores
    assert report.best_epoch == int(np.argmax(scores)) + 1
    assert report.epochs == len(scores) == min(40, report.best_epoch + 3)
    assert average_precision(validation.labels[0], trainer.predict(validation.features[0])) == scores[report.best_epoch - 1]


def test_without_anything_to_watch_all_epochs_are_run():
    report = make_trainer(SETTINGS["lstm"]).fit(make_data([0]), epochs=3, seed=0)
    assert (report.best_epoch, report.epochs, report.validation_scores) == (3, 3, ())


def first_loss(data, settings, **options):
    """The loss of the first step, which the weights of a seed and the data alone decide."""
    return make_trainer(settings, batch_size=100).fit(data, epochs=1, seed=0, **options).losses[0]


STILL = {**SETTINGS["lstm"], "dropout": 0.0}


def test_the_loss_is_the_mean_over_labelled_frames_of_each_window():
    features, labels = make_recording(60, 0, unlabelled=0.4)
    data = SequenceData([features], [labels])
    trainer = make_trainer(STILL, batch_size=100, learning_rate=1e-12)
    loss = trainer.fit(data, epochs=1, seed=0).losses[0]
    negative, positive = balance_classes([labels])
    windows = features.astype(np.float32).reshape(2, 30, 4)
    probabilities = np.asarray(trainer.export().predict_on_batch(windows))[:, :, 0]
    expected = []
    for truth, said in zip(labels.reshape(2, 30), probabilities, strict=True):
        weight = np.where(truth == 1, positive, negative)
        entropy = -np.where(truth == 1, np.log(said), np.log(1 - said))
        expected.append((weight * entropy)[truth >= 0].mean())
    assert loss == pytest.approx(np.mean(expected), rel=1e-4)


def test_frames_without_a_label_change_nothing_of_what_is_learned():
    features, labels = make_recording(60, 0)
    hidden = labels.copy()
    hidden[10:20] = -1
    one = SequenceData([features], [hidden])
    flipped = labels.copy()
    flipped[10:20] = -1
    assert first_loss(one, STILL) == first_loss(SequenceData([features], [flipped]), STILL)
    assert first_loss(one, STILL) != first_loss(SequenceData([features], [labels]), STILL)


def test_a_recording_that_nobody_labelled_has_no_part_in_a_step():
    features, labels = make_recording(60, 0)
    other, _ = make_recording(60, 1)
    alone = SequenceData([features], [labels])
    beside = SequenceData([features, other], [labels, np.full(60, -1, dtype=np.int8)])
    assert first_loss(alone, STILL) == first_loss(beside, STILL)


def test_padding_of_a_short_recording_has_no_weight():
    features, labels = make_recording(20, 0)
    labels[:3], labels[3:9] = 1, 0
    longer = np.concatenate([features, np.repeat(features[-1:], 10, axis=0)])
    unseen = np.concatenate([labels, np.full(10, -1, dtype=np.int8)])
    assert first_loss(SequenceData([features], [labels]), STILL) == pytest.approx(first_loss(SequenceData([longer], [unseen]), STILL))


def test_class_weights_follow_the_formula():
    assert balance_classes([np.array([0, 0, 0, 1, -1], dtype=np.int8)]) == (4 / 6, 4 / 2)
    with pytest.raises(ValueError, match="0 positive"):
        balance_classes([np.zeros(3, dtype=np.int8)])


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 half an archive"])
def test_a_damaged_model_is_said(tmp_path, content):
    path = tmp_path / "a.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"a\.keras: this is no model"):
        load_head(path)


def test_a_model_with_code_of_its_own_is_refused(tmp_path):
    import keras

    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, keras.layers.Lambda(lambda values: values * 2)(inputs))
    model.save(tmp_path / "a.keras")
    with pytest.raises(ModelError, match="loaded safely"):
        load_head(tmp_path / "a.keras")
