"""One recording's ethogram: what it holds, what is made of it, and where it is written."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import behavior as bh
from behavior.api.ethogram import RecordingEthogram
from behavior.recording import Annotation, Ethogram, Probabilities

BEHAVIORS = ("grooming", "rearing")


@pytest.fixture
def made():
    """Five frames of two behaviors at ten frames a second."""
    probabilities = np.array([[0.9, 0.1], [0.2, 0.1], [0.9, 0.7], [0.4, 0.8], [0.1, 0.1]], dtype=np.float32)
    time_s = np.arange(5) / 10
    decided = Ethogram(probabilities >= 0.5, BEHAVIORS, time_s)
    return RecordingEthogram(Annotation("m1", Probabilities(probabilities, BEHAVIORS, time_s), decided, decided))


def label(values, behaviors=BEHAVIORS):
    return bh.RecordingLabels("m1", bh_labels(values, behaviors), np.arange(len(values)) / 10)


def bh_labels(values, behaviors):
    from behavior.recording import Labels

    return Labels(np.array(values, dtype=np.int8), behaviors)


def test_it_holds_arrays_and_names(made):
    assert (made.recording, made.behaviors, round(made.fps, 6)) == ("m1", BEHAVIORS, 10.0)
    assert made.values.astype(int).T.tolist() == [[1, 0, 1, 0, 0], [0, 0, 1, 1, 0]]
    assert made.probabilities.dtype == np.float32
    assert made.time_s.tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.notes = ("other",)


def test_deciding_again_returns_another(made):
    closed = made.decide(threshold={"grooming": 0.3}, closing_s=0.2, min_bout_frames={"rearing": 3})
    assert closed.values.astype(int).T.tolist() == [[1, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    assert made.values.astype(int).T.tolist() == [[1, 0, 1, 0, 0], [0, 0, 1, 1, 0]]
    with pytest.raises(bh.UsageError, match="did you mean 'grooming'"):
        made.decide(threshold={"groming": 0.3})


def test_tables_are_those_of_the_files(made, tmp_path):
    path = made.save(tmp_path / "out")
    assert path == tmp_path / "out" / "m1_ethogram.csv"
    pd.testing.assert_frame_equal(made.to_frame(), pd.read_csv(path), check_dtype=False)
    pd.testing.assert_frame_equal(made.bouts(), pd.read_csv(tmp_path / "out" / "m1_bouts.csv"))
    assert made.bouts()[["behavior", "start_frame", "stop_frame"]].to_numpy().tolist() == [
        ["grooming", 0, 1],
        ["grooming", 2, 3],
        ["rearing", 2, 4],
    ]


def test_what_is_saved_is_read_back(made, tmp_path):
    read = bh.read_ethogram(str(made.save(str(tmp_path))))
    assert np.array_equal(read.probabilities, made.probabilities)
    assert np.array_equal(read.values, made.values)
    assert read.recording == "m1"


def test_decisions_are_replaced_and_other_probabilities_are_not(made, tmp_path):
    made.save(tmp_path)
    made.decide(threshold=0.05).save(tmp_path)
    assert bh.read_ethogram(tmp_path / "m1_ethogram.csv").values[:, 0].all()
    probabilities = Probabilities(made.probabilities / 2, BEHAVIORS, made.time_s)
    other = RecordingEthogram(dataclasses.replace(made.annotation, probabilities=probabilities))
    with pytest.raises(bh.OutputError, match="overwrite=True to replace it"):
        other.save(tmp_path)
    other.save(tmp_path, overwrite=True)
    assert bh.read_ethogram(tmp_path / "m1_ethogram.csv").probabilities.max() < 0.5


def test_it_is_scored_against_labels(made):
    metrics = made.score(label([[1, 0], [1, 0], [1, 1], [0, 1], [-1, 0]])).query("recording == 'm1'").set_index(["behavior", "metric"])
    assert metrics.loc[("grooming", "recall"), "value"] == pytest.approx(2 / 3)
    assert metrics.loc[("grooming", "n_frames"), "value"] == 4
    assert metrics.loc[("rearing", "f1"), "value"] == 1.0


def test_labels_may_have_further_behaviors_in_another_order(made):
    metrics = made.score(label([[9 - 9, 0, 1]] * 5, ("jumping", "rearing", "grooming")))
    assert set(metrics["behavior"]) == set(BEHAVIORS)
    with pytest.raises(ValueError, match="have no rearing"):
        made.score(label([[1]] * 5, ("grooming",)))


def test_it_is_drawn(made):
    figure = made.plot()
    assert isinstance(figure, Figure)
    assert figure.get_suptitle() == "m1"
    assert made.plot(labels=label([[1, 0]] * 5), title="known").get_suptitle() == "known"
    with pytest.raises(ValueError, match="labels have shape"):
        made.plot(labels=label([[1, 0]] * 4))


def test_it_shows_what_it_is(made):
    lines = repr(made).splitlines()
    assert lines[0] == "Ethogram of m1: 5 frames, 10 frames/s"
    assert lines[2].split() == ["grooming", "2", "0.2", "0.4"]
    assert "<table" in made._repr_html_()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(bh.EthogramError, match="nowhere_ethogram"):
        bh.read_ethogram(tmp_path / "nowhere_ethogram.csv")
