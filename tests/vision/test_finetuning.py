"""Training a backbone on labelled crops, on a task that is easy: a bright square is the behavior."""

import keras
import numpy as np
import pytest
from small_network import SIZE, make_network

from behavior.errors import TrainingError
from behavior.vision.augmentation import WindowAugmenter
from behavior.vision.backbones import find_backbone
from behavior.vision.finetuning import CropWindows, Finetuner, _weigh_loss, open_network
from behavior.vision.unfreezing import choose_layers, list_layers


def draw_windows(count, *, seed, window=1):
    """Noise, and in every other window a square that is brighter or darker; a second behavior that nobody labelled."""
    rng = np.random.default_rng(seed)
    images = rng.integers(80, 120, (count * window, SIZE, SIZE, 3), dtype=np.uint8)
    shown = np.arange(count) % 2
    for number in np.flatnonzero(np.repeat(shown, window)):
        top, left = rng.integers(2, SIZE - 8, 2)
        images[number, top : top + 6, left : left + 6] += np.uint8(rng.choice([40, 256 - 40]))
    labels = np.stack([shown, np.full(count, -1)], axis=1).astype(np.int8)
    frames = np.arange(count * window).reshape(count, window)
    for array in (images, frames, labels):
        array.setflags(write=False)
    return CropWindows(images, frames, labels)


def weigh(windows):
    return (windows.labels >= 0).astype(np.float32)


def make_finetuner(network, *, augmenter=None, seed=0, **settings):
    return Finetuner(network, preprocessing="symmetric", n_outputs=2, batch_size=16, augmenter=augmenter, seed=seed, **settings)


def fit(finetuner, stage, learned, watched, *, weights=None, epochs=1, patience=9, learning_rate=0.01, **more):
    crops = []
    report = getattr(finetuner, stage)(
        learned,
        watched,
        weigh(learned) if weights is None else weights,
        learning_rate=learning_rate,
        epochs=epochs,
        patience=patience,
        on_progress=lambda count, note="": crops.append(count),
        **more,
    )
    return report, sum(crops)


def copy_weights(network):
    return {layer.name: [np.array(values) for values in layer.get_weights()] for layer in list_layers(network)}


def changed_layers(network, before):
    after = copy_weights(network)
    return {name for name, values in before.items() if any((one != other).any() for one, other in zip(values, after[name], strict=True))}


@pytest.fixture(scope="module")
def both_stages():
    """Both stages with early stopping, and the weights of the network before, between and after them."""
    network = make_network()
    weights = [copy_weights(network)]
    learned, watched = draw_windows(64, seed=0), draw_windows(32, seed=1)
    finetuner = make_finetuner(network, augmenter=WindowAugmenter(seed=0))
    head, n_head = fit(finetuner, "fit_head", learned, watched, epochs=2)
    weights.append(copy_weights(network))
    layers = choose_layers(network, "late_")
    backbone, n_backbone = fit(finetuner, "fit_backbone", learned, watched, epochs=8, layers=layers)
    return {
        "network": network,
        "weights": weights,
        "reports": (head, backbone),
        "crops": (n_head, n_backbone),
        "probabilities": finetuner.predict(watched),
        "watched": watched,
    }


