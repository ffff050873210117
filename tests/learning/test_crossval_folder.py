"""The hand-off of a cross-validation: what is read is what was written, and nothing that was damaged or half replaced is read."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from behavior.config import Postprocess, Study
from behavior.errors import CrossvalError
from behavior.learning import crossval_folder
from behavior.learning.crossval_digest import FileDigest, RecordingDigest, hash_labels
from behavior.learning.crossval_files import complete_crossval_folder, describe_file, read_digest
from behavior.learning.crossval_folder import CrossvalContent, read_crossval, write_crossval
from behavior.learning.decisions import decide
from behavior.learning.out_of_fold import FoldRecord
from behavior.metrics.tables import score_study
from behavior.recording import Labels, Probabilities

BEHAVIORS = ("groom", "rear")
N_FRAMES = 50
Content = Callable[..., CrossvalContent]


@pytest.fixture(autouse=True)
def paint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are bytes already."""
    monkeypatch.setattr(crossval_folder, "render_png", lambda figure: figure)


def make_content(*, seed: int = 0, recordings: tuple[str, ...] = ("007", "NA", "file"), **changed: Any) -> CrossvalContent:
    """Return what a cross-validation would leave; recordings whose names readers of tables and archives take for something else."""
    rng = np.random.default_rng(seed)
    study = Study.model_validate({"behaviors": list(BEHAVIORS), "crop": {"whole_frame": True}, "training": {"seed": seed}})
    time_s = np.arange(N_FRAMES) / 7
    labels = {name: Labels(rng.integers(-1, 2, (N_FRAMES, 2)).astype(np.int8), BEHAVIORS) for name in recordings}
    out_of_fold = {name: rng.random((N_FRAMES, 2)).astype(np.float32) for name in recordings}
    annotations = [
        decide(name, Probabilities(values, BEHAVIORS, time_s), fps=7, postprocess=Postprocess()) for name, values in out_of_fold.items()
    ]
    truth, decided = (
        {name: part.values for name, part in parts.items()} for parts in (labels, {a.recording: a.ethogram for a in annotations})
    )
    content: dict[str, Any] = {
        "study": study,
        "recordings": [
            RecordingDigest(
                recording=name,
                animal="m1",
                n_frames=N_FRAMES,
                broke_off=False,
                labels=hash_labels(labels[name]),
                raters={},
                features=[],
            )
            for name in recordings
        ],
        "annotations": annotations,
        "labels": labels,
        "out_of_fold": out_of_fold,
        "folds": [FoldRecord(name, behavior, "0", "NA", 3, 5, "") for name in recordings for behavior in BEHAVIORS],
        "metrics": score_study(truth, out_of_fold, decided, BEHAVIORS),
        "summary": f"# Summary {seed}\n",
        "ceiling": None,
        "decisions": None,
        "reliability": pd.DataFrame({"behavior": ["groom"], "from": [0.0]}),
        "learning_curve": None,
        "pictures": {"confusion.png": b"picture"},
        "computing_time": pd.DataFrame({"step": ["train"], "metric": ["seconds"], "value": [1.5]}),
    }
    return CrossvalContent(**(content | changed))


def list_files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cv").mkdir()
    write_crossval(tmp_path / "cv", make_content())
    return tmp_path / "cv"


