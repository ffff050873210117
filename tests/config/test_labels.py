"""The section `labels`."""

from pathlib import Path

import pytest

from behavior.config import LabelFiles


def test_what_is_read_is_one_for_all_or_one_for_each_recording():
    labels = LabelFiles(subject="m1", observation={"a": "first"}, offset_s={"b": -2}, observed={"a": "whole", "b": "spans.csv"})
    assert labels.choose("a") == {"subject": "m1", "observation": "first", "offset_s": None, "observed": "whole"}
    assert labels.choose("b") == {"subject": "m1", "observation": None, "offset_s": -2.0, "observed": Path("spans.csv")}
    assert set(LabelFiles().choose("a").values()) == {None}


def test_tables_of_observed_spans_are_next_to_the_study_file():
    folder = Path("/lab")
    assert LabelFiles(observed="spans.csv").resolve(folder).choose("a")["observed"] == folder / "spans.csv"
    assert LabelFiles(observed={"a": "spans.csv", "b": "whole"}).resolve(folder).choose("b")["observed"] == "whole"
    assert LabelFiles(observed="from_first_to_last").resolve(folder) == LabelFiles(observed="from_first_to_last")
    assert LabelFiles().resolve(folder) == LabelFiles()


def test_policies_are_given_by_the_names_of_their_settings():
    assert LabelFiles(inverted="warn").dump_policies() == {
        "overlapping": "warn",
        "inverted": "warn",
        "unterminated": "error",
        "out_of_range": "error",
        "point_events": "frame",
        "missing": "error",
    }


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"map": {"x": "grooming"}, "ignore": ["x"]}, "labels: 'x' is both mapped and ignored; leave one out"),
        ({"overlapping": "merge"}, "labels.overlapping is 'merge', expected 'error' or 'warn'"),
        ({"point_events": "frames"}, "did you mean 'frame'?"),
        ({"offset_s": ".inf"}, "labels.offset_s"),
        ({"maps": {}}, "unknown key 'labels.maps'; did you mean 'map'?"),
    ],
)
def test_labels_that_cannot_be_read_so_are_refused(refuse, labels, expected):
    assert expected in refuse(labels=labels)
