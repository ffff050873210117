"""`behavior track` that is killed and started again ends with the files of an unbroken run."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from behavior.files.video_writer import write_video
from behavior.tracking.background_detector import BackgroundDetector
from behavior.tracking.detections import Detections
from behavior.workflows.track import TrackRequest, track_videos

N_FRAMES, PART, LONGER_PART = 330, 40, 100
ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = ("_track.csv", "_tracklets.npz", "_track.jpg")


def draw(n_frames: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield two animals that meet now and then, in light that fades slowly."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 3, (7, 60, 90))
    for frame in range(n_frames):
        picture = np.full((60, 90), 180.0 - 15 * np.sin(frame / 80))
        for x, y in ((45 + 30 * np.sin(frame / 40), 20 + 8 * np.sin(frame / 31)), (45 + 30 * np.cos(frame / 29), 36.0)):
            cv2.ellipse(picture, (round(x * 16), round(y * 16)), (130, 60), 0, 0, 360, 50.0, cv2.FILLED, cv2.LINE_AA, 4)
        yield np.repeat(np.clip(picture + noise[frame % 7], 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "pair.mp4"
    write_video(path, draw(N_FRAMES), fps=25)
    return path


def read_files(folder: Path) -> dict[str, bytes]:
    return {suffix: (folder / f"pair{suffix}").read_bytes() for suffix in SUFFIXES}


@pytest.mark.parametrize(
    "request_",
    [TrackRequest(animals=2, identity="none"), TrackRequest(adaptive=True), TrackRequest(animals=2, identity="none", moving="knn")],
)
def test_a_run_that_stops_at_any_frame_is_gone_on_with(
    video: Path, request_: TrackRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="behavior")
    for module in ("behavior.files.detection_parts", "behavior.embedding.animal_detection"):
        monkeypatch.setattr(f"{module}.PART_FRAMES", PART)
    track_videos([video], request_, out=tmp_path / "whole")
    detect, left, n_seen = BackgroundDetector.detect, [0], [0]

    def stop(detector: BackgroundDetector, image: npt.NDArray[np.uint8]) -> Detections:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        n_seen[0] += 1
        return detect(detector, image)

    monkeypatch.setattr(BackgroundDetector, "detect", stop)
    frames = random.Random(3)
    for _ in range(4):
        left[0] = frames.randrange(1, 2 * PART)
        with pytest.raises(KeyboardInterrupt):
            track_videos([video], request_, out=tmp_path / "broken")
    left[0] = N_FRAMES
    n_before = n_seen[0]
    caplog.clear()
    track_videos([video], request_, out=tmp_path / "broken")
    assert read_files(tmp_path / "broken") == read_files(tmp_path / "whole")
    assert sorted(path.name for path in (tmp_path / "broken").iterdir()) == sorted(f"pair{suffix}" for suffix in SUFFIXES)
    # The model of what moves is built again; all else goes on.
    assert (n_seen[0] - n_before == N_FRAMES) == (request_.moving is not None)
    assert ("starting again from frame 0" in caplog.text) == (request_.moving is not None)
    assert ("going on from frame" in caplog.text) == (request_.moving is None)


def test_a_second_run_is_refused_while_the_first_is_at_the_video(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request_ = TrackRequest(animals=2, identity="none")
    detect, refused = BackgroundDetector.detect, []

    def start_another(detector: BackgroundDetector, image: npt.NDArray[np.uint8]) -> Detections:
        if not refused:
            refused.append({})
            for overwrite in (False, True):
                second = track_videos([video], request_, out=tmp_path / "shared", overwrite=overwrite)
                assert not second.videos
                refused.append(second.failures)
        return detect(detector, image)

    track_videos([video], request_, out=tmp_path / "alone")
    monkeypatch.setattr(BackgroundDetector, "detect", start_another)
    assert list(track_videos([video], request_, out=tmp_path / "shared").videos) == ["pair"]
    claim = tmp_path / "shared" / ".pair_track.csv.claim"
    for failures in refused[1:]:
        assert f"process {os.getpid()} on " in failures[str(video)]
        assert f"(its claim is {claim}) is making this track; wait until it has ended" in failures[str(video)]
    assert len(refused) == 3 and not claim.exists()
    assert read_files(tmp_path / "shared") == read_files(tmp_path / "alone")


# The program with small parts, of which the first is written soon.
START = f"""
import behavior.embedding.animal_detection, behavior.files.detection_parts
for module in (behavior.embedding.animal_detection, behavior.files.detection_parts):
    module.PART_FRAMES = {LONGER_PART}
from behavior.cli import main
main()
"""


def test_a_killed_process_is_gone_on_with(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("behavior.files.detection_parts", "behavior.embedding.animal_detection"):
        monkeypatch.setattr(f"{module}.PART_FRAMES", LONGER_PART)
    path = tmp_path / "pair.mp4"
    write_video(path, draw(800), fps=25)
    arguments = ["track", str(path), "--animals", "2", "--identity", "none", "--out"]
    assert run(*arguments, tmp_path / "whole").status == 0
    broken = tmp_path / "broken"
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments, str(broken)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    try:
        deadline = time.monotonic() + 120
        while not list(broken.glob(".pair_track.csv.parts/000000.npz")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        process.wait()
    assert not (broken / "pair_track.csv").exists()
    done = run(*arguments, broken)
    assert done.status == 0, done.err
    assert "going on from frame" in done.out + done.err
    assert read_files(broken) == read_files(tmp_path / "whole")
