"""Networks of timm and transformers, with random weights: their vectors are the library's own. Skipped where PyTorch is not installed."""

from __future__ import annotations

import numpy as np
import pytest

from behavior.errors import UsageError, WeightsError
from behavior.vision import torch_networks
from behavior.vision.preprocessing import ColorNormalization
from behavior.vision.torch_networks import TorchNetwork, build_torch_network, describe_torch_network, require_library

COLORS = ColorNormalization((0.5, 0.4, 0.3), (0.2, 0.2, 0.3))


def test_a_library_that_is_not_installed_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(torch_networks, "find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"backbone timm/resnet18 needs torch and timm, not installed here; run: pip install 'behavior\[torch\]'"
    ):
        require_library(TorchNetwork("timm", "resnet18", "random"))


@pytest.fixture
def timm():
    """timm, where it is installed."""
    pytest.importorskip("torch", reason="PyTorch is not installed (pip install 'behavior[torch]')")
    return pytest.importorskip("timm", reason="timm is not installed (pip install 'behavior[torch]')")


@pytest.fixture
def transformers():
    """transformers, where it is installed."""
    pytest.importorskip("torch", reason="PyTorch is not installed (pip install 'behavior[torch]')")
    return pytest.importorskip("transformers", reason="transformers is not installed (pip install 'behavior[torch]')")


def run(network, identity, pooling=None, count=2):
    import torch

    module, shape = build_torch_network(network, identity=identity, colors=COLORS, pooling=pooling)
    images = np.random.default_rng(0).integers(0, 256, (count, *shape)).astype(np.float32)
    with torch.inference_mode():
        return module(torch.from_numpy(images)).numpy(), (images / 255 - np.array(COLORS.mean)) / np.array(COLORS.spread)


class TestTimm:
    """Four families, as small as they are there."""

    @pytest.mark.parametrize("name", ["resnet10t", "vit_tiny_patch16_224", "convnext_atto", "efficientnet_lite0"])
    def test_vectors_are_those_of_timm(self, timm, name):
        import torch

        network = TorchNetwork("timm", name, "random", 64)
        description = describe_torch_network(network)
        found, prepared = run(network, description.identity)
        torch.manual_seed(0)
        options = {"img_size": 64} if name.startswith("vit") else {}
        expected = timm.create_model(name, num_classes=0, **options).eval()
        with torch.inference_mode():
            vectors = expected(torch.from_numpy(prepared.transpose(0, 3, 1, 2).astype(np.float32))).numpy()
        np.testing.assert_allclose(found, vectors, rtol=1e-3, atol=1e-4)
        assert description.n_features == found.shape[1]
        assert description.n_parameters == sum(one.numel() for one in expected.parameters())
        assert description.input_size == 64

    def test_its_own_size_and_colors_are_taken(self, timm):
        description = describe_torch_network(TorchNetwork("timm", "test_vit", "random"))
        config = timm.get_pretrained_cfg("test_vit")
        assert (description.input_size, description.mean, description.spread) == (config.input_size[1], config.mean, config.std)
        assert description.identity == "random, seed 0"

    @pytest.mark.parametrize("pooling", ["cls", "mean", "both"])
    def test_tokens_are_pooled(self, timm, pooling):
        import torch

        network = TorchNetwork("timm", "vit_tiny_patch16_224", "random", 64)
        found, prepared = run(network, "", pooling)
        torch.manual_seed(0)
        model = timm.create_model("vit_tiny_patch16_224", num_classes=0, img_size=64).eval()
        with torch.inference_mode():
            tokens = model.forward_features(torch.from_numpy(prepared.transpose(0, 3, 1, 2).astype(np.float32))).numpy()
        parts = {"cls": [tokens[:, 0]], "mean": [tokens[:, 1:].mean(axis=1)], "both": [tokens[:, 0], tokens[:, 1:].mean(axis=1)]}[pooling]
        np.testing.assert_allclose(found, np.concatenate(parts, axis=1), rtol=1e-3, atol=1e-4)

    def test_weights_in_a_file_are_taken_and_those_of_another_network_refused(self, timm, tmp_path):
        import torch
        from safetensors.torch import save_file

        torch.manual_seed(5)
        save_file(timm.create_model("resnet10t", num_classes=0).state_dict(), tmp_path / "a.safetensors")
        network = TorchNetwork("timm", "resnet10t", str(tmp_path / "a.safetensors"), 64)
        description = describe_torch_network(network)
        assert len(description.identity) == 32
        build_torch_network(network, identity=description.identity, colors=COLORS, pooling=None)
        with pytest.raises(WeightsError, match=r"a\.safetensors: is not what it was when timm/resnet10t was first used"):
            build_torch_network(network, identity="other", colors=COLORS, pooling=None)
        with pytest.raises(WeightsError, match=r"a\.safetensors: (lacks weights that|these weights do not fit) timm/convnext_atto"):
            describe_torch_network(TorchNetwork("timm", "convnext_atto", str(tmp_path / "a.safetensors"), 64))
        (tmp_path / "b.safetensors").write_bytes(b"nothing of the kind")
        with pytest.raises(WeightsError, match=r"b\.safetensors: these weights do not fit timm/resnet10t"):
            describe_torch_network(TorchNetwork("timm", "resnet10t", str(tmp_path / "b.safetensors"), 64))

    def test_a_name_that_is_not_known_is_said_with_the_nearest(self, timm):
        with pytest.raises(UsageError, match=r"backbone 'timm/resnet51' is not known to timm .*; did you mean 'resnet"):
            describe_torch_network(TorchNetwork("timm", "resnet51", "random"))

    def test_what_has_no_weights_says_so(self, timm):
        with pytest.raises(UsageError, match="timm has no weights of it"):
            describe_torch_network(TorchNetwork("timm", "vit_base_patch16_18x2_224", "pretrained"))

    def test_a_failed_download_says_which_file_goes_where(self, timm, monkeypatch):
        def fail(*_, **__):
            raise OSError("no internet")

        monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", fail)
        with pytest.raises(WeightsError) as caught:
            describe_torch_network(TorchNetwork("timm", "resnet10t.c3_in1k", "pretrained"))
        message = str(caught.value)
        assert "could not be downloaded (no internet)" in message
        assert "download model.safetensors from https://huggingface.co/timm/resnet10t.c3_in1k" in message
        assert "give as `weights` the path of the file" in message


