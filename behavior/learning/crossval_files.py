"""The files of a cross-validation's folder, and what tells that all of them are there as they were written.

`crossval.json` marks the folder as complete. It is removed before the first of the other files is replaced, and written after the last.
"""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from behavior.config import parse_section
from behavior.errors import BehaviorError, CrossvalError, OutputError, UsageError
from behavior.files.atomic import make_folder, require_writable, sync_folder, write_text
from behavior.files.claims import claim_file
from behavior.files.feature_sources import hash_file
from behavior.files.manifest import is_portable_name
from behavior.files.opening import explain_damage, read_text, require_regular_file
from behavior.learning.crossval_digest import SCHEMA_VERSION, CrossvalDigest, FileDigest

__all__ = [
    "ADVICE",
    "CEILING_FILE",
    "COMPUTING_TIME_FILE",
    "CONFUSION_PICTURE",
    "DECISIONS_FILE",
    "DIGEST_FILE",
    "FITS_FOLDER",
    "FOLDS_FILE",
    "LEARNING_CURVE_FILE",
    "LEARNING_CURVE_PICTURE",
    "METRICS_FILE",
    "OUT_OF_FOLD_FILE",
    "PRECISION_RECALL_PICTURE",
    "RELIABILITY_FILE",
    "RELIABILITY_PICTURE",
    "STUDY_COPY",
    "SUMMARY_FILE",
    "VIEWS_FILE",
    "claim_crossval_folder",
    "complete_crossval_folder",
    "describe_file",
    "holds_crossval",
    "name_predictions",
    "prepare_crossval_folder",
    "read_digest",
    "require_unchanged",
    "withdraw_digest",
]

# Of every folder of scores.
METRICS_FILE, SUMMARY_FILE, CEILING_FILE = "metrics.csv", "summary.md", "ceiling.csv"
CONFUSION_PICTURE, PRECISION_RECALL_PICTURE = "confusion.png", "precision_recall.png"
# Of a cross-validation.
STUDY_COPY = "study.yaml"
FOLDS_FILE = "folds.csv"
DECISIONS_FILE = "decisions.csv"
# What computing took, which is another number each time: no part of the digest, by which results are told to be the same.
COMPUTING_TIME_FILE = "computing_time.csv"
# Probabilities before any calibration, by which `train` fits decisions.
OUT_OF_FOLD_FILE = "out_of_fold.npz"
RELIABILITY_FILE, RELIABILITY_PICTURE = "reliability.csv", "reliability.png"
LEARNING_CURVE_FILE, LEARNING_CURVE_PICTURE = "learning_curve.csv", "learning_curve.png"
VIEWS_FILE = "views.csv"
_PREDICTIONS_FOLDER = "predictions"
DIGEST_FILE = "crossval.json"
# Finished fits of an unfinished run; removed when it is complete.
FITS_FOLDER = ".fits"
# Names of the files of results that are being replaced; there only meanwhile, and after a run that was stopped then.
_UNFINISHED_FILE = ".crossval.unfinished"

_OWN_NAMES = (
    *(METRICS_FILE, SUMMARY_FILE, CEILING_FILE, CONFUSION_PICTURE, PRECISION_RECALL_PICTURE, STUDY_COPY, FOLDS_FILE, DECISIONS_FILE),
    *(
        OUT_OF_FOLD_FILE,
        RELIABILITY_FILE,
        RELIABILITY_PICTURE,
        LEARNING_CURVE_FILE,
        LEARNING_CURVE_PICTURE,
        COMPUTING_TIME_FILE,
        VIEWS_FILE,
    ),
)
_MOST_DIGEST_BYTES = 64 * 2**20
# What to do about a file that cannot be used; errors of this room end with it.
ADVICE = "copy the folder again, or run `behavior crossval` again with --overwrite"


def name_predictions(recording: str) -> str:
    """Return the name of the file with the predictions of `recording`, relative to the folder.

    >>> name_predictions("mouse_01")
    'predictions/mouse_01.csv'
    """
    return f"{_PREDICTIONS_FOLDER}/{recording}.csv"


