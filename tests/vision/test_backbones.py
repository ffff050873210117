"""Backbones: every one embeds, and weights that are not there are said in one sentence."""

import numpy as np
import pytest

from behavior.errors import UsageError, WeightsError
from behavior.files.feature_sources import hash_file
from behavior.vision.backbones import BACKBONES, build_backbone, find_backbone, identify_weights
from behavior.vision.engines import KerasEngine

PICTURES = np.random.default_rng(0).integers(0, 256, (5, 512, 512, 3), dtype=np.uint8)


def pictures_for(specification):
    return np.ascontiguousarray(PICTURES[:, : specification.input_size, : specification.input_size])


@pytest.mark.parametrize("name", BACKBONES)
class TestEveryBackbone:
    """What the pipeline relies on, whichever network it is."""

    def test_random_weights_embed_and_are_always_the_same(self, name):
        specification = find_backbone(name)
        pictures = pictures_for(specification)[:2]
        vectors = [KerasEngine(build_backbone(specification, "random"), batch_size=2).embed(pictures) for _ in range(2)]
        assert vectors[0].shape == (2, specification.n_features)
        assert vectors[0].dtype == np.float32
        assert np.isfinite(vectors[0]).all()
        np.testing.assert_array_equal(vectors[0], vectors[1])

    def test_a_missing_weights_file_is_named(self, name, tmp_path):
        with pytest.raises(WeightsError, match=r"none\.h5: no such weights file"):
            identify_weights(find_backbone(name), str(tmp_path / "none.h5"), hash_file=hash_file)


def test_symmetric_preprocessing_is_that_of_keras_applications():
    import keras

    specification = find_backbone("resnet50v2")
    model = build_backbone(specification, "random")
    pictures = pictures_for(specification)[:1].astype(np.float32)
    expected = keras.applications.resnet_v2.preprocess_input(pictures.copy())
    # The preprocessed values enter the network's own first layer.
    network = model.get_layer("resnet50v2")
    np.testing.assert_allclose(np.asarray(model(pictures)), np.asarray(network(expected, training=False)), rtol=1e-5, atol=1e-5)


def test_caffe_preprocessing_is_that_of_keras_applications():
    import keras

    from behavior.vision.backbones import _preprocess

    pictures = pictures_for(find_backbone("squeezenet"))[:1].astype(np.float32)
    expected = keras.applications.imagenet_utils.preprocess_input(pictures.copy(), mode="caffe")
    np.testing.assert_allclose(np.asarray(_preprocess(pictures, "caffe")), expected, atol=1e-4)


def test_squeezenet_takes_its_imagenet_weights(shared_data):
    path = shared_data / "weights" / "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5"
    specification = find_backbone("squeezenet")
    trained = build_backbone(specification, str(path))
    kernels = [weight for weight in trained.get_weights() if weight.ndim == 4]
    assert len(kernels) == 25
    engine = KerasEngine(trained, batch_size=2)
    pictures = pictures_for(specification)[:2]
    random = KerasEngine(build_backbone(specification, "random"), batch_size=2)
    assert not np.allclose(engine.embed(pictures), random.embed(pictures))


def test_weights_of_another_network_are_refused(shared_data):
    path = shared_data / "weights" / "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with pytest.raises(WeightsError, match="do not fit openfield"):
        build_backbone(find_backbone("openfield"), str(path))


def test_without_a_network_the_missing_file_and_the_way_out_are_named(monkeypatch, tmp_path):
    import keras

    def unreachable(**_):
        raise Exception("URL fetch failure")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.applications, "ResNet50V2", lambda weights=None, **rest: unreachable() if weights else None)
    from behavior.vision.backbones import _find_weights_file

    with pytest.raises(WeightsError) as caught:
        _find_weights_file(find_backbone("resnet50v2"), "imagenet")
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
        find_backbone("resnet50")


class CountingModel:
    """Stands for a network: the vector is the mean colour, and every batch has to have the same size."""

    output_shape, input_shape = (None, 3), (None, 8, 8, 3)

    def compile(self, **_):
        self.sizes = []

    def predict_on_batch(self, batch):
        self.sizes.append(len(batch))
        return batch.mean(axis=(1, 2))


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 9])
def test_batches_are_always_full_and_rows_are_their_pictures_own(count):
    model = CountingModel()
    pictures = np.random.default_rng(1).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    vectors = KerasEngine(model, batch_size=4).embed(pictures)
    np.testing.assert_allclose(vectors, pictures.mean(axis=(1, 2)).reshape(count, 3), rtol=1e-6)
    assert set(model.sizes) <= {4}