def make_videomae(transformers, folder):
    import json

    config = transformers.VideoMAEConfig(
        image_size=32, patch_size=16, num_frames=4, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    model = transformers.VideoMAEModel(config).eval()
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.2, 0.3]}))
    return model


class TestTransformers:
    """Networks on clips, from a folder."""

    def test_vectors_of_clips_are_those_of_transformers(self, transformers, tmp_path):
        import torch

        model = make_videomae(transformers, tmp_path)
        network = TorchNetwork("transformers", "mine", str(tmp_path))
        description = describe_torch_network(network)
        assert (description.input_size, description.n_frames, description.n_features) == (32, 4, 32)
        assert (description.mean, description.spread) == (COLORS.mean, COLORS.spread)
        found, prepared = run(network, description.identity)
        assert prepared.shape == (2, 4, 32, 32, 3)
        with torch.inference_mode():
            tokens = model(torch.from_numpy(prepared.transpose(0, 1, 4, 2, 3).astype(np.float32))).last_hidden_state.numpy()
        np.testing.assert_allclose(found, tokens.mean(axis=1), rtol=1e-3, atol=1e-5)

    def test_vjepa_is_a_network_on_clips(self, transformers, tmp_path):
        config = transformers.VJEPA2Config(
            crop_size=32, patch_size=16, frames_per_clip=4, tubelet_size=2, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
            pred_hidden_size=16, pred_num_hidden_layers=1, pred_num_attention_heads=2,
        )  # fmt: skip
        transformers.VJEPA2Model(config).save_pretrained(tmp_path)
        network = TorchNetwork("transformers", "mine", str(tmp_path), n_frames=6)
        description = describe_torch_network(network)
        assert (description.input_size, description.n_frames, description.n_features) == (32, 6, 32)

    def test_a_network_that_looks_at_no_clips_is_refused(self, transformers, tmp_path):
        config = transformers.ViTConfig(
            image_size=32, patch_size=16, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
        )
        transformers.ViTModel(config).save_pretrained(tmp_path)
        with pytest.raises(UsageError, match="found a network of kind 'vit', expected one that looks at clips"):
            describe_torch_network(TorchNetwork("transformers", "mine", str(tmp_path)))

    def test_weights_of_another_network_are_refused(self, transformers, tmp_path):
        import shutil

        for name, size in (("a", 32), ("b", 64)):
            (tmp_path / name).mkdir()
            config = transformers.VideoMAEConfig(
                image_size=32,
                patch_size=16,
                num_frames=4,
                hidden_size=size,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=32,
            )
            transformers.VideoMAEModel(config).save_pretrained(tmp_path / name)
        shutil.copy(tmp_path / "b" / "model.safetensors", tmp_path / "a")
        with pytest.raises(WeightsError, match=r"(do not fit|lacks weights)"):
            describe_torch_network(TorchNetwork("transformers", "mine", str(tmp_path / "a")))

    def test_random_weights_need_the_kind_of_a_network(self, transformers):
        with pytest.raises(UsageError, match="needs the kind of a network"):
            describe_torch_network(TorchNetwork("transformers", "MCG-NJU/videomae-base", "random"))
