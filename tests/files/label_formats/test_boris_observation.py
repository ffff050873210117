"""Where a recording is in the time of a BORIS observation, and the frames of its video."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from label_samples import (
    AGGREGATED_HEADER,
    IN_ORDER,
    TIME_S,
    VALUES,
    list_frames,
    make_aggregated,
    make_new_tabular,
    make_observation,
    make_project,
    read,
    write,
)

from behavior.errors import LabelError
from behavior.files.label_formats.boris_observation import Observation, find_media_frames
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.recording import Frames

PATH = Path("project.boris")
RATES = {"/data/m1.mp4": 25.0, "/data/m2.mp4": 10.0}
OBSERVATION = Observation(players={"1": ("/data/m1.mp4", "/data/m2.mp4")}, lengths={"/data/m1.mp4": 2.0, "/data/m2.mp4": 0.5}, rates=RATES)


def request(*names):
    return LabelRequest(("grooming",), Frames(0), recording_names=names)


def test_length_and_rate_make_frames():
    frames = find_media_frames(PATH, OBSERVATION, request("m2"))
    assert frames.time_s.tolist() == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert find_media_frames(PATH, OBSERVATION, request("m1.mp4")).n_frames == 50


@pytest.mark.parametrize("rates", [{}, {"/data/m2.mp4": 0.0}, {"/data/m2.mp4": -5.0}, {"/data/m2.mp4": 1e300}, {"/data/m1.mp4": 25.0}])
def test_frames_are_unknown_without_a_usable_rate(rates):
    assert find_media_frames(PATH, replace(OBSERVATION, rates=rates), request("m2")) is None


def test_frames_are_unknown_without_length_or_media():
    assert find_media_frames(PATH, Observation(players={"1": ("m1.mp4",)}, rates={"m1.mp4": 25.0}), request("m1")) is None
    assert find_media_frames(PATH, Observation(rates=RATES), request("m1")) is None


def test_one_of_several_videos_has_to_be_named():
    with pytest.raises(LabelError, match="none is named after m3"):
        find_media_frames(PATH, OBSERVATION, request("m3"))


def test_frames_outside_the_observation_are_unlabelled(tmp_path: Path) -> None:
    expected = VALUES.copy()
    expected[:5] = -1
    expected[30:] = -1
    path = write(tmp_path / "a.boris", make_project(**{"observation time interval": [0.5, 3.0]}))
    values, notes = read(path)
    np.testing.assert_array_equal(values, expected)
    assert any("2 frames of 'Grooming' lie outside" in note for note in notes)
    assert any("15 of 40 frames lie outside the observed spans" in note for note in notes)
    # A file that is shorter than the video was not watched behind its end.
    media = {"length": {"mouse_1.mp4": 3.0}, "offset": {"1": 0.0}}
    expected[:5] = VALUES[:5]
    np.testing.assert_array_equal(read(write(path, make_project(media_info=media)))[0], expected)
    # A frame or two are how such lengths are measured.
    media["length"]["mouse_1.mp4"] = 3.9
    np.testing.assert_array_equal(read(write(path, make_project(media_info=media)))[0], VALUES)


def test_time_offsets_players_and_videos_in_a_row(tmp_path: Path) -> None:
    events = [[at / 10, "", name, "", ""] for start, stop, name in IN_ORDER for at in (start, stop)]
    shifted = [[event[0] + 100, *event[1:]] for event in events]
    path = write(tmp_path / "a.boris", make_project(observations={"o": make_observation(shifted, **{"time offset": 100.0})}))
    np.testing.assert_array_equal(read(path)[0], VALUES)
    late = [[event[0] + 2.5, *event[1:]] for event in events]
    media = {"length": {"front.mp4": 2.5, "mouse_1.mp4": 4.0, "top.mp4": 4.0}, "offset": {"1": 0.0, "2": 2.5}}
    files = {"1": ["front.mp4", "mouse_1.mp4"], "2": ["top.mp4"]}
    in_front = [[0.5, "", "Supported", "", ""], [1.0, "", "Supported", "", ""]]
    observation = make_observation(in_front + late, file=files, media_info=media)
    path = write(tmp_path / "b.boris", make_project(observations={"o": observation}))
    values, notes = read(path, recording_names=("mouse_1.mp4",))
    np.testing.assert_array_equal(values, VALUES)
    assert any("covers 2 videos; events on mouse_1.mp4 are read" in note for note in notes)
    values, _ = read(path, recording_names=("front.avi",), frames=Frames.from_times(TIME_S[:25]))
    assert list_frames(values[:, 1]) == list(range(5, 10))
    assert not values[:, 0].any()
    with pytest.raises(LabelError, match="'Supported' starts 20 frames before the video does"):
        read(path, recording_names=("top.mp4",))
    with pytest.raises(LabelError, match="covers 2 videos one after the other"):
        read(path, recording_names=("else.mp4",))


def write_aggregated(path: Path, *rows: tuple[str, str, float, float], has_header: bool = True) -> Path:
    """Write bouts of Grooming as BORIS 7 does: subject, video, start, stop; the observation lasts 6.5 s."""
    lines = [
        f"o,2016-12-01,words,{video},6.500,10.0,12,{subject},Grooming,,,STATE,{start:.3f},{stop:.3f},{stop - start:.3f},,"
        for subject, video, start, stop in rows
    ]
    return write(path, "\n".join([*([AGGREGATED_HEADER] if has_header else []), *lines]) + "\n")


@pytest.mark.parametrize("has_header", [True, False])
def test_videos_were_played_in_the_order_of_their_events_whatever_rows_are_sorted_by(tmp_path: Path, has_header: bool) -> None:
    rows = [("a", "mouse_1.mp4", 3.0, 3.5), ("a", "mouse_1.mp4", 5.0, 5.5), ("b", "front.mp4", 0.5, 1.0)]
    path = write_aggregated(tmp_path / "a.csv", *rows, has_header=has_header)
    # front.mp4 lasts 2.5 s, so that mouse_1.mp4 starts there.
    values, notes = read(path, ("Grooming",), recording_names=("mouse_1.mp4",), subject="*")
    assert list_frames(values[:, 0]) == [*range(5, 10), *range(25, 30)]
    assert any("covers 2 videos, which were played in the order of their events" in note for note in notes)
    values, _ = read(path, ("Grooming",), recording_names=("front.mp4",), subject="*", frames=Frames.from_times(TIME_S[:25]))
    assert list_frames(values[:, 0]) == list(range(5, 10))


def test_videos_whose_order_their_events_do_not_tell_are_refused(tmp_path: Path) -> None:
    rows = [("a", "mouse_1.mp4", 3.0, 3.5), ("a", "front.mp4", 0.5, 1.0), ("a", "front.mp4", 4.0, 4.5)]
    path = write_aggregated(tmp_path / "a.csv", *rows)
    with pytest.raises(LabelError, match=r"does not tell in which order .* front\.mp4 and mouse_1\.mp4 \(0\.5 to 4 s and 3 to 3 s\)"):
        read(path, ("Grooming",), recording_names=("mouse_1.mp4",))


def test_events_that_contradict_the_lengths_of_the_videos_are_refused(tmp_path: Path) -> None:
    # A third video, without events, came first: front.mp4, of 1.5 s, was shown from 1.0 to 2.5 s.
    path = write_aggregated(tmp_path / "a.csv", ("a", "mouse_1.mp4", 4.0, 4.5), ("a", "front.mp4", 2.6, 3.5))
    with pytest.raises(LabelError, match=r"has events on front\.mp4 at 2\.6 to 2\.6 s, but .* shown at 0 to 1\.5 s; others without events"):
        read(path, ("Grooming",), recording_names=("front.mp4",), frames=Frames.from_times(TIME_S[:15]))


@pytest.mark.parametrize("make", [make_new_tabular, make_aggregated])
def test_the_video_of_a_second_player_needs_its_offset(tmp_path: Path, make: Callable[[], str]) -> None:
    if make is make_aggregated:
        row = "first,,,Media file(s),player #1:mouse_1.mp4|player #2:top.mp4,0.0,4.0,4.000|4.000,,{},STATE,{},{},mouse_1.mp4"
        header = (
            "Observation id,Observation date,Description,Observation type,Source,Time offset (s),Coding duration,Media duration (s),"
            "Subject,Behavior,Behavior type,Start (s),Stop (s),Media file name"
        )
        text = "\n".join([header, *(row.format(name, start / 10, stop / 10) for start, stop, name in IN_ORDER)])
    else:
        text = make().replace("player #1:videos/mouse_1.mp4,0.0,4.000,", "player #1:videos/mouse_1.mp4|player #2:top.mp4,0.0,4.000|4.000,")
    path = write(tmp_path / "a.csv", text)
    assert "player #2" in text
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4",))[0], VALUES)
    sentence = r"top\.mp4 was shown by player #2, and this export does not tell .* \(\.boris\).* labels: \{offset_s: \{m_top: SECONDS\}\}"
    with pytest.raises(LabelError, match=sentence):
        read(path, recording_names=("top.mp4", "m_top"))
    # It started a second earlier: its frame 10 is the first that was observed.
    values, _ = read(path, recording_names=("top.mp4",), offset_s=-1.0)
    np.testing.assert_array_equal(values[10:], VALUES[:30])
    assert (values[:10] == -1).all()
    np.testing.assert_array_equal(read(path, recording_names=("top.mp4",), offset_s=0.0)[0], VALUES)
    with pytest.raises(LabelError, match=r"players #1 mouse_1\.mp4, #2 top\.mp4 may have started at different times, and none is named"):
        read(path, recording_names=("side.mp4",))


def test_a_video_of_neither_player_is_asked_for_where_they_differ(tmp_path: Path) -> None:
    files = {"1": ["mouse_1.mp4"], "2": ["top.mp4"]}

    def write_project(offset: float) -> Path:
        media = {"length": {"mouse_1.mp4": 4.0, "top.mp4": 4.0}, "offset": {"1": 0.0, "2": offset}}
        return write(tmp_path / "a.boris", make_project(file=files, media_info=media))

    np.testing.assert_array_equal(read(write_project(0.0), recording_names=("side.mp4",))[0], VALUES)
    with pytest.raises(LabelError, match="may have started at different times"):
        read(write_project(0.5), recording_names=("side.mp4",))


def test_the_real_second_player_is_read_as_its_project_says(shared_data: Path) -> None:
    folder = shared_data.parent / "faults" / "boris-second-player-offset"
    if not folder.is_dir():
        pytest.skip(f"BORIS's own exports not found at {folder}")
    frames = Frames.from_times(np.arange(4499) / 25)
    options = {"frames": frames, "recording_names": ("video_test_25fps_180s.mp4",), "observation": "offset neg"}
    expected, _ = read(folder / "test2.boris", ("p",), **options)
    for name in ("agg_offset_neg.tsv", "tab_offset_neg.tsv"):
        with pytest.raises(LabelError, match="player #2"):
            read(folder / name, ("p",), **options)
        np.testing.assert_array_equal(read(folder / name, ("p",), offset_s=-20.0, **options)[0], expected)


def test_real_videos_in_a_row_are_read_as_their_project_says(shared_data: Path) -> None:
    folder = shared_data.parent / "faults" / "boris-aggregated-two-videos"
    if not folder.is_dir():
        pytest.skip(f"BORIS's own exports not found at {folder}")
    for video, n_frames in (("video_test_25fps_180s.mp4", 4499), ("video_test_25fps_360s.mp4", 8999)):
        options = {"frames": Frames.from_times(np.arange(n_frames) / 25), "recording_names": (video,), "subject": "*"}
        expected, _ = read(folder / "test2.boris", ("s",), observation="observation #2", **options)
        assert expected.any()
        for name in ("test_export_aggregated_events_test_full_3.tsv", "v7_two_videos.tsv"):
            np.testing.assert_array_equal(read(folder / name, ("s",), **options)[0], expected)


def test_lengths_and_rates_of_media_are_compared_with_the_video(tmp_path: Path) -> None:
    def write_media(length: float, rate: float) -> Path:
        media = {"length": {"mouse_1.mp4": length}, "fps": {"mouse_1.mp4": rate}, "offset": {"1": 0.0}}
        return write(tmp_path / "a.boris", make_project(media_info=media))

    # Sound may be longer than the picture.
    assert read(write_media(4.9, 10.0))[1] == []
    path = write_media(8.0, 10.0)
    with pytest.raises(
        LabelError, match=r"says that mouse_1\.mp4 lasts 8 s, 4\.0 s more than the video; are they the labels of another video"
    ):
        read(path)
    values, notes = read(path, policies=LabelPolicies(out_of_range="warn"))
    np.testing.assert_array_equal(values, VALUES)
    assert len(notes) == 1
    values, notes = read(write_media(4.0, 25.0))
    np.testing.assert_array_equal(values, VALUES)
    assert [note for note in notes if "has 25 frames per second, the video has 10" in note] == notes != []
    table = write(tmp_path / "a.csv", make_new_tabular().replace("10.000;10.000", "25.000"))
    assert any("has 25 frames per second, the video has 10" in note for note in read(table)[1])
