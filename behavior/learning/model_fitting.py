"""Training the networks of a model bundle, and describing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.compute.effort import measure_step
from behavior.config import APPEARANCE, MADE_STREAMS, POSE, BoostingHead, PoseFiles, Study, split_stream
from behavior.files.model_bundle import (
    BundleDescription,
    MemberDescription,
    StreamDescription,
    TrainingRecord,
    name_member,
    write_preparation,
)
from behavior.learning.crossval_folder import CrossvalResults, FitEpochs
from behavior.learning.decisions import FittedDecisions, decide, fit_decisions
from behavior.learning.fitting import fit_models, prepare_features
from behavior.learning.head_files import name_suffix, save_model
from behavior.learning.learning_data import LearningData, load_variant
from behavior.learning.planning import PlannedFit, fold_of_everything, plan_fits
from behavior.learning.variants import combine_members, list_variants
from behavior.progress import warn
from behavior.recording import Annotation, Labels, Probabilities
from behavior.sequence.averaging import average_features
from behavior.sequence.contracts import Trainer
from behavior.sequence.plans import ModelPlan, TrainedModel
from behavior.sequence.preparation import Preparation
from behavior.versions import collect_versions

__all__ = [
    "FittedMember",
    "describe_bundle",
    "describe_stopping",
    "fit_members",
    "fit_model_decisions",
    "list_members",
    "list_validation",
    "predict_test",
    "predict_training",
]


@dataclass(frozen=True)
class FittedMember:
    """One network of the bundle to be.

    Attributes
    ----------
    variant
        The study without an ensemble that the network was trained by.
    fit
        What was planned.
    plan
        That of `fit`: what the network was trained on.
    model
        The trained network.
    trainer
        What trained it.
    preparation
        What is done to features first; None for nothing.
    streams
        What the columns of its features are.
    tested, fitted
        Probabilities (T, K) of each test recording, and of each that it was trained on.
    window_length
        Vectors in a window; None where the head reads none.
    """

    variant: Study
    fit: PlannedFit
    plan: ModelPlan
    model: TrainedModel
    trainer: Trainer
    preparation: Preparation | None
    streams: tuple[StreamDescription, ...]
    tested: list[npt.NDArray[np.float32]]
    fitted: list[npt.NDArray[np.float32]]
    window_length: int | None

    @property
    def outputs(self) -> tuple[int, ...]:
        """Columns of the labels that the network predicts."""
        return self.fit.outputs

    @property
    def trained_outputs(self) -> tuple[int, ...]:
        """Those of `outputs` that it could be trained for."""
        return self.fit.trained_outputs


def fit_members(
    study: Study, training: LearningData, test: LearningData | None, epochs: Mapping[tuple[str, str], int]
) -> tuple[list[FittedMember], dict[str, str]]:
    """Return the networks of all kinds and seeds, and why behaviors have none.

    Parameters
    ----------
    study
        Its head, windows, training, features and ensemble sections are used.
    training, test
        Recordings to train on, and those to predict afterwards; None where there are none.
    epochs
        Known numbers of epochs (`FitEpochs.known`); a network without any has early stopping.
    """
    everything = fold_of_everything(training)
    members: list[FittedMember] = []
    reasons: dict[int, str] = {}
    problems: dict[int, str] = {}
    for number, variant in enumerate(list_variants(study)):
        training_data = load_variant(study, variant, training)
        data = training_data.to_vectors(variant.features.average)
        test_data = load_variant(study, variant, test) if test is not None else None
        planned = plan_fits(study, number, data, {len(everything.training): everything}, epochs=epochs)
        for fit in planned:
            reasons |= fit.reasons
            if fit.plan is not None and not fit.plan.validation and fit.known_epochs is None:
                names = ", ".join(study.behaviors[output] for output in fit.outputs)
                warn(f"{names}: no recording can be spared for early stopping; all {fit.plan.epochs} epochs are run.")
        plans = {fit.key: fit.plan for fit in planned if fit.plan is not None}
        preparations = prepare_features(variant, data, [everything.training])
        models, trainer = fit_models(variant, data, plans, title="training", preparations=preparations, with_weights=True)
        for fit in planned:
            model = models.get(fit.key)
            if model is None or fit.plan is None or trainer is None:
                continue
            if model.report.problem:
                problems |= {output: f"{study.behaviors[output]}: {model.report.problem}" for output in fit.outputs}
                continue
            preparation = preparations[0] if preparations is not None else None
            tested: list[npt.NDArray[np.float32]] = []
            if test_data is not None:
                with measure_step("predict"):
                    tested = _predict_recordings(trainer, model, test_data, preparation, variant.features.average)
            fitted = _predict_recordings(trainer, model, training_data, preparation, variant.features.average)
            length = None
            if not isinstance(variant.head, BoostingHead):
                length = variant.windows.count_vectors(data.row_rate, average=variant.features.average)
            streams = data.features[0].streams
            members.append(FittedMember(variant, fit, fit.plan, model, trainer, preparation, streams, tested, fitted, length))
    covered = {output for member in members for output in member.trained_outputs}
    missed = sorted((problems | reasons).items())
    return members, {study.behaviors[output]: reason for output, reason in missed if output not in covered}


def _predict_recordings(
    trainer: Trainer, model: TrainedModel, data: LearningData, preparation: Preparation | None, average: int
) -> list[npt.NDArray[np.float32]]:
    """Return the probabilities (T, K) of each recording of `data`, whose features are not averaged yet."""
    predicted = []
    for features in data.features:
        values = average_features(features.values, average)
        if preparation is not None:
            values = preparation.apply(values)
        predicted.append(features.spread(trainer.predict(model.weights, values), average=average))
    return predicted


def list_members(study: Study, members: Sequence[FittedMember], name: str) -> list[FittedMember]:
    """Return those of `members` that were trained on the behavior `name`."""
    return [member for member in members if study.behaviors.index(name) in member.trained_outputs]


def list_validation(training: LearningData, members: Sequence[FittedMember], name: str) -> list[str]:
    """Return the ids of the validation recordings of the behavior `name`."""
    output = training.behaviors.index(name)
    validation = {index for member in members if output in member.trained_outputs for index in member.plan.validation}
    return [training.recordings[index].id for index in sorted(validation)]


def fit_model_decisions(study: Study, training: LearningData, crossval: CrossvalResults) -> FittedDecisions:
    """Return the decisions that fit the out-of-fold predictions of the training recordings, which `crossval` holds."""
    assert study.decisions is not None
    probabilities, labels = {}, {}
    for recording, features, truth in zip(training.recordings, training.features, training.labels, strict=True):
        probabilities[recording.id] = Probabilities(crossval.out_of_fold[recording.id], training.behaviors, features.time_s)
        labels[recording.id] = truth
    return fit_decisions(probabilities, labels, study.decisions, fps=training.rates, postprocess=study.postprocess)


def describe_bundle(
    study: Study, training: LearningData, members: Sequence[FittedMember], behaviors: Sequence[str], decisions: FittedDecisions | None
) -> tuple[BundleDescription, dict[str, Callable[[Path], None]]]:
    """Return the bundle's description, its record of the training still empty, and what writes each of its files."""
    described: list[MemberDescription] = []
    writers: dict[str, Callable[[Path], None]] = {}
    stems: set[str] = set()
    for member in members:
        names = [study.behaviors[output] if output in member.trained_outputs else "" for output in member.outputs]
        suffix = name_suffix(member.variant.head)
        # Of all members, whatever their suffix: their preparations have the same one.
        stem = next(name for number in count() if (name := name_member(names, number)) not in stems)
        stems.add(stem)
        file = f"{stem}{suffix}"
        writers[file] = partial(_save, member)
        preparation = None
        if member.preparation is not None:
            preparation = f"{stem}.npz"
            writers[preparation] = partial(_save_preparation, member.preparation)
        has_crops = any(split_stream(name)[0] == APPEARANCE for name in member.variant.streams)
        described.append(
            MemberDescription(
                file=file,
                behaviors=names,
                streams=list(member.streams),
                backbone=member.variant.backbone if has_crops else None,
                average=member.variant.features.average,
                preparation=preparation,
                window_length=member.window_length,
                head=member.variant.head,
            )
        )
    made = {split_stream(stream.name)[0] for member in described for stream in member.streams} & set(MADE_STREAMS)
    postprocess = decisions.postprocess if decisions is not None else study.postprocess
    description = BundleDescription(
        behaviors=list(behaviors),
        members=described,
        combine=study.ensemble.combine,
        crop=study.crop if made else None,
        arena=study.arena if POSE in made else None,
        pose=PoseFiles(others=study.pose.others) if POSE in made and study.pose.others else None,
        fps=training.row_rate,
        sampling=study.sampling,
        views=study.views,
        postprocess=postprocess,
        decisions=decisions.to_record() if decisions is not None else None,
        training=TrainingRecord(
            recordings=[], watched={}, stopping="", epochs={}, seed=study.training.seed, skipped={}, test_average_precision={}
        ),
        versions=collect_versions(),
    )
    return description, writers


