"""An animal is found in picture after picture, before the background of a video."""

import numpy as np
import pytest

from behavior.embedding.live_positions import FixedPosition, follow_animal
from behavior.errors import VideoError
from behavior.files.video_writer import write_video

N_FRAMES = 60


def draw(frame, *, with_animal=True):
    image = np.full((120, 160, 3), 200, dtype=np.uint8)
    image[::8] = 190
    x, y = 20 + 2 * frame, 60 + round(30 * np.sin(frame / 8))
    if with_animal:
        image[y - 6 : y + 6, x - 9 : x + 9] = 30
    return image, (x - 0.5, y - 0.5)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "a.mp4"
    write_video(path, (draw(frame)[0] for frame in range(N_FRAMES)), fps=20)
    return path


def test_an_animal_is_followed_and_stays_where_it_was_lost(video):
    positions = follow_animal(video)
    for frame in range(N_FRAMES):
        image, expected = draw(frame)
        center, is_found = positions.find(image, frame / 20)
        assert is_found
        np.testing.assert_allclose(center, expected, atol=1.5)
    lost, is_found = positions.find(draw(0, with_animal=False)[0], 9.0)
    assert not is_found
    np.testing.assert_array_equal(lost, center)


def test_pictures_of_another_size_than_the_background_are_refused(video):
    with pytest.raises(VideoError, match=r"a\.mp4: has pictures of 160 x 120 pixels, expected 80 x 60"):
        follow_animal(video).find(np.zeros((60, 80, 3), dtype=np.uint8), 0.0)


def test_a_fixed_place_is_one():
    center, is_found = FixedPosition(3.0, 4.0).find(np.zeros((10, 10, 3), dtype=np.uint8), 0.0)
    assert center.tolist() == [3.0, 4.0] and is_found
