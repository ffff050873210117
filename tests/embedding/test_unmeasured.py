"""Frames that are not measured: counted, told apart by runs, and warned of where they are many."""

import json

import numpy as np

from behavior.embedding.unmeasured import find_unmeasured, is_much_unmeasured, warn_of_unmeasured
from behavior.provenance import Provenance
from behavior.recording import Annotation, Ethogram, Probabilities


def make_annotation(measured, *, fps):
    """Return an ethogram of the recording m; `measured` is None for one that does not say which frames were."""
    time_s = np.arange(100 if measured is None else len(measured)) / fps
    ethogram = Ethogram(np.zeros((len(time_s), 1), dtype=bool), ("rear",), time_s)
    probabilities = Probabilities(np.zeros((len(time_s), 1), dtype=np.float32), ("rear",), time_s)
    not_measured = None if measured is None else find_unmeasured(measured)
    return Annotation("m", probabilities, ethogram, ethogram, Provenance(fps=fps, not_measured=not_measured))


def mark(n_frames, *missing):
    measured = np.ones(n_frames, dtype=bool)
    measured[list(missing)] = False
    return measured


def test_runs_are_half_open_and_stored_as_lists():
    found = find_unmeasured(mark(100, 3, 4, 9))
    assert (found.frames, found.spans) == (3, ((3, 5), (9, 10)))
    assert json.loads(json.dumps(found.as_mapping())) == {"frames": 3, "spans": [[3, 5], [9, 10]]}


def test_few_and_scattered_frames_are_not_warned_of():
    assert warn_of_unmeasured(make_annotation(mark(100, 3, 4, 9), fps=10)) is None
    assert warn_of_unmeasured(make_annotation(mark(5), fps=10)) is None
    assert warn_of_unmeasured(make_annotation(None, fps=10)) is None


def test_a_long_stretch_is_warned_of():
    # Two frames at one in 2 s are a stretch of 4 s.
    warning = warn_of_unmeasured(make_annotation(mark(100, 3, 4, 9), fps=0.5))
    assert warning == ("m: 3 of 100 frames are not measured, the longest stretch of them 4.0 s from frame 3; behaviors there are guesses.")


def test_a_large_share_is_warned_of():
    many = make_annotation(mark(29, 3, 4, 9), fps=10)
    assert is_much_unmeasured(many)
    assert "3 of 29 frames are not measured" in (warn_of_unmeasured(many) or "")
    assert not is_much_unmeasured(make_annotation(mark(30, 3, 4, 9), fps=10))
    assert not is_much_unmeasured(make_annotation(None, fps=10))
