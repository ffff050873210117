"""What a report says of recordings that are unlike the training recordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from behavior.provenance import Familiarity, Measure, StreamDistance
from behavior.reporting.description import DescribedRecording, Description
from behavior.reporting.familiarity_section import make_familiarity_section
from behavior.reporting.html_page import Details, Paragraph, Picture, Table

MakeRecording = Callable[..., DescribedRecording]
MakeDescription = Callable[..., Description]


def judge(verdict: str, distance: float, *reasons: str) -> Familiarity:
    stream = StreamDistance(stream="appearance", median=distance, share=0.25, median_limit=0.8, share_limit=0.1)
    measures = {"brightness": Measure(median=45.1, low=100.0, high=140.0), "likelihood": Measure(median=0.9)}
    return Familiarity(verdict=verdict, reasons=reasons, distance=distance, streams=(stream,), measures=measures)


def test_what_is_foreign_comes_first_with_its_reason(make_recording: MakeRecording, make_description: MakeDescription) -> None:
    near = judge("familiar", 0.5)
    whole = near.streams[0].model_copy(update={"shift": 0.31, "spread": 0.2, "shift_limit": 0.5, "spread_limit": 0.4})
    recordings = [
        make_recording("a", familiarity=near.model_copy(update={"streams": (whole,)})),
        make_recording("b", familiarity=judge("unusual", 0.9, "Dark.")),
        make_recording("c", familiarity=judge("foreign", 3.0, "Far.")),
    ]
    far = replace(recordings[2], annotation=replace(recordings[2].annotation, distances=np.full(300, 3, dtype=np.float32)))
    section = make_familiarity_section(make_description([*recordings[:2], far]))
    assert section is not None
    warnings = [block.words for block in section.blocks if isinstance(block, Paragraph) and block.tone == "warning"]
    assert warnings == ["c is foreign. Far.", "b is unusual. Dark."]
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert [row[:4] for row in table.rows] == [
        ["c", "foreign", "3.00", "45.1"],
        ["b", "unusual", "0.90", "45.1"],
        ["a", "familiar", "0.50", "45.1"],
        ["training recordings", "", "", "100 to 140"],
    ]
    (details,) = [block for block in section.blocks if isinstance(block, Details)]
    (streams,) = details.blocks
    assert isinstance(streams, Table)
    # Models of earlier versions, and live recordings, have neither shift nor spread.
    assert streams.rows == [
        ["c", "appearance", "3.00 of 0.80", "25% of 10%", "", ""],
        ["b", "appearance", "0.90 of 0.80", "25% of 10%", "", ""],
        ["a", "appearance", "0.50 of 0.80", "25% of 10%", "0.31 of 0.50", "0.20 of 0.40"],
    ]
    assert table.rows[0][4] == "0.9"
    assert len([block for block in section.blocks if isinstance(block, Picture)]) == 1


def test_disagreement_is_shown_with_what_is_usual_where_any_model_tells_it(
    make_recording: MakeRecording, make_description: MakeDescription
) -> None:
    compared = judge("unusual", 0.9, "Dark.").model_copy(update={"disagreement": 0.4, "disagreement_limit": 0.25})
    recordings = [make_recording("a", familiarity=judge("familiar", 0.5)), make_recording("b", familiarity=compared)]
    section = make_familiarity_section(make_description(recordings))
    assert section is not None
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert table.heading[:4] == ["Recording", "Familiarity", "Distance", "Disagreement"]
    assert [row[:5] for row in table.rows] == [
        ["b", "unusual", "0.90", "0.40 of 0.25", "45.1"],
        ["a", "familiar", "0.50", "", "45.1"],
        ["training recordings", "", "", "", "100 to 140"],
    ]


def test_quiet_recordings_need_no_warning(make_recording: MakeRecording, make_description: MakeDescription) -> None:
    section = make_familiarity_section(make_description([make_recording("a", familiarity=judge("familiar", 0.5))]))
    assert section is not None
    assert section.blocks[0] == Paragraph("The recordings are like those that the model was trained on.")


def test_a_model_without_a_reference_is_said_once(make_recording: MakeRecording, make_description: MakeDescription) -> None:
    unknown = Familiarity(verdict=None, reasons=("Not known: why.",))
    section = make_familiarity_section(make_description([make_recording(name, familiarity=unknown) for name in "ab"]))
    assert section is not None
    assert next(block for block in section.blocks if isinstance(block, Paragraph)).words == "a: Not known: why."
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert table.rows == [["a", "not known"], ["b", "not known"]]


def test_ethograms_of_earlier_versions_have_no_section(make_recording: MakeRecording, make_description: MakeDescription) -> None:
    assert make_familiarity_section(make_description([make_recording("a")])) is None
