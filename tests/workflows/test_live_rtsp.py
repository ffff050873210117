"""A real stream, served on loopback, that dies in the middle and comes back: it goes on with a gap, and each frame is accounted for."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.files.ethograms import read_annotation
from behavior.files.video import open_video
from behavior.files.video_writer import write_video

pytestmark = pytest.mark.slow

SERVER = Path(__file__).parents[1] / "helpers" / "rtsp_server.py"
# GStreamer's bindings belong to the system's own Python.
PYTHON = "/usr/bin/python3"
N_FRAMES, FPS, N_BITS = 400, 10, 12
SECONDS_EACH, SECONDS_AWAY = 8.0, 3.0


def draw(number):
    """Return a picture that shows its number, in stripes, the highest bit to the right."""
    bits = np.array([number >> bit & 1 for bit in range(N_BITS)], dtype=np.uint8)
    return np.broadcast_to((20 + 210 * bits).repeat(32)[None, :, None], (240, 32 * N_BITS, 3)).copy()


def read_number(image):
    return sum(int(image[120, 32 * bit + 16].mean() > 128) << bit for bit in range(N_BITS))


# As long as the demo, so that it comes before, and nobody renders the demo for a test that is skipped.
@pytest.fixture(scope="session")
def video(tmp_path_factory):
    if not Path(PYTHON).is_file() or subprocess.run([PYTHON, SERVER], capture_output=True, check=False).returncode:
        pytest.skip("no RTSP server here: apt-get install gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad")
    path = tmp_path_factory.mktemp("rtsp") / "numbers.mp4"
    # As cameras do, without frames that need later ones.
    write_video(path, (draw(number) for number in range(N_FRAMES)), fps=FPS, preset="ultrafast")
    return path


@pytest.fixture
def port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def serve(port, video):
    server = subprocess.Popen([PYTHON, SERVER, str(port), video], stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "ready\n"
    return server


def wait_for_frames(folder, count, program):
    end = time.monotonic() + 120
    while program.poll() is None and time.monotonic() < end:
        times = folder / "cage_times.csv"
        if times.is_file() and times.read_bytes().count(b"\n") > count:
            return
        time.sleep(0.05)
    pytest.fail(f"no {count} frames came: {program.communicate(timeout=30)}")


def test_a_stream_that_dies_and_comes_back_is_recorded_with_a_gap(video, demo, port, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "behavior", "live", demo.model, "--source", f"rtsp://127.0.0.1:{port}/cage", "--name", "cage"]
    server = serve(port, video)
    try:
        program = subprocess.Popen(
            [*command, "--center", "200,120", "--out", out, "--duration", "22s", "--keep-free", "0", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        wait_for_frames(out, SECONDS_EACH * FPS, program)
        server.kill()
        server.wait()
        time.sleep(SECONDS_AWAY)
        server = serve(port, video)
        printed, errors = program.communicate(timeout=120)
    finally:
        server.kill()
        server.wait()
    assert program.returncode == 0, errors
    assert json.loads(printed)["failures"] == {}
    counts = json.loads(printed)["sources"]["cage"]
    assert (counts["gaps"], counts["reason"]) == (1, "")
    assert "is back after" in errors
    with open_video(out / "cage.mkv") as recorded:
        numbers = [read_number(frame.image) for frame in recorded.frames()]
    # The server begins again with its first frame; nothing is missing before or after.
    second = numbers.index(0, 1)
    assert numbers == [*range(second), *range(len(numbers) - second)] and second >= SECONDS_EACH * FPS
    annotation, times = read_annotation(out / "cage_ethogram.csv"), pd.read_csv(out / "cage_times.csv")
    assert len(numbers) == counts["captured"] == counts["looked_at"] + counts["skipped"] == len(annotation.time_s) == len(times)
    intervals = np.diff(annotation.time_s)
    assert intervals.argmax() == second - 1 and SECONDS_AWAY < intervals.max() < SECONDS_AWAY + 5
    usual = np.delete(intervals, second - 1)
    print(
        f"{len(numbers)} frames, {second} before the gap of {intervals.max():.2f} s, {counts['skipped']} skipped; intervals "
        f"{1000 * usual.min():.0f} to {1000 * usual.max():.0f} ms; latency {counts['latency_median_s']:.3f} s"
    )
    np.testing.assert_allclose(np.median(usual), 1 / FPS, atol=0.01)
