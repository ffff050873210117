"""What is known of networks of PyTorch: made once, and kept; PyTorch is not asked again."""

import json

import pytest

from behavior.errors import UsageError, WeightsError
from behavior.files.feature_sources import hash_file
from behavior.vision import torch_descriptions
from behavior.vision.torch_descriptions import find_description, find_downloaded, make_description, name_network, split_name
from behavior.vision.torch_networks import TorchDescription, TorchNetwork

DESCRIPTION = TorchDescription(224, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), None, 384, 21_000_000, "abc")


@pytest.fixture
def built(monkeypatch):
    """Networks are not built; which were asked for."""
    asked = []

    def call(function, *, environment, network):
        asked.append(network)
        return DESCRIPTION

    monkeypatch.setattr(torch_descriptions, "call_in_child", call)
    monkeypatch.setattr(torch_descriptions, "require_library", lambda network: None)
    return asked


def make(network, models):
    return make_description(network, models, hash_file=hash_file, announce=lambda message: None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("timm/resnet50.a1_in1k", ("timm", "resnet50.a1_in1k")),
        ("transformers/facebook/vjepa2-vitl-fpc64-256", ("transformers", "facebook/vjepa2-vitl-fpc64-256")),
        ("timm", None),
        ("timm/", None),
        ("openfield", None),
        ("torchvision/resnet50", None),
    ],
)
def test_a_name_has_its_library_before_it(name, expected):
    assert split_name(name) == expected


def test_a_network_is_looked_at_once(built, tmp_path):
    network = name_network("timm/resnet50", "pretrained")
    assert find_description(network, tmp_path, hash_file=hash_file) is None
    assert make(network, tmp_path) == DESCRIPTION
    assert find_description(network, tmp_path, hash_file=hash_file) == DESCRIPTION
    assert make(network, tmp_path) == DESCRIPTION
    assert built == [network]
    make(name_network("timm/resnet50", "pretrained", input_size=128), tmp_path)
    make(name_network("timm/resnet50", "random"), tmp_path)
    assert len(built) == 3


def test_other_weights_in_a_file_are_looked_at_again(built, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"one")
    network = name_network("timm/resnet50", str(path))
    make(network, tmp_path)
    path.write_bytes(b"two")
    assert find_description(network, tmp_path, hash_file=hash_file) is None


def test_a_folder_is_known_by_its_weights_and_settings(built, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    with pytest.raises(
        WeightsError, match=r"config\.json: no such file; give weights: pretrained, or the path of a folder with config\.json"
    ):
        name_network("transformers/videomae", str(folder))
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text("{}")
    network = name_network("transformers/videomae", str(folder), n_frames=8)
    assert network == TorchNetwork("transformers", "videomae", str(folder), None, 8)
    make(network, tmp_path / "models")
    (folder / "config.json").write_text('{"a": 1}')
    assert find_description(network, tmp_path / "models", hash_file=hash_file) is None


@pytest.mark.parametrize("content", ["", "[]", '{"input_size": "many"}', json.dumps({"input_size": 3})])
def test_a_damaged_file_is_said(built, tmp_path, content):
    network = name_network("timm/resnet50", "pretrained")
    make(network, tmp_path)
    (path,) = tmp_path.glob("*.network.json")
    path.write_text(content)
    with pytest.raises(WeightsError, match=r"network\.json: does not say what is known of timm/resnet50; delete it"):
        find_description(network, tmp_path, hash_file=hash_file)


def test_files_that_can_hold_programs_are_refused(tmp_path):
    with pytest.raises(
        UsageError, match=r"expected pretrained, random or the path of a \.safetensors file \(other files of PyTorch can hold"
    ):
        name_network("timm/resnet50", str(tmp_path / "a.pth"))
    with pytest.raises(WeightsError, match=r"a\.safetensors: no such weights file"):
        name_network("timm/resnet50", str(tmp_path / "a.safetensors"))


def test_weights_that_the_hub_has_left_here_are_found(monkeypatch, tmp_path):
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    snapshot = tmp_path / "hub" / "models--timm--resnet50.a1_in1k" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    assert find_downloaded("timm/resnet50.a1_in1k") is None
    (snapshot / "model.safetensors").write_bytes(b"")
    assert find_downloaded("timm/resnet50.a1_in1k") == snapshot.parent.parent
    clips = tmp_path / "hub" / "models--MCG-NJU--videomae-base" / "snapshots" / "abc" / "model.safetensors"
    clips.parent.mkdir(parents=True)
    clips.write_bytes(b"")
    assert find_downloaded("transformers/MCG-NJU/videomae-base") is not None
    assert find_downloaded("openfield") is None
