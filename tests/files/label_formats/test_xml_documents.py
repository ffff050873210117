"""XML of other tools."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from label_samples import write

from behavior.errors import LabelError
from behavior.files.label_formats.xml_documents import parse_xml
from behavior.files.labels import is_label_file, recognise_labels

LOL = '<!DOCTYPE a [<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9)) + "]><a>&l9;</a>"


@pytest.mark.parametrize(
    "content", [LOL, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', '<!DOCTYPE a SYSTEM "http://host/a.dtd"><a/>']
)
def test_entities_are_refused_before_they_grow_or_read_files(content: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.eaf", content)
    started = time.monotonic()
    with pytest.raises(LabelError, match=r"declares a document type \(DOCTYPE\)"):
        recognise_labels(path)
    assert not is_label_file(path)
    assert time.monotonic() - started < 2


def test_documents_are_read_in_their_encoding() -> None:
    path = Path("a.xml")
    assert parse_xml(path, "<a b='ä'/>".encode(), "utf-8").get("b") == "ä"
    assert parse_xml(path, "<a b='ä'/>".encode("latin-1"), "latin-1").get("b") == "ä"
    assert parse_xml(path, "<?xml version='1.0' encoding='windows-1252'?><a b='€'/>".encode("cp1252"), "latin-1").get("b") == "€"


@pytest.mark.parametrize("content", [b"<a>", b"<a></b>", b"", b"<a>&b;</a>", b"<?xml version='1.0' encoding='none'?><a/>", b"<a>\0</a>"])
def test_damaged_documents_are_refused(content: bytes) -> None:
    with pytest.raises(LabelError, match=r"a\.xml: cannot be read as XML"):
        parse_xml(Path("a.xml"), content, "utf-8")


def test_elements_in_thousands_of_elements_are_refused() -> None:
    with pytest.raises(LabelError, match="has elements in 200 elements"):
        parse_xml(Path("a.xml"), b"<a>" * 100_000, "utf-8")
