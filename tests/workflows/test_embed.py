"""Embedding that is interrupted, shared between processes, or of a video with damaged frames."""

import contextlib
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from behavior.embedding.crop_streams import AppearanceStream
from behavior.errors import WeightsError
from behavior.files.claims import claim_file
from behavior.files.feature_cache import read_features
from behavior.files.video_writer import write_video

ALL = [f"mouse_{number:02d}" for number in range(1, 5)]


def only_cache_file(folder, name):
    (path,) = (folder / "cache").glob(f"{name}.*.h5")
    return path


def assert_same_features(first, second):
    one, other = read_features(first), read_features(second)
    for name in ("features", "centers", "measured", "time_s"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.notes == other.notes


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of 64 frames, so that a short recording has several."""
    for module in ("behavior.files.feature_writer", "behavior.embedding.crop_batches"):
        monkeypatch.setattr(f"{module}.PART_ROWS", 64)
    return 64


@pytest.mark.parametrize("n_batches", [0, 1, 2, 5, 12])
def test_an_interrupted_run_goes_on_and_ends_alike(run, study_copy, demo, small_parts, monkeypatch, n_batches):
    finished = only_cache_file(demo.study.parent, "mouse_01")
    (study_copy.parent / "cache" / finished.name).unlink()
    describe = AppearanceStream._describe_batches
    calls, redone = [], []

    def interrupt(self, batches, fps):
        for vectors in describe(self, batches, fps):
            if len(calls) == n_batches:
                raise MemoryError("interrupted")
            calls.append(len(vectors))
            yield vectors

    def count(self, batches, fps):
        for vectors in describe(self, batches, fps):
            redone.append(len(vectors))
            yield vectors

    monkeypatch.setattr(AppearanceStream, "_describe_batches", interrupt)
    assert run("embed", study_copy).status == 1
    assert not (study_copy.parent / "cache" / finished.name).exists()
    monkeypatch.setattr(AppearanceStream, "_describe_batches", count)
    ran = run("embed", study_copy)
    assert ran.status == 0, ran.err
    assert_same_features(study_copy.parent / "cache" / finished.name, finished)
    assert sum(calls) + sum(redone) - 400 <= small_parts
    assert [path.name for path in (study_copy.parent / "cache").iterdir() if path.name.startswith(".")] == []


def test_what_to_do_next_is_to_label_where_nothing_is_labelled(run, study_copy):
    assert "next: behavior crossval" in run("embed", study_copy).err
    manifest = study_copy.parent / "recordings.csv"
    table = pd.read_csv(manifest)
    table.drop(columns="labels").to_csv(manifest, index=False)
    ran = run("embed", study_copy)
    assert ran.status == 0, ran.err
    assert "next: label some recordings with behavior review" in ran.err and "next: behavior crossval" not in ran.err


def test_a_killed_process_loses_no_part_and_its_claim_is_taken_over(run, study_copy, demo):
    """The process is killed, as by `kill -9`, when its first part is on disk."""
    finished = only_cache_file(demo.study.parent, "mouse_01")
    (study_copy.parent / "cache" / finished.name).unlink()
    script = f"""
import os, signal
from pathlib import Path
import behavior.files.feature_writer as cache, behavior.embedding.crop_batches as batches, behavior.workflows.embed as workflow
cache.PART_ROWS = batches.PART_ROWS = 64
add = cache.FeatureWriter.add_part
def add_and_die(self, **rows):
    add(self, **rows)
    if self.n_parts == 2:
        os.kill(os.getpid(), signal.SIGKILL) if hasattr(signal, "SIGKILL") else os._exit(9)
cache.FeatureWriter.add_part = add_and_die
workflow.embed_study(Path({str(study_copy)!r}))
"""
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True)
    assert killed.returncode != 0
    left = {path.name for path in (study_copy.parent / "cache").iterdir() if path.name.startswith(".")}
    assert left == {f".{finished.name}.claim", f".{finished.name}.parts"}
    assert len(list((study_copy.parent / "cache" / f".{finished.name}.parts").glob("*.npz"))) == 2
    ran = run("embed", study_copy)
    assert ran.status == 0, ran.err
    assert_same_features(study_copy.parent / "cache" / finished.name, finished)


def test_a_recording_that_another_process_embeds_is_waited_for(run, study_copy, demo, monkeypatch):
    finished = only_cache_file(demo.study.parent, "mouse_01")
    path = study_copy.parent / "cache" / finished.name
    content = path.read_bytes()
    path.unlink()
    claim = claim_file(path)
    assert claim.__enter__()

    def finish_elsewhere(_seconds):
        path.write_bytes(content)
        claim.__exit__(None, None, None)

    monkeypatch.setattr("behavior.embedding.recordings.time.sleep", finish_elsewhere)
    ran = run("embed", study_copy, "--json")
    assert ran.status == 0
    assert "waiting for another process" in ran.err
    assert {row["features"] for row in json.loads(ran.out)["rows"]} == {"was there"}


def test_a_recording_that_was_finished_since_the_first_look_is_not_embedded_again(run, study_copy, demo, monkeypatch):
    finished = only_cache_file(demo.study.parent, "mouse_01")
    path = study_copy.parent / "cache" / finished.name
    content = path.read_bytes()
    path.unlink()

    @contextlib.contextmanager
    def finish_then_claim(wanted):
        path.write_bytes(content)
        with claim_file(wanted) as mine:
            yield mine

    monkeypatch.setattr("behavior.embedding.stream.claim_file", finish_then_claim)
    rows = json.loads(run("embed", study_copy, "--json").out)["rows"]
    assert {row["features"] for row in rows} == {"was there"}
    assert path.read_bytes() == content


def test_a_whole_frame_needs_no_pose(run, tmp_path):
    rng = np.random.default_rng(0)
    write_video(tmp_path / "a.mp4", rng.integers(0, 256, (30, 48, 64, 3), dtype=np.uint8), fps=10)
    (tmp_path / "study.yaml").write_text("behaviors: [rear]\ncrop: {whole_frame: true}\nbackbone: {name: openfield, weights: packaged}\n")
    (tmp_path / "recordings.csv").write_text("recording,video\na,a.mp4\n")
    ran = run("embed", tmp_path / "study.yaml")
    assert ran.status == 0, ran.err
    features = read_features(only_cache_file(tmp_path, "a"))
    assert features.features.shape == (30, 128)
    assert features.measured.all()
    assert np.isnan(features.centers).all()


def test_random_weights_are_warned_of_on_every_use(run, study_copy):
    study_copy.write_text(study_copy.read_text().replace("weights: packaged, engine: auto", "weights: random, engine: keras"))
    ran = run("embed", study_copy)
    assert ran.status == 0, ran.err
    assert "meaningless" in ran.err
    ran = run("embed", study_copy)
    assert "meaningless" in ran.err


def test_without_weights_nothing_is_embedded_and_the_file_is_named(run, study_copy, monkeypatch):
    def fail(*_, **__):
        raise WeightsError("resnet50v2: its ImageNet weights are not there.")

    monkeypatch.setattr("behavior.embedding.crop_streams.prepare_engine", fail)
    study_copy.write_text(study_copy.read_text().replace("name: openfield, weights: packaged", "name: resnet50v2, weights: imagenet"))
    ran = run("embed", study_copy)
    assert ran.status == 1
    assert ran.err.count("its ImageNet weights are not there") == 1


def test_the_real_video_keeps_every_frame_at_the_time_of_its_stamp(run, shared_data, tmp_path):
    import av

    folder = shared_data / "openfield_video"
    video = folder / "m3v1mp4.mp4"
    (tmp_path / "study.yaml").write_text(
        "behaviors: [rear]\ncrop: {body_part: [leftear, rightear, tailbase]}\nbackbone: {name: openfield, weights: packaged}\n"
    )
    pose = folder / "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5"
    (tmp_path / "recordings.csv").write_text(f"recording,video,pose\nm3v1,{video},{pose}\n")
    assert run("embed", tmp_path / "study.yaml").status == 0
    features = read_features(only_cache_file(tmp_path, "m3v1"))
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stamps = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
        times = [float((stamp - stamps[0]) * stream.time_base) for stamp in stamps]
    assert features.n_frames == 2330
    np.testing.assert_array_equal(features.time_s, times)
    assert features.fps == pytest.approx(30, rel=1e-3)
    assert features.measured.mean() > 0.99


def test_embedding_with_the_usual_engine_loads_no_tensorflow(study_copy, demo):
    (study_copy.parent / "cache" / only_cache_file(demo.study.parent, "mouse_01").name).unlink()
    script = f"""
import sys
from pathlib import Path
from behavior.workflows.embed import embed_study
assert list(embed_study(Path({str(study_copy)!r})).embedded) == ["mouse_01"]
print(sorted({{"tensorflow", "keras", "openvino"}} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "['openvino']"


def test_processes_that_start_together_embed_each_recording_once(study_copy, demo):
    for path in (study_copy.parent / "cache").glob("mouse_*.h5"):
        path.unlink()
    command = [sys.executable, "-m", "behavior", "embed", str(study_copy), "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    done = [{row["recording"] for row in json.loads(out)["rows"] if row["features"] == "embedded"} for out, _ in ended]
    assert not done[0] & done[1]
    assert sorted(done[0] | done[1]) == ALL
    for number in range(1, 5):
        assert_same_features(
            only_cache_file(study_copy.parent, f"mouse_{number:02d}"), only_cache_file(demo.study.parent, f"mouse_{number:02d}")
        )


def test_workers_share_the_recordings(run, study_copy, demo):
    for path in (study_copy.parent / "cache").glob("mouse_*.h5"):
        path.unlink()
    ran = run("embed", study_copy, "--workers", 2, "--json")
    assert ran.status == 0, ran.err
    rows = json.loads(ran.out)["rows"]
    assert {row["recording"]: row["features"] for row in rows} == dict.fromkeys(ALL, "embedded")
    for number in range(1, 5):
        assert_same_features(
            only_cache_file(study_copy.parent, f"mouse_{number:02d}"), only_cache_file(demo.study.parent, f"mouse_{number:02d}")
        )


def test_what_a_process_left_that_was_killed_at_its_very_end_is_removed(run, study_copy):
    (path,) = (study_copy.parent / "cache").glob("mouse_01.*.h5")
    parts = path.with_name(f".{path.name}.parts")
    parts.mkdir()
    (parts / "000000.npz").write_bytes(b"rows")
    assert run("embed", study_copy).status == 0
    assert not parts.exists()
    assert path.is_file()


@pytest.mark.parametrize("workers", [0, -1])
def test_there_is_at_least_one_worker(run, study_copy, workers):
    ran = run("embed", study_copy, f"--workers={workers}")
    assert ran.status == 2
    assert "expected 1 or more" in ran.err


def test_a_read_only_cache_is_read_and_a_missing_recording_says_why(run, study_copy, demo):
    if os.name == "nt" or os.geteuid() == 0:
        pytest.skip("nothing is read-only for this user")
    cache = study_copy.parent / "cache"
    cache.chmod(0o555)
    try:
        assert run("embed", study_copy).status == 0
    finally:
        cache.chmod(0o755)


def test_converted_networks_are_kept_beside_the_cache_or_where_the_variable_says(run, study_copy, monkeypatch, tmp_path):
    from behavior.embedding import crop_streams

    asked = []

    def note(request, **_):
        asked.append(request.models)
        raise WeightsError("none")

    monkeypatch.setattr(crop_streams, "prepare_engine", note)
    next((study_copy.parent / "cache").glob("mouse_01.*.h5")).unlink()
    monkeypatch.setenv("BEHAVIOR_MODELS", str(tmp_path / "shared"))
    assert run("embed", study_copy).status == 1
    monkeypatch.delenv("BEHAVIOR_MODELS")
    assert run("embed", study_copy).status == 1
    assert asked == [tmp_path / "shared", study_copy.parent / "cache" / "models"]
