"""An explanation in words, numbers and a figure."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from behavior.learning.explanation import Explanation, Moments, PictureMap
from behavior.reporting.explained_frame import describe_explanation, draw_explained_frame, list_sentences

PICTURE = PictureMap(
    np.eye(4, dtype=np.float32), np.array([[0.0, 0], [8, 0], [8, 8], [0, 8]]), np.zeros((8, 8, 3), np.uint8), np.zeros(4), -1.5
)
EXPLANATION = Explanation(
    "a", "rear", 30, 3.0, (30,), 2.0, PICTURE, Moments(np.array([-0.1, 0.1]), np.array([2.5])), {"motion": 1.0}, {"nose": 0.5}, ("A note.",)
)


def test_numbers_are_json() -> None:
    numbers = json.loads(json.dumps(describe_explanation(EXPLANATION)))
    assert numbers["probability"] == 1 / (1 + np.exp(-2.0))
    assert numbers["map"]["values"][0] == [1, 0, 0, 0]
    assert numbers["map"]["scene_log_odds"] == -1.5
    assert numbers["moments"] == {"edges_s": [-0.1, 0.1], "changes": [2.5]}
    assert (numbers["streams"], numbers["parts"]) == ({"motion": 1.0}, {"nose": 0.5})
    assert describe_explanation(replace(EXPLANATION, picture=None))["map"] is None


def test_sentences_say_what_is_shown() -> None:
    sentences = list_sentences(EXPLANATION)
    assert "for the frame: +2.00 as it is" in sentences[0]
    assert "whole crop covered they are -1.50" in sentences[1]
    assert sentences[-1] == "A note."
    several = list_sentences(replace(EXPLANATION, frames=(29, 30), picture=None))
    assert "the mean over frames 29, 30" in several[0]
    assert not any("Map" in sentence for sentence in several)


def test_the_figure_names_the_frame_and_shows_parts_where_there_are_several() -> None:
    figure = draw_explained_frame(EXPLANATION)
    assert figure.get_suptitle() == "a, frame 30 (3.00 s): rear, probability 0.88"
    assert len(figure.axes) == 4
    assert len(draw_explained_frame(replace(EXPLANATION, parts={}, picture=None)).axes) == 1
