"""`behavior explain` from an ethogram on disk to a figure and numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from behavior.errors import EthogramError, OutputError, UsageError
from behavior.files.ethograms import read_annotation
from behavior.recording import find_bouts
from behavior.workflows.explain import draw_explanation, explain_frame, find_ethogram

NAME = "mouse_04"


@pytest.fixture(scope="module")
def annotation(demo):
    return read_annotation(demo.ethograms / f"{NAME}_ethogram.csv")


def test_a_frame_is_explained_and_drawn(demo, annotation, tmp_path, run):
    out = tmp_path / "new" / "why.png"
    asked = ["explain", demo.ethograms, "--recording", NAME, "--frame", 100, "--behavior", "grooming", "--out", out]
    done = run(*asked, "--json")
    assert done.status == 0, done.err
    shown = json.loads(done.out)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert shown["probability"] == pytest.approx(float(annotation.probabilities.values[100, 0]), abs=1e-4)
    assert np.array(shown["map"]["values"]).shape == (64, 64)
    assert np.abs(shown["map"]["values"]).max() > 0
    assert len(shown["moments"]["changes"]) == len(shown["moments"]["edges_s"]) - 1
    assert [row["features"] for row in shown["rows"]] == ["as it is", "without the animal", "appearance (openfield) of other moments"]
    again = run(*asked)
    assert again.status == 1
    assert "is there already" in again.err


def test_a_bout_is_the_mean_over_its_frames_and_is_found_by_a_frame(demo, annotation):
    found = {column: find_bouts(annotation.ethogram.values[:, column]) for column in range(3)}
    column, bouts = next((column, bouts) for column, bouts in found.items() if len(bouts) and bouts[0, 1] - bouts[0, 0] > 2)
    start, stop = bouts[0].tolist()
    behavior = annotation.behaviors[column]
    explanation = explain_frame([demo.ethograms], NAME, start, behavior=behavior, is_bout=True, study=demo.study)
    assert all(start <= frame < stop for frame in explanation.frames)
    assert len(explanation.frames) == 3
    outside = int(np.flatnonzero(~annotation.ethogram.values[:, column])[0])
    with pytest.raises(UsageError, match=f"frame {outside} is not in a bout of {behavior}"):
        explain_frame([demo.ethograms], NAME, outside, behavior=behavior, is_bout=True, study=demo.study)
    # Without a name, what was decided there.
    assert (
        explain_frame([demo.ethograms], NAME, start, study=demo.study).behavior
        in np.array(annotation.behaviors)[annotation.ethogram.values[start]]
    )


def test_what_there_is_not_is_named(demo, tmp_path):
    with pytest.raises(EthogramError, match=r"has no ethogram of recording 'mouse_40'.* did you mean 'mouse_04'"):
        find_ethogram([demo.ethograms], "mouse_40")
    with pytest.raises(UsageError, match="has no frame 400, but frames 0 to 399"):
        explain_frame([demo.ethograms], NAME, 400)
    with pytest.raises(UsageError, match=r"has no behavior 'groming'.* did you mean 'grooming'"):
        explain_frame([demo.ethograms], NAME, 3, behavior="groming")
    (tmp_path / "there.png").touch()
    with pytest.raises(OutputError, match="is there already"):
        draw_explanation([demo.ethograms], NAME, 3, tmp_path / "there.png")
