"""The bouts that a model is least sure of, and their pictures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from behavior.config import Crop
from behavior.files.video_writer import write_video
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Labels, Probabilities, Recording
from behavior.reporting.bouts import make_bouts_section

FPS = 10
N_FRAMES = 60
BEHAVIORS = ("groom", "rear")
# First and last frame of each bout of grooming, and its probability, least sure first.
BOUTS = {"r0": (10, 19, 0.95), "r1": (20, 29, 0.62), "r2": (30, 39, 0.8)}


def annotate(name: str, *, threshold: float = 0.5, **provenance: object) -> Annotation:
    start, stop, probability = BOUTS[name]
    probabilities = np.full((N_FRAMES, 2), 0.1, dtype=np.float32)
    probabilities[start : stop + 1, 0] = probability
    time_s = np.arange(N_FRAMES) / FPS
    decided = Ethogram(probabilities >= threshold, BEHAVIORS, time_s)
    settings = {"postprocess": {"threshold": threshold}, "fps": FPS, "versions": {"python": "3.11.1", "keras": "3.15.0"}}
    return Annotation(
        name, Probabilities(probabilities, BEHAVIORS, time_s), decided, decided, Provenance.model_validate({**settings, **provenance})
    )


def label(name: str) -> Labels:
    start, stop, _ = BOUTS[name]
    values = np.zeros((N_FRAMES, 2), dtype=np.int8)
    values[start : stop + 1, 0] = 1
    values[:5, 1] = 1
    return Labels(values, BEHAVIORS)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A video in which a white square goes to the right by a pixel in each frame."""
    images = np.zeros((N_FRAMES, 64, 96, 3), dtype=np.uint8)
    for frame in range(N_FRAMES):
        images[frame, 28:36, frame : frame + 8] = 255
    write_video(tmp_path / "r1.mp4", images, fps=FPS, preset="ultrafast")
    return tmp_path / "r1.mp4"


def test_pictures_are_of_the_bout_and_its_surroundings(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strips: list[SimpleNamespace] = []

    def compose(images: list[np.ndarray], inside: list[bool], **rest: object) -> np.ndarray:
        strips.append(SimpleNamespace(images=images, inside=inside))
        return np.zeros((8, 8, 3), dtype=np.uint8)

    monkeypatch.setattr("behavior.reporting.bouts.compose_frame_strip", compose)

    def find(annotation: Annotation) -> Recording:
        return Recording("r1", video=video)

    section = make_bouts_section([annotate("r1")], find, None, source="a test", labels={"r1": label("r1")})
    assert [strip.inside for strip in strips] == [[False, True, True, True, True, True, True, False]]
    # The whole frame is shown, 96 pixels wide in 112: its square is at the frame's number, and these are frames 16, 20, 22 ... 29, 33.
    columns = [int(np.flatnonzero(image[56].max(axis=1) > 128)[0]) for image in strips[0].images]
    assert columns == pytest.approx(np.array([16, 20, 22, 24, 25, 27, 29, 33]) * 112 / 96, abs=1.5)
    assert section.blocks[1].rows[0][-1] == "100%"


def test_other_views_are_shown_beneath_at_the_same_moments(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # At half the rate, and 2.3 s later.
    images = np.zeros((30, 64, 64, 3), dtype=np.uint8)
    images += (8 * np.arange(30, dtype=np.uint8))[:, None, None, None]
    write_video(tmp_path / "side.mp4", images, fps=FPS / 2, preset="ultrafast")
    strips: list[list[np.ndarray | None]] = []

    def compose(images: list[np.ndarray | None], inside: list[bool], **rest: object) -> np.ndarray:
        strips.append(images)
        return np.zeros((8, 8, 3), dtype=np.uint8)

    monkeypatch.setattr("behavior.reporting.bouts.compose_frame_strip", compose)
    view = Recording("r1@side", video=tmp_path / "side.mp4", start_s=2.3)
    found = Recording("r1", video=video, views={"side": view})
    crops: dict[str, Crop | None] = {"side": Crop(whole_frame=True), "back": None}
    section = make_bouts_section([annotate("r1")], lambda _: found, None, source="a test", labels={}, view_crops=crops)
    first, side = strips
    assert all(image is not None for image in first)
    # Frames 16, 20, 22 ... 29, 33 of the first view.
    levels = [None if image is None else round(float(image.mean()) / 8) for image in side]
    assert levels[:2] == [None, None]
    assert levels[2:] == pytest.approx([max((frame - 23) / 2, 0) for frame in (22, 24, 25, 27, 29, 33)], abs=0.75)
    assert "Beneath the first view: side, back, grey where it shows nothing." in section.blocks[0].words


def test_without_a_video_the_bouts_are_listed_all_the_same(video: Path) -> None:
    videos = {"r1": video, "r2": None}
    section = make_bouts_section(
        [annotate("r1"), annotate("r2")],
        lambda found: Recording(found.recording, video=videos[found.recording]),
        None,
        source="a test",
        labels={},
    )
    _, table, picture, note = section.blocks
    assert [row[1:3] for row in table.rows] == [["groom", "r1"], ["groom", "r2"]]
    assert table.rows[0][3:] == ["0:02.0", "0:03.0", "20 to 29", "0.62", "0.50", ""]
    assert picture.caption == "1. groom, r1, 0:02.0 to 0:03.0"
    assert note.words == "No pictures of r2: there is no video."


def test_a_video_that_cannot_be_read_costs_its_pictures_only(tmp_path: Path) -> None:
    (tmp_path / "r1.mp4").write_bytes(b"not a video")
    section = make_bouts_section([annotate("r1")], lambda _: Recording("r1", video=tmp_path / "r1.mp4"), None, source="a test", labels={})
    assert len(section.blocks[1].rows) == 1
    assert section.blocks[-1].words.startswith("No pictures of r1: ")


def test_nothing_decided_is_said() -> None:
    section = make_bouts_section(
        [annotate("r1", threshold=1.0)], lambda found: Recording(found.recording), None, source="a test", labels={}
    )
    assert [block.words for block in section.blocks] == ["No bout was decided."]
