from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from behavior.errors import PoseError
from behavior.files.track_corrections import CorrectedVideo, read_corrections, write_corrections
from behavior.recording import Spot, TrackCorrection

VIDEO = CorrectedVideo("pair.mp4", 9000, 90)
CORRECTIONS = [
    TrackCorrection("swap", Spot(9, 3.5, 4.25), Spot(10, 8, 8), 10),
    TrackCorrection("assign", Spot(9, 3, 4), None, 5, 20),
    TrackCorrection("split", Spot(12, 0, 0)),
    TrackCorrection("merge", Spot(9, 3, 4), Spot(30, 3, 4)),
    TrackCorrection("remove", Spot(9, 3, 4), start_frame=9, stop_frame=10),
    TrackCorrection("name", Spot(9, 3, 4), name="größte.1"),
]


def test_what_is_written_comes_back_in_lines_that_people_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_corrections(path, VIDEO, CORRECTIONS)
    assert read_corrections(path, VIDEO) == CORRECTIONS
    lines = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {"corrections": 1, "video": "pair.mp4", "bytes": 9000, "frames": 90}
    assert '"name": "größte.1"' in lines[-1]


def test_no_file_is_no_corrections(tmp_path: Path) -> None:
    assert read_corrections(tmp_path / "none.jsonl", VIDEO) == []


def test_a_renamed_video_and_one_that_was_written_again_keep_their_corrections(tmp_path: Path) -> None:
    write_corrections(tmp_path / "a.jsonl", VIDEO, CORRECTIONS)
    for same in (CorrectedVideo("other.mp4", 9000, 90), CorrectedVideo("pair.mp4", 7, 90)):
        assert read_corrections(tmp_path / "a.jsonl", same) == CORRECTIONS
    for other in (CorrectedVideo("other.mp4", 9001, 90), CorrectedVideo("pair.mp4", 9000, 91)):
        with pytest.raises(PoseError, match=r"corrects the track of pair\.mp4 \(90 frames, 9,000 bytes\), found .*its own video"):
            read_corrections(tmp_path / "a.jsonl", other)


HEAD = '{"corrections": 1, "video": "pair.mp4", "bytes": 9000, "frames": 90}'
SWAP: dict[str, Any] = {"action": "swap", "frame": 9, "x": 1, "y": 2, "other_frame": 10, "other_x": 1, "other_y": 2}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "is empty"),
        (["nonsense"], "line 1"),
        (['{"corrections": 2, "video": "pair.mp4", "bytes": 9000, "frames": 90}'], "line 1"),
        ([HEAD, "[" * 5000], "line 2"),
        ([HEAD, "[]"], "found no object"),
        ([HEAD, json.dumps(SWAP), json.dumps({**SWAP, "action": "explode"})], "line 3.*'explode', expected swap"),
        ([HEAD, json.dumps({**SWAP, "x": "1"})], "expected pixels"),
        ([HEAD, json.dumps({**SWAP, "x": float("nan")})], "found NaN"),
        ([HEAD, '{"action": "split", "frame": 9, "x": 1e999, "y": 2}'], "expected pixels"),
        ([HEAD, json.dumps({**SWAP, "frame": -1})], "frame is '-1'"),
        ([HEAD, json.dumps({**SWAP, "frame": True})], "frame is 'True'"),
        ([HEAD, json.dumps({**SWAP, "frame": 2**40})], "expected a whole number"),
        ([HEAD, json.dumps({**SWAP, "start_frame": 9, "stop_frame": 9})], "expected more than start_frame"),
        ([HEAD, json.dumps({**SWAP, "eval": "1"})], "found 'eval'"),
        ([HEAD, '{"action": "merge", "frame": 9, "x": 1, "y": 2}'], "needs other_frame"),
        ([HEAD, '{"action": "name", "frame": 9, "x": 1, "y": 2, "name": "../a"}'], "expected letters"),
        ([HEAD, '{"action": "name", "frame": 9, "x": 1, "y": 2}'], "a name is given where"),
        ([HEAD, '{"action": "split", "frame": 9, "x": 1, "y": 2, "name": "a"}'], "a name is given where"),
        ([HEAD, ""], "line 2"),
    ],
)
def test_a_file_that_cannot_be_used_gets_a_sentence(tmp_path: Path, lines: list[str], sentence: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*lines, ""]))
    with pytest.raises(PoseError, match=sentence) as caught:
        read_corrections(path, VIDEO)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_bytes_that_are_no_text_and_folders_get_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.jsonl").mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        with pytest.raises(PoseError, match="corrections of a track"):
            read_corrections(tmp_path / name, VIDEO)
