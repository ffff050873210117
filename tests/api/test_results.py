"""How results are shown."""

import pandas as pd
import pytest

from behavior.api.results import Outcome, Shown


def make(**changes):
    table = pd.DataFrame({"recording": ["m1", "<m2>"], "speed": [1.5, float("nan")]})
    return Outcome("Embedded", table, **changes)


def test_a_console_shows_line_and_table():
    lines = repr(make(failures={"m3": "no video"}, notes=("odd",))).splitlines()
    assert lines[0] == "Embedded; 1 failed (m3); 1 note"
    assert [line.split() for line in lines[1:]] == [["recording", "speed"], ["m1", "1.5"], ["<m2>"]]


def test_a_notebook_shows_them_as_html_that_is_escaped():
    shown = make(failures={"<m3>": "no video"})._repr_html_()
    assert shown.startswith("<p>Embedded; 1 failed (&lt;m3&gt;)</p>")
    assert "<table" in shown
    assert "&lt;m2&gt;" in shown
    assert "NaN" not in shown


def test_long_tables_are_cut():
    table = pd.DataFrame({"number": range(1000)})
    assert len(repr(Outcome("Many", table)).splitlines()) < 70


def test_a_line_alone_needs_no_table():
    class Line(Shown):
        def _describe(self):
            return "nothing but this"

    assert repr(Line()) == "nothing but this"
    assert Line()._repr_html_() == "<p>nothing but this</p>"


def test_an_outcome_cannot_be_changed():
    with pytest.raises(AttributeError):
        make().title = "other"
