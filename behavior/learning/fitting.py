"""Fitting planned models in groups that memory holds, so that a run which is interrupted goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behavior.config import Study
from behavior.files.atomic import make_folder, replacing, write_text
from behavior.learning.learning_data import LearningData
from behavior.progress import announce, show_progress
from behavior.sequence.head_stack import choose_product_dtype
from behavior.sequence.plans import FitReport, ModelPlan, TrainedModel, TrainingState
from behavior.sequence.preparation import Preparation, PreparedFeatures, combine_moments, measure_moments, pad_components, solve_preparation
from behavior.sequence.training import HeadTrainer
from behavior.sequence.windows import SequenceData

__all__ = ["FitStore", "fit_models", "hash_learning", "make_trainer", "prepare_features"]

# A state of models in training is written this often at most.
SECONDS_BETWEEN_STATES = 60.0


class FitStore:
    """A folder for finished groups of models and the state of the one in training.

    Parameters
    ----------
    folder
        Emptied unless it holds those of the same `digest`.
    digest
        Stands for settings, features and labels.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self._folder = folder
        self._digest = digest
        stamp = folder / "study.hash"
        if folder.is_dir() and not (stamp.is_file() and stamp.read_text(encoding="utf-8") == digest):
            shutil.rmtree(folder)
        make_folder(folder)
        write_text(stamp, digest)
        self._written = time.monotonic()

    def open(self, name: str, *, also: str = "") -> FitStore:
        """Return the store of a part of the work; `also` stands for what it follows from beside what the whole does."""
        return FitStore(self._folder / name, self._digest + also)

    def read_group(self, group: int, n_models: int) -> list[TrainedModel] | None:
        """Return the models of a finished group; None if it is not finished."""
        path = self._folder / f"{group:04d}.npz"
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as saved:
            reports = json.loads(str(saved["reports"]))
            found: list[dict[int, npt.NDArray[np.float32]]] = [{} for _ in range(n_models)]
            for name in saved.files:
                if name.startswith("p."):
                    _, model, recording = name.split(".")
                    found[int(model)][int(recording)] = saved[name]
        return [TrainedModel(_read_report(report), (), values) for report, values in zip(reports, found, strict=True)]

    def write_group(self, group: int, models: Sequence[TrainedModel]) -> None:
        """Keep what the models of a group say, and forget the state they had in training."""
        arrays: dict[str, Any] = {
            f"p.{place}.{index}": values for place, model in enumerate(models) for index, values in model.probabilities.items()
        }
        with replacing(self._folder / f"{group:04d}.npz") as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, reports=np.array(json.dumps([asdict(model.report) for model in models])), **arrays)
        self._state_path(group).unlink(missing_ok=True)

    def read_state(self, group: int) -> TrainingState | None:
        """Return the state in which a group was left; None if there is none."""
        path = self._state_path(group)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as saved:
            told = json.loads(str(saved["told"]))
            return TrainingState(
                epoch=told["epoch"],
                active=saved["active"],
                variables=[saved[f"v.{number}"] for number in range(told["n_variables"])],
                steps=saved["steps"],
                best=[saved[f"b.{number}"] for number in range(told["n_weights"])],
                scores=told["scores"],
                losses=told["losses"],
                problems={int(number): problem for number, problem in told["problems"].items()},
            )

    def write_state(self, group: int, make_state: Callable[[], TrainingState]) -> None:
        """Keep the state of a group in training, unless the last one was kept a moment ago."""
        if time.monotonic() - self._written < SECONDS_BETWEEN_STATES:
            return
        state = make_state()
        told = {
            "epoch": state.epoch,
            "n_variables": len(state.variables),
            "n_weights": len(state.best),
            "scores": state.scores,
            "losses": state.losses,
            "problems": state.problems,
        }
        arrays: dict[str, Any] = {f"v.{number}": values for number, values in enumerate(state.variables)}
        arrays |= {f"b.{number}": values for number, values in enumerate(state.best)}
        with replacing(self._state_path(group)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, told=np.array(json.dumps(told)), active=state.active, steps=state.steps, **arrays)
        self._written = time.monotonic()

    def remove(self) -> None:
        """Delete the folder, when what it was for is done."""
        shutil.rmtree(self._folder)

    def _state_path(self, group: int) -> Path:
        return self._folder / f"{group:04d}.state.npz"


def hash_learning(study: Study, data: LearningData) -> str:
    """Return a digest of all that fits follow from: settings, features and labels."""
    digest = hashlib.blake2b(digest_size=16)
    sections = study.model_dump(
        mode="json",
        include={"behaviors", "streams", "features", "crop", "backbone", "windows", "head", "training", "crossval", "ensemble"},
    )
    digest.update(json.dumps(sections, sort_keys=True).encode())
    for recording, features, labels in zip(data.recordings, data.features, data.labels, strict=True):
        digest.update(f"{recording.id} {recording.animal} {features.values.shape}".encode())
        digest.update(np.ascontiguousarray(features.values).data)
        digest.update(np.ascontiguousarray(labels.values).data)
    return digest.hexdigest()


