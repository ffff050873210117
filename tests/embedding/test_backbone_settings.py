"""From the section `backbone` of a study file to what is known of the backbone."""

import pytest
from network_samples import write_onnx

from behavior.config import Backbone
from behavior.embedding.backbone_settings import MODELS_VARIABLE, find_chosen_backbone, find_models_folder, is_known
from behavior.errors import UsageError
from behavior.vision.preprocessing import ColorNormalization


def test_all_that_is_chosen_is_taken(tmp_path):
    path = write_onnx(tmp_path / "a.onnx", shape=("N", 3, "H", "W"))
    chosen = Backbone(
        name="file", weights=str(path), input_size=24, pooling="both", preprocessing={"mean": (0, 0.5, 1), "std": (0.1, 1, 1)}
    )
    found = find_chosen_backbone(chosen, models=None)
    assert (found.name, found.input_size, found.pooling) == ("file", 24, "both")
    assert found.preprocessing == ColorNormalization((0, 0.5, 1), (0.1, 1, 1))
    assert find_chosen_backbone(Backbone(name="openfield", preprocessing="torch"), models=None).preprocessing == "torch"


def test_a_name_that_is_not_known_is_said():
    with pytest.raises(UsageError, match="did you mean 'openfield'"):
        find_chosen_backbone(Backbone(name="openfeld"), models=None)


def test_a_network_of_pytorch_is_asked_for_where_there_is_use_for_it(tmp_path):
    backbone = Backbone(name="timm/resnet18")
    assert backbone.weights == "pretrained"
    assert not is_known(backbone, models=tmp_path)
    assert is_known(Backbone(name="openfield"), models=tmp_path)
    with pytest.raises(UsageError, match="is a network of PyTorch, and here is use for one of Keras only"):
        find_chosen_backbone(backbone, models=None)


def test_models_are_next_to_the_features_unless_a_variable_names_a_folder(tmp_path, monkeypatch):
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    assert find_models_folder(tmp_path) == tmp_path / "models"
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "all"))
    assert find_models_folder(tmp_path) == tmp_path / "all"
