"""Folders of results: several files that replace earlier ones as a whole, with one among them that marks the folder as complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from behavior.errors import OutputError
from behavior.files.atomic import log_written, make_folder, require_makeable, sync_file, sync_folder
from behavior.files.claims import claim_file, hold_claim
from behavior.files.temporary import name_temporary, remove_leftovers

__all__ = ["is_unfinished", "refuse_result_file", "refuse_results", "replace_results"]

# There while files are replaced, and after a run that was stopped then.
UNFINISHED_FILE = ".unfinished"
PATIENCE_S = 60.0


def is_unfinished(folder: Path) -> bool:
    """Tell whether a run was stopped while it replaced the results in `folder`: no file there is a result then."""
    return (folder / UNFINISHED_FILE).exists()


def refuse_results(folder: Path, *, mark: str, what: str, advice: str) -> None:
    """Raise OutputError if `folder` has the file `mark`, which tells that results are complete.

    What a run that was killed after it had written `mark` has left beside them is removed.

    Parameters
    ----------
    what, advice
        What the results are, "a model", and what to do, for the error.
    """
    if not (folder / mark).exists():
        return
    # Hidden, and harmless where it cannot be removed.
    with suppress(OSError, OutputError):
        if any(path.name.startswith(".") for path in folder.iterdir()):
            with claim_file(folder / mark) as is_mine:
                if is_mine and (folder / mark).exists():
                    (folder / UNFINISHED_FILE).unlink(missing_ok=True)
                    remove_leftovers(folder)
    raise OutputError(f"{folder}: holds {what} already ({mark}); {advice}.")


def refuse_result_file(path: Path, *, overwrite: bool) -> None:
    """Raise OutputError if `path` is a folder, is there already and `overwrite` is not set, or is where nothing can be written."""
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, expected a file that is to be written; give another --out.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: is there already; give another --out, or --overwrite to replace it.")
    require_makeable(path.absolute().parent)


@contextmanager
def replace_results(
    folder: Path, *, mark: str, find_earlier: Callable[[Path], Iterable[Path]], patience_s: float = PATIENCE_S
) -> Iterator[Path]:
    """Yield a hidden folder in `folder`, which is made where it is missing; the files written to it become those of `folder`.

    This happens when the block ends well; a block that raises, and a run that is killed in it, leave the earlier results as they were.
    First the mark of completeness is withdrawn, then the earlier files are removed and the new ones get their names, the mark last. A run
    that is killed meanwhile leaves nothing that is marked as complete. Two processes that write to one folder wait for each other.

    Parameters
    ----------
    mark
        Name of the file that tells that the results are complete; one of those that the block writes.
    find_earlier
        Returns the files of earlier results in a folder.
    patience_s
        How long to wait for another process that writes to the same folder.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or another process goes on writing to it for longer than that.
    """
    make_folder(folder)
    with hold_claim(folder / mark, what=f"the results in {folder}", patience_s=patience_s), name_temporary(folder / "results") as staging:
        make_folder(staging)
        try:
            yield staging
        except OutputError as error:
            # Named as it would be in the end.
            raise OutputError(str(error).replace(str(staging), str(folder))) from error
        _move(staging, folder, mark, find_earlier)


def _move(staging: Path, folder: Path, mark: str, find_earlier: Callable[[Path], Iterable[Path]]) -> None:
    names = sorted(path.relative_to(staging) for path in staging.rglob("*") if path.is_file())
    # False sorts before True.
    names.sort(key=lambda name: name == Path(mark))
    if not names or names[-1] != Path(mark):
        raise ValueError(f"no {mark} was written, which marks results as complete")
    path = folder / names[0]
    try:
        for name in names:
            sync_file(staging / name)
        path = folder / UNFINISHED_FILE
        path.touch()
        path = folder / mark
        path.unlink(missing_ok=True)
        sync_folder(folder)
        for path in {*find_earlier(folder), *(folder / name for name in names)}:
            path.unlink(missing_ok=True)
        sync_folder(folder)
        for name in names:
            path = folder / name
            make_folder(path.parent)
            if name == Path(mark):
                # What it vouches for has its name on disk before it has.
                for parent in {(folder / other).parent for other in names}:
                    sync_folder(parent)
            (staging / name).replace(path)
            log_written(path)
        (folder / UNFINISHED_FILE).unlink()
        sync_folder(folder)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose a folder with space that you may write to."
        ) from error
