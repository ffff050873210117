"""What `check` calls fine runs, and what `crossval` and `train` refuse is an error of `check` in the same words."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.errors import BehaviorError
from behavior.files.study import open_study
from behavior.learning import model_fitting, out_of_fold
from behavior.recording import Recording
from behavior.reporting.refusals import list_study_refusals
from behavior.workflows import crossval, train
from behavior.workflows.check import check_study
from behavior.workflows.import_features import import_features

N_FRAMES = 40


class PassedError(Exception):
    """Nothing was refused before the first network was trained."""


@dataclass
class Plan:
    """A small study in the making: labels (T, 2) and features (T, D) by recording."""

    folder: Path
    labels: dict[str, np.ndarray] = field(default_factory=lambda: {name: alternate() for name in "abcd"})
    features: dict[str, np.ndarray] = field(default_factory=lambda: {name: draw() for name in "abcd"})
    rates: dict[str, float] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)
    tested: tuple[str, ...] = ()
    animals: str = ""
    # Done when all is written.
    after: list[Callable[[Path], object]] = field(default_factory=list)

    def keep(self, names: str) -> None:
        for by_name in (self.labels, self.features):
            for name in set(by_name) - set(names):
                del by_name[name]

    def edit(self, old: str, new: str, name: str = "recordings.csv") -> None:
        self.after.append(lambda folder: (folder / name).write_text((folder / name).read_text().replace(old, new)))


def alternate() -> np.ndarray:
    values = np.zeros((N_FRAMES, 2), dtype=int)
    values[5:15, 0] = values[20:30, 1] = 1
    return values


def draw(n_frames: int = N_FRAMES, n_features: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n_frames, n_features)).astype(np.float32)


def import_one(folder: Path, recording: str, name: str, values: np.ndarray, fps: float = 10.0) -> None:
    (folder / name).mkdir(exist_ok=True)
    path = folder / name / f"{recording}.npz"
    np.savez(path, features=values, fps=fps)
    for old in (folder / "cache").glob(f"{recording}.{name}-*.h5"):
        old.unlink()
    assert not import_features(folder / "study.yaml", [path], name=name).failures


def set_labels(plan: Plan, value: int, *, names: str = "abcd", column: int | slice = slice(None)) -> None:
    for name in set(names) & set(plan.labels):
        plan.labels[name][:, column] = value


def add_member(plan: Plan, **frames: int) -> None:
    """Give the ensemble a second kind of model, on features of some recordings."""
    plan.sections["ensemble"] = {"members": [{"streams": ["motifs"]}, {"streams": ["other"]}]}
    plan.after.append(lambda folder: [import_one(folder, name, "other", draw(n_frames)) for name, n_frames in frames.items()])


CASES: dict[str, Callable[[Plan], object]] = {
    "fine": lambda plan: None,
    "one recording": lambda plan: plan.keep("a"),
    "two recordings": lambda plan: plan.keep("ab"),
    "two recordings for pairs": lambda plan: (plan.keep("ab"), plan.sections.update(decisions={"nested": "pairs"})),
    "one animal": lambda plan: (setattr(plan, "animals", "xxxx"), plan.sections.update(crossval={"leave_out": "animal"})),
    "two animals for pairs": lambda plan: (
        setattr(plan, "animals", "xxyy"),
        plan.sections.update(crossval={"leave_out": "animal"}, decisions={"nested": "pairs"}),
    ),
    "all tested": lambda plan: setattr(plan, "tested", tuple("abcd")),
    "one left to train on": lambda plan: setattr(plan, "tested", tuple("bcd")),
    "no labels": lambda plan: [plan.edit(f"{name}_labels.csv", "") for name in "abcd"],
    "a label file is missing": lambda plan: plan.edit("a_labels.csv", "none.csv"),
    "two raters and no choice": lambda plan: (
        plan.edit("labels,", "labels_ann,labels_ben,"),
        plan.edit("_labels.csv,", "_labels.csv,a_labels.csv,"),
    ),
    "labels of another video": lambda plan: plan.labels.update(b=alternate()[:-5]),
    "nobody shows anything": lambda plan: set_labels(plan, 0),
    "everybody shows everything": lambda plan: set_labels(plan, 1),
    "nobody labelled anything": lambda plan: set_labels(plan, -1),
    "one behavior is never shown": lambda plan: set_labels(plan, 0, column=0),
    "shown in one recording alone": lambda plan: set_labels(plan, 0, names="bcd"),
    "shown where it is tested": lambda plan: (set_labels(plan, 0, names="abc"), setattr(plan, "tested", ("d",))),
    "another rate": lambda plan: plan.rates.update(c=12.0),
    "another rate, sampled": lambda plan: (plan.rates.update(c=12.0), plan.sections.update(sampling={"fps": 5})),
    "sampled more often than recorded": lambda plan: (plan.rates.update(c=4.0), plan.sections.update(sampling={"fps": 10})),
    "far too slow to be sampled": lambda plan: (plan.rates.update(c=0.1), plan.sections.update(sampling={"fps": 10})),
    "shown between what is sampled": lambda plan: (
        [values.fill(0) or values.__setitem__((3, slice(None)), 1) for values in plan.labels.values()],
        plan.sections.update(sampling={"fps": 5}),
    ),
    "a member, sampled": lambda plan: (
        add_member(plan, a=N_FRAMES, b=N_FRAMES, c=N_FRAMES, d=N_FRAMES),
        plan.sections.update(sampling={"fps": 5}),
    ),
    "rates that drift": lambda plan: plan.rates.update(a=9.92, b=10.0, c=10.08, d=10.0),
    "another rate where it is tested": lambda plan: (plan.rates.update(d=12.0), setattr(plan, "tested", ("d",))),
    "other features": lambda plan: plan.features.update(c=draw(n_features=4)),
    "no features": lambda plan: plan.after.append(lambda folder: [path.unlink() for path in (folder / "cache").glob("b.*")]),
    "no features where it is tested": lambda plan: (
        setattr(plan, "tested", ("d",)),
        plan.after.append(lambda folder: [path.unlink() for path in (folder / "cache").glob("d.*")]),
    ),
    "too many components": lambda plan: plan.sections.update(features={"pca": 9}),
    "as many components as there are": lambda plan: plan.sections.update(features={"pca": 3}),
    "constant features": lambda plan: (
        plan.features.update({name: np.ones((N_FRAMES, 3), np.float32) for name in "abcd"}),
        plan.sections.update(features={"pca": 0.9}),
    ),
    "averaged": lambda plan: plan.sections.update(features={"average": 7}, windows={"length": 500}),
    "averaged away": lambda plan: plan.sections.update(features={"average": 1000, "pca": 2}),
    "a member": lambda plan: add_member(plan, a=N_FRAMES, b=N_FRAMES, c=N_FRAMES, d=N_FRAMES),
    "a member without features": lambda plan: add_member(plan, a=N_FRAMES, b=N_FRAMES),
    "a member with features of another video": lambda plan: add_member(plan, a=N_FRAMES, b=N_FRAMES, c=N_FRAMES - 3, d=N_FRAMES),
    "two streams of different lengths": lambda plan: (
        plan.sections.update(streams=["motifs", "other"]),
        plan.after.append(lambda folder: [import_one(folder, name, "other", draw(N_FRAMES - (name == "c"))) for name in "abcd"]),
    ),
    "two streams of different rates": lambda plan: (
        plan.sections.update(streams=["motifs", "other"]),
        plan.after.append(lambda folder: [import_one(folder, name, "other", draw(), fps=10 + 2 * (name == "c")) for name in "abcd"]),
    ),
}
# Some that may come together.
PAIRS = list(itertools.combinations(("one recording", "another rate", "too many components", "nobody shows anything", "two recordings"), 2))


@pytest.fixture
def plan_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands end where the first network would be trained, or would have been."""

    def pass_after(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> None:
            function(*arguments, **options)
            raise PassedError

        return call

    for module in (out_of_fold, model_fitting):
        monkeypatch.setattr(module, "fit_models", lambda *_, **__: ({}, None))
    monkeypatch.setattr(crossval, "predict_out_of_fold", pass_after(crossval.predict_out_of_fold))
    monkeypatch.setattr(train, "require_learned", pass_after(train.require_learned))
    # Decisions are fitted on a cross-validation, without which `train` refuses them.
    monkeypatch.setattr(train, "read_crossval", lambda folder: None)
    monkeypatch.setattr(train, "require_same_settings", lambda *_: None)


def find_refusal(command: Callable[[], object]) -> list[str]:
    try:
        command()
    except PassedError:
        return []
    except BehaviorError as error:
        return str(error).splitlines()
    raise AssertionError("a command ended before a network was trained")


def write(write_study: Callable[..., Path], folder: Path, *names: str) -> Path:
    plan = Plan(folder)
    for name in names:
        CASES[name](plan)
    labels = {name: values for name, values in plan.labels.items() if name in plan.features}
    path = write_study(folder, labels, {"motifs": plan.features}, animals=plan.animals, tested=plan.tested, **plan.sections)
    for name, fps in plan.rates.items():
        if name in plan.features:
            import_one(folder, name, "motifs", plan.features[name], fps)
    for step in plan.after:
        step(folder)
    return path


@pytest.mark.parametrize(
    "names", [*((name,) for name in CASES), *(pytest.param(pair, marks=pytest.mark.slow) for pair in PAIRS)], ids=" and ".join
)
def test_what_is_called_fine_runs_and_what_is_refused_is_foreseen(
    write_study: Callable[..., Path], tmp_path: Path, plan_only: None, names: tuple[str, ...]
) -> None:
    path = write(write_study, tmp_path, *names)
    study, _ = open_study(path)
    checked = check_study(path)
    errors = [problem.message for problem in checked.problems if problem.is_error]
    refused = [
        *find_refusal(lambda: crossval.cross_validate(path, tmp_path / "crossval")),
        *find_refusal(lambda: train.train_model(path, tmp_path / "model", crossval=None if study.decisions is None else tmp_path)),
    ]
    assert bool(errors) == bool(refused)
    # Later sentences come out when the first is seen to.
    assert set(refused) <= set(errors)


def test_the_cases_are_of_both_kinds(write_study: Callable[..., Path], tmp_path: Path) -> None:
    found = {}
    for name in ("fine", "two recordings", "one recording"):
        (tmp_path / name).mkdir()
        found[name] = check_study(write(write_study, tmp_path / name, name)).has_errors
    assert found == {"fine": False, "two recordings": False, "one recording": True}


def test_recordings_that_are_not_in_order_have_their_own_sentences(write_study: Callable[..., Path], tmp_path: Path) -> None:
    study, recordings = open_study(write(write_study, tmp_path, "one recording"))
    assert list_study_refusals(study, recordings, {}, {}, {}, [], source=tmp_path / "study.yaml") == []
    (sentence,) = list_study_refusals(study, [Recording("a")], {}, {}, {}, [], source=tmp_path / "study.yaml")
    assert "none of its recordings to train on has labels" in sentence
