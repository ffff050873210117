"""`behavior finetune`: trains a study's backbone on its crops, first a head on it as it is, then its last stage too; or from scratch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.config import Finetune, Study
from behavior.embedding.backbone_settings import find_chosen_backbone
from behavior.errors import OutputError, UsageError, suggest_nearest
from behavior.figures.rendering import render_png
from behavior.figures.scores import draw_confusion
from behavior.figures.training_curves import draw_training_curves
from behavior.files.atomic import make_folder, require_writable, write_bytes
from behavior.files.cells import write_table
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import FinetuningRecord, SeenRecording, refuse_weights, write_finetuned_weights
from behavior.files.study import open_study
from behavior.learning.backbone_finetuning import (
    HEAD_STAGE,
    FinetuningReport,
    FinetuningWindows,
    list_seen,
    plan_finetuning,
    read_windows,
    refuse_seen_validation,
    train_stages,
    weigh_labels,
)
from behavior.learning.finetuning_crops import open_crop_store, read_study_labels
from behavior.learning.seen_recordings import list_weights_seen
from behavior.metrics.frames import count_frames
from behavior.progress import announce, warn
from behavior.recording import Recording
from behavior.versions import collect_versions
from behavior.vision.backbone_weights import RANDOM, identify_weights
from behavior.vision.backbones import BackboneSpecification, require_keras
from behavior.vision.convnet import CONVNET
from behavior.vision.finetuning import open_network
from behavior.vision.preprocessing import describe_preprocessing
from behavior.vision.unfreezing import choose_layers

__all__ = ["FinetuneResult", "finetune_study"]


@dataclass(frozen=True)
class FinetuneResult:
    """What `finetune_study` did.

    Attributes
    ----------
    fitted, validation
        Recordings that were trained on, and those that early stopping watched.
    n_frames
        Frames trained on that show each behavior, by its name.
    frozen, finetuned
        Average precision on the validation recordings after each of the two stages, by behavior; NaN where the behavior does not occur
        there, empty where there is no validation recording. A network that is trained from scratch has no first stage.
    written
        Files beside the weights: a table and a picture of how training went, and the confusion matrices of the validation recordings.
    notes
        Sentences on how it went.
    """

    fitted: tuple[str, ...]
    validation: tuple[str, ...]
    n_frames: dict[str, int]
    frozen: dict[str, float]
    finetuned: dict[str, float]
    notes: tuple[str, ...]
    written: tuple[Path, ...] = ()


def finetune_study(path: Path, out: Path, *, recordings: Sequence[str] | None = None) -> FinetuneResult:
    """Fine-tune the backbone of the study at `path` and write its weights to `out`, with a record of what they have seen.

    Parameters
    ----------
    out
        A file that is not there yet, `.keras`.
    recordings
        Ids of the recordings to fine-tune on; all labelled ones with split=train where None.

    Raises
    ------
    UsageError
        If the study has no crops or no labels to fine-tune on, a recording is unknown or kept for testing, or no behavior can be learned.
    OutputError
        If `out` or a file that is written beside it is there already, or cannot be written.
    BehaviorError
        If videos, pose, labels or weights cannot be used.
    """
    study, manifest = open_study(path)
    refuse_weights(out)
    for beside in _list_reports(out):
        if beside.exists():
            raise OutputError(f"{beside}: is there already; give another --out, or delete that file if it is not needed any more.")
    if study.crop is None:
        raise UsageError(
            f"{path}: has no section 'crop', and a backbone is fine-tuned on crops; add one such as crop: {{body_part: midbody}}."
        )
    backbone = study.backbone
    from_scratch = backbone.name == CONVNET and backbone.weights == RANDOM
    settings = (study.finetune or Finetune()).complete(from_scratch=from_scratch)
    specification = require_keras(find_chosen_backbone(backbone, models=None), user="`behavior finetune`")
    identity = identify_weights(specification, backbone.weights, hash_file=hash_file)
    seen_before = list_weights_seen(backbone.weights)
    if backbone.weights == RANDOM and not from_scratch:
        warn(f"{backbone.name} has random weights; its last stage alone will not make sense of them.")
    make_folder(out.parent)
    require_writable(out.parent)

    data = read_study_labels(study, _choose_recordings(path, manifest, recordings))
    plan = plan_finetuning(study, data, source=path)
    fitted, validation = (tuple(data.recordings[index].id for index in part) for part in (plan.training, plan.validation))
    if not validation:
        warn("no recording can be spared for early stopping; all epochs are run, and nothing is scored.")
    seen = list_seen(data, plan)
    refuse_seen_validation(data, plan, seen_before)

    network = open_network(specification, backbone.weights, seed=settings.seed)
    layers = choose_layers(network, settings.unfreeze, backbone=specification.name)
    announce(f"training on {', '.join(fitted)}; validation recording: {', '.join(validation) or 'none'}")
    with open_crop_store(out.parent, input_size=specification.input_size) as store:
        windows = read_windows(store, study.crop, settings, data, plan)
        weights, unlearned = weigh_labels(windows.training.labels, data.behaviors, is_balanced=settings.class_weights == "balanced")
        for reason in unlearned.values():
            warn(f"{reason}; the others go on.")
        if len(unlearned) == len(data.behaviors):
            reasons = "; ".join(unlearned.values())
            raise UsageError(f"{path}: none of its behaviors can be learned ({reasons}); label recordings that show them.")
        report = train_stages(
            network, layers, specification, settings, windows, weights, is_egocentric=study.crop.egocentric, from_scratch=from_scratch
        )

    scores = report.get_scores(data.behaviors)
    record = _make_record(study, settings, specification, identity, _join_seen(seen, seen_before), scores)
    write_finetuned_weights(out, network.save, record)
    written = _write_report(out, report, windows, data.behaviors)
    shown = (windows.training.labels == 1).sum(axis=0)
    return FinetuneResult(
        fitted=fitted,
        validation=validation,
        n_frames=dict(zip(data.behaviors, map(int, shown), strict=True)),
        frozen=scores.get(HEAD_STAGE, {}),
        finetuned=[*scores.values()][-1],
        notes=tuple(report.describe(settings)),
        written=written,
    )


def _choose_recordings(path: Path, manifest: Sequence[Recording], names: Sequence[str] | None) -> list[Recording]:
    if names is None:
        chosen = [recording for recording in manifest if recording.split == "train"]
        if not chosen:
            raise UsageError(f"{path}: every recording has split=test, and those are kept for a last score; give some split=train.")
        return chosen
    known = {recording.id: recording for recording in manifest}
    for name in names:
        if name not in known:
            raise UsageError(
                f"--recordings {name}: the manifest has no such recording{suggest_nearest(name, known) or '; name those in it.'}"
            )
        if known[name].split == "test":
            raise UsageError(f"--recordings {name}: has split=test, which keeps it for a last score; name recordings with split=train.")
        if not known[name].labels:
            raise UsageError(f"--recordings {name}: has no labels to train on; name its label file in the manifest, or leave it out.")
    return [recording for recording in manifest if recording.id in set(names)]


def _list_reports(out: Path) -> tuple[Path, Path, Path]:
    """Return the files beside the weights: table and curves of training, confusion matrices."""
    table, curves, confusion = (out.with_name(f"{out.stem}_{ending}") for ending in ("training.csv", "training.png", "confusion.png"))
    return table, curves, confusion


def _write_report(out: Path, report: FinetuningReport, windows: FinetuningWindows, behaviors: Sequence[str]) -> tuple[Path, ...]:
    """Write how training went beside the weights; return the files."""
    table = report.tabulate(behaviors)
    table_path, curves_path, confusion_path = _list_reports(out)
    write_table(table_path, table)
    write_bytes(curves_path, render_png(draw_training_curves(table, title=out.stem)))
    if windows.validation is not None and report.predicted is not None:
        shown = windows.validation.labels
        counts = {
            name: _count_cells(shown[:, column], report.predicted[:, column] >= 0.5)
            for column, name in enumerate(behaviors)
            if (shown[:, column] >= 0).any()
        }
        write_bytes(confusion_path, render_png(draw_confusion(counts, title=f"{out.stem}, validation frames, at 0.5")))
        return table_path, curves_path, confusion_path
    return table_path, curves_path


def _count_cells(labels: npt.NDArray[np.int8], decisions: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    counts = count_frames(labels, decisions)
    return counts["true_negatives"], counts["false_positives"], counts["false_negatives"], counts["true_positives"]


def _make_record(
    study: Study,
    settings: Finetune,
    specification: BackboneSpecification,
    identity: str,
    seen: tuple[SeenRecording, ...],
    scores: Mapping[str, Mapping[str, float]],
) -> FinetuningRecord:
    assert study.crop is not None
    return FinetuningRecord(
        recordings=seen,
        behaviors=tuple(study.behaviors),
        backbone=study.backbone.name,
        base_weights=study.backbone.weights,
        base_identity=identity,
        settings={
            "finetune": settings.model_dump(mode="json"),
            "crop": study.crop.model_dump(mode="json"),
            "preprocessing": describe_preprocessing(specification.preprocessing),
        },
        average_precision={stage: _drop_undefined(by_behavior) for stage, by_behavior in scores.items() if by_behavior},
        versions=collect_versions(),
    )


def _join_seen(seen: Sequence[SeenRecording], before: Sequence[SeenRecording]) -> tuple[SeenRecording, ...]:
    """Return all that weights have seen, each video once, in the role that it had last."""
    hashes = {one.video_hash for one in seen}
    return (*seen, *(one for one in before if one.video_hash not in hashes))


def _drop_undefined(scores: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in scores.items()}
