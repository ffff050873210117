"""A backbone of PyTorch is built with all that is chosen for it."""

import numpy as np
import pytest

from behavior.vision import torch_backbones
from behavior.vision.backbones import find_backbone
from behavior.vision.preprocessing import ColorNormalization
from behavior.vision.torch_backbones import build_specified
from behavior.vision.torch_networks import TorchDescription, TorchNetwork

DESCRIPTION = TorchDescription(64, (0.5, 0.4, 0.3), (0.2, 0.2, 0.3), 8, 32, 1000, "abc")


def test_all_that_is_chosen_is_taken(monkeypatch):
    asked = {}

    def build(network, **choices):
        asked.update(choices, network=network)
        return "module", (8, 64, 64, 3)

    monkeypatch.setattr(torch_backbones, "build_torch_network", build)
    specification = find_backbone(
        "transformers/mine", weights="random", pooling="both", input_size=64, clip=(8, 2), describe=lambda network: DESCRIPTION
    )
    assert (specification.clip.frames, specification.clip.stride, specification.input_shape) == (8, 2, (8, 64, 64, 3))
    assert build_specified(specification) == ("module", (8, 64, 64, 3))
    assert asked == {
        "network": TorchNetwork("transformers", "mine", "random", 64, 8),
        "identity": "abc",
        "colors": ColorNormalization((0.5, 0.4, 0.3), (0.2, 0.2, 0.3)),
        "pooling": "both",
    }


def test_the_engine_of_pytorch_gives_the_vectors_of_its_module():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (pip install 'behavior[torch]')")
    from behavior.vision.engines import TorchEngine

    class Mean(torch.nn.Module):
        def forward(self, image):
            return image.mean(dim=(1, 2))

    engine = TorchEngine(Mean(), shape=(8, 8, 3), batch_size=4)
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)
    assert (engine.name, engine.n_features, engine.input_size) == ("torch", 3, 8)
    np.testing.assert_allclose(engine.embed(images), images.mean(axis=(1, 2)), rtol=1e-5)
    engine.close()
