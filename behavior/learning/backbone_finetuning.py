"""Fine-tuning a backbone on the labelled crops of a study: which recordings and frames it uses, and its two stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import Crop, Ensemble, Finetune, Study
from behavior.errors import UsageError
from behavior.files.feature_sources import hash_file
from behavior.files.finetuned_weights import FITTED, VALIDATION, SeenRecording
from behavior.learning.finetuning_crops import CropStore, draw_balanced_frames, draw_even_frames, spread_windows
from behavior.learning.learning_data import LearningData
from behavior.learning.planning import fold_of_everything, plan_model, seed_fit
from behavior.learning.seen_recordings import find_seen
from behavior.progress import report_progress
from behavior.sequence.plans import ModelPlan
from behavior.sequence.weighting import balance_classes, count_classes
from behavior.vision.augmentation import WindowAugmenter
from behavior.vision.backbones import BackboneSpecification
from behavior.vision.finetuning import CropWindows, Finetuner, StageReport

if TYPE_CHECKING:
    import keras

__all__ = [
    "BACKBONE_STAGE",
    "HEAD_STAGE",
    "SCRATCH_STAGE",
    "FinetuningReport",
    "FinetuningWindows",
    "list_seen",
    "plan_finetuning",
    "read_windows",
    "refuse_seen_validation",
    "train_stages",
    "weigh_labels",
]

HEAD_STAGE, BACKBONE_STAGE, SCRATCH_STAGE = "head on the frozen backbone", "last stage unfrozen", "from scratch"
EPOCH_COLUMNS = ("stage", "epoch", "metric", "behavior", "value")
# How far crops are turned that have the body axis upright already, in degrees to either side.
ROTATION, EGOCENTRIC_ROTATION = 180.0, 10.0


@dataclass(frozen=True)
class FinetuningWindows:
    """The windows of crops that fine-tuning uses.

    Attributes
    ----------
    training
        N windows that are trained on, of all training recordings together.
    validation
        Windows that early stopping scores; None where no recording can be spared.
    """

    training: CropWindows
    validation: CropWindows | None


@dataclass(frozen=True)
class FinetuningReport:
    """How fine-tuning went.

    Attributes
    ----------
    stages
        By name and in order: a head on the backbone as it is, then the backbone's last stage unfrozen; or training from scratch alone.
    predicted
        Probabilities of the behaviors in the validation windows by the weights that were kept, float32 of shape (N, B); None without
        validation windows.
    """

    stages: Mapping[str, StageReport]
    predicted: npt.NDArray[np.float32] | None = None

    def get_scores(self, behaviors: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return the average precision of the weights that each stage kept, by stage and behavior.

        A stage without validation windows has no scores; a behavior that does not occur in them has NaN.
        """
        return {
            name: dict(zip(behaviors, map(float, stage.scores[stage.best_epoch]), strict=True)) if len(stage.scores) else {}
            for name, stage in self.stages.items()
        }

    def describe(self, settings: Finetune) -> list[str]:
        """Return a sentence on each stage, and one where the backbone did not improve."""
        notes = [
            f"{name}: {len(stage.losses)} of {settings.head_epochs if name == HEAD_STAGE else settings.epochs} epochs, loss "
            f"{stage.losses[0]:.3f} to {stage.losses[-1]:.3f}, the weights of epoch {stage.best_epoch} were kept"
            for name, stage in self.stages.items()
        ]
        if [*self.stages.values()][-1].best_epoch == 0:
            notes.append(
                "training the backbone improved nothing on the validation recording, so the weights that were written are those that it "
                "began with; try another finetune.learning_rate, or label more recordings"
            )
        return notes

    def tabulate(self, behaviors: Sequence[str]) -> pd.DataFrame:
        """Return a row for each number of each epoch: stage, epoch, metric, behavior (empty for the loss and the learning rate), value."""
        rows: list[tuple[str, int, str, str, float]] = []
        for name, stage in self.stages.items():
            for epoch, (loss, rate) in enumerate(zip(stage.losses, stage.learning_rates, strict=True), start=1):
                rows += [(name, epoch, "loss", "", loss), (name, epoch, "learning_rate", "", rate)]
            for metric, values in (("average_precision", stage.scores), ("accuracy", stage.accuracies)):
                rows += [
                    (name, epoch, metric, behavior, float(value))
                    for epoch, of_epoch in enumerate(values)
                    for behavior, value in zip(behaviors, of_epoch, strict=True)
                ]
        return pd.DataFrame(rows, columns=list(EPOCH_COLUMNS))


