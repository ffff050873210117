"""Finished models, and the state of those in training, on disk: a cross-validation that is interrupted resumes where it left off.

A store is a folder that is deleted when the work is done::

    .fits/study.hash                   what the fits follow from
    .fits/folds/variant0/0000.npz      the first group of models that were trained side by side: reports and predictions
    .fits/folds/variant0/0001.state.npz    the group that was in training

A file that is damaged, for example by a power failure, is deleted with a warning, and its models are trained again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import TypeAdapter

from behavior.errors import CacheError
from behavior.files.array_archives import ArrayArchive, open_archive, write_archive
from behavior.files.atomic import make_folder, write_text
from behavior.files.opening import explain_damage
from behavior.progress import warn
from behavior.sequence.contracts import StateShapes
from behavior.sequence.plans import FitReport, ModelPlan, TrainedModel, TrainingState

__all__ = ["FitStore", "GroupStore", "GroupTrainedError", "Share"]

# A state of models in training is written this often at most.
SECONDS_BETWEEN_STATES = 60.0
STAMP_FILE = "study.hash"
# Changes with what the files hold.
FORMAT = "2"
ADVICE = "it is deleted, and its models are trained again"

Content = TypeVar("Content")
# Has groups of a part of the work, by their numbers, trained elsewhere; they are in the store then.
Share = Callable[[str, Sequence[int]], None]


class GroupTrainedError(Exception):
    """The one group that was wanted is trained, and nothing else is to be done."""


class FitStore:
    """A folder for finished groups of models and the state of the one in training.

    Parameters
    ----------
    folder
        Emptied unless it holds those of the same `digest`.
    digest
        Identifies all that the fits follow from: settings, features and labels.
    part
        Which part of the work it is of; "" for all of it.
    share
        Has groups trained elsewhere; None where they are trained here.
    wanted
        A part, and the number of the only group in it that is to be trained, for another process, which has made the folder.

    Raises
    ------
    OutputError
        If the folder cannot be written to.
    CacheError
        If a group is wanted and the folder holds those of another digest.
    """

    def __init__(
        self, folder: Path, digest: str, *, part: str = "", share: Share | None = None, wanted: tuple[str, int] | None = None
    ) -> None:
        self._folder = folder
        self._digest = digest
        self._part, self._share, self._wanted = part, share, wanted
        stamp = f"{FORMAT} {digest}"
        is_same = _read_stamp(folder / STAMP_FILE, len(stamp)) == stamp.encode()
        if wanted is not None and not is_same:
            raise CacheError(f"{folder}: features, labels or settings changed while models were trained on them; start the command again.")
        if folder.is_dir() and not is_same:
            shutil.rmtree(folder)
        make_folder(folder)
        if not is_same:
            write_text(folder / STAMP_FILE, stamp)

    @property
    def is_begun(self) -> bool:
        """Whether an earlier run left fits, finished or not, from which this one goes on."""
        return any(path.name.endswith(".npz") and not path.name.startswith(".") for path in self._folder.rglob("*"))

    def open(self, name: str, *, also: str = "") -> FitStore:
        """Return the store of a part of the work; `also` is added to the digest: inputs that only this part depends on."""
        part = f"{self._part}/{name}" if self._part else name
        return FitStore(self._folder / name, self._digest + also, part=part, share=self._share, wanted=self._wanted)

    @property
    def wanted(self) -> int | None:
        """Number of the only group that is to be trained; None for all of them."""
        return None if self._wanted is None else self._wanted[1]

    @property
    def is_shared(self) -> bool:
        """Whether groups may be trained elsewhere."""
        return self._share is not None

    def is_part_wanted(self, name: str) -> bool:
        """Tell whether something is to be trained in the part `name` of this one."""
        return self._wanted is None or self._wanted[0] == f"{self._part}/{name}"

    def share_out(self, groups: Sequence[GroupStore]) -> None:
        """Have those groups trained elsewhere that are not finished, where that is wanted and there are several."""
        unfinished = [number for number, group in enumerate(groups) if not group.is_finished]
        if self._share is not None and len(unfinished) > 1:
            self._share(self._part, unfinished)

    def open_group(self, number: int, plans: Sequence[ModelPlan], n_frames: Sequence[int]) -> GroupStore:
        """Return the store of a group of models, with `n_frames` of each recording."""
        return GroupStore(self._folder, number, plans, n_frames)

    def remove(self) -> None:
        """Delete the folder, when what it was for is done."""
        shutil.rmtree(self._folder)


class GroupStore:
    """The files of one group of models that are trained side by side.

    Parameters
    ----------
    folder
        Of the store.
    number
        Of the group in it.
    plans
        One for each model.
    n_frames
        Of each recording that plans have indexes of.
    """

    def __init__(self, folder: Path, number: int, plans: Sequence[ModelPlan], n_frames: Sequence[int]) -> None:
        self._models_path = folder / f"{number:04d}.npz"
        self._state_path = folder / f"{number:04d}.state.npz"
        self._plans = plans
        self._n_frames = n_frames
        self._written_at = time.monotonic()

    @property
    def is_finished(self) -> bool:
        """Whether there is a file of finished models."""
        return self._models_path.is_file()

    def read_models(self) -> list[TrainedModel] | None:
        """Return the finished models, without weights; None where the group is not finished, or its file was damaged."""
        return _read_undamaged(self._models_path, "models", self._parse_models)

    def write_models(self, models: Sequence[TrainedModel]) -> None:
        """Keep what the models predict, and delete the state that they had in training."""
        arrays = {_name(number, index): values for number, model in enumerate(models) for index, values in model.probabilities.items()}
        write_archive(self._models_path, [asdict(model.report) for model in models], arrays)
        self._state_path.unlink(missing_ok=True)

    def read_state(self, shapes: StateShapes) -> TrainingState | None:
        """Return the state in which training was left; None where it had not begun, or its file was damaged.

        Parameters
        ----------
        shapes
            What the trainer says that the state of one model consists of.
        """
        return _read_undamaged(self._state_path, "state of training", lambda archive: self._parse_state(archive, shapes))

    def write_state(self, make_state: Callable[[], TrainingState]) -> None:
        """Keep the state of the group, unless the last one was kept less than `SECONDS_BETWEEN_STATES` ago."""
        if time.monotonic() - self._written_at < SECONDS_BETWEEN_STATES:
            return
        state = make_state()
        arrays = {f"variable.{number}": values for number, values in enumerate(state.variables)}
        arrays |= {f"best.{number}": values for number, values in enumerate(state.best)}
        arrays |= {"active": np.asarray(state.active, dtype=np.int64), "steps": state.steps}
        progress = _Progress(state.epoch, len(state.active), state.scores, state.losses, state.problems)
        write_archive(self._state_path, asdict(progress), arrays)
        self._written_at = time.monotonic()

    def _parse_models(self, archive: ArrayArchive) -> list[TrainedModel]:
        reports = _REPORTS.validate_json(archive.read_header())
        if len(reports) != len(self._plans):
            raise ValueError(f"found {len(reports)} models, expected {len(self._plans)}")
        # A model that has a problem predicts nothing.
        predicted = [() if report.problem else plan.predicted for report, plan in zip(reports, self._plans, strict=True)]
        archive.require_names([_name(number, index) for number, indexes in enumerate(predicted) for index in set(indexes)])
        models = []
        for number, (report, plan, indexes) in enumerate(zip(reports, self._plans, predicted, strict=True)):
            _check_report(report, plan)
            probabilities = {
                index: archive.read_array(_name(number, index), dtype=np.float32, shape=(self._n_frames[index], len(plan.outputs)))
                for index in indexes
            }
            models.append(TrainedModel(report, (), probabilities))
        return models

    def _parse_state(self, archive: ArrayArchive, state_shapes: StateShapes) -> TrainingState:
        weight_shapes, moment_shapes = state_shapes.weights, state_shapes.moments
        progress = _PROGRESS.validate_json(archive.read_header())
        _check_progress(progress, self._plans)
        shapes = {f"variable.{number}": (progress.n_active, *shape) for number, shape in enumerate([*weight_shapes, *moment_shapes])}
        shapes |= {f"best.{number}": (len(self._plans), *shape) for number, shape in enumerate(weight_shapes)}
        archive.require_names([*shapes, "active", "steps"])
        arrays = {name: archive.read_array(name, dtype=np.float32, shape=shape) for name, shape in shapes.items()}
        state = TrainingState(
            epoch=progress.epoch,
            active=archive.read_array("active", dtype=np.int64, shape=(progress.n_active,)),
            variables=[arrays[f"variable.{number}"] for number in range(len(weight_shapes) + len(moment_shapes))],
            steps=archive.read_array("steps", dtype=np.float32, shape=(progress.n_active,)),
            best=[arrays[f"best.{number}"] for number in range(len(weight_shapes))],
            scores=progress.scores,
            losses=progress.losses,
            problems=progress.problems,
        )
        _check_active(state, self._plans)
        return state


@dataclass(frozen=True)
class _Progress:
    """The part of a state that is not arrays."""

    epoch: int
    n_active: int
    scores: list[list[float]]
    losses: list[list[float]]
    problems: dict[int, str]


_REPORTS = TypeAdapter(list[FitReport])
_PROGRESS = TypeAdapter(_Progress)


def _read_stamp(path: Path, n_bytes: int) -> bytes:
    """Return the first bytes of the file at `path`, one more than it should have; nothing where there is no such file."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(n_bytes + 1)


