"""What backbones' weights are called, where they are, and what is missing."""

import pytest

from behavior.errors import UsageError, WeightsError
from behavior.files.feature_sources import hash_file
from behavior.vision.backbone_weights import find_weights_file, identify_weights, imagenet_path
from behavior.vision.backbones import BACKBONES, find_backbone


@pytest.mark.parametrize("name", BACKBONES)
def test_a_missing_weights_file_is_named(name, tmp_path):
    with pytest.raises(WeightsError, match=r"none\.h5: no such weights file"):
        identify_weights(find_backbone(name), str(tmp_path / "none.h5"), hash_file=hash_file)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, specification in BACKBONES.items() if specification.application])
def test_the_imagenet_file_is_the_one_that_keras_asks_for(name, monkeypatch):
    import keras
    from keras.src.utils import file_utils

    class AskedError(Exception):
        pass

    def ask(file_name, *_, cache_subdir, **__):
        assert cache_subdir == "models"
        raise AskedError(file_name)

    monkeypatch.setattr(file_utils, "get_file", ask)
    specification = find_backbone(name)
    with pytest.raises(AskedError) as caught:
        getattr(keras.applications, specification.application)(include_top=False, weights="imagenet", pooling="avg")
    assert str(caught.value) == specification.imagenet_file == imagenet_path(specification).name


def test_without_a_network_the_missing_file_and_the_way_out_are_named(monkeypatch, tmp_path):
    import keras

    def unreachable(**_):
        raise Exception("URL fetch failure")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.applications, "ResNet50V2", lambda weights=None, **rest: unreachable() if weights else None)
    with pytest.raises(WeightsError) as caught:
        find_weights_file(find_backbone("resnet50v2"), "imagenet")
    message = str(caught.value)
    assert "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5" in message
    assert str(tmp_path / "models") in message
    assert "openfield (weights: packaged)" in message


def test_weights_that_a_backbone_does_not_come_with():
    with pytest.raises(UsageError, match="no ImageNet weights"):
        identify_weights(find_backbone("squeezenet"), "imagenet", hash_file=hash_file)
    with pytest.raises(UsageError, match="only 'openfield'"):
        identify_weights(find_backbone("resnet50v2"), "packaged", hash_file=hash_file)
    with pytest.raises(UsageError, match="did you mean 'resnet50v2'"):
        find_backbone("resnet50v3")
