"""Another name for a behavior: settings, tables and sentences follow, and nothing else."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from behavior.config import Postprocess, Study
from behavior.config.renaming import Renaming

RENAMING = Renaming("groom", "self_groom")


def make_study(**sections: object) -> Study:
    return Study.model_validate({"behaviors": ["groom", "rear"], "streams": ["motifs"], **sections})


def test_a_study_keeps_what_its_label_files_mean() -> None:
    before = make_study(labels={"map": {"G": "groom", "R": "rear"}}, postprocess={"threshold": {"groom": 0.4}, "closing_s": 1})
    after = RENAMING.rename_study(before)
    assert after.behaviors == ["self_groom", "rear"]
    assert after.labels.map == {"groom": "self_groom", "G": "self_groom", "R": "rear"}
    assert after.postprocess == Postprocess(threshold={"self_groom": 0.4}, closing_s=1)
    assert RENAMING.rename_study(after) is after


def test_a_name_in_label_files_that_means_something_else_keeps_its_meaning() -> None:
    # In the files, "groom" is what the study calls rear.
    before = make_study(labels={"map": {"groom": "rear", "G": "groom"}})
    assert RENAMING.rename_study(before).labels.map == {"groom": "rear", "G": "self_groom"}


@pytest.mark.parametrize("new", ["rear", "Rear", "frame", "observed", " "])
def test_a_study_may_not_have_some_names(new: str) -> None:
    with pytest.raises(ValidationError):
        Renaming("groom", new).rename_study(make_study())


def test_sentences_follow_but_not_other_names() -> None:
    sentence = "no positive frame of groom in fold groom_2, or groomer"
    assert RENAMING.rename_words(sentence) == "no positive frame of self_groom in fold groom_2, or groomer"
    assert Renaming("a+b", r"\1").rename_words("a+b, aab") == r"\1, aab"
    assert RENAMING.rename_keys({"groom": 1, "rear": 2}) == {"self_groom": 1, "rear": 2}
    assert RENAMING.rename_keys(0.5) == 0.5
