"""What commands with more to say than a table return."""

from pathlib import Path

import numpy as np
import pandas as pd

from behavior.api.outcomes import Finetuning, Search, StudyCheck
from behavior.reporting.check_result import CheckedRecording, Problem
from behavior.reporting.check_result import StudyCheck as CheckResult
from behavior.search.results import SearchResult
from behavior.workflows.finetune import FinetuneResult
from behavior.workflows.search import SearchOutcome


def test_a_check_is_usable_without_errors():
    recordings = [CheckedRecording("m1", "train", n_frames=10, positives={"grooming": 0.2})]
    warned = StudyCheck.from_result(Path("study.yaml"), CheckResult(True, recordings, [Problem("m1", "odd", False)]))
    assert warned.is_usable
    assert warned.table.loc[0, ["recording", "frames", "grooming"]].tolist() == ["m1", 10, 0.2]
    assert repr(warned).splitlines()[:2] == ["Check of study.yaml: 0 errors, 1 warning", "warning: m1: odd"]
    failed = StudyCheck.from_result(Path("study.yaml"), CheckResult(True, recordings, [Problem("", "broken", True)]))
    assert not failed.is_usable
    assert repr(failed).splitlines()[1] == "error: broken"
    assert StudyCheck.from_result(Path("study.yaml"), CheckResult(True, recordings, [])).is_usable


def test_a_search_tells_the_best_setting():
    table = pd.DataFrame({"number": [0, 1], "state": ["complete", "pruned"], "value": [0.8, np.nan]})
    result = SearchResult(table, 2, {"complete": 1, "pruned": 1, "failed": 0, "running": 0}, 0, 0.8, {"head.units": 32}, {})
    search = Search.from_result(SearchOutcome(result, {"3": "ran out"}, "time is up"), Path("search"), ["odd"])
    assert (search.best, search.score, search.setting, search.study) == (0, 0.8, {"head.units": 32}, Path("search/best.yaml"))
    assert repr(search).splitlines()[0] == "Search in search: 2 of 2 trials; 1 failed (3); 2 notes"


def test_fine_tuning_has_a_row_for_each_behavior():
    result = FinetuneResult(("m1",), ("m2",), {"grooming": 10, "rearing": 5}, {"grooming": 0.5}, {"grooming": 0.7}, ("a note",))
    found = Finetuning.from_result(result, Path("lab.keras"))
    assert found.table.iloc[0].tolist() == ["grooming", 10, 0.5, 0.7]
    assert np.isnan(found.table.iloc[1, 2])
    assert (found.weights, found.fitted, found.validation, found.notes) == (Path("lab.keras"), ("m1",), ("m2",), ("a note",))
