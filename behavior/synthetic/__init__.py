"""Renders studies with known behavior: an open field from above, and a mouse that walks, pauses, grooms and rears."""

from behavior.synthetic.acting import RenderedRecording, act_recording
from behavior.synthetic.degrading import degrade_track
from behavior.synthetic.group import Individual, RenderedGroup, act_group, draw_individuals
from behavior.synthetic.posture import BEHAVIORS, Posture
from behavior.synthetic.study import RecordingFiles, write_study_files

__all__ = [
    "BEHAVIORS",
    "Individual",
    "Posture",
    "RecordingFiles",
    "RenderedGroup",
    "RenderedRecording",
    "act_group",
    "act_recording",
    "degrade_track",
    "draw_individuals",
    "write_study_files",
]
