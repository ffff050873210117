"""Media files in the order of their events."""

from __future__ import annotations

from behavior.files.label_formats.boris_media import MediaTimes


def test_files_are_in_the_order_of_their_first_events() -> None:
    media = MediaTimes()
    for file, at in (("b", 5.0), ("a", 7.0), ("a", 1.0), ("b", 2.0)):
        media.add(file, at)
    assert media.list_in_order() == ("a", "b")
    assert media.spans == {"a": (1.0, 7.0), "b": (2.0, 5.0)}


def test_files_whose_events_have_no_times_stay_in_order_of_appearance() -> None:
    media = MediaTimes()
    for file, at in (("b", 5.0), ("a", None), ("a", None)):
        media.add(file, at)
    assert media.list_in_order() == ("b", "a")
    assert media.spans == {"b": (5.0, 5.0)}
