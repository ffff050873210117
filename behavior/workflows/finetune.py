"""`behavior finetune`: trains a study's backbone on its crops, first a head on it as it is, then its last stage too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import Ensemble, Finetune, Study
from behavior.errors import UsageError, suggest_nearest
from behavior.files.atomic import make_folder, require_writable
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import (
    FITTED,
    WATCHED,
    FinetuningRecord,
    SeenRecording,
    refuse_weights,
    write_finetuned_weights,
)
from behavior.files.study import open_study
from behavior.learning.finetuning_crops import (
    CropStore,
    draw_balanced_frames,
    draw_even_frames,
    open_crop_store,
    read_study_labels,
    spread_windows,
)
from behavior.learning.learning_data import LearningData
from behavior.learning.out_of_fold import plan_model, seed_fit
from behavior.learning.seen_recordings import find_seen, list_weights_seen
from behavior.progress import announce, show_progress, warn
from behavior.recording import Recording
from behavior.sequence.plans import ModelPlan
from behavior.sequence.weighting import balance_classes, count_classes
from behavior.versions import collect_versions
from behavior.vision.augmentation import WindowAugmenter
from behavior.vision.backbones import RANDOM, BackboneSpecification, find_backbone, identify_weights
from behavior.vision.finetuning import CropWindows, Finetuner, StageReport, open_network
from behavior.vision.unfreezing import choose_layers

__all__ = ["FinetuneResult", "finetune_study"]

HEAD_STAGE, BACKBONE_STAGE = "head on the frozen backbone", "last stage unfrozen"
# How far crops are turned that have the body axis upright already, in degrees to either side.
ROTATION, EGOCENTRIC_ROTATION = 180.0, 10.0


@dataclass(frozen=True)
class FinetuneResult:
    """What `finetune_study` did.

    Attributes
    ----------
    fitted, watched
        Recordings that were learned from, and those that early stopping looked at.
    n_frames
        Labelled frames that were learned from; those that show each behavior by its name.
    frozen, finetuned
        Average precision on what was watched after each of the two stages, by behavior; NaN where the behavior does not occur there,
        empty where nothing was watched.
    notes
        Sentences on how it went.
    """

    fitted: tuple[str, ...]
    watched: tuple[str, ...]
    n_frames: dict[str, int]
    frozen: dict[str, float]
    finetuned: dict[str, float]
    notes: tuple[str, ...]


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
        If `out` is there already or cannot be written.
    BehaviorError
        If videos, pose, labels or weights cannot be used.
    """
    study, manifest = open_study(path)
    refuse_weights(out)
    if study.crop is None:
        raise UsageError(
            f"{path}: has no section 'crop', and a backbone is fine-tuned on crops; add one such as crop: {{body_part: midbody}}."
        )
    settings = study.finetune or Finetune()
    backbone = study.backbone
    specification = find_backbone(backbone.name, weights=backbone.weights, preprocessing=backbone.preprocessing)
    identity = identify_weights(specification, backbone.weights, hash_file=hash_file)
    seen_before = list_weights_seen(backbone.weights)
    if backbone.weights == RANDOM:
        warn(f"{backbone.name} has random weights; its last stage alone will not make sense of them.")
    make_folder(out.parent)
    require_writable(out.parent)
    data = read_study_labels(study, _choose_recordings(path, manifest, recordings))
    plan = _plan(study, path, data)
    seen = _describe_seen(data, plan)
    _refuse_watched(data, plan, seen_before)

    network = open_network(specification, backbone.weights, seed=settings.seed)
    layers = choose_layers(network, settings.unfreeze, backbone=specification.name)
    announce(
        f"learning from {', '.join(data.recordings[index].id for index in plan.learned)}; early stopping watches "
        f"{', '.join(data.recordings[index].id for index in plan.watched) or 'nothing'}"
    )
    with open_crop_store(out.parent, input_size=specification.input_size) as store:
        learned, watched = _read_windows(store, study, settings, data, plan)
        weights, unlearned = _weigh(learned.labels, settings, data.behaviors)
        for reason in unlearned:
            warn(f"{reason}; the others go on.")
        if not (weights > 0).any():
            raise UsageError(f"{path}: none of its behaviors can be learned ({'; '.join(unlearned)}); label recordings that show them.")
        reports = _train(specification, settings, network, layers, learned, watched, weights, egocentric=study.crop.egocentric)
    frozen, finetuned = (
        dict(zip(data.behaviors, map(float, report.scores[report.best_epoch]), strict=True)) if len(report.scores) else {}
        for report in reports
    )
    record = FinetuningRecord(
        recordings=(*seen, *(one for one in seen_before if one.video_hash not in {new.video_hash for new in seen})),
        behaviors=data.behaviors,
        backbone=backbone.name,
        base_weights=backbone.weights,
        base_identity=identity,
        settings={
            "finetune": settings.model_dump(mode="json"),
            "crop": study.crop.model_dump(mode="json"),
            "preprocessing": specification.preprocessing,
        },
        average_precision={
            stage: {name: value if np.isfinite(value) else None for name, value in scores.items()}
            for stage, scores in ((HEAD_STAGE, frozen), (BACKBONE_STAGE, finetuned))
            if scores
        },
        versions=collect_versions(),
    )
    write_finetuned_weights(out, network.save, record)
    return FinetuneResult(
        fitted=tuple(data.recordings[index].id for index in plan.learned),
        watched=tuple(data.recordings[index].id for index in plan.watched),
        n_frames={name: int((learned.labels[:, column] == 1).sum()) for column, name in enumerate(data.behaviors)},
        frozen=frozen,
        finetuned=finetuned,
        notes=tuple(_describe(settings, *reports)),
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
            raise UsageError(f"--recordings {name}: the manifest has no such recording{suggest_nearest(name, known)}.")
        if known[name].split == "test":
            raise UsageError(f"--recordings {name}: has split=test, which keeps it for a last score; name recordings with split=train.")
        if not known[name].labels:
            raise UsageError(f"--recordings {name}: has no labels to learn from; name its label file in the manifest, or leave it out.")
    return [recording for recording in manifest if recording.id in set(names)]


def _plan(study: Study, path: Path, data: LearningData) -> ModelPlan:
    """Return which recordings are learned from and which one is watched, by the rule of a cross-validation's folds."""
    plan, reasons = plan_model(
        study.model_copy(update={"ensemble": Ensemble()}),
        data,
        range(len(data.recordings)),
        outputs=tuple(range(len(data.behaviors))),
        seed=0,
    )
    if plan is None:
        raise UsageError(f"{path}: none of its behaviors can be learned ({'; '.join(reasons.values())}); label recordings that show them.")
    if not plan.watched:
        warn("no recording can be spared for early stopping; all epochs are run, and nothing is scored.")
    return plan


def _describe_seen(data: LearningData, plan: ModelPlan) -> list[SeenRecording]:
    seen = []
    for role, indexes in ((FITTED, plan.learned), (WATCHED, plan.watched)):
        for index in indexes:
            recording = data.recordings[index]
            assert recording.video is not None
            seen.append(SeenRecording(recording.id, role, hash_file(recording.video), recording.video.stat().st_size))
    return seen


def _refuse_watched(data: LearningData, plan: ModelPlan, seen: Sequence[SeenRecording]) -> None:
    """Raise UsageError if the weights that fine-tuning begins with were fitted on what is to be watched."""
    fitted = [one for one in seen if one.role == FITTED]
    for index in plan.watched:
        if find_seen(data.recordings[index], fitted):
            raise UsageError(
                f"recording {data.recordings[index].id!r} is the one that early stopping would watch, and the weights to begin with were "
                "fine-tuned on it; begin with the weights from before, or choose the same recordings as then with --recordings."
            )


def _read_windows(
    store: CropStore, study: Study, settings: Finetune, data: LearningData, plan: ModelPlan
) -> tuple[CropWindows, CropWindows | None]:
    """Return the windows that are learned from, of all recordings together, and those that are watched."""
    assert study.crop is not None
    parts: dict[bool, list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]]] = {False: [], True: []}
    for index in sorted({*plan.learned, *plan.watched}):
        labels = data.labels[index].values
        is_watched = index in plan.watched
        if is_watched:
            frames = draw_even_frames(labels, settings.watched_frames)
        else:
            rng = np.random.default_rng(seed_fit(settings.seed, index))
            frames = draw_balanced_frames(labels, settings.frames_per_recording, rng)
        windows = spread_windows(frames, window=settings.window, stride=settings.stride, n_frames=len(labels))
        rows, decoded = store.add(data.recordings[index], study.crop, windows)
        parts[is_watched].append((rows[decoded], labels[frames[decoded]]))
    images = store.read()
    learned, watched = (
        CropWindows(images, np.concatenate([rows for rows, _ in part]), np.concatenate([labels for _, labels in part])) if part else None
        for part in (parts[False], parts[True])
    )
    assert learned is not None
    if watched is not None and not (watched.labels == 1).any():
        names = ", ".join(data.recordings[index].id for index in plan.watched)
        raise UsageError(
            f"none of the {len(watched)} frames of {names} that early stopping would watch shows a behavior; raise finetune.watched_frames."
        )
    return learned, watched


