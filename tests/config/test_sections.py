"""The sections `crop`, `backbone`, `features`, `windows`, `training` and `crossval`."""

import pydantic
import pytest

from behavior.config import Crop, Training


def test_several_body_parts_are_a_mean(parse):
    assert parse(crop={"body_part": ["leftear", "rightear"]}).crop.body_parts == ("leftear", "rightear")
    assert parse(crop={"body_part": "midbody"}).crop.body_parts == ("midbody",)
    assert parse(crop={"whole_frame": True}).crop.body_parts == ()


@pytest.mark.parametrize(("pca", "kind"), [(64, int), (1, int), (0.95, float), (None, type(None))])
def test_principal_components_are_a_number_or_a_share(parse, pca, kind):
    value = parse(features={"pca": pca}).features.pca
    assert value == pca
    assert type(value) is kind


def test_no_feature_is_changed_unless_asked_for(parse):
    features = parse().features
    assert (features.average, features.standardize, features.pca) == (1, False, None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"crop": {"bodypart": "x"}}, "did you mean 'body_part'?"),
        ({"crop": {}}, "body_part is missing"),
        ({"crop": {"whole_frame": True, "egocentric": True, "body_axis": ["a", "b"]}}, "leave one of the two out"),
        ({"crop": {"body_part": "m", "egocentric": True}}, "egocentric needs a body axis"),
        ({"crop": {"body_part": "m", "body_axis": ["Neck", "neck"]}}, "both ends of body_axis are 'Neck'"),
        ({"backbone": {"engine": "onnx"}}, "backbone.engine is 'onnx', expected 'auto', 'keras' or 'openvino'"),
        ({"windows": {"length": 0}}, "windows.length is 0"),
        ({"training": {"epochs": 0}}, "training.epochs is 0"),
        ({"crossval": {"leave_out": "animals"}}, "did you mean 'animal'?"),
        ({"features": {"standardise": True}}, "unknown key 'features.standardise'; did you mean 'standardize'?"),
        *(({"features": {"pca": pca}}, f"features.pca: found {pca!r}; give a whole number") for pca in (0, 1.5, -0.1, 1.0, True, "64")),
    ],
)
def test_a_section_that_makes_no_sense_is_refused(refuse, changes, expected):
    assert expected in refuse(**changes)


def test_a_section_cannot_be_changed_after_it_was_read():
    with pytest.raises(pydantic.ValidationError):
        Training().epochs = 3
    with pytest.raises(pydantic.ValidationError):
        Crop(body_part="m").size = 8
