"""Crops of a recording whose pixels are known: where they are taken, what is measured, and what a user is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from video_samples import SOUND, TROUBLED, VideoSample

from behavior.config import Crop
from behavior.embedding.crop_reader import CropRow, describe_video, open_crops, require_files, sample_crops
from behavior.embedding.recording_inputs import RecordingInputs
from behavior.errors import PoseError, VideoError
from behavior.files.pose import read_pose, write_deeplabcut
from behavior.frame_sampling import sample_frames
from behavior.recording import Recording, Track

CROP = Crop(body_part="middle", size=16)
WriteRecording = Callable[..., Recording]


def read(recording: Recording, crop: Crop = CROP, **settings: object) -> tuple[list[CropRow], list[str]]:
    with open_crops(RecordingInputs(recording), crop) as crops:
        with closing(crops.rows(input_size=16, **settings)) as rows:
            read_rows = list(rows)
        return read_rows, crops.describe()


def test_crops_follow_the_animal(write_recording: WriteRecording) -> None:
    rows, notes = read(write_recording())
    assert notes == []
    assert [row.index for row in rows] == list(range(40))
    np.testing.assert_allclose([row.time_s for row in rows], np.arange(40) / 20, atol=1e-3)
    first = rows[0].image
    assert first is not None
    assert first.shape == (16, 16, 3)
    # The square of 8 pixels in the middle of each crop of 16, wherever the animal is.
    assert (first[4:12, 4:12] > 230).all()
    assert (first[:3] < 50).all()
    for row in rows:
        np.testing.assert_array_equal(row.image, first)


def test_rows_with_times_and_rows_that_end_early_follow_the_animal_too(write_recording: WriteRecording) -> None:
    recording = write_recording()
    assert recording.pose is not None
    track = read_pose(recording.pose)
    expected, _ = read(recording)
    part = slice(5, 30)
    shown = Track(track.positions[part], track.likelihoods[part], track.body_parts, time_s=np.arange(40)[part] / 20)
    early = Track(track.positions[:30], track.likelihoods[:30], track.body_parts, may_end_early=True)
    for cut, first, sentences in (
        (shown, 5, ["begin at 0.25 s, frame 5", "10 of 40 frames, the last ones"]),
        (early, 0, ["10 of 40 frames, the last ones"]),
    ):
        inputs = RecordingInputs(recording)
        inputs._tracks[None, None] = cut
        with open_crops(inputs, CROP) as crops:
            with closing(crops.rows(input_size=16)) as iterator:
                rows = list(iterator)
            notes = " ".join(crops.describe())
            _, measured = crops.locate(np.arange(40), np.ones(40, dtype=bool))
        assert len(rows) == 40
        for row, known in zip(rows[first:30], expected[first:30], strict=True):
            np.testing.assert_array_equal(row.image, known.image)
        assert np.flatnonzero(measured).tolist() == list(range(first, 30))
        assert all(sentence in notes for sentence in sentences)


def test_a_resumed_read_gives_the_same_crops(write_recording: WriteRecording) -> None:
    recording = write_recording()
    whole, _ = read(recording, with_previous=True)
    resumed, _ = read(recording, first_row=13, with_previous=True)
    assert [row.index for row in resumed] == list(range(13, 40))
    for row, expected in zip(resumed, whole[13:], strict=True):
        np.testing.assert_array_equal(row.image, expected.image)
        np.testing.assert_array_equal(row.previous, expected.previous)


def test_the_window_of_the_frame_before_stands_still(write_recording: WriteRecording) -> None:
    rows, _ = read(write_recording(), with_previous=True)
    assert rows[0].previous is None
    for row in rows[1:]:
        assert row.image is not None
        assert row.previous is not None
        # In the window of this frame, the square of the frame before is one pixel to the left.
        np.testing.assert_array_equal(row.previous[:, :-1], row.image[:, 1:])
    assert all(row.previous is None for row in read(write_recording("b"))[0])


def test_lost_frames_are_cropped_where_the_animal_was_last_and_said(write_recording: WriteRecording) -> None:
    recording = write_recording(lost=slice(10, 20))
    with open_crops(RecordingInputs(recording), CROP) as crops:
        for _ in crops.rows(input_size=16):
            pass
        centers, measured = crops.locate(np.arange(40), np.ones(40, dtype=bool))
        notes = crops.describe()
    assert measured.tolist() == [True] * 10 + [False] * 10 + [True] * 20
    assert np.isfinite(centers).all()
    np.testing.assert_array_equal(centers[measured, 0], 16 + np.flatnonzero(measured))
    assert notes == [f"{recording.pose}: the animal was not found in 10 of 40 frames; crops there are guesses."]


def test_a_frame_that_was_not_decoded_is_not_measured(write_recording: WriteRecording) -> None:
    with open_crops(RecordingInputs(write_recording()), CROP) as crops:
        decoded = np.ones(40, dtype=bool)
        decoded[7] = False
        _, measured = crops.locate(np.arange(40), decoded)
    assert np.flatnonzero(~measured).tolist() == [7]


def test_whole_frames_need_no_pose(write_recording: WriteRecording) -> None:
    recording = write_recording()
    alone = Recording("a", video=recording.video)
    rows, notes = read(alone, Crop(whole_frame=True))
    assert notes == []
    assert all(row.image is not None and row.image.shape == (16, 16, 3) for row in rows)
    with open_crops(RecordingInputs(alone), Crop(whole_frame=True)) as crops:
        centers, measured = crops.locate(np.arange(3), np.array([True, False, True]))
    assert np.isnan(centers).all()
    assert measured.tolist() == [True, False, True]


@pytest.mark.parametrize(("n_rows", "is_read"), [(38, True), (42, True), (37, False), (43, False)])
def test_a_pose_of_another_length_belongs_to_another_video(write_recording: WriteRecording, n_rows: int, is_read: bool) -> None:
    recording = write_recording(n_rows=n_rows)
    if is_read:
        rows, notes = read(recording)
        assert len(rows) == 40
        assert len(notes) == 1
        return
    with pytest.raises(PoseError, match=f"{n_rows} pose rows for 40 frames"):
        read(recording)


def test_a_body_part_that_the_pose_lacks_is_named(write_recording: WriteRecording) -> None:
    with pytest.raises(PoseError, match=r"has no body part 'midle'.*did you mean 'middle'"):
        read(write_recording(), Crop(body_part="midle", size=16))


def test_an_egocentric_crop_turns_with_the_animal(write_recording: WriteRecording) -> None:
    crop = Crop(body_part="middle", size=32, egocentric=True, body_axis=["tail", "nose"])
    recording = write_recording()
    upright, turned = read(recording, Crop(body_part="middle", size=32))[0][5], read(recording, crop)[0][5]
    assert turned.image is not None
    assert upright.image is not None
    # The animal looks to the right, which becomes up: a square looks alike, its surroundings are turned by a quarter.
    assert turned.image.shape == upright.image.shape
    assert abs(int(turned.image[8, 8, 0]) - 240) < 20


def test_samples_come_from_several_recordings_and_bad_ones_are_left_out(write_recording: WriteRecording, tmp_path: Path) -> None:
    good = [RecordingInputs(write_recording(name, lost=lost)) for name, lost in (("a", slice(0, 0)), ("b", slice(0, 20)))]
    bad = RecordingInputs(Recording("bad", video=tmp_path / "none.mp4", pose=tmp_path / "none.csv"))
    sample = sample_crops([good[0], bad, good[1]], CROP, input_size=16, count=12)
    assert sample.shape == (8, 16, 16, 3)
    assert sample.dtype == np.uint8
    assert np.array_equal(sample_crops([bad, good[1], good[0]], CROP, input_size=16, count=12), sample)
    assert not np.array_equal(sample[:4], sample[4:])
    with pytest.raises(VideoError, match=r"none\.mp4: no such video"):
        sample_crops([bad], CROP, input_size=16, count=12)


def test_files_that_a_stream_needs_are_asked_for(write_recording: WriteRecording, tmp_path: Path) -> None:
    recording = write_recording()
    require_files(recording, needs_pose=True)
    with pytest.raises(VideoError, match="'a' has no video to embed"):
        require_files(Recording("a"), needs_pose=False)
    with pytest.raises(PoseError, match="'a' has no pose; name its file, which `behavior track` can make, in the manifest, or set crop"):
        require_files(Recording("a", video=recording.video), needs_pose=True)
    with pytest.raises(PoseError, match=r"none\.csv: no such pose file"):
        require_files(Recording("a", video=recording.video, pose=tmp_path / "none.csv"), needs_pose=True)
    require_files(Recording("a", video=recording.video), needs_pose=False)


def test_what_is_odd_about_a_video_is_said() -> None:
    class Video:
        path, n_frames, broke_off, undecodable, first_scaled, width, height = Path("v.mp4"), 10, True, (3, 4), 5, 64, 48
        restarts, counted, time_s = (), (), np.arange(10) / 25

    broke_off, undecodable, scaled = describe_video(Video())  # type: ignore[arg-type]
    assert broke_off == "v.mp4: the video breaks off after 10 frames; what decodes is used."
    assert "2 frames could not be decoded, the first of them frame 3" in undecodable
    assert "change their size at frame 5" in scaled
    Video.undecodable = tuple(range(10))  # type: ignore[assignment]
    with pytest.raises(VideoError, match="none of its frames can be decoded"):
        describe_video(Video())  # type: ignore[arg-type]


def test_what_is_odd_about_time_stamps_is_said() -> None:
    class Video:
        path, n_frames, broke_off, undecodable, first_scaled = Path("v.mkv"), 100, False, (), None
        restarts, counted = (10, 20, 30, 40), (50, 51)
        time_s = np.delete(np.concatenate((np.arange(60) / 10, 3600 + np.arange(60) / 10)), np.arange(80, 100, 2))

    again, still, ahead, lost = describe_video(Video())  # type: ignore[arg-type]
    assert "time stamps start again at frames 10, 20, 30 and 1 more" in again
    assert "stand still for 2 frames, the first of them frame 50" in still
    assert "jump ahead by 3594 s in all, after frame 59; what lies between is not observed" in ahead
    assert "10 frames are missing between the 110 that there are" in lost
    Video.restarts = Video.counted = ()
    # A single frame that a camera loses is nothing to speak of.
    Video.time_s = np.delete(np.arange(101) / 10, 50)
    assert describe_video(Video()) == []  # type: ignore[arg-type]


def test_a_pose_that_never_shows_the_animal_gives_no_crops(write_recording: WriteRecording) -> None:
    recording = write_recording(lost=slice(None))
    with pytest.raises(PoseError, match=r"middle is not found in any frame \(a likelihood of 0.6 is asked for\)"):
        read(recording)
    assert recording.pose is not None
    # As where a spreadsheet took decimal points for thousands.
    positions = np.full((40, 3, 2), 2.4e16)
    write_deeplabcut(recording.pose, Track(positions, np.ones((40, 3)), ("nose", "middle", "tail")), scorer="net")
    with pytest.raises(PoseError, match="middle is outside the picture of 104 x 64 pixels in every frame"):
        read(recording)


def test_a_single_frame_that_could_not_be_decoded_is_named() -> None:
    class Video:
        path, n_frames, broke_off, undecodable, first_scaled = Path("v.mp4"), 10, False, (3,), None
        restarts, counted, time_s = (), (), np.arange(10) / 25

    (note,) = describe_video(Video())  # type: ignore[arg-type]
    assert note == "v.mp4: frame 3 could not be decoded; it keeps its place and is marked as not measured."


@pytest.mark.parametrize("sample", [*SOUND.values(), *TROUBLED.values()], ids=[*SOUND, *TROUBLED])
@pytest.mark.parametrize("with_previous", [False, True])
def test_sampled_crops_are_those_of_their_frames_whatever_the_video(sample: VideoSample, with_previous: bool, tmp_path: Path) -> None:
    """Rates that vary, damage, no time stamps: what is sampled is as an unbroken read of every frame gives it, from any row on."""
    recording = Recording("a", video=sample.write(tmp_path))
    whole = Crop(whole_frame=True)
    every, _ = read(recording, whole, with_previous=with_previous)
    times = np.array([row.time_s for row in every])
    for rate, first in ((10.0, 0), (6.0, 3)):
        expected = sample_frames(times, rate)
        with open_crops(RecordingInputs(recording), whole) as crops:
            with closing(crops.rows(input_size=16, with_previous=with_previous, sampling=rate, first_row=first)) as rows:
                sampled = list(rows)
            assert crops.frames == expected.tolist()
            assert crops.video.n_frames == len(every)
        assert [row.index for row in sampled] == expected[first:].tolist()
        for row in sampled:
            for what in ("image", "previous"):
                one, other = getattr(row, what), getattr(every[row.index], what)
                assert (one is None) == (other is None)
                if one is not None:
                    np.testing.assert_array_equal(one, other)
