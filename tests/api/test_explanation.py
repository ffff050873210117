"""Explanations in Python."""

from __future__ import annotations

from matplotlib.figure import Figure

import behavior as bh


def test_a_frame_is_explained(demo):
    explained = bh.explain_frame(demo.ethograms, "mouse_04", 50, behavior="grooming", study=demo.study)
    assert repr(explained).startswith("mouse_04, frame 50: grooming, probability 0.")
    assert "appearance (openfield)" in explained._repr_html_()
    assert explained.to_dict()["probability"] == explained.probability
    assert explained.explanation.picture.values.shape == (64, 64)
    assert isinstance(explained.plot(), Figure)