def _save(member: FittedMember, path: Path) -> None:
    save_model(member.trainer.make_model(member.model.weights), path)


def _save_preparation(preparation: Preparation, path: Path) -> None:
    write_preparation(path, preparation.to_arrays())


def predict_test(
    study: Study, test: LearningData, members: Sequence[FittedMember], behaviors: Sequence[str], decisions: FittedDecisions | None
) -> tuple[list[Annotation], dict[str, Labels]]:
    """Return annotations of the test recordings and their labels by recording id, of `behaviors` alone."""
    columns = [study.behaviors.index(name) for name in behaviors]
    labels, annotations = {}, []
    for number, (recording, features) in enumerate(zip(test.recordings, test.features, strict=True)):
        predicted = _combine(study, members, behaviors, [member.tested[number] for member in members])
        probabilities = Probabilities(predicted, tuple(behaviors), features.time_s)
        if decisions is None:
            annotations.append(decide(recording.id, probabilities, fps=features.fps, postprocess=study.postprocess))
        else:
            annotations.append(decisions.decide(recording.id, probabilities, fps=features.fps))
        labels[recording.id] = test.labels[number].select(columns)
    return annotations, labels


def predict_training(study: Study, members: Sequence[FittedMember], behaviors: Sequence[str]) -> list[npt.NDArray[np.float32]]:
    """Return what `members` predict together, before calibration, for each training recording, arrays (T, B) of `behaviors`."""
    return [_combine(study, members, behaviors, fitted) for fitted in zip(*(member.fitted for member in members), strict=True)]


