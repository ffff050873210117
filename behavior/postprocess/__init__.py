"""From probabilities to an ethogram."""

from behavior.postprocess.bouts import paint_bouts, remove_short_bouts
from behavior.postprocess.morphology import close_gaps
from behavior.postprocess.pipeline import clean_decisions
from behavior.postprocess.thresholds import apply_thresholds

__all__ = ["apply_thresholds", "clean_decisions", "close_gaps", "paint_bouts", "remove_short_bouts"]