def test_what_computing_took_is_read_and_is_no_part_of_the_results(folder: Path) -> None:
    results = read_crossval(folder)
    assert results.computing_time is not None
    assert results.computing_time.to_numpy().tolist() == [["train", "seconds", 1.5]]
    assert "computing_time.csv" not in results.digest.files
    (folder / "computing_time.csv").unlink()
    assert read_crossval(folder).computing_time is None
    (folder / "computing_time.csv").write_text("of somebody else")
    with pytest.raises(CrossvalError, match=r"computing_time\.csv"):
        _ = read_crossval(folder).computing_time
    # The next cross-validation replaces it.
    write_crossval(folder, make_content())
    assert read_crossval(folder).computing_time is not None


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    ceiling = pd.DataFrame(
        {"against": ["others"], "behavior": ["rear"], "metric": ["f1"], "value": [0.1 + 0.2], "low": [np.nan], "high": [1.0], "raters": [2]}
    )
    content = make_content(ceiling=ceiling)
    write_crossval(tmp_path, content)
    results = read_crossval(tmp_path)
    assert results.recordings == ("007", "NA", "file")
    assert results.study.training == content.study.training
    pd.testing.assert_frame_equal(results.metrics, content.metrics, rtol=1e-12)
    assert results.ceiling is not None
    pd.testing.assert_frame_equal(results.ceiling, ceiling, rtol=1e-12)
    assert results.folds["fold"].tolist() == ["007", "007", "NA", "NA", "file", "file"]
    assert set(results.folds["watched"]) == {"NA"}
    assert results.folds["reason"].isna().all()
    assert list(results.out_of_fold) == list(content.out_of_fold)
    for before, after in zip(sorted(content.annotations, key=lambda one: one.recording), results.annotations, strict=True):
        np.testing.assert_array_equal(after.probabilities.values, before.probabilities.values)
        np.testing.assert_array_equal(after.ethogram.values, before.ethogram.values)
        np.testing.assert_array_equal(after.time_s, before.time_s)
        np.testing.assert_array_equal(results.out_of_fold[after.recording], content.out_of_fold[after.recording])
        np.testing.assert_array_equal(results.labels[after.recording].values, content.labels[after.recording].values)
    assert results.read_picture("confusion.png") == b"picture"
    assert results.read_picture("reliability.png") is None


def test_the_arrays_are_a_file_of_numpy(folder: Path) -> None:
    values = make_content().out_of_fold
    with np.load(folder / "out_of_fold.npz", allow_pickle=False) as saved:
        assert {name: saved[name].tobytes() for name in saved.files} == {name: array.tobytes() for name, array in values.items()}
    expected = io.BytesIO()
    np.savez_compressed(expected, allow_pickle=False, r0=values["007"])
    crossval_folder._write_arrays(folder / "one.npz", {"r0": values["007"]})
    assert (folder / "one.npz").read_bytes() == expected.getvalue()


def test_epochs_are_the_median_of_fits_with_a_validation_recording(tmp_path: Path) -> None:
    folds = [
        FoldRecord("a", "groom", "0", "b", 2, 9, ""),
        FoldRecord("b", "groom", "0", "c", 7, 9, ""),
        FoldRecord("c", "groom", "0", "a", 4, 9, ""),
        FoldRecord("a", "groom", "1", "", 9, 9, ""),
        FoldRecord("b", "rear", "0", "", None, None, "no frame"),
    ]
    write_crossval(tmp_path, make_content(folds=folds))
    epochs = read_crossval(tmp_path).epochs
    assert epochs.median == {("0", "groom"): 4}
    assert epochs.fixed == {("1", "groom"): 9}
    assert epochs.known == {("0", "groom"): 4, ("1", "groom"): 9}


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        (None, {"threshold": 0.4, "closing_s": 0.5}),
        ({"fit": ["closing", "min_bout"]}, {"threshold": 0.4}),
        ({"fit": ["threshold"]}, None),
    ],
)
def test_predictions_tell_what_all_folds_decided_with(
    tmp_path: Path, decisions: dict[str, Any] | None, expected: dict[str, Any] | None
) -> None:
    section = {"behaviors": list(BEHAVIORS), "crop": {"whole_frame": True}, "postprocess": {"threshold": 0.4, "closing_s": 0.5}}
    write_crossval(tmp_path, make_content(study=Study.model_validate(section | {"decisions": decisions})))
    results = read_crossval(tmp_path)
    assert results.fits_thresholds == (expected is None)
    for annotation in results.annotations:
        applied = annotation.provenance.postprocess
        assert (None if applied is None else applied.model_dump(exclude_none=True)) == expected


def test_nothing_of_earlier_results_stays(folder: Path) -> None:
    earlier = make_content(
        recordings=("r0", "r1", "r2"),
        decisions=pd.DataFrame({"fold": ["r0"]}),
        learning_curve=pd.DataFrame({"recordings": [2]}),
        ceiling=pd.DataFrame({"against": ["others"], "behavior": ["rear"], "metric": ["f1"]}),
        pictures=dict.fromkeys(["confusion.png", "reliability.png", "learning_curve.png"], b"earlier"),
    )
    alone = list_files(folder)
    write_crossval(folder, earlier)
    assert {"decisions.csv", "learning_curve.csv", "learning_curve.png", "reliability.png", "ceiling.csv", "predictions/r2.csv"} <= set(
        list_files(folder)
    )
    (folder / ".metrics.abcd.tmp.csv").write_text("of a run that was killed")
    (folder / "predictions" / ".r1.abcd.tmp.csv").write_text("of a run that was killed")
    (folder / "notes.txt").write_text("mine")
    write_crossval(folder, make_content())
    assert list_files(folder) == {**alone, "notes.txt": b"mine"}


