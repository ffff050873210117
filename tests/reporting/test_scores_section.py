"""What a report says of scores: which recordings are scored, and the numbers in its tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from behavior.recording import Labels, Recording
from behavior.reporting import scores_section
from behavior.reporting.description import DescribedRecording
from behavior.reporting.html_page import Details, Paragraph, Picture, Table
from behavior.reporting.scores_section import Scores, embed_picture, make_score_sections, score_held_out

Make = Callable[..., DescribedRecording]


def rename(recording: DescribedRecording, **labels: Labels) -> DescribedRecording:
    """Return a recording whose labels are those of raters."""
    files = dict.fromkeys(labels, recording.annotation.recording)
    return replace(recording, labels=labels, row=Recording(recording.name, labels=files))  # type: ignore[arg-type]


def score(make_recording: Make, *counts: int) -> Scores:
    recordings = [make_recording(f"r{number}", count, is_labelled=True, learned_from=False) for number, count in enumerate(counts)]
    scores = score_held_out(recordings)
    assert scores is not None
    return scores


def test_what_the_model_was_trained_on_or_may_have_been_is_not_scored(make_recording: Make) -> None:
    recordings = [
        make_recording("held_out", 2, is_labelled=True, learned_from=False),
        make_recording("training", 2, is_labelled=True, learned_from=True),
        make_recording("unknown", 2, is_labelled=True),
        make_recording("unlabelled", 2, learned_from=False),
    ]
    scores = score_held_out(recordings)
    assert scores is not None
    assert [annotation.recording for annotation in scores.annotations] == ["held_out"]
    assert list(scores.labels) == ["held_out"]
    assert scores.ceiling is None
    assert scores.behaviors == ("groom", "rear")
    assert score_held_out(recordings[1:]) is None


def test_scores_are_those_of_decisions_and_labels(make_recording: Make) -> None:
    # People see every bout half a second late: 5 of 10 decided frames are right, and 5 of 10 labelled ones found.
    scores = score(make_recording, 2)
    assert scores.metrics.find("groom", "precision").value == pytest.approx(0.5)
    assert scores.metrics.find("groom", "recall", recording="r0").value == pytest.approx(0.5)
    assert scores.metrics.find("groom", "n_frames").value == 200


def test_several_raters_count_only_with_a_plain_column_and_give_a_ceiling(make_recording: Make) -> None:
    recording = make_recording("a", 2, is_labelled=True, learned_from=False)
    plain = recording.labels[""]
    late = Labels(np.where(plain.values == -1, -1, np.roll(plain.values, 2, axis=0)).astype(np.int8), plain.behaviors)
    assert score_held_out([rename(recording, ann=plain, ben=late)]) is None
    one = score_held_out([rename(recording, ann=plain)])
    assert one is not None
    assert one.ceiling is None
    both = score_held_out([replace(rename(recording, ann=plain, ben=late), labels={"": plain, "ann": plain, "ben": late})])
    assert both is not None
    assert both.ceiling is not None
    assert set(both.ceiling["behavior"]) == {"groom", "rear"}


def test_without_scores_a_report_says_so() -> None:
    (section,) = make_score_sections(None, None, n_trained_on=0)
    assert section.title == "Scores"
    assert [(block.words.split(",")[0], block.tone) for block in section.blocks] == [("There is no cross-validation", "warning")]


@pytest.mark.parametrize(
    ("n_trained_on", "expected"),
    [
        (0, ""),
        (1, " 1 other is a training recording, and not scored."),
        (3, " 3 others are training recordings, and not scored."),
    ],
)
def test_held_out_recordings_have_a_section(make_recording: Make, n_trained_on: int, expected: str) -> None:
    (section,) = make_score_sections(None, score(make_recording, 1, 2), n_trained_on=n_trained_on)
    assert section.title == "Scores on held-out recordings"
    introduction, pooled, note, *others = section.blocks
    assert isinstance(introduction, Paragraph)
    assert introduction.words == f"Ethograms of 2 labelled recordings that the model was not trained on: r0, r1.{expected}"
    assert isinstance(pooled, Table)
    assert pooled.heading[:3] == ["Behavior", "Average precision", "F1"]
    assert [row[0] for row in pooled.rows] == ["groom", "rear"]
    assert pooled.rows[0][2:5] == ["0.500", "0.500", "0.500"]
    # Of two recordings there is no interval, and rearing, which nobody saw, has no scores.
    assert pooled.rows[1][2:5] == ["", "", ""]
    assert isinstance(note, Paragraph)
    assert "Too few recordings for intervals." in note.words
    details = [block for block in others if isinstance(block, Details)]
    assert [block.summary for block in details] == ["Why some cells are empty", "Each recording"]
    assert [table.caption for table in details[1].blocks if isinstance(table, Table)] == ["groom", "rear"]
    assert sum(isinstance(block, Picture) for block in others) == 2


def test_a_large_picture_is_kept_as_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1])
    small = embed_picture(figure, "A line", "From 0 to 1.", is_wide=False)
    assert (small.media, small.description, small.caption, small.is_wide) == ("svg", "A line", "From 0 to 1.", False)
    monkeypatch.setattr(scores_section, "_MOST_SVG_BYTES", 100)
    large = embed_picture(figure, "A line")
    assert (large.media, large.content[:4]) == ("png", b"\x89PNG")


def test_intervals_are_shown_from_four_recordings_on_and_not_broken_over_lines(make_recording: Make) -> None:
    (section,) = make_score_sections(None, score(make_recording, 1, 2, 3, 4), n_trained_on=0)
    pooled: Any = section.blocks[1]
    assert "\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}" in pooled.rows[0][1]
    # Precision has no interval in this table.
    assert pooled.rows[0][3] == "0.500"
    note: Any = section.blocks[2]
    assert "95 % intervals from resampling recordings" in note.words