def _name(model: int, recording: int) -> str:
    return f"probabilities.{model}.{recording}"


def _read_undamaged(path: Path, what: str, parse: Callable[[ArrayArchive], Content]) -> Content | None:
    """Return what `parse` makes of the archive at `path`; None where there is none, or where it was damaged and is now deleted."""
    if not path.is_file():
        return None
    try:
        with (
            explain_damage(path, error=CacheError, expected=f"the {what} of an interrupted run", advice=ADVICE),
            open_archive(path) as archive,
        ):
            return parse(archive)
    except CacheError as error:
        warn(str(error))
        path.unlink()
        return None


def _check_report(report: FitReport, plan: ModelPlan) -> None:
    """Raise ValueError unless `report` is one of a fit by `plan`."""
    n_scores = len(report.validation_scores)
    if not 1 <= report.best_epoch <= report.epochs <= plan.epochs or len(report.losses) != report.epochs or n_scores > report.epochs:
        raise ValueError(
            f"found {report.epochs} epochs with {len(report.losses)} losses and {n_scores} scores, the best being {report.best_epoch}, "
            f"expected at most {plan.epochs} epochs with a loss each"
        )


def _check_progress(progress: _Progress, plans: Sequence[ModelPlan]) -> None:
    """Raise ValueError unless `progress` is that of models trained by `plans`."""
    most = max(plan.epochs for plan in plans)
    if not 1 <= progress.epoch <= most or not 0 <= progress.n_active <= len(plans):
        raise ValueError(f"found epoch {progress.epoch} of {progress.n_active} models, expected at most {most} of {len(plans)}")
    if not len(progress.scores) == len(progress.losses) == len(plans) or not set(progress.problems) <= set(range(len(plans))):
        raise ValueError(f"found scores of {len(progress.scores)} and losses of {len(progress.losses)} models, expected {len(plans)}")
    if any(not 1 <= len(losses) <= progress.epoch for losses in progress.losses):
        raise ValueError(f"found models without losses, or with losses of more than {progress.epoch} epochs")


def _check_active(state: TrainingState, plans: Sequence[ModelPlan]) -> None:
    """Raise ValueError unless the models that are still trained are some of `plans`, with a loss and optionally a score for each epoch."""
    active = state.active.tolist()
    if active != sorted(set(active) & set(range(len(plans)))) or not np.isfinite(state.steps).all():
        raise ValueError(f"found the models {active} in training, expected some of {len(plans)} in rising order")
    for number in active:
        n_scores = state.epoch if plans[number].validation else 0
        if (len(state.losses[number]), len(state.scores[number])) != (state.epoch, n_scores) or number in state.problems:
            raise ValueError(f"found no loss or no score of model {number} for each of the {state.epoch} epochs")
