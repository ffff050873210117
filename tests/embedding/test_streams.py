"""Streams beside appearance: made each by itself, resumed, put side by side, and used by a model."""

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.embedding.crop_streams import MotionStream
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.embedding.streams import make_streams
from behavior.files.feature_cache import cache_path, read_features
from behavior.files.pose import read_pose
from behavior.files.study import open_study, read_study
from behavior.vision.motion import N_MOTION_FEATURES


@pytest.fixture
def put(study_copy):
    """Put values into sections of the study file, and return the file."""

    def change(**sections):
        content = yaml.safe_load(study_copy.read_text())
        for name, values in sections.items():
            content[name] = {**content[name], **values} if isinstance(values, dict) and name in content else values
        study_copy.write_text(yaml.safe_dump(content))
        return study_copy

    return change


@pytest.fixture
def put_on_one(put):
    """Likewise, for a manifest of the first recording alone."""

    def change(**sections):
        study = put(recordings="one.csv", **sections)
        table = pd.read_csv(study.parent / "recordings.csv", dtype=str)
        table.iloc[:1].to_csv(study.parent / "one.csv", index=False)
        return study

    return change


def stream_files(study, stream):
    return sorted((study.parent / "cache").glob(f"*.{stream}-*.h5"))


def read_streams(study_file, recording):
    study, recordings = open_study(study_file)
    (chosen,) = (found for found in recordings if found.id == recording)
    streams = make_streams(study.streams, crop=study.crop, backbone=study.backbone, arena=study.arena, cache=study.cache)
    return {name: stream.read(chosen) for name, stream in streams.items()}, chosen


def test_each_stream_has_a_cache_of_its_own(run, put, parses):
    study = put(streams=["appearance", "motion", "pose"], crop={"body_axis": ["tailbase", "nose"]})
    appearance = {path: path.stat().st_mtime_ns for path in stream_files(study, "openfield")}
    assert len(appearance) == 4
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    assert {path: path.stat().st_mtime_ns for path in stream_files(study, "openfield")} == appearance
    assert len(stream_files(study, "motion")) == len(stream_files(study, "pose")) == 4
    # Each pose is parsed once, for both streams.
    assert len(parses) == len(set(parses)) == 4
    found, recording = read_streams(study, "mouse_01")
    parts = read_pose(recording.pose).body_parts
    assert {name: features.n_frames for name, features in found.items()} == {"appearance": 400, "motion": 400, "pose": 400}
    assert found["motion"].features.shape[1] == N_MOTION_FEATURES
    assert found["pose"].features.shape[1] == len(found["pose"].attributes["columns"]) > 2 * len(parts)
    for features in found.values():
        np.testing.assert_array_equal(features.time_s, found["appearance"].time_s)
        np.testing.assert_array_equal(features.centers, found["appearance"].centers)
        np.testing.assert_array_equal(features.measured, found["appearance"].measured)


def test_motion_that_is_interrupted_ends_as_unbroken(run, put_on_one, monkeypatch):
    """The first frame after a resumption is compared with the one before it, which was read before the break."""
    for module in ("behavior.files.feature_writer", "behavior.embedding.crop_batches"):
        monkeypatch.setattr(f"{module}.PART_ROWS", 64)
    study = put_on_one(streams=["motion"])
    assert run("embed", study).status == 0
    (path,) = stream_files(study, "motion")
    unbroken = read_features(path)
    # Nothing has moved in the first frame.
    assert not unbroken.features[0].any()
    assert (unbroken.features[1:] != 0).any(axis=1).mean() > 0.9
    describe = MotionStream._describe_batches
    for n_batches in (1, 3, 8):
        path.unlink()

        def interrupt(self, batches, fps, n_batches=n_batches):
            for number, vectors in enumerate(describe(self, batches, fps)):
                if number == n_batches:
                    raise MemoryError("interrupted")
                yield vectors

        with monkeypatch.context() as patched:
            patched.setattr(MotionStream, "_describe_batches", interrupt)
            assert run("embed", study).status == 1
        ran = run("embed", study)
        assert ran.status == 0, ran.err
        again = read_features(path)
        for name in ("features", "centers", "measured", "time_s"):
            np.testing.assert_array_equal(getattr(again, name), getattr(unbroken, name), err_msg=f"{name} after {n_batches} batches")
        # What the part before the break took is not known, unless nothing of it was kept.
        assert ("effort" in again.attributes) == (n_batches == 1)
    assert unbroken.attributes["effort"]["seconds"] > 0


