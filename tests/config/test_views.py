"""Which views a study file may name, and which streams are of them."""

import pytest

from behavior.config import Study

IMPORTED = {"behaviors": ["rear"], "streams": ["top", "imu@side"]}
SIDE = {"others": {"side": {}}}


def test_streams_of_views_go_with_the_section():
    study = Study.model_validate({**IMPORTED, "views": SIDE})
    assert study.views.combine == "features" and study.views.others["side"].crop is None


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, "of a view 'side' that is not among views.others"),
        ({"views": {"others": {"sid": {}}}}, "did you mean 'sid'"),
        ({"views": SIDE, "streams": ["top"]}, "no stream is of the view 'side'"),
        ({"views": SIDE, "streams": ["imu@side"]}, "none of imu@side is of the first view"),
        ({"views": {"others": {"first": {}}}, "streams": ["top", "imu@first"]}, "'first' cannot be the name of a view"),
        ({"views": {"others": {"a.b": {}}}, "streams": ["top", "imu@a.b"]}, "'a.b' cannot be the name of a view"),
        ({"views": {"others": {"side": {}, "Side": {}}}, "streams": ["top", "a@side", "b@Side"]}, "differ only in capital letters"),
        ({"views": SIDE, "streams": ["top", "appearance@side"]}, "crop is missing"),
        (
            {"views": SIDE, "streams": ["appearance", "pose@side"], "crop": {"whole_frame": True}},
            "'pose@side' needs a body_part in views.others.side.crop",
        ),
    ],
)
def test_what_does_not_go_together_is_named(sections, expected):
    with pytest.raises(ValueError, match=expected):
        Study.model_validate({**IMPORTED, **sections})
