"""`behavior rename`: gives a behavior another name in a study and in what was computed with it, without computing anything again."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from behavior.config import Study
from behavior.config.renaming import Renaming
from behavior.errors import BehaviorError, UsageError, suggest_nearest
from behavior.files.claims import hold_claim
from behavior.files.ethograms import ETHOGRAM_SUFFIX
from behavior.files.feature_sources import hash_file
from behavior.files.model_bundle import BUNDLE_FILE
from behavior.files.result_folders import PATIENCE_S
from behavior.files.study import open_study, read_study
from behavior.files.study_renaming import find_new_meanings, rename_in_settings, rename_study_file
from behavior.learning.crossval_files import holds_crossval
from behavior.progress import complain, report_progress, warn
from behavior.recording import Recording
from behavior.reporting.renaming import (
    hash_renamed_model,
    knows_crossval,
    knows_ethogram,
    knows_model,
    rename_crossval,
    rename_ethogram,
    rename_model,
)
from behavior.search.renaming import knows_search, rename_search
from behavior.search.results import TRIALS_FILE

__all__ = ["RenameResult", "rename_behavior"]

# Folders that hold nothing with a behavior's name.
_SKIPPED = frozenset({"cache", "logs"})


@dataclass(frozen=True)
class _Records:
    """Paths of what may have the behavior."""

    ethograms: dict[Path, None]
    crossvals: dict[Path, None]
    searches: dict[Path, None]
    models: dict[Path, None]


@dataclass
class RenameResult:
    """What was renamed, or would be.

    Attributes
    ----------
    records
        Kind and path of each record that has the behavior: the study last, because what was stopped goes on from it.
    failures
        A sentence for each record that could not be renamed.
    notes
        What the user should know.
    """

    records: list[tuple[str, Path]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def rename_behavior(path: Path, old: str, new: str, *, folders: Sequence[Path] = (), dry_run: bool = False) -> RenameResult:
    """Rename a behavior in the study at `path` and in the models, ethograms, cross-validations and searches that have it.

    Label files stay as they are: the study's section `labels` maps the name in them. Records are renamed one at a time, each whole or not
    at all, and the study last. After a run that was stopped, the same call does the rest.

    Parameters
    ----------
    old, new
        The behavior's name, and the one that it gets.
    folders
        Where records are looked for, in any subfolders; the study's folder if not given.
    dry_run
        Only list what would be renamed.

    Raises
    ------
    UsageError
        If the study has no behavior of the old name, or may not have one of the new name, or a label file's name would change its meaning.
    OutputError
        If another process goes on renaming in the study.
    """
    # Without it, there is nothing to claim.
    open_study(path)
    with nullcontext() if dry_run else hold_claim(path, what=f"the names in {path}", patience_s=PATIENCE_S):
        return _rename(path, Renaming(old, new), list(folders) or [path.resolve().parent], dry_run=dry_run)


def _rename(path: Path, renaming: Renaming, searched: Sequence[Path], *, dry_run: bool) -> RenameResult:
    """Do what `rename_behavior` does, while no other process does so."""
    study, recordings = open_study(path)
    before, after = _find_studies(path, study, recordings, renaming)
    result = RenameResult()
    if missing := [folder for folder in searched if not folder.is_dir()]:
        raise UsageError(f"{missing[0]}: no such folder; name folders that hold models, ethograms, cross-validations or searches.")
    steps = _list_steps(searched, renaming, before, after, result)
    if renaming.old in study.behaviors:
        steps.append(("study", path, partial(rename_study_file, path, renaming)))
    result.records = [(kind, record) for kind, record, _ in steps]
    if not dry_run:
        with report_progress("renaming", total=len(steps), unit="records") as advance:
            for kind, record, step in steps:
                _try(record, step, result)
                if kind == "model" and str(record) not in result.failures:
                    result.notes.append(f"{record}: its pictures still show {renaming.old!r}; what they were drawn from is not kept.")
                advance(1)
    result.notes += _note_other_studies(path, renaming.old)
    for note in result.notes:
        warn(note)
    return result


def _find_studies(path: Path, study: Study, recordings: Sequence[Recording], renaming: Renaming) -> tuple[Study, Study]:
    """Return the study with the old and with the new name, whichever of them is in the file."""
    old, new = renaming.old, renaming.new
    if old == new:
        raise UsageError(f"{old!r} is the old and the new name; give another new one.")
    if old in study.behaviors:
        after = rename_in_settings(study, renaming, source=path)
        if meanings := find_new_meanings(study, after, list(recordings)):
            raise UsageError(
                f"{meanings[0]}, so {old!r} cannot be called {new!r}; choose another name, or say with labels: {{map: ...}} what that one "
                "means."
            )
        return study, after
    if new in study.behaviors and study.labels.map.get(old) == new:
        # An earlier run went as far as the study, which is the last.
        back = Renaming(new, old).rename_study(study)
        mapping = {name: meant for name, meant in back.labels.map.items() if name not in (old, new)}
        return back.model_copy(update={"labels": back.labels.model_copy(update={"map": mapping})}), study
    raise UsageError(
        f"{path}: has no behavior {old!r}{suggest_nearest(old, study.behaviors)} (it has {', '.join(study.behaviors)}); name one of them."
    )


def _list_steps(
    folders: Sequence[Path], renaming: Renaming, before: Study, after: Study, result: RenameResult
) -> list[tuple[str, Path, Callable[[], None]]]:
    """Return kind and path of each record that has the behavior, and what renames it; models come after what names their hashes."""
    records = _find_records(folders)
    models = [folder for folder in records.models if _try(folder, partial(knows_model, folder, renaming), result)]
    hashes = {hash_file(folder / BUNDLE_FILE): hash_renamed_model(folder, renaming) for folder in models}
    ethograms = [path for path in records.ethograms if _try(path, partial(knows_ethogram, path, renaming), result)]
    crossvals = [folder for folder in records.crossvals if _try(folder, partial(knows_crossval, folder, renaming), result)]
    searches = [folder for folder in records.searches if knows_search(folder, renaming)]
    return [
        *(("ethogram", path, partial(rename_ethogram, path, renaming, models=hashes)) for path in ethograms),
        *(("cross-validation", folder, partial(rename_crossval, folder, renaming)) for folder in crossvals),
        *(("search", folder, partial(rename_search, folder, renaming, before, after)) for folder in searches),
        *(("model", folder, partial(rename_model, folder, renaming)) for folder in models),
    ]


def _find_records(folders: Sequence[Path]) -> _Records:
    """Return what is in `folders` and below, whatever its behaviors, each once."""
    records = _Records({}, {}, {}, {})
    for folder in folders:
        for name, below, files in os.walk(folder):
            inside = Path(name)
            below[:] = sorted(one for one in below if not one.startswith(".") and one not in _SKIPPED)
            records.ethograms.update({inside / file: None for file in sorted(files) if file.endswith(ETHOGRAM_SUFFIX) and file[0] != "."})
            if holds_crossval(inside):
                records.crossvals[inside] = None
            if TRIALS_FILE in files:
                records.searches[inside] = None
            if BUNDLE_FILE in files:
                records.models[inside] = None
    return records


def _try(record: Path, step: Callable[[], Any], result: RenameResult) -> Any:
    """Return what `step` does; None, and a sentence in `result`, if the record cannot be used."""
    try:
        return step()
    except BehaviorError as error:
        result.failures[str(record)] = str(error)
        complain(str(error))
        return None


def _note_other_studies(path: Path, old: str) -> list[str]:
    """Return a sentence for other study files next to this one that have the behavior."""
    others = []
    for other in sorted(path.resolve().parent.glob("*.yaml")):
        if other != path.resolve():
            # A file that is not a study has no behavior.
            with suppress(BehaviorError):
                if old in read_study(other).behaviors:
                    others.append(other.name)
    return [f"{', '.join(others)}: also names {old!r}, and was left as it is; run the command on it too."] if others else []
