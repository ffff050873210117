"""Per-frame ethograms of mice from video and DeepLabCut pose.

    import behavior as bh

    study = bh.open_study("videos/study.yaml")
    study.embed()
    cv = study.crossval(out="crossval")
    model = study.train(out="model", crossval=cv)
    model.annotate("new/mouse_22.mp4").save("ethograms")

`behavior.api` has what this package offers, and loads it when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from behavior.api import (
        Agreement,
        BehaviorError,
        CacheError,
        Crossval,
        CrossvalError,
        Demo,
        EthogramError,
        Evaluation,
        Finetuning,
        FrameExplanation,
        GalleryScores,
        InputError,
        LabelError,
        Model,
        ModelError,
        Outcome,
        OutputError,
        PoseError,
        RecordingEthogram,
        RecordingLabels,
        Report,
        Search,
        Statistics,
        Study,
        StudyCheck,
        TrainingError,
        UsageError,
        VideoError,
        WeightsError,
        compare_raters,
        decide_ethograms,
        describe_ethograms,
        draw_audit,
        draw_overlays,
        enrol_individuals,
        evaluate_ethograms,
        evaluate_gallery,
        explain_frame,
        export_ethograms,
        identify_individuals,
        init_study,
        list_backbones,
        open_crossval,
        open_model,
        open_review,
        open_study,
        read_ethogram,
        read_labels,
        record_live,
        rename_behavior,
        run_demo,
        show_progress,
        track_videos,
        write_report,
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
    "__version__",
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

__version__ = "0.1.0"


if not TYPE_CHECKING:
    # Hidden from type checkers, which would take any name for one that is there.
    def __getattr__(name: str) -> object:
        """Load what is asked for; importing the package alone loads no other module of it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module("behavior.api"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
