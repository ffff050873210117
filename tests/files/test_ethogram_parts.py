"""Parts of ethograms: the rows that whoever reads all of the table would get, without the others."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from behavior.errors import EthogramError
from behavior.files import ethogram_parts, ethogram_table
from behavior.files.ethogram_parts import AnnotationPart, read_annotation_part
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities

FPS, N_FRAMES, ROWS_OF_PART, AROUND = 10, 1000, 50, 20


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ethogram_table, "_ROWS_AT_ONCE", ROWS_OF_PART)
    monkeypatch.setattr(ethogram_parts, "_ROWS_AROUND", AROUND)


def make_annotation(n_frames: int = N_FRAMES, seed: int = 0) -> Annotation:
    rng = np.random.default_rng(seed)
    time_s, behaviors = np.arange(n_frames) / FPS, ("a, b", "rear")
    probabilities = Probabilities(rng.random((n_frames, 2), dtype=np.float32), behaviors, time_s)
    raw, final = (Ethogram(rng.random((n_frames, 2)) < 0.5, behaviors, time_s) for _ in range(2))
    return Annotation("A", probabilities, raw, final, Provenance(fps=FPS), rng.random(n_frames, dtype=np.float32))


def require_rows(part: AnnotationPart, whole: Annotation, first: int, stop: int) -> None:
    """Check that a part holds the rows from `first` to `stop` of an annotation."""
    assert (part.first_frame, part.n_frames) == (first, len(whole.time_s))
    found = part.annotation
    assert (found.recording, found.behaviors, found.provenance) == (whole.recording, whole.behaviors, whole.provenance)
    assert found.distances is not None and whole.distances is not None
    for some, all_rows in (
        (found.time_s, whole.time_s),
        (found.probabilities.values, whole.probabilities.values),
        (found.raw.values, whole.raw.values),
        (found.ethogram.values, whole.ethogram.values),
        (found.distances, whole.distances),
    ):
        np.testing.assert_array_equal(some, all_rows[first:stop])


def change_cells(path: Path, frames: range) -> None:
    """Let the last digit of the probabilities of some frames be another one, in a table that stays as long as it was."""
    lines = path.read_bytes().splitlines(keepends=True)
    for frame in frames:
        cells = lines[frame + 1].split(b",")
        cells[2] = cells[2][:-1] + (b"1" if cells[2][-1:] != b"1" else b"2")
        lines[frame + 1] = b",".join(cells)
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    ("start_s", "stop_s", "first", "stop"),
    [
        (50.0, 51.0, 480, 530),
        (50.05, 51.05, 480, 531),
        (0.0, 0.5, 0, 25),
        (-10.0, 0.0, 0, 20),
        (-math.inf, math.inf, 0, 1000),
        (98.0, math.inf, 960, 1000),
        # Behind the end is the end.
        (500.0, 510.0, 979, 1000),
        (4.9, 5.1, 29, 71),
    ],
)
@pytest.mark.parametrize("has_parts", [True, False])
def test_a_part_has_the_rows_that_were_written(
    tmp_path: Path, start_s: float, stop_s: float, first: int, stop: int, has_parts: bool
) -> None:
    annotation = make_annotation()
    path = write_annotation(tmp_path, annotation)[0]
    if not has_parts:
        # As earlier versions wrote it.
        description = json.loads(path.with_suffix(".json").read_text())
        assert len(description.pop("table_parts")) == 1 + N_FRAMES / ROWS_OF_PART
        path.with_suffix(".json").write_text(json.dumps(description))
    require_rows(read_annotation_part(path, start_s, stop_s), annotation, first, stop)


def test_other_rows_are_not_read(tmp_path: Path) -> None:
    annotation = make_annotation()
    path = write_annotation(tmp_path, annotation)[0]
    # All but those of the parts around: rows 450 to 600.
    change_cells(path, range(450))
    change_cells(path, range(600, 1000))
    with pytest.raises(EthogramError, match="are not those that"):
        read_annotation(path)
    part = read_annotation_part(path, 50.0, 52.0)
    require_rows(part, annotation, 480, 540)
    assert not part.is_all


@pytest.mark.parametrize("frame", [450, 500, 549, 599])
def test_a_changed_cell_among_the_rows_is_refused_as_in_all_of_it(tmp_path: Path, frame: int) -> None:
    path = write_annotation(tmp_path, make_annotation())[0]
    change_cells(path, range(frame, frame + 1))
    with pytest.raises(EthogramError, match=r"A_ethogram.csv: its .* are not those that A_ethogram.json describes"):
        read_annotation_part(path, 50.0, 52.0)


@pytest.mark.parametrize("changed", ["names", "length", "line ends"])
def test_a_table_of_other_bytes_is_read_whole(tmp_path: Path, changed: str) -> None:
    annotation = make_annotation()
    path = write_annotation(tmp_path, annotation)[0]
    content = path.read_bytes()
    if changed == "names":
        path.write_bytes(content.replace(b"rear_prob", b"raer_prob"))
        with pytest.raises(EthogramError, match="column 'rear_prob' is missing"):
            read_annotation_part(path, 50.0, 52.0)
    elif changed == "length":
        path.write_bytes(content[: content.rindex(b"\n999,") + 1])
        with pytest.raises(EthogramError, match="holds 999 frames, expected the 1000"):
            read_annotation_part(path, 50.0, 52.0)
    else:
        path.write_bytes(content.replace(b"\n", b"\r\n"))
        require_rows(read_annotation_part(path, 50.0, 52.0), annotation, 480, 540)


@pytest.mark.parametrize("change", [{"n_frames": 49}, {"start_s": 1e9}, {"n_bytes": 10**15}, {"hash": ""}])
def test_a_description_that_does_not_go_with_the_table_never_misleads(tmp_path: Path, change: dict) -> None:
    annotation = make_annotation()
    path = write_annotation(tmp_path, annotation)[0]
    description = json.loads(path.with_suffix(".json").read_text())
    description["table_parts"][11].update(change)
    path.with_suffix(".json").write_text(json.dumps(description))
    require_rows(read_annotation_part(path, 50.0, 52.0), annotation, 480, 540)


def test_a_record_whose_writing_was_interrupted_is_read_as_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = make_annotation(), make_annotation(seed=1)
    path = write_annotation(tmp_path, before)[0]
    replace, n_calls = Path.replace, 0

    def be_killed(source: Path, target: Path) -> Path:
        nonlocal n_calls
        n_calls += 1
        if n_calls > 1:
            raise KeyboardInterrupt
        return replace(source, target)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "replace", be_killed)
        write_annotation(tmp_path, after)
    require_rows(read_annotation_part(path, 50.0, 52.0), after, 480, 540)


def test_no_frames_and_one_part_are_all(tmp_path: Path) -> None:
    for n_frames in (0, 1, 7):
        annotation = make_annotation(n_frames)
        path = write_annotation(tmp_path / str(n_frames), annotation)[0]
        part = read_annotation_part(path, 0.0, 1.0)
        require_rows(part, annotation, 0, n_frames)
        assert part.is_all
        assert AnnotationPart.of_all(annotation).is_all


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EthogramError, match="does not exist, expected an ethogram"):
        read_annotation_part(tmp_path / "A_ethogram.csv", 0.0, 1.0)
