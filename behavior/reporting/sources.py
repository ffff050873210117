"""What a report is made of, and where it was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.config import Study
from behavior.errors import BehaviorError, UsageError, count_noun, quote_path
from behavior.files.ethograms import ETHOGRAM_SUFFIX, find_ethograms, read_provenance
from behavior.files.feature_sources import hash_file
from behavior.files.model_bundle import BUNDLE_FILE, BundleDescription, read_bundle
from behavior.files.study import open_study
from behavior.learning.crossval_comparison import explain_differences, find_differences, refuse_differences
from behavior.learning.crossval_files import holds_crossval
from behavior.learning.crossval_folder import CrossvalResults, read_crossval
from behavior.recording import Recording

__all__ = ["Model", "ReportSources", "find_sources"]

STUDY_SUFFIXES = (".yaml", ".yml")
# What the README's commands call the folders of results.
CROSSVAL_FOLDER, MODEL_FOLDER, ETHOGRAMS_FOLDER = "crossval", "model", "ethograms"


@dataclass(frozen=True)
class Model:
    """A model bundle, and the hash of its description, which ethograms name."""

    folder: Path
    description: BundleDescription
    hash: str


@dataclass(frozen=True)
class ReportSources:
    """All that a report can be about; None, or nothing, where there is no such thing.

    Attributes
    ----------
    study_path, study, recordings
        The study file, its settings, and its manifest's rows.
    crossval, model
        Results of learning.
    ethograms
        Files `*_ethogram.csv`.
    notes
        Sentences on what was found, and on what was not.
    """

    study_path: Path | None
    study: Study | None
    recordings: Sequence[Recording]
    crossval: CrossvalResults | None
    model: Model | None
    ethograms: Sequence[Path]
    notes: list[str] = field(default_factory=list)


def find_sources(
    paths: Sequence[Path], *, study: Path | None = None, crossval: Path | None = None, model: Path | None = None
) -> ReportSources:
    """Return what the report is about.

    Parameters
    ----------
    paths
        A study file, ethograms (files or folders), or both.
    study
        The study file, if `paths` are ethograms alone.
    crossval, model
        Folders that `behavior crossval` and `behavior train` wrote. Those not given are looked for under the names of the README: next to
        the study file, then in the working folder; the model first where the ethograms name it, the cross-validation at last next to
        the model. A cross-validation found so that is incomplete, damaged, or of other settings or data is left out, and a note names
        what differs.

    Raises
    ------
    UsageError
        If there are several study files, or a folder that was named holds something else.
    CrossvalError
        If the cross-validation that was named is incomplete, damaged, or of other settings, labels or features than the study's.
    BehaviorError
        If a file that is needed cannot be read.
    """
    studies = [path for path in paths if path.suffix.lower() in STUDY_SUFFIXES]
    studies += [study] if study is not None else []
    if len(studies) > 1:
        raise UsageError(f"{', '.join(map(str, studies))}: are {len(studies)} study files; a report is about one.")
    ethograms = [path for path in paths if path not in studies]
    if not studies:
        files = find_ethograms(ethograms)
        results = read_crossval(crossval) if crossval is not None else None
        bundle, model_notes = _find_model(model, files, None)
        return ReportSources(None, None, [], results, bundle, files, model_notes)
    study_path = studies[0]
    settings, recordings = open_study(study_path)
    files, notes = (find_ethograms(ethograms), []) if ethograms else _look_for_ethograms(study_path, recordings)
    bundle, model_notes = _find_model(model, files, study_path)
    if crossval is not None:
        results = read_crossval(crossval)
        refuse_differences(crossval, find_differences(results, settings, recordings))
        crossval_notes: list[str] = []
    else:
        next_to = [bundle.folder.resolve().parent] if bundle is not None else []
        folders = _list_folders(study_path, CROSSVAL_FOLDER, next_to)
        results, crossval_notes = _look_for_crossval(folders, settings, recordings)
        if results is None:
            crossval_notes += _name_others(study_path, folders)
    return ReportSources(study_path, settings, recordings, results, bundle, files, [*notes, *model_notes, *crossval_notes])


def _list_folders(study_path: Path, name: str, next_to: Sequence[Path] = ()) -> list[Path]:
    """Return the folders called `name` where results of the study may be."""
    parents = [study_path.resolve().parent, Path.cwd(), *next_to]
    return [folder for folder in dict.fromkeys(parent / name for parent in parents) if folder.is_dir()]


def _look_for_crossval(folders: Sequence[Path], study: Study, recordings: Sequence[Recording]) -> tuple[CrossvalResults | None, list[str]]:
    """Return the first cross-validation of the study as it is now, and a sentence on each other one."""
    notes = []
    for folder in filter(holds_crossval, folders):
        try:
            results = read_crossval(folder)
            if not {recording.id for recording in recordings}.intersection(results.recordings):
                notes.append(
                    f"{folder} is the cross-validation of another study, and left out of the report; name this one's with --crossval."
                )
                continue
            differences = find_differences(results, study, recordings)
        except BehaviorError as error:
            notes.append(f"Left out of the report: {error}")
            continue
        if not differences:
            return results, notes
        notes.append(f"Left out of the report: {explain_differences(folder, differences)}; cross-validate again.")
    if not notes:
        notes.append("No cross-validation was found; run `behavior crossval`, or name its folder with --crossval.")
    return None, notes


def _name_others(study_path: Path, looked_at: Sequence[Path]) -> list[str]:
    """Return a sentence on each cross-validation next to the study that has another name than those that are looked at."""
    folder = study_path.resolve().parent
    others = [one for one in sorted(folder.iterdir()) if one.is_dir() and one not in looked_at and holds_crossval(one)]
    return [f"{one} holds a cross-validation; if it is this study's, give --crossval {quote_path(one)}." for one in others]


def _look_for_ethograms(study_path: Path, recordings: Sequence[Recording]) -> tuple[list[Path], list[str]]:
    """Return ethograms of the study's recordings; a sentence if there are none."""
    ids = {recording.id for recording in recordings}
    for folder in _list_folders(study_path, ETHOGRAMS_FOLDER):
        files = [path for path in sorted(folder.glob(f"*{ETHOGRAM_SUFFIX}")) if path.name.removesuffix(ETHOGRAM_SUFFIX) in ids]
        if files:
            return files, []
    return [], ["No ethograms of the study's recordings were found; run `behavior annotate --study`, or name them behind the study file."]


