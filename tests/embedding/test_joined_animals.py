"""Animals are found and joined from frame to frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.embedding.joined_animals import join_animals
from behavior.embedding.opened_detector import read_given
from behavior.embedding.track_request import TrackRequest
from behavior.errors import BehaviorError
from behavior.files.video_samples import sample_grey
from behavior.files.video_writer import write_video

N_FRAMES, SIDE = 60, 12


def place(frame: int) -> tuple[int, int]:
    """Return where the upper left corner of the square that goes right is."""
    return 2 * frame + 4, 30


@pytest.fixture(name="video")
def provide_video(tmp_path: Path) -> Path:
    """A dark square goes over a light floor."""
    images = np.full((N_FRAMES, 80, 160, 3), 190, dtype=np.uint8)
    for frame, image in enumerate(images):
        x, y = place(frame)
        image[y : y + SIDE, x : x + SIDE] = 60
    write_video(tmp_path / "a.mp4", iter(images), fps=25)
    return tmp_path / "a.mp4"


def test_an_animal_is_found_in_every_frame_and_is_one(video: Path) -> None:
    samples, frames = sample_grey(video)
    request = TrackRequest(animals=1)
    joined = join_animals(video, samples, frames, request, given=None, parts=video.with_name("a_track.csv"), origin={})
    middle = np.array([place(frame) for frame in range(N_FRAMES)]) + (SIDE - 1) / 2
    assert joined.animals.seen.shape == (N_FRAMES, 1) and joined.animals.seen.all()
    np.testing.assert_allclose(joined.animals.positions[:, 0], middle, atol=1.5)
    np.testing.assert_allclose(joined.time_s, np.arange(N_FRAMES) / 25, atol=1e-3)
    assert not joined.equipment and not joined.n_flooded


def test_what_another_program_found_is_joined_or_kept_as_it_says(video: Path) -> None:
    rows = [(frame, *place(frame), "left" if frame < 30 else "right") for frame in range(N_FRAMES)]
    table = video.with_name("found.csv")
    table.write_text("frame,x,y,animal\n" + "".join(f"{frame},{x},{y},{animal}\n" for frame, x, y, animal in rows))
    samples, frames = sample_grey(video)
    for keeps, n_animals in ((False, 1), (True, 2)):
        request = TrackRequest(detections=table, keep_identities=keeps)
        given = read_given(video, samples, request)
        joined = join_animals(video, samples, frames, request, given=given, parts=video.with_name("a_track.csv"), origin={})
        assert joined.animals.seen.shape == (N_FRAMES, n_animals)
        assert joined.animals.seen.any(axis=1).all()


def test_a_video_that_cannot_be_read_is_named(tmp_path: Path, video: Path) -> None:
    samples, frames = sample_grey(video)
    with pytest.raises(BehaviorError, match=r"gone\.mp4"):
        join_animals(tmp_path / "gone.mp4", samples, frames, TrackRequest(animals=1), given=None, parts=tmp_path / "g.csv", origin={})