def plan_finetuning(study: Study, data: LearningData, *, source: Path) -> ModelPlan:
    """Return which recordings are trained on and which one is the validation recording, by the rule of a cross-validation's folds.

    Parameters
    ----------
    source
        The study file, for the error.

    Raises
    ------
    UsageError
        If the recordings have no behavior that a model can be trained on.
    """
    plan, reasons = plan_model(
        study.model_copy(update={"ensemble": Ensemble()}),
        data,
        fold_of_everything(data),
        outputs=tuple(range(len(data.behaviors))),
        seed=0,
    )
    if plan is None:
        raise UsageError(
            f"{source}: none of its behaviors can be learned ({'; '.join(reasons.values())}); label recordings that show them."
        )
    return plan


def list_seen(data: LearningData, plan: ModelPlan) -> list[SeenRecording]:
    """Return the recordings that weights fitted by `plan` have seen, with the hashes of their videos."""
    seen = []
    for role, indexes in ((FITTED, plan.training), (VALIDATION, plan.validation)):
        for index in indexes:
            recording = data.recordings[index]
            assert recording.video is not None
            seen.append(SeenRecording(recording.id, role, hash_file(recording.video), recording.video.stat().st_size))
    return seen


def refuse_seen_validation(data: LearningData, plan: ModelPlan, seen: Sequence[SeenRecording]) -> None:
    """Raise UsageError if the weights that fine-tuning begins with were fitted on the validation recording.

    Parameters
    ----------
    seen
        What those weights have seen.
    """
    fitted = [one for one in seen if one.role == FITTED]
    for index in plan.validation:
        if find_seen(data.recordings[index], fitted):
            raise UsageError(
                f"recording {data.recordings[index].id!r} would be the validation recording, and the weights to begin with were "
                "fine-tuned on it; begin with the weights from before, or choose the same recordings as then with --recordings."
            )


def read_windows(store: CropStore, crop: Crop, settings: Finetune, data: LearningData, plan: ModelPlan) -> FinetuningWindows:
    """Read the crops around the frames that are trained on, and around those that early stopping scores, into `store`.

    Raises
    ------
    UsageError
        If none of the validation frames shows a behavior.
    BehaviorError
        If a video or its pose cannot be read.
    """
    parts: dict[bool, list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]]] = {False: [], True: []}
    for index in sorted({*plan.training, *plan.validation}):
        labels = data.labels[index].values
        is_validation = index in plan.validation
        if is_validation:
            frames = draw_even_frames(labels, settings.watched_frames)
        else:
            rng = np.random.default_rng(seed_fit(settings.seed, index))
            frames = draw_balanced_frames(labels, settings.frames_per_recording, rng)
        windows = spread_windows(frames, window=settings.window, stride=settings.stride, n_frames=len(labels))
        rows, decoded = store.add(data.recordings[index], crop, windows)
        parts[is_validation].append((rows[decoded], labels[frames[decoded]]))
    images = store.read()
    training, validation = (
        CropWindows(images, np.concatenate([rows for rows, _ in part]), np.concatenate([labels for _, labels in part])) if part else None
        for part in (parts[False], parts[True])
    )
    assert training is not None
    if validation is not None and not (validation.labels == 1).any():
        names = ", ".join(data.recordings[index].id for index in plan.validation)
        raise UsageError(f"none of the validation frames of {names} shows a behavior; raise finetune.watched_frames.")
    return FinetuningWindows(training, validation)


