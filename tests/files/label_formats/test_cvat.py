"""CVAT annotations: tracks and images, labels and attributes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from label_samples import BOUTS, VALUES, make_cvat, read, write
from tool_samples import make_cvat as make_sized

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies
from behavior.files.labels import list_behaviors, list_observations
from behavior.recording import Frames

META = (
    "<meta><task><size>{size}</size><start_frame>{start}</start_frame><stop_frame>{stop}</stop_frame>{more}<source>mouse_1.mp4</source>"
    "</task></meta>"
)


def make(*parts: str, size: int = 40, start: int = 0, stop: int = 39, more: str = "") -> str:
    return f"<annotations><version>1.1</version>{META.format(size=size, start=start, stop=stop, more=more)}{''.join(parts)}</annotations>"


def make_animal(number: int, *states: tuple[int, str]) -> str:
    boxes = "".join(f'<box frame="{frame}" outside="0"><attribute name="doing">{value}</attribute></box>' for frame, value in states)
    return f'<track id="{number}" label="mouse">{boxes}</track>'


def test_a_shape_stays_until_the_next_of_its_track(tmp_path: Path) -> None:
    track = '<track id="0" label="Grooming"><box frame="3" outside="0"/><box frame="8" outside="1"/><box frame="35" outside="0"/></track>'
    path = write(tmp_path / "a.xml", make(track))
    values, _ = read(path, ("Grooming",))
    assert np.flatnonzero(values[:, 0]).tolist() == [*range(3, 8), *range(35, 40)]
    assert list_observations(path) == ("mouse_1.mp4",)
    # Every frame may be written out.
    boxes = "".join(f'<box frame="{frame}" outside="0"/>' for frame in range(3, 8)) + '<box frame="8" outside="1"/>'
    values, _ = read(write(tmp_path / "b.xml", make(f'<track id="0" label="Grooming">{boxes}</track>')), ("Grooming",))
    assert np.flatnonzero(values[:, 0]).tolist() == [*range(3, 8)]


def test_values_of_attributes_are_behaviors_of_their_animal(tmp_path: Path) -> None:
    first = make_animal(0, (0, "rest"), (3, "Grooming"), (8, "rest"), (10, "Supported"), (14, "rest"), (20, "Grooming"), (25, "rest"))
    path = write(tmp_path / "a.xml", make(first))
    assert list_behaviors(path) == ("rest", "Grooming", "Supported")
    np.testing.assert_array_equal(read(path, ignored=frozenset({"rest", "mouse"}))[0], VALUES)
    path = write(tmp_path / "b.xml", make(first, make_animal(1, (0, "rest"), (30, "Supported"))))
    with pytest.raises(LabelError, match="holds labels of the animals 'mouse 0', 'mouse 1'"):
        read(path)
    np.testing.assert_array_equal(read(path, subject="mouse 0")[0], VALUES)
    assert np.flatnonzero(read(path, subject="mouse 1")[0][:, 1]).tolist() == [*range(30, 40)]
    assert read(path, ("mouse",))[0].all()


def test_ticked_attributes_and_tags_of_images(tmp_path: Path) -> None:
    box = '<box label="mouse"><attribute name="Grooming">{0}</attribute></box>'
    images = "".join(
        f'<image id="{frame}" '
        f'name="f">{box.format(str(bool(one)).lower())}{"<tag label=" + chr(34) + "Supported" + chr(34) + "/>" if two else ""}</image>'
        for frame, (one, two) in enumerate(VALUES.tolist())
    )
    np.testing.assert_array_equal(read(write(tmp_path / "a.xml", make(images)))[0], VALUES)


def test_the_frames_of_the_task_are_those_that_were_annotated(tmp_path: Path) -> None:
    track = '<track id="0" label="Grooming"><box frame="12" outside="0"/><box frame="20" outside="1"/></track>'
    values, _ = read(write(tmp_path / "a.xml", make(track, size=30, start=10)), ("Grooming",))
    assert (values[:10] == -1).all()
    assert np.flatnonzero(values[:, 0] == 1).tolist() == [*range(12, 20)]
    values, notes = read(
        write(tmp_path / "b.xml", make(track, size=10, stop=36, more="<frame_filter>step=4</frame_filter>")),
        ("Grooming",),
        frames=Frames(37),
    )
    assert np.flatnonzero(values[:, 0] == 1).tolist() == [*range(12, 20)]
    assert any("every 4th frame was annotated" in note for note in notes)
    longer = write(tmp_path / "c.xml", make_sized(BOUTS, size=60))
    with pytest.raises(LabelError, match="labels 60 frames, but the video has 40"):
        read(longer)
    assert len(read(longer, policies=LabelPolicies(out_of_range="warn"))[0]) == 40


def test_a_behavior_that_was_never_seen_is_absent(tmp_path: Path) -> None:
    labels = "<labels><label><name>Grooming</name></label><label><name>Supported</name></label></labels>"
    track = '<track id="0" label="Grooming"><box frame="3" outside="0"/><box frame="8" outside="1"/></track>'
    values, _ = read(write(tmp_path / "a.xml", make(track, more=labels)))
    assert not values[:, 1].any()
    with pytest.raises(LabelError, match="'Supported'"):
        read(write(tmp_path / "b.xml", make(track)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (make_cvat().replace("<size>40</size>", ""), "the size of the task is None"),
        (make('<track id="0" label="a"><box frame="2"/><box frame="2"/></track>'), "track 0 has no label, or two shapes in one frame"),
        (make('<track id="0" label="a"><box frame="2"/><box frame="90"/></track>'), "has frames 2 to 90, but the task is from 0 to 39"),
        (make('<track id="0" label="a"><box frame="x"/></track>'), "a frame of track 0 is 'x', expected a number"),
        (make('<image id="70"><tag label="a"/></image>'), "has an image 70, but its task ends before"),
        (make(size=30), "says that its task has 30 frames, and that these are from 0 to 39"),
        (make(size=10**9, stop=10**9 - 1), "claims 999,999,999 frames"),
        ("<annotations><version>1.1</version><meta><project/></meta></annotations>", "is about 0 tasks of CVAT, expected one"),
    ],
)
def test_invalid_documents_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.xml", text), ("a",))
