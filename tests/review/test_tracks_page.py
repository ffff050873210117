"""The tab Tracks in a real browser: a crossing is found, looked at and corrected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_actions import press, wait_for_frame, wait_for_text
from tracked_pair import write_pair

from behavior.files.pose import list_individuals, read_pose


@pytest.fixture
def stem(videos: Path) -> Path:
    return write_pair(videos / "mouse_1.mp4")


def list_corrections(stem: Path) -> list[dict[str, Any]]:
    path = stem.with_name(stem.name + "_track_corrections.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()[1:]] if path.exists() else []


def wait_for_corrections(page: Any, stem: Path, *actions: str) -> None:
    for _ in range(100):
        if [one["action"] for one in list_corrections(stem)] == list(actions):
            break
        page.wait_for_timeout(50)
    assert [one["action"] for one in list_corrections(stem)] == list(actions)
    wait_for_text(page, "correction-count", f"({len(actions)})" if actions else "")


def test_a_crossing_is_found_and_the_two_animals_are_exchanged(
    serve: Callable[..., Any], open_page: Callable[..., Any], videos: Path, stem: Path
) -> None:
    client = serve(videos)
    page = open_page(client)
    press(page, "v")
    page.wait_for_selector("#animals li:has-text('animal3')")
    assert page.is_hidden("#label-side") and "2 tracklets, 100 %" in page.inner_text("#animals li >> nth=0")
    press(page, "Tab")
    wait_for_frame(page, 29)
    wait_for_text(page, "track-note", "1: frames 29 to 30, animal1, animal2.")
    # Crops of both, before and after.
    page.wait_for_function("() => [...document.querySelectorAll('#strips img')].filter((one) => one.naturalWidth === 128).length >= 4")
    press(page, "ArrowRight", "x")
    wait_for_corrections(page, stem, "swap")
    wait_for_text(page, "saved", "saved in mouse_1_track.csv")
    assert read_pose(stem.with_name("mouse_1_track.csv"), individual="animal1").positions[[29, 30], 0, 1].tolist() == [30, 66]
    press(page, "z")
    wait_for_corrections(page, stem)
    press(page, "Shift+Z")
    wait_for_corrections(page, stem, "swap")
    page.click("#corrections button")
    wait_for_corrections(page, stem)


def test_tracklets_are_assigned_split_removed_merged_and_named(
    serve: Callable[..., Any], open_page: Callable[..., Any], videos: Path, stem: Path
) -> None:
    page = open_page(serve(videos))
    press(page, "v")
    page.wait_for_selector("#animals li")
    # The doubtful one is the other animal; what had its place changes with it.
    press(page, "d")
    wait_for_frame(page, 30)
    wait_for_text(page, "track-selected", "animal1. Tracklet of frames 30 to 59, probability 0.60")
    press(page, "2")
    wait_for_corrections(page, stem, "assign")
    # A click in the picture selects the reflection in frame 45.
    press(page, "Escape", *["Shift+ArrowRight"], *["ArrowRight"] * 5)
    wait_for_frame(page, 45)
    box = page.locator("#picture").bounding_box()
    scale = min(box["width"], box["height"]) / 96
    left, top = box["x"] + (box["width"] - 96 * scale) / 2, box["y"] + (box["height"] - 96 * scale) / 2
    page.mouse.click(left + 53 * scale, top + 90 * scale)
    wait_for_text(page, "track-selected", "animal3. Tracklet of frames 40 to 49")
    press(page, "k")
    wait_for_corrections(page, stem, "assign", "split")
    wait_for_text(page, "track-selected", "frames 45 to 49")
    press(page, "Delete")
    wait_for_corrections(page, stem, "assign", "split", "remove")
    # By the list: a name, and two that are one.
    press(page, "Escape")
    page.click("#animals li >> nth=1")
    press(page, "e")
    page.keyboard.type("anna")
    press(page, "Enter")
    page.wait_for_selector("#animals li:has-text('anna')")
    page.click("#animals li >> nth=2")
    press(page, "m")
    wait_for_text(page, "notices", "anna and animal3 are seen together in 5 frames")
    wait_for_text(page, "saved", "saved in")
    assert sorted(list_individuals(stem.with_name("mouse_1_track.csv"))) == ["animal1", "animal3", "anna"]
    # Digits mean behaviors again in the other tabs.
    page.click("[role=tab] >> nth=0")
    assert page.is_visible("#label-side") and page.is_hidden("#track-side")


def test_two_people_correct_one_track(serve: Callable[..., Any], open_page: Callable[..., Any], videos: Path, stem: Path) -> None:
    client = serve(videos)
    first, second = open_page(client), open_page(client)
    for page in (first, second):
        press(page, "v")
        page.wait_for_selector("#animals li")
        # No news of the other one meanwhile.
    second.route("**/state*", lambda route: route.abort())
    first.click("#animals li >> nth=2")
    second.click("#animals li >> nth=2")
    for page in (first, second):
        press(page, "Home", *["Shift+ArrowRight"] * 4)
        wait_for_frame(page, 40)
    press(first, "Delete")
    wait_for_corrections(first, stem, "remove")
    press(second, "Delete")
    wait_for_text(second, "notices", "somebody else has corrected this track meanwhile")
    wait_for_text(second, "correction-count", "(1)")
    assert len(list_corrections(stem)) == 1
