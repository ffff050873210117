"""Pairings are values: equal by what is in them, and usable in sets whatever mappings they have."""

from pathlib import Path

from behavior.files.paired_files import Pairing


def test_pairings_are_equal_by_all_that_is_in_them_and_can_be_in_sets():
    side = Pairing("m1_side", Path("m1_side.mp4"), None, None)
    first, again, other = (
        Pairing("m1", Path("m1.mp4"), None, None, raters={"jin": Path("a.csv")}, views=views)
        for views in ({"side": side}, {"side": side}, {})
    )
    assert first == again != other
    assert len({first, again, other}) == 2
