"""`behavior crossval`: what it leaves, also when it is stopped, and who refuses it afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from behavior.errors import CrossvalError, UsageError
from behavior.learning.crossval_folder import read_crossval
from behavior.workflows import crossval
from behavior.workflows.crossval import cross_validate
from behavior.workflows.train import train_model

pytestmark = pytest.mark.usefixtures("untrained")


def invert_labels(study: Path) -> None:
    for path in study.parent.glob("r*_labels.csv"):
        table = pd.read_csv(path)
        table[["rear", "jump"]] = 1 - table[["rear", "jump"]]
        table.to_csv(path, index=False)


def list_files(folder: Path) -> dict[str, bytes]:
    """Return the content of all files but of what computing took, which is never the same."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "computing_time.csv"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_the_folder_holds_what_the_readme_says(motifs: Path, tmp_path: Path) -> None:
    table = cross_validate(motifs, tmp_path / "cv")
    assert set(list_files(tmp_path / "cv")) == {
        *("crossval.json", "study.yaml", "folds.csv", "metrics.csv", "summary.md", "out_of_fold.npz"),
        *("confusion.png", "precision_recall.png", "reliability.csv", "reliability.png"),
        *(f"predictions/r{number}.csv" for number in range(4)),
    }
    results = read_crossval(tmp_path / "cv")
    times = results.computing_time
    assert times is not None
    # Nothing is predicted here, and the features are imported, so that nothing is known of how they were computed.
    assert set(times["step"]) == {"features", "train"}
    assert (times.loc[times["metric"] == "seconds", "value"] > 0).all()
    pd.testing.assert_frame_equal(results.metrics, table, rtol=1e-12)
    assert results.recordings == ("r0", "r1", "r2", "r3")
    # The study file names its manifest relative to itself, its copy in another folder absolutely.
    assert results.study.recordings == motifs.parent / "recordings.csv"


def test_the_notes_of_the_summary_are_in_their_order(
    motifs: Path, tmp_path: Path, change: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(motifs, decisions={"calibration": "isotonic"}, ensemble={"seeds": 2})
    curve = pd.DataFrame([{"recordings": 2, "behavior": name, "value": 0.5, "low": 0.4, "high": 0.6} for name in ("rear", "jump")])
    monkeypatch.setattr(crossval, "measure_learning_curve", lambda *_, **__: curve)
    cross_validate(motifs, tmp_path / "cv", learning_curve=True)
    lines = (tmp_path / "cv" / "summary.md").read_text().splitlines()
    starts = [
        "# Cross-validation",
        "",
        "- 4 folds; each leaves out one recording, and everything is fitted on the others alone.",
        "- Features and head: mean of 2 models per behavior; motifs; ",
        "- Early stopping used one of the other recordings for validation, not for training (column watched in folds.csv).",
        "- The members of the ensemble are numbered in the column member of folds.csv, kinds first, then their seeds.",
        "- Isotonic calibration of the probabilities and thresholds, closing lengths and shortest bouts (for F1) were fitted for each f",
        "- Brier score of the probabilities, 0 being perfect: rear ",
        "- How average precision grows with the number of training recordings: learning_curve.csv and learning_curve.png.",
    ]
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=False)] == starts
    files = list_files(tmp_path / "cv")
    assert {"decisions.csv", "learning_curve.csv", "learning_curve.png"} <= set(files)
    # None of these stays beside results that have none.
    change(motifs, ensemble={"seeds": 1})
    content = yaml.safe_load(motifs.read_text())
    del content["decisions"]
    motifs.write_text(yaml.safe_dump(content))
    cross_validate(motifs, tmp_path / "cv", overwrite=True)
    assert not {"decisions.csv", "learning_curve.csv", "learning_curve.png"} & set(list_files(tmp_path / "cv"))


def test_labels_inverted_since_are_refused_by_train_and_report(run: Callable, motifs: Path, tmp_path: Path) -> None:
    cross_validate(motifs, tmp_path / "crossval")
    invert_labels(motifs)
    trained = run("train", motifs, "--crossval", tmp_path / "crossval", "--out", tmp_path / "model")
    reported = run("report", motifs, "--crossval", tmp_path / "crossval", "--out", tmp_path / "named.html", "--no-check")
    for refused in (trained, reported):
        assert refused.status == 2
        assert "what differs: labels of r0, r1, r2, r3; cross-validate again, or leave out --crossval." in refused.err
    assert not (tmp_path / "model" / "bundle.yaml").exists()
    assert not (tmp_path / "named.html").exists()
    # One that nobody named is left out.
    found = run("report", motifs, "--out", tmp_path / "report.html", "--no-check")
    assert found.status == 0, found.err
    assert "what differs: labels of r0, r1, r2, r3; cross-validate again." in found.err
    assert "Cross-validation</h2>" not in (tmp_path / "report.html").read_text()
    assert run("crossval", motifs, "--out", tmp_path / "crossval", "--overwrite").status == 0
    assert run("train", motifs, "--crossval", tmp_path / "crossval", "--out", tmp_path / "model").status == 0


