"""What every label format promises."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from label_samples import CASES, N_FRAMES, NAMES, TIME_S, VALUES, Case, make_observation, make_project, name_case, read, write, write_sheet

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies
from behavior.files.label_formats.source import LabelSource
from behavior.files.labels import LABEL_FORMATS, LABEL_SUFFIXES, count_label_frames, is_label_file, list_behaviors, recognise_labels
from behavior.recording import Frames

# Formats that would recognise a file too, were it not for the order of `LABEL_FORMATS`.
ALSO_RECOGNISED_BY = {("DeepEthogram labels", "frame table")}


def require_labels_or_a_sentence(path: Path) -> None:
    try:
        values, notes = read(path, policies=LabelPolicies(unterminated="warn"))
    except LabelError as error:
        sentences = [str(error)]
    else:
        assert values.shape == VALUES.shape
        sentences = notes
    for sentence in sentences:
        assert sentence.startswith(f"{path}: ")
        assert sentence[-1] in ".?)"
        assert "\n" not in sentence


@pytest.mark.parametrize("case", CASES, ids=name_case)
class TestEveryFormat:
    """The contract of all label formats."""

    def test_tells_the_format_and_the_behaviors_by_content(self, case: Case, tmp_path: Path) -> None:
        path = case.write(tmp_path)
        assert recognise_labels(path) == case.format
        assert is_label_file(path)
        assert set(list_behaviors(path)) == set(NAMES)
        assert case.suffix in LABEL_SUFFIXES

    def test_reads_the_labels(self, case: Case, tmp_path: Path) -> None:
        values, notes = read(write(tmp_path / "labels.txt", case.make()))
        np.testing.assert_array_equal(values, VALUES)
        assert all("2 rows below the names" in note or "Label Studio counts 24 per second" in note for note in notes)

    def test_a_mapping_renames_and_joins(self, case: Case, tmp_path: Path) -> None:
        path = case.write(tmp_path)
        values, _ = read(path, ("wall", "grooming"), mapping={"Supported": "wall", "Grooming": "grooming"})
        np.testing.assert_array_equal(values, VALUES[:, ::-1])
        values, notes = read(path, ("moving",), mapping={"Supported": "moving", "Grooming": "moving"})
        np.testing.assert_array_equal(values[:, 0], VALUES.max(axis=1))
        assert not any("left out" in note or "overlap" in note for note in notes)

    def test_what_is_not_mapped_is_listed_unless_it_is_ignored(self, case: Case, tmp_path: Path) -> None:
        path = case.write(tmp_path)
        values, notes = read(path, ("wall",), mapping={"Supported": "wall"})
        np.testing.assert_array_equal(values[:, 0], VALUES[:, 1])
        assert any("does not name are left out" in note and "Grooming" in note for note in notes)
        _, notes = read(path, ("wall",), mapping={"Supported": "wall"}, ignored=frozenset({"Grooming"}))
        assert not any("Grooming" in note for note in notes)

    def test_a_behavior_that_was_renamed_since_is_not_taken_for_absent(self, case: Case, tmp_path: Path) -> None:
        path = case.write(tmp_path)
        sentence = "the study's map makes 'Grooming' of this file 'self_grooming', but these ethograms say 'Grooming'"
        with pytest.raises(LabelError, match=sentence):
            read(path, NAMES, mapping={"Grooming": "self_grooming"})

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"])
    def test_reads_other_encodings_and_line_ends(self, case: Case, encoding: str, line_end: str, tmp_path: Path) -> None:
        text = case.make().replace("Grooming", "Säubern").replace("\n", line_end)
        values, _ = read(write(tmp_path / f"labels{case.suffix}", text, encoding), ("Säubern", "Supported"))
        np.testing.assert_array_equal(values, VALUES)

    def test_labels_of_a_longer_video_are_refused(self, case: Case, tmp_path: Path) -> None:
        path = case.write(tmp_path)
        with pytest.raises(LabelError, match="another video"):
            read(path, frames=Frames.from_times(TIME_S[:15]))
        values, notes = read(path, frames=Frames.from_times(TIME_S[:15]), policies=LabelPolicies(out_of_range="warn"))
        np.testing.assert_array_equal(values, VALUES[:15])
        assert any("after its end" in note or "after its last frame" in note for note in notes)
        np.testing.assert_array_equal(read(path, frames=Frames.from_times(TIME_S[:15], broke_off=True))[0], VALUES[:15])

    def test_recognises_its_own_files_only(self, case: Case, tmp_path: Path) -> None:
        source = LabelSource(case.write(tmp_path))
        recognising = [label_format.name for label_format in LABEL_FORMATS if label_format.fits(source)]
        assert recognising[0] == case.format
        assert {(case.format, other) for other in recognising[1:]} <= ALSO_RECOGNISED_BY

    def test_counts_its_frames(self, case: Case, tmp_path: Path) -> None:
        count = count_label_frames(case.write(tmp_path), NAMES)
        has_columns = next(label_format.has_columns for label_format in LABEL_FORMATS if label_format.name == case.format)
        assert count == (N_FRAMES if has_columns else None)

    def test_random_bytes_after_its_beginning_are_read_or_refused_in_a_sentence(self, case: Case, tmp_path: Path) -> None:
        beginning = "\n".join(case.make().splitlines()[:7]).encode()
        path = tmp_path / f"labels{case.suffix}"
        for seed in range(20):
            path.write_bytes(beginning + np.random.default_rng(seed).bytes(200))
            require_labels_or_a_sentence(path)

    def test_cut_anywhere_it_is_read_or_refused_in_a_sentence(self, case: Case, tmp_path: Path) -> None:
        content = case.make().encode()
        path = tmp_path / f"labels{case.suffix}"
        for end in range(0, len(content), max(1, len(content) // 25)):
            path.write_bytes(content[:end])
            require_labels_or_a_sentence(path)

    def test_an_empty_file_is_refused(self, case: Case, tmp_path: Path) -> None:
        for content in ("", "\n\n", " \n\t\n"):
            path = write(tmp_path / f"labels{case.suffix}", content)
            assert not is_label_file(path)
            with pytest.raises(LabelError, match="is empty"):
                read(path)


@pytest.mark.parametrize("case", [case for case in CASES if case.delimiter], ids=name_case)
class TestEveryTable:
    """What formats of tables promise as well."""

    @pytest.mark.parametrize(("delimiter", "comma"), [(",", False), (";", False), ("\t", False), (";", True), ("\t", True)])
    def test_reads_other_delimiters_and_decimal_commas(self, case: Case, delimiter: str, comma: bool, tmp_path: Path) -> None:
        old = case.delimiter
        text = "\n".join(
            delimiter.join(cell.replace(".", ",") if comma and cell.replace(".", "").isdigit() else cell for cell in line.split(old))
            for line in case.make().replace("10.000;10.000", "10.000").splitlines()
        )
        np.testing.assert_array_equal(read(write(tmp_path / "labels.csv", text))[0], VALUES)

    def test_headers_may_have_spaces_and_other_case(self, case: Case, tmp_path: Path) -> None:
        old = case.delimiter
        lines = case.make().splitlines()
        place = next((number for number, line in enumerate(lines) if "Behavioral category" in line), 0)
        lines[place] = old.join(cell if cell in NAMES else f" {cell.upper()}  " for cell in lines[place].split(old))
        np.testing.assert_array_equal(read(write(tmp_path / "labels.csv", "\n".join(lines)))[0], VALUES)

    def test_rows_that_a_spreadsheet_left_empty_are_passed_over(self, case: Case, tmp_path: Path) -> None:
        old = case.delimiter
        lines = case.make().splitlines()
        blank = lines[-1].count(old) * old
        text = "\n".join([*lines[:-2], blank, *lines[-2:], blank, blank, ""])
        np.testing.assert_array_equal(read(write(tmp_path / "labels.csv", text))[0], VALUES)

    def test_a_spreadsheet_of_the_same_cells_reads_alike(self, case: Case, tmp_path: Path) -> None:
        path = write_sheet(tmp_path / "labels.xlsx", case.make(), case.delimiter)
        assert recognise_labels(path) == case.format
        np.testing.assert_array_equal(read(path)[0], VALUES)


@pytest.mark.parametrize("case", [case for case in CASES if case.in_seconds], ids=name_case)
class TestEveryFormatInSeconds:
    """What formats in seconds promise as well."""

    def test_frames_are_those_of_the_videos_own_stamps(self, case: Case, tmp_path: Path) -> None:
        # Every other frame was dropped after the first second.
        kept = np.concatenate((np.arange(10), np.arange(10, N_FRAMES, 2)))
        path = case.write(tmp_path)
        values, _ = read(path, frames=Frames.from_times(TIME_S[kept]))
        np.testing.assert_array_equal(values, VALUES[kept])
        if case.format not in ("bout table",):
            with pytest.raises(LabelError, match="the times of the frames are unknown"):
                read(path, frames=Frames(N_FRAMES))


@pytest.mark.parametrize("case", [case for case in CASES if case.format != "Bento annotation"], ids=name_case)
def test_an_offset_shifts_labels_in_seconds_only(case: Case, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    if not case.in_seconds:
        with pytest.raises(LabelError, match=r"is in frames, not in seconds, so labels: \{offset_s: \.\.\.\} cannot shift it"):
            read(path, offset_s=0.3)
        return
    # The video starts 0.3 s into the labels' time.
    values, _ = read(path, offset_s=0.3, frames=Frames.from_times(TIME_S[:37]))
    np.testing.assert_array_equal(values, VALUES[3:])


@pytest.mark.parametrize("case", [case for case in CASES if case.format != "bout table"], ids=name_case)
def test_a_file_without_any_known_name_is_refused(case: Case, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    with pytest.raises(LabelError, match=r"Grooming.*Supported|Supported.*Grooming") as caught:
        read(path, ("sniffing",))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("case", [case for case in CASES if case.delimiter and not case.format.startswith("BORIS")], ids=name_case)
def test_a_column_that_is_there_twice_is_refused(case: Case, tmp_path: Path) -> None:
    old = case.delimiter
    lines = case.make().splitlines()
    text = "\n".join(line + old + line.split(old)[-1] for line in lines)
    with pytest.raises(LabelError, match="line 1 has two columns named"):
        read(write(tmp_path / "labels.csv", text))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("case", [case for case in CASES if case.delimiter], ids=name_case)
def test_titles_and_remarks_may_stand_above_a_table(case: Case, tmp_path: Path, kind: str) -> None:
    delimiter = case.delimiter
    text = f"Experiment of May{delimiter}\nObserver{delimiter}Anna\n\n" + case.make()
    path = write(tmp_path / "a.csv", text) if kind == "csv" else write_sheet(tmp_path / "a.xlsx", text, delimiter)
    assert recognise_labels(path) == case.format
    assert set(list_behaviors(path)) == set(NAMES)
    values, notes = read(path)
    np.testing.assert_array_equal(values, VALUES)
    if not case.format.startswith("BORIS"):
        place = "line" if kind == "csv" else "row"
        assert f"{path}: {place} 4 is taken for the header; the rows above it are left out." in notes


def test_every_format_has_a_case() -> None:
    # What is not text has tests of its own.
    in_text = {label_format.name for label_format in LABEL_FORMATS if label_format.container not in ("matlab", "hdf5")}
    assert {case.format for case in CASES} == in_text


@pytest.mark.parametrize(
    ("name", "most"), [("frames.csv", 4), ("bouts.csv", 5), ("events.csv", 4), ("project.boris", 4)], ids=lambda value: str(value)
)
def test_a_large_file_takes_a_few_times_its_size(tmp_path: Path, name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # What pandas takes to look for a pose is large beside these files, but the same for all.
    monkeypatch.setattr("behavior.files.labels.is_pose_table", lambda path: False)
    n_rows = 10_000 if name == "events.csv" else 40_000
    if name == "frames.csv":
        text = "frame,Grooming,Supported\n" + "".join(f"{frame},{frame % 2},0\n" for frame in range(n_rows))
    elif name == "bouts.csv":
        text = "behavior,start_frame,stop_frame\n" + "".join(f"Grooming,{row},{row + 1}\n" for row in range(n_rows))
    elif name == "events.csv":
        text = "Time,Subject,Behavior,Status\n" + "".join(
            f"{row / 10},,Grooming,{'STOP' if row % 2 else 'START'}\n" for row in range(n_rows)
        )
    else:
        text = make_project(observations={"o": make_observation([[row / 10, "", "Grooming", "", ""] for row in range(n_rows)])})
    path = write(tmp_path / name, text)
    size = path.stat().st_size
    del text
    read(path, ("Grooming",), frames=Frames.from_times(TIME_S[:10]), policies=LabelPolicies(out_of_range="warn"))
    tracemalloc.start()
    try:
        read(path, ("Grooming",), frames=Frames.from_times(TIME_S[:10]), policies=LabelPolicies(out_of_range="warn"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most * size + (1 << 20)
