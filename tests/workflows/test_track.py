"""`behavior track`, from a video to what the other commands read."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from track_samples import read_truth

from behavior.compute.where import HERE, Where
from behavior.errors import UsageError
from behavior.files.pose import list_individuals, read_pose, write_deeplabcut
from behavior.files.tracklets import read_tracklets
from behavior.files.video_writer import write_video
from behavior.recording import Track
from behavior.workflows.track import TrackRequest, preview_tracking, track_videos

N_FRAMES = 90


def walk() -> npt.NDArray[np.float64]:
    """Two animals that walk along each other, (T, 2, 2)."""
    time = np.arange(N_FRAMES)
    x = 30 + 1.4 * time
    return np.stack((np.column_stack((x, 30 + 5 * np.sin(time / 9))), np.column_stack((180 - x, np.full(N_FRAMES, 80.0)))), axis=1)


def draw(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    picture = np.full((112, 192, 3), 190, dtype=np.uint8)
    for x, y in positions:
        cv2.ellipse(picture, (round(x * 16), round(y * 16)), (208, 88), 0, 0, 360, (60, 60, 60), cv2.FILLED, cv2.LINE_AA, 4)
    return picture


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "pair.mp4"
    write_video(path, [draw(positions) for positions in walk()], fps=25)
    return path


@pytest.fixture(scope="module")
def tracked(video: Path) -> Path:
    """The folder of a video that was tracked, next to it."""
    result = track_videos([video], TrackRequest(animals=2))
    assert not result.failures and result.videos["pair"].found == 1
    return video.parent


def test_the_track_is_what_deeplabcut_would_have_written(tracked: Path) -> None:
    path = tracked / "pair_track.csv"
    assert list_individuals(path) == dict.fromkeys(("animal1", "animal2"), ("centroid", "nose_end", "tail_end"))
    tracks = sorted((read_pose(path, individual=name) for name in ("animal1", "animal2")), key=lambda track: track.positions[0, 0, 1])
    found = np.stack([track.positions[:, 0] for track in tracks], axis=1)
    assert np.hypot(*(found - walk()).transpose(2, 0, 1)).max() < 1
    # One goes right and the other left, and heads are in front.
    assert (tracks[0].positions[:, 1, 0] > tracks[0].positions[:, 2, 0]).all()
    assert (tracks[1].positions[:, 1, 0] < tracks[1].positions[:, 2, 0]).all()


def test_tracklets_and_a_picture_lie_beside_it(tracked: Path) -> None:
    stored = read_tracklets(tracked / "pair_tracklets.npz")
    assert len(stored.tracklets) == 2 and sorted(stored.animals.tolist()) == [0, 1]
    assert stored.origin["settings"]["animals"] == 2
    assert cv2.imread(str(tracked / "pair_track.jpg")).shape == (112, 192, 3)


def test_init_finds_the_track(tracked: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("init", tracked, "--out", tmp_path)
    assert done.status == 0
    assert "pair_track.csv" in (tmp_path / "recordings.csv").read_text()


def test_a_second_run_keeps_what_is_there_and_other_settings_ask_first(tracked: Path, video: Path) -> None:
    before = (tracked / "pair_track.csv").stat().st_mtime_ns
    again = track_videos([video], TrackRequest(animals=2))
    assert list(again.kept) == ["pair"] and not again.videos and not again.failures
    other = track_videos([video], TrackRequest(animals=2, memory=7))
    assert "--overwrite" in other.failures[str(video)]
    assert (tracked / "pair_track.csv").stat().st_mtime_ns == before


def test_the_same_video_gives_the_same_track(tracked: Path, video: Path, tmp_path: Path) -> None:
    track_videos([video], TrackRequest(animals=2), out=tmp_path)
    assert (tmp_path / "pair_track.csv").read_bytes() == (tracked / "pair_track.csv").read_bytes()


@pytest.mark.slow
def test_two_workers_write_the_files_of_one_process(video: Path, tmp_path: Path) -> None:
    videos = [shutil.copy(video, tmp_path / f"{name}.mp4") for name in "ab"]
    (tmp_path / "c.mp4").write_bytes(b"no video")
    for out, where in (("alone", HERE), ("shared", Where(2))):
        result = track_videos([*videos, tmp_path / "c.mp4"], TrackRequest(animals=2), out=tmp_path / out, where=where)
        assert (list(result.videos), list(result.failures)) == (["a", "b"], [str(tmp_path / "c.mp4")])
    names = sorted(path.name for path in (tmp_path / "alone").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "shared").iterdir())
    for name in names:
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "shared" / name).read_bytes(), name
    again = track_videos(videos, TrackRequest(animals=2), out=tmp_path / "shared", where=Where(2))
    assert list(again.kept) == ["a", "b"]


def test_the_number_of_animals_is_found(video: Path, tmp_path: Path) -> None:
    assert track_videos([video], TrackRequest(), out=tmp_path).videos["pair"].animals == 2


def test_animals_whose_number_is_not_given_are_told_apart_by_motion_and_the_user_learns_it(
    video: Path, run: Callable[..., Any], tmp_path: Path
) -> None:
    told = "several animals were told apart by motion alone"
    assert told in run("track", video, "--out", tmp_path / "found").err
    assert told not in run("track", video, "--animals", "2", "--identity", "none", "--out", tmp_path / "given").err


def test_one_animal_has_no_name(tmp_path: Path) -> None:
    write_video(tmp_path / "one.mp4", [draw(positions[:1]) for positions in walk()], fps=25)
    track_videos([tmp_path / "one.mp4"], TrackRequest(animals=1))
    assert list(list_individuals(tmp_path / "one_track.csv")) == [""]
    assert read_pose(tmp_path / "one_track.csv").body_parts == ("centroid", "nose_end", "tail_end")


def test_a_preview_shows_sample_frames(video: Path, tmp_path: Path) -> None:
    result = preview_tracking([video], TrackRequest(animals=2), out=tmp_path)
    picture = cv2.imread(str(result.previews["pair"]))
    assert picture.shape[1] > 1600 and not (tmp_path / "pair_track.csv").exists()
    # Animals that are alone are edged in green.
    blue, green, red = picture.astype(int).transpose(2, 0, 1)
    assert np.count_nonzero((green > 150) & (red < 100) & (blue < 140)) > 500


def test_animals_outside_the_mask_are_not_tracked(video: Path, tmp_path: Path) -> None:
    mask = np.zeros((112, 192), dtype=np.uint8)
    mask[:55] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    result = track_videos([video], TrackRequest(animals=1, mask=tmp_path / "mask.png"), out=tmp_path)
    assert result.videos["pair"].found == 1
    assert read_pose(tmp_path / "pair_track.csv").positions[:, 0, 1].max() < 50
    cv2.imwrite(str(tmp_path / "small.png"), mask[:50])
    failed = track_videos([video], TrackRequest(mask=tmp_path / "small.png"), out=tmp_path / "other")
    assert "192 x 50 pixels, expected the video's 192 x 112" in failed.failures[str(video)]


@pytest.fixture
def odd(tmp_path: Path) -> Callable[[list[npt.NDArray[np.uint8]]], Path]:
    def write(pictures: list[npt.NDArray[np.uint8]]) -> Path:
        write_video(tmp_path / "odd.mp4", pictures, fps=25)
        return tmp_path / "odd.mp4"

    return write


def test_odd_videos_get_a_sentence_and_the_rest_is_done(
    odd: Callable[..., Path], video: Path, run: Callable[..., Any], tmp_path: Path
) -> None:
    empty = odd([draw(np.empty((0, 2)))] * 20)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    done = run("track", empty, tmp_path / "broken.mp4", video, "--animals", 2, "--out", tmp_path / "out", "--json")
    assert done.status == 1
    answer = json.loads(done.out)
    assert [row["recording"] for row in answer["rows"]] == ["pair"]
    assert "no setting finds an animal" in answer["failures"][str(empty)] and len(answer["failures"]) == 2


@pytest.mark.parametrize(
    ("change", "n_animals", "sentence"),
    [
        ("dark", 2, "all over"),
        ("gone", 2, "no animal is found in 30 of 90 frames, for longest in frames 30 to 59"),
        ("fewer", 3, "fewer than 3 animals are found in 90 of 90 frames"),
    ],
)
def test_the_user_is_told_what_is_odd(
    odd: Callable[..., Path], run: Callable[..., Any], change: str, n_animals: int, sentence: str
) -> None:
    pictures = [draw(positions) for positions in walk()]
    if change != "fewer":
        pictures[30:60] = [draw(np.empty((0, 2))) if change == "gone" else np.zeros_like(pictures[0])] * 30
    path = odd(pictures)
    done = run("track", path, "--animals", n_animals)
    assert done.status == 0 and sentence in " ".join(done.err.split())
    assert list_individuals(path.with_name("odd_track.csv"))


@pytest.mark.parametrize(("is_dark", "options"), [(True, ()), (True, ("--adaptive",)), (False, ())])
def test_a_long_stretch_without_light_or_animals_costs_nothing_else(
    odd: Callable[..., Path], run: Callable[..., Any], tmp_path: Path, is_dark: bool, options: Sequence[str]
) -> None:
    truth = np.concatenate((walk(), walk()[::-1], walk()))
    noise = np.random.default_rng(0).integers(0, 8, (112, 192, 3)).astype(np.uint8)
    pictures = [draw(positions) for positions in truth]
    pictures[90:190] = [noise if is_dark else draw(np.empty((0, 2)))] * 100
    done = run("track", odd(pictures), "--animals", 2, "--identity", "none", *options)
    told = " ".join(done.err.split())
    assert done.status == 0 and told.count("for longest in frames 90 to 189") == told.count("warning:") == 1
    tracks = [read_pose(tmp_path / "odd_track.csv", individual=name) for name in ("animal1", "animal2")]
    found = np.stack([track.positions[:, 0] for track in tracks], axis=1)
    distances = np.hypot(*(truth[:, :, None] - found[:, None]).transpose(3, 0, 1, 2))
    lit = np.r_[:90, 190 : len(truth)]
    # Which is which may be exchanged in the dark.
    assert distances.min(axis=1)[lit].max() < 1
    assert (np.stack([track.likelihoods[:, 0] for track in tracks])[:, 90:190] <= 0.5).all()


@pytest.mark.parametrize("options", [(), ("--animals", 2, "--identity", "none", "--background", "extreme"), ("--polarity", "both")])
def test_a_cable_that_lies_there_for_a_part_of_the_video_is_no_animal(
    odd: Callable[..., Path], run: Callable[..., Any], tmp_path: Path, options: Sequence[object]
) -> None:
    pictures = [draw(positions) for positions in walk()]
    for picture in pictures[:55]:
        cv2.ellipse(picture, (160, 15), (14, 5), 30, 0, 360, (50, 50, 50), cv2.FILLED)
    done = run("track", odd(pictures), *options)
    told = " ".join(done.err.split())
    assert done.status == 0 and "never moves while others do: it is taken for equipment" in told
    found = np.stack([read_pose(tmp_path / "odd_track.csv", individual=name).positions[:, 0] for name in ("animal1", "animal2")], axis=1)
    found = found if found[0, 0, 1] < found[0, 1, 1] else found[:, ::-1]
    assert np.hypot(*(found - walk()).transpose(2, 0, 1)).max() < 1 and len(list_individuals(tmp_path / "odd_track.csv")) == 2


@pytest.mark.parametrize(
    "request_", [TrackRequest(animals=0), TrackRequest(threshold=0), TrackRequest(background="extreme", polarity="both")]
)
def test_settings_that_cannot_be_used_are_refused(video: Path, request_: TrackRequest) -> None:
    with pytest.raises(UsageError):
        track_videos([video], request_)


IDENTITY_FILES = ("pair_identity.csv", "pair_identity.png")


def test_several_animals_are_told_apart_and_the_table_says_how_surely(tracked: Path) -> None:
    stored = read_tracklets(tracked / "pair_tracklets.npz")
    lines = (tracked / "pair_identity.csv").read_text().splitlines()
    assert lines[0] == "tracklet,start_frame,stop_frame,start_s,stop_s,animal,probability"
    rows = [line.split(",") for line in lines[1:]]
    assert [row[:3] for row in rows] == [
        [str(number), str(one.start_frame), str(one.stop_frame)] for number, one in enumerate(stored.tracklets)
    ]
    assert [row[5] for row in rows] == [f"animal{animal + 1}" for animal in stored.animals.tolist()]
    assert float(rows[0][4]) == pytest.approx(stored.tracklets[0].stop_frame / 25)
    assert all(0.9 <= float(row[6]) <= 1 for row in rows)
    assert cv2.imread(str(tracked / "pair_identity.png")).shape[1] > 200


def test_one_animal_or_none_to_tell_apart(video: Path, tmp_path: Path) -> None:
    result = track_videos([video], TrackRequest(), out=tmp_path)
    assert result.videos["pair"].identified is None and not any((tmp_path / name).exists() for name in IDENTITY_FILES)
    for request in (TrackRequest(identity="cnn"), TrackRequest(animals=1, identity="correlogram")):
        with pytest.raises(UsageError, match="--animals with their number, 2 or more"):
            track_videos([video], request)


def test_a_backbone_belongs_to_its_identity_and_has_weights(video: Path) -> None:
    for request, words in (
        (TrackRequest(animals=2, identity="backbone", backbone="openfield"), "--backbone and --weights belong together"),
        (TrackRequest(animals=2, identity="cnn", backbone="openfield", weights="packaged"), "is for --identity backbone"),
        (TrackRequest(animals=2, identity="backbone", backbone="openfeild", weights="packaged"), "openfield"),
    ):
        with pytest.raises(UsageError, match=words):
            track_videos([video], request)


def test_a_track_that_is_replaced_leaves_no_files_of_another_run(video: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("track", video, "--animals", 2, "--out", tmp_path, "--json")
    assert json.loads(done.out)["rows"][0]["identified"] == 1 and all((tmp_path / name).is_file() for name in IDENTITY_FILES)
    assert run("track", video, "--animals", 2, "--identity", "none", "--out", tmp_path).status == 1
    assert all((tmp_path / name).is_file() for name in IDENTITY_FILES)
    assert run("track", video, "--animals", 2, "--identity", "none", "--out", tmp_path, "--overwrite").status == 0
    assert not any((tmp_path / name).exists() for name in IDENTITY_FILES)


def test_a_run_that_stops_while_it_replaces_a_track_is_made_again(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    track_videos([video], TrackRequest(animals=2, identity="none"), out=tmp_path)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("behavior.reporting.track_files.write_deeplabcut", stop)
        with pytest.raises(KeyboardInterrupt):
            track_videos([video], TrackRequest(animals=2), out=tmp_path, overwrite=True)
    again = track_videos([video], TrackRequest(animals=2), out=tmp_path)
    assert list(again.videos) == ["pair"] and not again.kept


def test_animals_that_cannot_be_told_apart_are_followed_by_motion_and_the_user_is_told(
    video: Path, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("behavior.embedding.tracklet_identities._LEAST_NAMED", 1.1)
    done = run("track", video, "--animals", 2, "--out", tmp_path)
    assert done.status == 0 and "cannot be told apart by appearance" in " ".join(done.err.split())
    assert list_individuals(tmp_path / "pair_track.csv") and not (tmp_path / "pair_identity.csv").exists()


def test_each_animal_has_a_file_of_its_own_on_request(video: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    target = tmp_path / "videos" / "pair.mp4"
    target.parent.mkdir()
    target.write_bytes(video.read_bytes())
    assert run("track", target, "--animals", "2", "--identity", "none", "--per-animal").status == 0
    together = target.with_name("pair_track.csv")
    for name in ("animal1", "animal2"):
        alone = target.with_name(f"pair_{name}_track.csv")
        assert list(list_individuals(alone)) == [""]
        np.testing.assert_array_equal(read_pose(alone).positions, read_pose(together, individual=name).positions)
    # The pose of the video is the file with all of them.
    assert run("init", target.parent, "--out", tmp_path / "study").status == 0
    assert "pair_track.csv" in (tmp_path / "study" / "recordings.csv").read_text()
    assert run("track", target, "--animals", "2", "--identity", "none", "--overwrite").status == 0
    assert together.exists() and not list(target.parent.glob("*_animal*"))


def test_corrections_by_people_are_kept_and_applied_by_every_later_run(video: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    run("track", video, "--animals", 2, "--out", tmp_path)
    before = {name: read_pose(tmp_path / "pair_track.csv", individual=name).positions[:, 0] for name in ("animal1", "animal2")}
    first, other = (track[40].tolist() for track in before.values())
    earlier = before["animal1"][39].tolist()
    lines = [
        {"corrections": 1, "video": "pair.mp4", "bytes": video.stat().st_size, "frames": N_FRAMES},
        {"action": "swap", "frame": 39, "x": earlier[0], "y": earlier[1], "other_frame": 40, "other_x": other[0], "other_y": other[1]},
        {"action": "name", "frame": 40, "x": first[0], "y": first[1], "name": "anna"},
        {"action": "remove", "frame": 40, "x": 5, "y": 5},
    ]
    lines[1]["start_frame"] = 40
    corrections = tmp_path / "pair_track_corrections.jsonl"
    corrections.write_text("".join(json.dumps(line) + "\n" for line in lines))
    text = corrections.read_text()
    # Kept; made again with other settings; and in the file of another run.
    for more in ([], ["--memory", 7, "--overwrite"], ["--identity", "none", "--overwrite"]):
        done = run("track", video, "--animals", 2, "--out", tmp_path, *more)
        said = " ".join(done.err.split())
        assert done.status == 0 and "2 of 3 corrections by people are applied" in said
        assert "correction 3 (remove) is not applied: no animal was found within" in said and "of 5, 5 in frame 40" in said
        assert set(list_individuals(tmp_path / "pair_track.csv")) == {"anna", "animal1"}
        anna = read_pose(tmp_path / "pair_track.csv", individual="anna").positions[:, 0]
        np.testing.assert_allclose(anna[:40], before["animal2"][:40], atol=0.01)
        np.testing.assert_allclose(anna[40:], before["animal1"][40:], atol=0.01)
        assert corrections.read_text() == text
    corrections.write_text(text.replace("remove", "explode"))
    done = run("track", video, "--animals", 2, "--out", tmp_path, "--overwrite")
    assert done.status == 1 and "line 4" in " ".join(done.err.split()) and "explode" in corrections.read_text()
    # The track is there all the same, as it was found.
    np.testing.assert_allclose(read_pose(tmp_path / "pair_track.csv", individual="animal1").positions[:, 0], before["animal1"])


def write_boxes(path: Path) -> Path:
    """The animals of `walk` as upright boxes, in a wrong order in every second frame."""
    rows = ["frame,x1,y1,x2,y2,score"]
    for frame, positions in enumerate(walk()):
        for x, y in positions[:: -1 if frame % 2 else 1]:
            rows.append(f"{frame},{x - 13},{y - 6},{x + 13},{y + 6},0.9")
    path.write_text("\n".join(rows) + "\n")
    return path


def test_boxes_of_another_detector_are_tracked(video: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    boxes = write_boxes(tmp_path / "boxes.csv")
    done = run("track", video, "--detections", boxes, "--animals", "2", "--identity", "none", "--out", tmp_path / "out", "--json")
    assert done.status == 0 and json.loads(done.out)["rows"][0]["found"] == 1
    tracks = [read_pose(tmp_path / "out" / "pair_track.csv", individual=name) for name in ("animal1", "animal2")]
    found = np.stack([track.positions[:, 0] for track in sorted(tracks, key=lambda track: track.positions[0, 0, 1])], axis=1)
    np.testing.assert_allclose(found, walk(), atol=1e-6)
    assert all(track.likelihoods.min() == pytest.approx(0.9) for track in tracks)
    again = run("track", video, "--detections", boxes, "--animals", "2", "--identity", "none", "--out", tmp_path / "out")
    assert "tracked already" in again.out + again.err
    boxes.write_text(boxes.read_text().replace("0.9", "0.8"))
    changed = run("track", video, "--detections", boxes, "--animals", "2", "--identity", "none", "--out", tmp_path / "out")
    assert changed.status == 1


def test_body_parts_of_another_program_stay_with_their_animal(video: Path, tmp_path: Path) -> None:
    truth = walk()
    noses = np.stack((truth + (13, 0), truth - (13, 0)), axis=2)
    swapped = np.arange(N_FRAMES) >= 40
    noses[swapped] = noses[swapped][:, ::-1]
    tracks = {
        name: Track(noses[:, animal], np.full((N_FRAMES, 2), 0.9), ("nose", "tail_base")) for animal, name in enumerate(("left", "right"))
    }
    write_deeplabcut(tmp_path / "pose.csv", tracks, scorer="net")
    request = TrackRequest(animals=2, identity="none", detections=tmp_path / "pose.csv")
    assert not track_videos([video], request, out=tmp_path / "new").failures
    for name in ("animal1", "animal2"):
        track = read_pose(tmp_path / "new" / "pair_track.csv", individual=name)
        assert track.body_parts == ("centroid", "nose_end", "tail_end", "nose", "tail_base")
        # The file exchanges the animals in frame 40, the track does not.
        assert np.hypot(*np.diff(track.positions[:, 0], axis=0).T).max() < 3
        np.testing.assert_allclose(track.positions[:, 1], track.positions[:, 3], atol=0.5)
        assert (track.positions[:, 3, 0] > track.positions[:, 4, 0]).all()
    kept = TrackRequest(detections=tmp_path / "pose.csv", keep_identities=True)
    assert not track_videos([video], kept, out=tmp_path / "kept").failures
    path = tmp_path / "kept" / "pair_track.csv"
    assert np.hypot(*np.diff(read_pose(path, individual="animal1").positions[:, 0], axis=0).T).max() > 20


def test_a_preview_shows_what_the_file_has(video: Path, tmp_path: Path) -> None:
    request = TrackRequest(animals=2, detections=write_boxes(tmp_path / "boxes.csv"))
    picture = cv2.imread(str(preview_tracking([video], request, out=tmp_path).previews["pair"]))
    blue, green, red = picture.astype(int).transpose(2, 0, 1)
    assert np.count_nonzero((green > 150) & (red < 100) & (blue < 140)) > 500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"detections": Path("a.csv"), "background": "median"}, "--background is for animals that are looked for"),
        ({"keep_identities": True}, "--keep-identities is for animals that a file names"),
        ({"detections": Path("a.csv"), "keep_identities": True, "animals": 2}, "takes the number of animals from the file"),
        ({"detections": Path("a.csv"), "least_score": 2.0}, "expected a number from 0 to 1"),
        ({"detections": Path("a.csv")}, "no such detections"),
    ],
)
def test_options_that_contradict_detections_of_a_file_are_refused(video: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        track_videos([video], TrackRequest(**options))


def test_two_mice_that_a_tracker_exchanges_are_told_apart_in_every_frame(
    shared_data: Path, run: Callable[..., Any], tmp_path: Path
) -> None:
    folder = shared_data / "tracking" / "two_mice"
    pose, options = folder / "sleap_tracked.slp", ("--animals", "2", "--identity", "correlogram", "--out", tmp_path)
    assert run("track", folder / "video.mp4", "--detections", pose, *options).status == 0
    truth = read_truth(folder / "truth.csv", ("x", "y"))
    n_frames = len(truth)
    both = np.isfinite(truth).all(axis=(1, 2))
    assert both.sum() == 77

    def count_exchanged(path: Path, names: Sequence[str], part: slice) -> int:
        tracks = [read_pose(path, individual=name).positions[:n_frames, part] for name in names]
        with warnings.catch_warnings(action="ignore"):
            found = np.stack([np.nanmean(track, axis=1) for track in tracks], axis=1)
        distances = np.hypot(*(truth[:, :, None] - found[:, None]).transpose(3, 0, 1, 2))[both]
        exchanged = distances[:, 0, 1] + distances[:, 1, 0] < distances[:, 0, 0] + distances[:, 1, 1]
        return min(int(exchanged.sum()), int((~exchanged).sum()))

    assert count_exchanged(pose, ("track_0", "track_1"), slice(None)) > 15
    assert count_exchanged(tmp_path / "video_track.csv", ("animal1", "animal2"), slice(1)) == 0


def test_a_camera_that_was_knocked_is_told_and_the_animals_are_found_before_and_after(
    odd: Callable[..., Path], run: Callable[..., Any], tmp_path: Path
) -> None:
    pictures = []
    bedding = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 60, (112, 192)), (0, 0), 1.5)[..., None]
    for frame, positions in enumerate(walk()):
        picture = np.clip(draw(positions) + bedding, 0, 255).astype(np.uint8)
        pictures.append(np.roll(picture, (5, -7), axis=(0, 1)) if frame >= 50 else picture)
    done = run("track", odd(pictures), "--animals", 2, "--identity", "none")
    told = " ".join(done.err.split())
    assert done.status == 0 and "the camera was moved between frames 49 and 50, by -7 pixels to the right and 5 down" in told
    tracks = sorted(
        (read_pose(tmp_path / "odd_track.csv", individual=name) for name in ("animal1", "animal2")),
        key=lambda track: track.positions[0, 0, 1],
    )
    found = np.stack([track.positions[:, 0] for track in tracks], axis=1)
    expected = walk()
    expected[50:] += (-7, 5)
    assert np.hypot(*(found - expected).transpose(2, 0, 1)).max() < 2


@pytest.mark.parametrize("n_frames", [1, 2])
def test_a_video_of_hardly_any_frames_gets_a_sentence_or_a_track(odd: Callable[..., Path], run: Callable[..., Any], n_frames: int) -> None:
    path = odd([draw(positions) for positions in walk()[:: N_FRAMES // 2][:n_frames]])
    done = run("track", path, "--animals", 2)
    assert done.status in (0, 1) and "Traceback" not in done.err
    assert path.with_name("odd_track.csv").exists() == (done.status == 0)


def test_a_video_that_breaks_off_is_tracked_as_far_as_it_goes(video: Path, run: Callable[..., Any], tmp_path: Path) -> None:
    import av

    whole = tmp_path / "whole.ts"
    with av.open(str(video)) as source, av.open(str(whole), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    content = whole.read_bytes()
    (tmp_path / "cut.ts").write_bytes(content[: len(content) * 2 // 3])
    done = run("track", tmp_path / "cut.ts", "--animals", 2)
    assert done.status == 0
    n_rows = len(read_pose(tmp_path / "cut_track.csv", individual="animal1").positions)
    assert 30 < n_rows < N_FRAMES


def test_a_full_disk_costs_nothing_that_was_there(
    video: Path, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("track", video, "--animals", 2, "--identity", "none", "--out", tmp_path).status == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}

    def fill(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("behavior.files.atomic.sync_file", fill)
        done = run("track", video, "--animals", 2, "--memory", 9, "--identity", "none", "--out", tmp_path, "--overwrite")
    assert done.status == 1 and "No space left on device" in done.err and "choose a folder with space" in " ".join(done.err.split())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name in before} == before