def test_an_unchanged_study_is_taken(run: Callable, motifs: Path, tmp_path: Path) -> None:
    cross_validate(motifs, tmp_path / "crossval")
    trained = run("train", motifs, "--crossval", tmp_path / "crossval", "--out", tmp_path / "model")
    assert trained.status == 0, trained.err
    reported = run("report", motifs, "--out", tmp_path / "report.html", "--no-check")
    assert reported.status == 0, reported.err
    assert "4 folds" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("name", ["folds.csv", "metrics.csv", "out_of_fold.npz", "predictions/r0.csv"])
def test_a_file_that_was_cut_off_is_refused_by_train_and_report(run: Callable, motifs: Path, tmp_path: Path, name: str) -> None:
    cross_validate(motifs, tmp_path / "crossval")
    path = tmp_path / "crossval" / name
    path.write_bytes(path.read_bytes()[:-20])
    for command in (["train"], ["report", "--no-check"]):
        refused = run(*command, motifs, "--crossval", tmp_path / "crossval", "--out", tmp_path / f"{command[0]}.html")
        assert refused.status == 2
        assert f"{path}: is not as `behavior crossval` wrote it, but cut off or changed" in refused.err


class Killed(BaseException):
    pass


@pytest.mark.usefixtures("untrained")
def test_a_killed_replacement_is_no_cross_validation(run: Callable, motifs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cross_validate(motifs, tmp_path / "before")
    invert_labels(motifs)
    cross_validate(motifs, tmp_path / "expected")
    replace = Path.replace

    def try_killing(name: str, out: Path, *, after: bool) -> None:
        shutil.copytree(tmp_path / "before", out)

        def die(path: Path, target: Path) -> Path:
            if Path(target).name == name:
                if after:
                    replace(path, target)
                raise Killed
            return replace(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", die)
            with pytest.raises(Killed):
                cross_validate(motifs, out, overwrite=True)
        if name == "crossval.json" and after:
            assert read_crossval(out).metrics.equals(read_crossval(tmp_path / "expected").metrics)
            return
        with pytest.raises(CrossvalError, match="is incomplete: the run was stopped"):
            read_crossval(out)
        refused = run("train", motifs, "--crossval", out, "--out", tmp_path / "model")
        assert (refused.status, "is incomplete" in refused.err) == (2, True)
        again = run("crossval", motifs, "--out", out)
        assert again.status == 0, again.err
        files, expected = (list_files(folder) for folder in (out, tmp_path / "expected"))
        assert {file: content for file, content in files.items() if not file.startswith("logs/")} == expected

    # `learning/test_crossval_folder.py` kills at every rename; here it is the first, one in between and the last.
    for name in ("r2.csv", "metrics.csv", "crossval.json"):
        for when in ("before", "after"):
            try:
                try_killing(name, tmp_path / f"killed {when} {name}", after=when == "after")
            except BaseException as error:
                error.add_note(f"killed {when} {name} was replaced")
                raise


def test_earlier_results_stay_until_the_new_ones_are_known(motifs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cross_validate(motifs, tmp_path / "cv")
    before = list_files(tmp_path / "cv")

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(crossval, "measure_reliability", stop)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(motifs, tmp_path / "cv", overwrite=True)
    after = {name: content for name, content in list_files(tmp_path / "cv").items() if not name.startswith(".fits/")}
    assert after == before
    assert read_crossval(tmp_path / "cv")


def test_a_first_run_that_was_stopped_is_incomplete(run: Callable, motifs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(crossval, "write_crossval", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            cross_validate(motifs, tmp_path / "cv")
    with pytest.raises(CrossvalError, match="is incomplete"):
        read_crossval(tmp_path / "cv")
    assert run("crossval", motifs, "--out", tmp_path / "cv").status == 0
    assert not (tmp_path / "cv" / ".fits").exists()


def test_results_do_not_replace_the_study_file(motifs: Path) -> None:
    before = motifs.read_text()
    with pytest.raises(UsageError, match="is the folder of the study file"):
        cross_validate(motifs, motifs.parent, overwrite=True)
    assert motifs.read_text() == before


def test_a_folder_of_an_earlier_version_is_refused(run: Callable, motifs: Path, tmp_path: Path) -> None:
    cross_validate(motifs, tmp_path / "cv")
    (tmp_path / "cv" / "crossval.json").unlink()
    refused = run("train", motifs, "--crossval", tmp_path / "cv", "--out", tmp_path / "model")
    assert refused.status == 2
    assert "an earlier version of behavior wrote it" in refused.err
    assert "cross-validate again" in refused.err


def test_a_copied_folder_is_as_good(motifs: Path, tmp_path: Path) -> None:
    cross_validate(motifs, tmp_path / "cv")
    shutil.copytree(tmp_path / "cv", tmp_path / "copied")
    result = train_model(motifs, tmp_path / "model", crossval=tmp_path / "copied")
    assert result.behaviors == ["rear", "jump"]


def test_decisions_are_fitted_on_the_predictions_of_the_folder(
    run: Callable, motifs: Path, tmp_path: Path, change: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(motifs, decisions={"calibration": "none", "fit": ["threshold"]})
    cross_validate(motifs, tmp_path / "cv")
    train_model(motifs, tmp_path / "model", crossval=tmp_path / "cv")
    thresholds = yaml.safe_load((tmp_path / "model" / "bundle.yaml").read_text())["postprocess"]["threshold"]
    # 0.9 where a frame is labelled positive, else 0.1.
    assert all(0.1 < value <= 0.9 for value in thresholds.values())
