"""The pictures of statistics: which there are, and the numbers that they are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from behavior.reporting import statistics_figures
from behavior.reporting.description import DescribedRecording, Description
from behavior.reporting.statistics_figures import count_pictures, draw_overview, draw_pictures, draw_trajectories, write_pictures

Make = Callable[..., Any]


@pytest.fixture
def description(make_recording: Callable[..., DescribedRecording], make_description: Callable[..., Description]) -> Description:
    """Two recordings of saline, one of which has a track, around one of drug."""
    return make_description(
        [
            make_recording("a", 1, group="saline", is_tracked=True),
            make_recording("b", 4, group="drug", is_labelled=True),
            make_recording("c", 3, group="saline"),
        ],
        bin_s=10.0,
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What each picture is drawn from, instead of the pictures."""
    calls: dict[str, list[Any]] = {}
    for name in ("draw_ethogram_raster", "draw_time_curves", "draw_transition_graph", "draw_bout_lengths", "draw_trajectory"):
        monkeypatch.setattr(
            statistics_figures, name, lambda *arguments, _name=name, **rest: calls.setdefault(_name, []).append((*arguments, rest))
        )
    return calls


def test_every_picture_is_drawn_once_and_counted(description: Description, drawn: dict[str, list[Any]]) -> None:
    names = [name for name, _ in draw_pictures(description)]
    assert names == ["ethogram_raster", "time_curves", "transition_graph", "bout_lengths", "trajectory_a"]
    assert count_pictures(description) == 5
    assert [name for name, _ in draw_trajectories(description, most=0)] == []


def test_an_overview_has_a_line_for_each_recording_of_the_groups_together(
    description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(statistics_figures, "draw_ethogram_overview", lambda *arguments: drawn.append(arguments))
    draw_overview(description)
    shares, edges_s, behaviors, groups = drawn[0]
    assert (behaviors, groups) == (("groom", "rear"), ["saline", "saline", "drug"])
    # Bouts of a second: one, three and four of them.
    np.testing.assert_allclose(np.nansum(shares[:, 0] * np.diff(edges_s), axis=1), [1, 3, 4], atol=1e-5)


def test_groups_are_together_in_the_raster(description: Description, drawn: dict[str, list[Any]]) -> None:
    list(draw_pictures(description))
    rows = drawn["draw_ethogram_raster"][0][0]
    assert [(row.name, row.group) for row in rows] == [("a", "saline"), ("c", "saline"), ("b", "drug")]
    assert list(rows[2].labels) == [""]


def test_curves_are_shares_of_animals_in_bins(description: Description, drawn: dict[str, list[Any]]) -> None:
    list(draw_pictures(description))
    curves, behaviors, edges, _ = drawn["draw_time_curves"][0]
    assert behaviors == ("groom", "rear")
    assert edges.tolist() == [0, 10, 20, 30]
    assert list(curves) == ["saline", "drug"]
    # Bouts of a second at 1, 5, 9 and 13 s.
    np.testing.assert_allclose(curves["saline"][:, 0], [[0.1, 0, 0], [0.3, 0, 0]])
    np.testing.assert_allclose(curves["drug"][:, 0], [[0.3, 0.1, 0]])
    np.testing.assert_allclose(curves["drug"][:, 1], 0)


@pytest.mark.parametrize(("hours", "bin_s"), [(0.5, 60), (3.9, 60), (10, 600), (100, 3600), (24 * 30, 21600), (24 * 500, 86400)])
def test_curves_of_long_recordings_have_longer_bins(hours: float, bin_s: float) -> None:
    assert statistics_figures._choose_bin(3600 * hours) == bin_s


def test_transitions_and_lengths_are_those_of_all_recordings_of_a_group(description: Description, drawn: dict[str, list[Any]]) -> None:
    list(draw_pictures(description))
    counts = drawn["draw_transition_graph"][0][0]
    assert {group: matrix.tolist() for group, matrix in counts.items()} == {"saline": [[2, 0], [0, 0]], "drug": [[3, 0], [0, 0]]}
    lengths = drawn["draw_bout_lengths"][0][0]
    np.testing.assert_allclose(lengths["saline"]["groom"], np.ones(4))
    np.testing.assert_allclose(lengths["drug"]["groom"], np.ones(4))
    assert len(lengths["drug"]["rear"]) == 0


def test_a_trajectory_is_that_of_the_recording(description: Description, drawn: dict[str, list[Any]]) -> None:
    list(draw_pictures(description))
    positions, durations_s, ethogram, _, rest = drawn["draw_trajectory"][0]
    np.testing.assert_array_equal(positions, description.recordings[0].positions)
    np.testing.assert_allclose(durations_s, 0.1)
    assert ethogram.sum() == 10
    assert rest["title"] == "a"


def test_pictures_of_labels_show_what_was_labelled(make_recording: Make, make_description: Make, drawn: dict[str, list[Any]]) -> None:
    list(draw_pictures(make_description([make_recording("a", 4, is_labelled=True)], bin_s=10.0, of_labels=True)))
    # Half a second late, over the 20 s that were labelled: the last of the three bins is empty.
    np.testing.assert_allclose(drawn["draw_time_curves"][0][0][""][0, 0], [0.25, 0.15, np.nan])
    np.testing.assert_allclose(drawn["draw_bout_lengths"][0][0][""]["groom"], np.ones(4))


def test_pictures_are_written_as_png_and_svg(description: Description, tmp_path: Path) -> None:
    paths = write_pictures(tmp_path, description)
    assert [path.name for path in paths[:4]] == ["ethogram_raster.png", "ethogram_raster.svg", "time_curves.png", "time_curves.svg"]
    assert len(paths) == 10
    assert all(path.parent == tmp_path / "figures" for path in paths)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths[::2])
    assert all(b"</svg>" in path.read_bytes() for path in paths[1::2])
