"""Videos of other views are found by the ends of their names, and belong to the video without that end."""

from pathlib import Path

import pytest

from behavior.errors import UsageError
from behavior.files.paired_files import Pairing
from behavior.files.view_pairing import ViewVideos, find_view_videos, join_views


def find(*names, views=("side",)):
    found = find_view_videos([Path(name) for name in names], views)
    return {video.as_posix(): (first.as_posix(), view) for video, (first, view) in found.first.items()}, list(found.notes)


def test_names_without_the_end_are_the_first_views():
    names = ("a/m1.mp4", "a/m1-SIDE.avi", "a/m10.mp4", "b/m1.mp4", "b/m1 side.mp4", "a/m1_back.mp4", "a/roadside.mp4")
    found, notes = find(*names, views=("side", "back"))
    assert found == {"a/m1-SIDE.avi": ("a/m1.mp4", "side"), "b/m1 side.mp4": ("b/m1.mp4", "side"), "a/m1_back.mp4": ("a/m1.mp4", "back")}
    assert notes == []


def test_the_only_other_end_is_the_first_view_too():
    assert find("m1_top.mp4", "m1_side.mp4", "m2_top.mp4")[0] == {"m1_side.mp4": ("m1_top.mp4", "side")}


def test_a_view_without_a_first_one_or_with_two_is_said():
    found, (lonely, unclear) = find("m1_side.mp4", "m2_top.mp4", "m2_front.mp4", "m2_side.mp4")
    assert found == {}
    assert lonely.startswith("m1_side.mp4: is named as a view 'side', and no other video beside it may be the first one (m1)")
    assert "2 videos beside it may be the first one (m2); enter it in the column video_side by hand" in unclear


def test_a_view_that_no_video_is_of_is_refused():
    with pytest.raises(UsageError, match="--views back: no video has a name that ends in 'back'"):
        find("m1.mp4", "m1_side.mp4", views=("side", "back"))


def test_individuals_have_their_own_views_or_share_one():
    first, side, back = (Path(f"{name}.mp4") for name in ("m1", "m1_side", "m1_back"))
    animals = [Pairing(f"m1_{name}", first, None, None, individual=name) for name in "ab"]
    own = [Pairing(f"m1_side_{name}", side, None, None, individual=name) for name in "ab"]
    shared = Pairing("m1_back", back, None, None)
    joined = join_views([*animals, *own, shared], ViewVideos({side: (first, "side"), back: (first, "back")}))
    assert [one.recording for one in joined] == ["m1_a", "m1_b"]
    assert [{view: found.recording for view, found in one.views.items()} for one in joined] == [
        {"back": "m1_back", "side": "m1_side_a"},
        {"back": "m1_back", "side": "m1_side_b"},
    ]
