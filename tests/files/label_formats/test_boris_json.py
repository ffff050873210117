from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.files.label_formats.boris_json import EventList, parse_project

SCALARS = st.none() | st.booleans() | st.integers(-(1 << 40), 1 << 40) | st.floats(allow_nan=False) | st.text(max_size=5)
LISTS = st.lists(SCALARS | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2), max_size=4)
PROJECTS = st.dictionaries(st.text(max_size=4), st.recursive(SCALARS | LISTS, lambda inner: st.dictionaries(st.text(max_size=4), inner)))


@settings(max_examples=30)
@given(project=PROJECTS, indent=st.sampled_from([None, 0, 1]), is_ascii=st.booleans())
def test_what_is_no_event_is_read_as_json_is(project: dict, indent: int | None, is_ascii: bool) -> None:
    assert parse_project(json.dumps(project, indent=indent, ensure_ascii=is_ascii)) == project


@settings(max_examples=30)
@given(project=PROJECTS, share=st.floats(0, 1, exclude_max=True))
def test_a_text_that_is_cut_is_refused(project: dict, share: float) -> None:
    text = json.dumps({"events": [[1.5, "", "a"], [2, "", "b"]], **project}, indent=1)
    cut = text[: int(share * len(text))]
    with pytest.raises(json.JSONDecodeError) as caught:
        parse_project(cut)
    assert caught.value.lineno <= cut.count("\n") + 1


@pytest.mark.parametrize(
    "text", ["{} {}", "[1],", '{"a" 1}', "{1: 2}", '{"a": 1,}', '{"a": [[1, 2, 3] [1, 2, 3]]}', '{"a": [[1],]}', '{"a"']
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        parse_project(text)


def test_events_become_columns() -> None:
    events = parse_project('{"a": [ [0.5, "x", "groom", "m|n", "", 3] , [null, "", "rear"], ["1.5", null, "groom", "m|n", "", "NA"] ] }')[
        "a"
    ]
    assert isinstance(events, EventList)
    assert events.kinds == (("x", "groom", "m|n"), ("", "rear", ""), ("", "groom", "m|n"))
    assert events.codes == ("groom", "rear")
    assert events.kind.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(events.time_s, [0.5, np.nan, 1.5])
    np.testing.assert_array_equal(events.image, [3, np.nan, np.nan])
    assert events.problem is None
    assert parse_project("[[1, 2, 3], 4]").problem == (2, "is '4', expected time, subject and behavior")
    assert parse_project('[[[1], "", "a"]]').problem == (1, "has '[1]' as time, expected a number")