def weigh_labels(
    labels: npt.NDArray[np.int8], behaviors: Sequence[str], *, is_balanced: bool
) -> tuple[npt.NDArray[np.float32], dict[str, str]]:
    """Return how much each label counts, and why some behaviors cannot be learned.

    Parameters
    ----------
    labels
        1, 0 or -1, shape (N, B).
    behaviors
        B names.
    is_balanced
        Weigh the rarer of positive and negative labels more, so that both count alike in total.

    Returns
    -------
    Float32 of shape (N, B), 0 for labels of -1 and in the columns of behaviors that cannot be learned; a reason for each of those.

    Examples
    --------
    >>> weights, reasons = weigh_labels(np.array([[1, 0], [0, 0], [-1, 0]], dtype=np.int8), ["rear", "jump"], is_balanced=False)
    >>> weights[:, 0].tolist(), reasons
    ([1.0, 1.0, 0.0], {'jump': 'no positive frame of jump in the training recordings'})
    """
    weights = np.zeros(labels.shape, dtype=np.float32)
    reasons = {}
    for column, name in enumerate(behaviors):
        shown = labels[:, column]
        negative, positive = count_classes([shown])
        if not negative or not positive:
            reasons[name] = f"no {'negative' if positive else 'positive'} frame of {name} in the training recordings"
            continue
        for_negative, for_positive = balance_classes([shown]) if is_balanced else (1.0, 1.0)
        weights[:, column] = np.select([shown == 1, shown == 0], [for_positive, for_negative], 0.0)
    return weights, reasons


def train_stages(
    network: keras.Model,
    layers: Sequence[keras.layers.Layer],
    specification: BackboneSpecification,
    settings: Finetune,
    windows: FinetuningWindows,
    weights: npt.NDArray[np.float32],
    *,
    is_egocentric: bool,
    from_scratch: bool = False,
) -> FinetuningReport:
    """Train a head on `network`, then the last stage of `network` with it; `network` is changed in place.

    Parameters
    ----------
    network
        Maps preprocessed crops to vectors, as `vision.finetuning.open_network` returns it.
    settings
        Complete (`Finetune.complete`).
    layers
        Those of its layers that the second stage trains, as `vision.unfreezing.choose_layers` returns them.
    weights
        How much each training label counts, as `weigh_labels` returns it.
    is_egocentric
        Whether crops are turned with the body axis upright; if so, augmentation turns them little by default.
    from_scratch
        Whether the network has learned nothing yet, so that there is no first stage.
    """
    assert settings.epochs is not None
    assert settings.learning_rate is not None
    assert settings.patience is not None
    training, validation = windows.training, windows.validation
    finetuner = Finetuner(
        network,
        preprocessing=specification.preprocessing,
        n_channels=specification.n_channels,
        n_outputs=training.labels.shape[1],
        window=settings.window,
        pooling=settings.pooling,
        dropout=settings.dropout,
        batch_size=settings.batch_size,
        augmenter=WindowAugmenter(**_choose_augmentation(settings, is_egocentric=is_egocentric), seed=settings.seed),
        seed=settings.seed,
    )
    n_validation = validation.count_crops() if validation is not None else 0
    an_epoch = len(training) * settings.window
    stages: dict[str, StageReport] = {}
    if not from_scratch:
        with report_progress(HEAD_STAGE, total=settings.head_epochs * an_epoch + n_validation, unit="crops") as advance:
            stages[HEAD_STAGE] = finetuner.fit_head(
                training,
                validation,
                weights,
                learning_rate=settings.head_learning_rate,
                epochs=settings.head_epochs,
                patience=settings.patience,
                on_progress=advance,
            )
    name = SCRATCH_STAGE if from_scratch else BACKBONE_STAGE
    with report_progress(name, total=settings.epochs * (an_epoch + n_validation) + n_validation, unit="crops") as advance:
        stages[name] = finetuner.fit_backbone(
            training,
            validation,
            weights,
            layers=layers,
            freeze_batch_normalization=bool(settings.freeze_batch_normalization),
            learning_rate=settings.learning_rate,
            epochs=settings.epochs,
            patience=settings.patience,
            plateau=settings.plateau,
            on_progress=advance,
        )
    return FinetuningReport(stages, None if validation is None else finetuner.predict(validation))


def _choose_augmentation(settings: Finetune, *, is_egocentric: bool) -> dict[str, Any]:
    change = settings.augmentation
    rotation = change.rotation if change.rotation is not None else EGOCENTRIC_ROTATION if is_egocentric else ROTATION
    return {**change.model_dump(), "rotation": rotation}
