"""`behavior live` records a video as it plays, and gives the ethogram that `annotate` gives."""

import json

import numpy as np
import pandas as pd
import pytest

from behavior.errors import ModelError, UsageError
from behavior.files.ethograms import read_annotation
from behavior.files.model_bundle import read_bundle
from behavior.files.video import summarize_video
from behavior.learning.opened_model import open_model
from behavior.live.request import LiveRequest
from behavior.workflows.live import run_live

CENTER = (200.0, 180.0)


@pytest.fixture
def mouse(demo, tmp_path):
    """A video of the demo with a pose that has the mouse at one place."""
    video = demo.study.parent / "videos" / "mouse_04.mp4"
    n_frames = summarize_video(video).n_frames
    columns = pd.MultiIndex.from_product([["s"], demo_parts(demo), ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"])
    pose = tmp_path / "fixed.csv"
    pd.DataFrame(np.tile([*CENTER, 1.0], (n_frames, len(columns) // 3)), columns=columns).to_csv(pose)
    return video, pose


def demo_parts(demo):
    return list(read_bundle(demo.model).crop.body_parts)


def test_live_gives_the_ethogram_of_annotate(run, demo, mouse, tmp_path):
    video, pose = mouse
    ran = run(
        "live",
        demo.model,
        "--source",
        video,
        "--out",
        tmp_path / "live",
        "--name",
        "a",
        "--pace",
        "fastest",
        "--center",
        "200,180",
        *("--when", "wall_rearing<1", "--do", "-"),
        "--json",
    )
    assert ran.status == 0, ran.err
    ran_before = run("annotate", demo.model, video, "--pose", pose, "--out", tmp_path / "annotate")
    assert ran_before.status == 0, ran_before.err
    live = read_annotation(tmp_path / "live" / "a_ethogram.csv")
    offline = read_annotation(tmp_path / "annotate" / "mouse_04_ethogram.csv")
    np.testing.assert_allclose(live.probabilities.values, offline.probabilities.values, rtol=0, atol=1e-3)
    np.testing.assert_allclose(live.time_s, offline.time_s)
    assert np.mean(live.ethogram.values != offline.ethogram.values) < 0.001
    printed = ran.out.splitlines()
    events = [json.loads(line) for line in printed if line.startswith('{"rule"')]
    assert [event["frame"] for event in events] == [0]
    assert pd.read_csv(tmp_path / "live" / "a_events.csv").outcome.tolist() == ["printed"]
    counts = json.loads("\n".join(line for line in printed if not line.startswith('{"rule"')))
    n_frames = len(live.time_s)
    assert counts["rows"] == [{"recording": "a", "frames": n_frames}]
    assert [counts["sources"]["a"][name] for name in ("captured", "looked_at", "skipped")] == [n_frames, n_frames, 0]
    assert summarize_video(tmp_path / "live" / "a.mkv").n_frames == n_frames
    again = run("live", demo.model, "--source", video, "--out", tmp_path / "live", "--name", "a", "--center", "200,180")
    assert again.status == 1 and "holds a recording a already" in again.err
    recovered = run("live", "--recover", tmp_path / "live", "--json")
    assert recovered.status == 0 and json.loads(recovered.out)["rows"] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "expected a model, --source and --out"),
        (("MODEL", "--recover", "out"), "--recover takes no model"),
        (("MODEL", "--source", "VIDEO", "--out", "out", "--center", "middle"), "expected two numbers of pixels"),
        (("MODEL", "--source", "VIDEO", "--out", "out", "--name", "../a"), "cannot be the name of a file"),
        (("MODEL", "--source", "0", "--out", "out", "--wait"), "--wait waits for the page"),
        (("MODEL", "--source", "VIDEO", "--source", "VIDEO", "--out", "out"), "would both be called"),
        (
            ("MODEL", "--source", "VIDEO", *["--background", "VIDEO"] * 2, "--out", "out"),
            "--background is given 2 times and --source 1 times",
        ),
        (("MODEL", "--source", "0", "--out", "out"), "name a short video of the same camera and arena with --background"),
        (("MODEL", "--source", "none.mp4", "--out", "out"), "no such video"),
        (("MODEL", "--source", "VIDEO", "--out", "out", "--roll", "soon"), "expected a number with its unit"),
        (("MODEL", "--source", "VIDEO", "--out", "out", "--when", "grooming>0.5"), "--when is given 1 times and --do 0 times"),
    ],
)
def test_what_cannot_be_done_is_told(run, demo, mouse, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    replaced = [{"MODEL": demo.model, "VIDEO": mouse[0]}.get(one, one) for one in arguments]
    ran = run("live", *replaced, *([] if "--name" not in arguments else ["--center", "1,1"]))
    assert ran.status in (1, 2) and sentence in ran.err, ran.err


def test_a_model_that_looks_ahead_or_has_another_rate_is_refused(demo, mouse, tmp_path, monkeypatch):
    model = open_model(demo.model)
    request = LiveRequest((str(mouse[0]),), centers=(CENTER,))
    monkeypatch.setattr("behavior.workflows.live.open_model", lambda folder: model)
    for member in model.members:
        member.model._make_steps = None
    with pytest.raises(ModelError, match=r"looks at later frames, up to .* s; add --delay"):
        run_live(demo.model, tmp_path, request)
    with pytest.raises(UsageError, match="choose one of them"):
        run_live(demo.model, tmp_path, LiveRequest((str(mouse[0]),), delay_s=100, centers=(CENTER,), backgrounds=(mouse[0],)))
