"""One recording with what is known of it, and what all of them are about."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from behavior.recording import Labels
from behavior.reporting.description import DescribedRecording, Description


def test_what_was_decided_is_observed_all_of_the_time(make_recording: Callable[..., DescribedRecording]) -> None:
    recording = make_recording("a", 2, is_labelled=True)
    values, observed = recording.get_values(of_labels=False)
    assert np.flatnonzero(values[:, 0]).tolist() == [*range(10, 20), *range(50, 60)]
    assert observed is None


def test_labels_are_observed_where_somebody_labelled(make_recording: Callable[..., DescribedRecording]) -> None:
    values, observed = make_recording("a", 2, is_labelled=True).get_values(of_labels=True)
    assert np.flatnonzero(values[:, 0]).tolist() == [*range(15, 25), *range(55, 65)]
    assert observed is not None
    assert np.flatnonzero(~observed[:, 0]).tolist() == list(range(200, 300))


def test_the_plain_column_counts_before_the_first_rater(make_recording: Callable[..., DescribedRecording]) -> None:
    plain, ann, ben = (Labels(np.full((300, 2), value, dtype=np.int8), ("groom", "rear")) for value in (1, 0, -1))
    recording = make_recording("a")

    def choose(**labels: Labels) -> Labels:
        named = {name.removeprefix("plain"): values for name, values in labels.items()}
        return DescribedRecording(recording.annotation, recording.row, named, None).choose_labels()

    assert choose(ann=ann, plain=plain) is plain
    assert choose(ben=ben, ann=ann) is ben


def test_a_recording_without_an_animal_is_one_of_its_own(make_recording: Callable[..., DescribedRecording]) -> None:
    assert make_recording("a").animal == "a"
    assert make_recording("a", animal="m1").animal == "m1"


def test_a_table_is_marked_with_its_recording_group_and_animal(make_recording: Callable[..., DescribedRecording]) -> None:
    table = pd.DataFrame({"behavior": ["groom"], "value": [1.0]})
    marked = make_recording("a", group="drug").mark(table)
    assert marked.to_dict("list") == {"recording": ["a"], "group": ["drug"], "animal": ["a"], "behavior": ["groom"], "value": [1.0]}
    assert list(table.columns) == ["behavior", "value"]


def test_a_description_lists_behaviors_groups_and_animals_in_their_order(
    make_recording: Callable[..., DescribedRecording], make_description: Callable[..., Description]
) -> None:
    recordings = [make_recording("b", group="saline", animal="m2"), make_recording("a", group="drug"), make_recording("c", group="saline")]
    description = make_description(recordings)
    assert description.behaviors == ("groom", "rear")
    assert description.groups == ["saline", "drug"]
    assert description.animals == {"b": "m2", "a": "a", "c": "c"}
