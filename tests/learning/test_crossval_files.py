"""The mark of completeness of a cross-validation's folder, and whose files are replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from behavior.errors import CrossvalError, OutputError, UsageError
from behavior.learning.crossval_digest import CrossvalDigest, RecordingDigest
from behavior.learning.crossval_files import (
    claim_crossval_folder,
    complete_crossval_folder,
    describe_file,
    holds_crossval,
    name_predictions,
    prepare_crossval_folder,
    read_digest,
    require_unchanged,
    withdraw_digest,
)

RECORDING = RecordingDigest(recording="r0", animal="r0", n_frames=3, broke_off=False, labels="0", raters={}, features=[])
NAMES = ("study.yaml", "metrics.csv", "folds.csv", "out_of_fold.npz", "predictions/r0.csv", "summary.md")


def fill(folder: Path, names: tuple[str, ...] = NAMES) -> CrossvalDigest:
    (folder / "predictions").mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(f"{name}\n1\n2\n")
    return CrossvalDigest(recordings=[RECORDING], files={name: describe_file(folder / name) for name in names})


def test_a_digest_is_read_as_it_was_written(tmp_path: Path) -> None:
    digest = fill(tmp_path)
    with pytest.raises(CrossvalError, match=r"has no crossval\.json"):
        read_digest(tmp_path)
    complete_crossval_folder(tmp_path, digest)
    assert read_digest(tmp_path) == digest
    assert [digest.files[name].rows for name in NAMES] == [3, 2, 2, None, 2, 3]
    assert require_unchanged(tmp_path, digest, "folds.csv") == tmp_path / "folds.csv"


def test_every_cut_and_every_changed_byte_of_a_digest_is_one_sentence(tmp_path: Path) -> None:
    complete_crossval_folder(tmp_path, fill(tmp_path))
    path = tmp_path / "crossval.json"
    whole = path.read_bytes()
    damages = [whole[:length] for length in range(0, len(whole) - 1, 7)]
    damages += [whole[:place] + bytes([whole[place] ^ 0x11]) + whole[place + 1 :] for place in range(0, len(whole) - 1, 3)]
    damages += [b"[" * 100_000, b"9" * 10_000, b"[]", b"null", b"\xff", b'{"hash": 1}', b'"' + b"a" * 100 + b'"']
    for damage in damages:
        path.write_bytes(damage)
        with pytest.raises(CrossvalError) as caught:
            read_digest(tmp_path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"schema_version": 2}, "found schema version 2, expected 1"),
        ({"recordings": [], "files": {}}, "lists other files"),
        ({"recordings": [RECORDING.model_dump()] * 2}, "lists other files"),
        ({"files": {}}, "lists other files"),
        ({"recordings": [{"recording": "r0"}]}, "'recordings.0.animal' is missing"),
        ({"more": 1}, "unknown key 'more'"),
    ],
    ids=["newer", "nothing", "a recording twice", "no files", "half a recording", "another key"],
)
def test_a_digest_of_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, object], message: str
) -> None:
    digest = fill(tmp_path)
    monkeypatch.setattr(CrossvalDigest, "model_dump", lambda self, **_: BASE_DUMP(self, mode="json") | content)
    complete_crossval_folder(tmp_path, digest)
    with pytest.raises(CrossvalError, match=message):
        read_digest(tmp_path)


BASE_DUMP = CrossvalDigest.model_dump


@pytest.mark.parametrize(
    "name", ["../study.yaml", "predictions/../../r0.csv", "/etc/passwd", "predictions/.csv", "notes.txt", "predictions"]
)
def test_names_that_are_not_its_own_are_refused_and_never_removed(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "cv"
    digest = fill(folder)
    (tmp_path / "study.yaml").write_text("mine")
    (tmp_path / "r0.csv").write_text("mine")
    (folder / "notes.txt").write_text("mine")
    files = {**digest.files, name: describe_file(tmp_path / "r0.csv")}
    complete_crossval_folder(folder, digest.model_copy(update={"files": files}))
    with pytest.raises(CrossvalError, match="lists other files"):
        read_digest(folder)
    (folder / ".crossval.unfinished").write_text(json.dumps([name, "ceiling.csv"]))
    (folder / "ceiling.csv").write_text("of the run that was stopped")
    withdraw_digest(folder, ["metrics.csv"])
    assert all(path.read_text() == "mine" for path in (tmp_path / "study.yaml", tmp_path / "r0.csv", folder / "notes.txt"))
    assert not (folder / "ceiling.csv").exists()


def test_the_mark_is_withdrawn_and_nothing_but_earlier_results_is_removed(tmp_path: Path) -> None:
    complete_crossval_folder(tmp_path, fill(tmp_path))
    (tmp_path / "predictions" / "mine.csv").write_text("mine")
    withdraw_digest(tmp_path, ["metrics.csv", "predictions/r1.csv"])
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {".crossval.unfinished", "metrics.csv", "predictions/mine.csv"}
    with pytest.raises(CrossvalError, match="is incomplete: the run was stopped"):
        read_digest(tmp_path)


def test_files_that_a_stopped_run_was_about_to_write_are_removed_by_the_next(tmp_path: Path) -> None:
    withdraw_digest(tmp_path, ["metrics.csv", "predictions/r7.csv", "learning_curve.png"])
    fill(tmp_path, ("metrics.csv", "predictions/r7.csv", "learning_curve.png"))
    withdraw_digest(tmp_path, ["metrics.csv"])
    complete_crossval_folder(tmp_path, fill(tmp_path))
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"crossval.json", *NAMES}


def test_a_folder_of_an_earlier_version_is_refused_and_replaced(tmp_path: Path) -> None:
    fill(tmp_path, (*NAMES, "predictions/r1.csv", "decisions.csv"))
    with pytest.raises(CrossvalError, match=r"an earlier version of behavior wrote it, .* cross-validate again"):
        read_digest(tmp_path)
    with pytest.raises(OutputError, match="--overwrite"):
        prepare_crossval_folder(tmp_path, study=tmp_path.parent / "study.yaml", overwrite=False)
    withdraw_digest(tmp_path, NAMES)
    assert not any((tmp_path / name).exists() for name in ("predictions/r1.csv", "decisions.csv", "summary.md"))


def test_files_of_others_in_a_new_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "predictions").mkdir()
    for name in ("predictions/r1.csv", "decisions.csv"):
        (tmp_path / name).write_text("mine")
    withdraw_digest(tmp_path, NAMES)
    assert (tmp_path / "predictions" / "r1.csv").read_text() == (tmp_path / "decisions.csv").read_text() == "mine"


def test_no_cross_validation_is_said(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("recording\n")
    assert not holds_crossval(tmp_path)
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CrossvalError, match="not found; give the folder that `behavior crossval STUDY --out FOLDER` wrote"):
            read_digest(folder)
    (tmp_path / ".fits").mkdir()
    assert holds_crossval(tmp_path)
    with pytest.raises(CrossvalError, match="is incomplete"):
        read_digest(tmp_path)


def test_results_are_not_replaced_unless_asked(tmp_path: Path) -> None:
    folder, study = tmp_path / "cv", tmp_path / "study.yaml"
    prepare_crossval_folder(folder, study=study, overwrite=False)
    complete_crossval_folder(folder, fill(folder))
    (folder / "summary.md").unlink()
    with pytest.raises(OutputError, match="--overwrite"):
        prepare_crossval_folder(folder, study=study, overwrite=False)
    prepare_crossval_folder(folder, study=study, overwrite=True)
    assert read_digest(folder)


def test_the_study_file_itself_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("mine")
    with pytest.raises(UsageError, match="is the folder of the study file"):
        prepare_crossval_folder(tmp_path, study=tmp_path / "study.yaml", overwrite=True)


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path) -> None:
    taken = pytest.raises(OutputError, match="another `behavior crossval` is writing to it")
    with claim_crossval_folder(tmp_path), taken, claim_crossval_folder(tmp_path):
        pass
    with claim_crossval_folder(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_predictions_are_named_after_recordings() -> None:
    assert name_predictions("a.b") == "predictions/a.b.csv"
