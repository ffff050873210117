"""The LSTM head: its units, and what it sees of the time after a frame."""

import keras

from behavior.sequence.heads import build_head
from behavior.sequence.lstm import LstmKind


def test_units_halve_from_layer_to_layer():
    model = build_head(n_features=4, kind="lstm", layers=3, units=64, dropout=0.5)
    assert [layer.units for layer in model.layers if hasattr(layer, "recurrent_activation")] == [64, 32, 16]


def test_only_a_bidirectional_lstm_sees_the_future(find_reach):
    settings = {"kind": "lstm", "layers": 1, "units": 4}
    assert find_reach(settings, length=8, at=4) == (0, 3)
    assert find_reach({**settings, "bidirectional": True}, length=8, at=4) == (4, 3)


def test_logits_are_one_stage_for_every_frame():
    (logits,) = LstmKind.build(keras.Input((None, 3)), n_outputs=2, layers=2, units=4)
    assert logits.shape == (None, None, 2)


def test_memory_grows_with_units_and_directions():
    """A layer keeps its gates and states, and the next one half of them."""
    assert LstmKind.count_values(n_outputs=1, layers=2, units=8) == 24 * (8 + 4)
    assert LstmKind.count_values(n_outputs=1, layers=2, units=8, bidirectional=True) == 2 * 24 * (8 + 4)
