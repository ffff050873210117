"""`behavior backbones`: what it lists, and that it measures what it says."""

import json

import pytest

from behavior.errors import WeightsError
from behavior.vision.backbones import BACKBONES
from behavior.workflows.backbones import SUGGESTED


def test_all_are_listed_without_measuring(run, tmp_path):
    ran = run("backbones", "--no-measure", "--json", "--models", tmp_path / "models")
    assert ran.status == 0
    listed = json.loads(ran.out)
    assert [row["backbone"] for row in listed["rows"]] == [*BACKBONES, "file", *SUGGESTED]
    assert listed["measured_with"] == ""
    by_name = {row["backbone"]: row for row in listed["rows"]}
    assert by_name["openfield"] == {
        "backbone": "openfield",
        "features": 128,
        "input": 64,
        "preprocessing": "raw",
        "parameters": 323_824,
        "weights": ["packaged", "file"],
        "here": True,
        "frames/s": None,
    }
    assert by_name["vgg16"]["weights"] == ["imagenet", "file"]
    assert by_name["file"]["weights"] == ["file"]
    assert not (tmp_path / "models").exists()


def test_the_table_has_a_line_for_each_that_is_named(run):
    ran = run("backbones", "resnet50v2", "file", "--no-measure")
    assert ran.status == 0
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["resnet50v2", "2048", "224", "x", "224", "symmetric", "23.6", "M", "imagenet,", "file"] in lines
    assert ["file", "raw", "file", "yes"] in lines
    assert "timm/NAME: any network of timm that looks at images; timm" in ran.err + ran.out
    assert "squeezenet" not in ran.out


def test_an_unknown_name_is_an_error(run):
    ran = run("backbones", "resnet50v3", "--no-measure")
    assert ran.status == 2
    assert "did you mean 'resnet50v2'?" in ran.err


class StandIn:
    """An engine that takes no time."""

    input_size = 8

    def embed(self, images):
        return images[:, 0, 0].astype("float32")

    def embed_batches(self, batches):
        yield from map(self.embed, batches)

    def close(self):
        pass


def test_it_measures_what_auto_stands_for_and_goes_on_after_a_failure(run, monkeypatch, tmp_path):
    import behavior.workflows.backbones as workflow

    asked = []

    def open_engine(request, *, announce):
        asked.append((request.specification.name, request.weights, request.engine, request.precision, request.models))
        if request.specification.name == "squeezenet":
            raise WeightsError("squeezenet: cannot be converted.")
        return StandIn()

    monkeypatch.setattr(workflow, "open_engine", open_engine)
    monkeypatch.setattr(workflow, "resolve_precision", lambda engine, precision, library: ("openvino", f"{engine} {precision}"))
    monkeypatch.setattr(workflow.list_backbones, "__kwdefaults__", {**workflow.list_backbones.__kwdefaults__, "seconds": 0.01})
    ran = run("backbones", "squeezenet", "openfield", "--models", tmp_path, "--json")
    assert ran.status == 1
    listed = json.loads(ran.out)
    assert [row["frames/s"] is not None for row in listed["rows"]] == [False, True]
    assert listed["rows"][1]["frames/s"] > 0
    assert listed["measured_with"] == "openvino, auto auto, batches of 32; speed is the same with all weights"
    assert listed["failures"] == {"squeezenet": "squeezenet: cannot be converted."}
    assert [asking[:4] for asking in asked] == [
        ("squeezenet", "random", "openvino", "auto auto"),
        ("openfield", "random", "openvino", "auto auto"),
    ]
    assert asked[0][4] == tmp_path
    assert listed["recommended"] == ""
    ran = run("backbones", "openfield", "--models", tmp_path, "--json", "--frames", 1000, "--hours", 2)
    assert json.loads(ran.out)["recommended"].startswith("For 1,000 frames within 2 hours: openfield, in ")


def test_nothing_can_be_recommended_unmeasured(run):
    ran = run("backbones", "--frames", 10, "--no-measure")
    assert ran.status == 2
    assert "--no-measure measures none" in ran.err


def test_a_network_of_a_library_that_is_not_installed_is_a_failure_of_its_own(run, monkeypatch, tmp_path):
    from behavior.vision import torch_networks

    monkeypatch.setattr(torch_networks, "find_spec", lambda name: None)
    ran = run("backbones", "timm/resnet18", "--models", tmp_path, "--json")
    assert ran.status == 1
    assert "run: pip install 'behavior[torch]'" in json.loads(ran.out)["failures"]["timm/resnet18"]


@pytest.mark.slow
def test_it_measures_the_fastest_one_here(run, tmp_path):
    ran = run("backbones", "openfield", "--models", tmp_path / "models", "--json")
    assert ran.status == 0, ran.err
    assert json.loads(ran.out)["rows"][0]["frames/s"] > 50
    assert len(list((tmp_path / "models").glob("openfield-*.xml"))) == 1
