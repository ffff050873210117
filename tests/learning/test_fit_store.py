"""Finished models and states of training on disk: they are read as they were written, or thrown away with a warning."""

from __future__ import annotations

import json
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest

from behavior.files.array_archives import write_archive
from behavior.learning import fit_store
from behavior.learning.fit_store import FitStore
from behavior.sequence.contracts import StateShapes
from behavior.sequence.plans import FitReport, ModelPlan, TrainedModel, TrainingState

N_FRAMES = [6, 4, 5]
PLANS = [
    ModelPlan((0,), (1,), (2,), (0,), 5, 11),
    ModelPlan((1,), (0, 2), (), (1, 0), 5, 12),
    ModelPlan((0, 1), (0,), (1,), (2,), 5, 13),
]
# Of one model: two weights, the first of which is trained.
WEIGHTS, MOMENTS = [(3, 2), (4,)], [(3, 2), (3, 2)]


def make_models():
    rng = np.random.default_rng(0)
    reports = [
        FitReport(1, 3, (0.75, 0.5, 0.25), (3.0, 2.0, 1.0)),
        FitReport(5, 5, (), (0.1, 0.2, 0.3, 0.4, 0.5)),
        FitReport(1, 1, (), (float("nan"),), "the loss is not a number after epoch 1"),
    ]
    return [
        TrainedModel(
            report,
            (),
            {
                index: rng.random((N_FRAMES[index], len(plan.outputs))).astype(np.float32)
                for index in (plan.predicted if not report.problem else ())
            },
        )
        for plan, report in zip(PLANS, reports, strict=True)
    ]


def make_state():
    """The first model has stopped, the others are in training after two epochs."""
    rng = np.random.default_rng(1)
    return TrainingState(
        epoch=2,
        active=np.array([1, 2]),
        variables=[rng.normal(size=(2, *shape)).astype(np.float32) for shape in (*WEIGHTS, *MOMENTS)],
        steps=np.array([4, 6], dtype=np.float32),
        best=[rng.normal(size=(3, *shape)).astype(np.float32) for shape in WEIGHTS],
        scores=[[0.5], [], [0.25, 0.5]],
        losses=[[float("nan")], [2.0, 1.0], [2.0, 0.5]],
        problems={0: "the loss is not a number after epoch 1"},
    )


@pytest.fixture
def store(tmp_path):
    return FitStore(tmp_path / ".fits", "digest")


@pytest.fixture
def group(store, monkeypatch):
    monkeypatch.setattr(fit_store, "SECONDS_BETWEEN_STATES", 0.0)
    return store.open_group(0, PLANS, N_FRAMES)


def assert_models(models):
    for model, expected in zip(models, make_models(), strict=True):
        assert str(model.report) == str(expected.report)
        assert model.weights == ()
        assert list(model.probabilities) == list(expected.probabilities)
        for index, values in expected.probabilities.items():
            assert model.probabilities[index].dtype == np.float32
            np.testing.assert_array_equal(model.probabilities[index], values)


def assert_state(state):
    expected = make_state()
    for field in fields(TrainingState):
        one, other = getattr(state, field.name), getattr(expected, field.name)
        if field.name in ("variables", "best"):
            assert all(np.array_equal(first, second) and first.dtype == second.dtype for first, second in zip(one, other, strict=True))
        else:
            assert repr(one) == repr(other)


class Kept:
    """One of the two kinds of files of a group: how it is written, read and checked."""

    def __init__(self, kind, folder):
        self.kind = kind
        self.path = folder / ".fits" / {"models": "0000.npz", "state": "0000.state.npz"}[kind]

    def write(self, group):
        if self.kind == "models":
            group.write_models(make_models())
        else:
            group.write_state(make_state)

    def read(self, group):
        return group.read_models() if self.kind == "models" else group.read_state(StateShapes(WEIGHTS, MOMENTS))

    def check(self, content):
        (assert_models if self.kind == "models" else assert_state)(content)


@pytest.fixture(params=["models", "state"])
def kept(request, tmp_path):
    return Kept(request.param, tmp_path)


def test_what_was_kept_is_read(group, kept, caplog):
    assert kept.read(group) is None
    kept.write(group)
    kept.check(kept.read(group))
    assert kept.path.is_file()
    assert caplog.text == ""


def test_a_resumed_state_may_be_changed(group):
    group.write_state(make_state)
    state = group.read_state(StateShapes(WEIGHTS, MOMENTS))
    steps = state.steps.copy()
    state.steps += 1
    state.best[0][1] = 0
    np.testing.assert_array_equal(state.steps, steps + 1)
    assert not state.best[0][1].any()


def test_a_finished_group_has_no_state_any_more(group):
    group.write_state(make_state)
    group.write_models(make_models())
    assert group.read_state(StateShapes(WEIGHTS, MOMENTS)) is None


