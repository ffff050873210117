"""A recording that is over gets the files of `annotate`, and one that was broken off anywhere too, of what was whole."""

import signal
import subprocess
import sys
import time
from dataclasses import replace

import live_samples
import numpy as np
import pytest
from live_samples import FPS, describe

from behavior.errors import UsageError
from behavior.files.ethograms import read_annotation
from behavior.files.live_record import GrowingRecord, name_video, read_live_description
from behavior.files.live_video import GrowingVideo
from behavior.files.video import summarize_video
from behavior.live.finishing import finish_recording, recover_recordings
from behavior.provenance import ModelSource

N_KILLS = 20


def record(folder, description, n_frames):
    """Write what a live recording of so many frames leaves."""
    tables = GrowingRecord(folder, description)
    video = GrowingVideo(name_video(folder, description.recording), width=32, height=32, fps=FPS)
    values = np.random.default_rng(0).random((n_frames, 2)).astype(np.float32)
    for frame in range(n_frames):
        video.add(np.full((32, 32, 3), frame % 256, dtype=np.uint8), frame / FPS)
        tables.note_frame(frame, frame / FPS, "2026-01-01T00:00:00+00:00", "skipped" if frame % 10 == 3 else "yes")
        tables.add_answers([frame / FPS], values[frame : frame + 1], values[frame : frame + 1] >= 0.5)
    tables.close()
    video.close()
    return values


def test_a_recording_that_is_over_becomes_an_ethogram(tmp_path):
    description = describe("mouse")
    values = record(tmp_path, description, 90)
    finish_recording(tmp_path, description)
    annotation = read_annotation(tmp_path / "mouse_ethogram.csv")
    np.testing.assert_array_equal(annotation.probabilities.values, values)
    np.testing.assert_array_equal(annotation.raw.values, values >= 0.5)
    # Gaps of a frame are closed, which only what follows tells.
    assert annotation.ethogram.values.sum() > annotation.raw.values.sum()
    assert annotation.provenance.not_measured.frames == annotation.provenance.live.skipped == 9
    assert not annotation.provenance.broke_off
    assert read_live_description(tmp_path / "mouse_live.json").is_closed
    assert (tmp_path / "mouse_bouts.csv").is_file()


def test_a_camera_of_another_rate_than_the_model_is_told(tmp_path, caplog):
    description = describe("mouse")
    provenance = description.provenance.model_copy(update={"model": ModelSource(fps=30.0)})
    description = replace(description, provenance=provenance)
    record(tmp_path, description, 30)
    finish_recording(tmp_path, description)
    assert "mouse: has 20 frames per second, but the model was trained on 30" in caplog.text


def test_what_is_closed_is_left_alone(tmp_path, caplog):
    caplog.set_level("INFO")
    description = describe("mouse")
    record(tmp_path, description, 20)
    finish_recording(tmp_path, description)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert recover_recordings(tmp_path) == {}
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert f"{tmp_path}: no recording there was broken off" in caplog.text
    with pytest.raises(UsageError, match="none: no such folder"):
        recover_recordings(tmp_path / "none")


@pytest.mark.parametrize("share", [0.3, 0.61, 0.995])
@pytest.mark.parametrize("cut_table", [0, 7, 1500])
def test_a_recording_that_was_cut_off_anywhere_is_finished(tmp_path, share, cut_table):
    values = record(tmp_path, describe("mouse"), 90)
    video, table = tmp_path / "mouse.mkv", tmp_path / "mouse_ethogram.csv"
    video.write_bytes(video.read_bytes()[: int(share * video.stat().st_size)])
    table.write_bytes(table.read_bytes()[: table.stat().st_size - cut_table])
    n_rows = table.read_bytes().count(b"\n") - 1
    found = recover_recordings(tmp_path)
    annotation = read_annotation(table)
    n_pictures = summarize_video(video).n_frames
    assert len(annotation.time_s) == len(found["mouse"].time_s) == min(n_rows, n_pictures) > 0
    np.testing.assert_array_equal(annotation.probabilities.values, values[: len(annotation.time_s)])
    assert annotation.provenance.broke_off
    assert recover_recordings(tmp_path) == {}


@pytest.mark.parametrize("parts", [(), ("nose",)], ids=["whole frames", "crops"])
def test_the_command_for_pictures_without_probabilities_is_whole(tmp_path, caplog, parts):
    provenance = describe("mouse").provenance
    model = ModelSource(folder="/lab/my model", hash="", fps=FPS)
    description = replace(describe("mouse"), provenance=provenance.model_copy(update={"model": model, "body_parts": parts or None}))
    record(tmp_path, description, 90)
    table = tmp_path / "mouse_ethogram.csv"
    table.write_bytes(b"".join(table.read_bytes().splitlines(keepends=True)[:-5]))
    recover_recordings(tmp_path)
    video = tmp_path / "mouse.mkv"
    track = f"behavior track {video}, then " if parts else ""
    command = f"{track}behavior annotate '/lab/my model' {video} --out {tmp_path / 'annotated'}"
    assert f"mouse: the last 5 pictures of its video have no probabilities; to predict all of it: {command}" in caplog.messages


def test_what_cannot_be_finished_is_told_and_the_rest_is(tmp_path):
    record(tmp_path, describe("a"), 10)
    record(tmp_path, describe("b"), 10)
    (tmp_path / "a_times.csv").unlink()
    found = recover_recordings(tmp_path)
    assert "a_times.csv: is missing" in found["a"]
    assert len(found["b"].time_s) == 10
    record(tmp_path, describe("c"), 10)
    (tmp_path / "a_live.json").write_text("{}")
    found = recover_recordings(tmp_path)
    assert "a_live.json: is not what `behavior live` wrote" in found["a"]
    assert list(found) == ["a", "c"] and len(found["c"].time_s) == 10


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_recordings_that_are_killed_at_any_moment_are_finished(tmp_path):
    rng = np.random.default_rng(0)
    n_whole = 0
    for number in range(N_KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        program = subprocess.Popen([sys.executable, live_samples.__file__, str(folder)])
        while not list(folder.glob("*_times.csv")) and program.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 4.0))
        program.kill()
        assert program.wait() == -signal.SIGKILL
        n_rows = {path: path.read_bytes().count(b"\n") - 1 for path in folder.glob("*_ethogram.csv")}
        found = recover_recordings(folder)
        # All but the last recording were whole, and may be finished already.
        for path in sorted(n_rows):
            name = path.name.removesuffix("_ethogram.csv")
            if n_rows[path] < 1 or isinstance(found.get(name), str):
                assert path == max(n_rows, key=lambda one: int(one.name.split("_")[1]))
                continue
            annotation = read_annotation(path)
            n_pictures = summarize_video(folder / f"{name}.mkv").n_frames
            assert len(annotation.time_s) <= n_pictures
            # Written at once or a second of video later.
            assert len(annotation.time_s) >= min(n_rows[path], n_pictures) and n_pictures >= n_rows[path] - 40
            levels = annotation.probabilities.values[:, 0] * 255
            n_whole += 1
            np.testing.assert_allclose(levels[1:] - levels[:-1], np.where(levels[1:] < levels[:-1] - 50, -199, 1), atol=1.0)
    assert n_whole >= N_KILLS // 2
