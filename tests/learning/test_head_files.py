"""The file of a bundle's model holds the model, and one that holds another is refused."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from behavior.errors import ModelError
from behavior.learning.head_files import open_head, save_model
from behavior.sequence.heads import build_head
from behavior.sequence.windowed_network import WindowedNetwork

NETWORK = SimpleNamespace(window_length=20)


def test_a_network_reads_back_as_it_was_saved(tmp_path):
    model = WindowedNetwork(build_head(n_features=2, kind="lstm", dropout=0.0, layers=1, units=4, bidirectional=False), 20)
    save_model(model, tmp_path / "a.keras")
    features = np.random.default_rng(0).random((50, 2)).astype(np.float32)
    np.testing.assert_array_equal(open_head(NETWORK, tmp_path / "a.keras").predict(features), model.predict(features))


def test_a_network_of_pictures_is_refused(tmp_path):
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]).save(tmp_path / "a.keras")
    with pytest.raises(ModelError, match=r"a\.keras: is no network over windows \(its input has shape \(None, 4\)"):
        open_head(NETWORK, tmp_path / "a.keras")
