"""Writes a study: videos, DeepLabCut files and label tables of recordings whose behavior is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from behavior.compute.units import Work, run_units
from behavior.compute.where import HERE, Where
from behavior.files.atomic import make_folder
from behavior.files.frame_tables import write_frame_table
from behavior.files.pose import write_deeplabcut
from behavior.files.video_writer import write_video
from behavior.synthetic.acting import RenderedRecording, Renderer, act_recording
from behavior.synthetic.degrading import degrade_track
from behavior.synthetic.scene import COATS
from behavior.synthetic.side_view import render_side_view

__all__ = ["SCORER", "RecordingFiles", "act_study_recording", "write_study_files"]

SCORER = "DLC_resnet50_demoshuffle1_100000"
# Streams of random numbers of the second camera: those of the first stay as they are.
_SIDE = 1 << 17


@dataclass(frozen=True)
class RecordingFiles:
    """The files of one recording of a rendered study; video and pose of a second camera are None where there is none."""

    name: str
    video: Path
    pose: Path
    labels: Path
    side_video: Path | None = None
    side_pose: Path | None = None


@dataclass(frozen=True)
class _Order:
    """What a process needs in order to render one recording."""

    files: RecordingFiles
    n_frames: int
    fps: float
    size: int
    seed: int
    index: int
    renderer: Renderer


def write_study_files(
    folder: Path,
    *,
    n_recordings: int,
    n_frames: int,
    seed: int,
    fps: float = 10.0,
    size: int = 480,
    with_side: bool = False,
    renderer: Renderer = "painted",
    where: Where = HERE,
) -> list[RecordingFiles]:
    """Render `n_recordings` recordings into `folder`: `mouse_01.mp4`, its DeepLabCut CSV and `mouse_01_labels.csv`, and so on.

    The same arguments give the same study, wherever it is rendered.

    Parameters
    ----------
    folder
        Made where it is missing; files of the same names are replaced.
    n_recordings, n_frames
        How many recordings, and frames in each.
    seed
        Everything is drawn from it. Coats take turns, so that a few recordings already show all of them.
    fps, size
        Frame rate, and side of the square frames in pixels.
    with_side
        Whether a camera at the side records the same mouse, at the same times: `mouse_01_side.mp4` and its CSV.
    renderer
        How the camera above shows them, as in `act_recording`; the camera at the side is always painted.
    where
        Where recordings are rendered.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    ValueError
        If recordings are too short to show every behavior.
    """
    make_folder(folder)
    n_digits = max(2, len(str(n_recordings)))
    orders = []
    for index in range(n_recordings):
        name = f"mouse_{index + 1:0{n_digits}d}"
        files = RecordingFiles(name, folder / f"{name}.mp4", folder / f"{name}{SCORER}.csv", folder / f"{name}_labels.csv")
        if with_side:
            files = replace(files, side_video=folder / f"{name}_side.mp4", side_pose=folder / f"{name}_side{SCORER}.csv")
        orders.append(_Order(files, n_frames, fps, size, seed, index, renderer))
    names = [order.files.name for order in orders]
    for outcome in run_units(Work(_write_recording, orders, names, folder, "rendering", "recordings", are_silent=True), where):
        if outcome is not None:
            raise outcome
    return [order.files for order in orders]


def _write_recording(order: _Order) -> None:
    n_threads = cv2.getNumThreads()
    # The other processors may have recordings of their own.
    cv2.setNumThreads(1)
    try:
        _render_recording(order)
    finally:
        cv2.setNumThreads(n_threads)


def act_study_recording(
    index: int, *, n_frames: int, seed: int, fps: float = 10.0, size: int = 480, renderer: Renderer = "painted"
) -> RenderedRecording:
    """Return recording number `index` of the study that `write_study_files` renders with the same arguments."""
    first_coat = int(np.random.default_rng(seed).integers(len(COATS)))
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(index,))
    coat = COATS[(first_coat + index) % len(COATS)].name
    return act_recording(n_frames=n_frames, fps=fps, size=size, seed=sequence, coat=coat, renderer=renderer)


def _render_recording(order: _Order) -> None:
    recording = act_study_recording(
        order.index, n_frames=order.n_frames, fps=order.fps, size=order.size, seed=order.seed, renderer=order.renderer
    )
    tracker = np.random.default_rng(np.random.SeedSequence(entropy=order.seed, spawn_key=(order.index, 1 << 16)))
    write_video(order.files.video, recording.frames(), fps=order.fps, crf=23, preset="veryfast")
    write_deeplabcut(order.files.pose, degrade_track(recording.track, tracker), scorer=SCORER)
    write_frame_table(order.files.labels, recording.labels)
    if order.files.side_video is not None and order.files.side_pose is not None:
        rng = np.random.default_rng(np.random.SeedSequence(entropy=order.seed, spawn_key=(order.index, _SIDE)))
        painter, track = render_side_view(recording.skeleton, recording.arena, recording.coat, recording.build, rng)
        frames = (painter.draw(index) for index in range(len(painter)))
        write_video(order.files.side_video, frames, fps=order.fps, crf=23, preset="veryfast")
        write_deeplabcut(order.files.side_pose, degrade_track(track, rng), scorer=SCORER)
