"""The section `labels`."""

import pytest

from behavior.config import LabelFiles


def test_subject_observation_and_offset_are_one_for_all_or_one_for_each_recording():
    labels = LabelFiles(subject="m1", observation={"a": "first"}, offset_s={"b": -2})
    assert labels.choose("a") == {"subject": "m1", "observation": "first", "offset_s": None}
    assert labels.choose("b") == {"subject": "m1", "observation": None, "offset_s": -2.0}
    assert LabelFiles().choose("a") == {"subject": None, "observation": None, "offset_s": None}


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
