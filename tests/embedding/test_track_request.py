"""What `behavior track` is asked for, and what a track is made with."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from behavior.embedding.track_request import TrackRequest, describe_origin
from behavior.errors import InputError, UsageError


def test_several_animals_are_told_apart_unless_the_file_says_which_is_which() -> None:
    assert TrackRequest(animals=2).fingerprint == "correlogram"
    assert TrackRequest(animals=2, identity="none").fingerprint is None
    assert TrackRequest().fingerprint is None
    assert TrackRequest(detections=Path("a.csv"), keep_identities=True).fingerprint is None


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="--animals 0: expected a number from 1 to 1,000"):
        TrackRequest(animals=0).require_usable()
    with pytest.raises(UsageError, match="tells several animals apart"):
        TrackRequest(identity="cnn").require_usable()


@pytest.mark.parametrize("option", ["detections", "heads", "mask"])
def test_a_track_is_made_with_the_content_of_the_files_that_are_given(option: str, tmp_path: Path) -> None:
    video, boxes = tmp_path / "a.mp4", tmp_path / "a.csv"
    video.write_bytes(b"video")
    request = replace(TrackRequest(), **{option: boxes})
    with pytest.raises(InputError):
        describe_origin(video, request)
    boxes.write_text("frame,x,y\n0,1,1\n")
    first = describe_origin(video, request)
    assert first == describe_origin(video, request) and first["video"] == "a.mp4"
    boxes.write_text("frame,x,y\n0,1,2\n")
    assert describe_origin(video, request) != first


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("animals", 10**6), ("threshold", math.nan), ("threshold", 256.0), ("area", math.inf), ("colors", math.nan), ("fastest", 0.0)],
        *[("fastest", math.nan), ("process_noise", math.inf), ("process_noise", -1.0), ("memory", 10**20)],
    ],
)
def test_numbers_that_cannot_be_are_refused_before_any_work(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=rf"^--{name.replace('_', '-')} [-+0-9a-z.]+: expected a number from [0-9.]+ to [0-9,]+\.$"):
        TrackRequest(**{name: value}).require_usable()  # type: ignore[arg-type]
