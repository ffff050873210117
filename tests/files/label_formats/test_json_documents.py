"""JSON of other tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from label_samples import write

from behavior.errors import LabelError
from behavior.files.label_formats import source
from behavior.files.label_formats.json_documents import as_array, as_frame, as_mapping, as_number, as_text, parse_json
from behavior.files.labels import recognise_labels

PATH = Path("a.json")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"a": 1, "a": 2}', "has two members 'a' in one object"),
        (b'{\n"a": 1,\n', "line 3 is not JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "cannot be read as JSON"),
    ],
)
def test_what_is_no_json_or_means_two_things_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(LabelError, match=sentence) as caught:
        parse_json(PATH, content, "utf-8")
    assert str(caught.value).startswith("a.json: ")


def test_values_of_another_type_are_refused() -> None:
    assert as_mapping(PATH, {"a": 1}, "x") == {"a": 1}
    assert as_array(PATH, [1], "x") == [1]
    assert as_text(PATH, " a ", "x") == "a"
    assert as_number(PATH, "1.5", "x") == 1.5
    assert as_frame(PATH, 3.0, "x") == 3
    wrong = [(as_mapping, []), (as_array, {}), (as_text, " "), (as_text, 1), (as_number, True), (as_number, None), (as_number, "nan")]
    for check, value in [*wrong, (as_number, 1e300), (as_frame, 1.5), (as_frame, -1)]:
        with pytest.raises(LabelError, match=r"a\.json: the x is .*, expected "):
            check(PATH, value, "the x")


def test_a_file_that_is_larger_than_labels_are_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MOST_JSON_BYTES", 1 << 20)
    path = write(tmp_path / "a.json", "[" + "[]," * (1 << 19) + "[]]")
    with pytest.raises(LabelError, match="is larger than 1 MiB, more than labels take"):
        recognise_labels(path)
