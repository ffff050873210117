"""Features and labels side by side: loaded in the manifest's order, averaged alike, and refused where they do not fit together."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from behavior.config import Study
from behavior.errors import BehaviorError, CacheError, UsageError
from behavior.files.feature_cache import FeatureSet
from behavior.files.feature_sources import Signature
from behavior.files.manifest import read_manifest
from behavior.files.model_bundle import StreamDescription
from behavior.files.study import read_study
from behavior.frame_sampling import lay_rows, sample_frames
from behavior.learning.learning_data import (
    LearningData,
    describe_differences,
    describe_lacked,
    load_features,
    load_learning_data,
    load_variant,
    make_study_streams,
    read_recording_labels,
    require_alike,
)
from behavior.learning.recording_features import RecordingFeatures, join_streams
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
        data = LearningData(data.recordings, features, data.labels, data.behaviors)
        assert data.row_rate == 10.25
        assert data.rates == {"r0": 10.0, "r1": 10.25, "r2": 25.0}

    def test_a_head_reads_sampled_rows_with_the_labels_of_their_frames(self, make_data):
        labels = np.arange(22).reshape(11, 2) % 3 - 1
        data = make_data({"r0": labels})
        time_s = np.arange(11) / 20
        rows = lay_rows(time_s, sample_frames(time_s, 10), rate=10, fps=20.0)
        values = np.arange(11, dtype=np.float32)[rows.frames, None]
        features = RecordingFeatures(values, time_s, 20.0, data.features[0].streams, False, rows)
        sampled = LearningData(data.recordings, (features,), data.labels, data.behaviors)
        assert sampled.row_rate == features.rate == 10
        assert features.frames.n_frames == 11
        vectors = sampled.to_vectors(1)
        assert vectors.features[0].values[:, 0].tolist() == [0, 2, 4, 6, 8, 10]
        np.testing.assert_array_equal(vectors.labels[0].values, labels[::2])
        np.testing.assert_allclose(vectors.features[0].time_s, time_s[::2])
        assert vectors.features[0].fps == vectors.row_rate == 10
        halved = sampled.to_vectors(2)
        assert halved.features[0].values[:, 0].tolist() == [1, 5, 9]
        assert halved.row_rate == 5
        # What the head says of a vector is spread over its rows, and from there over the frames.
        spread = features.spread(halved.features[0].values / 10, average=2)[:, 0]
        np.testing.assert_allclose(spread, [0.1, 0.15, *np.arange(2, 9) / 10, 0.85, 0.9], atol=1e-6)

    def test_averaging_makes_a_vector_and_a_label_of_several_frames(self, make_data):
        features = np.array([[0, 1], [2, 3], [4, 5], [6, 7], [8, 20]], dtype=np.float32)
        data = make_data({"r0": SHOWN}, features={"r0": features})
        averaged = data.to_vectors(2)
        np.testing.assert_array_equal(averaged.features[0].values, [[1, 2], [5, 6], [8, 20]])
        # Positive where as many frames are positive as negative; unlabelled ones have no say.
        assert averaged.labels[0].values.tolist() == [[1, 0], [1, 1], [-1, -1]]
        # The times of the middle frames; the last vector stands for a single one.
        np.testing.assert_allclose(averaged.features[0].time_s, [0.1, 0.3, 0.4])
        assert averaged.features[0].fps == averaged.row_rate == 5.0
        assert (averaged.recordings, averaged.behaviors) == (data.recordings, data.behaviors)
        assert data.to_vectors(1) is data

    def test_a_behavior_can_be_learned_from_recordings_with_both_classes(self, make_data):
        data = make_data({"r0": SHOWN, "r1": [[0, 0], [-1, 1]], "r2": [[1, 1], [-1, -1]], "r3": [[0, 0], [1, 0]]})
        assert data.find_learnable(range(4), 0) == {0, 3}
        assert data.find_learnable(range(4), 1) == {0, 1}
        assert data.find_learnable([1, 3], 0) == {3}
        assert data.find_learnable([], 0) == set()


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
    with pytest.raises(UsageError, match="none of its recordings to train on has labels"):
        load_learning_data(study, recordings[1:2])
    with pytest.raises(UsageError, match=r"every recording has split=test, and those are kept for a last score; empty the split of some\."):
        load_learning_data(study, [])


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


class TestSampling:
    """Streams of fewer rows than frames, alone and beside those of every frame."""

    def test_imported_features_give_the_rows_of_the_frames_that_others_are_of(self):
        imported = make_set(31, 1, fps=30.0)
        imported.features[:, 0] = np.arange(31)
        every = make_set(31, 1, fps=30.0, stream="motion", sampling=10.0)
        frames = sample_frames(every.time_s, 10)
        made = replace(
            every, features=every.features[frames] + 5, centers=every.centers[frames], measured=every.measured[frames], frames=frames
        )
        joined = join_streams("r0", ["motion", "motifs"], [made, imported], sampling=10)
        assert joined.row_frames.tolist() == frames.tolist() == list(range(0, 31, 3))
        np.testing.assert_array_equal(joined.values, np.stack([np.full(11, 5), np.arange(0, 31, 3)], axis=1))
        assert joined.frames.n_frames == 31
        alone = join_streams("r0", ["motifs"], [imported], sampling=10)
        np.testing.assert_array_equal(alone.values[:, 0], np.arange(0, 31, 3))

    def test_frames_of_a_slow_video_are_read_several_times(self):
        slow = make_set(4, 1, fps=5.0)
        slow.features[:, 0] = np.arange(4)
        joined = join_streams("r0", ["motifs"], [slow], sampling=10)
        assert joined.rate == 10
        assert joined.values[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3]
        spread = joined.spread(joined.values / 3)
        np.testing.assert_allclose(spread[:, 0], np.arange(4) / 3, atol=1e-6)

    def test_streams_of_other_frames_and_far_too_slow_videos_are_refused(self):
        every = make_set(31, 1, fps=30.0)
        frames = (np.arange(0, 31, 3), np.append(np.arange(0, 28, 3), 29))
        one, other = (
            replace(every, features=every.features[chosen], centers=every.centers[chosen], measured=every.measured[chosen], frames=chosen)
            for chosen in frames
        )
        with pytest.raises(UsageError, match="'r0': its streams are of different frames; delete its features"):
            join_streams("r0", ["one", "other"], [one, other], sampling=10)
        with pytest.raises(UsageError, match=r"'r0': has 0.1 frames per second, far fewer than sampling.fps 10"):
            join_streams("r0", ["motifs"], [make_set(5, 1, fps=0.1)], sampling=10)

    def test_rates_that_differ_are_refused_by_the_name_of_what_helps(self, make_data):
        data = make_data({"r0": SHOWN, "r1": SHOWN})
        features = [make_features(("motifs", 1, {}), fps=fps) for fps in (25.0, 30.0)]
        with pytest.raises(UsageError, match=r"have 25 and 30 frames per second, and one model needs one rate; add sampling: {fps: 10} to"):
            require_alike(data.recordings, features)
        sampled = [replace(one, rows=lay_rows(one.time_s, np.arange(6), rate=10, fps=one.fps)) for one in features]
        require_alike(data.recordings, sampled)


def test_a_view_that_no_recording_has_is_refused():
    study = Study.model_validate({"behaviors": ["rear"], "streams": ["top", "imu@side"], "views": {"others": {"side": {}}}})
    with pytest.raises(UsageError, match="none of the recordings a, b has the view 'side', which the stream imu@side is of"):
        describe_lacked(study, [Recording("a"), Recording("b")], {})
