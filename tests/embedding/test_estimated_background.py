"""An animal is found in the pictures of a camera, before a background that is estimated from them, however fast they come."""

import time

import numpy as np
import pytest

from behavior.embedding.estimated_background import EstimatedBackgroundPosition
from behavior.embedding.live_positions import follow_animal
from behavior.errors import VideoError
from behavior.files.video_writer import write_video

FPS, WARM_UP_S = 20, 2.0
FLOOR = np.random.default_rng(0).normal(200, 3, (120, 160, 1))


def draw(frame, *, with_animal=True, light=1.0):
    noise = np.random.default_rng(frame).normal(0, 1, (120, 160, 1))
    image = np.clip((FLOOR + noise) * light, 0, 255).repeat(3, axis=2).astype(np.uint8)
    x, y = 80 + round(55 * np.cos(frame / 15)), 60 + round(35 * np.sin(frame / 11))
    if with_animal:
        image[y - 6 : y + 6, x - 9 : x + 9] = 30 * light
    return image, (x - 0.5, y - 0.5)


def follow(positions, frames, *, first_s=0.0, pause_s=0.0, **drawn):
    found = []
    for number, frame in enumerate(frames):
        time.sleep(pause_s)
        found.append(positions.find(draw(frame, **drawn)[0], first_s + number / FPS))
    return found


def test_nothing_is_known_in_the_warm_up_and_then_the_animal_is_followed():
    found = follow(EstimatedBackgroundPosition("camera 0", warm_up_s=WARM_UP_S), range(200))
    n_warm = round(WARM_UP_S * FPS)
    assert found[:n_warm] == [None] * n_warm
    for frame in range(n_warm, 200):
        center, is_found = found[frame]
        assert is_found
        np.testing.assert_allclose(center, draw(frame)[1], atol=1.5)


def test_the_same_pictures_give_the_same_positions_at_any_pace():
    quick, slow = (follow(EstimatedBackgroundPosition("a", warm_up_s=WARM_UP_S), range(120), pause_s=pause_s) for pause_s in (0.0, 0.005))
    assert [one is None for one in quick] == [one is None for one in slow]
    for one, other in zip(quick[60:], slow[60:], strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_another_recording_goes_on_and_another_light_too():
    positions = EstimatedBackgroundPosition("camera 0", warm_up_s=WARM_UP_S)
    follow(positions, range(100))
    found = follow(positions, range(100, 160), light=0.85)
    assert all(one is not None and one[1] for one in found[30:])
    np.testing.assert_allclose(found[-1][0], draw(159)[1], atol=2)


def test_the_background_of_pictures_of_another_size_is_estimated_again(caplog):
    positions = EstimatedBackgroundPosition("camera 0", warm_up_s=WARM_UP_S)
    follow(positions, range(60))
    large = [np.ascontiguousarray(draw(frame)[0].repeat(2, axis=0).repeat(2, axis=1)) for frame in range(80)]
    found = [positions.find(image, number / FPS) for number, image in enumerate(large)]
    assert "camera 0: the background of pictures of 320 x 240 pixels is estimated in 2 s" in caplog.text
    assert found[:40] == [None] * 40
    np.testing.assert_allclose(found[-1][0], 2 * np.array(draw(79)[1]) + 0.5, atol=3)


def test_a_background_that_is_given_counts_until_pictures_have_another_size(tmp_path, caplog):
    write_video(tmp_path / "a.mp4", (draw(frame)[0] for frame in range(60)), fps=FPS)
    positions = EstimatedBackgroundPosition("camera 0", warm_up_s=WARM_UP_S, given=follow_animal(tmp_path / "a.mp4"))
    found = follow(positions, range(3))
    np.testing.assert_allclose(found[0][0], draw(0)[1], atol=1.5)
    assert positions.find(draw(0)[0].repeat(2, axis=0), 1.0) is None
    assert "camera 0: the background of pictures of 160 x 240 pixels is estimated" in caplog.text
    with pytest.raises(VideoError, match=r"a\.mp4: has pictures of 160 x 120 pixels, expected 160 x 240"):
        EstimatedBackgroundPosition("camera 0", given=follow_animal(tmp_path / "a.mp4")).find(draw(0)[0].repeat(2, axis=0), 0.0)


def test_an_animal_that_comes_later_is_found_then(caplog):
    positions = EstimatedBackgroundPosition("camera 0", warm_up_s=WARM_UP_S)
    assert follow(positions, range(50), with_animal=False) == [None] * 50
    assert "camera 0: no animal was found in the first 2 s" in caplog.text
    found = follow(positions, range(50, 180), first_s=2.5)
    np.testing.assert_allclose(found[-1][0], draw(179)[1], atol=1.5)
    assert caplog.text.count("no animal was found") == 1


@pytest.mark.parametrize("n_minutes", [30])
def test_memory_of_pictures_is_bounded(n_minutes):
    positions = EstimatedBackgroundPosition("camera 0", warm_up_s=WARM_UP_S)
    image = draw(0)[0]
    for second in range(0, 60 * n_minutes, 10):
        positions.find(image, float(second))
    assert len(positions._samples) <= 48
