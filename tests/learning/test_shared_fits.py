"""Groups of models that several workers train: the same bits as in one process, and what happens where a worker dies."""

import pytest

from behavior.compute.where import HERE, Where
from behavior.errors import CacheError, TrainingError
from behavior.learning import shared_fits
from behavior.learning.fit_store import FitStore
from behavior.learning.shared_fits import share_fits
from behavior.workflows.crossval import cross_validate

# A few of the models at once.
FEW_AT_ONCE = {"memory_gib": 2e-5}


def read_files(folder):
    """Return all files but pictures, and what a run took: that table, and the file that has its hash."""
    left_out = ("computing_time.csv", "crossval.json", "summary.md")
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".png" and path.name not in left_out]
    return {path.relative_to(folder): path.read_bytes() for path in paths}


def assert_same_files(one, other):
    first, second = read_files(one), read_files(other)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_in_one_process_nothing_is_shared(tmp_path):
    assert share_fits(tmp_path / "study.yaml", tmp_path, HERE) is None


@pytest.mark.slow
def test_two_workers_leave_the_files_of_one_process(motifs, change, tmp_path, caplog):
    change(motifs, training=FEW_AT_ONCE)
    caplog.set_level("INFO", logger="behavior")
    cross_validate(motifs, tmp_path / "alone")
    assert "groups, as training.memory_gib" in caplog.text
    caplog.clear()
    cross_validate(motifs, tmp_path / "shared", where=Where(2))
    assert "2 workers on this machine" in caplog.text
    assert_same_files(tmp_path / "alone", tmp_path / "shared")


@pytest.mark.slow
def test_pairs_of_folds_members_and_learning_curves_are_shared_alike(motifs, change, tmp_path):
    change(motifs, training=FEW_AT_ONCE, decisions={"nested": "pairs"}, ensemble={"seeds": 2})
    for name, where in (("alone", HERE), ("shared", Where(2))):
        cross_validate(motifs, tmp_path / name, learning_curve=True, where=where)
    assert_same_files(tmp_path / "alone", tmp_path / "shared")


def test_a_group_that_could_not_be_trained_is_named_and_the_others_are_kept(motifs, change, tmp_path, monkeypatch):
    change(motifs, training=FEW_AT_ONCE)

    def run_all_but_the_second(work, where):
        return [TrainingError("no worker") if number == 1 else work.function(unit) for number, unit in enumerate(work.units)]

    with monkeypatch.context() as patch, pytest.raises(TrainingError, match="models of group 2 of folds/variant0 could not be trained"):
        patch.setattr(shared_fits, "run_units", run_all_but_the_second)
        cross_validate(motifs, tmp_path / "out", where=Where(2))
    kept = {path.name for path in (tmp_path / "out" / ".fits" / "folds" / "variant0").glob("*.npz")}
    assert "0000.npz" in kept and "0001.npz" not in kept
    shared_fits._load_once.cache_clear()


def test_features_that_changed_meanwhile_do_not_cost_what_is_trained(tmp_path):
    FitStore(tmp_path / "fits", "one").open("folds").open("variant0")
    with pytest.raises(CacheError, match="changed while models were trained"):
        FitStore(tmp_path / "fits", "another", wanted=("folds/variant0", 0))
    assert (tmp_path / "fits" / "folds" / "variant0").is_dir()
