"""The parts of fine-tuning that need no network: who is trained on, what counts how much, and what is reported."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.config import Crop, Finetune, Study
from behavior.errors import UsageError
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import SeenRecording
from behavior.learning.backbone_finetuning import (
    FinetuningReport,
    FinetuningWindows,
    list_seen,
    plan_finetuning,
    read_windows,
    refuse_seen_validation,
    train_stages,
    weigh_labels,
)
from behavior.learning.learning_data import LearningData
from behavior.recording import Labels, Recording
from behavior.vision.finetuning import CropWindows, StageReport

SOURCE = Path("study.yaml")
BEHAVIORS = ("rear", "jump")
N_FRAMES = 30


def make_study() -> Study:
    return Study(recordings=Path("recordings.csv"), behaviors=list(BEHAVIORS), crop=Crop(whole_frame=True))


def make_data(folder: Path, shown: list[tuple[int, ...]]) -> LearningData:
    """Return a recording for each of `shown`, whose first frames show behaviors as often as that says; videos are any bytes."""
    recordings, labels = [], []
    for number, counts in enumerate(shown):
        video = folder / f"r{number}.mp4"
        video.write_bytes(f"video {number}".encode() * (number + 1))
        recordings.append(Recording(f"r{number}", video=video, labels={"": folder / "labels.csv"}, animal=f"r{number}"))
        values = np.zeros((N_FRAMES, len(BEHAVIORS)), dtype=np.int8)
        for column, count in enumerate(counts):
            values[:count, column] = 1
        labels.append(Labels(values, BEHAVIORS))
    return LearningData(tuple(recordings), (), tuple(labels), BEHAVIORS)


class Crops:
    """Stands in for a store: the crop of frame f of recording r is row 100 r + f, and frame 3 cannot be decoded."""

    def add(self, recording: Recording, crop: Crop, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return 100 * int(recording.id[1:]) + frames, frames[:, frames.shape[1] // 2] != 3

    def read(self) -> np.ndarray:
        return np.zeros((400, 4, 4, 3), dtype=np.uint8)


def test_one_recording_is_spared_for_early_stopping(tmp_path: Path) -> None:
    plan = plan_finetuning(make_study(), make_data(tmp_path, [(5, 5)] * 3), source=SOURCE)
    assert (plan.validation, plan.training) == ((0,), (1, 2))
    alone = plan_finetuning(make_study(), make_data(tmp_path, [(5, 5)]), source=SOURCE)
    assert (alone.validation, alone.training) == ((), (0,))


def test_nothing_to_learn_is_refused_with_the_study_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"study\.yaml: none of its behaviors can be learned"):
        plan_finetuning(make_study(), make_data(tmp_path, [(0, 0)] * 2), source=SOURCE)


def test_what_is_seen_is_known_by_the_hash_of_its_video(tmp_path: Path) -> None:
    data = make_data(tmp_path, [(5, 5)] * 2)
    seen = list_seen(data, plan_finetuning(make_study(), data, source=SOURCE))
    assert [(one.recording, one.role, one.n_bytes) for one in seen] == [("r1", "fitted", 14), ("r0", "watched", 7)]
    assert seen[0].video_hash == hashlib.blake2b(b"video 1video 1", digest_size=16).hexdigest()


@pytest.mark.parametrize(("role", "is_refused"), [("fitted", True), ("watched", False)])
def test_weights_fitted_on_the_validation_recording_are_refused(tmp_path: Path, role: str, is_refused: bool) -> None:
    data = make_data(tmp_path, [(5, 5)] * 2)
    plan = plan_finetuning(make_study(), data, source=SOURCE)
    video = data.recordings[0].video
    assert video is not None
    seen = [SeenRecording("by another name", role, hash_file(video), video.stat().st_size)]
    if is_refused:
        with pytest.raises(UsageError, match="'r0' would be the validation recording"):
            refuse_seen_validation(data, plan, seen)
    else:
        refuse_seen_validation(data, plan, seen)


def test_windows_are_read_around_drawn_frames_and_without_what_cannot_be_decoded(tmp_path: Path) -> None:
    data = make_data(tmp_path, [(5, 5)] * 3)
    plan = plan_finetuning(make_study(), data, source=SOURCE)
    settings = Finetune(frames_per_recording=N_FRAMES, watched_frames=10, window=3, stride=2)
    windows = read_windows(Crops(), Crop(whole_frame=True), settings, data, plan)
    frames = windows.training.frames
    # All frames of r1 and r2 but frame 3.
    assert frames[:, 1].tolist() == [100 * number + frame for number in (1, 2) for frame in range(N_FRAMES) if frame != 3]
    assert frames[1].tolist() == [100, 101, 103]
    np.testing.assert_array_equal(windows.training.labels[:, 0], (frames[:, 1] % 100 < 5).astype(int))
    assert windows.validation is not None
    # Ten of the thirty frames, as far apart as they can be; 3 is among them.
    assert windows.validation.frames[:, 1].tolist() == [0, 6, 10, 13, 16, 19, 23, 26, 29]
    assert [windows.validation.labels[place, 0] for place in (0, 1)] == [1, 0]


def test_validation_frames_without_any_behavior_are_refused(tmp_path: Path) -> None:
    data = make_data(tmp_path, [(0, 0), (5, 5), (5, 5)])
    plan = plan_finetuning(make_study(), make_data(tmp_path, [(5, 5)] * 3), source=SOURCE)
    with pytest.raises(UsageError, match=r"none of the validation frames of r0 shows a behavior; raise finetune\.watched_frames"):
        read_windows(Crops(), Crop(whole_frame=True), Finetune(watched_frames=10), data, plan)


def test_balanced_weights_make_both_classes_count_alike() -> None:
    labels = np.array([[1, 0, 1], [0, 0, 1], [0, 0, -1], [0, -1, 1]], dtype=np.int8)
    weights, reasons = weigh_labels(labels, ["rear", "jump", "groom"], is_balanced=True)
    assert weights.dtype == np.float32
    assert weights[0, 0] == pytest.approx(weights[1:, 0].sum())
    assert (weights[:, 1:] == 0).all()
    assert reasons == {
        "jump": "no positive frame of jump in the training recordings",
        "groom": "no negative frame of groom in the training recordings",
    }
    plain, _ = weigh_labels(labels, ["rear", "jump", "groom"], is_balanced=False)
    assert plain[:, 0].tolist() == [1, 1, 1, 1]


class Recorder:
    """Takes the place of the trainer, and keeps what it was given."""

    made: Recorder

    def __init__(self, network: Any, **settings: Any) -> None:
        Recorder.made = self
        self.settings = settings
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def fit_head(self, *_: Any, **settings: Any) -> StageReport:
        self.calls.append(("head", settings))
        return StageReport(np.array([[0.2], [0.4]]), np.array([[0.5], [0.6]]), (0.7,), (0.01,), 1)

    def fit_backbone(self, *_: Any, **settings: Any) -> StageReport:
        self.calls.append(("backbone", settings))
        return StageReport(np.array([[0.4], [0.3], [0.9]]), np.array([[0.6], [0.5], [0.8]]), (0.5, 0.25), (0.001, 0.001), 2)

    def predict(self, windows: CropWindows) -> np.ndarray:
        return np.full((len(windows), 1), 0.5, dtype=np.float32)


@pytest.mark.parametrize(("rotation", "is_egocentric", "expected"), [(None, False, 180.0), (None, True, 10.0), (45.0, True, 45.0)])
def test_the_head_is_trained_before_the_backbone(
    monkeypatch: pytest.MonkeyPatch, rotation: float | None, is_egocentric: bool, expected: float
) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr("behavior.learning.backbone_finetuning.Finetuner", Recorder)
    monkeypatch.setattr("behavior.learning.backbone_finetuning.WindowAugmenter", lambda **settings: drawn.update(settings))
    chosen = Finetune(epochs=2, head_epochs=1, learning_rate=0.001, head_learning_rate=0.01, augmentation={"rotation": rotation})
    settings = chosen.complete(from_scratch=False)
    windows = CropWindows(np.zeros((3, 4, 4, 3), dtype=np.uint8), np.array([[0], [1]]), np.array([[1], [0]], dtype=np.int8))
    specification: Any = type("Specification", (), {"preprocessing": "scale", "n_channels": 3})
    layers: Any = ["late"]
    weights = np.ones((2, 1), dtype=np.float32)
    report = train_stages(None, layers, specification, settings, FinetuningWindows(windows, windows), weights, is_egocentric=is_egocentric)
    assert drawn["rotation"] == expected
    assert Recorder.made.settings["n_outputs"] == 1
    (first, head), (second, backbone) = Recorder.made.calls
    assert (first, head["learning_rate"], head["epochs"]) == ("head", 0.01, 1)
    assert (second, backbone["learning_rate"], backbone["epochs"], backbone["layers"]) == ("backbone", 0.001, 2, ["late"])
    assert report.get_scores(["rear"]) == {"head on the frozen backbone": {"rear": 0.4}, "last stage unfrozen": {"rear": 0.9}}
    assert report.describe(settings) == [
        "head on the frozen backbone: 1 of 1 epochs, loss 0.700 to 0.700, the weights of epoch 1 were kept",
        "last stage unfrozen: 2 of 2 epochs, loss 0.500 to 0.250, the weights of epoch 2 were kept",
    ]


def test_from_scratch_there_is_one_stage_and_a_table_of_its_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.learning.backbone_finetuning.Finetuner", Recorder)
    settings = Finetune(epochs=2).complete(from_scratch=True)
    windows = CropWindows(np.zeros((3, 4, 4, 3), dtype=np.uint8), np.array([[0], [1]]), np.array([[1], [0]], dtype=np.int8))
    specification: Any = type("Specification", (), {"preprocessing": "raw", "n_channels": 3})
    weights = np.ones((2, 1), dtype=np.float32)
    report = train_stages(
        None, [], specification, settings, FinetuningWindows(windows, None), weights, is_egocentric=False, from_scratch=True
    )
    ((kind, given),) = Recorder.made.calls
    assert (kind, given["learning_rate"], given["patience"], given["plateau"]) == ("backbone", 0.001, 12, 4)
    assert given["freeze_batch_normalization"] is False
    assert report.predicted is None
    table = report.tabulate(["rear"])
    assert table[table["metric"] == "loss"].to_numpy().tolist() == [
        ["from scratch", 1, "loss", "", 0.5],
        ["from scratch", 2, "loss", "", 0.25],
    ]
    assert table[table["metric"] == "accuracy"][["epoch", "behavior", "value"]].to_numpy().tolist() == [
        [0, "rear", 0.6],
        [1, "rear", 0.5],
        [2, "rear", 0.8],
    ]


def test_a_backbone_that_did_not_improve_is_said_to_be_as_before() -> None:
    stage = StageReport(np.empty((0, 1)), np.empty((0, 1)), (0.5,), (0.1,), 0)
    report = FinetuningReport({"head on the frozen backbone": stage, "last stage unfrozen": stage})
    assert report.get_scores(["rear"]) == {"head on the frozen backbone": {}, "last stage unfrozen": {}}
    assert "improved nothing on the validation recording" in report.describe(Finetune().complete(from_scratch=False))[-1]
