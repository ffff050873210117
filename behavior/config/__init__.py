"""What a study file (configs/*.yaml) may say."""

from behavior.config.arena import Arena
from behavior.config.clock import Clock, parse_clock_start, parse_time_of_day
from behavior.config.cluster import Cluster
from behavior.config.decisions import Decisions, Postprocess, spread_over_behaviors
from behavior.config.ensembles import Ensemble, EnsembleMember
from behavior.config.finetuning import Augmentation, Finetune
from behavior.config.heads import HEAD_KINDS, BoostingHead, Head, HeadSettings, LstmHead, MstcnHead, TcnHead, TransformerHead
from behavior.config.labels import LabelFiles
from behavior.config.parsing import parse_section
from behavior.config.search import Pruning, Search
from behavior.config.sections import (
    NEAREST,
    Backbone,
    Clips,
    Convnet,
    Crop,
    CrossValidation,
    FeatureSteps,
    Normalization,
    PoseFiles,
    Sampling,
    Section,
    Training,
    Windows,
)
from behavior.config.study import APPEARANCE, MADE_STREAMS, MOTION, POSE, Study
from behavior.config.views import FIRST_VIEW, OtherView, Views, is_view_name, list_views, split_stream

__all__ = [
    "APPEARANCE",
    "FIRST_VIEW",
    "HEAD_KINDS",
    "MADE_STREAMS",
    "MOTION",
    "NEAREST",
    "POSE",
    "Arena",
    "Augmentation",
    "Backbone",
    "BoostingHead",
    "Clips",
    "Clock",
    "Cluster",
    "Convnet",
    "Crop",
    "CrossValidation",
    "Decisions",
    "Ensemble",
    "EnsembleMember",
    "FeatureSteps",
    "Finetune",
    "Head",
    "HeadSettings",
    "LabelFiles",
    "LstmHead",
    "MstcnHead",
    "Normalization",
    "OtherView",
    "PoseFiles",
    "Postprocess",
    "Pruning",
    "Sampling",
    "Search",
    "Section",
    "Study",
    "TcnHead",
    "Training",
    "TransformerHead",
    "Views",
    "Windows",
    "is_view_name",
    "list_views",
    "parse_clock_start",
    "parse_section",
    "parse_time_of_day",
    "split_stream",
    "spread_over_behaviors",
]
