"""Training planned models in groups that memory holds; finished groups are stored, for a run that is interrupted."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.compute.loading import load_keras
from behavior.config import APPEARANCE, BoostingHead, Study, split_stream
from behavior.errors import UsageError, count_noun
from behavior.files.model_bundle import StreamDescription
from behavior.learning.fit_store import FitStore, GroupStore, GroupTrainedError
from behavior.learning.learning_data import LearningData
from behavior.learning.planning import FitKey
from behavior.progress import Advance, announce, report_progress
from behavior.sequence.boosting import BoostingTrainer, count_window_frames
from behavior.sequence.contracts import Trainer
from behavior.sequence.plans import FitCallbacks, FitReport, ModelPlan, TrainedModel
from behavior.sequence.preparation import (
    Preparation,
    PreparedFeatures,
    combine_moments,
    fit_preparation_of_scores,
    measure_moments,
    pad_components,
    solve_preparation,
)
from behavior.sequence.windows import SequenceData

__all__ = ["explain_no_complete", "fit_models", "hash_learning", "make_trainer", "prepare_features"]

# Settings of boosted trees that are used before any is grown.
_NOT_OF_A_TREE = {"kind", "windows_s", "trees", "patience", "components"}


def hash_learning(study: Study, data: LearningData) -> str:
    """Return a digest of all that fits follow from: settings, features and labels."""
    digest = hashlib.blake2b(digest_size=16)
    sections = study.model_dump(
        mode="json",
        include={"behaviors", "streams", "features", "crop", "backbone", "windows", "head", "training", "crossval", "ensemble"},
    )
    # What is not set has no part, so that work that an earlier version began goes on.
    for windows in (sections["windows"], *(member["windows"] or {} for member in sections["ensemble"]["members"])):
        if windows.get("length_s") is None:
            windows.pop("length_s", None)
    if study.views is not None:
        sections["views"] = study.views.model_dump(mode="json")
    if study.sampling is not None:
        sections["sampling"] = study.sampling.model_dump(mode="json")
    digest.update(json.dumps(sections, sort_keys=True).encode())
    for recording, features, labels in zip(data.recordings, data.features, data.labels, strict=True):
        digest.update(f"{recording.id} {recording.animal} {features.values.shape}".encode())
        digest.update(np.ascontiguousarray(features.values).data)
        if features.rows is not None:
            digest.update(np.ascontiguousarray(features.rows.frames).data)
        digest.update(np.ascontiguousarray(labels.values).data)
    return digest.hexdigest()


def make_trainer(study: Study, *, n_features: int, n_outputs: int, rate: float) -> Trainer:
    """Return the trainer of the study's head, which reads `rate` vectors a second: for the same settings the same one, for the last few."""
    if isinstance(study.head, BoostingHead):
        settings = study.head.model_dump(exclude=_NOT_OF_A_TREE)
        return BoostingTrainer(n_features=n_features, lengths=count_window_frames(study.head.windows_s, rate), **settings)
    # It takes seconds, and boosted trees, or who only reads what was trained, need none of it.
    load_keras()
    from behavior.sequence.head_stack import choose_product_dtype

    settings = {
        "head": study.head.model_dump(mode="json", exclude={"share"}),
        "n_features": n_features,
        "n_outputs": n_outputs,
        "window_length": study.windows.count_vectors(rate, average=study.features.average),
        "learning_rate": study.training.learning_rate,
        "batch_size": study.training.batch_size,
        "product_dtype": choose_product_dtype(study.training.precision),
        "memory_gib": study.training.memory_gib,
    }
    return _build_trainer(json.dumps(settings))


# Tracing takes longer than training a small study. After a fit, a trainer keeps what was traced, and no weights.
@functools.lru_cache(maxsize=4)
def _build_trainer(settings: str) -> Trainer:
    from behavior.sequence.training import HeadTrainer

    return HeadTrainer(**json.loads(settings))


