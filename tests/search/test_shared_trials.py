"""Trials that several workers run: the scores of one process, and each setting once."""

import pandas as pd
import pytest

from behavior.compute.where import Where
from behavior.errors import UsageError
from behavior.workflows.search import search_study

SPACE = {"sampler": "grid", "space": {"head.units": [4, 8], "training.learning_rate": [0.01, 0.001]}}


def read_scores(out):
    table = pd.read_csv(out / "trials.csv")
    columns = [
        name
        for name in table.columns
        if name.startswith(("average_precision", "head.", "training.")) or name in ("value", "state", "epochs")
    ]
    return table[columns].sort_values(["head.units", "training.learning_rate"]).reset_index(drop=True)


@pytest.fixture
def grid(motifs, change):
    change(motifs, search=SPACE)
    return motifs


@pytest.mark.slow
def test_two_workers_score_a_grid_to_the_bits_of_one_process(grid, tmp_path):
    alone = search_study(grid, tmp_path / "alone")
    shared = search_study(grid, tmp_path / "shared", where=Where(2))
    assert (shared.result.finished, shared.failures, shared.note) == (4, {}, "")
    pd.testing.assert_frame_equal(read_scores(tmp_path / "alone"), read_scores(tmp_path / "shared"), check_exact=True)
    assert alone.result.setting == shared.result.setting
    again = search_study(grid, tmp_path / "shared", where=Where(2))
    assert again.result.finished == 4 and len(pd.read_csv(tmp_path / "shared" / "trials.csv")) == 4


def test_machines_do_not_share_an_sqlite_file(grid, tmp_path):
    for storage in (None, f"sqlite:///{tmp_path}/a.db"):
        with pytest.raises(UsageError, match="give --storage journal:"):
            search_study(grid, tmp_path / "out", storage=storage, where=Where(cluster="tcp://127.0.0.1:1"))


@pytest.mark.slow
def test_where_the_time_is_up_no_trial_is_begun(grid, tmp_path):
    outcome = search_study(grid, tmp_path / "out", timeout_s=0, where=Where(2))
    assert outcome.result.finished == 0
    assert "the time is up" in outcome.note
