"""The network that is trained from scratch: its sizes, and what does not fit."""

import numpy as np
import pytest

from behavior.errors import UsageError
from behavior.vision.backbones import build_backbone, find_backbone
from behavior.vision.convnet import build_convnet, count_parameters


@pytest.mark.parametrize(("filters", "kernel_size"), [((4,), 1), ((4, 6, 8), 5)])
def test_sizes_are_as_asked(filters, kernel_size):
    specification = find_backbone("convnet", weights="random", input_size=20, convnet={"filters": filters, "kernel_size": kernel_size})
    assert (specification.input_size, specification.n_features) == (20, filters[-1])
    network = specification.build()
    assert network.output_shape == (None, filters[-1])
    assert network.count_params() == specification.n_parameters == count_parameters(filters, kernel_size)


def test_images_become_finite_vectors_that_differ():
    specification = find_backbone("convnet", weights="random", convnet={"filters": [8, 8]}, input_size=16)
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.float32)
    vectors = np.asarray(build_backbone(specification, "random")(images))
    assert np.isfinite(vectors).all()
    assert np.ptp(vectors, axis=0).max() > 1e-3


def test_what_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="5 blocks halve a picture of 16 pixels to nothing"):
        build_convnet(filters=[1] * 5, input_size=16)
    with pytest.raises(UsageError, match="halves its input 5 times, and 16 pixels are too few"):
        find_backbone("convnet", weights="random", input_size=16, convnet={"filters": [1] * 5})
    with pytest.raises(UsageError, match="'openfield' has sizes of its own"):
        find_backbone("openfield", convnet={"filters": [4]})
    with pytest.raises(UsageError, match="looks at single images"):
        find_backbone("convnet", weights="random", clip=(4, 1))


def test_weights_in_a_file_bring_their_sizes(tmp_path):
    path = tmp_path / "lab.keras"
    network = build_convnet(filters=[4, 6], input_size=24)
    network.save(path)
    specification = find_backbone("convnet", weights=str(path))
    assert (specification.name, specification.input_size) == ("convnet", 24)
    images = np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(build_backbone(specification, str(path))(images)), np.asarray(network(images)), atol=1e-5)
    with pytest.raises(UsageError, match=r"has the sizes of the network in .*lab\.keras"):
        find_backbone("convnet", weights=str(path), convnet={"filters": [4]})
