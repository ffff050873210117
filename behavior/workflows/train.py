"""`behavior train`: fits the heads on the training recordings and scores them once on those kept for testing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from behavior.config import APPEARANCE, MADE_STREAMS, POSE, Study
from behavior.errors import UsageError
from behavior.files.atomic import write_text
from behavior.files.ethograms import Annotation
from behavior.files.model_bundle import (
    BundleDescription,
    MemberDescription,
    StreamDescription,
    TrainingRecord,
    name_member,
    refuse_bundle,
    write_bundle,
    write_preparation,
)
from behavior.files.study import read_study
from behavior.metrics.tables import POOLED
from behavior.recording import Labels, Probabilities
from behavior.sequence.averaging import average_features, spread_rows
from behavior.sequence.heads import save_head
from behavior.sequence.plans import ModelPlan, TrainedModel
from behavior.sequence.preparation import Preparation
from behavior.sequence.training import HeadTrainer
from behavior.workflows.agreement import read_ceiling
from behavior.workflows.crossval import read_out_of_fold
from behavior.workflows.decisions import FittedDecisions, describe_fitting, fit_decisions
from behavior.workflows.fitting import fit_models, prepare_features
from behavior.workflows.learning_data import LearningData, load_learning_data, load_variant, require_alike
from behavior.workflows.out_of_fold import plan_model, seed_fit
from behavior.workflows.progress import announce, warn
from behavior.workflows.provenance import collect_versions
from behavior.workflows.results import (
    FOLDS_FILE,
    PREDICTIONS_FOLDER,
    STUDY_COPY,
    SUMMARY_FILE,
    decide,
    find_metric,
    prepare_results_folder,
    score_annotations,
    write_results,
)
from behavior.workflows.seen_recordings import refuse_seen_recordings
from behavior.workflows.studies import open_study
from behavior.workflows.variants import combine_members, describe_model, list_variants

__all__ = ["TrainResult", "train_model"]


@dataclass
class TrainResult:
    """What `train_model` did.

    Attributes
    ----------
    behaviors
        Those that have a model now.
    skipped
        Why the others have none, by behavior.
    metrics
        The table of `metrics.csv`; None where no test recording has labels.
    """

    behaviors: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    metrics: pd.DataFrame | None = None


@dataclass(frozen=True)
class _Member:
    """One network of the bundle to be: its outputs and which of them it learned, how, and what it says about the test recordings (T, K)."""

    variant: Study
    outputs: tuple[int, ...]
    learned: tuple[int, ...]
    plan: ModelPlan
    trained: TrainedModel
    trainer: HeadTrainer
    preparation: Preparation | None
    streams: tuple[StreamDescription, ...]
    tested: list[npt.NDArray[np.float32]]


def train_model(path: Path, out: Path, *, crossval: Path | None = None) -> TrainResult:
    """Train the heads of the study at `path` and write them as a bundle to the folder `out`, scores on the test recordings beside it.

    Parameters
    ----------
    crossval
        Results of `behavior crossval` with the same settings: all training recordings are learned from, for the median of the best
        epochs there, and decisions are fitted on its predictions. Without them, early stopping watches one of the recordings, which is
        then not learned from.

    Raises
    ------
    UsageError
        If no behavior can be learned, `crossval` had other settings, or decisions are to be fitted and there is none.
    OutputError
        If `out` holds a model already or cannot be written.
    """
    study, recordings = open_study(path)
    if study.decisions is not None and crossval is None:
        raise UsageError(
            f"{path}: decisions are fitted on out-of-fold predictions, and there are none; run `behavior crossval` first and give its "
            "folder with --crossval, or take the section decisions out."
        )
    refuse_bundle(out)
    tested = [recording for recording in recordings if recording.split == "test" and recording.labels]
    refuse_seen_recordings(study, tested, command="train")
    prepare_results_folder(out, overwrite=False)
    training = load_learning_data(study, [recording for recording in recordings if recording.split == "train"])
    epochs = _read_epochs(crossval, study, training) if crossval is not None else _Epochs()
    decisions = _fit_decisions(study, training, crossval) if study.decisions is not None and crossval is not None else None
    test = load_learning_data(study, tested) if tested else None
    if test is not None:
        require_alike([*training.recordings, *test.recordings], [*training.features, *test.features])
    members, skipped = _fit_members(study, training, test, epochs.known)
    behaviors = [name for place, name in enumerate(study.behaviors) if name not in skipped]
    if not behaviors:
        raise UsageError(f"{path}: none of its behaviors can be learned ({'; '.join(skipped.values())}); label recordings that show them.")
    for reason in skipped.values():
        warn(f"{reason}; it gets no model, the other behaviors go on.")

    result = TrainResult(behaviors=behaviors, skipped=skipped)
    stopping = _describe_stopping(study, training, members, epochs)
    announce(stopping)
    scores: dict[str, float] = {}
    if test is not None:
        annotations, labels = _predict_test(study, test, members, behaviors, decisions)
        result.metrics = score_annotations(annotations, labels)
        scores = {name: find_metric(result.metrics, recording=POOLED, behavior=name, metric="average_precision") for name in behaviors}
    description, writers = _describe_bundle(study, training, members, behaviors, decisions)
    record = TrainingRecord(
        recordings=[recording.id for recording in training.recordings],
        watched={name: _list_watched(training, members, name) for name in behaviors},
        stopping=stopping,
        epochs={name: [member.trained.report.best_epoch for member in _list_members(study, members, name)] for name in behaviors},
        seed=study.training.seed,
        skipped=skipped,
        test_average_precision={name: score for name, score in scores.items() if np.isfinite(score)},
    )
    write_bundle(out, description.model_copy(update={"training": record}), writers)
    notes = [
        f"{len(training.recordings)} training recordings; {stopping}",
        describe_model(study),
        *([describe_fitting(study.decisions, cross_validated=False)] if study.decisions is not None else []),
        *(f"No model: {reason}." for reason in skipped.values()),
    ]
    if test is not None and result.metrics is not None:
        scored = ", ".join(recording.id for recording in test.recordings)
        notes.append(f"Scored once, on the recordings with split=test ({scored}), which nothing was fitted on.")
        ceiling = read_ceiling(
            test.recordings,
            tuple(behaviors),
            [features.time_s for features in test.features],
            broke_off=[features.broke_off for features in test.features],
            settings=study.labels,
        )
        write_results(out, result.metrics, annotations, labels, title="Scores on the test recordings", notes=notes, ceiling=ceiling)
    else:
        notes.append("No recording with labels has split=test, so nothing was scored.")
        write_text(out / SUMMARY_FILE, "# Training\n\n" + "\n".join(f"- {note}" for note in notes) + "\n")
    return result


def _fit_members(
    study: Study, training: LearningData, test: LearningData | None, epochs: Mapping[tuple[str, str], int]
) -> tuple[list[_Member], dict[str, str]]:
    """Return the networks of all kinds and seeds, and why behaviors have none."""
    everything = tuple(range(len(training.recordings)))
    members: list[_Member] = []
    reasons: dict[int, str] = {}
    problems: dict[int, str] = {}
    for number, variant in enumerate(list_variants(study)):
        average = variant.features.average
        loaded = load_variant(study, variant, training).average(average)
        seen = load_variant(study, variant, test) if test is not None else None
        outputs = [tuple(range(len(study.behaviors)))] if variant.head.share else [(column,) for column in range(len(study.behaviors))]
        plans: list[ModelPlan] = []
        learnable: list[tuple[int, ...]] = []
        for member in range(study.ensemble.seeds):
            for column, answered in enumerate(outputs):
                place = (len(everything), column) if number == member == 0 else (len(everything), column, number, member)
                label = str(number * study.ensemble.seeds + member)
                known = [epochs[label, study.behaviors[output]] for output in answered if (label, study.behaviors[output]) in epochs]
                plan, missing = plan_model(
                    variant.model_copy(update={"ensemble": study.ensemble}),
                    loaded,
                    everything,
                    outputs=answered,
                    seed=seed_fit(study.training.seed, *place),
                    epochs=round(float(np.median(known))) if known else None,
                )
                reasons |= missing
                if plan is not None:
                    plans.append(plan)
                    if not plan.watched and not known:
                        names = ", ".join(study.behaviors[output] for output in answered)
                        warn(f"{names}: no recording can be spared for early stopping; all {study.training.epochs} epochs are run.")
                    learnable.append(tuple(output for output in answered if output not in missing))
        preparations = prepare_features(variant, loaded, [everything])
        fitted, trainer = fit_models(variant, loaded, plans, title="training", preparations=preparations, with_weights=True)
        for plan, learned, trained in zip(plans, learnable, fitted, strict=True):
            if trained.report.problem:
                problems |= {output: f"{study.behaviors[output]}: {trained.report.problem}" for output in plan.outputs}
                continue
            assert trainer is not None
            preparation = preparations[0] if preparations is not None else None
            tested = [
                spread_rows(
                    trainer.predict(trained.weights, _prepare(average_features(features.values, average), preparation)),
                    average,
                    len(features.values),
                )
                for features in (seen.features if seen is not None else ())
            ]
            members.append(_Member(variant, plan.outputs, learned, plan, trained, trainer, preparation, loaded.features[0].streams, tested))
    covered = {output for member in members for output in member.learned}
    missed = sorted((problems | reasons).items())
    return members, {study.behaviors[output]: reason for output, reason in missed if output not in covered}


def _prepare(values: npt.NDArray[np.floating], preparation: Preparation | None) -> npt.NDArray[np.floating]:
    return values if preparation is None else preparation.apply(values)


def _list_members(study: Study, members: Sequence[_Member], name: str) -> list[_Member]:
    return [member for member in members if study.behaviors.index(name) in member.learned]


def _list_watched(training: LearningData, members: Sequence[_Member], name: str) -> list[str]:
    output = training.behaviors.index(name)
    watched = {index for member in members if output in member.learned for index in member.plan.watched}
    return [training.recordings[index].id for index in sorted(watched)]


def _fit_decisions(study: Study, training: LearningData, crossval: Path) -> FittedDecisions:
    """Return the decisions that fit what a cross-validation said about the training recordings."""
    assert study.decisions is not None
    labels = {recording.id: found for recording, found in zip(training.recordings, training.labels, strict=True)}
    return fit_decisions(read_out_of_fold(crossval, training), labels, study.decisions, fps=training.fps, postprocess=study.postprocess)


def _describe_bundle(
    study: Study, training: LearningData, members: Sequence[_Member], behaviors: Sequence[str], decisions: FittedDecisions | None
) -> tuple[BundleDescription, dict[str, Callable[[Path], None]]]:
    """Return what the bundle says of itself, its record of the training still empty, and what writes its files."""
    described: list[MemberDescription] = []
    writers: dict[str, Callable[[Path], None]] = {}
    for member in members:
        names = [study.behaviors[output] if output in member.learned else "" for output in member.outputs]
        file = next(name for number in count() if (name := name_member(names, number)) not in writers)
        writers[file] = partial(_save, member)
        preparation = None
        if member.preparation is not None:
            preparation = file.replace(".keras", ".npz")
            writers[preparation] = partial(_save_preparation, member.preparation)
        has_crops = APPEARANCE in member.variant.streams
        described.append(
            MemberDescription(
                file=file,
                behaviors=names,
                streams=list(member.streams),
                backbone=member.variant.backbone if has_crops else None,
                average=member.variant.features.average,
                preparation=preparation,
                window_length=max(member.variant.windows.length // member.variant.features.average, 1),
                head=member.variant.head,
            )
        )
    made = {stream.name for member in described for stream in member.streams} & set(MADE_STREAMS)
    postprocess = decisions.postprocess if decisions is not None else study.postprocess
    description = BundleDescription(
        behaviors=list(behaviors),
        members=described,
        combine=study.ensemble.combine,
        crop=study.crop if made else None,
        arena=study.arena if POSE in made else None,
        fps=training.fps,
        postprocess=postprocess,
        decisions=decisions.as_mapping() if decisions is not None else None,
        training=TrainingRecord(
            recordings=[], watched={}, stopping="", epochs={}, seed=study.training.seed, skipped={}, test_average_precision={}
        ),
        versions=collect_versions(),
    )
    return description, writers


def _save(member: _Member, path: Path) -> None:
    save_head(member.trainer.export(member.trained.weights), path)


def _save_preparation(preparation: Preparation, path: Path) -> None:
    write_preparation(path, preparation.to_arrays())


def _predict_test(
    study: Study, test: LearningData, members: Sequence[_Member], behaviors: Sequence[str], decisions: FittedDecisions | None
) -> tuple[list[Annotation], dict[str, Labels]]:
    columns = [study.behaviors.index(name) for name in behaviors]
    labels, annotations = {}, []
    for number, (recording, features) in enumerate(zip(test.recordings, test.features, strict=True)):
        said = [
            combine_members(
                np.stack([member.tested[number][:, [member.outputs.index(column)]] for member in members if column in member.learned]),
                study.ensemble.combine,
            )
            for column in columns
        ]
        probabilities = Probabilities(np.concatenate(said, axis=1), tuple(behaviors), features.time_s)
        if decisions is None:
            annotations.append(decide(recording.id, probabilities, fps=features.fps, postprocess=study.postprocess))
        else:
            annotations.append(decisions.decide(recording.id, probabilities, fps=features.fps))
        labels[recording.id] = test.labels[number].select(columns)
    return annotations, labels


def _describe_stopping(study: Study, training: LearningData, members: Sequence[_Member], epochs: _Epochs) -> str:
    """Return how the number of epochs was chosen for each behavior."""
    ways: dict[str, list[str]] = {}
    unwatched = {name for _, name in epochs.fixed}
    for member in members:
        if member.plan.watched:
            way = f"early stopping watched {', '.join(training.recordings[index].id for index in member.plan.watched)}, not learned from"
        elif unwatched.issuperset(study.behaviors[output] for output in member.learned):
            way = (
                f"all {study.training.epochs} epochs were run on every training recording, as in the cross-validation, which could spare "
                "none for early stopping"
            )
        elif epochs.known:
            way = "the epochs are the median of the best ones in cross-validation, and every training recording was learned from"
            if study.crossval.early_stopping_on == "fold":
                way += " (its early stopping watched what it scored)"
        else:
            way = f"no recording could be spared for early stopping, so {study.training.epochs} epochs were run"
        ways.setdefault(way, []).extend(study.behaviors[output] for output in member.learned)
    return "; ".join(f"{', '.join(dict.fromkeys(names))}: {way}" for way, names in ways.items()) + "."


@dataclass(frozen=True)
class _Epochs:
    """How long to fit, by member and behavior.

    Attributes
    ----------
    median
        Of the best epochs in a cross-validation, over the fits that watched a recording.
    fixed
        What was run where no fit could watch one.
    """

    median: Mapping[tuple[str, str], int] = field(default_factory=dict)
    fixed: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def known(self) -> dict[tuple[str, str], int]:
        """Both together."""
        return {**self.fixed, **self.median}


def _read_epochs(folder: Path, study: Study, training: LearningData) -> _Epochs:
    """Return how long the fits in a cross-validation of `training` with the settings of `study` were best run."""
    table_path, study_path = folder / FOLDS_FILE, folder / STUDY_COPY
    for needed in (table_path, study_path):
        if not needed.is_file():
            raise UsageError(f"{needed}: not found; give the folder that `behavior crossval STUDY --out FOLDER` wrote.")
    then = read_study(study_path)
    for section in ("behaviors", "streams", "features", "crop", "backbone", "windows", "head", "training", "crossval", "ensemble"):
        if getattr(then, section) != getattr(study, section):
            raise UsageError(
                f"{folder}: the cross-validation there had other settings under {section!r}, so its best epochs say nothing here; "
                "cross-validate again or leave out --crossval."
            )
    seen = {path.stem for path in (folder / PREDICTIONS_FOLDER).glob("*.csv")}
    present = {recording.id for recording in training.recordings}
    if seen != present:
        raise UsageError(
            f"{folder}: the cross-validation there was of other recordings (in one of the two only: {', '.join(sorted(seen ^ present))}); "
            "cross-validate again or leave out --crossval."
        )
    table = pd.read_csv(table_path, dtype={"member": str})
    fitted = table[table["best_epoch"].notna()]
    watched = fitted[fitted["watched"].notna()].groupby(["member", "behavior"])["best_epoch"].median()
    median = {(str(member), str(name)): max(1, round(float(value))) for (member, name), value in watched.items()}
    others = fitted.groupby(["member", "behavior"])["epochs"].max()
    fixed = {(str(member), str(name)): int(value) for (member, name), value in others.items() if (str(member), str(name)) not in median}
    return _Epochs(median, fixed)