class Killed(BaseException):
    """What a process that was killed does not handle."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Let the process die at its n-th rename or removal, before or after that; from then on nothing is renamed or removed."""

    def arm(number: int = -1, *, after: bool = False) -> list[str]:
        done: list[str] = []
        dead = [False]

        def guard(name: str, original: Callable) -> Callable:
            def guarded(path: Path, *arguments: Any, **options: Any) -> Any:
                if dead[0]:
                    raise Killed
                dead[0] = len(done) == number
                done.append(f"{name} {path.name} {' '.join(str(argument) for argument in arguments)}")
                if dead[0] and not after:
                    raise Killed
                result = original(path, *arguments, **options)
                if dead[0]:
                    raise Killed
                return result

            return guarded

        for name in ("replace", "unlink", "rename"):
            monkeypatch.setattr(Path, name, guard(name, originals[name]))
        return done

    originals = {name: getattr(Path, name) for name in ("replace", "unlink", "rename")}
    yield arm


def test_a_run_killed_at_any_rename_or_removal_leaves_no_mixture(
    kill: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def make(name: str, seed: int, **options: Any) -> CrossvalContent:
        content = make_content(seed=seed, **options)
        (tmp_path / name).mkdir()
        write_crossval(tmp_path / name, content)
        return content

    make("before", 1, decisions=pd.DataFrame({"fold": ["r0"]}), recordings=("r0", "r1", "r2"))
    content = make("after", 2, recordings=("r0", "r1", "r3"))
    whole = {name: list_files(tmp_path / name) for name in ("before", "after")}
    folder = tmp_path / "cv"
    shutil.copytree(tmp_path / "before", folder)
    steps = kill()
    write_crossval(folder, content)
    # Every file of the new results is renamed into place, the digest among them.
    assert len(steps) > len(whole["after"])
    accepted = []
    for number in range(len(steps)):
        for after in (False, True):
            monkeypatch.undo()
            monkeypatch.setattr(crossval_folder, "render_png", lambda figure: figure)
            shutil.rmtree(folder)
            shutil.copytree(tmp_path / "before", folder)
            kill(number, after=after)
            with pytest.raises(Killed):
                write_crossval(folder, content)
            monkeypatch.undo()
            monkeypatch.setattr(crossval_folder, "render_png", lambda figure: figure)
            try:
                results = read_crossval(folder)
            except CrossvalError as error:
                assert "is incomplete: the run was stopped" in str(error)
            else:
                files = list_files(folder)
                name = "before" if results.study.training.seed == 1 else "after"
                accepted.append(name)
                assert {file: files[file] for file in whole[name]} == whole[name]
            write_crossval(folder, content)
            assert list_files(folder) == whole["after"]
    assert set(accepted) == {"before", "after"}
    # Before the first file is touched, and when the last one is there.
    assert len(accepted) <= 10


DATA_FILES = ["folds.csv", "metrics.csv", "out_of_fold.npz", "study.yaml", "reliability.csv", "predictions/007.csv"]


@pytest.mark.parametrize("name", DATA_FILES)
def test_a_file_that_was_cut_off_changed_or_lost_is_named(folder: Path, name: str) -> None:
    path = folder / name
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damages = [whole[: int(length)] for length in rng.integers(0, len(whole), 20)]
    for place in rng.integers(0, len(whole), 20):
        damages.append(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
    for damage in damages:
        path.write_bytes(damage)
        with pytest.raises(CrossvalError, match="is not as `behavior crossval` wrote it") as caught:
            read_crossval(folder)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(CrossvalError, match="no such file") as caught:
        read_crossval(folder)
    assert str(path) in str(caught.value)


def test_rows_that_are_missing_are_counted(folder: Path) -> None:
    lines = (folder / "folds.csv").read_text().splitlines(keepends=True)
    (folder / "folds.csv").write_text("".join(lines[:3]))
    with pytest.raises(CrossvalError, match=r"folds\.csv: .* \(2 rows, expected 6\)"):
        read_crossval(folder)


def test_people_may_write_in_the_summary(folder: Path) -> None:
    before = read_crossval(folder).metrics
    (folder / "summary.md").write_text("good enough for the paper")
    assert read_crossval(folder).metrics.equals(before)


def test_a_picture_is_checked_when_it_is_read(folder: Path) -> None:
    (folder / "confusion.png").write_bytes(b"another")
    results = read_crossval(folder)
    with pytest.raises(CrossvalError, match=r"confusion\.png"):
        results.read_picture("confusion.png")


def approve(folder: Path) -> None:
    """Write a digest that vouches for the files as they are now."""
    digest = read_digest(folder)
    files: dict[str, FileDigest] = {name: describe_file(folder / name) for name in digest.files}
    complete_crossval_folder(folder, digest.model_copy(update={"files": files}))


def write_member(folder: Path, name: str, content: bytes, *, others: bool = True) -> None:
    with zipfile.ZipFile(folder / "out_of_fold.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for recording in ("007", "NA", "file") if others else (name,):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, make_content().out_of_fold[recording])
            archive.writestr(f"{recording}.npy", content if recording == name else buffer.getvalue())


def write_npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


HEADER = b"\x93NUMPY\x01\x00"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(200 * 2**20), "has 209715200 bytes, expected 400 for 50 frames"),
        (write_npy(np.zeros((N_FRAMES, 3), dtype=np.float32)), "shape"),
        (write_npy(np.zeros((N_FRAMES * 2, 1), dtype=np.float32)), "expected float32 of shape"),
        (write_npy(np.zeros((N_FRAMES, 1), dtype=np.float64)), "expected float32 of shape"),
        (write_npy(np.array([[None, None]] * N_FRAMES, dtype=object)), "out_of_fold.npz"),
        (HEADER + b"v\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000, 2)}".ljust(118) + bytes(400), "of shape"),
        (b"\x00" * 500, "magic"),
        (b"", "bytes"),
    ],
    ids=["bomb", "three behaviors", "other shape", "other type", "objects", "claims 10^13 frames", "no array", "empty"],
)
def test_arrays_of_another_size_are_refused_before_they_are_unpacked(folder: Path, content: bytes, message: str) -> None:
    write_member(folder, "NA", content)
    approve(folder)
    results = read_crossval(folder)
    with pytest.raises(CrossvalError, match=message) as caught:
        _ = results.out_of_fold
    assert str(folder / "out_of_fold.npz") in str(caught.value)