def prepare_features(study: Study, data: LearningData, groups: Sequence[Sequence[int]]) -> list[Preparation] | None:
    """Return what the study does to features before they reach a head, fitted on each group of recordings; None for nothing.

    All have the same number of components; where a share of variance takes fewer for a group, its last ones are 0. Where there are several
    views, they are fitted on the frames that all of these show, and the features of a view are the mean where it does not show a frame.

    Raises
    ------
    UsageError
        If no recording of a group has a frame that all of its views show, or as `solve_preparation`.
    """
    standardize, pca = study.features.standardize, _choose_components(study, data)
    if not standardize and pca is None and not any(split_stream(name)[1] for name in study.streams):
        return None
    complete = [features.complete_values for features in data.features]
    scored = _list_scored_columns(data.features[0].streams) if standardize == "quantiles" else np.zeros(0, dtype=np.int64)
    has_scores = len(scored) > 0
    # Also of features that have scores, since those that are not finite are refused here.
    moments = [measure_moments(values, covariance=pca is not None and not has_scores) if len(values) else None for values in complete]
    preparations = []
    for group in groups:
        known = {index: own for index in group if (own := moments[index]) is not None}
        if not known:
            raise UsageError(explain_no_complete(", ".join(data.recordings[index].id for index in group), study.streams))
        if has_scores:
            preparations.append(fit_preparation_of_scores([complete[index] for index in known], scored, pca=pca))
        else:
            preparations.append(solve_preparation(combine_moments(known.values()), standardize=bool(standardize), pca=pca))
    return pad_components(preparations)


def _list_scored_columns(streams: Sequence[StreamDescription]) -> npt.NDArray[np.int64]:
    """Return the features that normal scores are made of: all but what networks embed, whose distribution is even enough."""
    has_scores = [np.full(stream.n_features, split_stream(stream.name)[0] != APPEARANCE) for stream in streams]
    return np.flatnonzero(np.concatenate(has_scores))


def explain_no_complete(recordings: str, streams: Sequence[str]) -> str:
    """Return the sentence on recordings, by name, of which none has frames that all views of some streams show.

    >>> explain_no_complete("m1, m2", ["appearance", "appearance@side"]).partition(";")[0]
    'none of the training recordings m1, m2 has frames with all of the streams appearance, appearance@side'
    """
    return (
        f"none of the training recordings {recordings} has frames with all of the streams {', '.join(streams)}; take a stream out, or add "
        "recordings that have all views."
    )


def _choose_components(study: Study, data: LearningData) -> int | float | None:
    """Return the study's `features.pca`, or what boosted trees need where features are too wide for them."""
    n_features = data.features[0].values.shape[1]
    if study.features.pca is not None or not isinstance(study.head, BoostingHead) or n_features <= study.head.components:
        return study.features.pca
    announce(
        f"{n_features} features are reduced to {study.head.components} principal components (head.components), of which boosted trees "
        "see statistics; features.pca chooses another number"
    )
    return study.head.components


def fit_models(
    study: Study,
    data: LearningData,
    plans: Mapping[FitKey, ModelPlan],
    *,
    title: str,
    preparations: list[Preparation] | None,
    follow: Callable[[int, Mapping[FitKey, Mapping[int, npt.NDArray[np.float32]]]], None] | None = None,
    store: FitStore | None = None,
    with_weights: bool = False,
) -> tuple[dict[FitKey, TrainedModel], Trainer | None]:
    """Train what is planned, as many models side by side as the study's memory allows.

    Parameters
    ----------
    study
        One kind of model.
    title
        What is being done, for the progress display.
    preparations
        What `prepare_features` returned; a plan's `preparation` is an index of it.
    follow
        Called after each epoch with its number and what the best weights so far predict, by fit and recording, where all models fit in
        memory together.
    store
        Where finished models are kept.
    with_weights
        Whether the models' weights are wanted; they would fill memory with every group, and are not kept in a store.

    Returns
    -------
    The models, in the order of their plans, and what trained them: None without plans.

    Raises
    ------
    GroupTrainedError
        If the store wants one group alone, when that is trained.
    """
    if not plans:
        return {}, None
    arrays = [features.values for features in data.features]
    if preparations is None:
        prepared: list[Sequence[Any]] = [arrays]
        n_features = arrays[0].shape[1]
        plans = {key: replace(plan, preparation=0) for key, plan in plans.items()}
    else:
        prepared = [[PreparedFeatures(values, preparation) for values in arrays] for preparation in preparations]
        n_features = preparations[0].n_outputs
    sequence = SequenceData(prepared, [labels.values for labels in data.labels])
    announce(f"building the {study.head.kind} head")
    n_outputs = len(next(iter(plans.values())).outputs)
    trainer = make_trainer(study, n_features=n_features, n_outputs=n_outputs, rate=data.row_rate)
    groups = _split_groups(plans, trainer.count_at_once())
    if len(groups) > 1:
        reason = "" if isinstance(study.head, BoostingHead) else f", as training.memory_gib {study.training.memory_gib:g} allows"
        announce(f"{count_noun(len(plans), 'model')} in {count_noun(len(groups), 'group')}{reason}")
    n_frames = [len(labels) for labels in sequence.labels]
    stores = [None if store is None else store.open_group(number, list(group.values()), n_frames) for number, group in enumerate(groups)]
    if store is not None:
        store.share_out([one for one in stores if one is not None])
        if store.wanted is not None:
            groups, stores = [groups[store.wanted]], [stores[store.wanted]]
    fitted: dict[FitKey, TrainedModel] = {}
    with report_progress(title, total=len(plans), unit="models") as advance:
        for group, group_store in zip(groups, stores, strict=True):
            group_plans = list(group.values())
            models = group_store.read_models() if group_store is not None else None
            if models is not None:
                announce(f"{len(models)} models were finished before; resuming from there")
                advance(len(group))
            else:
                models = _fit_group(
                    study,
                    trainer,
                    sequence,
                    group_plans,
                    display=_EpochDisplay(advance, len(group)),
                    follow=_follow_keys(list(group), follow) if follow is not None and len(groups) == 1 else None,
                    store=group_store,
                )
            if not with_weights:
                models = [replace(model, weights=()) for model in models]
            fitted |= dict(zip(group, models, strict=True))
    if store is not None and store.wanted is not None:
        raise GroupTrainedError
    return fitted, trainer