def _find_model(folder: Path | None, ethograms: Sequence[Path], study_path: Path | None) -> tuple[Model | None, list[str]]:
    """Return the model that was named, else the one that made the ethograms, else the one next to the study; a sentence if it is gone."""
    if folder is not None:
        return _read_model(folder), []
    named = {name for path in ethograms if (name := _name_model(path))}
    if len(named) > 1:
        return None, [f"The ethograms were made by {count_noun(len(named), 'model')}; the report describes none of them."]
    if named:
        maker, expected = next(iter(named))
        try:
            model = _read_model(Path(maker))
        except BehaviorError:
            return None, [f"The model that made the ethograms is not at {maker} any more; name its folder with --model."]
        if model.hash != expected:
            return None, [f"The model at {maker} is not the one that made the ethograms; it was trained again since."]
        return model, []
    for model_folder in _list_folders(study_path, MODEL_FOLDER) if study_path else []:
        if (model_folder / BUNDLE_FILE).is_file():
            return _read_model(model_folder), []
    return None, []


def _name_model(path: Path) -> tuple[str, str] | None:
    """Return folder and hash of the model that made an ethogram; None where it does not say."""
    model = read_provenance(path).model
    return (model.folder, model.hash) if model is not None and model.folder is not None and model.hash is not None else None


def _read_model(folder: Path) -> Model:
    return Model(folder, read_bundle(folder), hash_file(folder / BUNDLE_FILE))
