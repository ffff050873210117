"""A trained model: opened, and at work on videos."""

import gc

import numpy as np
import pytest

import behavior as bh


@pytest.fixture(scope="module")
def model(demo):
    """The demo's model."""
    return bh.open_model(demo.model)


def test_it_says_what_it_is(demo, model):
    assert model.behaviors == ("grooming", "mid_rearing", "wall_rearing")
    assert model.fps == pytest.approx(10)
    assert set(model.metrics["recording"]) == {"mouse_04", "pooled", "mean"}
    assert repr(model).splitlines()[0] == (
        f"Model in {demo.model}: grooming, mid_rearing, wall_rearing; trained on 3 recordings, 10 frames/s"
    )


def test_a_video_is_annotated_as_the_command_does(demo, model, ethogram, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = model.annotate(str(demo.study.parent / "videos" / "mouse_04.mp4"), cache=demo.study.parent / "cache")
    assert found.recording == "mouse_04"
    assert np.array_equal(found.values, ethogram.values)
    assert np.array_equal(found.probabilities, ethogram.probabilities)
    assert list(tmp_path.iterdir()) == []


def test_a_training_recording_is_a_note(demo, model):
    found = model.annotate(demo.study.parent / "videos" / "mouse_01.mp4", cache=demo.study.parent / "cache")
    assert any("mouse_01" in note for note in found.notes)


def test_what_goes_wrong_is_raised(demo, model, tmp_path):
    with pytest.raises(bh.VideoError, match="no such video"):
        model.annotate(tmp_path / "none.mp4")
    videos = demo.study.parent / "videos"
    (tmp_path / "alone.mp4").write_bytes((videos / "mouse_01.mp4").read_bytes())
    with pytest.raises(bh.PoseError, match="found no pose"):
        model.annotate(tmp_path / "alone.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(bh.VideoError, match="broken"):
        model.annotate(tmp_path / "broken.mp4", pose=next(videos.glob("mouse_01*DLC*")))
    with pytest.raises(bh.PoseError, match="elbow"):
        model.annotate(videos / "mouse_04.mp4", body_parts=["elbow"])


def test_features_are_kept_as_long_as_the_model(demo):
    model = bh.open_model(demo.model)
    video = demo.study.parent / "videos" / "mouse_04.mp4"
    first = model.annotate(video)
    (cache,) = model._caches
    (features,) = cache.glob("mouse_04*.h5")
    written = features.stat().st_mtime_ns
    assert np.array_equal(model.annotate(video).probabilities, first.probabilities)
    assert features.stat().st_mtime_ns == written
    del model
    gc.collect()
    assert not cache.exists()


def test_several_videos_are_written_and_a_bad_one_does_not_stop_them(folder):
    (folder / "videos" / "mouse_02.mp4").write_bytes(b"no video")
    model = bh.open_model("model")
    outcome = model.annotate_videos(["videos/mouse_02.mp4", "videos/mouse_03.mp4"], "new", cache="cache")
    assert outcome.table.set_index("recording")["ethogram"].to_dict() == {"mouse_03": "annotated", "mouse_02": "failed"}
    assert set(outcome.failures) == {"mouse_02"}
    assert bh.read_ethogram("new/mouse_03_ethogram.csv").values.shape == (400, 3)


def test_a_study_is_annotated_with_its_own_cache(folder):
    outcome = bh.open_model("model").annotate_study(bh.open_study("study.yaml"), "new")
    assert outcome.table["recording"].tolist() == ["mouse_01", "mouse_02", "mouse_03", "mouse_04"]
    assert not (folder / "new" / "cache").exists()
    assert "mouse_01" in " ".join(outcome.notes)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(bh.ModelError, match=str(tmp_path)):
        bh.open_model(tmp_path)