def test_a_state_without_a_model_in_training_is_read(group):
    state = replace(make_state(), active=np.zeros(0, dtype=np.int64), steps=np.zeros(0, dtype=np.float32))
    state.variables = [values[:0] for values in state.variables]
    group.write_state(lambda: state)
    assert group.read_state(StateShapes(WEIGHTS, MOMENTS)).active.tolist() == []


def test_states_are_not_written_all_the_time(store, monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr(fit_store.time, "monotonic", lambda: seconds[0])
    group = store.open_group(0, PLANS, N_FRAMES)
    made = []

    def make():
        made.append(seconds[0])
        return make_state()

    for seconds[0] in (1.0, 59.0, 61.0, 62.0, 120.0, 122.0):
        group.write_state(make)
    assert made == [61.0, 122.0]


def test_groups_and_parts_have_files_of_their_own(store):
    part = store.open("folds")
    part.open_group(0, PLANS, N_FRAMES).write_models(make_models())
    for other in (
        part.open_group(1, PLANS, N_FRAMES),
        store.open_group(0, PLANS, N_FRAMES),
        store.open("pairs").open_group(0, PLANS, N_FRAMES),
    ):
        assert other.read_models() is None
    assert_models(store.open("folds").open_group(0, PLANS, N_FRAMES).read_models())


def test_a_store_is_kept_for_the_same_digest_alone(tmp_path, store):
    def read(digest, also=""):
        return FitStore(tmp_path / ".fits", digest).open("part", also=also).open_group(0, PLANS, N_FRAMES).read_models()

    store.open("part").open_group(0, PLANS, N_FRAMES).write_models(make_models())
    assert_models(read("digest"))
    assert read("digest", also="other features") is None
    store.open("part").open_group(0, PLANS, N_FRAMES).write_models(make_models())
    assert read("digest of other labels") is None
    assert read("digest") is None


@pytest.mark.parametrize("content", [b"", b"2 diges", b"2 digest and more", b"\xff\xfe\x00", b"1 digest"])
def test_a_store_whose_stamp_was_damaged_is_emptied(tmp_path, store, content):
    store.open_group(0, PLANS, N_FRAMES).write_models(make_models())
    (tmp_path / ".fits" / "study.hash").write_bytes(content)
    assert FitStore(tmp_path / ".fits", "digest").open_group(0, PLANS, N_FRAMES).read_models() is None


def test_a_store_that_is_done_leaves_nothing(tmp_path, store):
    store.open("part").open_group(0, PLANS, N_FRAMES).write_models(make_models())
    store.remove()
    assert list(tmp_path.iterdir()) == []


def assert_thrown_away(kept, group, caplog):
    """Check that the file is gone, was warned about by its name, and can be written again."""
    caplog.clear()
    assert kept.read(group) is None
    assert not kept.path.exists()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert str(kept.path) in record.getMessage()
    assert "it is deleted, and its models are trained again" in record.getMessage()


def test_a_file_that_was_cut_off_is_thrown_away(group, kept, caplog):
    kept.write(group)
    content = kept.path.read_bytes()
    lengths = np.unique(np.linspace(0, len(content) - 1, 20).astype(int))
    assert len(lengths) == 20
    for length in lengths:
        kept.path.write_bytes(content[:length])
        assert_thrown_away(kept, group, caplog)
    kept.write(group)
    kept.check(kept.read(group))


def test_a_file_of_zeros_is_thrown_away(group, kept, caplog):
    """What a power failure leaves of a file whose size was on disk, and whose content was not."""
    kept.write(group)
    kept.path.write_bytes(bytes(kept.path.stat().st_size))
    assert_thrown_away(kept, group, caplog)


def test_a_file_with_flipped_bytes_is_thrown_away_or_holds_the_same(group, kept, caplog):
    kept.write(group)
    content = kept.path.read_bytes()
    rng = np.random.default_rng(0)
    n_thrown_away = 0
    positions = rng.choice(len(content), 300, replace=False)
    for position, mask in zip(positions, rng.integers(1, 256, len(positions)), strict=True):
        kept.path.write_bytes(content[:position] + bytes([content[position] ^ mask]) + content[position + 1 :])
        read = kept.read(group)
        if read is None:
            n_thrown_away += 1
            assert not kept.path.exists()
        else:
            kept.check(read)
    assert n_thrown_away == len(caplog.records) > 200


def rewrite(path, change):
    """Write the archive at `path` again, with its header and arrays changed."""
    with zipfile.ZipFile(path) as archive:
        header = json.loads(archive.read("header.json"))
    with np.load(path) as loaded:
        arrays = {name: loaded[name] for name in loaded.files if name != "header.json"}
    holder = {"header": header, "arrays": arrays}
    change(holder)
    write_archive(path, holder["header"], holder["arrays"])


def put(*keys):
    """Return what puts a value, the last of `keys`, where the others lead."""
    *path, last, value = keys

    def change(holder):
        for key in path:
            holder = holder[key]
        holder[last] = value

    return change


def remove(part, name):
    return lambda holder: holder[part].pop(name)


WRONG_MODELS = {
    "no report": put("header", []),
    "a report less": lambda holder: holder["header"].pop(),
    "a key less": lambda holder: holder["header"][0].pop("losses"),
    "no mapping": put("header", 0, 7),
    "a word for a number": put("header", 0, "best_epoch", "three"),
    "a best epoch that was not run": put("header", 0, "best_epoch", 4),
    "more epochs than planned": put("header", 1, "epochs", 6),
    "a loss less": put("header", 1, "losses", [0.1]),
    "more scores than epochs": put("header", 0, "validation_scores", [0.5] * 4),
    "a problem, and predictions": put("header", 0, "problem", "the loss is not a number"),
    "predictions missing": remove("arrays", "probabilities.1.0"),
    "predictions of a model with a problem": put("arrays", "probabilities.2.2", np.zeros((5, 2), np.float32)),
    "another recording": lambda holder: holder["arrays"].update({"probabilities.0.1": holder["arrays"].pop("probabilities.0.0")}),
    "a name that is none": put("arrays", "probabilities", np.zeros(3, np.float32)),
    "fewer frames": put("arrays", "probabilities.0.0", np.zeros((5, 1), np.float32)),
    "more behaviors": put("arrays", "probabilities.0.0", np.zeros((6, 2), np.float32)),
    "double precision": put("arrays", "probabilities.0.0", np.zeros((6, 1))),
}
WRONG_STATES = {
    "no mapping": put("header", [1, 2]),
    "a key less": remove("header", "problems"),
    "no epoch yet": put("header", "epoch", 0),
    "an epoch that was not planned": put("header", "epoch", 6),
    "an epoch further on": put("header", "epoch", 3),
    "fewer active models": put("header", "n_active", 1),
    "more active models than there are": put("header", "n_active", 4),
    "a negative number of models": put("header", "n_active", -1),
    "scores of a model less": lambda holder: holder["header"]["scores"].pop(),
    "losses of a model less": lambda holder: holder["header"]["losses"].pop(),
    "no loss of a model": put("header", "losses", 0, []),
    "a score less than epochs": put("header", "scores", 2, [0.5]),
    "a score of a model that is not scored": put("header", "scores", 1, [0.5, 0.5]),
    "a problem of a model that is not there": put("header", "problems", "3", "the loss is not a number"),
    "a problem of a model in training": put("header", "problems", "1", "the loss is not a number"),
    "a problem without a number": put("header", "problems", "one", "the loss is not a number"),
    "a weight missing": remove("arrays", "variable.3"),
    "a best weight missing": remove("arrays", "best.1"),
    "a further weight": put("arrays", "variable.4", np.zeros((2, 3, 2), np.float32)),
    "a weight of another shape": put("arrays", "variable.0", np.zeros((2, 2, 3), np.float32)),
    "best weights of fewer models": put("arrays", "best.0", np.zeros((2, 3, 2), np.float32)),
    "models twice": put("arrays", "active", np.array([1, 1])),
    "models in another order": put("arrays", "active", np.array([2, 1])),
    "models that are not there": put("arrays", "active", np.array([1, 3])),
    "a negative model": put("arrays", "active", np.array([-1, 1])),
    "models as floats": put("arrays", "active", np.array([1.0, 2.0])),
    "no number of steps": put("arrays", "steps", np.array([np.nan, 1], np.float32)),
    "no steps": remove("arrays", "steps"),
}


@pytest.mark.parametrize(("kind", "name"), [*(("models", name) for name in WRONG_MODELS), *(("state", name) for name in WRONG_STATES)])
def test_content_that_does_not_fit_is_thrown_away(tmp_path, group, caplog, kind, name):
    kept = Kept(kind, tmp_path)
    kept.write(group)
    rewrite(kept.path, lambda holder: None)
    kept.check(kept.read(group))
    rewrite(kept.path, (WRONG_MODELS if kind == "models" else WRONG_STATES)[name])
    assert_thrown_away(kept, group, caplog)


@pytest.mark.parametrize("text", ["", "{", '[{"best_epoch": 1', "null", "[" * 100_000, "9" * 5000, "\x00", '{"epoch": 1e400}'])
def test_json_that_is_damaged_is_thrown_away(group, kept, caplog, text):
    with zipfile.ZipFile(kept.path, "w") as archive:
        archive.writestr("header.json", text)
    assert_thrown_away(kept, group, caplog)


def test_a_file_of_another_program_is_thrown_away(group, kept, caplog):
    np.savez(kept.path, reports=np.array("[]"), p=np.array([{"an": "object"}], dtype=object))
    assert_thrown_away(kept, group, caplog)
    kept.path.write_text("not an archive")
    assert_thrown_away(kept, group, caplog)


def test_the_models_of_other_plans_are_thrown_away(store, group, kept, caplog):
    kept.write(group)
    longer = [*PLANS, PLANS[0]]
    assert_thrown_away(kept, store.open_group(0, longer, N_FRAMES), caplog)
