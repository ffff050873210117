"""Praat's TextGrid: long and short form, intervals and points."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from label_samples import VALUES, make_praat, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.files.labels import list_names, read_labels
from behavior.recording import Frames

SHORT = '''File type = "ooTextFile"
"TextGrid"

0
4
<exists>
2
"IntervalTier"
"Grooming"
0
4
3
0
0.3
""
0.3
0.8
"face ""left"""
0.8
4
""
"TextTier"
"Supported"
0
4
1
1.25
'''


def test_the_short_form_and_points(tmp_path: Path) -> None:
    path = write(tmp_path / "a.TextGrid", SHORT + '""\n')
    values, notes = read(path)
    assert np.flatnonzero(values[:, 0]).tolist() == [3, 4, 5, 6, 7]
    assert np.flatnonzero(values[:, 1]).tolist() == [12]
    assert any("1 point event has no duration" in note for note in notes)
    assert list_names(path).points == ("Supported",)
    np.testing.assert_array_equal(read(path, ("left", "Supported"), mapping={'Grooming|face "left"': "left"})[0], values)


def test_comments_are_passed_over(tmp_path: Path) -> None:
    text = make_praat().replace("item [1]:", "item [1]: ! the 1st of 2 tiers")
    np.testing.assert_array_equal(read(write(tmp_path / "a.TextGrid", text))[0], VALUES)


def test_a_grid_of_another_length_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.TextGrid", make_praat())
    frames = Frames.from_times(np.arange(80) / 10)
    with pytest.raises(LabelError, match="is about 4 s, but the video lasts 8 s, expected as long"):
        read(path, frames=frames)
    values, _ = read(path, frames=frames, policies=LabelPolicies(out_of_range="warn"))
    np.testing.assert_array_equal(values[:40], VALUES)
    assert (values[40:] == -1).all()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SHORT, "ends before a text of tier 'Supported', so it is cut short"),
        (SHORT.replace("<exists>", "7"), "has '7' as the flag of its tiers, expected a flag"),
        (SHORT.replace('"Grooming"\n0', '"Grooming"\n"x"'), "has '\"x\"' as the start of tier 'Grooming', expected a number"),
        (SHORT.replace("4\n3\n0", "4\n-3\n0"), "has -3 as the number of intervals of tier 'Grooming'"),
        (SHORT.replace("4\n3\n0", "4\n4294967295\n0") + '""\n', "has '\"TextTier\"' as a time of tier 'Grooming'"),
    ],
)
def test_damaged_grids_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(LabelError, match=re.escape(sentence)):
        read(write(tmp_path / "a.TextGrid", text))


def test_the_sample_reads_as_its_lines_say(shared_data: Path) -> None:
    path = shared_data / "formats/others/textgrid/mouse_01.TextGrid"
    edges = [float(number) for number in re.findall(r"intervals \[1\]:\s+xmin = (\S+)\s+xmax = (\S+)", path.read_text())[0]]
    labels, _ = read_labels(path, LabelRequest(("grooming",), Frames.from_times(np.arange(1500) / 10)))
    assert np.flatnonzero(labels.values[:, 0]).tolist() == [frame for frame in range(1500) if edges[0] <= frame / 10 < edges[1]]
