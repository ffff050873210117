"""The file of a bundle's model holds the model, and one that holds another is refused."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from behavior.config import BoostingHead, LstmHead
from behavior.errors import ModelError
from behavior.learning.head_files import name_suffix, open_head, save_model
from behavior.sequence.boosting import BoostingTrainer
from behavior.sequence.heads import build_head, find_steps
from behavior.sequence.plans import ModelPlan
from behavior.sequence.windowed_network import WindowedNetwork
from behavior.sequence.windows import SequenceData

LSTM = {"kind": "lstm", "layers": 1, "units": 4, "dropout": 0.0}
NETWORK = SimpleNamespace(window_length=20, head=LstmHead(**LSTM))


def test_a_network_reads_back_as_it_was_saved(tmp_path):
    model = WindowedNetwork(build_head(n_features=2, **LSTM), 20, find_steps(**LSTM))
    save_model(model, tmp_path / "a.keras")
    features = np.random.default_rng(0).random((50, 2)).astype(np.float32)
    np.testing.assert_array_equal(open_head(NETWORK, tmp_path / "a.keras").predict(features), model.predict(features))


def test_trees_read_back_as_they_were_saved(tmp_path):
    rng = np.random.default_rng(0)
    features = [rng.normal(size=(200, 2)).astype(np.float32)]
    labels = [(features[0][:, :1] > 0).astype(np.int8)]
    trainer = BoostingTrainer(n_features=2, lengths=[5])
    (trained,) = trainer.fit(SequenceData([features], labels), [ModelPlan((0,), (0,), (), (), epochs=5, seed=0)], seed=0)
    model = trainer.make_model(trained.weights)
    save_model(model, tmp_path / "a.trees.npz")
    opened = open_head(SimpleNamespace(window_length=None), tmp_path / "a.trees.npz")
    assert (opened.n_features, opened.n_outputs) == (2, 1)
    np.testing.assert_array_equal(opened.predict(features[0]), model.predict(features[0]))


def test_names_tell_the_kinds_apart():
    assert name_suffix(BoostingHead(kind="boosting")) == ".trees.npz"
    assert name_suffix(LstmHead()) == ".keras"


def test_something_else_is_not_saved(tmp_path):
    with pytest.raises(TypeError, match="found a str, expected BoostedTrees or a WindowedNetwork"):
        save_model("model", tmp_path / "a.keras")


def test_a_network_of_pictures_is_refused(tmp_path):
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]).save(tmp_path / "a.keras")
    with pytest.raises(ModelError, match=r"a\.keras: is no network over windows \(its input has shape \(None, 4\)"):
        open_head(NETWORK, tmp_path / "a.keras")
