"""From the section `backbone` of a study file to what is known of the backbone."""

import pytest
from network_samples import write_onnx

from behavior.config import Backbone
from behavior.embedding.backbone_settings import find_chosen_backbone
from behavior.errors import UsageError
from behavior.vision.preprocessing import ColorNormalization


def test_all_that_is_chosen_is_taken(tmp_path):
    path = write_onnx(tmp_path / "a.onnx", shape=("N", 3, "H", "W"))
    chosen = Backbone(
        name="file", weights=str(path), input_size=24, pooling="both", preprocessing={"mean": (0, 0.5, 1), "std": (0.1, 1, 1)}
    )
    found = find_chosen_backbone(chosen)
    assert (found.name, found.input_size, found.pooling) == ("file", 24, "both")
    assert found.preprocessing == ColorNormalization((0, 0.5, 1), (0.1, 1, 1))
    assert find_chosen_backbone(Backbone(name="openfield", preprocessing="torch")).preprocessing == "torch"


def test_a_name_that_is_not_known_is_said():
    with pytest.raises(UsageError, match="did you mean 'openfield'"):
        find_chosen_backbone(Backbone(name="openfeld"))