def test_the_first_stage_leaves_the_network_as_it_is(both_stages):
    before, between = both_stages["weights"]
    for name, values in before.items():
        for one, other in zip(values, between[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_second_stage_changes_only_the_chosen_layers_and_no_normalization(both_stages):
    assert changed_layers(both_stages["network"], both_stages["weights"][1]) == {"late_convolution"}


def test_the_score_rises_and_that_of_an_unlabelled_behavior_is_unknown(both_stages):
    head, backbone = both_stages["reports"]
    assert backbone.scores[backbone.best_epoch, 0] > max(head.scores[0, 0] + 0.08, 0.87)
    assert backbone.scores[0, 0] == head.scores[head.best_epoch, 0]
    assert backbone.losses[-1] < head.losses[0]
    assert np.isnan(head.scores[:, 1]).all()


def test_the_weights_that_are_left_are_those_of_the_best_epoch(both_stages):
    from behavior.metrics.frames import average_precision

    report = both_stages["reports"][1]
    found = average_precision(both_stages["watched"].labels[:, 0], both_stages["probabilities"][:, 0])
    assert found == report.scores[report.best_epoch, 0] == report.scores[:, 0].max()


def test_every_crop_is_counted(both_stages):
    head, backbone = both_stages["reports"]
    assert both_stages["crops"] == (len(head.losses) * 64 + 32, len(backbone.losses) * (64 + 32) + 32)


def run_once(*, labels=None, freeze=True, seed=0):
    network = make_network()
    learned = draw_windows(32, seed=0, window=2)
    if labels is not None:
        learned = CropWindows(learned.images, learned.frames, labels)
    augmenter = WindowAugmenter(seed=seed)
    finetuner = make_finetuner(network, window=2, pooling="concatenate", augmenter=augmenter, seed=seed)
    before = copy_weights(network)
    # Only the first 24 windows weigh anything.
    weights = weigh(draw_windows(32, seed=0)) * (np.arange(32) < 24)[:, None]
    fit(finetuner, "fit_head", learned, None, weights=weights)
    report, _ = fit(
        finetuner,
        "fit_backbone",
        learned,
        None,
        weights=weights,
        layers=choose_layers(network, "late_"),
        freeze_batch_normalization=freeze,
    )
    assert report.best_epoch == 1
    assert report.scores.shape == (0, 2)
    return network, before


def test_the_same_seed_gives_the_same_weights_and_what_weighs_nothing_changes_nothing():
    first, _ = run_once()
    labels = draw_windows(32, seed=0).labels.copy()
    labels[24:, 0] = 1 - labels[24:, 0]
    again, _ = run_once(labels=labels)
    for one, other in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    windows = draw_windows(8, seed=2)
    assert (make_finetuner(first, seed=0).predict(windows) != make_finetuner(first, seed=1).predict(windows)).any()


def test_normalization_learns_only_when_asked_and_only_where_chosen():
    network, before = run_once(freeze=False)
    assert changed_layers(network, before) == {"late_convolution", "late_normalization"}


def test_epochs_without_improvement_end_it_and_change_nothing():
    network = make_network()
    learned, watched = draw_windows(16, seed=0), draw_windows(16, seed=1)
    finetuner = make_finetuner(network)
    before = copy_weights(network)
    report, _ = fit(
        finetuner, "fit_backbone", learned, watched, layers=choose_layers(network, "all"), epochs=9, patience=2, learning_rate=1e-12
    )
    assert (report.best_epoch, len(report.losses)) == (0, 2)
    assert changed_layers(network, before) == set()


def test_the_mean_of_a_window_does_not_see_its_order_and_a_concatenation_does():
    windows = draw_windows(8, seed=3, window=3)
    backwards = CropWindows(windows.images, windows.frames[:, ::-1], windows.labels)
    for pooling, sees_order in (("mean", False), ("concatenate", True)):
        finetuner = make_finetuner(make_network(), window=3, pooling=pooling)
        one, other = finetuner.predict(windows), finetuner.predict(backwards)
        assert one.shape == (8, 2)
        assert np.allclose(one, other, atol=1e-5) != sees_order


def test_a_loss_that_is_no_number_is_said():
    learned = draw_windows(16, seed=0)
    with pytest.raises(TrainingError, match="lower the learning rate"):
        fit(make_finetuner(make_network()), "fit_head", learned, None, weights=np.full((16, 2), np.nan, dtype=np.float32))


def test_the_loss_is_the_weighted_cross_entropy_over_what_weighs_anything():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, 2)).astype(np.float32)
    labels = rng.integers(0, 2, (5, 2)).astype(np.float32)
    weights = rng.uniform(0.5, 2, (5, 2)).astype(np.float32)
    weights[3] = 0
    said = 1 / (1 + np.exp(-logits.astype(np.float64)))
    expected = -(weights * (labels * np.log(said) + (1 - labels) * np.log(1 - said))).sum() / 8
    assert float(_weigh_loss(np.concatenate([labels, weights], axis=1), logits)) == pytest.approx(expected, rel=1e-5)


def test_openfield_is_trained_from_its_packaged_weights():
    specification = find_backbone("openfield")
    network = open_network(specification, "packaged", seed=0)
    before = copy_weights(network)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    windows = CropWindows(images, np.arange(8)[:, None], (np.arange(16).reshape(8, 2) % 2).astype(np.int8))
    finetuner = Finetuner(network, preprocessing=specification.preprocessing, n_outputs=2, batch_size=8)
    fit(finetuner, "fit_backbone", windows, None, layers=choose_layers(network, "auto", backbone="openfield"))
    convolutions = {layer.name for layer in network.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)}
    assert changed_layers(network, before) == convolutions
