"""Whether a tier or what is written on it is the behavior."""

from __future__ import annotations

from pathlib import Path

import pytest

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.tiers import Span, Tier, add_tiers, list_tier_names
from behavior.recording import Frames


def name_spans(tier: str, *texts: str, behaviors: tuple[str, ...] = ("grooming", "rearing"), **options: object) -> list[str]:
    rows = BoutRows("annotation")
    spans = tuple(Span(number, number, number + 0.5, text) for number, text in enumerate(texts))
    add_tiers(Path("a.eaf"), rows, [Tier(tier, spans)], LabelRequest(behaviors, Frames(9), **options))
    return [rows.names[code] for code in rows.code.tolist()]


def test_the_study_tells_which_name_is_the_behavior() -> None:
    assert name_spans("grooming", "", "face") == ["grooming", "grooming|face"]
    assert name_spans("anything", "rearing", "grooming") == ["rearing", "grooming"]
    assert name_spans("grooming", "grooming") == ["grooming"]
    assert name_spans("behavior", "sniffing") == ["sniffing"]
    assert name_spans("wall", "up") == ["wall|up"]


def test_two_names_of_the_study_are_asked_about_until_they_are_mapped() -> None:
    with pytest.raises(LabelError, match=r"annotation 0 says 'rearing' on the tier 'grooming'.*map: \{\"grooming\|rearing\": rearing\}"):
        name_spans("grooming", "rearing")
    assert name_spans("grooming", "rearing", mapping={"grooming|rearing": "grooming"}) == ["grooming|rearing"]


@pytest.mark.parametrize("text", ["0", "No", "none", "-", "false"])
def test_what_may_say_that_a_behavior_is_absent_is_asked_about(text: str) -> None:
    with pytest.raises(LabelError, match="which may mean that the behavior is absent"):
        name_spans("grooming", text)
    assert name_spans("grooming", text, "face", ignored=frozenset({f"grooming|{text}"})) == ["grooming|face"]
    assert name_spans("grooming", text, mapping={f"grooming|{text}": "grooming"}) == [f"grooming|{text}"]


def test_names_of_tiers_are_listed_but_for_general_ones() -> None:
    tiers = [
        Tier("behavior", (Span(1, 0, 1, "grooming"), Span(2, 2, 3, "rearing"))),
        Tier("sniffing", (Span(3, 0, 0, "left", is_point=True),)),
        Tier("empty", ()),
    ]
    assert list_tier_names(tiers) == ("grooming", "rearing", "sniffing")
    assert list_tier_names(tiers, points_only=True) == ("sniffing",)
