"""The sections `crop`, `backbone`, `features`, `windows`, `training` and `crossval`."""

import pydantic
import pytest

from behavior.config import Crop, PoseFiles, Training, Windows
from behavior.errors import UsageError


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
        ({"backbone": {"engine": "onnx"}}, "backbone.engine is 'onnx', expected 'auto', 'keras', 'openvino' or 'torch'"),
        ({"backbone": {"pooling": "max"}}, "backbone.pooling is 'max', expected 'cls', 'mean' or 'both'"),
        (
            {"backbone": {"preprocessing": {"mean": [0.5, 0.5], "std": [1, 1, 1]}}},
            "backbone.preprocessing.mean has 2 entries, expected more",
        ),
        ({"backbone": {"preprocessing": {"mean": [0.5, 0.5, 0.5]}}}, "'backbone.preprocessing.std' is missing"),
        ({"backbone": {"preprocessing": "cafe"}}, "backbone.preprocessing is 'cafe'; did you mean 'caffe'?"),
        ({"backbone": {"preprocessing": {"men": 1}}}, "unknown key 'backbone.preprocessing.men'; did you mean 'mean'?"),
        ({"backbone": {"input_size": 4}}, "backbone.input_size is 4"),
        ({"windows": {"length": 0}}, "windows.length is 0"),
        ({"windows": {"length_s": 0}}, "windows.length_s is 0"),
        ({"windows": {"length": 100, "length_s": 10}}, "length and length_s are both given; keep one of them"),
        ({"sampling": {"fps": 0}}, "sampling.fps is 0"),
        ({"sampling": {"fps": -1}}, "sampling.fps is -1"),
        ({"sampling": {"fps": 5000}}, "sampling.fps is 5000"),
        ({"sampling": {"rate": 10}}, "sampling.rate"),
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


def test_windows_are_in_frames_or_in_seconds(parse):
    assert parse().windows.count_vectors(25.0) == 300
    assert parse(windows={"length": 60}).windows.count_vectors(25.0, average=5) == 12
    seconds = parse(windows={"length_s": 6}).windows
    # So many vectors a second there are, however many frames each is the mean of.
    assert (seconds.count_vectors(10.0), seconds.count_vectors(5.0, average=2), seconds.count_vectors(0.1)) == (60, 30, 1)
    with pytest.raises(UsageError, match="is 150,000 vectors at 10 a second, expected at most 100,000"):
        Windows(length_s=15_000).count_vectors(10.0)
    # As a written study file says it, with its defaults.
    assert Windows.model_validate({"length": 300, "length_s": 6.0}) == seconds


def test_every_frame_is_used_unless_asked_for(parse):
    assert parse().sampling_fps is None
    assert parse(sampling={"fps": 12.5}).sampling_fps == 12.5


def test_keys_that_earlier_versions_lacked_are_not_written_where_they_are_not_set(parse):
    plain = parse(backbone={"name": "openfield"}).backbone
    assert not {"pooling", "input_size", "clip"} & set(plain.model_dump())
    chosen = parse(
        backbone={"name": "file", "weights": "a.onnx", "pooling": "both", "preprocessing": {"mean": [0, 0, 0], "std": [1, 1, 1]}}
    )
    assert chosen.backbone.model_dump(mode="json")["pooling"] == "both"
    assert parse(backbone=chosen.backbone.model_dump(mode="json")).backbone == chosen.backbone


@pytest.mark.parametrize(
    ("others", "expected"),
    [(None, ()), ("nearest", ()), (["nearest"], ("nearest",)), ("intruder", ("intruder",)), (["b", "a"], ("b", "a"))],
)
def test_other_animals_are_named_or_the_nearest(others, expected):
    assert PoseFiles(others=others).other_names == expected


@pytest.mark.parametrize(("others", "reason"), [([], "names no animal"), ([" "], "names no animal"), (["a", "A"], "names an animal twice")])
def test_other_animals_have_to_be_named_once(others, reason):
    with pytest.raises(pydantic.ValidationError, match=reason):
        PoseFiles(others=others)


def test_other_animals_are_for_the_stream_pose(parse):
    with pytest.raises(UsageError, match="which is not among the streams"):
        parse(pose={"others": "nearest"})
