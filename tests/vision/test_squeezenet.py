"""SqueezeNet 1.1 as it was published: its layers, their shapes, and its number of weights."""

import numpy as np

from behavior.vision.squeezenet import build_squeezenet


def test_it_has_the_published_fire_modules_and_weights():
    network = build_squeezenet()
    assert network.input_shape == (None, 227, 227, 3)
    assert network.output_shape == (None, 512)
    # The authors' 1,235,496 less the classifier's 513,000 weights.
    assert network.count_params() == 722_496
    kernels = [weights.shape for weights in network.get_weights() if weights.ndim == 4]
    squeezed = [shape[3] for shape in kernels[1::3]]
    assert squeezed == [16, 16, 32, 32, 48, 48, 64, 64]
    assert [shape[3] for shape in kernels[2::3]] == [64, 64, 128, 128, 192, 192, 256, 256]


def test_its_vector_is_the_mean_over_the_picture():
    network = build_squeezenet()
    pictures = np.random.default_rng(0).normal(0, 50, (2, 227, 227, 3)).astype(np.float32)
    vectors = np.asarray(network(pictures))
    assert vectors.shape == (2, 512)
    # After a rectifier.
    assert vectors.min() >= 0
    assert not np.array_equal(vectors[0], vectors[1])
