"""What `check` sees of videos and pose, each kind of trouble made by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from behavior.embedding import upright_pose
from behavior.files.pose import write_deeplabcut
from behavior.files.video_writer import write_video
from behavior.recording import Track
from behavior.reporting import pose_check

N_FRAMES = 20


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_video(tmp_path / "a.mp4", np.zeros((N_FRAMES, 32, 32, 3), np.uint8), fps=10)
    write_pose(tmp_path)
    (tmp_path / "recordings.csv").write_text("recording,video,pose,labels\na,a.mp4,aDLC.csv,a.csv\nb,b.mp4,bDLC.csv,a.csv\n")
    for name in ("a.mp4", "aDLC.csv"):
        shutil.copy(tmp_path / name, tmp_path / name.replace("a", "b", 1))
    (tmp_path / "a.csv").write_text("behavior,start_frame,stop_frame\nrear,0,4\n")
    (tmp_path / "study.yaml").write_text(
        "behaviors: [rear]\ncrop: {body_part: body, size: 16}\nbackbone: {name: openfield, weights: packaged}\n"
    )
    return tmp_path / "study.yaml"


def write_pose(folder: Path, *, lost: int = 0, outside: int = 0) -> None:
    """Write a pose that is lost in the first frames, and outside the picture in the last."""
    positions, likelihoods = np.full((N_FRAMES, 1, 2), 16.0), np.ones((N_FRAMES, 1))
    likelihoods[:lost] = 0
    positions[N_FRAMES - outside :] = [16.0, 40.0]
    write_deeplabcut(folder / "aDLC.csv", Track(positions, likelihoods, ("body",)), scorer="DLC_x")


def read_report(run, study: Path) -> tuple[dict, list[str]]:
    ran = run("check", study, "--json")
    assert ran.status == 0
    report = json.loads(ran.out)
    return report["rows"][0], [problem["message"] for problem in report["problems"] if problem["recording"]]


def test_a_pose_outside_the_picture_is_reported_and_counts_as_not_measured(run, study):
    row, problems = read_report(run, study)
    assert (row["centre measured"], problems) == (1.0, [])
    write_pose(study.parent, lost=4, outside=5)
    row, problems = read_report(run, study)
    assert row["centre measured"] == pytest.approx(11 / N_FRAMES)
    path = study.parent / "aDLC.csv"
    assert problems == [
        f"{path}: the animal was not found in 4 of 20 frames; look at body and its likelihood (0.6 is asked for).",
        f"{path}: the animal is outside the picture of 32 x 32 pixels in 5 of 20 frames; is it the pose of another video, or of one that "
        "was scaled?",
    ]
    write_pose(study.parent, lost=1, outside=2)
    row, problems = read_report(run, study)
    assert row["centre measured"] == pytest.approx(17 / N_FRAMES)
    assert problems == []


def test_a_picture_that_changes_its_size_is_reported(run, study):
    video = study.parent / "a.avi"
    with av.open(str(video), "w") as target:
        joined = None
        for number, side in enumerate((32, 64)):
            part = study.parent / f"part_{number}.avi"
            with av.open(str(part), "w") as made:
                stream = made.add_stream("mjpeg", rate=10)
                stream.width = stream.height = side
                stream.pix_fmt = "yuvj420p"
                for _ in range(10):
                    made.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((side, side, 3), np.uint8), format="rgb24")))
                made.mux(stream.encode())
            with av.open(str(part)) as source:
                joined = joined or target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if packet.size:
                        packet.pts = packet.dts = packet.dts + 10 * number
                        packet.stream = joined
                        target.mux(packet)
    manifest = study.parent / "recordings.csv"
    manifest.write_text(manifest.read_text().replace("a.mp4", "a.avi"))
    row, problems = read_report(run, study)
    assert row["frames"] == N_FRAMES
    assert problems == [
        f"{video}: its pictures change their size at frame 10; such frames are scaled to the first one's 32 x 32 pixels, which a pose has "
        "to be in, too."
    ]


def test_a_pose_is_read_once(run, study, monkeypatch):
    reads = []
    open_pose = upright_pose.open_pose
    for module in (pose_check, upright_pose):
        monkeypatch.setattr(module, "open_pose", lambda path: reads.append(path) or open_pose(path))
    read_report(run, study)
    assert reads == [study.parent / "aDLC.csv", study.parent / "bDLC.csv"]
