"""One overlay video: where its video is looked for, which thresholds it shows, and what is refused before anything is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.config import LabelFiles
from behavior.errors import EthogramError, LabelError, UsageError, VideoError
from behavior.figures.overlay_plan import Clip
from behavior.files.ethogram_parts import AnnotationPart
from behavior.files.video import summarize_video
from behavior.files.video_folder import VideoFolder
from behavior.files.video_writer import write_video
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities, Recording
from behavior.reporting.overlay_video import OverlayVideo, find_thresholds, find_video, plan_overlay

ETHOGRAM = Path("ethograms/A_ethogram.csv")
BEHAVIORS = ("groom", "rear")
FPS = 10


def make_annotation(*, n_frames: int = 20, **provenance: object) -> Annotation:
    """Behavior 0 is decided in frames 5 to 9, where its probability is 0.9; all other probabilities are 0.1."""
    shown = np.zeros((n_frames, 2), dtype=bool)
    shown[5:10, 0] = True
    time_s = np.arange(n_frames) / FPS
    ethogram = Ethogram(shown, BEHAVIORS, time_s)
    probabilities = Probabilities(np.where(shown, 0.9, 0.1).astype(np.float32), BEHAVIORS, time_s)
    return Annotation("A", probabilities, ethogram, ethogram, Provenance.model_validate({"fps": FPS, **provenance}))


def make_overlay(video: Path | None, clip: Clip | None = None, *, n_frames: int = 20, **provenance: object) -> OverlayVideo:
    annotation = make_annotation(n_frames=n_frames, **provenance)
    return plan_overlay(ETHOGRAM, AnnotationPart.of_all(annotation), Recording("A"), video, clip=clip or Clip(), settings=LabelFiles())


def write_gray(path: Path, n_frames: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, np.full((n_frames, 32, 48, 3), 90, dtype=np.uint8), fps=FPS, preset="ultrafast")
    return path


def test_a_video_is_looked_for_in_the_folder_then_where_it_was_then_in_the_manifest(tmp_path: Path) -> None:
    moved, annotated, listed = (tmp_path / place / "video.mp4" for place in ("moved", "annotated", "listed"))
    for path in (moved, annotated, listed):
        path.parent.mkdir()
        path.touch()
    annotation = make_annotation(video=str(annotated))
    recording = Recording("A", video=listed)
    folder = VideoFolder(moved.parent)
    assert find_video(ETHOGRAM, annotation, recording, folder) == moved.resolve()
    assert find_video(ETHOGRAM, annotation, recording, None) == annotated
    moved.unlink()
    annotated.unlink()
    assert find_video(ETHOGRAM, annotation, recording, VideoFolder(moved.parent)) == listed
    listed.unlink()
    with pytest.raises(VideoError, match=rf"{annotated} is not there; .*--videos.*--no-video"):
        find_video(ETHOGRAM, annotation, recording, None)
    with pytest.raises(VideoError, match="it names no video"):
        find_video(ETHOGRAM, make_annotation(), Recording("A"), None)


def test_a_video_from_another_system_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "video B.mp4").touch()
    annotation = make_annotation(video="D:\\lab\\video B.mp4")
    assert find_video(ETHOGRAM, annotation, Recording("A"), VideoFolder(tmp_path)) == (tmp_path / "video B.mp4").resolve()


def test_several_videos_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "A.mp4").touch()
    with pytest.raises(VideoError, match=r"several videos .*\(x/A.mp4, y/A.mp4\)"):
        find_video(ETHOGRAM, make_annotation(), Recording("A"), VideoFolder(tmp_path))


def test_thresholds_are_those_that_explain_the_decisions() -> None:
    assert find_thresholds(ETHOGRAM, make_annotation()) is None
    explained = find_thresholds(ETHOGRAM, make_annotation(postprocess={"threshold": 0.5}))
    np.testing.assert_array_equal(explained, np.float32([0.5, 0.5]))
    # At 0.95 no frame of the first behavior would have been decided.
    partly = find_thresholds(ETHOGRAM, make_annotation(postprocess={"threshold": {"groom": 0.95, "rear": 0.5}}))
    np.testing.assert_array_equal(partly, np.float32([np.nan, 0.5]))


def test_a_plan_holds_the_clip_the_labels_and_the_speed(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("behavior,start_frame,stop_frame\nrear,3,6\n")
    recording = Recording("A", labels={"jin": tmp_path / "labels.csv"})
    clip = Clip(start_s=0.2, stop_s=0.6, speed=2)
    overlay = plan_overlay(ETHOGRAM, AnnotationPart.of_all(make_annotation()), recording, None, clip=clip, settings=LabelFiles())
    assert (overlay.frames.tolist(), overlay.fps, overlay.note) == ([2, 3, 4, 5], 20, "(speed 2\N{MULTIPLICATION SIGN})")
    assert np.flatnonzero(overlay.row.labels["jin"][:, 1] == 1).tolist() == [3, 4, 5]
    assert make_overlay(None).note == ""
    (tmp_path / "labels.csv").write_text("nothing,of,use\n1,2,3\n")
    with pytest.raises(LabelError, match=r"labels\.csv"):
        plan_overlay(ETHOGRAM, AnnotationPart.of_all(make_annotation()), recording, None, clip=clip, settings=LabelFiles())


def test_a_lone_frame_without_a_rate_is_refused() -> None:
    with pytest.raises(EthogramError, match=r"A_ethogram\.json: has no usable 'fps'"):
        make_overlay(None, n_frames=1, fps=None)


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(EthogramError, match="holds 0 frames of 2 behaviors"):
        make_overlay(None, n_frames=0)
    with pytest.raises(UsageError, match="ends at 2 s, before --start 3s"):
        make_overlay(None, Clip(start_s=3.0))


def test_an_overlay_is_written_with_and_without_its_video(tmp_path: Path) -> None:
    counted: list[int] = []
    for name, video in (("with", write_gray(tmp_path / "A.mp4", 20)), ("without", None)):
        make_overlay(video).write(tmp_path / f"{name}.mp4", advance=counted.append)
        assert summarize_video(tmp_path / f"{name}.mp4").n_frames == 20
    assert counted == [1] * 40


@pytest.mark.parametrize(("n_frames", "is_taken"), [(18, True), (22, True), (17, False), (23, False)])
def test_a_video_may_differ_by_two_frames(tmp_path: Path, n_frames: int, is_taken: bool) -> None:
    overlay = make_overlay(write_gray(tmp_path / "A.mp4", n_frames))
    target = tmp_path / "out.mp4"
    if is_taken:
        overlay.write(target, advance=lambda count: None)
        assert summarize_video(target).n_frames == 20
    else:
        with pytest.raises(VideoError, match=f"has {n_frames} frames, but .* has 20, so it is another video"):
            overlay.write(target, advance=lambda count: None)
        assert not target.exists()
