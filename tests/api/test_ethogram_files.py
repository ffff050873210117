"""Commands on files of ethograms: the same files as the commands write, and tables of what they print."""

import pandas as pd
import pytest

import behavior as bh


def test_deciding_again_counts_bouts_and_leaves_probabilities(folder):
    outcome = bh.decide_ethograms("ethograms", threshold={"grooming": 0.99}, closing_s=0.5, out="decided")
    assert list(outcome.table) == ["recording", "grooming", "mid_rearing", "wall_rearing"]
    assert outcome.table["recording"].tolist() == ["mouse_01", "mouse_02", "mouse_03", "mouse_04"]
    decided = bh.read_ethogram("decided/mouse_04_ethogram.csv")
    assert len(decided.bouts().query("behavior == 'mid_rearing'")) == outcome.table["mid_rearing"].iloc[-1]
    assert (decided.probabilities == bh.read_ethogram("ethograms/mouse_04_ethogram.csv").probabilities).all()


def test_evaluating_returns_all_scores(folder):
    evaluation = bh.evaluate_ethograms(["ethograms/mouse_04_ethogram.csv"], "videos", "scores", study="study.yaml")
    pd.testing.assert_frame_equal(evaluation.metrics, pd.read_csv("scores/metrics.csv"))
    assert evaluation.table["behavior"].tolist() == ["grooming", "mid_rearing", "wall_rearing"]
    with pytest.raises(bh.OutputError, match="holds results already"):
        bh.evaluate_ethograms("ethograms", "videos", "scores")


def test_exporting_lists_the_files(folder):
    outcome = bh.export_ethograms("ethograms", ["bouts", "simba"], "exports")
    assert outcome.table["format"].value_counts().to_dict() == {"bouts": 1, "simba": 4}
    assert all((folder / file).is_file() for file in outcome.table["file"])
    with pytest.raises(bh.UsageError, match="did you mean 'simba'"):
        bh.export_ethograms("ethograms", "simbaa", "exports")


def test_describing_returns_the_tables(folder):
    statistics = bh.describe_ethograms("ethograms", "described", bin_s=20, study=bh.open_study("study.yaml"), figures=False)
    assert set(statistics.bouts["bin"].dropna()) == {0.0, 20.0}
    assert set(statistics.transitions["recording"]) == {"mouse_01", "mouse_02", "mouse_03", "mouse_04"}
    assert statistics.groups is None
    assert statistics.assumptions == ""
    assert statistics.table["behavior"].tolist() == ["grooming", "mid_rearing", "wall_rearing"]
    assert (folder / "described" / "statistics.md").is_file()


def test_overlays_are_drawn(folder):
    outcome = bh.draw_overlays("ethograms/mouse_04_ethogram.csv", "overlays", start_s=1, stop_s=1.5, video=False)
    assert outcome.table[["recording", "frames"]].to_numpy().tolist() == [["mouse_04", 5]]
    assert (folder / "overlays" / "mouse_04_overlay.mp4").is_file()


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(bh.EthogramError, match="does not exist"):
        bh.decide_ethograms(tmp_path / "none")