def _combine(
    study: Study, members: Sequence[FittedMember], behaviors: Sequence[str], predicted: Sequence[npt.NDArray[np.float32]]
) -> npt.NDArray[np.float32]:
    """Return the probabilities (T, B) of one recording by those that each member predicts for it (T, K)."""
    combined = []
    for column in (study.behaviors.index(name) for name in behaviors):
        known = [
            values[:, [one.outputs.index(column)]] for one, values in zip(members, predicted, strict=True) if column in one.trained_outputs
        ]
        combined.append(combine_members(np.stack(known), study.ensemble.combine))
    return np.concatenate(combined, axis=1)


def describe_stopping(study: Study, training: LearningData, members: Sequence[FittedMember], epochs: FitEpochs) -> str:
    """Return how the number of epochs was chosen for each behavior."""
    ways: dict[str, list[str]] = {}
    without_validation = {name for _, name in epochs.fixed}
    for member in members:
        if member.plan.validation:
            names = ", ".join(training.recordings[index].id for index in member.plan.validation)
            way = f"early stopping on {names}, not trained on"
        elif without_validation.issuperset(study.behaviors[output] for output in member.trained_outputs):
            way = (
                f"all {member.plan.epochs} epochs were run on every training recording, as in the cross-validation, which could spare "
                "none for early stopping"
            )
        elif epochs.known:
            way = "the epochs are the median of the best ones in cross-validation, and every training recording was trained on"
            if study.crossval.early_stopping_on == "fold":
                way += " (its early stopping used the recordings that it scored)"
        else:
            way = f"no recording could be spared for early stopping, so {member.plan.epochs} epochs were run"
        ways.setdefault(way, []).extend(study.behaviors[output] for output in member.trained_outputs)
    return "; ".join(f"{', '.join(dict.fromkeys(names))}: {way}" for way, names in ways.items()) + "."
