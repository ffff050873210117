"""BehaviorDEPOT annotations: a vector and bouts, which say the same."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from binary_samples import make_behaviordepot, write_bytes
from label_samples import BOUTS, NAMES, TIME_S, VALUES, read

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import count_label_frames, find_label_frames, list_behaviors, list_observations, read_labels, recognise_labels
from behavior.recording import Frames


def test_annotations_are_read_and_know_their_video(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "hB.mat", make_behaviordepot(BOUTS, 40, fps=10, video="C:\\v\\mouse_1.avi"))
    assert recognise_labels(path) == "BehaviorDEPOT annotations"
    assert list_behaviors(path) == NAMES
    assert list_observations(path) == ("mouse_1.avi",)
    assert count_label_frames(path, NAMES) == 40
    np.testing.assert_array_equal(read(path)[0], VALUES)
    frames = find_label_frames(path, LabelRequest(NAMES, Frames(0)))
    assert frames is not None
    np.testing.assert_allclose(frames.time_s, TIME_S)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (make_behaviordepot(BOUTS, 40, fps=25), "counts frames at 25 per second, but the video has 10"),
        (make_behaviordepot(BOUTS, 60), "labels 60 frames, but the video has 40"),
        (
            make_behaviordepot(BOUTS, 40, Bouts=np.array([[4, 9]])),
            "the vector and the bouts of 'Grooming' differ in frame 9, counted from 1",
        ),
        (make_behaviordepot(BOUTS, 40, Vector=np.full((1, 40), 2)), "the vector of 'Grooming' holds other values than 1 and 0"),
        (make_behaviordepot(BOUTS, 40, Vector=np.zeros((1, 30))), "has 30 frames, but 'TotalFrames' is 40"),
        (make_behaviordepot(BOUTS, 40, fps=-1), "'FrameRate' is not a number above 0"),
    ],
)
def test_files_that_contradict_themselves_or_the_video_are_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence):
        read(write_bytes(tmp_path / "hB.mat", content))


def test_the_real_files_read_as_scipy_and_h5py_have_them(shared_data: Path) -> None:
    paths = sorted((shared_data / "formats/others/behaviordepot_mat").glob("*.mat"))
    counts = {}
    for path in paths:
        if h5py.is_hdf5(path):
            with h5py.File(path) as file:
                vector, fps = np.ravel(file["hBehavior/Freezing/Vector"][()]), 50
        else:
            struct = scipy.io.loadmat(path, simplify_cells=True)["hBehavior"]
            vector, fps = struct["Freezing"]["Vector"], struct.get("FrameRate", 50)
        labels, _ = read_labels(path, LabelRequest(("Freezing",), Frames.from_times(np.arange(len(vector)) / fps)))
        np.testing.assert_array_equal(labels.values[:, 0], vector)
        counts[path.name] = int(vector.sum())
    assert len(counts) == 6
    assert all(counts.values())