def prepare_crossval_folder(folder: Path, *, study: Path, overwrite: bool) -> None:
    """Make `folder` and check that a cross-validation of the study file at `study` may be written to it.

    This is done before any work, so that a folder that cannot be written to costs no night of computing. Earlier results stay until
    the new ones are there.

    Raises
    ------
    OutputError
        If the folder holds results already and `overwrite` is not set, or cannot be written to.
    UsageError
        If the copy of the study file would replace the study file itself.
    """
    if (folder / STUDY_COPY).resolve() == study.resolve():
        raise UsageError(f"--out {folder}: is the folder of the study file, which the results would replace; give another folder.")
    make_folder(folder)
    # Of a run that was stopped, no file is a result, though the summary may be there.
    results = [DIGEST_FILE] if (folder / _UNFINISHED_FILE).exists() else [DIGEST_FILE, SUMMARY_FILE]
    for name in results:
        if (folder / name).exists() and not overwrite:
            raise OutputError(f"{folder}: holds results already ({name}); give another folder, or --overwrite to replace them.")
    require_writable(folder)


@contextmanager
def claim_crossval_folder(folder: Path) -> Iterator[None]:
    """Keep other processes from cross-validating into `folder` meanwhile; OutputError if another one is doing so."""
    with claim_file(folder / DIGEST_FILE) as is_mine:
        if not is_mine:
            raise OutputError(f"{folder}: another `behavior crossval` is writing to it; wait for that one, or give another folder.")
        yield


def holds_crossval(folder: Path) -> bool:
    """Tell whether a cross-validation of any version has written to `folder`, complete or not."""
    return any((folder / name).exists() for name in (DIGEST_FILE, _UNFINISHED_FILE, FITS_FOLDER, OUT_OF_FOLD_FILE))


def withdraw_digest(folder: Path, names: Collection[str]) -> None:
    """Take the mark of completeness from `folder`, to which the files `names` are going to be written; remove what earlier runs left.

    Only what an earlier run wrote is removed: the files that its digest lists, those that a stopped run was about to write, and the
    temporary files of either.

    Raises
    ------
    OutputError
        If a file cannot be removed or written.
    """
    listed = {*_list_earlier_files(folder), *names}
    write_text(folder / _UNFINISHED_FILE, json.dumps(sorted(listed), ensure_ascii=False) + "\n")
    try:
        (folder / DIGEST_FILE).unlink(missing_ok=True)
        sync_folder(folder)
        # The summary is replaced last, and people take it for that of the files beside it.
        for name in sorted({*listed.difference(names), SUMMARY_FILE}):
            (folder / name).unlink(missing_ok=True)
        for name in (*sorted(listed), DIGEST_FILE, _UNFINISHED_FILE):
            path = folder / name
            for leftover in path.parent.glob(f".{glob.escape(path.stem[:60])}.*.tmp{glob.escape(path.suffix)}"):
                leftover.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written to ({error.strerror or error}); choose a folder that you may write to.") from error


def complete_crossval_folder(folder: Path, digest: CrossvalDigest) -> None:
    """Mark `folder` as complete, when all of its other files are written."""
    content = digest.model_dump(mode="json")
    text = json.dumps({"hash": _hash_content(content), **content}, indent=1, ensure_ascii=False)
    write_text(folder / DIGEST_FILE, f"{text}\n")
    (folder / _UNFINISHED_FILE).unlink(missing_ok=True)


def read_digest(folder: Path) -> CrossvalDigest:
    """Return the digest of the cross-validation in `folder`, which tells that it is complete.

    Raises
    ------
    CrossvalError
        If the folder holds no cross-validation, one that was stopped before it was complete, or one of an earlier version of this
        package, or if the digest is damaged.
    """
    path = folder / DIGEST_FILE
    if not path.exists():
        raise CrossvalError(_explain_missing_digest(folder))
    content = _read_content(path)
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        raise CrossvalError(f"{path}: found schema version {version!s:.20}, expected {SCHEMA_VERSION}; {ADVICE}.")
    try:
        digest = parse_section(CrossvalDigest, content, source=path)
    except UsageError as error:
        raise CrossvalError(f"{str(error).rstrip('.')}; {ADVICE}.") from None
    predictions = {name_predictions(one.recording) for one in digest.recordings}
    needed = {STUDY_COPY, METRICS_FILE, FOLDS_FILE, OUT_OF_FOLD_FILE, *predictions}
    if len(predictions) < max(len(digest.recordings), 1) or not needed <= set(digest.files) or not all(map(_is_own_name, digest.files)):
        raise CrossvalError(f"{path}: lists other files than `behavior crossval` writes; {ADVICE}.")
    return digest


