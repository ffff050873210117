"""`behavior live` records a video as it plays, and gives the ethogram that `annotate` gives."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from behavior.config import Sampling
from behavior.errors import ModelError, UsageError
from behavior.files.ethograms import read_annotation
from behavior.files.feature_sources import Signature
from behavior.files.model_bundle import read_bundle, write_description
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


@pytest.fixture(params=[None, 4.0], ids=["every frame", "sampled"])
def model(request, demo, tmp_path):
    """The demo's model, and one that says it was trained on four frames a second."""
    if request.param is None:
        return demo.model
    folder = tmp_path / "model"
    shutil.copytree(demo.model, folder)
    description = read_bundle(folder)

    def sign(stream):
        signature = Signature.from_text(stream.signature)
        settings = {**signature.settings, "sampling": request.param}
        return stream.model_copy(update={"signature": Signature(signature.stream, settings).text})

    members = [one.model_copy(update={"streams": [sign(stream) for stream in one.streams]}) for one in description.members]
    known = [one.model_copy(update={"stream": sign(one.stream)}) for one in description.familiarity.streams]
    familiarity = description.familiarity.model_copy(update={"streams": known})
    changes = {"fps": request.param, "sampling": Sampling(fps=request.param), "members": members, "familiarity": familiarity}
    write_description(folder, description.model_copy(update=changes))
    return folder


def test_live_gives_the_files_of_annotate(run, model, mouse, tmp_path):
    video, pose = mouse
    ran = run(
        "live",
        model,
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
    assert f"RECORDING_ethogram.json to {tmp_path / 'live'}" in ran.err
    assert f"next: behavior overlay {tmp_path / 'live'} --out overlays" in ran.err
    ran_before = run("annotate", model, video, "--pose", pose, "--out", tmp_path / "annotate")
    assert ran_before.status == 0, ran_before.err
    live = read_annotation(tmp_path / "live" / "a_ethogram.csv")
    offline = read_annotation(tmp_path / "annotate" / "mouse_04_ethogram.csv")
    np.testing.assert_allclose(live.probabilities.values, offline.probabilities.values, rtol=0, atol=1e-5)
    np.testing.assert_allclose(live.time_s, offline.time_s)
    np.testing.assert_allclose(live.distances, offline.distances, rtol=0, atol=0.002)
    headers = [(tmp_path / folder).read_text().split("\n", 1)[0] for folder in ("live/a_ethogram.csv", "annotate/mouse_04_ethogram.csv")]
    assert headers[0] == headers[1]
    said, expected = live.provenance.as_mapping(), offline.provenance.as_mapping()
    # A camera comes at its own pace, so that how long predicting took says nothing.
    assert set(said) == {*expected, "live"} - {"computing_time"} and said["fps"] == pytest.approx(expected["fps"])
    judged, known = said["familiarity"], expected["familiarity"]
    signs = ("the mean of the features", "features vary", "a plain model", "noise: ")
    of_the_whole = [reason for reason in known["reasons"] if any(sign in reason for sign in signs)]
    assert judged["reasons"] == [reason for reason in known["reasons"] if reason not in of_the_whole]
    assert judged["verdict"] == (known["verdict"] if judged["reasons"] else "familiar") and set(judged) == set(known)
    # A recording as a whole is compared by features that nobody keeps.
    assert (judged["distance"], judged["streams"][0].pop("shift"), judged["streams"][0].pop("spread")) == (None, None, None)
    for name, value in known["streams"][0].items():
        if name in ("shift", "spread"):
            assert value > 0
            continue
        assert judged["streams"][0][name] == (value if name == "stream" else pytest.approx(value, rel=1e-3, abs=1e-6))
    assert (judged.pop("disagreement"), judged["disagreement_limit"]) == (None, known["disagreement_limit"])
    # A pose alone tells size and likelihood, and written videos have less noise than a camera's pictures.
    assert {**known["measures"], **judged["measures"]} == known["measures"]
    assert set(known["measures"]) - set(judged["measures"]) <= {"size", "likelihood", "noise"}
    assert said["live"]["delay_s"] == (0.25 if model.parent == tmp_path else 0.0)
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
    again = run("live", model, "--source", video, "--out", tmp_path / "live", "--name", "a", "--center", "200,180")
    assert again.status == 1 and "holds a recording a already" in again.err
    recovered = run("live", "--recover", tmp_path / "live", "--json")
    assert recovered.status == 0 and json.loads(recovered.out)["rows"] == []


def test_a_background_is_estimated_from_the_first_seconds(run, demo, mouse, tmp_path):
    ran = run("live", demo.model, "--source", mouse[0], "--out", tmp_path, "--name", "a", "--pace", "fastest", "--warm-up", "5s", "--json")
    assert ran.status == 0, ran.err
    annotation, times = read_annotation(tmp_path / "a_ethogram.csv"), pd.read_csv(tmp_path / "a_times.csv")
    assert times.looked_at.tolist()[:51] == ["warm-up"] * 50 + ["yes"] and json.loads(ran.out)["sources"]["a"]["not_predicted"] == 50
    assert not annotation.probabilities.values[:50].any() and annotation.probabilities.values[50:].any(axis=1).all()
    assert annotation.provenance.live.not_predicted == 50 and annotation.provenance.not_measured.spans[0] == (0, 50)


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
        (("MODEL", "--source", "97", "--out", "out"), "camera 97: does not answer"),
        (("MODEL", "--source", "0", "--out", "out", "--warm-up", "1s"), "too short to estimate a background"),
        (("MODEL", "--source", "VIDEO", "--out", "out", "--warm-up", "5s", "--background", "VIDEO"), "choose one of them"),
        (("MODEL", "--source", "none.mp4", "--out", "out"), "no such video"),
        (("MODEL", "--source", "VIDEO", "--out", "out", "--roll", "soon"), "expected a number with its unit"),
        (("MODEL", "--source", "VIDEO", "--out", "out", "--when", "grooming>0.5"), "--when is given 1 times and --do 0 times"),
    ],
)
def test_what_cannot_be_done_is_told(run, demo, mouse, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    replaced = [{"MODEL": demo.model, "VIDEO": mouse[0]}.get(one, one) for one in arguments]
    ran = run("live", *replaced, *([] if "--name" not in arguments else ["--center", "1,1"]))
    assert ran.status in (1, 2) and ran.err.count(sentence) == 1, ran.err


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
