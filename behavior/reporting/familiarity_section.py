"""The part of a report that says whether the recordings are like those that their model was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from behavior.figures.distance_curves import draw_distance_curves
from behavior.provenance import Familiarity, Measure
from behavior.reporting.description import DescribedRecording, Description
from behavior.reporting.html_page import Block, Details, Paragraph, Section, Table
from behavior.reporting.scores_section import embed_picture

__all__ = ["make_familiarity_section"]

# A page has room for so many curves, and so many rows before they are shown on request.
_MOST_CURVES, _MOST_ROWS = 8, 60
_ORDER = {"foreign": 0, "unusual": 1, None: 2, "familiar": 3}
_MEANING = (
    "A frame's distance is that of its features from the nearest training frames; one in a hundred frames of left-out training recordings "
    "is farther than 1. A recording's shift is how far the mean of its features is from that of the nearest training recording, its spread "
    "how much more or less they vary. Its disagreement is 1 less the correlation of its predictions with those of a plain model on the "
    "same features: on recordings unlike the training recordings, it rises with the model's errors. Its distance is the geometric mean "
    "of the disagreement, counted twice, and the mean over the streams of the greater of shift and spread, each in units of what is usual "
    "at most. A recording is unusual where one of these is greater than left-out recordings let expect, or light, sharpness, noise, size "
    "or growth are beyond what is usual. Growth is how many times as large the animal is at the right of where it goes as at the left, or "
    "at the bottom as at the top: a tilted camera shows it. A recording is foreign where half of its frames are farther than 1. The last "
    "row has the medians of the training recordings."
)


def make_familiarity_section(description: Description) -> Section | None:
    """Return verdicts, distances, measures and curves; None where no ethogram says anything of it, as those of earlier versions."""
    known = [one for one in description.recordings if one.annotation.provenance.familiarity is not None]
    if not known:
        return None
    known.sort(key=lambda one: (_ORDER[_find(one).verdict], -(_find(one).distance or 0.0), one.name))
    strange = [one for one in known if _find(one).verdict in ("foreign", "unusual")]
    unsaid = [one for one in known if _find(one).verdict is None]
    blocks: list[Block] = [Paragraph(f"{one.name} is {_find(one).verdict}. {' '.join(_find(one).reasons)}", "warning") for one in strange]
    if not strange and len(unsaid) < len(known):
        blocks.append(Paragraph("The recordings are like those that the model was trained on."))
    blocks += [Paragraph(f"{one.name}: {' '.join(_find(one).reasons)}", "note") for one in unsaid[:1]]
    table = _tabulate(known)
    blocks.append(table if len(known) <= _MOST_ROWS else Details(f"The {len(known)} recordings", [table]))
    if any(_find(one).streams for one in known):
        blocks.append(Details("Each stream", [_tabulate_streams(known)]))
    blocks.append(Paragraph(_MEANING, "note"))
    curves = [one for one in known if one.annotation.distances is not None and len(one.annotation.distances)][:_MOST_CURVES]
    if curves:
        distances = [one.annotation.distances for one in curves if one.annotation.distances is not None]
        figure = draw_distance_curves(distances, [one.annotation.time_s for one in curves], [one.name for one in curves])
        caption = "Distance of each frame from the training frames; dashed: what one in a hundred frames of left-out recordings exceeds."
        blocks.append(embed_picture(figure, "Distances from the training frames along time", caption))
        if len(curves) < len(known):
            blocks.append(Paragraph(f"Not shown: {len(known) - len(curves)} more; the column training_distance has them.", "note"))
    return Section("Familiarity", blocks)


def _find(recording: DescribedRecording) -> Familiarity:
    return recording.annotation.provenance.familiarity or Familiarity()


def _tabulate(recordings: Sequence[DescribedRecording]) -> Table:
    is_known = any(_find(one).distance is not None for one in recordings)
    is_compared = any(_find(one).disagreement is not None for one in recordings)
    measures = list(dict.fromkeys(name for one in recordings for name in _find(one).measures))
    rows = []
    for one in recordings:
        said = _find(one)
        distance = [_format(said.distance)] if is_known else []
        distance += [_pair(said.disagreement, said.disagreement_limit)] if is_compared else []
        cells = distance + [_show(said.measures.get(name)) for name in measures]
        rows.append([one.name, said.verdict or "not known", *cells])
    for number, bounds in enumerate(dict.fromkeys(_list_bounds(_find(one), measures) for one in recordings)):
        if any(bounds):
            name = "training recordings" if number == 0 else "those of another model"
            rows.append([name, "", *([""] * (is_known + is_compared)), *bounds])
    known = [*(["Distance"] if is_known else []), *(["Disagreement"] if is_compared else [])]
    heading = ["Recording", "Familiarity", *known, *(name.capitalize() for name in measures)]
    return Table(heading, rows, n_names=2, caption="Distances, and medians of measures", may_break=True)


def _tabulate_streams(recordings: Sequence[DescribedRecording]) -> Table:
    """Return a row for each stream of each recording, with what is usual at most."""
    rows = []
    for one in recordings:
        for own in _find(one).streams:
            pairs = ((own.median, own.median_limit), (own.shift, own.shift_limit), (own.spread, own.spread_limit))
            median, shift, spread = (_pair(value, limit) for value, limit in pairs)
            rows.append([one.name, own.stream, median, f"{own.share:.0%} of {own.share_limit:.0%}", shift, spread])
    heading = ["Recording", "Stream", "Median distance", "Frames beyond 1", "Shift", "Spread"]
    return Table(heading, rows, n_names=2, caption="Each figure, and what is usual at most")


def _format(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _pair(value: float | None, limit: float | None) -> str:
    """Return a figure and what is usual at most."""
    return "" if value is None else f"{_format(value)} of {_format(limit)}"


def _list_bounds(said: Familiarity, measures: Sequence[str]) -> tuple[str, ...]:
    known = [said.measures.get(name, Measure()) for name in measures]
    return tuple("" if one.low is None or one.high is None else f"{one.low:.3g} to {one.high:.3g}" for one in known)


def _show(measure: Measure | None) -> str:
    return "" if measure is None or measure.median is None else f"{measure.median:.3g}"
