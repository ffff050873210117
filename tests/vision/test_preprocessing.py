"""What happens to colors: as `keras.applications` has it, and with numbers of one's own."""

import numpy as np
import pytest

from behavior.vision.backbones import BACKBONES
from behavior.vision.preprocessing import ColorNormalization, describe_preprocessing, find_steps, preprocess

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 50, 60, 3), dtype=np.uint8).astype(np.float32)
OWN = ColorNormalization((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))


@pytest.mark.parametrize(
    ("preprocessing", "mode", "names"),
    [
        ("symmetric", "tf", {"resnet50v2", "inceptionresnetv2", "inceptionv3"}),
        ("caffe", "caffe", {"resnet50", "vgg16", "squeezenet"}),
        ("torch", "torch", set()),
    ],
)
def test_preprocessing_is_that_of_keras_applications(preprocessing, mode, names):
    from keras.applications import imagenet_utils

    expected = imagenet_utils.preprocess_input(PICTURES.copy(), mode=mode)
    np.testing.assert_allclose(np.asarray(preprocess(PICTURES, preprocessing)), expected, atol=1e-4)
    assert {name for name, specification in BACKBONES.items() if specification.preprocessing == preprocessing} == names


@pytest.mark.parametrize("preprocessing", ["raw", "symmetric", "caffe", "torch", OWN])
def test_the_steps_are_those_of_keras(preprocessing):
    is_reversed, mean, spread = find_steps(preprocessing)
    found = ((PICTURES[..., ::-1] if is_reversed else PICTURES) - mean) / spread
    np.testing.assert_allclose(found, np.asarray(preprocess(PICTURES, preprocessing)), rtol=1e-5, atol=1e-5)


def test_numbers_of_ones_own_are_of_colors_from_0_to_1():
    found = np.asarray(preprocess(np.array([[[25.5, 255.0, 76.5]]], dtype=np.float32), OWN))
    np.testing.assert_allclose(found, [[[0.0, 0.8 / 0.5, 0.0]]], atol=1e-6)
    assert describe_preprocessing(OWN) == "mean 0.1 0.2 0.3, spread 0.4 0.5 0.6"


def test_grey_is_the_weighed_sum_of_colors():
    found = np.asarray(preprocess(np.array([[[100.0, 0.0, 0.0], [0.0, 100.0, 0.0]]], dtype=np.float32), "raw", n_channels=1))
    np.testing.assert_allclose(found[..., 0], [[29.9, 58.7]], rtol=1e-5)