def require_unchanged(folder: Path, digest: CrossvalDigest, name: str) -> Path:
    """Return the path of the file `name` in `folder`, after checking that it is as it was written.

    Raises
    ------
    CrossvalError
        If it is missing, cut off or changed.
    """
    path, expected = folder / name, digest.files[name]
    require_regular_file(path, error=CrossvalError, expected=f"one of the files that {DIGEST_FILE} lists", advice=ADVICE)
    if hash_file(path) != expected.hash:
        n_rows = _count_rows(path)
        counted = f" ({n_rows} rows, expected {expected.rows})" if n_rows != expected.rows else ""
        raise CrossvalError(f"{path}: is not as `behavior crossval` wrote it, but cut off or changed{counted}; {ADVICE}.")
    return path


def describe_file(path: Path) -> FileDigest:
    """Return hash and number of rows of the file at `path`; InputError if it cannot be read."""
    return FileDigest(hash=hash_file(path), rows=_count_rows(path))


def _explain_missing_digest(folder: Path) -> str:
    if (folder / _UNFINISHED_FILE).exists() or (folder / FITS_FOLDER).is_dir():
        return f"{folder}: is incomplete: the run was stopped, or is still going on; run `behavior crossval` again."
    if holds_crossval(folder):
        return (
            f"{folder}: has no {DIGEST_FILE}, so what it was computed from is not known: an earlier version of behavior wrote it, or the "
            "run was stopped; cross-validate again: run `behavior crossval` with --overwrite."
        )
    return f"{folder / DIGEST_FILE}: not found; give the folder that `behavior crossval STUDY --out FOLDER` wrote."


def _read_content(path: Path) -> dict[str, Any]:
    """Return the content of the digest at `path`, after checking its own hash."""
    expected = "the digest of a cross-validation"
    text = read_text(path, most_bytes=_MOST_DIGEST_BYTES, error=CrossvalError, expected=expected, advice=ADVICE)
    with explain_damage(path, error=CrossvalError, expected=expected, advice=ADVICE):
        content = json.loads(text)
        if not isinstance(content, dict) or content.pop("hash", None) != _hash_content(content):
            raise ValueError("it is not as it was written")
    return content


def _hash_content(content: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).hexdigest()


def _list_earlier_files(folder: Path) -> set[str]:
    """Return the names of files in `folder` that earlier runs wrote, or were about to write."""
    names: set[str] = set()
    for path in (folder / _UNFINISHED_FILE, folder / DIGEST_FILE):
        if path.exists():
            try:
                text = read_text(path, most_bytes=_MOST_DIGEST_BYTES, error=CrossvalError, expected="a list of files", advice=ADVICE)
                with explain_damage(path, error=CrossvalError, expected="a list of files", advice=ADVICE):
                    content = json.loads(text)
                    names.update(name for name in (content["files"] if isinstance(content, dict) else content) if _is_own_name(name))
            except BehaviorError:
                # What a damaged list held is found by its name.
                names.update(_find_by_name(folder))
    # Earlier versions left no list.
    if not names and any((folder / name).exists() for name in (SUMMARY_FILE, OUT_OF_FOLD_FILE)):
        names.update(_find_by_name(folder))
    return names


def _find_by_name(folder: Path) -> Iterable[str]:
    yield from (name_predictions(path.stem) for path in (folder / _PREDICTIONS_FOLDER).glob("*.csv") if is_portable_name(path.stem))
    yield from (name for name in _OWN_NAMES if (folder / name).exists())


def _is_own_name(name: str) -> bool:
    """Tell whether `behavior crossval` calls a file so; such a name leads nowhere out of the folder."""
    stem = Path(name).stem
    return name in _OWN_NAMES or (name == name_predictions(stem) and is_portable_name(stem))


def _count_rows(path: Path) -> int | None:
    if path.suffix not in (".csv", ".md", ".yaml"):
        return None
    with path.open("rb") as file:
        n_lines = sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b""))
    return n_lines - 1 if path.suffix == ".csv" else n_lines
