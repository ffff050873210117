"""What `import behavior` offers: the commands as functions and methods, with results to go on with in Python.

A study, a cross-validation, a model and an ethogram are objects; a command about one of them is its method (`Study.crossval`,
`Model.annotate`, `RecordingEthogram.decide`), the others are functions. Paths may be `str` or `Path`. What goes wrong raises a
`BehaviorError` whose message is the sentence that the command prints. Nothing is printed but warnings, which go to the logger
`behavior`, until `show_progress` is called.
"""

from __future__ import annotations

from behavior.api.commands import compare_raters, init_study, list_backbones, open_review, rename_behavior, run_demo, write_report
from behavior.api.crossval import Crossval, open_crossval
from behavior.api.ethogram import RecordingEthogram, read_ethogram
from behavior.api.ethogram_files import (
    decide_ethograms,
    describe_ethograms,
    draw_audit,
    draw_overlays,
    evaluate_ethograms,
    export_ethograms,
)
from behavior.api.explanation import FrameExplanation, explain_frame
from behavior.api.individuals import GalleryScores, enrol_individuals, evaluate_gallery, identify_individuals
from behavior.api.labels import RecordingLabels, read_labels
from behavior.api.live import record_live
from behavior.api.messages import show_progress
from behavior.api.model import Model, open_model
from behavior.api.outcomes import Agreement, Demo, Evaluation, Finetuning, Report, Search, Statistics, StudyCheck
from behavior.api.results import Outcome
from behavior.api.study import Study, open_study
from behavior.api.tracks import track_videos
from behavior.errors import (
    BehaviorError,
    CacheError,
    CrossvalError,
    EthogramError,
    InputError,
    LabelError,
    ModelError,
    OutputError,
    PoseError,
    TrainingError,
    UsageError,
    VideoError,
    WeightsError,
)

__all__ = [
    "Agreement",
    "BehaviorError",
    "CacheError",
    "Crossval",
    "CrossvalError",
    "Demo",
    "EthogramError",
    "Evaluation",
    "Finetuning",
    "FrameExplanation",
    "GalleryScores",
    "InputError",
    "LabelError",
    "Model",
    "ModelError",
    "Outcome",
    "OutputError",
    "PoseError",
    "RecordingEthogram",
    "RecordingLabels",
    "Report",
    "Search",
    "Statistics",
    "Study",
    "StudyCheck",
    "TrainingError",
    "UsageError",
    "VideoError",
    "WeightsError",
    "compare_raters",
    "decide_ethograms",
    "describe_ethograms",
    "draw_audit",
    "draw_overlays",
    "enrol_individuals",
    "evaluate_ethograms",
    "evaluate_gallery",
    "explain_frame",
    "export_ethograms",
    "identify_individuals",
    "init_study",
    "list_backbones",
    "open_crossval",
    "open_model",
    "open_review",
    "open_study",
    "read_ethogram",
    "read_labels",
    "record_live",
    "rename_behavior",
    "run_demo",
    "show_progress",
    "track_videos",
    "write_report",
]
