"""Study files on disk."""

from pathlib import Path

import pytest

from behavior.errors import UsageError
from behavior.files.study import open_study, read_study, write_study

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def test_paths_are_relative_to_the_study_file(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("behaviors: [rear]\ncrop: {body_part: nose}\nbackbone: {name: squeezenet, weights: w/squeeze.h5}\n")
    study = read_study(path)
    assert study.recordings == tmp_path / "recordings.csv"
    assert study.cache == tmp_path / "cache"
    assert study.backbone.weights == str(tmp_path / "w" / "squeeze.h5")


def test_weights_of_an_ensembles_members_are_relative_to_the_study_file(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(
        "behaviors: [rear]\ncrop: {body_part: nose}\nensemble: {members: [{}, {backbone: {name: squeezenet, weights: w/squeeze.h5}}, "
        "{backbone: {name: mobilenetv2, weights: imagenet}}]}\n"
    )
    members = read_study(path).ensemble.members
    assert members[0].backbone is None
    assert members[1].backbone.weights == str(tmp_path / "w" / "squeeze.h5")
    assert members[2].backbone.weights == "imagenet"


def test_what_is_written_reads_back_equal(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(
        "behaviors: [rear]\ncrop: {body_part: [nose, tail]}\nhead: {kind: tcn, filters: 8}\npostprocess: {closing_s: {rear: 0.5}}\n"
    )
    study = read_study(path)
    write_study(tmp_path / "copy.yaml", study)
    assert read_study(tmp_path / "copy.yaml") == study


@pytest.mark.parametrize("content", ["behaviors: [a\n", "behaviors:\n\t- a\n"])
def test_broken_yaml_is_named_with_its_line(tmp_path, content):
    path = tmp_path / "study.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"study\.yaml, line \d+: this is not valid YAML"):
        read_study(path)


@pytest.mark.parametrize("content", ["", "- a\n", "just words\n"])
def test_what_has_no_keys_is_refused(tmp_path, content):
    path = tmp_path / "study.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match="expected a study file: YAML with keys"):
        read_study(path)


def test_missing_file_and_folder_are_told_apart(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        read_study(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="found a folder"):
        read_study(tmp_path)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_configs_that_ship_can_be_read(path):
    assert read_study(path).behaviors == ["grooming", "mid_rearing", "wall_rearing"]


@pytest.mark.parametrize(
    ("name", "backbone", "window", "head", "batch"),
    [
        ("resnet50v2_lstm", "resnet50v2", 300, {"kind": "lstm", "layers": 3, "units": 64}, 8),
        ("inceptionresnetv2_lstm", "inceptionresnetv2", 600, {"kind": "lstm", "layers": 2, "units": 64}, 16),
        ("resnet50v2_tcn", "resnet50v2", 300, {"kind": "tcn", "layers": 1, "filters": 256, "kernel_size": 3, "normalization": "batch"}, 32),
        ("inceptionresnetv2_tcn", "inceptionresnetv2", 300, {"kind": "tcn", "layers": 1, "filters": 256, "kernel_size": 3}, 8),
    ],
)
def test_the_four_experiments_of_the_thesis(name, backbone, window, head, batch):
    study = read_study(CONFIGS / f"thesis_{name}.yaml")
    assert (study.backbone.name, study.windows.length, study.training.batch_size) == (backbone, window, batch)
    assert head.items() <= study.head.model_dump().items()
    assert (study.training.learning_rate, study.head.dropout) == (0.001, 0.5)


def test_the_demo_config_says_what_the_demo_does():
    from behavior.workflows.demo import DEMO_STUDY

    shipped = read_study(CONFIGS / "demo.yaml")
    assert shipped.model_copy(update={"recordings": DEMO_STUDY.recordings, "cache": DEMO_STUDY.cache}) == DEMO_STUDY


def test_the_rate_of_a_study_is_that_of_recordings_that_have_no_video_and_no_rate(tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text("behaviors: [rear]\ncrop: {body_part: nose}\nstreams: [pose]\npose: {fps: 25}\n")
    (tmp_path / "recordings.csv").write_text("recording,video,pose,fps\na,,a.csv,\nb,,b.csv,50\nc,c.mp4,c.csv,\n")
    assert [one.fps for one in open_study(study)[1]] == [25, 50, None]
