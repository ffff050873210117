"""Which layers are trained further: the last stage, a number of layers, or from a name on."""

import keras
import pytest
from small_network import SIZE, make_network

from behavior.errors import UsageError
from behavior.vision.backbones import BACKBONES, build_network, find_backbone
from behavior.vision.unfreezing import choose_layers, list_layers


@pytest.mark.parametrize(
    ("unfreeze", "first"),
    [("all", "early_convolution"), ("late_", "late_convolution"), (4, "late_convolution"), ("early_a", "early_activation"), ("auto", None)],
)
def test_layers_are_chosen_up_to_the_last(unfreeze, first):
    network = make_network()
    # Of the four layers with weights, the last quarter is a normalisation, which learns nothing by itself.
    if first is None:
        with pytest.raises(UsageError, match="none of these layers"):
            choose_layers(network, unfreeze)
        return
    names = [layer.name for layer in network.layers]
    assert [layer.name for layer in choose_layers(network, unfreeze)] == names[names.index(first) :]


@pytest.mark.parametrize(
    ("unfreeze", "expected"),
    [("late_convolutoin", "did you mean 'late_convolution'"), (1, "none of these layers"), ("pool", "none of these")],
)
def test_layers_that_cannot_be_chosen_are_named(unfreeze, expected):
    with pytest.raises(UsageError, match=r"finetune\.unfreeze") as caught:
        choose_layers(make_network(), unfreeze)
    assert expected in str(caught.value)


def test_layers_of_a_network_within_a_network_are_found_and_thawed():
    inner = make_network()
    inner.trainable = False
    image = keras.Input((SIZE, SIZE, 3))
    outer = keras.Model(image, keras.layers.Dense(3, name="top")(inner(image)))
    assert [layer.name for layer in choose_layers(outer, "auto")][-1] == "top"
    assert [layer.name for layer in choose_layers(outer, 5)] == [
        "late_convolution",
        "late_normalization",
        "late_activation",
        "pool",
        "top",
    ]
    assert all(layer.trainable for layer in list_layers(outer))


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_the_last_stage_of_every_backbone_is_known(name):
    network = build_network(find_backbone(name), "random")
    chosen = choose_layers(network, "auto", backbone=name)
    share = sum(layer.count_params() for layer in chosen) / network.count_params()
    assert share == 1 if name in ("openfield", "convnet") else 0.2 < share < 0.8
