"""Detections of another program, checked against their video."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from behavior.embedding.given_detections import read_given_detections
from behavior.errors import PoseError
from behavior.files.video_writer import write_video

N_FRAMES, WIDTH, HEIGHT = 20, 64, 48


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "cage.mp4"
    write_video(path, [np.full((HEIGHT, WIDTH, 3), 90, dtype=np.uint8)] * N_FRAMES, fps=10, preset="ultrafast")
    return path


def write(tmp_path: Path, rows: list[tuple[object, ...]], header: str = "frame,x,y") -> Path:
    path = tmp_path / "found.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def test_detections_are_put_in_their_frames(video: Path, tmp_path: Path) -> None:
    given = read_given_detections(video, write(tmp_path, [(3, 10, 12), (3, 40, 12), (19, 9, 9)]))
    assert [frame for frame, found in enumerate(given.frames) if len(found)] == [3, 19]
    assert given.frames[3].positions.tolist() == [[10, 12], [40, 12]] and len(given.frames) == N_FRAMES
    assert given.length is None
    np.testing.assert_allclose(given.time_s, np.arange(N_FRAMES) / 10)
    sized = read_given_detections(video, write(tmp_path, [(3, 10, 12)]), area=np.pi * 25)
    assert sized.length == pytest.approx(10)


def test_scores_and_the_mask_leave_detections_out(video: Path, tmp_path: Path) -> None:
    path = write(tmp_path, [(0, 10, 12, 0.9), (1, 10, 12, 0.2), (2, 50, 12, 0.9)], "frame,x,y,score")
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[:, :30] = True
    given = read_given_detections(video, path, mask=mask, least_score=0.5)
    assert given.table.frames.tolist() == [0]
    with pytest.raises(PoseError, match=r"no detection of cage\.mp4 that counts"):
        read_given_detections(video, path, mask=mask, least_score=0.95)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(0, 1, 1), (N_FRAMES + 2, 1, 1)], "has detections in frame 22, and the video has 20 frames"),
        ([(0, 1, 1), (4, 500, 1)], r"frame 4 has an animal at \(500, 1\), outside of the video's 64 x 48 pixels, as have 1 of 2"),
        ([], "holds no detection"),
    ],
)
def test_detections_of_another_video_get_a_sentence(video: Path, tmp_path: Path, rows: list[tuple[object, ...]], message: str) -> None:
    with pytest.raises(PoseError, match=message):
        read_given_detections(video, write(tmp_path, rows))


def test_a_few_outside_are_left_out(video: Path, tmp_path: Path) -> None:
    rows = [(frame, 5 + number, 5) for frame in range(N_FRAMES) for number in range(4)]
    given = read_given_detections(video, write(tmp_path, [*rows, (0, 200, 5), (N_FRAMES, 5, 5)]))
    assert len(given.table) == len(rows)


def test_another_size_and_pictures_counted_from_one(video: Path, tmp_path: Path) -> None:
    path = tmp_path / "found.json"

    def read(size: tuple[int, int]) -> list[int]:
        images = [{"id": n, "file_name": f"{n:04}.png", "width": size[0], "height": size[1]} for n in (1, N_FRAMES)]
        boxes = [{"image_id": n, "category_id": 0, "bbox": [4, 4, 6, 6]} for n in (1, N_FRAMES)]
        path.write_text(json.dumps({"images": images, "annotations": boxes}))
        return read_given_detections(video, path).table.frames.tolist()

    assert read((WIDTH, HEIGHT)) == [0, N_FRAMES - 1]
    with pytest.raises(PoseError, match="pictures of 640 x 480 pixels, and the video has 64 x 48"):
        read((640, 480))


def test_identities_of_the_file_are_kept_on_request(video: Path, tmp_path: Path) -> None:
    header = "frame,animal,x,y"
    given = read_given_detections(video, write(tmp_path, [(0, "a", 1, 1), (0, "b", 9, 9), (1, "b", 9, 9), (2, "", 5, 5)], header))
    kept = given.keep_identities()
    assert kept.chosen[:3].tolist() == [[0, 1], [-1, 0], [-1, -1]]
    assert kept.tracklets[:3].tolist() == [[0, 1], [-1, 1], [-1, -1]]
    twice = read_given_detections(video, write(tmp_path, [(4, "a", 1, 1), (4, "a", 9, 9)], header))
    with pytest.raises(PoseError, match="has 'a' twice in frame 4"):
        twice.keep_identities()
    with pytest.raises(PoseError, match="names no animals"):
        read_given_detections(video, write(tmp_path, [(0, 1, 1)])).keep_identities()


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (
            [(frame, 9, 9, 0.1, 0.2) for frame in range(20)],
            "frame,x,y,width,height",
            r"frame 0 has a box of 0\.1 x 0\.2 in a picture of 64",
        ),
        ([(frame, 9, 9, 1e300, 1e300) for frame in range(20)], "frame,x,y,width,height", r"20 of 20 detections are of such a size"),
        ([(frame, 9, 9) for frame in (0, *[7] * 1001)], "frame,x,y", r"has 1001 detections in frame 7, expected at most 1000"),
    ],
)
def test_sizes_and_numbers_that_cannot_be_get_a_sentence(
    video: Path, tmp_path: Path, rows: list[tuple[object, ...]], header: str, message: str
) -> None:
    with pytest.raises(PoseError, match=message):
        read_given_detections(video, write(tmp_path, rows, header))


def test_a_few_boxes_of_impossible_sizes_are_left_out(video: Path, tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(frame, 9 + 20 * number, 9, 6, 4) for frame in range(20) for number in range(3)]
    given = read_given_detections(video, write(tmp_path, [*rows, (3, 30, 30, 1e300, 4)], "frame,x,y,width,height"))
    assert len(given.table) == 60 and given.length == pytest.approx(6)


def test_files_that_name_crowds_keep_no_identities(video: Path, tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(number % N_FRAMES, 9, 9, f"fly{number}") for number in range(1001)]
    given = read_given_detections(video, write(tmp_path, rows, "frame,x,y,animal"))
    with pytest.raises(PoseError, match=r"found\.csv: names 1001 animals, expected at most 1000; leave --keep-identities out"):
        given.keep_identities()