def _weigh(labels: npt.NDArray[np.int8], settings: Finetune, behaviors: Sequence[str]) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Return how much each label counts, shape (N, B), and why some behaviors are not learned."""
    weights = np.zeros(labels.shape, dtype=np.float32)
    reasons = []
    for column, name in enumerate(behaviors):
        shown = labels[:, column]
        negative, positive = count_classes([shown])
        if not negative or not positive:
            reasons.append(f"no {'negative' if positive else 'positive'} frame of {name} in the recordings that are learned from")
            continue
        for_negative, for_positive = balance_classes([shown]) if settings.class_weights == "balanced" else (1.0, 1.0)
        weights[:, column] = np.select([shown == 1, shown == 0], [for_positive, for_negative], 0.0)
    return weights, reasons


def _train(
    specification: BackboneSpecification,
    settings: Finetune,
    network: Any,
    layers: Sequence[Any],
    learned: CropWindows,
    watched: CropWindows | None,
    weights: npt.NDArray[np.float32],
    *,
    egocentric: bool,
) -> tuple[StageReport, StageReport]:
    change = settings.augmentation
    rotation = change.rotation if change.rotation is not None else EGOCENTRIC_ROTATION if egocentric else ROTATION
    finetuner = Finetuner(
        network,
        preprocessing=specification.preprocessing,
        n_channels=specification.n_channels,
        n_outputs=learned.labels.shape[1],
        window=settings.window,
        pooling=settings.pooling,
        dropout=settings.dropout,
        batch_size=settings.batch_size,
        augmenter=WindowAugmenter(**{**change.model_dump(), "rotation": rotation}, seed=settings.seed),
        seed=settings.seed,
    )
    n_watched = watched.count_crops() if watched is not None else 0
    an_epoch = len(learned) * settings.window
    with show_progress(HEAD_STAGE, total=settings.head_epochs * an_epoch + n_watched, unit="crops") as advance:
        head = finetuner.fit_head(
            learned,
            watched,
            weights,
            learning_rate=settings.head_learning_rate,
            epochs=settings.head_epochs,
            patience=settings.patience,
            on_progress=advance,
        )
    with show_progress(BACKBONE_STAGE, total=settings.epochs * (an_epoch + n_watched) + n_watched, unit="crops") as advance:
        backbone = finetuner.fit_backbone(
            learned,
            watched,
            weights,
            layers=layers,
            freeze_batch_normalization=settings.freeze_batch_normalization,
            learning_rate=settings.learning_rate,
            epochs=settings.epochs,
            patience=settings.patience,
            on_progress=advance,
        )
    return head, backbone


def _describe(settings: Finetune, head: StageReport, backbone: StageReport) -> list[str]:
    notes = [
        f"{name}: {len(report.losses)} of {epochs} epochs, loss {report.losses[0]:.3f} to {report.losses[-1]:.3f}, "
        f"the weights of epoch {report.best_epoch} were kept"
        for name, report, epochs in ((HEAD_STAGE, head, settings.head_epochs), (BACKBONE_STAGE, backbone, settings.epochs))
    ]
    if backbone.best_epoch == 0:
        notes.append(
            "unfreezing the backbone improved nothing on what was watched, so the weights that were written are those that it began with; "
            "try another finetune.learning_rate, or label more recordings"
        )
    return notes
