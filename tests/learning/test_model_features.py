"""The features of a model are read from its caches, once for members that share streams, and refused where they mean something else."""

import numpy as np
import pytest

from behavior.config import Crop, Sampling
from behavior.errors import CacheError, ModelError
from behavior.files.feature_cache import FeatureSet
from behavior.files.feature_sources import Signature
from behavior.files.feature_writer import write_imported
from behavior.files.model_bundle import StreamDescription
from behavior.learning.model_features import ModelFeatures
from behavior.recording import Recording

N_FRAMES = 8
IMPORTED = Signature("motifs", {"from": "lab"})
STREAM = StreamDescription(name="motifs", signature=IMPORTED.text, n_features=2)


def write(folder, signature=IMPORTED, recording="r0"):
    """Write imported features of `recording` as import-features does."""
    folder.mkdir(exist_ok=True)
    values = np.arange(2 * N_FRAMES, dtype=np.float32).reshape(N_FRAMES, 2)
    path = folder / f"{recording}.{signature.key}.h5"
    write_imported(path, [values], n_frames=N_FRAMES, fps=10.0, is_wide=False, signature=signature, attributes={})


@pytest.fixture
def model(make_bundle, make_model):
    return make_model(make_bundle(("rear",), ("jump",), streams=[STREAM]))


def test_members_on_the_same_streams_share_what_is_read(model, tmp_path):
    write(tmp_path)
    loaded = ModelFeatures(model, cache=tmp_path / "computed", imported=tmp_path).load(Recording("r0"))
    assert loaded.by_member[0] is loaded.by_member[1]
    np.testing.assert_array_equal(loaded.by_member[0].values, np.arange(2 * N_FRAMES).reshape(N_FRAMES, 2))
    assert loaded.measured is None


def test_imported_streams_are_not_computed(model, tmp_path):
    assert ModelFeatures(model, cache=tmp_path, imported=tmp_path).streams == []
    with pytest.raises(CacheError):
        ModelFeatures(model, cache=tmp_path, imported=tmp_path).load(Recording("r0"))


def test_features_that_mean_something_else_are_refused(make_bundle, make_model, tmp_path):
    write(tmp_path)
    other = StreamDescription(name="motifs", signature=Signature("motifs", {"from": "elsewhere"}).text, n_features=2)
    model = make_model(make_bundle(("rear", "jump"), streams=[other]))
    with pytest.raises(ModelError, match=r"r0: has other features than the model in /lab/model was trained on \(from 'lab'"):
        ModelFeatures(model, cache=tmp_path, imported=tmp_path).load(Recording("r0"))


def test_a_stream_that_members_share_is_computed_once(make_bundle, make_model, tmp_path):
    pose = StreamDescription(name="pose", signature=Signature("pose", {}).text, n_features=2)
    bundle = make_bundle(("rear",), ("jump",), streams=[pose], crop=Crop(body_part="nose"))
    streams = ModelFeatures(make_model(bundle), cache=tmp_path).streams
    assert [stream.name for stream in streams] == ["pose"]


def test_a_backbone_that_gives_other_features_is_refused(make_bundle, make_model, tmp_path):
    signature = Signature("appearance", {"backbone": "openfield", "weights": "of another version"})
    appearance = StreamDescription(name="appearance", signature=signature.text, n_features=128)
    backbone = {"name": "openfield", "weights": "packaged"}
    bundle = make_bundle(("rear", "jump"), streams=[appearance], crop=Crop(body_part="nose"), member_0={"backbone": backbone})
    with pytest.raises(ModelError, match="was trained on features that its backbone does not give any more"):
        ModelFeatures(make_model(bundle), cache=tmp_path)


def test_a_model_of_sampled_features_takes_those_of_the_nearest_frames(make_bundle, make_model, tmp_path):
    write(tmp_path)
    model = make_model(make_bundle(("rear",), ("jump",), streams=[STREAM], sampling=Sampling(fps=5), fps=5.0))
    (features, _) = ModelFeatures(model, cache=tmp_path / "computed", imported=tmp_path).load(Recording("r0")).by_member
    assert features.rows is not None
    assert features.rows.frames.tolist() == [0, 2, 4, 6]
    np.testing.assert_array_equal(features.values[:, 0], 2 * features.rows.frames)
    assert (features.rate, features.fps, features.frames.n_frames) == (5.0, pytest.approx(10), N_FRAMES)


def test_a_frame_without_features_is_measured_as_the_nearest_one_is(make_bundle, make_model, tmp_path, monkeypatch):
    pose = StreamDescription(name="pose", signature=Signature("pose", {}).text, n_features=2)
    bundle = make_bundle(("rear", "jump"), streams=[pose], crop=Crop(body_part="nose"), sampling=Sampling(fps=10), fps=10.0)
    sources = ModelFeatures(make_model(bundle), cache=tmp_path)
    (stream,) = sources.streams
    found = FeatureSet(
        features=np.zeros((3, 2), dtype=np.float32),
        centers=np.zeros((3, 2), dtype=np.float32),
        measured=np.array([True, False, True]),
        time_s=np.arange(8) / 30,
        fps=30.0,
        signature=Signature("pose", {}),
        frames=np.array([0, 3, 6]),
    )
    monkeypatch.setattr(stream, "read", lambda recording, *, in_blocks: found)
    loaded = sources.load(Recording("r0"))
    assert loaded.measured is not None
    assert loaded.measured.tolist() == [True, True, False, False, False, True, True, True]
