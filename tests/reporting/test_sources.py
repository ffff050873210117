"""What a report is made of: what was named, and what is found next to the study."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from behavior.errors import BehaviorError, CrossvalError, UsageError
from behavior.files.ethograms import write_annotation
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities
from behavior.reporting.sources import find_sources
from behavior.workflows.crossval import cross_validate
from behavior.workflows.train import train_model

pytestmark = pytest.mark.usefixtures("untrained")
NOTHING = "No cross-validation was found; run `behavior crossval`, or name its folder with --crossval."


@pytest.fixture
def study(motifs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study with a cross-validation next to it; the working folder is another."""
    cross_validate(motifs, motifs.parent / "crossval")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return motifs


def annotate(folder: Path, name: str, **provenance: object) -> None:
    time_s = np.arange(4) / 10
    decided = Ethogram(np.zeros((4, 2), dtype=bool), ("rear", "jump"), time_s)
    probabilities = Probabilities(np.zeros((4, 2), dtype=np.float32), ("rear", "jump"), time_s)
    write_annotation(folder, Annotation(name, probabilities, decided, decided, Provenance.model_validate(provenance)))


def invert_labels(study: Path, name: str = "r1") -> None:
    path = study.parent / f"{name}_labels.csv"
    table = pd.read_csv(path)
    table[["rear", "jump"]] = 1 - table[["rear", "jump"]]
    table.to_csv(path, index=False)


def test_what_stands_next_to_the_study_is_found(study: Path) -> None:
    annotate(study.parent / "ethograms", "r4")
    annotate(study.parent / "ethograms", "of_another_study")
    sources = find_sources([study])
    assert sources.crossval is not None
    assert sources.crossval.folder == study.parent / "crossval"
    assert [path.name for path in sources.ethograms] == ["r4_ethogram.csv"]
    assert [recording.id for recording in sources.recordings] == [f"r{number}" for number in range(5)]
    assert sources.notes == []


def test_what_is_not_there_is_said(study: Path) -> None:
    shutil.rmtree(study.parent / "crossval")
    (study.parent / "crossval").mkdir()
    (study.parent / "crossval" / "metrics.csv").write_text("of somebody else")
    sources = find_sources([study])
    assert (sources.crossval, sources.model, list(sources.ethograms)) == (None, None, [])
    assert [note.partition(";")[0] for note in sources.notes] == [
        "No ethograms of the study's recordings were found",
        "No cross-validation was found",
    ]


def test_a_cross_validation_of_another_name_is_pointed_out(study: Path) -> None:
    other = study.parent / "cv 2"
    shutil.move(study.parent / "crossval", other)
    sources = find_sources([study])
    assert sources.crossval is None
    assert sources.notes[-1] == f"{other} holds a cross-validation; if it is this study's, give --crossval '{other}'."


def test_the_working_folder_and_that_of_the_model_are_looked_at_too(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.move(study.parent / "crossval", tmp_path / "elsewhere" / "crossval")
    found = find_sources([study]).crossval
    assert found is not None
    assert found.folder == tmp_path / "elsewhere" / "crossval"
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert find_sources([study]).crossval is None
    train_model(study, tmp_path / "elsewhere" / "model", crossval=tmp_path / "elsewhere" / "crossval")
    found = find_sources([study], model=tmp_path / "elsewhere" / "model").crossval
    assert found is not None


def test_a_cross_validation_of_other_labels_is_refused_if_named_and_else_left_out(study: Path) -> None:
    invert_labels(study)
    folder = study.parent / "crossval"
    with pytest.raises(CrossvalError, match="what differs: labels of r1; cross-validate again, or leave out --crossval"):
        find_sources([study], crossval=folder)
    sources = find_sources([study])
    assert sources.crossval is None
    assert [note for note in sources.notes if "crossval" in note] == [
        f"Left out of the report: {folder}: the cross-validation there is not that of the study as it is now; what differs: labels of r1; "
        "cross-validate again."
    ]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "crossval.json").unlink(), "has no crossval.json"),
        (lambda folder: (folder / "metrics.csv").write_text("recording\n"), "metrics.csv: is not as"),
        (lambda folder: (folder / "predictions" / "r0.csv").unlink(), "r0.csv: no such file"),
        (lambda folder: (folder / "crossval.json").write_text("{"), "crossval.json: cannot be read"),
    ],
    ids=["of an earlier version", "cut off", "incomplete", "digest damaged"],
)
def test_a_damaged_cross_validation_is_refused_if_named_and_else_left_out(
    study: Path, spoil: Callable[[Path], object], message: str
) -> None:
    folder = study.parent / "crossval"
    spoil(folder)
    with pytest.raises(CrossvalError, match=message):
        find_sources([study], crossval=folder)
    sources = find_sources([study])
    assert sources.crossval is None
    (note,) = [note for note in sources.notes if "Left out" in note]
    assert message in note


def test_one_that_is_left_out_hides_no_other(study: Path, tmp_path: Path) -> None:
    shutil.copytree(study.parent / "crossval", tmp_path / "elsewhere" / "crossval")
    (study.parent / "crossval" / "folds.csv").unlink()
    sources = find_sources([study])
    assert sources.crossval is not None
    assert sources.crossval.folder == tmp_path / "elsewhere" / "crossval"
    assert any("Left out of the report" in note and "folds.csv" in note for note in sources.notes)


def test_one_of_another_study_is_left_out(study: Path) -> None:
    path = study.parent / "recordings.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["recording"] = [f"other_{name}" for name in table["recording"]]
    table.to_csv(path, index=False)
    sources = find_sources([study])
    assert sources.crossval is None
    assert (
        f"{study.parent / 'crossval'} is the cross-validation of another study, and left out of the report; name this one's with "
        "--crossval." in sources.notes
    )


def test_ethograms_alone_need_no_study(study: Path) -> None:
    annotate(study.parent / "ethograms", "r4")
    sources = find_sources([study.parent / "ethograms"], crossval=study.parent / "crossval")
    assert sources.study is None
    assert sources.crossval is not None
    assert find_sources([study.parent / "ethograms"]).crossval is None


def test_the_model_is_the_one_that_made_the_ethograms(study: Path) -> None:
    folder = study.parent
    train_model(study, folder / "model")
    made_by = find_sources([study]).model
    assert made_by is not None
    assert made_by.folder == folder / "model"
    name = {"folder": str(folder / "model"), "hash": made_by.hash}
    annotate(folder / "ethograms", "r4", model=name)
    assert find_sources([folder / "ethograms"]).model == made_by
    annotate(folder / "ethograms", "r4", model={**name, "hash": "0" * 32})
    sources = find_sources([folder / "ethograms"])
    assert sources.model is None
    assert "is not the one that made the ethograms" in sources.notes[0]
    annotate(folder / "ethograms", "r3", model=name)
    assert "were made by 2 models" in find_sources([folder / "ethograms"]).notes[0]
    for path in folder.glob("ethograms/r3*"):
        path.unlink()
    annotate(folder / "ethograms", "r4", model={**name, "folder": str(folder / "gone")})
    assert f"is not at {folder / 'gone'} any more" in find_sources([folder / "ethograms"]).notes[0]
    with pytest.raises(BehaviorError, match=r"bundle\.yaml"):
        find_sources([folder / "ethograms"], model=folder / "ethograms")


def test_one_study_at_a_time(study: Path) -> None:
    with pytest.raises(UsageError, match="2 study files"):
        find_sources([study], study=study)
