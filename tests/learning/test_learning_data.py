"""Features and labels side by side: loaded in the manifest's order, averaged alike, and refused where they do not fit together."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from behavior.errors import BehaviorError, CacheError, UsageError
from behavior.files.feature_cache import FeatureSet
from behavior.files.feature_sources import Signature
from behavior.files.manifest import read_manifest
from behavior.files.model_bundle import StreamDescription
from behavior.files.study import read_study
from behavior.learning.learning_data import (
    LearningData,
    RecordingFeatures,
    describe_differences,
    join_streams,
    load_features,
    load_learning_data,
    load_variant,
    make_study_streams,
    read_recording_labels,
    require_alike,
)
from behavior.recording import Frames, Recording

N_FRAMES = 240
SHOWN = [[0, -1], [1, 0], [1, -1], [0, 1], [-1, -1]]


def make_set(n_frames=6, n_features=2, *, fps=10.0, value=0.0, stream="motifs", attributes=None, **settings):
    return FeatureSet(
        features=np.full((n_frames, n_features), value, dtype=np.float32),
        centers=np.full((n_frames, 2), np.nan, dtype=np.float32),
        measured=np.ones(n_frames, dtype=bool),
        time_s=np.arange(n_frames) / fps,
        fps=fps,
        signature=Signature(stream, settings),
        attributes=attributes or {},
    )


def make_features(*streams, n_frames=6, fps=10.0):
    """Streams are names, widths and settings of their signatures."""
    described = tuple(
        StreamDescription(name=name, signature=Signature(name, settings).text, n_features=width) for name, width, settings in streams
    )
    width = sum(stream.n_features for stream in described)
    return RecordingFeatures(np.zeros((n_frames, width), np.float32), np.arange(n_frames) / fps, fps, described, False)


class TestLearningData:
    """Several recordings as a whole."""

    def test_the_rate_is_the_median_over_recordings(self, make_data):
        data = make_data({"r0": SHOWN, "r1": SHOWN, "r2": SHOWN})
        features = tuple(make_features(("motifs", 1, {}), fps=fps) for fps in (10.0, 10.25, 25.0))
        assert LearningData(data.recordings, features, data.labels, data.behaviors).fps == 10.25

    def test_averaging_makes_a_vector_and_a_label_of_several_frames(self, make_data):
        features = np.array([[0, 1], [2, 3], [4, 5], [6, 7], [8, 20]], dtype=np.float32)
        data = make_data({"r0": SHOWN}, features={"r0": features})
        averaged = data.average(2)
        np.testing.assert_array_equal(averaged.features[0].values, [[1, 2], [5, 6], [8, 20]])
        # Positive where as many frames are positive as negative; unlabelled ones have no say.
        assert averaged.labels[0].values.tolist() == [[1, 0], [1, 1], [-1, -1]]
        # The times of the middle frames; the last vector stands for a single one.
        np.testing.assert_allclose(averaged.features[0].time_s, [0.1, 0.3, 0.4])
        assert averaged.features[0].fps == averaged.fps == 5.0
        assert (averaged.recordings, averaged.behaviors) == (data.recordings, data.behaviors)
        assert data.average(1) is data

    def test_a_behavior_can_be_learned_from_recordings_with_both_classes(self, make_data):
        data = make_data({"r0": SHOWN, "r1": [[0, 0], [-1, 1]], "r2": [[1, 1], [-1, -1]], "r3": [[0, 0], [1, 0]]})
        assert data.find_learnable(range(4), 0) == {0, 3}
        assert data.find_learnable(range(4), 1) == {0, 1}
        assert data.find_learnable([1, 3], 0) == {3}


def test_the_frames_of_features_are_their_rows():
    features = make_features(("motifs", 1, {}), n_frames=4)
    frames = features.frames
    assert isinstance(frames, Frames)
    assert (frames.n_frames, frames.broke_off) == (4, False)
    np.testing.assert_array_equal(frames.time_s, features.time_s)


def test_streams_are_joined_side_by_side():
    joined = join_streams("r0", ["motifs", "places"], [make_set(value=1), make_set(n_features=3, value=2, stream="places", kind="grid")])
    np.testing.assert_array_equal(joined.values, np.repeat([[1, 1, 2, 2, 2]], 6, axis=0))
    assert [(stream.name, stream.n_features) for stream in joined.streams] == [("motifs", 2), ("places", 3)]
    assert json.loads(joined.streams[1].signature) == {"stream": "places", "kind": "grid"}
    assert not joined.broke_off
    # One stream is not copied.
    alone = make_set()
    assert join_streams("r0", ["motifs"], [alone]).values is alone.features


def test_a_recording_broke_off_where_a_stream_of_it_did():
    assert join_streams("r0", ["motifs", "places"], [make_set(), make_set(attributes={"broke_off": True})]).broke_off


def test_streams_of_different_lengths_or_rates_are_refused():
    with pytest.raises(UsageError, match=r"recording 'r0': its streams have different numbers of frames \(motifs 6, places 7\)"):
        join_streams("r0", ["motifs", "places"], [make_set(), make_set(7)])
    with pytest.raises(UsageError, match=r"recording 'r0': its streams have different frame rates \(motifs 10, places 25\)"):
        join_streams("r0", ["motifs", "places"], [make_set(), make_set(fps=25.0)])


RECORDINGS = [Recording("r0"), Recording("r1")]


def test_features_with_one_meaning_are_accepted():
    one, other = (make_features(("motifs", 2, {"precision": precision}), n_frames=n) for precision, n in (("float32", 6), ("bfloat16", 9)))
    assert describe_differences(other.streams, one.streams) == ""
    require_alike(RECORDINGS, [one, other])


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (make_features(("places", 2, {})), r"'r0' and 'r1' have features that mean different things \(motifs of 2 and places of 2\)"),
        (make_features(("motifs", 2, {}), ("places", 1, {})), r"\(motifs of 2 and motifs of 2, places of 1\)"),
        (make_features(("motifs", 3, {})), r"\(motifs: 3 features instead of 2\)"),
        (make_features(("motifs", 2, {"kind": "b"})), r"\(motifs: kind 'b' instead of None\)"),
        (make_features(("motifs", 2, {}), fps=25.0), "'r0' and 'r1' have 10 and 25 frames per second"),
    ],
)
def test_features_with_different_meanings_are_refused(other, expected):
    with pytest.raises(UsageError, match=expected):
        require_alike(RECORDINGS, [make_features(("motifs", 2, {})), other])


def test_all_differences_are_described():
    streams, expected = (make_features(("motifs", 2, {"kind": "a"}), ("places", width, {})).streams for width in (1, 4))
    assert describe_differences(streams, streams) == ""
    changed = make_features(("motifs", 3, {"kind": "b"}), ("places", 1, {})).streams
    assert describe_differences(changed, expected) == (
        "motifs: kind 'b' instead of 'a', 3 features instead of 2; places: 1 features instead of 4"
    )


def read(study_path):
    study = read_study(study_path)
    return study, read_manifest(study.recordings)


def test_recordings_come_in_the_manifests_order(motifs):
    study, recordings = read(motifs)
    data = load_learning_data(study, recordings)
    assert [recording.id for recording in data.recordings] == [f"r{number}" for number in range(5)]
    assert data.behaviors == ("rear", "jump")
    for features, labels in zip(data.features, data.labels, strict=True):
        assert features.values.shape == (N_FRAMES, 4)
        assert labels.values.shape == (N_FRAMES, 2)
    assert json.loads(data.features[0].streams[0].signature)["imported"] == "motifs"
    chosen = load_learning_data(study, [recordings[3], recordings[1]])
    assert [recording.id for recording in chosen.recordings] == ["r3", "r1"]
    np.testing.assert_array_equal(chosen.features[1].values, data.features[1].values)


def test_recordings_without_labels_are_left_out_with_a_warning(motifs, caplog):
    table = pd.read_csv(motifs.parent / "recordings.csv", dtype=str)
    table.loc[1, "labels"] = ""
    table.to_csv(motifs.parent / "recordings.csv", index=False)
    study, recordings = read(motifs)
    data = load_learning_data(study, recordings[:3])
    assert [recording.id for recording in data.recordings] == ["r0", "r2"]
    assert "recording 'r1' has no labels and is left out" in caplog.text
    with pytest.raises(UsageError, match="none of its 1 recordings to train on has labels"):
        load_learning_data(study, recordings[1:2])


def test_every_recording_that_cannot_be_used_is_named(motifs, tmp_path):
    (tmp_path / "r0_labels.csv").unlink()
    (tmp_path / "r2_labels.csv").write_text("not,labels\n1,2\n")
    study, recordings = read(motifs)
    with pytest.raises(BehaviorError) as caught:
        load_learning_data(study, recordings)
    first, second = str(caught.value).splitlines()
    assert "r0_labels.csv: no such label file" in first
    assert "r2_labels.csv" in second


def test_features_that_were_not_imported_are_named(motifs):
    study, recordings = read(motifs)
    elsewhere = study.model_copy(update={"streams": ["elsewhere"]})
    with pytest.raises(CacheError, match="elsewhere"):
        load_features(elsewhere, recordings[0], make_study_streams(elsewhere))
    # Imported streams need nothing that knows how they are computed.
    assert make_study_streams(study) == {}


def test_labels_are_those_of_the_frames(motifs):
    study, recordings = read(motifs)
    features = load_features(study, recordings[0], {})
    labels = read_recording_labels(recordings[0].labels[""], ["jump"], features, recording=recordings[0], settings=study.labels)
    table = pd.read_csv(motifs.parent / "r0_labels.csv")
    np.testing.assert_array_equal(labels.values[:, 0], table["jump"])
    assert labels.behaviors == ("jump",)


def import_again(run, study, name, change, fps=10):
    folder = study.parent / name
    shutil.copytree(study.parent / "features", folder)
    for path in folder.iterdir():
        with np.load(path) as loaded:
            values = loaded["features"]
        np.savez(path, features=change(values), fps=fps)
    assert run("import-features", study, *sorted(folder.iterdir()), "--name", name).status == 0


def test_a_member_of_an_ensemble_has_its_own_features_and_the_studys_labels(run, motifs):
    import_again(run, motifs, "doubled", lambda values: 2 * values)
    study, recordings = read(motifs)
    data = load_learning_data(study, recordings)
    assert load_variant(study, study, data) is data
    assert load_variant(study, study.model_copy(update={"windows": study.windows}), data) is data
    doubled = load_variant(study, study.model_copy(update={"streams": ["doubled"]}), data)
    np.testing.assert_allclose(doubled.features[2].values, 2 * data.features[2].values, rtol=1e-3)
    assert doubled.labels is data.labels
    both = load_variant(study, study.model_copy(update={"streams": ["doubled", "motifs"]}), data)
    assert both.features[0].values.shape == (N_FRAMES, 8)


def test_a_member_with_another_number_of_frames_is_refused(run, motifs):
    import_again(run, motifs, "shorter", lambda values: values[:-3])
    study, recordings = read(motifs)
    data = load_learning_data(study, recordings)
    with pytest.raises(UsageError, match=r"recording 'r0': its streams shorter have 237 frames, but those of the rest of the ensemble 240"):
        load_variant(study, study.model_copy(update={"streams": ["shorter"]}), data)


def test_streams_of_different_rates_are_refused(run, motifs, change, tmp_path):
    import_again(run, motifs, "slow", lambda values: values, fps=5)
    change(motifs, streams=["motifs", "slow"])
    ran = run("crossval", motifs, "--out", tmp_path / "cv")
    assert ran.status == 1
    assert "different frame rates (motifs 10, slow 5)" in ran.err
