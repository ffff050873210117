"""`behavior report`: one file about a study, or about ethograms."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.config import Study
from behavior.files.ethograms import write_annotation
from behavior.files.manifest import read_manifest
from behavior.files.pose import write_deeplabcut
from behavior.files.study import read_study
from behavior.files.video_writer import write_video
from behavior.learning.crossval_digest import FeatureDigest, RecordingDigest, hash_labels, hash_rater_files
from behavior.learning.crossval_folder import CrossvalContent, write_crossval
from behavior.learning.out_of_fold import FoldRecord
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities, Track
from behavior.reporting.score_files import score_annotations

FPS = 10
N_FRAMES = 60
BEHAVIORS = ("groom", "rear")
# First and last frame of each bout of grooming, and its probability, least sure first.
BOUTS = {"r0": (10, 19, 0.95), "r1": (20, 29, 0.62), "r2": (30, 39, 0.8)}
# A recording of another study.
ELSEWHERE = {"m9": (10, 19, 0.9)}


def annotate(name: str, *, threshold: float = 0.5, **provenance: object) -> Annotation:
    start, stop, said = (BOUTS | ELSEWHERE)[name]
    probabilities = np.full((N_FRAMES, 2), 0.1, dtype=np.float32)
    probabilities[start : stop + 1, 0] = said
    time_s = np.arange(N_FRAMES) / FPS
    decided = Ethogram(probabilities >= threshold, BEHAVIORS, time_s)
    settings = {"postprocess": {"threshold": threshold}, "fps": FPS, "versions": {"python": "3.11.1", "keras": "3.15.0"}}
    return Annotation(
        name, Probabilities(probabilities, BEHAVIORS, time_s), decided, decided, Provenance.model_validate({**settings, **provenance})
    )


def label(name: str) -> Labels:
    start, stop, _ = (BOUTS | ELSEWHERE)[name]
    values = np.zeros((N_FRAMES, 2), dtype=np.int8)
    values[start : stop + 1, 0] = 1
    values[:5, 1] = 1
    return Labels(values, BEHAVIORS)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Three recordings with videos of a white square that goes to the right, ethograms, and labels by two raters; r0 is for training."""
    rows = []
    for number, name in enumerate(BOUTS):
        images = np.zeros((N_FRAMES, 64, 96, 3), dtype=np.uint8)
        for frame in range(N_FRAMES):
            images[frame, 28:36, frame : frame + 8] = 255
        write_video(tmp_path / f"{name}.mp4", images, fps=FPS, preset="ultrafast")
        positions = np.column_stack((np.arange(N_FRAMES) + 4.0, np.full(N_FRAMES, 32.0)))[:, None, :]
        write_deeplabcut(tmp_path / f"{name}DLC.csv", Track(positions, np.ones((N_FRAMES, 1)), ("body",)), scorer="s")
        for rater in ("", "_ann"):
            table = pd.DataFrame(label(name).values, columns=list(BEHAVIORS))
            if rater:
                # She begins a bout two frames late.
                table.loc[: BOUTS[name][0] + 1, "groom"] = 0
            table.insert(0, "frame", np.arange(N_FRAMES))
            table.to_csv(tmp_path / f"{name}_labels{rater}.csv", index=False)
        write_annotation(tmp_path / "ethograms", annotate(name, learned_from=name == "r0"))
        files = [f"{name}.mp4", f"{name}DLC.csv", f"{name}_labels.csv", f"{name}_labels.csv", f"{name}_labels_ann.csv"]
        rows.append((name, *files, "drug" if number else "saline"))
    columns = ["recording", "video", "pose", "labels", "labels_ben", "labels_ann", "group"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "recordings.csv", index=False)
    study = {"behaviors": list(BEHAVIORS), "crop": {"body_part": "body", "size": 16}, "training": {"seed": 7}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    return tmp_path


def cross_validate(lab: Path, study: Study | None = None, *, recordings: Sequence[str] = tuple(BOUTS)) -> Path:
    """Write what a cross-validation of `recordings` would have left."""
    folder = lab / "crossval"
    folder.mkdir()
    manifest = {recording.id: recording for recording in read_manifest(lab / "recordings.csv")}
    annotations = [annotate(name) for name in recordings]
    labels = {name: label(name) for name in recordings}
    digests = [
        RecordingDigest(
            recording=name,
            animal=name,
            n_frames=N_FRAMES,
            broke_off=False,
            labels=hash_labels(labels[name]),
            raters=hash_rater_files(manifest[name]) if name in manifest else {},
            # Nothing was embedded here.
            features=[FeatureDigest(content="", streams=[])],
        )
        for name in recordings
    ]
    metrics = score_annotations(annotations, labels)
    content = CrossvalContent(
        study=study or read_study(lab / "study.yaml"),
        recordings=digests,
        annotations=annotations,
        labels=labels,
        out_of_fold={annotation.recording: annotation.probabilities.values for annotation in annotations},
        folds=[FoldRecord(name, "groom", "0", "r1", 3, 8, "") for name in recordings],
        metrics=metrics,
        summary="# Cross-validation\n",
        ceiling=None,
        decisions=None,
        reliability=pd.DataFrame(),
        learning_curve=None,
        pictures={},
        computing_time=pd.DataFrame({"step": ["train"], "metric": ["seconds"], "value": [1.5]}),
    )
    write_crossval(folder, content)
    return folder


def remove_ethograms(lab: Path) -> None:
    for path in (lab / "ethograms").iterdir():
        path.unlink()


def read_words(path: Path) -> str:
    """Return the words of a page, tags and pictures left out."""
    text = re.sub(r"<style>.*?</style>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text))).replace("\N{NO-BREAK SPACE}", " ")


def test_a_study_with_all_results(run: Callable, lab: Path) -> None:
    cross_validate(lab)
    ran = run("report", lab / "study.yaml", "--out", lab / "report.html", "--json")
    assert ran.status == 0, ran.err
    result = json.loads(ran.out)
    assert [row["section"] for row in result["rows"]] == [
        "Overview",
        "What was done",
        "Data check",
        "Cross-validation",
        "Scores on held-out recordings",
        "Ethograms",
        "Statistics",
        "The bouts the model is least sure of",
        "Computing time",
        "Methods paragraph",
    ]
    assert result["notes"] == []
    text = (lab / "report.html").read_text(encoding="utf-8")
    assert result["bytes"] == len(text.encode())
    addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert all(address.startswith(("#", "data:")) for address in addresses)
    # Two pairs of scores, a raster, curves, transitions, lengths, three trajectories, three strips; reliability was not written.
    assert sum(address.startswith("data:") for address in addresses) == 14
    words = read_words(lab / "report.html")
    assert (
        "Ethograms of 2 labelled recordings that the model was not trained on: r1, r2. 1 other is a training recording, and not scored"
        in words
    )
    # Precision and recall of the two are perfect; nobody decided on rearing, which is in 5 of 60 frames.
    assert "Average precision on held-out recordings: groom 1.000, rear 0.083" in words
    assert "person / others" in words
    assert "leaving out one recording after the other (3 folds)" in words
    assert "a square of 16 x 16 pixels around body" in words
    assert "(seed 7)" in words
    assert "keras 3.15.0" in words
    assert re.search(r"study\.yaml [0-9a-f]{32}", words)
    assert "saline" in words


def test_ethograms_alone(run: Callable, lab: Path) -> None:
    ran = run("report", lab / "ethograms", "--out", lab / "out" / "report.html", "--no-check")
    assert ran.status == 0, ran.err
    words = read_words(lab / "out" / "report.html")
    assert "Data check" not in words
    assert "no ethogram of a labelled recording that the model was not trained on: no scores" in words
    # No manifest, no video: the bouts are listed all the same, the least sure first.
    assert re.search(r"1 groom r1 0:02\.0 0:03\.0 20 to 29 0\.62 0\.50", words)
    assert "No pictures of r1, r2, r0: there is no video." in words


def test_what_is_missing_is_said(run: Callable, lab: Path) -> None:
    remove_ethograms(lab)
    ran = run("report", lab / "study.yaml", "--out", lab / "report.html", "--json")
    assert ran.status == 0, ran.err
    notes = json.loads(ran.out)["notes"]
    assert len(notes) == 2
    assert "No ethograms" in notes[0]
    assert "No cross-validation was found" in notes[1]
    assert all(note in read_words(lab / "report.html") for note in notes)


def test_another_studys_cross_validation_is_left_out(run: Callable, lab: Path) -> None:
    cross_validate(lab, recordings=["m9"])
    remove_ethograms(lab)
    ran = run("report", lab / "study.yaml", "--out", lab / "report.html", "--no-check")
    assert ran.status == 0, ran.err
    assert "is the cross-validation of another study" in ran.err
    assert "folds)" not in read_words(lab / "report.html")


def test_a_cross_validation_of_other_settings_is_left_out_and_what_differs_is_named(run: Callable, lab: Path) -> None:
    study = read_study(lab / "study.yaml")
    folder = cross_validate(lab, study.model_copy(update={"training": study.training.model_copy(update={"seed": 8})}))
    remove_ethograms(lab)
    ran = run("report", lab / "study.yaml", "--out", lab / "report.html", "--no-check")
    assert ran.status == 0, ran.err
    assert "what differs: training: seed; cross-validate again." in ran.err
    words = read_words(lab / "report.html")
    assert "what differs: training: seed" in words
    assert "folds)" not in words
    named = run("report", lab / "study.yaml", "--crossval", folder, "--out", lab / "named.html", "--no-check")
    assert named.status == 2
    assert "what differs: training: seed; cross-validate again, or leave out --crossval." in named.err
    assert not (lab / "named.html").exists()


def test_a_model_that_is_gone_or_changed_is_not_described(run: Callable, lab: Path) -> None:
    for name in BOUTS:
        write_annotation(lab / "ethograms", annotate(name, model={"folder": str(lab / "model"), "hash": "0" * 32}))
    ran = run("report", lab / "ethograms", "--out", lab / "report.html")
    assert ran.status == 0, ran.err
    assert f"is not at {lab / 'model'} any more" in ran.err


def test_what_may_be_a_training_recording_is_not_scored(run: Callable, lab: Path) -> None:
    write_annotation(lab / "ethograms", annotate("r1"))
    ran = run("report", lab / "study.yaml", "--out", lab / "report.html", "--no-check")
    assert ran.status == 0, ran.err
    assert "Ethogram of 1 labelled recording that the model was not trained on: r2." in read_words(lab / "report.html")


def test_a_video_that_is_broken_costs_its_pictures_only(run: Callable, lab: Path) -> None:
    (lab / "r1.mp4").write_bytes(b"not a video")
    ran = run("report", lab / "study.yaml", "--out", lab / "report.html", "--no-check")
    assert ran.status == 0, ran.err
    words = read_words(lab / "report.html")
    assert re.search(r"No pictures of r1: \S+r1\.mp4: is not a video", words)
    assert (lab / "report.html").read_text(encoding="utf-8").count("data:image/jpeg") == 2


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["study.yaml", "--out", "report.pdf"], 2, "expected a file for the report, such as report.html"),
        (["study.yaml", "--out", "there.html"], 1, "is there already"),
        (["study.yaml", "ethograms", "--study", "study.yaml", "--out", "a.html"], 2, "2 study files"),
        (["nowhere", "--out", "a.html"], 1, "does not exist"),
        (["study.yaml", "--crossval", "ethograms", "--out", "a.html"], 2, "give the folder that `behavior crossval"),
        (["study.yaml", "--model", "ethograms", "--out", "a.html"], 1, "bundle.yaml"),
        (["study.yaml", "--bin", "0s", "--out", "a.html"], 2, "expected a length above 0"),
    ],
)
def test_what_cannot_be_done_is_refused(
    run: Callable, lab: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, message: str
) -> None:
    monkeypatch.chdir(lab)
    (lab / "there.html").write_text("mine")
    ran = run("report", *arguments)
    assert ran.status == status
    assert message in ran.err
    assert (lab / "there.html").read_text() == "mine"
    assert not (lab / "a.html").exists()