def test_walls_are_in_the_pose_stream_where_the_study_has_an_arena(run, put, put_on_one):
    crop = {"body_axis": ["tailbase", "nose"]}
    without = put_on_one(streams=["pose"], crop=crop)
    assert run("embed", without).status == 0
    assert run("embed", put(arena={"rectangle": [40, 40, 440, 440]})).status == 0
    widths = sorted(read_features(path).features.shape[1] for path in stream_files(without, "pose"))
    assert len(widths) == 2
    assert widths[0] < widths[1]


def test_egocentric_crops_are_other_features(run, put_on_one):
    study = put_on_one(crop={"body_axis": ["tailbase", "nose"], "egocentric": True})
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    assert len(stream_files(study, "openfield")) == 5
    turned, _ = read_streams(study, "mouse_01")
    files = [read_features(path) for path in stream_files(study, "openfield") if path.name.startswith("mouse_01.")]
    (upright,) = (features for features in files if features.signature.settings["alignment"] == "none")
    assert turned["appearance"].signature.settings["alignment"] == "body axis up"
    assert np.abs(turned["appearance"].features - upright.features).max() > 0.1


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"crop": {"egocentric": True}}, "name two body parts"),
        ({"crop": {"body_axis": ["nose", "Nose"]}}, "both ends of body_axis"),
        ({"crop": {"egocentric": True, "body_axis": ["tailbase", "nose"], "whole_frame": True}}, "leave one of the two out"),
        ({"streams": ["pose"], "crop": {"body_part": None, "whole_frame": True}}, "needs crop.body_part"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(run, put, sections, said):
    ran = run("embed", put(**sections))
    assert ran.status == 2
    assert said in ran.err


def test_a_body_part_of_the_axis_that_the_pose_lacks_is_named(run, put):
    ran = run("embed", put(crop={"body_axis": ["tailbase", "antler"], "egocentric": True}))
    assert ran.status == 1
    assert "antler" in ran.err


@pytest.mark.parametrize(
    ("asked", "there", "is_used"), [("auto", "float32", True), ("auto", "bfloat16", True), ("float32", "bfloat16", False)]
)
def test_features_of_either_precision_serve_where_none_is_asked_for(run, put, monkeypatch, asked, there, is_used):
    study_file = put(backbone={"precision": there})
    for path in stream_files(study_file, "openfield"):
        path.unlink()
    study, recordings = open_study(study_file)
    (stream,) = make_streams(study.streams, crop=study.crop, backbone=study.backbone, arena=None, cache=study.cache).values()
    # What a machine that has this precision has left there.
    monkeypatch.setattr(type(stream), "list_signatures", lambda self, recording=None: (self._sign(there),))
    monkeypatch.setattr("behavior.embedding.crop_streams.prepare_engine", lambda *_, **__: stand_in(there))
    assert stream.embed(RecordingInputs(recordings[0])).n_frames == 400
    monkeypatch.undo()
    study = read_study(put(backbone={"precision": asked}))
    (stream,) = make_streams(study.streams, crop=study.crop, backbone=study.backbone, arena=None, cache=study.cache).values()
    assert stream.is_cached(recordings[0]) == is_used
    if is_used:
        assert stream.read(recordings[0]).signature.settings["precision"] == there
        assert cache_path(study.cache, "mouse_01", stream._sign(there)).is_file()


class StandInEngine:
    name, batch_size, n_features, input_size = "stand-in", 32, 3, 64

    def __init__(self, precision):
        self.precision = precision

    def embed_batches(self, batches):
        for images in batches:
            yield images.mean(axis=(1, 2), dtype=np.float32)


def stand_in(precision):
    from behavior.vision.engine_choice import PreparedEngine

    return PreparedEngine(engine=StandInEngine(precision), cosine=None, note=None)


@pytest.mark.slow
def test_a_model_on_all_streams_annotates_new_videos(run, put, parses, tmp_path):
    study = put(streams=["appearance", "motion", "pose"], crop={"body_axis": ["tailbase", "nose"]}, arena={"rectangle": [40, 40, 440, 440]})
    assert run("embed", study).status == 0
    ran = run("train", study, "--out", tmp_path / "model")
    assert ran.status == 0, ran.err
    (tmp_path / "new").mkdir()
    for path in (study.parent / "videos").glob("mouse_04*"):
        if "labels" not in path.name:
            path.rename(tmp_path / "new" / path.name.replace("mouse_04", "another"))
    parses.clear()
    ran = run("annotate", tmp_path / "model", tmp_path / "new" / "another.mp4", "--out", tmp_path / "out")
    assert ran.status == 0, ran.err
    assert len(parses) == 1
    assert len(pd.read_csv(tmp_path / "out" / "another_ethogram.csv")) == 400
