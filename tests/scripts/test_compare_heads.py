"""The comparison of heads: what follows from stored predictions has known answers, and a run ends with its tables."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import compare_heads as script
import numpy as np
import pytest

from behavior.config import Study
from behavior.metrics.frames import average_precision
from behavior.recording import Labels, Recording

SHOWN = np.array([[1, 0], [1, 0], [0, 1], [0, 0], [0, 1], [0, 0]], dtype=np.int8)


def predict(right: int) -> np.ndarray:
    """Return predictions that are right about one behavior and wrong about the other."""
    values = np.where(SHOWN == 1, 0.9, 0.1)
    values[:, 1 - right] = 1 - values[:, 1 - right]
    return values.astype(np.float32)


def test_the_better_member_is_chosen_for_each_behavior() -> None:
    labels = [SHOWN] * 3
    members = [script.Compared("a", [predict(0)] * 3), script.Compared("b", [predict(1)] * 3)]
    mean, chosen, weighted = script.combine(labels, members)
    assert (mean.name, chosen.name, weighted.name) == ("mean of a and b", "the better of a and b", "weights of a and b")
    np.testing.assert_allclose(mean.predictions[0], 0.5)
    for values in chosen.predictions:
        np.testing.assert_allclose(values, np.where(SHOWN == 1, 0.9, 0.1), rtol=1e-6)
    # Three quarters of the member that is right rank frames as well as all of it, and come first.
    for values in weighted.predictions:
        np.testing.assert_allclose(values, np.where(SHOWN == 1, 0.7, 0.3), rtol=1e-6)


def test_weights_are_those_with_which_other_recordings_are_ranked_best() -> None:
    labels = [np.array([[1], [1], [0], [0]], dtype=np.int8)] * 2
    first = [np.array([[0.9], [0.1], [0.8], [0.0]], dtype=np.float32)] * 2
    second = [np.array([[0.3], [0.9], [0.1], [0.4]], dtype=np.float32)] * 2
    mean, _, weighted = script.combine(labels, [script.Compared("a", first), script.Compared("b", second)])
    np.testing.assert_allclose(mean.predictions[0][:, 0], [0.6, 0.5, 0.45, 0.2], rtol=1e-6)
    np.testing.assert_allclose(weighted.predictions[0], mean.predictions[0])
    # Of a first member that is worse, less is taken.
    worse = [values + np.array([[0], [0], [0.2], [0]], dtype=np.float32) for values in first]
    _, _, weighted = script.combine(labels, [script.Compared("a", worse), script.Compared("b", second)])
    np.testing.assert_allclose(weighted.predictions[1][:, 0], [0.45, 0.7, 0.325, 0.3], rtol=1e-6)


def test_a_choice_does_not_see_what_it_is_scored_on() -> None:
    """The first member is right about the first recording alone, so that the others choose the second."""
    members = [
        script.Compared("a", [predict(0), predict(1), predict(1)]),
        script.Compared("b", [predict(1), predict(0), predict(0)]),
    ]
    _, chosen, _ = script.combine([SHOWN] * 3, members)
    np.testing.assert_array_equal(chosen.predictions[0][:, 0], predict(1)[:, 0])


def test_individuals_of_one_video_are_one_unit() -> None:
    recordings = [
        Recording("a", video=Path("one.mp4"), animal="m1"),
        Recording("b", pose=Path("two.csv"), animal="m2"),
        Recording("c", video=Path("one.mp4"), animal="m3"),
        Recording("d", pose=Path("two.csv"), animal="m1"),
        Recording("e", animal="m4"),
    ]
    assert script.group_recordings(recordings, "recording") == [["a", "c"], ["b", "d"], ["e"]]
    assert script.group_recordings(recordings, "animal") == [["a", "d"], ["b"], ["c"], ["e"]]


def test_recordings_of_one_unit_are_joined_without_joining_bouts() -> None:
    shown = np.array([[0], [1]], dtype=np.int8)
    results = SimpleNamespace(
        labels={name: Labels(shown, ("rear",)) for name in "abc"},
        out_of_fold={name: np.full((2, 1), number, dtype=np.float32) for number, name in enumerate("abc")},
    )
    manifest = [Recording(name, animal=animal) for name, animal in (("a", "m1"), ("b", "m2"), ("c", "m1"), ("unlabelled", "m1"))]
    labels, predictions = script.join_recordings(results, manifest, "animal")
    assert [values[:, 0].tolist() for values in labels] == [[0, 1, -1, 0, 1], [0, 1]]
    np.testing.assert_array_equal(predictions[0][:, 0], [0, 0, np.nan, 2, 2])
    np.testing.assert_array_equal(predictions[1][:, 0], [1, 1])


def test_of_behaviors_that_exclude_each_other_the_most_probable_stays() -> None:
    values = np.array([[0.2, 0.9, 0.3], [0.5, 0.4, 0.9], [np.nan, 0.1, 0.2]], dtype=np.float32)
    (excluded,) = script.exclude([values], [0, 1])
    np.testing.assert_array_equal(excluded, np.array([[0, 0.9, 0.3], [0.5, 0, 0.9], [0, 0.1, 0.2]], dtype=np.float32))


def test_f1_is_at_the_threshold_of_the_other_recordings() -> None:
    truth = np.array([1, 1, 0, 0], dtype=np.int8)
    high, low = np.array([0.9, 0.9, 0.7, 0.7]), np.array([0.6, 0.6, 0.1, 0.1])
    once = np.ones((1, 2), dtype=np.int64)
    assert script.resample_f1([truth, truth], [high, high], once).tolist() == [1.0]
    # The best threshold of each decides all of the other wrong: two of four at .12, none at .72.
    assert script.resample_f1([truth, truth], [high, low], once)[0] == pytest.approx(2 * 2 / (4 + 4))


def test_a_setting_keeps_what_it_does_not_name() -> None:
    study = Study.model_validate({"behaviors": ["rear"], "streams": ["a"], "head": {"kind": "lstm", "units": 7}})
    assert script.change_study(study, {"head": {"dropout": 0.6}}).head.model_dump(include={"units", "dropout"}) == {
        "units": 7,
        "dropout": 0.6,
    }
    assert script.change_study(study, {"head": script.BOOSTING}).head.kind == "boosting"
    assert script.change_study(study, {}) == study


def test_a_run_prints_and_writes_tables(
    write_study, unpainted: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    labels = {name: (rng.random((20, 2)) < 0.4).repeat(10, axis=0).astype(int) for name in "abc"}
    features = {name: (rng.normal(size=(200, 2)) + 2 * shown).astype(np.float32) for name, shown in labels.items()}
    head = {"kind": "boosting", "trees": 4, "min_frames": 5}
    study = write_study(tmp_path, labels, {"motifs": features}, head=head)
    monkeypatch.setattr(
        sys, "argv", ["x", str(study), "--out", str(tmp_path / "heads"), "--only", "boosting", "--exclusive", "rear", "jump"]
    )
    script.main()
    text = (tmp_path / "heads" / "heads.md").read_text()
    assert text in capsys.readouterr().out
    rows = [line for line in text.splitlines() if line.startswith(("| own", "| boosting", "| mean of", "| the better", "| weights of"))]
    assert len(rows) == 2 * 10
    own = script.read_crossval(tmp_path / "heads" / "own")
    truth = np.concatenate([own.labels[name].values[:, 0] for name in own.recordings])
    said = np.concatenate([own.out_of_fold[name][:, 0] for name in own.recordings])
    assert f"{average_precision(truth, said):.3f}" in rows[0]
    # What is there is not computed again.
    monkeypatch.setattr(script, "cross_validate", None)
    script.main()
    assert not list(tmp_path.glob(".*.yaml"))
