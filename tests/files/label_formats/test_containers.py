"""What kind of file holds labels."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from label_samples import read, write

from behavior.errors import LabelError
from behavior.files.label_formats.containers import describe_unread, find_container
from behavior.files.labels import is_label_file, recognise_labels


@pytest.mark.parametrize(
    ("text", "container"),
    [
        ('{"a": 1}', "json"),
        (' \ufeff[{"a": 1}]', "json"),
        ("[1, 2]", "json"),
        ("[x],frame\n", "table"),
        ("<?xml version='1.0'?><a/>", "xml"),
        ("<a/>", "xml"),
        ("<5,frame", "table"),
        ("frame,a\n0,1\n", "table"),
        ("", "table"),
    ],
)
def test_a_text_is_a_table_json_or_xml(text: str, container: str) -> None:
    assert find_container(text.encode(), text) == container


def test_binary_files_are_told_by_their_first_bytes() -> None:
    assert find_container(b"MATLAB 5.0 MAT-file, Platform: x", "") == "matlab"
    assert find_container(b"MATLAB 7.3 MAT-file, Platform: x", "") == "matlab"
    assert find_container(b"\x89HDF\r\n\x1a\n\0", "") == "hdf5"


def test_files_that_are_not_read_are_named_with_what_to_do(tmp_path: Path) -> None:
    objects = tmp_path / "task1.npy"
    np.save(objects, np.array({"a": 1}, dtype=object), allow_pickle=True)
    with pytest.raises(LabelError, match=r"stored Python objects, as the converted files of CalMS21 and MABe22 do.*give CalMS21's .json"):
        recognise_labels(objects)
    assert not is_label_file(objects)
    numbers = tmp_path / "labels.npy"
    np.save(numbers, np.zeros(5))
    with pytest.raises(LabelError, match="NumPy array, which has no names of behaviors; save it as a table"):
        recognise_labels(numbers)
    for name, words in (
        ("a.otb", "backup of a project of The Observer XT"),
        ("a.csv", "ZIP archive"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("content", "x")
        with pytest.raises(LabelError, match=words):
            recognise_labels(tmp_path / name)
    assert describe_unread(write(tmp_path / "b.csv", "frame,a\n"), b"frame,a\n") is None


def test_documents_of_no_known_format_are_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="is JSON, but not of a recognised label format; expected one of: BORIS project, JABS"):
        recognise_labels(write(tmp_path / "a.json", '{"a": [1, 2]}'))
    with pytest.raises(LabelError, match="is XML, but not of a recognised label format; expected one of: CVAT annotations, ELAN"):
        recognise_labels(write(tmp_path / "a.xml", "<a><b/></a>"))


def test_misleading_files_are_read_or_refused_by_name(shared_faults: Path) -> None:
    folder = shared_faults / "misleading-sentences"
    known = {
        "labels_singlelabel.json": "FERAL labels",
        "mouse_01_via.json": "VIA project",
        "mouse_01.json": "Label Studio export",
        "Manual_scoring.xlsx": "EthoVision manual scoring",
    }
    assert {name: recognise_labels(folder / name) for name in known} == known
    with pytest.raises(LabelError, match="The Observer XT, which is not read; export its events there as a table"):
        recognise_labels(folder / "otx_parser_test.otb")
    track = folder / "ethovision_from_header_on.csv"
    assert recognise_labels(track) == "frame table"
    with pytest.raises(
        LabelError, match=r"has no EthoVision column 'grooming', only X center, .*; did you mean 'Grooming\(Mutually exclusive\)'\?"
    ):
        read(track, ("grooming",))