def make_trainer(study: Study, *, n_features: int, n_outputs: int) -> HeadTrainer:
    """Return the trainer of the study's head."""
    return HeadTrainer(
        head=study.head.model_dump(exclude={"share"}),
        n_features=n_features,
        n_outputs=n_outputs,
        window_length=max(study.windows.length // study.features.average, 1),
        learning_rate=study.training.learning_rate,
        batch_size=study.training.batch_size,
        product_dtype=choose_product_dtype(study.training.precision),
        memory_gib=study.training.memory_gib,
    )


def prepare_features(study: Study, data: LearningData, groups: Sequence[Sequence[int]]) -> list[Preparation] | None:
    """Return for each group of recordings what the study does to features before a head sees them, fitted on these; None for nothing.

    All have as many components; where a share of variance takes fewer for a group, its last ones are 0.
    """
    steps = study.features
    if not steps.standardize and steps.pca is None:
        return None
    moments = [measure_moments(features.values, covariance=steps.pca is not None) for features in data.features]
    found = [
        solve_preparation(combine_moments([moments[index] for index in group]), standardize=steps.standardize, pca=steps.pca)
        for group in groups
    ]
    return pad_components(found)


def fit_models(
    study: Study,
    data: LearningData,
    plans: Sequence[ModelPlan],
    *,
    title: str,
    preparations: list[Preparation] | None,
    follow: Callable[[int, Mapping[int, Mapping[int, npt.NDArray[np.float32]]]], None] | None = None,
    store: FitStore | None = None,
    with_weights: bool = False,
) -> tuple[list[TrainedModel], HeadTrainer | None]:
    """Fit `plans`, as many side by side as the study's memory allows; return the models and what trained them, None without plans.

    Parameters
    ----------
    study
        One kind of model.
    title
        What is being done, for the progress display.
    preparations
        What `prepare_features` gave; a plan's `preparation` counts in it.
    follow
        As `HeadTrainer.fit` takes it; used where all models fit in memory together.
    store
        Where finished models are kept.
    with_weights
        Whether the models' weights are wanted; they would fill memory with every group, and are not kept in a store.
    """
    if not plans:
        return [], None
    arrays = [features.values for features in data.features]
    if preparations is None:
        prepared: list[Sequence[Any]] = [arrays]
        n_features = arrays[0].shape[1]
        plans = [replace(plan, preparation=0) for plan in plans]
    else:
        prepared = [[PreparedFeatures(values, preparation) for values in arrays] for preparation in preparations]
        n_features = preparations[0].n_outputs
    sequence = SequenceData(prepared, [labels.values for labels in data.labels])
    announce(f"building the {study.head.kind} head")
    trainer = make_trainer(study, n_features=n_features, n_outputs=len(plans[0].outputs))
    at_once = min(trainer.count_at_once(), len(plans))
    n_groups = -(-len(plans) // at_once)
    chunks = [list(map(int, part)) for part in np.array_split(np.arange(len(plans)), n_groups)]
    if n_groups > 1:
        announce(f"{len(plans)} models in {n_groups} groups, as training.memory_gib {study.training.memory_gib:g} allows")
    models: list[TrainedModel] = []
    with show_progress(title, total=len(plans), unit="models") as advance:
        for number, chunk in enumerate(chunks):
            known = store.read_group(number, len(chunk)) if store is not None else None
            if known is not None:
                announce(f"{len(known)} models were finished before; going on from there")
                models += known
                advance(len(chunk))
                continue
            remaining = [len(chunk)]

            def show(epoch: int, learning: Sequence[int], reports: Sequence[FitReport], remaining: list[int] = remaining) -> None:
                scores = [max(report.validation_scores) for report in reports if report.validation_scores]
                note = f"epoch {epoch}, {len(learning)} models learning"
                advance(remaining[0] - len(learning), note + (f", average precision {np.mean(scores):.3f}" if scores else ""))
                remaining[0] = len(learning)

            state = store.read_state(number) if store is not None else None
            if state is not None:
                announce(f"going on after epoch {state.epoch}")
            fitted = trainer.fit(
                sequence,
                [plans[index] for index in chunk],
                seed=study.training.seed,
                balanced=study.training.class_weights == "balanced",
                patience=study.training.patience,
                on_epoch=show,
                follow=follow if n_groups == 1 else None,
                resume=state,
                keep=partial(store.write_state, number) if store is not None else None,
            )
            advance(remaining[0])
            if store is not None:
                store.write_group(number, fitted)
            models += fitted if with_weights else [replace(model, weights=()) for model in fitted]
    return models, trainer


def _read_report(content: Mapping[str, Any]) -> FitReport:
    return FitReport(
        best_epoch=content["best_epoch"],
        epochs=content["epochs"],
        validation_scores=tuple(content["validation_scores"]),
        losses=tuple(content["losses"]),
        problem=content["problem"],
    )
