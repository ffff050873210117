from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from behavior.errors import OutputError
from behavior.files.detection_parts import PART_FRAMES, DetectionPart, DetectionParts, remove_parts


def make_part(seed: int) -> DetectionPart:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 3, PART_FRAMES)
    return DetectionPart(counts, rng.normal(size=(counts.sum(), 4)), seed * PART_FRAMES + np.arange(PART_FRAMES, dtype=np.float64))


def fill(path: Path, n: int) -> DetectionParts:
    parts = DetectionParts(path, {"video": "a"})
    for number in range(n):
        parts.add(make_part(number), {"before": np.full((2, 2), number, dtype=np.float64), "n": np.array([number])})
    return parts


def test_what_was_kept_is_there_for_the_next_run_with_the_last_state(tmp_path: Path) -> None:
    fill(tmp_path / "a.csv", 3)
    again = DetectionParts(tmp_path / "a.csv", {"video": "a"})
    assert again.n_frames == 3 * PART_FRAMES
    for number, part in enumerate(again.read()):
        expected = make_part(number)
        np.testing.assert_array_equal(part.counts, expected.counts)
        np.testing.assert_array_equal(part.values, expected.values)
        np.testing.assert_array_equal(part.time_s, expected.time_s)
    state = again.read_state()
    assert state is not None and state["before"].tolist() == [[2, 2], [2, 2]] and state["n"].tolist() == [2]
    assert len(list((tmp_path / ".a.csv.parts").glob("*_state.npz"))) == 1


def test_parts_of_another_origin_are_not_used(tmp_path: Path) -> None:
    fill(tmp_path / "a.csv", 2)
    assert DetectionParts(tmp_path / "a.csv", {"video": "b"}).n_frames == 0
    assert DetectionParts(tmp_path / "a.csv", {"video": "a"}).n_frames == 0


@pytest.mark.parametrize(
    ("name", "content"), [("000001.npz", b"no archive"), ("000002_state.npz", b""), ("000002.npz", None), ("000000.npz", None)]
)
def test_what_a_power_cut_damaged_is_made_again(tmp_path: Path, name: str, content: bytes | None) -> None:
    fill(tmp_path / "a.csv", 3)
    path = tmp_path / ".a.csv.parts" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    parts = DetectionParts(tmp_path / "a.csv", {"video": "a"})
    assert parts.n_frames == 0 and parts.read_state() is None


def test_a_run_that_stopped_between_state_and_part_goes_on_from_the_part_before(tmp_path: Path) -> None:
    fill(tmp_path / "a.csv", 2)
    folder = tmp_path / ".a.csv.parts"
    (folder / "000002_state.npz").write_bytes((folder / "000001_state.npz").read_bytes())
    parts = DetectionParts(tmp_path / "a.csv", {"video": "a"})
    state = parts.read_state()
    assert parts.n_frames == 2 * PART_FRAMES and state is not None and state["n"].tolist() == [1]


def test_parts_are_removed(tmp_path: Path) -> None:
    fill(tmp_path / "a.csv", 1)
    remove_parts(tmp_path / "a.csv")
    remove_parts(tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        DetectionParts(tmp_path / "file" / "a.csv", {})
