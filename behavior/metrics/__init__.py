"""Numbers that compare what was decided with what people saw."""

from behavior.metrics.agreement import score_agreement, summarize_raters, vote_majority
from behavior.metrics.bootstrap import draw_multiplicities, find_interval, resample_average_precision
from behavior.metrics.bouts import BOUT_ERRORS, measure_bout_errors
from behavior.metrics.frames import COUNT_METRICS, RATE_METRICS, average_precision, cohen_kappa, f_beta, score_frames
from behavior.metrics.segments import SEGMENT_METRICS, score_segments
from behavior.metrics.tables import score_study, summarize_scores
from behavior.metrics.tallies import ALL_COUNTS, ALL_METRICS

__all__ = [
    "ALL_COUNTS",
    "ALL_METRICS",
    "BOUT_ERRORS",
    "COUNT_METRICS",
    "RATE_METRICS",
    "SEGMENT_METRICS",
    "average_precision",
    "cohen_kappa",
    "draw_multiplicities",
    "f_beta",
    "find_interval",
    "measure_bout_errors",
    "resample_average_precision",
    "score_agreement",
    "score_frames",
    "score_segments",
    "score_study",
    "summarize_raters",
    "summarize_scores",
    "vote_majority",
]
