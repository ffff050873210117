"""The crops that a backbone is fine-tuned on: which frames, and where they are kept."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.config import Crop, Study
from behavior.embedding.crop_reader import CropReader
from behavior.errors import BehaviorError, OutputError, UsageError
from behavior.files.video_writer import write_video
from behavior.learning.finetuning_crops import (
    draw_balanced_frames,
    draw_even_frames,
    open_crop_store,
    read_study_labels,
    spread_windows,
)
from behavior.recording import Recording


def make_recording(folder: Path, number: int, *, is_labelled: bool = True) -> Recording:
    """A recording of twelve frames, as bright as its number says, that shows rearing in the first three."""
    video, labels = folder / f"r{number}.mp4", folder / f"r{number}.csv"
    write_video(video, np.full((12, 32, 32, 3), 40 + 60 * number, dtype=np.uint8), fps=10, preset="ultrafast")
    labels.write_text("behavior,start_frame,stop_frame\nrear,0,3\n")
    return Recording(f"r{number}", video=video, labels={"": labels} if is_labelled else {})


def make_study(folder: Path) -> Study:
    return Study(recordings=folder / "recordings.csv", behaviors=["rear"], crop=Crop(whole_frame=True))


def test_labels_are_read_of_recordings_that_have_some(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recordings = [make_recording(tmp_path, 0), make_recording(tmp_path, 1, is_labelled=False), make_recording(tmp_path, 2)]
    data = read_study_labels(make_study(tmp_path), recordings)
    assert [recording.id for recording in data.recordings] == ["r0", "r2"]
    assert [np.flatnonzero(labels.values[:, 0] == 1).tolist() for labels in data.labels] == [[0, 1, 2]] * 2
    assert (data.behaviors, data.features) == (("rear",), ())
    assert "'r1' has no labels and is left out" in caplog.text


def test_all_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    recordings = [make_recording(tmp_path, number) for number in range(3)]
    (tmp_path / "r0.csv").write_text("no labels")
    (tmp_path / "r2.mp4").unlink()
    with pytest.raises(BehaviorError) as caught:
        read_study_labels(make_study(tmp_path), recordings)
    first, second = str(caught.value).splitlines()
    assert "r0.csv" in first
    assert "r2" in second
    with pytest.raises(UsageError, match="none of its recordings has labels to fine-tune on"):
        read_study_labels(make_study(tmp_path), [make_recording(tmp_path, 3, is_labelled=False)])


def test_crops_are_kept_in_a_file_and_lost_frames_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = CropReader.rows

    def lose(self: CropReader, **settings: Any) -> Any:
        for row in rows(self, **settings):
            yield dataclasses.replace(row, image=None) if row.index in (3, 6) else row

    monkeypatch.setattr(CropReader, "rows", lose)
    recordings = [make_recording(tmp_path, number) for number in range(2)]
    folder = tmp_path / "store"
    folder.mkdir()
    with open_crop_store(folder, input_size=16) as store:
        first, decoded = store.add(recordings[0], Crop(whole_frame=True), np.array([[1, 2, 3], [5, 6, 7], [8, 9, 10]]))
        second, _ = store.add(recordings[1], Crop(whole_frame=True), np.array([[0, 0, 1]]))
        images = store.read()
        assert isinstance(images, np.memmap)
        assert images.shape == (9, 16, 16, 3)
        assert decoded.tolist() == [True, False, True]
        # Frame 3 cannot be decoded, and the labelled frame stands for it; of the second window the labelled frame itself is lost.
        assert first[[0, 2]].tolist() == [[0, 1, 1], [4, 5, 6]]
        assert second.tolist() == [[7, 7, 8]]
        np.testing.assert_allclose(images[[0, 7]].mean(axis=(1, 2, 3)), [40, 100], atol=3)
        assert [path.suffix for path in next(folder.iterdir()).iterdir()] == [".bin"]
        del images
    assert list(folder.iterdir()) == []


def test_behaviors_take_turns_when_frames_are_drawn():
    labels = np.zeros((200, 3), dtype=np.int8)
    labels[10:90, 0] = 1
    labels[100:104, 1] = 1
    labels[102:110, 2] = 1
    labels[190:] = -1
    frames = draw_balanced_frames(labels, 60, np.random.default_rng(0))
    shown = labels[frames]
    assert len(frames) == len(set(frames.tolist())) == 60
    assert (np.diff(frames) > 0).all()
    assert (shown[:, 1] == 1).sum() == 4
    assert (shown[:, 2] == 1).sum() == 8
    assert abs(int((shown[:, 0] == 1).sum()) - int((shown == 0).all(axis=1).sum())) <= 1
    assert frames.max() < 190
    everything = draw_balanced_frames(labels, 500, np.random.default_rng(0))
    np.testing.assert_array_equal(everything, np.arange(190))
    assert (draw_balanced_frames(labels, 60, np.random.default_rng(1)) != frames).any()


def test_validation_frames_are_evenly_spaced_labelled_ones():
    labels = np.zeros((100, 1), dtype=np.int8)
    labels[:10] = -1
    assert draw_even_frames(labels, 10).tolist() == [10, 20, 30, 40, 50, 59, 69, 79, 89, 99]
    assert draw_even_frames(labels, 90).tolist() == list(range(10, 100))


def test_windows_end_with_the_recording():
    frames = spread_windows(np.array([0, 5, 9]), window=3, stride=2, n_frames=10)
    assert frames.tolist() == [[0, 0, 2], [3, 5, 7], [7, 9, 9]]
    assert spread_windows(np.array([4]), window=1, stride=9, n_frames=10).tolist() == [[4]]


def test_a_full_disk_is_one_sentence(tmp_path):
    class Full:
        def write(self, content):
            raise OSError(28, "No space left on device")

    with open_crop_store(tmp_path, input_size=2) as store:
        store._file.close()
        store._file = Full()
        with pytest.raises(OutputError, match="No space left on device"):
            store._write(np.zeros((2, 2, 3), dtype=np.uint8))
