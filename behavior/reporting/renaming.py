"""Giving a behavior another name in what was computed with the old one, without computing anything again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from behavior.config.renaming import Renaming
from behavior.errors import CrossvalError
from behavior.figures.rendering import render_png
from behavior.files.atomic import make_folder, replacing, write_bytes, write_text
from behavior.files.cells import read_table
from behavior.files.ethogram_description import read_description
from behavior.files.ethograms import claim_ethograms, read_annotation, write_frame_predictions
from behavior.files.model_bundle import (
    BundleDescription,
    DecisionsRecord,
    MemberDescription,
    format_bundle,
    read_bundle,
    write_description,
)
from behavior.files.study import write_study
from behavior.files.study_renaming import rename_in_settings
from behavior.files.table_renaming import rename_table
from behavior.learning.crossval_digest import CrossvalDigest
from behavior.learning.crossval_files import (
    ADVICE,
    DIGEST_FILE,
    LEARNING_CURVE_FILE,
    METRICS_FILE,
    STUDY_COPY,
    SUMMARY_FILE,
    claim_crossval_folder,
    complete_crossval_folder,
    describe_file,
    name_predictions,
    read_digest,
    withdraw_digest,
)
from behavior.learning.crossval_folder import CrossvalResults, read_crossval
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities
from behavior.reporting.crossval_pictures import draw_crossval

__all__ = [
    "hash_renamed_model",
    "knows_crossval",
    "knows_ethogram",
    "knows_model",
    "rename_crossval",
    "rename_ethogram",
    "rename_model",
]

# Holds a cross-validation by its new names, whole, while the files of the folder around it are replaced.
_STAGING_FOLDER = ".renamed"


def knows_ethogram(path: Path, renaming: Renaming) -> bool:
    """Tell whether the ethogram at `path` has the behavior, by the file next to it; EthogramError if that cannot be used."""
    return renaming.old in read_description(path.with_suffix(".json")).behaviors


def rename_ethogram(path: Path, renaming: Renaming, *, models: Mapping[str, str]) -> None:
    """Rename the behavior in the three files of an ethogram, which are replaced as one.

    Parameters
    ----------
    models
        Hashes of renamed models by the ones that they had before.

    Raises
    ------
    EthogramError
        If it is not whole.
    OutputError
        If it cannot be written, or another process goes on writing ethograms there.
    """
    with claim_ethograms(path.parent) as write:
        write(_rename_annotation(read_annotation(path), renaming, models))


def knows_model(folder: Path, renaming: Renaming) -> bool:
    """Tell whether the model in `folder` has the behavior; ModelError if the bundle cannot be used."""
    return renaming.old in read_bundle(folder).behaviors


def hash_renamed_model(folder: Path, renaming: Renaming) -> str:
    """Return the hash that the `bundle.yaml` in `folder` has with the behavior renamed; ModelError if the bundle cannot be used."""
    text = format_bundle(_rename_bundle(read_bundle(folder), renaming))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def rename_model(folder: Path, renaming: Renaming) -> None:
    """Rename the behavior in the model in `folder` and the scores next to it; `bundle.yaml`, which says what it is called, goes last.

    The files of its networks keep their names.

    Raises
    ------
    ModelError
        If the bundle cannot be used.
    OutputError
        If a file cannot be written.
    """
    renamed = _rename_bundle(read_bundle(folder), renaming)
    _rename_texts(folder, renaming)
    write_description(folder, renamed)


def knows_crossval(folder: Path, renaming: Renaming) -> bool:
    """Tell whether the cross-validation in `folder` has the behavior, or has to be finished.

    Raises
    ------
    CrossvalError
        If it is neither whole nor to be finished here.
    """
    return _is_staged(folder) or renaming.old in read_crossval(folder).study.behaviors


def rename_crossval(folder: Path, renaming: Renaming) -> None:
    """Rename the behavior in the cross-validation in `folder`: tables, predictions, pictures, settings, and the digest of all.

    What an earlier call had ready when it was stopped is put in place first.

    Raises
    ------
    CrossvalError
        If it is not whole.
    OutputError
        If it cannot be written, or another process is writing to it.
    """
    with claim_crossval_folder(folder):
        if _is_staged(folder):
            _put_in_place(folder)
        results = read_crossval(folder)
        if renaming.old in results.study.behaviors:
            staging = folder / _STAGING_FOLDER
            shutil.rmtree(staging, ignore_errors=True)
            make_folder(staging)
            _stage_crossval(results, renaming, staging)
            _put_in_place(folder)


def _is_staged(folder: Path) -> bool:
    return (folder / _STAGING_FOLDER / DIGEST_FILE).is_file()


def _rename_annotation(annotation: Annotation, renaming: Renaming, models: Mapping[str, str]) -> Annotation:
    names = tuple(renaming.rename_all(annotation.behaviors))
    return replace(
        annotation,
        probabilities=Probabilities(annotation.probabilities.values, names, annotation.time_s),
        raw=Ethogram(annotation.raw.values, names, annotation.time_s),
        ethogram=Ethogram(annotation.ethogram.values, names, annotation.time_s),
        provenance=_rename_provenance(annotation.provenance, renaming, models),
    )


def _rename_provenance(provenance: Provenance, renaming: Renaming, models: Mapping[str, str]) -> Provenance:
    changes: dict[str, object] = {}
    if provenance.postprocess is not None:
        values = {name: renaming.rename_keys(value) for name, value in provenance.postprocess if value is not None}
        changes["postprocess"] = provenance.postprocess.model_copy(update=values)
    model = provenance.model
    if model is not None and model.hash is not None and model.hash in models:
        changes["model"] = model.model_copy(update={"hash": models[model.hash]})
    return provenance.model_copy(update=changes)


def _rename_bundle(bundle: BundleDescription, renaming: Renaming) -> BundleDescription:
    training = bundle.training
    record = training.model_copy(
        update={
            "watched": renaming.rename_keys(training.watched),
            "stopping": renaming.rename_words(training.stopping),
            "epochs": renaming.rename_keys(training.epochs),
            "skipped": {renaming.rename(name): renaming.rename_words(reason) for name, reason in training.skipped.items()},
            "test_average_precision": renaming.rename_keys(training.test_average_precision),
        }
    )
    return bundle.model_copy(
        update={
            "behaviors": renaming.rename_all(bundle.behaviors),
            "members": [_rename_member(member, renaming) for member in bundle.members],
            "postprocess": renaming.rename_postprocess(bundle.postprocess),
            "decisions": None if bundle.decisions is None else _rename_decisions(bundle.decisions, renaming),
            "training": record,
        }
    )


def _rename_member(member: MemberDescription, renaming: Renaming) -> MemberDescription:
    return member.model_copy(update={"behaviors": renaming.rename_all(member.behaviors)})


def _rename_decisions(decisions: DecisionsRecord, renaming: Renaming) -> DecisionsRecord:
    return decisions.model_copy(
        update={
            "postprocess": renaming.rename_postprocess(decisions.postprocess),
            "calibrations": renaming.rename_keys(decisions.calibrations),
            "training_scores": renaming.rename_keys(decisions.training_scores),
            "reasons": {renaming.rename(name): renaming.rename_words(reason) for name, reason in decisions.reasons.items()},
        }
    )


def _rename_texts(folder: Path, renaming: Renaming) -> None:
    """Rename in the tables and the summary in `folder`; each stays whole."""
    for path in sorted(folder.glob("*.csv")):
        _replace_text(path, _rename_table(path, renaming))
    summary = folder / SUMMARY_FILE
    if summary.is_file():
        _replace_text(summary, renaming.rename_words(summary.read_text(encoding="utf-8")))


def _read_table(path: Path, *text: str) -> pd.DataFrame:
    return read_table(path, text=text, error=CrossvalError, expected="a table of a cross-validation", advice=ADVICE)


def _rename_table(path: Path, renaming: Renaming) -> str:
    return rename_table(path.read_text(encoding="utf-8"), rename=renaming.rename, rename_words=renaming.rename_words)


def _replace_text(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def _stage_crossval(results: CrossvalResults, renaming: Renaming, staging: Path) -> None:
    study = rename_in_settings(results.study, renaming, source=results.folder / STUDY_COPY)
    annotations = [_rename_annotation(annotation, renaming, {}) for annotation in results.annotations]
    labels = {name: Labels(one.values, tuple(renaming.rename_all(one.behaviors))) for name, one in results.labels.items()}
    names = dict.fromkeys(results.digest.files)
    for annotation in annotations:
        write_frame_predictions(staging / name_predictions(annotation.recording), annotation, labels[annotation.recording])
    for name in names:
        source, target = results.folder / name, staging / name
        # Predictions are written already.
        if target.suffix == ".csv" and not target.exists():
            write_text(target, _rename_table(source, renaming))
        elif name == SUMMARY_FILE:
            write_text(target, renaming.rename_words(source.read_text(encoding="utf-8")))
        elif target.suffix in (".npz", ".png"):
            write_bytes(target, source.read_bytes())
    write_study(staging / STUDY_COPY, study)
    curve = _read_table(staging / LEARNING_CURVE_FILE, "behavior") if LEARNING_CURVE_FILE in names else None
    metrics = _read_table(staging / METRICS_FILE, "recording", "behavior", "metric")
    for name, figure in draw_crossval(study, metrics, annotations, labels, curve).items():
        write_bytes(staging / name, render_png(figure))
    files = {name: describe_file(staging / name) for name in names}
    complete_crossval_folder(staging, CrossvalDigest(recordings=results.digest.recordings, files=files))


def _put_in_place(folder: Path) -> None:
    """Copy the whole cross-validation that is staged in `folder` over the one there; if that is stopped, it can be done again."""
    staging = folder / _STAGING_FOLDER
    try:
        digest = read_digest(staging)
    except CrossvalError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    withdraw_digest(folder, digest.files)
    for name in digest.files:
        make_folder((folder / name).parent)
        write_bytes(folder / name, (staging / name).read_bytes())
    complete_crossval_folder(folder, digest)
    # What vouches for the staged one goes first: without it, nothing would be finished again.
    (staging / DIGEST_FILE).unlink()
    shutil.rmtree(staging, ignore_errors=True)