def test_arrays_of_other_recordings_are_refused(folder: Path) -> None:
    write_member(folder, "NA", write_npy(np.zeros((N_FRAMES, 2), dtype=np.float32)), others=False)
    approve(folder)
    with pytest.raises(CrossvalError, match="holds 1 recordings, expected the 3"):
        _ = read_crossval(folder).out_of_fold


def test_a_damaged_archive_is_one_sentence_even_if_the_digest_vouches_for_it(folder: Path) -> None:
    whole = (folder / "out_of_fold.npz").read_bytes()
    rng = np.random.default_rng(1)
    damages = [whole[: int(length)] for length in rng.integers(0, len(whole), 40)]
    damages += [whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :] for place in rng.integers(0, len(whole), 80)]
    refused = 0
    for damage in damages:
        (folder / "out_of_fold.npz").write_bytes(damage)
        approve(folder)
        try:
            _ = read_crossval(folder).out_of_fold
        except CrossvalError as error:
            refused += 1
            assert "out_of_fold.npz: cannot be read" in str(error)
            assert "\n" not in str(error)
    # What is left is bits that nobody reads, such as times of files.
    assert refused > 0.7 * len(damages)


def test_a_table_that_is_none_is_one_sentence(folder: Path) -> None:
    for content in (b"", b"a,b\n1,2,3\n\n4\n", b"\xff\xfe\x00", b"fold\n1\n"):
        (folder / "folds.csv").write_bytes(content)
        approve(folder)
        with pytest.raises(CrossvalError, match=r"folds\.csv: cannot be read as a table of a cross-validation"):
            read_crossval(folder)
