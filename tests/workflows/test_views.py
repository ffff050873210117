"""Several views of one recording through all commands: rates, starts, missing views, and what bad input gets."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import average_precision_score

from behavior.errors import LabelError
from behavior.files.ethograms import read_annotation
from behavior.files.manifest import write_manifest
from behavior.files.study import open_study
from behavior.learning.learning_data import load_learning_data
from behavior.learning.opened_model import open_model
from behavior.learning.out_of_fold import predict_out_of_fold
from behavior.provenance import ViewSource
from behavior.recording import Recording
from behavior.synthetic.study import write_study_files
from behavior.workflows.import_features import import_features
from behavior.workflows.retrain import retrain_study

pytestmark = pytest.mark.usefixtures("unpainted")

N_FRAMES, FPS = 240, 10
SIDE_FPS, START_S = 5, 2.0
BOOSTING = {"kind": "boosting", "windows_s": [0.5], "trees": 6, "patience": 5, "min_frames": 5}
NAMES = ("r0", "r1", "r2", "tested")


@pytest.fixture
def write(tmp_path):
    """A study whose behavior shows from the side alone, by a camera at half the rate that starts two seconds later."""
    rng = np.random.default_rng(0)
    shown = {}
    for name in NAMES:
        shown[name] = np.zeros(N_FRAMES, dtype=int)
        for start in (30, 80, 130, 190):
            begin = start + rng.integers(0, 20)
            shown[name][begin : begin + 15] = 1
    top = {name: rng.normal(size=(N_FRAMES, 2)) for name in NAMES}
    times = np.arange(int(SIDE_FPS * (N_FRAMES / FPS - START_S))) / SIDE_FPS
    side = {name: rng.normal(size=(len(times), 2)) for name in NAMES}
    for name, values in side.items():
        values[:, 0] += 6 * shown[name][np.rint((times + START_S) * FPS).astype(int)]

    def put(*, start_s=START_S, lacking=(), **sections):
        rows = []
        for name in NAMES:
            frames = pd.DataFrame({"frame": np.arange(N_FRAMES), "rear": shown[name]})
            frames.to_csv(tmp_path / f"{name}_labels.csv", index=False)
            split = "test" if name == "tested" else ""
            rows.append((name, f"{name}_labels.csv", split, "" if name in lacking else start_s))
        pd.DataFrame(rows, columns=["recording", "labels", "split", "start_side"]).to_csv(tmp_path / "recordings.csv", index=False)
        content = {
            "behaviors": ["rear"],
            "streams": ["top", "imu@side"],
            "views": {"others": {"side": {}}},
            "head": BOOSTING,
            **sections,
        }
        study = tmp_path / "study.yaml"
        study.write_text(yaml.safe_dump(content))
        for stream, of_view, fps in (("top", top, FPS), ("imu@side", side, SIDE_FPS)):
            folder = tmp_path / stream
            folder.mkdir(exist_ok=True)
            having = [name for name in NAMES if stream == "top" or name not in lacking]
            for name in having:
                np.savez(folder / f"{name}.npz", features=of_view[name].astype(np.float32), fps=fps)
            files = [folder / f"{name}.npz" for name in having]
            assert not files or not import_features(study, files, name=stream).failures
        return study

    return put


def find_scores(folder):
    table = pd.read_csv(folder / "views.csv")
    return table[table["recording"] == "pooled"].set_index("view")["value"]


def predict(study):
    settings, recordings = open_study(study)
    data = load_learning_data(settings, [one for one in recordings if one.split == "train"], among=recordings)
    return predict_out_of_fold(settings, data)


@pytest.mark.parametrize("combine", ["features", "predictions"])
def test_views_go_from_cross_validation_to_ethograms(run, write, tmp_path, combine):
    study = write(views={"combine": combine, "others": {"side": {}}})
    ran = run("check", study)
    assert ran.status == 0, ran.out + ran.err
    # A start that somebody typed is no surprise.
    assert "start_side" in ran.out and "110 frames, 5 fps, 1.9 to 23.9 s" in ran.out and "shows" not in ran.out
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status == 0, ran.err
    scores = find_scores(tmp_path / "cv")
    alone = f"first {scores['first']:.3f}, side {scores['side']:.3f}, together {scores['together']:.3f}"
    assert f"Average precision of rear by view, each over the frames that it shows: {alone} ({tmp_path / 'cv' / 'views.csv'})." in ran.err
    assert scores["first"] < 0.5 and scores["side"] > 0.9 and scores["together"] > 0.8
    assert "Average precision of rear by view" in (tmp_path / "cv" / "summary.md").read_text()
    metrics = pd.read_csv(tmp_path / "cv" / "metrics.csv")
    pooled = metrics[(metrics["recording"] == "pooled") & (metrics["metric"] == "average_precision")]["value"]
    assert pooled.tolist() == pytest.approx([scores["together"]], abs=1e-6)

    ran = run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 0, ran.err
    # The command that is named works as it stands.
    (command,) = [line for line in ran.err.splitlines() if line.startswith("next: behavior annotate")]
    assert command == f"next: behavior annotate {tmp_path / 'model'} --study {study} --out ethograms"
    again = ("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "ethograms")
    ran = run(*again)
    assert ran.status == 0, ran.err
    annotation = read_annotation(tmp_path / "ethograms" / "tested_ethogram.csv")
    assert annotation.provenance.views == (ViewSource(name="side", video=None, pose=None, start_s=START_S),)
    assert len(annotation.provenance.features) == 2
    assert len(annotation.time_s) == N_FRAMES
    truth = pd.read_csv(tmp_path / "tested_labels.csv")["rear"].to_numpy() == 1
    assert average_precision_score(truth, annotation.probabilities.values[:, 0]) > 0.8

    # Another start makes another ethogram, which does not take the place of the first unasked.
    assert run(*again).status == 0
    write(start_s=1.0, views={"combine": combine, "others": {"side": {}}})
    ran = run(*again)
    assert ran.status == 1 and "or with another start of a view; give another --out, or --overwrite" in ran.err
    assert run(*again, "--overwrite").status == 0

    ran = run("annotate", tmp_path / "model", tmp_path / "new.mp4", "--out", tmp_path / "other")
    assert ran.status == 2 and "works on the views side besides the first" in ran.err
    assert "name the videos of all of them in a manifest, in the columns video and video_side, and use --manifest" in ran.err
    ran = run("annotate", tmp_path / "model", "--manifest", tmp_path / "recordings.csv", "--out", tmp_path / "other")
    assert ran.status == 2 and "works on imported features (imu@side, top); bring them into a study and use --study" in ran.err


@pytest.mark.parametrize("combine", ["features", "predictions"])
def test_training_from_the_page_takes_all_views(write, tmp_path, combine):
    study = write(views={"combine": combine, "others": {"side": {}}})
    said = retrain_study("", study)
    assert "mean average precision" in said and "could not be predicted" not in said
    round_folder = tmp_path / "training" / "round_01"
    assert open_model(round_folder / "model").views == ["side"]
    scores = find_scores(round_folder / "crossval")
    assert scores["side"] > 0.9 and scores["together"] > 0.7
    assert read_annotation(tmp_path / "ethograms" / "tested_ethogram.csv").provenance.views[0].name == "side"


def test_training_from_the_page_needs_a_label_where_each_view_is(write):
    with pytest.raises(LabelError, match="none of the labelled recordings has the view 'side'; label one that has it"):
        retrain_study("", write(lacking=NAMES[:3]))


def test_a_start_that_is_left_out_is_not_made_up_for(run, write, tmp_path):
    ran = run("crossval", write(start_s=0.0), "--out", tmp_path / "cv")
    assert ran.status == 0, ran.err
    scores = find_scores(tmp_path / "cv")
    assert scores["side"] < 0.6


def test_where_a_view_is_missing_the_others_decide(write):
    study = write(lacking=["r1"], views={"combine": "predictions", "others": {"side": {}}})
    predicted = predict(study)
    first, side = predicted.by_view[""], predicted.by_view["side"]
    assert np.isnan(side[1]).all()
    np.testing.assert_array_equal(predicted.probabilities[1], first[1])
    # The view starts two seconds later than the first.
    assert np.isnan(side[0][:19]).all() and not np.isnan(side[0][20:]).any()
    np.testing.assert_allclose(predicted.probabilities[0][20:], (first[0] + side[0])[20:] / 2, atol=1e-6)


def test_a_missing_view_counts_as_the_mean(run, write, tmp_path):
    study = write(lacking=["r1", "tested"])
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status == 0, ran.err
    table = pd.read_csv(tmp_path / "cv" / "views.csv")
    assert set(table[table["view"] == "side"]["recording"]) >= {"r0", "r2"}
    assert "r1" not in set(table[table["view"] == "side"]["recording"])
    ran = run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 0, ran.err
    ran = run("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "ethograms")
    assert ran.status == 0 and "r1, tested: has no view 'side'" in ran.err
    assert np.isfinite(read_annotation(tmp_path / "ethograms" / "tested_ethogram.csv").probabilities.values).all()


def test_a_view_that_no_recording_has_is_refused(run, write, tmp_path):
    study = write()
    table = pd.read_csv(tmp_path / "recordings.csv")
    table.drop(columns="start_side").to_csv(tmp_path / "recordings.csv", index=False)
    for command in ("check", "crossval"):
        ran = run(command, study, *(("--out", tmp_path / "cv") if command == "crossval" else ()))
        assert ran.status == 2 and "no recording has the view 'side'" in ran.err


def test_a_misspelled_view_is_refused_with_the_nearest_name(run, write, tmp_path):
    study = write()
    table = pd.read_csv(tmp_path / "recordings.csv")
    table.rename(columns={"start_side": "start_sied"}).to_csv(tmp_path / "recordings.csv", index=False)
    ran = run("check", study)
    assert ran.status == 2 and "no recording has the view 'side'" in ran.err and "and some have 'sied'" in ran.err
    table.assign(video="m.mp4", video_side="side.mp4").rename(columns={"start_side": "start_sied"}).to_csv(
        tmp_path / "recordings.csv", index=False
    )
    for sections in ({}, {"streams": ["top"], "views": None}):
        study.write_text(
            yaml.safe_dump({"behaviors": ["rear"], "streams": ["top", "imu@side"], "views": {"others": {"side": {}}}, **sections})
        )
        ran = run("check", study)
        assert ran.status == 2 and "the column 'start_sied' is of a view that has nothing else; did you mean 'start_side'?" in ran.err


def test_what_a_view_lacks_is_named_once_by_its_line_in_the_manifest(run, tmp_path):
    files = write_study_files(tmp_path / "videos", n_recordings=2, n_frames=300, seed=1, size=96, with_side=True)
    rows = ["recording,video,pose,video_side,start_side"]
    rows += [f"{one.name},{one.video},{one.pose},{side},0" for one, side in zip(files, (files[0].side_video, ""), strict=True)]
    (tmp_path / "recordings.csv").write_text("\n".join(rows) + "\n")
    study = tmp_path / "study.yaml"
    content = {"behaviors": ["rear"], "streams": ["motion", "motion@side"], "crop": {"body_part": "midbody", "size": 32}}
    study.write_text(yaml.safe_dump({**content, "views": {"others": {"side": {}}}}))
    no_pose = (
        "recording 'mouse_01' has no pose for the view 'side'; name its file, which `behavior track` can make, on line 2 of the manifest, "
        "in the column pose_side, or set views: {others: {side: {crop: {whole_frame: true}}}}."
    )
    no_video = "recording 'mouse_02' has no video for the view 'side'; name one on line 3 of the manifest, in the column video_side"
    ran = run("check", study)
    assert ran.status == 1
    lines = ran.out.splitlines()
    assert f"error: {no_pose}" in lines and any(line.startswith(f"error: {no_video}") for line in lines)
    ran = run("embed", study)
    assert ran.status == 1
    assert f"error: {no_pose}" in ran.err.splitlines() and f"error: {no_video}" in ran.err
    assert "mouse_01: recording" not in ran.err


def test_a_start_beyond_the_video_is_named(run, write, tmp_path):
    study = write(start_s=400.0)
    ran = run("check", study)
    assert ran.status == 1 and "show no moment together; correct start_side" in ran.out + ran.err
    ran = run("crossval", study, "--out", tmp_path / "cv")
    assert ran.status != 0 and "show no moment together; correct start_side" in ran.err


def test_another_start_makes_another_cross_validation(run, write, tmp_path):
    study = write()
    assert run("crossval", study, "--out", tmp_path / "cv").status == 0
    write(start_s=1.0)
    ran = run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 2 and "what differs: start_side of r0, r1, r2; cross-validate again" in ran.err
    write(lacking=["r1"])
    ran = run("train", study, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert ran.status == 2 and "what differs: the view 'side' of r1 (in one of the two only); cross-validate again" in ran.err


def test_views_that_the_study_does_not_name_are_pointed_out(run, write):
    study = write(streams=["top"], views=None)
    ran = run("check", study)
    assert "the manifest has the view 'side', which the study does not name" in ran.out + ran.err


def test_two_cameras_are_embedded_each_with_its_own_crop(run, tmp_path):
    files = write_study_files(tmp_path / "videos", n_recordings=2, n_frames=300, seed=1, size=96, with_side=True)
    recordings = [
        Recording(
            one.name,
            video=one.video,
            pose=one.pose,
            labels={"": one.labels},
            views={"side": Recording(f"{one.name}@side", video=one.side_video, pose=one.side_pose)},
        )
        for one in files
    ]
    # One recording lacks the view.
    write_manifest(tmp_path / "recordings.csv", [recordings[0], replace(recordings[1], views={})])
    study = tmp_path / "study.yaml"
    views = {"others": {"side": {"crop": {"whole_frame": True}}}}
    content = {
        "behaviors": ["grooming"],
        "streams": ["motion", "motion@side"],
        "crop": {"body_part": "midbody", "size": 32},
        "views": views,
    }
    study.write_text(yaml.safe_dump(content))
    ran = run("embed", study)
    assert ran.status == 0, ran.err
    assert [line.split()[:2] for line in ran.out.splitlines() if line.strip().startswith("mouse")] == [
        ["mouse_01", "embedded"],
        ["mouse_01@side", "embedded"],
        ["mouse_02", "embedded"],
    ]
    assert len(list((tmp_path / "cache").glob("mouse_01.motion-*.h5"))) == 1
    assert len(list((tmp_path / "cache").glob("mouse_01@side.motion-*.h5"))) == 1
    assert not list((tmp_path / "cache").glob("mouse_02@side*"))
    settings, opened = open_study(study)
    data = load_learning_data(settings, opened)
    first, second = data.features
    assert first.present is None and first.values.shape == second.values.shape
    width = first.streams[0].n_features
    assert not np.array_equal(first.values[:, :width], first.values[:, width:])
    assert np.isnan(second.values[:, width:]).all() and second.streams == first.streams
    ran = run("check", study)
    assert "mouse_02" in ran.out + ran.err and "has no view 'side'" in ran.out + ran.err

    # New videos of both views need no study.
    study.write_text(yaml.safe_dump({**content, "head": BOOSTING}))
    assert run("train", study, "--out", tmp_path / "model").status == 0
    write_manifest(tmp_path / "new.csv", [replace(recordings[0], id="new", labels={})])
    ran = run("annotate", tmp_path / "model", "--manifest", tmp_path / "new.csv", "--out", tmp_path / "ethograms")
    assert ran.status == 0, ran.err
    provenance = read_annotation(tmp_path / "ethograms" / "new_ethogram.csv").provenance
    assert provenance.views[0].video == str(files[0].side_video) and len(provenance.features) == 2
    # A start of a misspelled view would put the view at another time.
    pd.read_csv(tmp_path / "new.csv").assign(start_sied=2.0).to_csv(tmp_path / "slip.csv", index=False)
    ran = run("annotate", tmp_path / "model", "--manifest", tmp_path / "slip.csv", "--out", tmp_path / "ethograms")
    assert ran.status == 2 and "the column 'start_sied' is of a view that has nothing else; did you mean 'start_side'?" in ran.err
    ran = run("annotate", tmp_path / "model", "--manifest", tmp_path / "new.csv", "--study", study, "--out", tmp_path / "ethograms")
    assert ran.status == 2 and "annotate needs videos, --study or --manifest, one of them" in ran.err


def test_recordings_without_the_views_of_a_model_are_refused(run, write, tmp_path):
    study = write()
    assert run("train", study, "--out", tmp_path / "model").status == 0
    write(lacking=NAMES, streams=["top"], views=None)
    ran = run("annotate", tmp_path / "model", "--study", study, "--out", tmp_path / "ethograms")
    assert ran.status == 2 and "none of its recordings has the view 'side', which the model in" in ran.err
