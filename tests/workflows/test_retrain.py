"""Training from the page: labels, cross-validation, model, score and predictions of a small study of imported features."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import LabelError, OutputError
from behavior.files.claims import claim_file
from behavior.files.clip_queue import QueuedClip, add_clips
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.files.study import open_study
from behavior.files.training_rounds import ALL_FRAMES, RANDOM_CLIPS, read_rounds
from behavior.progress import collect_warnings
from behavior.recording import Annotation, Ethogram, Probabilities
from behavior.workflows.retrain import predict_missing, retrain_study


def label_part(study: Path, recording: str, start: int, stop: int) -> None:
    """Keep the labels of some frames of a recording."""
    path = study.parent / f"{recording}_labels.csv"
    table = pd.read_csv(path)
    table.loc[(table["frame"] < start) | (table["frame"] >= stop), ["rear", "jump"]] = -1
    table.to_csv(path, index=False)


def forget_labels(study: Path, *recordings: str) -> None:
    manifest = study.parent / "recordings.csv"
    text = manifest.read_text()
    for recording in recordings:
        text = text.replace(f"{recording}_labels.csv", "")
    manifest.write_text(text)


@pytest.mark.usefixtures("unpainted")
def test_two_rounds_are_trained_scored_and_predicted(motifs: Path) -> None:
    for name in ("r0", "r1", "r2"):
        label_part(motifs, name, 40, 160)
    forget_labels(motifs, "r3")
    _, recordings = open_study(motifs)
    # Somebody else's ethogram of one of them.
    times = np.arange(240) / 10
    values = np.full((240, 2), 0.25, np.float32)
    decided = Ethogram(values > 0.5, ("rear", "jump"), times)
    earlier = Annotation("r3", Probabilities(values, ("rear", "jump"), times), decided, decided)
    write_annotation(motifs.parent / "ethograms", earlier)
    before = {path: path.read_bytes() for path in motifs.parent.glob("*_labels.csv")}

    said = retrain_study("", motifs)

    folder = motifs.parent / "training"
    (first,) = read_rounds(folder / "rounds.csv")
    assert (first.number, first.recordings, first.scored_on) == (1, 3, ALL_FRAMES)
    assert first.minutes_labelled == pytest.approx(3 * 120 / 10 / 60)
    assert first.behaviors == ("rear", "jump")
    assert said.startswith("Round 1: 0.6 minutes labelled in 3 recordings, mean average precision")
    ethograms = motifs.parent / "ethograms"
    for recording in recordings:
        annotation = read_annotation(ethograms / f"{recording.id}_ethogram.csv")
        assert annotation.provenance.model is not None
        assert Path(annotation.provenance.model.folder or "") == folder / "round_01" / "model"
    # The features tell the behavior.
    features = np.load(motifs.parent / "features" / "r3.npz")["features"][:, 0]
    assert np.corrcoef(read_annotation(ethograms / "r3_ethogram.csv").probabilities.values[:, 0], features)[0, 1] > 0.5
    kept = read_annotation(folder / "earlier_ethograms" / "r3_ethogram.csv")
    assert np.array_equal(kept.probabilities.values, values)
    assert {path: path.read_bytes() for path in before} == before

    # A run that was stopped after its cross-validation goes on from there; labels have not changed.
    written = (folder / "round_01" / "crossval" / "crossval.json").stat().st_mtime_ns
    (folder / "rounds.csv").unlink()
    retrain_study("", motifs)
    assert (folder / "round_01" / "crossval" / "crossval.json").stat().st_mtime_ns == written
    assert [one.scores for one in read_rounds(folder / "rounds.csv")] == [first.scores]

    add_clips(motifs.parent / "clips.csv", [QueuedClip(f"r{number}", 50, 150, "drawn at random", True, "done") for number in range(3)])
    retrain_study("", motifs)
    _, second = read_rounds(folder / "rounds.csv")
    assert (second.number, second.scored_on) == (2, RANDOM_CLIPS)
    assert second.minutes_scored == pytest.approx(3 * 100 / 10 / 60)
    assert (folder / "round_01" / "model" / "bundle.yaml").exists()
    # A model that is handed in predicts what has no ethogram.
    for path in ethograms.glob("r3_*"):
        path.unlink()
    said = predict_missing(folder / "round_02" / "model", recordings[3:4], motifs, motifs.parent)
    assert said == "1 recording is predicted by model."
    assert read_annotation(ethograms / "r3_ethogram.csv").behaviors == ("rear", "jump")
    # What our own rounds predicted is not kept.
    assert sorted(path.name for path in (folder / "earlier_ethograms").iterdir()) == ["r3_bouts.csv", "r3_ethogram.csv", "r3_ethogram.json"]


@pytest.mark.usefixtures("unpainted")
def test_one_recording_is_trained_on_without_a_score(motifs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_labels(motifs, "r1", "r2", "r3")
    # A round that was stopped leaves part of a model.
    leftover = motifs.parent / "training" / "round_01" / "model" / "bundle.yaml"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half of it")
    with collect_warnings() as warnings:
        said = retrain_study("", motifs)
    assert any(sentence.startswith("only one recording is labelled, so the model cannot be scored") for sentence in warnings)
    assert "no score" in said
    (only,) = read_rounds(motifs.parent / "training" / "rounds.csv")
    assert (only.scored_on, only.scores, only.recordings) == ("", (), 1)
    assert (motifs.parent / "ethograms" / "r3_ethogram.csv").exists()


def test_too_few_labels_are_refused_by_what_is_missing(motifs: Path) -> None:
    for number in range(4):
        path = motifs.parent / f"r{number}_labels.csv"
        table = pd.read_csv(path)
        table[["rear", "jump"]] = table[["rear", "jump"]].clip(upper=0)
        table.to_csv(path, index=False)
    with pytest.raises(LabelError, match="too few labels to train on: rear has no bout yet; jump has no bout yet"):
        retrain_study("", motifs)
    forget_labels(motifs, "r0", "r1", "r2", "r3")
    with pytest.raises(LabelError, match="rear has no bout yet; jump has no bout yet"):
        retrain_study("", motifs)
    with pytest.raises(LabelError, match="rear has no bout yet"):
        retrain_study("anna", motifs)


def test_a_study_is_trained_by_one_process_at_a_time(motifs: Path) -> None:
    taken: list[str] = []

    def train() -> None:
        try:
            retrain_study("", motifs)
        except OutputError as error:
            taken.append(str(error))

    with claim_file(motifs.parent / "training" / "rounds.csv") as is_mine:
        assert is_mine
        thread = threading.Thread(target=train)
        thread.start()
        thread.join()
    assert "is training this study; wait for it." in taken[0]


@pytest.mark.usefixtures("unpainted")
def test_a_round_of_a_study_that_samples_is_of_every_frame(motifs: Path) -> None:
    motifs.write_text(motifs.read_text() + "\nsampling: {fps: 5}\n")
    for name in ("r0", "r1", "r2"):
        label_part(motifs, name, 40, 160)
    retrain_study("", motifs)
    (first,) = read_rounds(motifs.parent / "training" / "rounds.csv")
    assert first.minutes_labelled == pytest.approx((3 * 120 + 240) / 10 / 60)
    for name in ("r0", "r1", "r2", "r3"):
        annotation = read_annotation(motifs.parent / "ethograms" / f"{name}_ethogram.csv")
        assert len(annotation.time_s) == 240
        assert annotation.fps == pytest.approx(10)
