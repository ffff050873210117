"""Every captured frame gets its probabilities, its line and its place, skipped ones those of the frame before."""

import numpy as np
import pandas as pd
import pytest
from full_drives import fill_after
from live_samples import FPS, Brightness, DrawnSource, describe, make_model

from behavior.errors import OutputError, VideoError
from behavior.files.ethograms import read_annotation
from behavior.files.live_record import GrowingRecord
from behavior.files.live_video import count_pictures
from behavior.learning.live_features import ViewFeatures
from behavior.live.capturing import Capture, CaptureSettings
from behavior.live.finishing import recover_recordings
from behavior.live.free_space import FreeSpace
from behavior.live.session import LiveSession, Observer


class Watcher(Observer):
    def __init__(self):
        self.seen, self.heard, self.kept, self.told = [], [], [], []

    def see(self, frame, place):
        self.seen.append(frame.frame)

    def hear(self, answer):
        self.heard.append((answer.captured.frame, float(answer.probabilities[0])))
        self.kept.append(answer.captured.image)

    def mark(self, frame, note):
        self.told.append(("mark", frame.frame, note))

    def begin(self, part, recording):
        self.told.append(("begin", part, recording))

    def finish(self, recording, outcome):
        self.told.append(("finish", recording, outcome))


@pytest.fixture
def begin(tmp_path):
    def start(source, *, n_ahead=0, seconds=0.0, name_part="mouse_{}", observers=(), **settings):
        features = Brightness(seconds)
        session = LiveSession(
            make_model(n_ahead),
            features,
            folder=tmp_path,
            describe=lambda part: describe(name_part.format(part)),
        )
        for observer in observers:
            session.watch(observer)
        settings = CaptureSettings(fps=FPS, **{"at_own_pace": False} | settings)
        capture = Capture(
            source, settings, name_video=lambda part: tmp_path / f"{name_part.format(part)}.mkv", space=FreeSpace(tmp_path, 0)
        )
        capture.start()
        return session, capture, features

    return start


@pytest.mark.parametrize("n_ahead", [0, 7])
def test_all_frames_are_answered_in_order(begin, draw_pictures, tmp_path, n_ahead):
    watcher = Watcher()
    session, capture, _ = begin(DrawnSource(draw_pictures(50)), n_ahead=n_ahead, observers=[watcher])
    tally = session.run(capture)
    assert (tally.looked_at, tally.answered, tally.skipped, len(tally.latencies_s)) == (50, 50, 0, 50)
    # The first picture is black.
    assert (tally.not_found, tally.recordings) == (1, {"mouse_0": 50})
    annotation = read_annotation(tmp_path / "mouse_0_ethogram.csv")
    np.testing.assert_allclose(annotation.probabilities.values[:, 0], np.arange(50) / 255, atol=1e-6)
    assert watcher.seen == list(range(50)) == [frame for frame, _ in watcher.heard]
    # What waits for its answer keeps no picture, of which a long wait would fill memory.
    assert watcher.kept == [None] * 50
    times = pd.read_csv(tmp_path / "mouse_0_times.csv")
    assert times.looked_at.tolist() == ["not found", *["yes"] * 49]


def test_a_slow_model_skips_frames_for_itself_alone(begin, draw_pictures, tmp_path):
    session, capture, _ = begin(DrawnSource(draw_pictures(60), is_live=True), seconds=0.02)
    tally = session.run(capture)
    assert tally.skipped > 0 and tally.looked_at + tally.skipped == tally.answered == capture.tally.captured == 60
    annotation = read_annotation(tmp_path / "mouse_0_ethogram.csv")
    times = pd.read_csv(tmp_path / "mouse_0_times.csv")
    assert annotation.provenance.live.skipped == tally.skipped == (times.looked_at == "skipped").sum()
    for frame, looked in enumerate(times.looked_at):
        level = annotation.probabilities.values[frame, 0]
        expected = frame / 255 if looked != "skipped" else annotation.probabilities.values[frame - 1, 0]
        assert level == pytest.approx(expected, abs=1e-6)


