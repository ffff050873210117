"""Lists of differences, of a study whose differences are known."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from behavior.files.ethograms import read_annotation
from behavior.recording import Annotation
from behavior.review.differences import DifferenceItem, Differences
from behavior.review.reviewed_study import open_reviewed
from behavior.review.video_indices import VideoIndices

# The ethograms have grooming at frames 12 to 21 and rearing at 40 to 49, at a probability of 0.9.
PLAIN = "behavior,start_frame,stop_frame\ngroom,10,20\nrear,55,58\n"
ANNA = "behavior,start_frame,stop_frame\ngroom,10,21\nrear,40,50\n"


@pytest.fixture
def raters(study: Path) -> Path:
    (study.parent / "plain_1.csv").write_text(PLAIN)
    for name in ("anna_1.csv", "anna_2.csv"):
        (study.parent / name).write_text(ANNA)
    (study.parent / "recordings.csv").write_text(
        "recording,video,pose,labels,labels_anna\n"
        "mouse_1,mouse_1.mp4,mouse_1DLC.csv,plain_1.csv,anna_1.csv\nmouse_2,mouse_2.mp4,mouse_2DLC.csv,,anna_2.csv\n"
    )
    return study


def begin(study: Path, rater: str = "", wait: Callable[[], bool] = lambda: True) -> Differences:
    return Differences(open_reviewed([study]), rater, VideoIndices(), wait)


def show(items: list[DifferenceItem] | tuple[DifferenceItem, ...]) -> list[tuple[str, str, str, int]]:
    return [(item.recording, item.behavior, item.kind, item.start_frame) for item in items]


def test_people_and_model_are_compared_the_surest_and_longest_first(raters: Path) -> None:
    differences = begin(raters)
    assert differences.list_items().n_compared == 0
    differences.compare_all()
    listed = differences.list_items(kinds=["missed", "extra", "bounds", "parts"])
    assert show(list(listed.items)) == [
        ("mouse_1", "rear", "extra", 40),
        ("mouse_1", "groom", "bounds", 10),
        ("mouse_1", "rear", "missed", 55),
    ]
    assert (listed.n_found, listed.n_compared, listed.n_recordings, listed.problems) == (3, 2, 2, {})
    bounds = listed.items[1]
    assert (bounds.labelled, bounds.decided) == ((10, 20), (12, 22))
    assert (bounds.start_error_s, bounds.stop_error_s) == pytest.approx((0.2, 0.2))
    assert (bounds.start_s, bounds.stop_s) == pytest.approx((1.0, 2.2))
    unsure = differences.list_items(kinds=["unsure"], recording="mouse_2").items
    assert [(item.behavior, item.rater, item.probability) for item in unsure] == [
        ("groom", None, pytest.approx(0.9)),
        ("rear", None, pytest.approx(0.9)),
    ]
    assert show(list(differences.list_items(behavior="groom", kinds=["bounds"], recording="mouse_1").items)) == show([bounds])
    assert [item.kind for item in differences.list_items(kinds=["extra", "missed"], most=1).items] == ["extra"]


def test_other_raters_are_listed_only_where_that_is_asked_for(raters: Path) -> None:
    differences = begin(raters)
    differences.compare_all()
    assert {item.rater for item in differences.list_items().items} == {"", None}
    assert not any(item.other for item in differences.list_items().items)
    assert differences.list_items(of_raters=True).n_compared == 0
    differences.compare_all()
    listed = differences.list_items(of_raters=True)
    assert [(item.rater, item.other, item.kind, item.start_frame) for item in listed.items] == [
        ("", "anna", "extra", 40),
        ("", "anna", "missed", 55),
        ("", "anna", "bounds", 10),
    ]
    assert listed.n_recordings == 1
    assert all(not item.is_of_raters for item in differences.list_items().items)


def test_another_rater_is_compared_with_the_model_by_their_own_labels(raters: Path) -> None:
    differences = begin(raters, "anna")
    differences.compare_all()
    found = differences.list_items(kinds=["missed", "extra", "bounds"]).items
    assert {(item.recording, item.kind, item.rater) for item in found} == {("mouse_1", "bounds", "anna"), ("mouse_2", "bounds", "anna")}
    differences.list_items(of_raters=True)
    differences.compare_all()
    assert {(item.rater, item.other) for item in differences.list_items(of_raters=True).items} == {("anna", "")}


def test_raters_are_compared_without_any_ethogram(raters: Path) -> None:
    for path in (raters.parent / "ethograms").iterdir():
        path.unlink()
    differences = begin(raters)
    differences.list_items(of_raters=True)
    differences.compare_all()
    assert [item.kind for item in differences.list_items(of_raters=True).items] == ["extra", "missed", "bounds"]
    assert differences.list_items().n_recordings == 0


def test_only_what_has_changed_is_compared_again(raters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def note(path: Path) -> Annotation:
        read.append(path.name)
        return read_annotation(path)

    monkeypatch.setattr("behavior.review.differences.read_annotation", note)
    differences = begin(raters)
    differences.compare_all()
    version = differences.list_items().version
    differences.compare_all()
    assert differences.list_items().version == version
    assert read == ["mouse_1_ethogram.csv", "mouse_2_ethogram.csv"]
    (raters.parent / "plain_1.csv").write_text(ANNA)
    os.utime(raters.parent / "plain_1.csv", (9, 9))
    differences.compare_all()
    assert read[2:] == ["mouse_1_ethogram.csv"]
    assert [item.kind for item in differences.list_items(recording="mouse_1", kinds=["extra", "bounds"]).items] == ["bounds"]


def test_the_recording_that_is_open_comes_first(raters: Path) -> None:
    remaining = [True, False]
    differences = begin(raters, wait=lambda: remaining.pop(0))
    differences.list_items(current="mouse_2")
    differences.compare_all()
    assert {item.recording for item in differences.list_items().items} == {"mouse_2"}


def test_what_cannot_be_compared_is_named_and_the_rest_is_there(raters: Path) -> None:
    path = raters.parent / "ethograms" / "mouse_1_ethogram.csv"
    path.write_text(path.read_text().replace("groom", "sleep"))
    differences = begin(raters)
    differences.compare_all()
    listed = differences.list_items()
    assert list(listed.problems) == ["mouse_1"]
    assert "mouse_1_ethogram" in listed.problems["mouse_1"]
    assert {item.recording for item in listed.items} == {"mouse_2"}


def test_many_differences_are_counted_and_the_greatest_kept(raters: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("behavior.review.differences._MOST_KEPT", 2)
    rows = "".join(f"groom,{start},{start + 1 + (start == 48)}\n" for start in range(24, 60, 4))
    (raters.parent / "plain_1.csv").write_text("behavior,start_frame,stop_frame\n" + rows)
    differences = begin(raters)
    differences.compare_all()
    listed = differences.list_items(kinds=["missed"])
    assert (len(listed.items), listed.n_found, listed.items[0].start_frame) == (2, 9, 48)
