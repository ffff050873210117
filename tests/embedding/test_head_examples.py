"""Heads of a video by the pose of some of its frames, or of another video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from track_samples import read_truth

from behavior.embedding.head_examples import estimate_head_looks, find_heads
from behavior.errors import PoseError
from behavior.files.pose import read_pose, write_deeplabcut
from behavior.files.video_writer import write_video
from behavior.recording import Track
from behavior.tracking.detections import Detections
from behavior.workflows.track import TrackRequest, track_videos

N_FRAMES, SIDE, LENGTH = 80, 160, 40.0


def walk_backwards(seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return centres (T, 2) and headings (T,) of an animal that goes tail first."""
    turns = np.cumsum(np.random.default_rng(seed).normal(0, 0.05, N_FRAMES)) + seed
    angle = 2 * np.pi * np.arange(N_FRAMES) / N_FRAMES
    centers = 80 + 35 * np.column_stack((np.cos(angle + turns[0]), np.sin(angle + turns[0])))
    return centers, angle + turns[0] - np.pi / 2


def write_walk(path: Path, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A dark body with a light spot near its head."""
    centers, headings = walk_backwards(seed)
    rng = np.random.default_rng(seed)
    pictures = []
    for (x, y), heading in zip(centers, headings, strict=True):
        picture = rng.normal(190, 3, (SIDE, SIDE)).astype(np.float32)
        cv2.ellipse(picture, (round(x), round(y)), (20, 8), np.degrees(heading), 0, 360, 60.0, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(picture, (round(x + 11 * np.cos(heading)), round(y + 11 * np.sin(heading))), 4, 130.0, cv2.FILLED, cv2.LINE_AA)
        pictures.append(np.repeat(np.clip(picture, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    write_video(path, pictures, fps=25)
    return centers, headings


def write_heads(
    path: Path, centers: npt.NDArray[np.float64], headings: npt.NDArray[np.float64], frames: slice, parts: tuple[str, str]
) -> Path:
    half = LENGTH / 2 * np.column_stack((np.cos(headings), np.sin(headings)))
    positions = np.stack((centers + half, centers - half), axis=1)
    left_out = np.ones(N_FRAMES, dtype=bool)
    left_out[frames] = False
    positions[left_out] = np.nan
    likelihoods = np.where(left_out, 0.0, 0.99)[:, None].repeat(2, axis=1)
    write_deeplabcut(path, Track(positions, likelihoods, parts), scorer="people")
    return path


def test_examples_correct_an_animal_that_goes_backwards(tmp_path: Path, run: Callable[..., Any]) -> None:
    centers, headings = write_walk(tmp_path / "walk.mp4", 1)
    heads = write_heads(tmp_path / "labelled.csv", centers, headings, slice(0, 30), ("nose", "tailbase"))

    def count_right(*options: object) -> float:
        assert run("track", tmp_path / "walk.mp4", "--animals", "1", "--out", tmp_path / "out", "--overwrite", *options).status == 0
        track = read_pose(tmp_path / "out" / "walk_track.csv")
        axis = track.positions[:, 1] - track.positions[:, 2]
        return float((axis[:, 0] * np.cos(headings) + axis[:, 1] * np.sin(headings) > 0)[30:].mean())

    assert count_right() < 0.1
    assert count_right("--heads", heads) > 0.95


def test_examples_of_a_video_beside_them_serve_another(tmp_path: Path) -> None:
    folder = tmp_path / "labelled"
    folder.mkdir()
    heads = write_heads(folder / "first_heads.csv", *write_walk(folder / "first.mp4", 1), slice(0, 60), ("nose", "tailbase"))
    centers, headings = write_walk(tmp_path / "second.mp4", 5)
    angles = (headings + np.pi / 2) % np.pi - np.pi / 2
    found = []
    for center, angle in zip(centers, angles, strict=True):
        one = Detections.at(center[None])
        one.angles[:] = angle
        found.append(
            Detections(one.positions, np.array([angle]), np.array([LENGTH]), np.array([16.0]), *[np.ones(1)] * 3, one.touching, one.heads)
        )
    rated = find_heads(tmp_path / "second.mp4", found, estimate_head_looks(tmp_path / "second.mp4", found, heads))
    right = np.array([one.heads[0] for one in rated]) * np.sign(np.cos(headings - angles)) > 0
    assert right.mean() > 0.95


def test_pose_that_does_not_tell_the_head_gets_a_sentence(tmp_path: Path) -> None:
    centers, headings = write_walk(tmp_path / "walk.mp4", 1)
    empty = [Detections.at(np.empty((0, 2)))] * N_FRAMES
    unnamed = write_heads(tmp_path / "a.csv", centers, headings, slice(None), ("left", "right"))
    with pytest.raises(PoseError, match="has no frame with a nose and a tail base"):
        estimate_head_looks(tmp_path / "walk.mp4", empty, unnamed)
    named = write_heads(tmp_path / "b.csv", centers, headings, slice(None), ("nose", "tailbase"))
    with pytest.raises(PoseError, match="gives 0 examples of heads"):
        estimate_head_looks(tmp_path / "walk.mp4", empty, named)


@pytest.mark.slow
def test_half_of_the_larvae_teach_the_heads_of_the_others(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "tracking" / "larvae14"
    centers, noses, tails = (read_truth(folder / "truth.csv", names) for names in (("x", "y"), ("xHead", "yHead"), ("xTail", "yTail")))
    taught = {
        f"larva{animal}": Track(np.stack((noses[:, animal], tails[:, animal]), axis=1), np.ones((len(noses), 2)), ("head", "tailend"))
        for animal in range(7)
    }
    write_deeplabcut(tmp_path / "heads.csv", taught, scorer="people")

    def count_right(heads: Path | None) -> float:
        request = TrackRequest(animals=14, identity="none", heads=heads)
        (done,) = track_videos([folder / "zfish14.mp4"], request, out=tmp_path, overwrite=True).videos.values()
        tracks = [read_pose(done.track, individual=f"animal{number + 1}").positions for number in range(14)]
        found = np.stack([track for track in tracks if track.shape[1] == 3], axis=1)
        right = []
        for animal in range(7, 14):
            distances = np.hypot(*(found[:, :, 0] - centers[:, animal, None]).transpose(2, 0, 1))
            for frame in np.flatnonzero(np.isfinite(noses[:, animal, 0])):
                if (distances[frame] < 10).any():
                    own = found[frame, int(np.nanargmin(distances[frame]))]
                    right.append((own[1] - own[2]) @ (noses[frame, animal] - tails[frame, animal]) > 0)
        return float(np.mean(right))

    assert count_right(None) < 0.95
    assert count_right(tmp_path / "heads.csv") > 0.98