def test_a_gap_begins_anew_and_parts_are_recordings_of_their_own(begin, draw_pictures, tmp_path):
    pictures = [*draw_pictures(10), *draw_pictures(10, first=10, at_s=5.0), *draw_pictures(10, first=20, at_s=5.5)]
    session, capture, features = begin(DrawnSource(pictures), n_ahead=4, roll_s=5.5)
    tally = session.run(capture)
    assert tally.recordings == {"mouse_0": 20, "mouse_1": 10}
    assert features.forgotten == 3
    first, second = (read_annotation(tmp_path / f"mouse_{part}_ethogram.csv") for part in range(2))
    np.testing.assert_allclose(first.probabilities.values[:, 0], np.arange(20) / 255, atol=1e-6)
    np.testing.assert_allclose(second.probabilities.values[:, 0], np.arange(20, 30) / 255, atol=1e-6)
    assert second.time_s[0] == 0


def test_a_note_stands_at_the_next_frame(begin, draw_pictures, tmp_path):
    watcher = Watcher()
    session, capture, _ = begin(DrawnSource(draw_pictures(5)), observers=[watcher])
    session.note("injected")
    session.run(capture)
    assert watcher.told == [("begin", 0, "mouse_0"), ("mark", 0, "injected"), ("finish", "mouse_0", 5)]
    assert (tmp_path / "mouse_0_notes.csv").read_text().splitlines() == ["frame,time_s,note", "0,0.000000,injected"]


def test_a_model_that_fails_ends_the_recording_which_is_kept(begin, draw_pictures, tmp_path, monkeypatch):
    session, capture, features = begin(DrawnSource(draw_pictures(500)))
    seen = []

    def fail(view):
        seen.append(view)
        if len(seen) > 10:
            raise VideoError("a.mp4: has pictures of another size.")
        return ViewFeatures([np.zeros(2, dtype=np.float32)], ())

    monkeypatch.setattr(features, "describe", fail)
    with pytest.raises(VideoError, match="another size"):
        session.run(capture)
    assert len(read_annotation(tmp_path / "mouse_0_ethogram.csv").time_s) == 10


@pytest.mark.parametrize("full", ["video", "table"])
def test_on_a_full_drive_a_recording_is_left_to_be_recovered(begin, draw_pictures, tmp_path, monkeypatch, caplog, full):
    watcher = Watcher()
    if full == "video":
        fill_after(monkeypatch, 60)
    else:
        keep = GrowingRecord.note_frame

        def refuse(self, frame, *arguments):
            if frame >= 60:
                raise OutputError("mouse_0_times.csv: cannot be written (No space left on device).")
            keep(self, frame, *arguments)

        monkeypatch.setattr(GrowingRecord, "note_frame", refuse)
    session, capture, _ = begin(DrawnSource(draw_pictures(500)), observers=[watcher])
    with pytest.raises(OutputError, match="No space left on device") as caught:
        session.run(capture)
    assert session.tally.unfinished == ["mouse_0"] and session.tally.recordings == {}
    assert watcher.told[-1] == ("finish", "mouse_0", str(caught.value))
    assert not (tmp_path / "mouse_0_ethogram.json").exists() and caplog.text == ""
    monkeypatch.undo()
    assert capture.tally.captured == count_pictures(tmp_path / "mouse_0.mkv")
    (annotation,) = recover_recordings(tmp_path).values()
    assert 0 < len(annotation.time_s) <= capture.tally.captured


def test_what_goes_wrong_on_the_way_leaves_what_was_recorded(begin, draw_pictures, tmp_path):
    session, capture, _ = begin(DrawnSource([*draw_pictures(30), VideoError("a.mp4: is damaged.")]))
    with pytest.raises(VideoError, match="is damaged"):
        session.run(capture)
    assert len(read_annotation(tmp_path / "mouse_0_ethogram.csv").time_s) == 30
    session, capture, _ = begin(DrawnSource(draw_pictures(30)))
    with pytest.raises(OutputError, match="exists already"):
        session.run(capture)
