"""What cross-validation and training ask of a study, in one sentence each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behavior.config import Study
from behavior.errors import UsageError
from behavior.learning.learning_data import LearningData
from behavior.learning.planning import list_folds
from behavior.learning.requirements import list_refusals, require_apart, require_folds, require_learned, require_positives
from behavior.recording import Labels, Recording

BOTH = [[0, 1], [1, 0], [0, 1], [1, 0]]
NONE = [[0, 0]] * 4


def test_a_cross_validation_needs_two_folds_and_pairs_three(
    make_study: Callable[..., Study], make_data: Callable[..., LearningData]
) -> None:
    study, pairs = make_study(), make_study(decisions={"nested": "pairs"})
    one, two, three = (make_data(dict.fromkeys(names, BOTH)) for names in ("a", "ab", "abc"))
    with pytest.raises(UsageError, match="leaves out one recording after the other and found 1 with labels"):
        require_folds(study, list_folds(study, one))
    require_folds(study, list_folds(study, two))
    with pytest.raises(UsageError, match="leaves out two recordings at once and found 2 with labels"):
        require_folds(pairs, list_folds(pairs, two))
    require_folds(pairs, list_folds(pairs, three))


def test_animals_of_one_video_make_one_fold(
    make_study: Callable[..., Study], make_data: Callable[..., LearningData], tmp_path: Path
) -> None:
    data = make_data(dict.fromkeys("abcd", BOTH))
    data = replace(data, recordings=tuple(replace(one, video=tmp_path / "v.mp4") for one in data.recordings))
    with pytest.raises(UsageError, match=r"\(those of one video together\) and found 1 with labels; label at least one more video"):
        require_folds(make_study(), list_folds(make_study(), data))
    by_animal = make_study(crossval={"leave_out": "animal"})
    with pytest.raises(UsageError, match="nothing is left to train on"):
        require_folds(by_animal, list_folds(by_animal, data))


def test_a_test_recording_is_of_no_video_that_is_trained_on(tmp_path: Path) -> None:
    trained = [Recording("v1_a", video=tmp_path / "v1.mp4"), Recording("v2_a", video=tmp_path / "v2.mp4")]
    require_apart(tmp_path, trained, [Recording("v3_a", video=tmp_path / "v3.mp4")])
    with pytest.raises(UsageError, match="'v2_b' has split=test, and 'v2_a', of the same video, is trained on"):
        require_apart(tmp_path, trained, [Recording("v2_b", video=tmp_path / "v2.mp4")])


def test_a_model_needs_one_behavior_that_it_can_learn() -> None:
    require_learned(Path("study.yaml"), ["rear", "jump"], {"rear": "no positive frame of rear"})
    with pytest.raises(UsageError, match=r"study\.yaml: none of its behaviors can be learned \(no positive frame of rear\)"):
        require_learned(Path("study.yaml"), ["rear"], {"rear": "no positive frame of rear"})


def test_a_search_needs_a_positive_frame(make_study: Callable[..., Study]) -> None:
    shown, absent = (Labels(np.array([[value, -1]], dtype=np.int8), ("rear", "jump")) for value in (1, 0))
    require_positives(make_study(), [absent, shown])
    with pytest.raises(UsageError, match="no frame of any training recording is labelled with a behavior"):
        require_positives(make_study(), [absent])


def test_all_that_would_be_refused_is_listed_at_once(make_study: Callable[..., Study], make_data: Callable[..., LearningData]) -> None:
    study, source = make_study(), Path("study.yaml")
    assert list_refusals(study, make_data({"a": BOTH, "b": NONE}), source=source, is_cached=False) == []
    folds, learned = list_refusals(study, make_data({"a": NONE}), source=source, is_cached=False)
    assert "found 1 with labels" in folds
    assert "none of its behaviors can be learned" in learned
