"""The manifest on disk."""

import re
import zipfile
from datetime import datetime, time
from pathlib import Path

import pytest

from behavior.errors import UsageError
from behavior.files.manifest import is_portable_name, read_manifest, select_labels, write_manifest
from behavior.recording import Recording


def write(folder: Path, text: str) -> Path:
    path = folder / "recordings.csv"
    path.write_text(text)
    return path


def test_cells_become_recordings(tmp_path):
    path = write(
        tmp_path,
        "recording,video,pose,labels,labels_jin,animal,group,split\n"
        "m1,v/m1.mp4,m1.csv,m1_l.csv,jin/m1.csv,A,ctrl,train\n"
        "m2,v/m2.mp4,,,,,,TEST\n\n",
    )
    first, second = read_manifest(path)
    assert first == Recording(
        "m1",
        video=tmp_path / "v/m1.mp4",
        pose=tmp_path / "m1.csv",
        labels={"": tmp_path / "m1_l.csv", "jin": tmp_path / "jin/m1.csv"},
        animal="A",
        group="ctrl",
        split="train",
    )
    assert (second.pose, second.labels, second.animal, second.split) == (None, {}, "m2", "test")


def test_written_manifest_reads_back_equal_and_can_be_moved(tmp_path):
    recordings = [
        Recording("a", video=tmp_path / "x" / "a.mp4", labels={"jin": tmp_path / "a.csv"}, animal="a", split="test"),
        Recording("b", pose=Path("/elsewhere/b.h5").resolve(), animal="mouse 7", group="KO, old", sex="F", age="P10W"),
        Recording("c", animal="c", clock_start=datetime(2026, 3, 1, 18), lights_on=time(0), lights_off=time(12, 30)),
        Recording("d", animal="d", clock_start=datetime.fromisoformat("2026-10-25T02:30:00+01:00")),
    ]
    path = tmp_path / "recordings.csv"
    write_manifest(path, recordings)
    assert read_manifest(path) == recordings
    assert "x/a.mp4" in path.read_text()
    assert str(tmp_path) not in path.read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty, expected a manifest; save it as a CSV file"),
        ("m1,m1.mp4\nm2,m2.mp4\n", "the first row has 'm1', 'm1.mp4', expected names of columns, such as recording, video"),
        ("recording,notes\na,b\n", "unknown column 'notes'; correct its name, or delete the column (known: recording"),
        ('"recording,video"\n"m1,m1.mp4"\n', "each row is one cell, 'recording,video' the first, expected a cell for each column"),
        ("video\na.mp4\n", "expected at least 'recording'"),
        ("recording\n", "found no recordings"),
        ("recording,vidoe\na,b\n", "unknown column 'vidoe'; did you mean 'video'?"),
        ("recording,video,video\na,b,c\n", "more than once"),
        ("recording\na\nb\nA\n", "line 4: recording 'A' is already on line 2"),
        ("recording\na/b\n", "cannot be a file name"),
        ("recording\nCON\n", "cannot be a file name"),
        ("recording\npooled\n", "choose another id"),
        ("recording,split\na,validation\n", "split of 'a' is 'validation'"),
        ("recording,video\na,b.mp4,c\n", "line 2: found more cells"),
        (
            "recording,clock_start\na,1.3.2026 18:00\n",
            "line 2: clock_start of 'a' is '1.3.2026 18:00', expected date and time, year first, such as 2026-03-01T18:00:00.",
        ),
        ("recording,lights_on,lights_off\na,7,19\n", "line 2: lights_on of 'a' is '7', expected a time of day, such as 07:00."),
        ("recording,lights_on,lights_off\na,07:00,\n", "line 2: 'a' has one of lights_on and lights_off; give both"),
        ("recording,lights_on,lights_off\na,07:00,7:00\n", "line 2: lights_on and lights_off of 'a' are both 07:00:00"),
        ("recording,sex\na,weiblich\n", "line 2: sex of 'a' is 'weiblich', expected M, F, O (other) or U (unknown)"),
        ("recording,age\na,70\n", "line 2: age of 'a' is '70', expected an age such as '10 weeks'"),
        ("recording,species\na,mus\n", "line 2: species of 'a' is 'mus', expected a Latin name"),
        ("recording,animal,sex\na,X,M\nb,X,\nc,X,F\n", "the sex of animal 'X' is M in recording 'a' and F in 'c'"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_line(tmp_path, text, expected):
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_manifest(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_semicolons_and_byte_order_marks_of_spreadsheets_are_read(tmp_path):
    path = tmp_path / "recordings.csv"
    path.write_bytes("\ufeffrecording;video\r\nm1;a.mp4\r\n".encode())
    assert [(found.id, found.video) for found in read_manifest(path)] == [("m1", tmp_path / "a.mp4")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize(
    "text", ["recording,video\nm1,Mäuse.mp4\n", "recording\tvideo\nm1\tMäuse.mp4\n", "sep=;\nrecording;video\nm1;Mäuse.mp4\n"]
)
def test_what_spreadsheet_programs_save_is_read(tmp_path, text, encoding):
    path = tmp_path / "recordings.csv"
    path.write_bytes(text.encode(encoding))
    assert [(found.id, found.video) for found in read_manifest(path)] == [("m1", tmp_path / "Mäuse.mp4")]


def test_a_workbook_is_told_from_a_manifest(tmp_path):
    path = tmp_path / "recordings.csv"
    with zipfile.ZipFile(path, "w") as workbook:
        workbook.writestr("xl/workbook.xml", bytes(range(256)))
    with pytest.raises(UsageError, match=r"is not a text file, expected a manifest; save it as a CSV file"):
        read_manifest(path)


@pytest.mark.parametrize("mark", ["\u2028", "\x0b", "\x0c", "\x85"])
def test_only_line_ends_of_editors_end_a_row(tmp_path, mark):
    path = tmp_path / "recordings.csv"
    path.write_text(f"recording,video\nm1,drug{mark}control\nm2,x\nm2,y\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 4: recording 'm2' is already on line 3"):
        read_manifest(path)
    path.write_text(f"recording,video\nm1,drug{mark}control.mp4\nm2,x.mp4\n", encoding="utf-8")
    assert [found.video.name for found in read_manifest(path)] == [f"drug{mark}control.mp4", "x.mp4"]


@pytest.mark.parametrize("mark", ["\x1b[2J", "\u2028", "\x00", "\u202e", "\n"])
@pytest.mark.parametrize("column", ["animal", "group", "individual", "labels_anna"])
def test_names_that_a_terminal_would_act_on_are_refused_as_those_of_behaviors_are(tmp_path, column, mark):
    path = tmp_path / "recordings.csv"
    if column.startswith("labels"):
        path.write_text(f'recording,"{column}{mark}x"\nm1,a.csv\n', encoding="utf-8")
    else:
        path.write_text(f'recording,{column}\nm1,"drug{mark}control"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="which has a control character or a line break in it; write it again") as caught:
        read_manifest(path)
    assert mark not in str(caught.value)


def test_rows_and_columns_that_a_spreadsheet_left_empty_are_passed_over(tmp_path):
    path = write(tmp_path, ";;;\nrecording;group;;\n;;;;;\nm1;x;;;\n;;;\nm2;;\n")
    assert [(found.id, found.group) for found in read_manifest(path)] == [("m1", "x"), ("m2", "")]


def test_a_row_is_on_the_line_where_it_begins(tmp_path):
    path = write(tmp_path, 'recording,video\nm1,"a\nb"\nm 2,"c\nd"\n')
    with pytest.raises(UsageError, match="line 4: recording id 'm 2'"):
        read_manifest(path)


def test_safe_names():
    assert all(map(is_portable_name, ["m1", "OFT_5", "a.b-c", "_x"]))
    assert not any(map(is_portable_name, ["", ".a", "-a", "a/b", "a b", "nul", "lpt1.x", "a."]))


def test_labels_of_several_raters_need_a_plain_column(tmp_path):
    assert select_labels(Recording("a")) is None
    assert select_labels(Recording("a", labels={"jin": tmp_path})) == tmp_path
    assert select_labels(Recording("a", labels={"jin": Path("j"), "": Path("p")})) == Path("p")
    with pytest.raises(UsageError, match="labels by jin, ann"):
        select_labels(Recording("a", labels={"jin": Path("j"), "ann": Path("p")}))


def test_individuals_have_a_column_where_there_are_any(tmp_path):
    path = write(tmp_path, "recording,individual\na,resident\nb,\n")
    first, second = read_manifest(path)
    assert (first.individual, second.individual) == ("resident", "")
    write_manifest(path, [first, second])
    assert read_manifest(path) == [first, second]
    write_manifest(path, [second])
    assert "individual" not in path.read_text()


def test_an_id_of_more_letters_than_a_file_name_has_is_refused(tmp_path):
    (tmp_path / "recordings.csv").write_text(f"recording\n{'m' * 201}\n")
    with pytest.raises(UsageError, match="use at most 200 letters"):
        read_manifest(tmp_path / "recordings.csv")
    (tmp_path / "recordings.csv").write_text(f"recording\n{'m' * 200}\n")
    assert len(read_manifest(tmp_path / "recordings.csv")[0].id) == 200


def test_cells_that_a_spreadsheet_would_run_are_escaped_and_read_back(tmp_path):
    path = tmp_path / "recordings.csv"
    rows = [
        Recording("m1", video=tmp_path / "=1+1.mp4", animal="@a", group="=cmd|' /C calc'!A0"),
        Recording("m2", animal="m2", group="'=x"),
    ]
    write_manifest(path, rows)
    assert not re.search(r"(^|,)[=@]", path.read_text(), flags=re.MULTILINE)
    assert [(row.video, row.animal, row.group) for row in read_manifest(path)] == [(row.video, row.animal, row.group) for row in rows]


def test_recordings_of_one_video_know_each_other_and_what_labels_they_share(tmp_path):
    rows = "a,v.mp4,v.csv,x\nb,v.mp4,v.csv,y\nc,v.mp4,c.csv,z\nd,w.mp4,v.csv,x\n"
    first, second, third, fourth = read_manifest(write(tmp_path, f"recording,video,labels,individual\n{rows}"))
    assert [first.companions, second.companions, fourth.companions] == [{"b": "y", "c": "z"}, {"a": "x", "c": "z"}, {}]
    assert first.shared_labels == second.shared_labels == {tmp_path / "v.csv"}
    assert third.shared_labels == fourth.shared_labels == set()


def test_frames_per_second_are_read_and_written(tmp_path):
    path = write(tmp_path, "recording,pose,fps\na,a.csv,29.97\nb,b.csv,\n")
    recordings = read_manifest(path)
    assert [one.fps for one in recordings] == [29.97, None]
    write_manifest(path, recordings)
    assert read_manifest(path) == recordings


@pytest.mark.parametrize("cell", ["fast", "0", "-1", "nan", "inf", "1e9"])
def test_a_rate_that_is_no_number_is_refused(tmp_path, cell):
    path = write(tmp_path, f"recording,pose,fps\na,a.csv,{cell}\n")
    with pytest.raises(UsageError, match=f"line 2: fps of 'a' is '{cell}', expected frames per second as a number"):
        read_manifest(path)
