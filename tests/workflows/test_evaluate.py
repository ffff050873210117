"""`evaluate`: scores of ethograms, with the human ceiling next to them."""

import json

import numpy as np
import pandas as pd
import pytest
from rater_samples import BEHAVIORS, DELAYS, FPS, N_FRAMES, make_labels, write_ethogram, write_rater_folders

from behavior.errors import UsageError
from behavior.files.ethograms import write_annotation
from behavior.files.frame_tables import write_frame_table
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities
from behavior.workflows.evaluate import evaluate_ethograms


@pytest.fixture
def raters(tmp_path):
    """A folder of bout tables for each of three raters of three recordings."""
    return write_rater_folders(tmp_path / "raters")


def test_evaluate_shows_the_ceiling_beside_the_model(run, raters, tmp_path):
    for number in range(3):
        write_ethogram(tmp_path / "ethograms", number, delay=3)
    options = [word for folder in raters for word in ("--rater", folder)]
    ran = run("evaluate", tmp_path / "ethograms", "--labels", raters[0], *options, "--out", tmp_path / "scores", "--json")
    assert ran.status == 0, ran.err
    row = json.loads(ran.out)["rows"][0]
    assert row["f1"] == pytest.approx(9 / 12)
    assert {"f2", "segment_f1_50", "kappa", "average_precision"} <= set(row)
    summary = (tmp_path / "scores" / "summary.md").read_text()
    assert summary.count("human ceiling") == 2
    assert "each of 3 raters" in summary
    ceiling = pd.read_csv(tmp_path / "scores" / "ceiling.csv")
    assert set(ceiling.behavior) == set(BEHAVIORS)
    metrics = pd.read_csv(tmp_path / "scores" / "metrics.csv")
    pooled = metrics[(metrics.recording == "pooled") & (metrics.behavior == "rear")].set_index("metric")
    assert pooled.value["latency_error_s"] == pytest.approx(0.3)
    # Three recordings are too few for an interval.
    assert np.isnan(pooled.low["f1"])

    assert run("evaluate", tmp_path / "ethograms", "--labels", raters[0], "--out", tmp_path / "scores", "--overwrite").status == 0
    assert "human ceiling" not in (tmp_path / "scores" / "summary.md").read_text()
    assert not (tmp_path / "scores" / "ceiling.csv").exists()
    alone = run("evaluate", tmp_path / "ethograms", "--labels", raters[0], "--rater", raters[1], "--out", tmp_path / "alone")
    assert alone.status == 2
    assert "at least two" in alone.err


def test_raters_of_a_video_that_broke_off_are_cut_like_the_labels(run, raters, tmp_path):
    for folder in raters:
        write_frame_table(folder / "r0.csv", make_labels(0, DELAYS[folder.name]))
    arguments = ["evaluate", tmp_path / "ethograms", "--labels", raters[0], "--rater", raters[0], "--rater", raters[1]]
    for broke_off, status in ((True, 0), (False, 2)):
        write_ethogram(tmp_path / "ethograms", 0, n_frames=N_FRAMES - 30, provenance=Provenance(broke_off=broke_off))
        ran = run(*arguments, "--out", tmp_path / "scores", "--overwrite")
        assert ran.status == status, ran.err
        assert ("breaks off" in ran.err) == broke_off


def test_an_ethogram_without_labels_fails_and_the_rest_is_scored(raters, tmp_path):
    for number in range(2):
        write_ethogram(tmp_path / "ethograms", number)
    (raters[0] / "r1.csv").unlink()
    result = evaluate_ethograms([tmp_path / "ethograms"], raters[0], tmp_path / "scores")
    ((path, sentence),) = result.failures.items()
    assert path.endswith("r1_ethogram.csv")
    assert f"{raters[0]} holds no label file named after 'r1'; it is not scored." in sentence
    metrics = result.metrics.set_index(["recording", "behavior", "metric"])["value"]
    assert metrics["r0", "rear", "f1"] == 1
    assert "r1" not in metrics.index
    (raters[0] / "r0.csv").unlink()
    with pytest.raises(UsageError, match="none of the ethograms could be scored"):
        evaluate_ethograms([tmp_path / "ethograms"], raters[0], tmp_path / "scores", overwrite=True)


def test_a_training_recording_is_noted(raters, tmp_path):
    write_ethogram(tmp_path / "ethograms", 0, provenance=Provenance(learned_from=True))
    evaluate_ethograms([tmp_path / "ethograms"], raters[0], tmp_path / "scores")
    summary = (tmp_path / "scores" / "summary.md").read_text()
    assert "r0 is a training recording of this model; its scores do not measure the model's accuracy." in summary


def test_ethograms_that_do_not_go_together_are_refused(raters, tmp_path):
    write_ethogram(tmp_path / "a", 0)
    write_ethogram(tmp_path / "b", 0)
    with pytest.raises(UsageError, match="another ethogram of 'r0' was given before"):
        evaluate_ethograms([tmp_path / "a", tmp_path / "b"], raters[0], tmp_path / "scores")
    times = np.arange(3) / FPS
    other = Ethogram(np.zeros((3, 1), bool), ("sniff",), times)
    write_annotation(tmp_path / "b", Annotation("r1", Probabilities(np.zeros((3, 1), np.float32), ("sniff",), times), other, other))
    (tmp_path / "labels").mkdir()
    for number, name in enumerate(("rear", "sniff")):
        (tmp_path / "labels" / f"r{number}.csv").write_text(f"behavior,start_frame,stop_frame\n{name},0,2\n")
    (tmp_path / "b" / "r0_ethogram.csv").unlink()
    with pytest.raises(UsageError, match="has the behaviors sniff, those before it rear, groom; evaluate ethograms of one model"):
        evaluate_ethograms([tmp_path / "a", tmp_path / "b"], tmp_path / "labels", tmp_path / "scores")
