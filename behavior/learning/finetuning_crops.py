"""The crops that a backbone is fine-tuned on: which frames of which recordings, in a file while they are needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from behavior.config import Crop, Study
from behavior.embedding.crop_reader import open_crops, require_files
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import BehaviorError, LabelError, OutputError, UsageError, advise_on_missing
from behavior.files.manifest import select_labels
from behavior.files.temporary import name_temporary
from behavior.files.video import summarize_video
from behavior.learning.label_reading import read_labels_of
from behavior.learning.learning_data import LearningData
from behavior.progress import report_progress, warn
from behavior.recording import Labels, Recording

__all__ = ["CropStore", "draw_balanced_frames", "draw_even_frames", "open_crop_store", "read_study_labels", "spread_windows"]

_ADVICE = "correct the path in the manifest or put the file there"

Indices = npt.NDArray[np.int64]


def read_study_labels(study: Study, recordings: Sequence[Recording]) -> LearningData:
    """Return the labels of those of `recordings` that have some, without any features.

    Raises
    ------
    UsageError
        If none has labels.
    BehaviorError
        If videos or labels cannot be used: one sentence for each recording, so that all can be fixed at once.
    """
    kept: list[Recording] = []
    labels: list[Labels] = []
    problems: list[str] = []
    assert study.crop is not None
    with report_progress("counting frames", total=len(recordings), unit="recordings") as advance:
        for recording in recordings:
            path = select_labels(recording)
            if path is None:
                warn(f"recording {recording.id!r} has no labels and is left out.")
                advance(1)
                continue
            try:
                if not path.is_file():
                    raise LabelError(f"{path}: no such label file; {advise_on_missing(path, _ADVICE)}.")
                require_files(recording, needs_pose=not study.crop.whole_frame)
                assert recording.video is not None
                video = summarize_video(recording.video)
                study_labels, notes = read_labels_of(recording, path, study.behaviors, video.frames, settings=study.labels)
            except BehaviorError as error:
                problems.append(str(error))
                continue
            finally:
                advance(1)
            for note in notes:
                warn(note)
            kept.append(recording)
            labels.append(study_labels)
    if problems:
        raise BehaviorError("\n".join(problems))
    if not kept:
        raise UsageError(f"{study.recordings}: none of its recordings has labels to fine-tune on; name label files there.")
    return LearningData(tuple(kept), (), tuple(labels), tuple(study.behaviors))


def draw_balanced_frames(labels: npt.NDArray[np.int8], count: int, rng: np.random.Generator) -> Indices:
    """Return at most `count` labelled frames, in order, as many of each behavior and of no behavior as there are, in turns.

    Parameters
    ----------
    labels
        1, 0 or -1, shape (T, B). A frame without any label is not drawn.
    """
    is_labelled = (labels >= 0).any(axis=1)
    shown = labels == 1
    groups = [np.flatnonzero(shown[:, behavior]) for behavior in range(labels.shape[1])]
    groups.append(np.flatnonzero(is_labelled & ~shown.any(axis=1)))
    waiting = [rng.permutation(group).tolist() for group in groups]
    taken: set[int] = set()
    while any(waiting):
        for group in waiting:
            # A frame of two behaviors is in both groups.
            while group and group[-1] in taken:
                group.pop()
            if group and len(taken) < count:
                taken.add(group.pop())
        if len(taken) >= count:
            break
    return np.array(sorted(taken), dtype=np.int64)


def draw_even_frames(labels: npt.NDArray[np.int8], count: int) -> Indices:
    """Return at most `count` labelled frames, in order and evenly spaced, so that each behavior is as rare among them as it is."""
    labelled = np.flatnonzero((labels >= 0).any(axis=1))
    if len(labelled) <= count:
        return labelled.astype(np.int64)
    return labelled[np.unique(np.linspace(0, len(labelled) - 1, count).round().astype(np.int64))].astype(np.int64)


def spread_windows(frames: Indices, *, window: int, stride: int, n_frames: int) -> Indices:
    """Return for each of `frames` (N,) the frames of the window around it, int64 of shape (N, W); at the ends the last one repeats."""
    steps = (np.arange(window) - window // 2) * stride
    return np.clip(frames[:, None] + steps, 0, n_frames - 1)


class CropStore:
    """Crops one after another in a file; `open_crop_store` makes it.

    Parameters
    ----------
    path
        The file, which is written once.
    input_size
        Side of the crops in pixels.
    """

    def __init__(self, path: Path, file: BinaryIO, *, input_size: int) -> None:
        self._path = path
        self._file = file
        self._size = input_size
        self._n_crops = 0

    def add(self, recording: Recording, crop: Crop, frames: Indices) -> tuple[Indices, npt.NDArray[np.bool_]]:
        """Add the crops of a recording that some windows show.

        Parameters
        ----------
        frames
            Of shape (N, W), the labelled one in the middle, at W // 2.

        Returns
        -------
        rows
            Where the crops are in `read`, of the same shape. A frame that cannot be decoded is replaced by the labelled one.
        decoded
            Bool of shape (N,): False where the labelled frame cannot be decoded; that row is not to be used.
        """
        wanted = np.unique(frames)
        row_of = np.full(int(wanted[-1]) + 1 if len(wanted) else 0, -1, dtype=np.int64)
        is_wanted = np.zeros(len(row_of), dtype=bool)
        is_wanted[wanted] = True
        with (
            open_crops(RecordingInputs(recording), crop) as crops,
            report_progress(f"crops of {recording.id}", total=len(row_of), unit="frames") as advance,
            closing(crops.rows(input_size=self._size)) as rows,
        ):
            for row in rows:
                if row.index >= len(row_of):
                    break
                if is_wanted[row.index] and row.image is not None:
                    self._write(row.image)
                    row_of[row.index] = self._n_crops - 1
                advance(1)
        rows_of_windows = row_of[frames]
        middle = rows_of_windows[:, frames.shape[1] // 2]
        return np.where(rows_of_windows >= 0, rows_of_windows, middle[:, None]), middle >= 0

    def read(self) -> npt.NDArray[np.uint8]:
        """Return all crops, mapped from the file, shape (F, S, S, 3); nothing can be added any more."""
        self._file.close()
        shape = (self._n_crops, self._size, self._size, 3)
        return np.memmap(self._path, dtype=np.uint8, mode="r", shape=shape) if self._n_crops else np.empty(shape, dtype=np.uint8)

    def _write(self, image: npt.NDArray[np.uint8]) -> None:
        try:
            # Written, not mapped: a full disk is then an error, and not the end of the process.
            self._file.write(np.ascontiguousarray(image).data)
        except OSError as error:
            raise OutputError(
                f"{self._path.parent.parent}: the crops of {self._n_crops + 1:,} frames cannot be kept there ({error.strerror or error}); "
                "make space, or lower finetune.frames_per_recording."
            ) from error
        self._n_crops += 1


@contextmanager
def open_crop_store(folder: Path, *, input_size: int) -> Iterator[CropStore]:
    """Yield a store whose file is in `folder`, where there is space for results; it is deleted at the end of the block."""
    with name_temporary(folder / "finetune") as temporary:
        temporary.mkdir()
        path = temporary / "crops.bin"
        with path.open("wb") as file:
            yield CropStore(path, file, input_size=input_size)
