"""Numbers that compare what was decided with what people saw."""

from behavior.metrics.frames import COUNT_METRICS, RATE_METRICS, average_precision, score_frames
from behavior.metrics.tables import format_summary, score_study, summarize_scores

__all__ = ["COUNT_METRICS", "RATE_METRICS", "average_precision", "format_summary", "score_frames", "score_study", "summarize_scores"]
