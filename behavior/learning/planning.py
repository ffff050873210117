"""Which networks a study needs, fold by fold: one planner for `crossval`, `search`, `train` and `finetune`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from behavior.config import Study
from behavior.learning.learning_data import LearningData
from behavior.learning.variants import list_variants
from behavior.sequence.folds import Fold, choose_inner, leave_out_folds
from behavior.sequence.plans import ModelPlan

__all__ = ["FitKey", "PlannedFit", "fold_of_everything", "list_folds", "plan_fits", "plan_model", "seed_fit"]

# Draws of recordings with replacement before bagging gives up on finding both classes among them.
MAX_DRAWS = 100
NO_EPOCHS: Mapping[tuple[str, str], int] = MappingProxyType({})


@dataclass(frozen=True)
class FitKey:
    """Names one fit among all of a study.

    Attributes
    ----------
    member
        Number of the ensemble's member, 0 without an ensemble: all seeds of the first kind of model, then those of the next.
    fold
        Number of the fold; the number of recordings for a model that leaves out none.
    behavior
        Column of the first behavior that the model predicts: the only one, or 0 where one head is shared by all behaviors.
    """

    member: int
    fold: int
    behavior: int


@dataclass(frozen=True)
class PlannedFit:
    """One fit to come, or why there is none.

    Attributes
    ----------
    key
        Which one it is.
    outputs
        Columns of the labels that the model predicts.
    plan
        What the model is trained on; None where none of its behaviors can be trained.
    reasons
        Why a behavior cannot be trained, by its column.
    average
        Frames whose mean is one vector of the model's features.
    known_epochs
        Number of epochs that a cross-validation found best; None where there was none.
    """

    key: FitKey
    outputs: tuple[int, ...]
    plan: ModelPlan | None
    reasons: Mapping[int, str]
    average: int
    known_epochs: int | None

    @property
    def trained_outputs(self) -> tuple[int, ...]:
        """Columns of the behaviors that can be trained."""
        return tuple(output for output in self.outputs if output not in self.reasons)


def list_folds(study: Study, data: LearningData) -> list[Fold]:
    """Return the folds of a cross-validation of `data`; individuals of one video are never on both sides."""
    return leave_out_folds(
        [recording.id for recording in data.recordings],
        data.animals,
        data.videos,
        leave_out=study.crossval.leave_out,
    )


def fold_of_everything(data: LearningData) -> Fold:
    """Return the fold without a name that leaves out no recording of `data`."""
    return Fold(name="", left_out=(), training=tuple(range(len(data.recordings))))


def seed_fit(seed: int, *numbers: int) -> int:
    """Return a seed that follows from `seed` and `numbers`, different for each choice of them.

    >>> seed_fit(0, 1, 2) == seed_fit(0, 1, 2), seed_fit(0, 1, 2) == seed_fit(0, 2, 1)
    (True, False)
    """
    return int(np.random.SeedSequence([seed, *numbers]).generate_state(1)[0] >> 1)


def plan_fits(
    study: Study, variant: int, data: LearningData, folds: Mapping[int, Fold], *, epochs: Mapping[tuple[str, str], int] = NO_EPOCHS
) -> list[PlannedFit]:
    """Return the fits of one kind of model: for each of its seeds, in each fold, one for each behavior or one for all.

    Parameters
    ----------
    study
        The whole study, its ensemble included.
    variant
        Which kind of model of the ensemble, a number in `list_variants`.
    data
        The features that this kind of model works on, averaged as it wants them, and the labels.
    folds
        By the numbers that seeds follow from. A plan's `preparation` is the position of its fold in this mapping.
    epochs
        Known numbers of epochs, by member and behavior as `folds.csv` names them. A fit with several gets their median; one without has
        early stopping.
    """
    settings = list_variants(study)[variant]
    n_behaviors = len(data.behaviors)
    heads = [tuple(range(n_behaviors))] if settings.head.share else [(column,) for column in range(n_behaviors)]
    planned = []
    for member in range(variant * study.ensemble.seeds, (variant + 1) * study.ensemble.seeds):
        for preparation, (number, fold) in enumerate(folds.items()):
            for outputs in heads:
                key = FitKey(member, number, outputs[0])
                names = [(str(member), data.behaviors[output]) for output in outputs]
                known = [epochs[name] for name in names if name in epochs]
                known_epochs = round(float(np.median(known))) if known else None
                plan, reasons = plan_model(
                    settings.model_copy(update={"ensemble": study.ensemble}),
                    data,
                    fold,
                    outputs=outputs,
                    seed=_seed_key(study, key),
                    preparation=preparation,
                    epochs=known_epochs,
                )
                planned.append(PlannedFit(key, outputs, plan, reasons, settings.features.average, known_epochs))
    return planned


def plan_model(
    study: Study,
    data: LearningData,
    fold: Fold,
    *,
    outputs: tuple[int, ...],
    seed: int,
    preparation: int = 0,
    epochs: int | None = None,
) -> tuple[ModelPlan | None, dict[int, str]]:
    """Return how a model of the behaviors `outputs` is trained in `fold`, and why for those that cannot be trained, by column.

    Parameters
    ----------
    study
        Of one kind of model; its crossval, training and ensemble sections are used.
    seed
        The initial weights, and what bagging draws, follow from it.
    preparation
        Which of the prepared features are the model's input.
    epochs
        A fixed number, without validation recordings; None for early stopping.
    """
    stops_on_fold = study.crossval.early_stopping_on == "fold" and bool(fold.left_out)
    # Labels of what a fold leaves out decide nothing, but in the optimistic protocol.
    candidates = fold.left_out if stops_on_fold else fold.training
    reasons: dict[int, str] = {}
    learnable: set[int] = set()
    for output in outputs:
        negative, positive = data.class_counts[np.array(fold.training, dtype=np.int64), output].sum(axis=0)
        if not negative or not positive:
            missing = "positive" if not positive else "negative"
            where = f"the training recordings of fold {fold.name}" if fold.name else "the training recordings"
            reasons[output] = f"no {missing} frame of {data.behaviors[output]} in {where}"
            continue
        both_classes = data.find_learnable(candidates, output)
        learnable = learnable & both_classes or learnable | both_classes
    trained = [output for output in outputs if output not in reasons]
    if not trained:
        return None, reasons
    validation: tuple[int, ...] = ()
    training = fold.training
    if epochs is None and stops_on_fold:
        validation = tuple(index for index in fold.left_out if index in learnable)
    elif epochs is None:
        validation, training = _choose_validation(study, data, fold, outputs=trained, learnable=learnable)
    if study.ensemble.bagging == "recordings":
        training = _draw_recordings(data, training, trained, seed)
    plan = ModelPlan(
        outputs=outputs,
        training=training,
        validation=validation,
        predicted=fold.left_out,
        epochs=epochs or study.most_epochs,
        seed=seed,
        preparation=preparation,
    )
    return plan, reasons


def _seed_key(study: Study, key: FitKey) -> int:
    variant, number = divmod(key.member, study.ensemble.seeds)
    # The first member is the model that the study has without an ensemble.
    numbers = (key.fold, key.behavior) if key.member == 0 else (key.fold, key.behavior, variant, number)
    return seed_fit(study.training.seed, *numbers)


def _choose_validation(
    study: Study, data: LearningData, fold: Fold, *, outputs: Sequence[int], learnable: set[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return recordings for early stopping, () where there are none, and those left to train on, with which `outputs` can be learned."""
    while True:
        validation, training = choose_inner(
            fold.training,
            after=fold.left_out[-1] if fold.left_out else -1,
            animals=data.animals,
            videos=data.videos,
            leave_out=study.crossval.leave_out,
            learnable=learnable,
        )
        if not validation or data.have_both_classes(training, outputs):
            return validation, training
        learnable = learnable - set(validation)


def _draw_recordings(data: LearningData, training: Sequence[int], outputs: Sequence[int], seed: int) -> tuple[int, ...]:
    """Return as many recordings, drawn with replacement so that every behavior has frames of both classes; as they were if none do."""
    rng = np.random.default_rng(seed)
    for _ in range(MAX_DRAWS):
        drawn = tuple(sorted(int(index) for index in rng.choice(np.array(training), size=len(training))))
        if data.have_both_classes(drawn, outputs):
            return drawn
    return tuple(training)