class _EpochDisplay:
    """Moves the progress display on as the models of a group stop, and shows how well they do."""

    def __init__(self, advance: Advance, n_models: int) -> None:
        self._advance = advance
        self._n_training = n_models

    def show(self, epoch: int, training: Sequence[int], reports: Sequence[FitReport]) -> None:
        scores = [max(report.validation_scores) for report in reports if report.validation_scores]
        note = f"epoch {epoch}, models in training: {len(training)}"
        self._advance(self._n_training - len(training), note + (f", average precision {np.mean(scores):.3f}" if scores else ""))
        self._n_training = len(training)

    def finish(self) -> None:
        self._advance(self._n_training)


def _fit_group(
    study: Study,
    trainer: Trainer,
    data: SequenceData,
    plans: Sequence[ModelPlan],
    *,
    display: _EpochDisplay,
    follow: Callable[[int, Mapping[int, Mapping[int, npt.NDArray[np.float32]]]], None] | None,
    store: GroupStore | None,
) -> list[TrainedModel]:
    """Train a group of models, from the stored state on where there is one, and store them."""
    shapes = trainer.state_shapes
    state = store.read_state(shapes) if store is not None and shapes is not None else None
    if state is not None:
        announce(f"resuming after epoch {state.epoch}")
    models = trainer.fit(
        data,
        plans,
        seed=study.training.seed,
        balanced=study.training.class_weights == "balanced",
        patience=study.patience,
        resume=state,
        callbacks=FitCallbacks(display.show, follow, store.write_state if store is not None else None),
    )
    display.finish()
    if store is not None:
        store.write_models(models)
    return models


def _follow_keys(
    keys: Sequence[FitKey], follow: Callable[[int, Mapping[FitKey, Mapping[int, npt.NDArray[np.float32]]]], None]
) -> Callable[[int, Mapping[int, Mapping[int, npt.NDArray[np.float32]]]], None]:
    """Return what calls `follow` with the fits that the plans of a group, which are numbered in it, belong to."""

    def follow_numbers(epoch: int, predictions: Mapping[int, Mapping[int, npt.NDArray[np.float32]]]) -> None:
        follow(epoch, {keys[number]: values for number, values in predictions.items()})

    return follow_numbers


def _split_groups(plans: Mapping[FitKey, ModelPlan], at_once: int) -> list[dict[FitKey, ModelPlan]]:
    """Return groups of at most `at_once` plans, nearly equal in size."""
    keys = list(plans)
    n_groups = -(-len(keys) // at_once)
    return [{keys[index]: plans[keys[index]] for index in part} for part in np.array_split(np.arange(len(keys)), n_groups)]
