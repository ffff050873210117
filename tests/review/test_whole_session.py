"""A whole day of labelling in a real browser: from two videos and nothing else to ethograms that are right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from page_actions import press, wait_for_frame, wait_for_text

from behavior.files.video_writer import write_video

N_FRAMES, FPS, SIZE = 240, 10, 96
# In these frames the animal lies stretched out; in all others it is curled up.
BOUTS = {"mouse_1": [(20, 50), (90, 110), (150, 180), (200, 220)], "mouse_2": [(10, 40), (60, 100), (133, 160), (190, 230)]}
PATIENCE_MS = 240_000


def render(name: str) -> Iterator[np.ndarray]:
    """A dark animal on a light floor that shifts a little, now round, now long."""
    place = np.random.default_rng(int(name[-1])).normal(0, 2, (N_FRAMES, 2))
    for frame in range(N_FRAMES):
        image = np.full((SIZE, SIZE, 3), 190, np.uint8)
        is_long = any(start <= frame < stop for start, stop in BOUTS[name])
        center = (48 + place[frame]).astype(int).tolist()
        cv2.ellipse(image, center, (30, 8) if is_long else (14, 14), 25, 0, 360, (40, 40, 40), -1)
        yield image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two videos and nothing else."""
    videos = tmp_path / "videos"
    videos.mkdir()
    for name in BOUTS:
        write_video(videos / f"{name}.mp4", render(name), fps=FPS)
    return videos


def go_to(page: Any, frame: int) -> None:
    press(page, "Home", *["Shift+ArrowRight"] * (frame // 10), *["ArrowRight"] * (frame % 10))
    wait_for_frame(page, frame)


def label_bout(page: Any, start: int, stop: int) -> None:
    go_to(page, start)
    press(page, "1")
    go_to(page, stop)
    press(page, "1")


def look_at(page: Any, start: int, last: int) -> None:
    press(page, "Escape")
    go_to(page, start)
    press(page, "o")
    go_to(page, last)
    press(page, "o")


def train(page: Any, number: int) -> None:
    page.click("[aria-controls='training-tab']")
    page.click("#train")
    page.wait_for_selector("#job-state[data-state='running']")
    page.wait_for_selector("#job-state:not([data-state='running'])", timeout=PATIENCE_MS)
    assert page.locator("#job-state").get_attribute("data-state") == "done", page.inner_text("#job-log") + page.inner_text("#job-state")
    page.wait_for_selector(f"#rounds tr:nth-child({number + 1})")


def read_ethogram(folder: Path, name: str) -> np.ndarray:
    return pd.read_csv(folder / "ethograms" / f"{name}_ethogram.csv")["stretched"].to_numpy()


@pytest.mark.slow
def test_from_two_videos_to_ethograms(serve: Callable[..., Any], open_page: Callable[..., Any], folder: Path) -> None:
    page = open_page(serve(folder))
    page.set_default_timeout(30_000)
    page.fill("#new-behavior", "stretched")
    press(page, "Enter")
    page.wait_for_selector("#behaviors li:has-text('stretched')")
    # The first half of each recording is labelled; of the second the model is going to know nothing.
    for name, bouts in BOUTS.items():
        if name != "mouse_1":
            page.click(f"#recordings li[title='{name}']")
        page.wait_for_function("name => location.hash === `#${name}`", arg=name)
        wait_for_frame(page, 0)
        look_at(page, 0, 129)
        for start, stop in bouts:
            if stop <= 130:
                label_bout(page, start, stop)
        wait_for_text(page, "saved", f"saved in {name}.csv")
    train(page, 1)
    # The predictions come by themselves, and the next bout in the half that nobody looked at is a suggestion.
    page.click("[aria-controls='recordings-tab']")
    page.wait_for_function("() => document.querySelector('#behaviors .probability')?.textContent")
    go_to(page, 131)
    press(page, "Tab")
    wait_for_text(page, "selected", "stretched (suggested")
    press(page, "Enter")
    # Its start is corrected.
    go_to(page, 140)
    press(page, "[")
    labels = folder / "labels" / "mouse_2.csv"
    for _ in range(100):
        if "\nstretched,140,1" in labels.read_text():
            break
        page.wait_for_timeout(100)
    assert "\nstretched,140,1" in labels.read_text()
    # Clips to label next, each with its reason.
    page.click("[aria-controls='queue-tab']")
    page.fill("#queue-size", "4")
    page.click("#queue-choose")
    page.wait_for_selector("#queue li", timeout=PATIENCE_MS)
    assert all(reason for reason in page.locator("#queue .reason").all_inner_texts())
    page.wait_for_selector("#queue li[aria-current='true']")
    n_before = page.locator("#queue li.decided").count()
    page.click("#clip-done")
    page.wait_for_function("n => document.querySelectorAll('#queue li.decided').length > n", arg=n_before)
    train(page, 2)
    for name, bouts in BOUTS.items():
        true = np.zeros(N_FRAMES, dtype=bool)
        for start, stop in bouts:
            true[start:stop] = True
        found = read_ethogram(folder, name).astype(bool)
        assert (found == true).mean() > 0.8, (name, np.flatnonzero(found))
    assert (folder / "training" / "rounds.csv").is_file()
    assert (folder / "study.yaml").is_file()
