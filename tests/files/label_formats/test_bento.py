"""Bento annotations: channels of bouts, frames or seconds."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from label_samples import N_FRAMES, VALUES, make_bento, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies
from behavior.recording import Frames


def test_bento_counts_frames_as_its_header_says(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(write(tmp_path / "a.annot", make_bento(in_frames=True)), frames=Frames(N_FRAMES))[0], VALUES)
    expected = VALUES.copy()
    expected[:4] = -1
    expected[30:] = -1
    values, notes = read(write(tmp_path / "a.annot", make_bento(start_frame=5, stop_frame=30)))
    np.testing.assert_array_equal(values, expected)
    assert any("14 of 40 frames lie outside the observed spans" in note for note in notes)
    # A file without the line that names its channel says the same.
    np.testing.assert_array_equal(read(write(tmp_path / "a.annot", make_bento().replace("Ch1----------", "")))[0], VALUES)
    values, notes = read(write(tmp_path / "a.annot", make_bento().partition("Ch1-")[0]))
    assert not values.any()
    assert notes == [f"{tmp_path / 'a.annot'}: holds no bouts, so no behavior was shown while it was observed."]
    # At another rate than the video's, times count.
    values, notes = read(write(tmp_path / "a.annot", make_bento()), frames=Frames.from_times(np.arange(80) / 20))
    np.testing.assert_array_equal(values, np.repeat(VALUES, 2, axis=0))
    assert any("10 per second, the video has 20" in note for note in notes)


def test_the_frames_that_a_header_covers_are_compared_with_the_video(tmp_path: Path) -> None:
    path = write(tmp_path / "a.annot", make_bento(stop_frame=60))
    with pytest.raises(LabelError, match="was observed until frame 60, but the video has 40 frames; are they the labels of another video"):
        read(path)
    values, notes = read(path, policies=LabelPolicies(out_of_range="warn"))
    np.testing.assert_array_equal(values, VALUES)
    assert notes == [f"{path}: was observed until frame 60, but the video has 40 frames; what is after its end is left out."]
    # At another rate it is the time that counts: 40 frames of 10 per second are 80 of 20.
    path = write(path, make_bento(stop_frame=60))
    with pytest.raises(LabelError, match="was observed until frame 120, but the video has 80 frames"):
        read(path, frames=Frames.from_times(np.arange(80) / 20))
    # As many frames at another rate may be either.
    path = write(path, make_bento())
    with pytest.raises(
        LabelError, match=r"covers 40 frames, as many as the video has .* but at 10 per second, the video at 20; correct its line"
    ):
        read(path, frames=Frames.from_times(np.arange(40) / 20))


def test_channels_are_not_mixed_by_accident(tmp_path: Path) -> None:
    # A behavior in one channel only could be mixed with another's without overlapping.
    for rows in ("0.1\t0.2\t0.2\n", ""):
        text = make_bento() + f"Ch2----------\n>Grooming\nStart\t Stop\t Duration \n{rows}\n"
        path = write(tmp_path / "a.annot", text)
        with pytest.raises(LabelError, match=r"holds the channels 'Ch1', 'Ch2'; say in the study file .* labels: \{rater: Ch1\}, or"):
            read(path)
        with pytest.raises(LabelError, match="holds the channels 'Ch1', 'Ch2', and none is 'anna'"):
            read(path, rater="anna")
        np.testing.assert_array_equal(read(path, rater="ch1")[0], VALUES)
        assert np.flatnonzero(read(path, rater="Ch2")[0].any(axis=1)).tolist() == ([0, 1] if rows else [])
    # One channel is nobody's in particular.
    np.testing.assert_array_equal(read(write(path, make_bento()), rater="anna", subject="m1")[0], VALUES)
    both, _ = read(write(path, make_bento() + "Ch2----------\n>Grooming\nStart\t Stop\t Duration \n0.1\t0.2\t0.2\n"), rater="*")
    assert np.flatnonzero(both[:, 0]).tolist() == [0, 1, *np.flatnonzero(VALUES[:, 0]).tolist()]


def test_real_channels_are_asked_for(shared_data: Path) -> None:
    path = shared_data / "formats" / "others" / "bento_multichannel" / "mars_out.annot"
    names, frames = ("mount", "attack", "sniff"), Frames.from_times(np.arange(200) / 30)
    with pytest.raises(LabelError, match="'classifier_output', 'ground_truth'"):
        read(path, names, frames=frames)
    bouts = {rater: read(path, names, frames=frames, rater=rater)[0] for rater in ("classifier_output", "ground_truth")}
    # Rows 11 to 30 and 196 to 200, counted from 1, the stop included; the person saw 16 to 35 only.
    assert np.flatnonzero(bouts["classifier_output"][:, 0]).tolist() == [*range(10, 30), *range(195, 200)]
    assert np.flatnonzero(bouts["ground_truth"].any(axis=1)).tolist() == list(range(15, 35))
    # What a person could have coded, and did not, was not shown.
    assert not read(path, ("attack", "sniff"), frames=frames, rater="ground_truth")[0].any()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("Annotation framerate: 10.000000", "", "is in seconds and has no annotation framerate"),
        ("Annotation framerate: 10.000000", "Annotation framerate: 0", "has an annotation framerate of 0, expected more than 0"),
        ("Annotation framerate: 10.000000", "Annotation framerate: ten", "line 7 has 'ten' as annotation framerate, expected a number"),
        ("0.4\t0.8\t0.5", "0.4", "line 19 holds '0.4', expected start, stop and duration"),
        ("0.4\t0.8\t0.5", "x\t0.8\t0.5", "line 19 has 'x' as start or stop, expected a number"),
    ],
)
def test_invalid_lines_are_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in make_bento()
    with pytest.raises(LabelError, match=re.escape(sentence)):
        read(write(tmp_path / "a.annot", make_bento().replace(old, new)))


def test_times_between_frames_are_noted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.annot", make_bento().replace("0.4\t0.8\t0.5", "0.43\t0.8\t0.5"))
    values, notes = read(path)
    np.testing.assert_array_equal(values, VALUES)
    assert notes == [f"{path}: holds times between frames at 10 frames per second; the nearest frames are taken."]


def test_real_bouts_are_at_their_times(shared_data: Path) -> None:
    path = shared_data / "formats" / "simba" / "bento_Together_1_shortened.annot"
    values, _ = read(path, ("Attack",), frames=Frames.from_times(np.arange(19955) / 30))
    # 3.0333 s of 30 frames per second is frame 91, counted from 1; its stop, frame 157, is included.
    assert (np.flatnonzero(np.diff(values[:, 0])) + 1)[:2].tolist() == [90, 157]
