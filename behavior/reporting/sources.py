"""What a report is made of, and where it was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.config import Study
from behavior.errors import BehaviorError, UsageError
from behavior.files.ethograms import ETHOGRAM_SUFFIX, find_ethograms, read_annotation
from behavior.files.feature_sources import hash_file
from behavior.files.model_bundle import BUNDLE_FILE, BundleDescription, read_bundle
from behavior.files.study import open_study, read_study
from behavior.learning.crossval_folder import (
    METRICS_FILE,
    STUDY_COPY,
    CrossValidated,
    open_crossval,
)
from behavior.recording import Recording

__all__ = ["Model", "ReportSources", "find_sources"]

STUDY_SUFFIXES = (".yaml", ".yml")
# What the README's commands call the folders of results.
CROSSVAL_FOLDER, MODEL_FOLDER, ETHOGRAMS_FOLDER = "crossval", "model", "ethograms"
# Sections of a study that change what a cross-validation finds.
_LEARNING_SECTIONS = (
    "labels",
    "crop",
    "backbone",
    "streams",
    "features",
    "windows",
    "head",
    "training",
    "crossval",
    "postprocess",
    "ensemble",
    "decisions",
)


@dataclass(frozen=True)
class Model:
    """A model bundle, and the hash of its description, which ethograms name."""

    folder: Path
    description: BundleDescription
    hash: str


@dataclass(frozen=True)
class ReportSources:
    """All that a report can speak of; None, or nothing, where there is no such thing.

    Attributes
    ----------
    study_path, study, recordings
        The study file, what it says, and its manifest's rows.
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
    crossval: CrossValidated | None
    model: Model | None
    ethograms: Sequence[Path]
    notes: list[str] = field(default_factory=list)


def find_sources(
    paths: Sequence[Path], *, study: Path | None = None, crossval: Path | None = None, model: Path | None = None
) -> ReportSources:
    """Return what is to be reported of.

    Parameters
    ----------
    paths
        A study file, ethograms (files or folders), or both.
    study
        The study file, where `paths` are ethograms alone.
    crossval, model
        Folders that `behavior crossval` and `behavior train` wrote. Those not given are looked for under the names of the README: beside
        the study file, then in the working folder; the model first where the ethograms say that it was, the cross-validation at last
        beside the model. What belongs to another study is left alone, and a note says so.

    Raises
    ------
    UsageError
        If there are several study files, or a folder that was named holds something else.
    BehaviorError
        If a file that is needed cannot be read.
    """
    studies = [path for path in paths if path.suffix.lower() in STUDY_SUFFIXES]
    studies += [study] if study is not None else []
    if len(studies) > 1:
        raise UsageError(f"{', '.join(map(str, studies))}: are {len(studies)} study files; a report is about one.")
    ethograms = [path for path in paths if path not in studies]
    notes: list[str] = []
    if not studies:
        found = find_ethograms(ethograms)
        return ReportSources(None, None, [], open_crossval(crossval), _open_model(model, found, None, notes), found, notes)
    study_path = studies[0]
    settings, recordings = open_study(study_path)
    found = find_ethograms(ethograms) if ethograms else _look_for_ethograms(study_path, recordings, notes)
    made_by = _open_model(model, found, study_path, notes)
    beside = [made_by.folder.resolve().parent] if made_by is not None else []
    validated = open_crossval(crossval) if crossval else _look_for_crossval(study_path, settings, beside, notes)
    if validated is not None:
        notes += _compare_settings(validated, settings)
    return ReportSources(study_path, settings, recordings, validated, made_by, found, notes)


def _list_places(study_path: Path, name: str, beside: Sequence[Path] = ()) -> list[Path]:
    """Return where results of the study may be."""
    folders = [study_path.resolve().parent, Path.cwd(), *beside]
    return [place for place in dict.fromkeys(folder / name for folder in folders) if place.is_dir()]


def _look_for_crossval(study_path: Path, study: Study, beside: Sequence[Path], notes: list[str]) -> CrossValidated | None:
    for place in _list_places(study_path, CROSSVAL_FOLDER, beside):
        if not (place / STUDY_COPY).is_file() or not (place / METRICS_FILE).is_file():
            continue
        then = read_study(place / STUDY_COPY)
        if then.recordings.resolve() == study.recordings.resolve() and then.behaviors == study.behaviors:
            return open_crossval(place)
        notes.append(f"{place} is the cross-validation of another study, and left alone.")
    notes.append("No cross-validation was found; run `behavior crossval`, or name its folder with --crossval.")
    return None


def _compare_settings(crossval: CrossValidated, study: Study) -> list[str]:
    changed = [name for name in _LEARNING_SECTIONS if getattr(crossval.study, name) != getattr(study, name)]
    if not changed:
        return []
    return [f"The study file was changed since the cross-validation ({', '.join(changed)}); its scores are those of the settings then."]


def _look_for_ethograms(study_path: Path, recordings: Sequence[Recording], notes: list[str]) -> list[Path]:
    known = {recording.id for recording in recordings}
    for place in _list_places(study_path, ETHOGRAMS_FOLDER):
        inside = [path for path in sorted(place.glob(f"*{ETHOGRAM_SUFFIX}")) if path.name.removesuffix(ETHOGRAM_SUFFIX) in known]
        if inside:
            return inside
    notes.append("No ethograms of the study's recordings were found; run `behavior annotate --study`, or name them behind the study file.")
    return []


def _open_model(folder: Path | None, ethograms: Sequence[Path], study_path: Path | None, notes: list[str]) -> Model | None:
    """Return the model that was named, else the one that made the ethograms, else the one beside the study."""
    if folder is not None:
        return _read_model(folder)
    made_by = [_name_model(path) for path in ethograms]
    named = {name for name in made_by if name}
    if len(named) > 1:
        notes.append(f"The ethograms were made by {len(named)} models; the report describes none of them.")
        return None
    if named:
        maker, expected = next(iter(named))
        try:
            model = _read_model(Path(maker))
        except BehaviorError:
            notes.append(f"The model that made the ethograms is not at {maker} any more; name its folder with --model.")
            return None
        if model.hash != expected:
            notes.append(f"The model at {maker} is not the one that made the ethograms; it was trained again since.")
            return None
        return model
    for place in _list_places(study_path, MODEL_FOLDER) if study_path else []:
        if (place / BUNDLE_FILE).is_file():
            return _read_model(place)
    return None


def _name_model(path: Path) -> tuple[str, str] | None:
    """Return folder and hash of the model that made an ethogram; None where it does not say."""
    model = read_annotation(path).provenance.model
    return (model.folder, model.hash) if model is not None and model.folder is not None and model.hash is not None else None


def _read_model(folder: Path) -> Model:
    return Model(folder, read_bundle(folder), hash_file(folder / BUNDLE_FILE))
