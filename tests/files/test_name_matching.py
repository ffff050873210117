"""Which files belong to a video by name, and what recordings are named after videos."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behavior.files.name_matching import VideoNames, belongs_to, find_owners, keep_best, make_safe, name_recordings, rate_nearness


@given(stem=st.text("ab1_. ", min_size=1, max_size=6), rest=st.text("ab1_.", max_size=4))
def test_what_follows_a_name_decides(stem: str, rest: str) -> None:
    assert belongs_to(stem, stem)
    assert belongs_to(stem.upper() + "DLC_resnet50" + rest, stem)
    assert belongs_to(f"{stem}_{rest}", stem)
    assert belongs_to(stem + rest, stem) == (not rest or not rest[0].isalnum())
    assert not belongs_to(stem[:-1], stem)


def test_the_longest_name_owns_a_file_then_the_nearest_folder() -> None:
    videos = [Path("m1.mp4"), Path("m1_top.mp4"), Path("day/m1.mp4"), Path("night/m1.mp4")]
    assert find_owners(Path("m1_topDLC_x.csv"), videos) == [Path("m1_top.mp4")]
    assert find_owners(Path("night/pose/m1.csv"), videos) == [Path("night/m1.mp4")]
    assert find_owners(Path("labels/m1.csv"), [Path("a/m1.mp4"), Path("b/m1.mp4")]) == [Path("a/m1.mp4"), Path("b/m1.mp4")]
    assert find_owners(Path("m2.csv"), videos) == []


@given(
    stems=st.lists(st.text("aAbB1_ß", min_size=1, max_size=4), max_size=6),
    name=st.text("aAbB1_ß", min_size=1, max_size=6),
    rest=st.sampled_from(["", "DLC_x", "_notes", "2"]),
)
def test_owners_are_those_that_comparing_with_every_video_finds(stems: list[str], name: str, rest: str) -> None:
    videos = [Path("day", f"{stem}.mp4") for stem in stems]
    path = Path("day", f"{name}{rest}.csv")
    fitting = [video for video in videos if belongs_to(path.stem, video.stem)]
    longest = max((len(video.stem) for video in fitting), default=0)
    assert VideoNames(videos).find_owners(path) == [video for video in fitting if len(video.stem) == longest]


def test_folders_are_near_by_their_names_then_by_their_steps() -> None:
    video = Path("lab/day1/videos/m1.mp4")
    near, renamed, far = Path("lab/day1/videos/m1.csv"), Path("labels/day1/m1.csv"), Path("lab/day2/videos/m1.csv")
    assert rate_nearness(near, video) == (3, 0)
    assert rate_nearness(renamed, video) == (1, -5)
    assert rate_nearness(far, video) == (2, -4)


def test_all_of_the_best_are_kept_in_order() -> None:
    paths = [Path(name) for name in ("bb", "a", "cc")]
    assert keep_best(paths, lambda path: (len(path.name),)) == [Path("bb"), Path("cc")]
    assert keep_best([], lambda path: True) == []


@pytest.mark.parametrize(
    ("videos", "expected"),
    [
        (["a.mp4", "b.mp4"], ["a", "b"]),
        (["x/a.mp4", "y/a.mp4", "y/b.mp4"], ["x_a", "y_a", "b"]),
        (["a.mp4", "a.avi"], ["a_mp4", "a_avi"]),
        (["x/a.mp4", "X/A.mp4"], ["x_a_mp4", "X_A_mp4_2"]),
        (["mä.mp4", "mö.mp4"], ["m__mp4", "m__mp4_2"]),
    ],
)
def test_ids_are_unique_also_without_case(tmp_path: Path, videos: list[str], expected: list[str]) -> None:
    folder = tmp_path / "lab"
    ids = name_recordings([folder / video for video in videos], folder)
    assert len({name.casefold() for name in ids}) == len(ids)
    assert [name.removeprefix("lab_") for name in ids] == expected


@given(name=st.text(max_size=10))
def test_safe_names_have_one_character_for_each(name: str) -> None:
    safe = make_safe(name)
    assert len(safe) == len(name)
    assert make_safe(safe) == safe
    assert safe.isascii()
