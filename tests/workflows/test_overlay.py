"""`behavior overlay` from ethograms and videos on disk to videos on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import yaml

from behavior.compute.where import Where
from behavior.errors import EthogramError, OutputError, UsageError
from behavior.figures.lettering import parse_color
from behavior.figures.overlay_plan import Clip
from behavior.figures.rendering import get_color
from behavior.files import ethogram_parts, ethogram_table
from behavior.files.ethograms import write_annotation
from behavior.files.video import open_video, summarize_video
from behavior.files.video_writer import write_video
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities
from behavior.workflows.overlay import draw_overlays

FPS = 10
N_FRAMES = 40
BEHAVIORS = ("groom", "rear")
# Of the video, in which the brightness tells the frame.
WIDTH, HEIGHT = 96, 64
MAGNIFIED_HEIGHT = 5 * HEIGHT


def write_numbered_video(path: Path, n_frames: int = N_FRAMES, fps: float = FPS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = (np.full((HEIGHT, WIDTH, 3), 4 * index % 256, dtype=np.uint8) for index in range(n_frames))
    write_video(path, pictures, fps=fps, preset="ultrafast")
    return path


def write_ethogram(
    folder: Path,
    name: str,
    video: Path | str | None,
    n_frames: int = N_FRAMES,
    time_s: npt.NDArray[np.float64] | None = None,
    decided: range = range(10, 20),
    **provenance: object,
) -> Path:
    """Behavior 0 is decided in ten frames."""
    shown = np.zeros((n_frames, 2), dtype=bool)
    shown[decided, 0] = True
    time_s = np.arange(n_frames) / FPS if time_s is None else time_s
    ethogram = Ethogram(shown, BEHAVIORS, time_s)
    probabilities = Probabilities(np.where(shown, 0.9, 0.1).astype(np.float32), BEHAVIORS, time_s)
    recorded = Provenance.model_validate({"fps": FPS, "video": None if video is None else str(video), **provenance})
    return write_annotation(folder, Annotation(name, probabilities, ethogram, ethogram, recorded))[0]


def read_pictures(path: Path) -> list[npt.NDArray[np.uint8]]:
    with open_video(path) as reader:
        return [frame.image for frame in reader.frames() if frame.image is not None]


def read_numbers(path: Path) -> list[int]:
    """Return which frame of the video each picture shows."""
    return [round(float(np.median(picture[MAGNIFIED_HEIGHT // 2 : MAGNIFIED_HEIGHT])) / 4) for picture in read_pictures(path)]


def has_chip(picture: npt.NDArray[np.uint8], index: int) -> bool:
    near = np.abs(picture[:40].astype(int) - parse_color(get_color(index))).max(axis=2) < 40
    return int(near.sum()) > 100


def test_every_frame_is_drawn(tmp_path: Path) -> None:
    path = write_ethogram(tmp_path, "A", write_numbered_video(tmp_path / "A.mp4"))
    result = draw_overlays([path], tmp_path / "out")
    target = tmp_path / "out" / "A_overlay.mp4"
    assert result.files == {"A": target}
    assert not result.failures
    summary = summarize_video(target)
    assert (summary.n_frames, summary.fps, summary.width) == (N_FRAMES, pytest.approx(FPS), 5 * WIDTH)
    assert result.frames == {"A": N_FRAMES}
    assert read_numbers(target) == list(range(N_FRAMES))
    pictures = read_pictures(target)
    assert [index for index, picture in enumerate(pictures) if has_chip(picture, 0)] == list(range(10, 20))
    assert not any(has_chip(picture, 1) for picture in pictures)


def test_a_part_is_drawn_at_another_speed(tmp_path: Path) -> None:
    path = write_ethogram(tmp_path, "A", write_numbered_video(tmp_path / "A.mp4"))
    draw_overlays([path], tmp_path / "fast", clip=Clip(start_s=1.0, stop_s=2.0, speed=2))
    assert read_numbers(tmp_path / "fast" / "A_overlay.mp4") == list(range(10, 20))
    assert summarize_video(tmp_path / "fast" / "A_overlay.mp4").fps == pytest.approx(20)
    result = draw_overlays([path], tmp_path / "end", clip=Clip(start_s=3.5, stop_s=60, speed=0.5))
    assert read_numbers(tmp_path / "end" / "A_overlay.mp4") == list(range(35, 40))
    assert result.fps == {"A": 5}


def test_of_a_long_recording_only_what_is_drawn_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n_frames = 600
    video = write_numbered_video(tmp_path / "A.mp4", n_frames)
    monkeypatch.setattr(ethogram_table, "_ROWS_AT_ONCE", 20)
    monkeypatch.setattr(ethogram_parts, "_ROWS_AROUND", 5)
    path = write_ethogram(tmp_path, "A", video, n_frames, decided=range(505, 510))
    clip, out = Clip(start_s=50.0, stop_s=52.0), tmp_path / "out" / "A_overlay.mp4"
    # The first rows are not needed, and would be refused.
    path.write_bytes(path.read_bytes().replace(b"\n7,0.7,0.1,", b"\n7,0.7,0.2,"))
    with monkeypatch.context() as patched:
        patched.setattr(ethogram_parts, "read_annotation", None)
        assert draw_overlays([path], out.parent, clip=clip).files == {"A": out}
    assert read_numbers(out) == [frame % 64 for frame in range(500, 520)]
    pictures = read_pictures(out)
    assert [index for index, picture in enumerate(pictures) if has_chip(picture, 0)] == list(range(5, 10))
    # What is read whole, as earlier versions wrote it, looks the same.
    path = write_ethogram(tmp_path, "A", video, n_frames, decided=range(505, 510))
    description = json.loads(path.with_suffix(".json").read_text())
    del description["table_parts"]
    path.with_suffix(".json").write_text(json.dumps(description))
    draw_overlays([path], tmp_path / "again", clip=clip)
    for one, other in zip(pictures, read_pictures(tmp_path / "again" / "A_overlay.mp4"), strict=True):
        np.testing.assert_array_equal(one, other)
    # A video of another length is still known by its length.
    other_video = write_numbered_video(tmp_path / "other" / "A.mp4", 560)
    assert "has 560 frames, but" in draw_overlays([path], tmp_path / "no", videos=other_video.parent, clip=clip).failures[str(path)]


def test_a_part_in_a_pause_has_nothing_to_draw(tmp_path: Path) -> None:
    time_s = np.arange(40) / FPS + np.where(np.arange(40) < 20, 0, 60)
    path = write_ethogram(tmp_path, "A", None, time_s=time_s)
    failures = draw_overlays([path], tmp_path / "out", clip=Clip(start_s=30, stop_s=31), with_video=False).failures
    assert "has no frame from --start 30s to --stop 31s" in failures[str(path)]


def test_labels_of_the_manifest_are_drawn(tmp_path: Path) -> None:
    path = write_ethogram(tmp_path, "A", write_numbered_video(tmp_path / "A.mp4"))
    write_ethogram(tmp_path, "B", tmp_path / "A.mp4")
    for name, rows in (("jin", [("rear", 5, 8)]), ("oliver", [("rear", 6, 9)])):
        pd.DataFrame(rows, columns=["behavior", "start_frame", "stop_frame"]).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "recordings.csv").write_text("recording,labels_jin,labels_oliver\nA,jin.csv,oliver.csv\n")
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"behaviors": list(BEHAVIORS), "streams": ["motifs"]}))
    result = draw_overlays([tmp_path], tmp_path / "out", study=tmp_path / "study.yaml", clip=Clip(stop_s=1.0))
    assert list(result.files) == ["A", "B"]
    first, second = (result.files[name] for name in "AB")
    assert summarize_video(first).height > summarize_video(second).height
    pictures = read_pictures(first)
    assert [index for index, picture in enumerate(pictures) if has_chip(picture[:, 240:], 1)] == [5, 6, 7]
    assert [index for index, picture in enumerate(pictures) if has_chip(picture[36:, 240:], 1)] == [6, 7, 8]
    assert not any(has_chip(picture, 1) for picture in read_pictures(second))
    (tmp_path / "jin.csv").write_text("nothing,of,use\n1,2,3\n")
    result = draw_overlays([tmp_path], tmp_path / "bad", study=tmp_path / "study.yaml", clip=Clip(stop_s=1.0))
    assert list(result.files) == ["B"]
    assert "jin.csv" in result.failures[str(path)]


def test_a_video_of_another_length_is_refused(tmp_path: Path) -> None:
    write_numbered_video(tmp_path / "videos" / "A.mp4", N_FRAMES - 2)
    write_numbered_video(tmp_path / "videos" / "B.mp4", N_FRAMES + 2)
    for name, n_frames in (("C", N_FRAMES - 3), ("D", N_FRAMES + 3), ("E", 2 * N_FRAMES)):
        write_numbered_video(tmp_path / "videos" / f"{name}.mp4", n_frames)
    for name in "ABCDE":
        write_ethogram(tmp_path, name, None)
    result = draw_overlays([tmp_path], tmp_path / "out", videos=tmp_path / "videos")
    assert list(result.files) == ["A", "B"]
    assert [summarize_video(result.files[name]).n_frames for name in "AB"] == [N_FRAMES, N_FRAMES]
    assert [len(result.failures), sorted(path.name for path in (tmp_path / "out").iterdir())] == [3, ["A_overlay.mp4", "B_overlay.mp4"]]
    sentence = result.failures[str(tmp_path / "C_ethogram.csv")]
    assert f"C.mp4: has {N_FRAMES - 3} frames, but" in sentence
    assert "another video" in sentence
    # What is drawn of it is there, but it is still the wrong one.
    result = draw_overlays([tmp_path / "E_ethogram.csv"], tmp_path / "part", videos=tmp_path / "videos", clip=Clip(stop_s=1.0))
    assert not result.files
    assert len(result.failures) == 1


def test_frames_beyond_the_end_of_the_video_are_grey(tmp_path: Path) -> None:
    video = write_numbered_video(tmp_path / "A.mp4")
    path = write_ethogram(tmp_path, "A", video, n_frames=N_FRAMES + 2)
    draw_overlays([path], tmp_path / "out")
    numbers = read_numbers(tmp_path / "out" / "A_overlay.mp4")
    assert numbers == [*range(N_FRAMES), 32, 32]


def test_damaged_frames_do_not_move_the_others(tmp_path: Path) -> None:
    video = tmp_path / "A.avi"
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    write_video(video, (np.roll(noise, 3 * index, axis=1) for index in range(N_FRAMES)), fps=FPS, codec="mjpeg")
    content = bytearray(video.read_bytes())
    # Each picture begins with a JPEG marker, behind a header of 8 bytes; of the tenth nothing is left.
    starts = [place for place in range(len(content) - 1) if content[place : place + 3] == b"\xff\xd8\xff"]
    content[starts[9] : starts[10] - 8] = bytes(starts[10] - 8 - starts[9])
    video.write_bytes(content)
    assert summarize_video(video).undecodable == (9,)
    path = write_ethogram(tmp_path, "A", video)
    draw_overlays([path], tmp_path / "out")
    pictures = read_pictures(tmp_path / "out" / "A_overlay.mp4")
    assert len(pictures) == N_FRAMES
    grey = [index for index, picture in enumerate(pictures) if np.abs(picture[200:300].astype(int) - 128).max() < 12]
    assert grey == [9]


@pytest.mark.slow
def test_two_workers_draw_what_one_process_draws(tmp_path: Path) -> None:
    for name in "AB":
        write_ethogram(tmp_path / "ethograms", name, write_numbered_video(tmp_path / f"{name}.mp4"))
    write_ethogram(tmp_path / "ethograms", "C", None)
    alone = draw_overlays([tmp_path / "ethograms"], tmp_path / "alone")
    shared = draw_overlays([tmp_path / "ethograms"], tmp_path / "shared", where=Where(2))
    assert list(shared.files) == ["A", "B"] and shared.failures == alone.failures
    for name, path in alone.files.items():
        assert path.read_bytes() == shared.files[name].read_bytes()
    with pytest.raises(OutputError):
        draw_overlays([tmp_path / "ethograms"], tmp_path / "shared", where=Where(2))


def test_recordings_without_a_video(tmp_path: Path) -> None:
    for name, video in (("A", None), ("B", "D:\\gone\\video B.mp4"), ("C", write_numbered_video(tmp_path / "C.mp4"))):
        write_ethogram(tmp_path / "ethograms", name, video)
    result = draw_overlays([tmp_path / "ethograms"], tmp_path / "out")
    assert list(result.files) == ["C"]
    sentences = list(result.failures.values())
    assert "names no video" in sentences[0]
    assert all("--no-video" in sentence and "--videos" in sentence for sentence in sentences)
    write_numbered_video(tmp_path / "moved" / "video B.mp4")
    result = draw_overlays([tmp_path / "ethograms"], tmp_path / "found", videos=tmp_path / "moved")
    assert list(result.files) == ["B", "C"]
    result = draw_overlays([tmp_path / "ethograms"], tmp_path / "alone", with_video=False)
    assert list(result.files) == ["A", "B", "C"]
    summary = summarize_video(result.files["A"])
    assert (summary.n_frames, summary.width) == (N_FRAMES, 960)
    assert summary.height < 400


def test_the_video_of_the_manifest_is_taken_where_the_ethogram_names_none(tmp_path: Path) -> None:
    write_numbered_video(tmp_path / "video.mp4")
    path = write_ethogram(tmp_path, "A", tmp_path / "gone.mp4")
    (tmp_path / "recordings.csv").write_text("recording,video\nA,video.mp4\n")
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"behaviors": list(BEHAVIORS), "streams": ["motifs"]}))
    result = draw_overlays([path], tmp_path / "out", study=tmp_path / "study.yaml", clip=Clip(stop_s=0.5))
    assert read_numbers(result.files["A"]) == list(range(5))


def test_of_several_videos_none_is_guessed(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        write_numbered_video(tmp_path / "videos" / folder / "A.mp4", 3)
    path = write_ethogram(tmp_path, "A", None)
    result = draw_overlays([path], tmp_path / "out", videos=tmp_path / "videos")
    assert "several videos" in result.failures[str(path)]
    assert "x/A.mp4, y/A.mp4" in result.failures[str(path)]


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    write_ethogram(tmp_path, "A", None)
    write_ethogram(tmp_path, "B", None)
    out = tmp_path / "out"
    draw_overlays([tmp_path], out, with_video=False, clip=Clip(stop_s=0.3))
    before = (out / "A_overlay.mp4").read_bytes()
    with pytest.raises(OutputError, match=r"A_overlay\.mp4 and 1 more overlays exist already; .* --overwrite"):
        draw_overlays([tmp_path], out, with_video=False, clip=Clip(stop_s=0.5))
    assert (out / "A_overlay.mp4").read_bytes() == before
    draw_overlays([tmp_path], out, with_video=False, overwrite=True, clip=Clip(stop_s=0.5))
    assert summarize_video(out / "A_overlay.mp4").n_frames == 5


def test_bad_ethograms_never_stop_the_rest(tmp_path: Path) -> None:
    write_ethogram(tmp_path, "A", None).write_text("")
    for name, spoiled in (("B", {"fps": 0}), ("C", {"postprocess": {"threshold": 7}})):
        description = write_ethogram(tmp_path, name, None).with_suffix(".json")
        description.write_text(json.dumps(json.loads(description.read_text()) | spoiled))
    write_ethogram(tmp_path, "D", None, n_frames=20)
    good = write_ethogram(tmp_path, "E", None)
    again = write_ethogram(tmp_path / "again", "E", None)
    result = draw_overlays([tmp_path, again], tmp_path / "out", with_video=False, clip=Clip(start_s=3.0))
    assert list(result.files) == ["E"]
    assert str(good) not in result.failures
    sentences = [result.failures[str(path)] for path in (*(tmp_path / f"{name}_ethogram.csv" for name in "ABCD"), again)]
    expected = ("A_ethogram", "no usable 'fps'", "threshold", "ends at 2 s, before --start 3s", "second ethogram of 'E'")
    assert [part for part, sentence in zip(expected, sentences, strict=True) if part not in sentence] == []
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["E_overlay.mp4"]


def test_ticks_are_left_out_where_thresholds_do_not_explain_the_decisions(tmp_path: Path) -> None:
    panels = []
    for name, said in (
        ("A", {}),
        ("B", {"postprocess": {"threshold": 0.5}}),
        ("C", {"postprocess": {"threshold": {"groom": 0.95, "rear": 0.5}}}),
    ):
        path = write_ethogram(tmp_path, name, None, **said)
        panels.append(read_pictures(draw_overlays([path], tmp_path / "out", with_video=False, clip=Clip(stop_s=0.1)).files[name])[0])
    white = [int((panel[60:170, 300:].min(axis=2) > 200).sum()) for panel in panels]
    assert white[0] < white[2] < white[1]


@pytest.mark.parametrize(
    "options", [{"clip": Clip(speed=0)}, {"clip": Clip(speed=float("nan"))}, {"clip": Clip(start_s=2, stop_s=2)}, {"videos": Path("none")}]
)
def test_options_that_cannot_be_meant_are_refused(tmp_path: Path, options: dict) -> None:
    path = write_ethogram(tmp_path, "A", None)
    with pytest.raises(UsageError):
        draw_overlays([path], tmp_path / "out", with_video=False, **options)
    assert not (tmp_path / "out").exists()
    with pytest.raises(EthogramError, match="does not exist"):
        draw_overlays([tmp_path / "none_ethogram.csv"], tmp_path / "out")


def test_the_command(run, tmp_path: Path) -> None:
    folder, out = tmp_path / "ethograms", tmp_path / "out"
    write_ethogram(folder, "A", write_numbered_video(tmp_path / "A.mp4"))
    write_ethogram(folder, "B", None)
    ran = run("overlay", folder, "--out", out, "--start", "1s", "--stop", "0.05m", "--json")
    assert ran.status == 1
    found = json.loads(ran.out)
    assert [(row["recording"], row["frames"], row["seconds"]) for row in found["rows"]] == [("A", 20, 2.0)]
    assert list(found["failures"]) == [str(folder / "B_ethogram.csv")]
    assert "--no-video" in ran.err
    assert run("overlay", folder, "--out", out).status == 1
    ran = run("overlay", folder, "--out", out, "--no-video", "--overwrite", "--stop", "0.5s")
    assert ran.status == 0
    assert "B_overlay.mp4" in ran.out
    assert read_pictures(out / "A_overlay.mp4")[0].shape[1] == 960
    for words in (("--start", "soon"), ("--stop", "90"), ("--start", "5s", "--stop", "2s"), ("--speed", "0")):
        ran = run("overlay", folder, "--out", tmp_path / "none", *words)
        assert ran.status == 2
        assert ran.err.startswith(f"error: {words[-2]} ")
        assert ran.err.count("\n") == 1
