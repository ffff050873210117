"""Provenance is typed, tolerant of what is missing, and keeps what it does not know."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from behavior.provenance import AppliedPostprocess, ModelSource, Provenance, UnmeasuredFrames, ViewSource

# As annotating writes it, in this order.
WRITTEN: dict[str, Any] = {
    "fps": 10.0,
    "video": "/lab/mouse_01.mp4",
    "pose": None,
    "views": [{"name": "side", "video": "/lab/side.mp4", "pose": None, "start_s": 2.5}],
    "learned_from": True,
    "model": {"folder": "/lab/model", "hash": "4b56", "fps": 10.0},
    "body_parts": ["midbody"],
    "postprocess": {"threshold": {"rear": 0.4, "groom": 1.0}, "closing_frames": 5, "min_bout_s": 0.4},
    "calibration": "none",
    "features": ['{"stream": "appearance"}'],
    "body_parts_of_model": ["midbody"],
    "resampled": False,
    "broke_off": False,
    "versions": {"python": "3.11.7", "behavior": "0.1.0"},
    "not_measured": {"frames": 3, "spans": [[3, 5], [9, 10]]},
}


def test_what_was_written_reads_back_to_the_byte() -> None:
    assert json.dumps(Provenance.model_validate(WRITTEN).as_mapping()) == json.dumps(WRITTEN)


def test_fields_have_types() -> None:
    provenance = Provenance.model_validate(WRITTEN)
    assert provenance.model == ModelSource(folder="/lab/model", hash="4b56", fps=10.0)
    assert provenance.views == (ViewSource(name="side", video="/lab/side.mp4", pose=None, start_s=2.5),)
    assert provenance.postprocess == AppliedPostprocess(threshold={"rear": 0.4, "groom": 1.0}, closing_frames=5, min_bout_s=0.4)
    assert provenance.not_measured == UnmeasuredFrames(frames=3, spans=((3, 5), (9, 10)))
    assert provenance.features == ('{"stream": "appearance"}',)


@pytest.mark.parametrize("key", WRITTEN)
def test_what_an_older_file_lacks_is_none_and_stays_away(key: str) -> None:
    content = {name: value for name, value in WRITTEN.items() if name != key}
    provenance = Provenance.model_validate(content)
    assert getattr(provenance, key) is None
    assert provenance.as_mapping() == content


def test_unknown_keys_survive_at_every_depth() -> None:
    content = {"lab": {"room": [1, None, "B 12"]}, "model": {"hash": "4b56", "trained_by": "Ada"}}
    provenance = Provenance.model_validate(content)
    assert provenance.unknown == {"lab": content["lab"]}
    assert provenance.as_mapping() == {"model": content["model"], "lab": content["lab"]}


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"fps": "30"}, "fps"),
        ({"fps": True}, "fps"),
        ({"fps": 0}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"fps": [10]}, "fps"),
        ({"video": 5}, "video"),
        ({"video": "a\0b"}, "video"),
        ({"video": "x" * 9000}, "video"),
        ({"learned_from": 1}, "learned_from"),
        ({"views": [{"video": "side.mp4"}]}, "views"),
        ({"views": [{"name": "side", "start_s": "2"}]}, "views"),
        ({"model": "m"}, "model"),
        ({"model": {"hash": 5}}, "model"),
        ({"body_parts": "midbody"}, "body_parts"),
        ({"features": ["a", 1]}, "features"),
        ({"postprocess": []}, "postprocess"),
        ({"postprocess": {"threshold": "0.5"}}, "postprocess"),
        ({"postprocess": {"threshold": {"rear": 2}}}, "postprocess"),
        ({"postprocess": {"closing_frames": 2.5}}, "postprocess"),
        ({"postprocess": {"min_bout_s": float("inf")}}, "postprocess"),
        ({"versions": {"python": 3}}, "versions"),
        ({"not_measured": {"spans": []}}, "not_measured"),
        ({"not_measured": {"frames": 3, "spans": [[3, "5"]]}}, "not_measured"),
    ],
)
def test_a_wrong_type_is_refused(content: dict[str, Any], key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Provenance.model_validate(content)
    assert {error["loc"][0] for error in caught.value.errors()} == {key}


def test_it_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Provenance(fps=10.0).fps = 20.0  # type: ignore[misc]
