"""A model of another study is refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from behavior.config import Crop, Study
from behavior.errors import ModelError
from behavior.learning.model_match import require_own_model

STUDY = Study(behaviors=["groom", "rear"], crop=Crop(body_part="midbody", size=64))


def describe(**changes: Any) -> Any:
    given = {"behaviors": ["groom"], "crop": STUDY.crop, "streams": ["appearance"], **changes}
    members = [SimpleNamespace(streams=[SimpleNamespace(name=name) for name in given["streams"]])]
    return SimpleNamespace(behaviors=given["behaviors"], crop=given["crop"], members=members)


def test_a_model_of_some_of_the_behaviors_is_taken() -> None:
    require_own_model(describe(), STUDY.behaviors, STUDY, folder=Path("model"))
    require_own_model(describe(crop=Crop(body_part="MidBody", size=64)), STUDY.behaviors, STUDY, folder=Path("model"))
    require_own_model(describe(crop=Crop(whole_frame=True)), ["groom"], None, folder=Path("model"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"behaviors": ["groom", "dig"]}, "model: is a model of another study: it predicts dig, .* this one \\(groom, rear\\)"),
        (
            {"crop": Crop(body_part="nose", size=64)},
            "\\(body_parts nose\\) than those of this study \\(body_parts midbody\\)",
        ),
        ({"crop": Crop(body_part="midbody", size=32)}, "size 32"),
        ({"streams": ["appearance", "motion"]}, "works on motion"),
    ],
)
def test_another_model_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        require_own_model(describe(**changes), STUDY.behaviors, STUDY, folder=Path("model"))
