from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.embedding.animal_detection import choose_detection, detect_animals
from behavior.errors import VideoError
from behavior.files.video_samples import sample_grey
from behavior.files.video_writer import write_video
from behavior.tracking.background import BackgroundKind, Polarity
from behavior.tracking.background_detector import BackgroundDetector
from behavior.tracking.calibration import DetectionSettings
from behavior.tracking.spots import AnimalSize


def test_an_animal_is_found_in_each_frame_with_its_time(tmp_path: Path) -> None:
    pictures = [np.full((80, 120, 3), 200, dtype=np.uint8) for _ in range(30)]
    for frame, picture in enumerate(pictures):
        picture[30:42, 5 + 3 * frame : 25 + 3 * frame] = 40
    write_video(tmp_path / "a.mp4", pictures, fps=10)
    samples, _ = sample_grey(tmp_path / "a.mp4")
    detector = BackgroundDetector(samples, choose_detection(tmp_path / "a.mp4", samples, None, n_animals=1))
    found, time_s = detect_animals(tmp_path / "a.mp4", detector)
    assert [len(one) for one in found] == [1] * 30 and time_s == pytest.approx(np.arange(30) / 10)
    assert np.abs([one.positions[0, 0] - 14.5 - 3 * frame for frame, one in enumerate(found)]).max() < 1


@pytest.mark.parametrize(
    ("background", "polarity", "sentence"),
    [
        ("median", "dark", "dark animals of about 40 x 12 pixels, at least 30 grey levels darker than that place is in most sample frames"),
        ("extreme", "light", "light animals of about 40 x 12 pixels, at least 30 grey levels lighter than the darkest that place gets in"),
        ("flat", "both", "dark or light animals of about 40 x 12 pixels, at least 30 grey levels darker or lighter than the floor around"),
        ("moving", "both", "animals of about 40 x 12 pixels that move (--background moving); sample frames fit this by 0.75 of 1"),
    ],
)
def test_what_is_looked_for_is_told(
    background: BackgroundKind, polarity: Polarity, sentence: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = DetectionSettings(background, polarity, threshold=30.0, size=AnimalSize(380.0, 40.0, 12.0), n_animals=1, score=0.75)
    monkeypatch.setattr("behavior.embedding.animal_detection.calibrate", lambda samples, **how: chosen)
    with caplog.at_level("INFO"):
        choose_detection(Path("a.mp4"), np.zeros((1, 40, 40), dtype=np.uint8), None, n_animals=1)
    assert f"a.mp4: looking for {sentence}" in caplog.text


def test_parts_of_a_long_video_are_put_together_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [np.full((80, 120, 3), 200, dtype=np.uint8) for _ in range(30)]
    for frame, picture in enumerate(pictures):
        if frame not in range(8, 22):
            picture[30:42, 5 + 3 * frame : 25 + 3 * frame] = 40
    write_video(tmp_path / "a.mp4", pictures, fps=10)
    samples, _ = sample_grey(tmp_path / "a.mp4")
    settings = choose_detection(tmp_path / "a.mp4", samples, None, n_animals=1)
    whole, time_s = detect_animals(tmp_path / "a.mp4", BackgroundDetector(samples, settings))
    monkeypatch.setattr("behavior.embedding.animal_detection.PART_FRAMES", 7)
    parts, part_times = detect_animals(tmp_path / "a.mp4", BackgroundDetector(samples, settings))
    assert [len(one) for one in parts] == [1] * 8 + [0] * 14 + [1] * 8
    np.testing.assert_array_equal(parts.values, whole.values)
    np.testing.assert_array_equal(part_times, time_s)


def test_a_video_without_animals_is_refused() -> None:
    with pytest.raises(VideoError, match=r"a\.mp4: no setting finds an animal"):
        choose_detection(Path("a.mp4"), np.full((5, 40, 40), 100, dtype=np.uint8), None, n_animals=1)
