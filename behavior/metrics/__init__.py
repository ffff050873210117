"""Numbers that compare what was decided with what people saw."""

from behavior.metrics.agreement import score_agreement, summarize_raters, vote_majority
from behavior.metrics.bootstrap import draw_multiplicities, find_interval, resample_average_precision
from behavior.metrics.bouts import BOUT_ERRORS, measure_bout_errors
from behavior.metrics.frames import COUNT_METRICS, RATE_METRICS, average_precision, cohen_kappa, f_beta, score_frames
from behavior.metrics.identities import IDENTITY_METRICS, count_identities, identity_accuracy, name_identities
from behavior.metrics.retrieval import auroc_of_new, map_at_k, score_guesses, top_k_accuracy
from behavior.metrics.segments import SEGMENT_METRICS, score_segments
from behavior.metrics.tables import score_study, summarize_scores
from behavior.metrics.tallies import ALL_COUNTS, ALL_METRICS
from behavior.metrics.track_pairs import TrackPairs, box_similarity, match_animals, pair_tracks, point_similarity
from behavior.metrics.tracking import HOTA_ALPHAS, TRACKING_METRICS, score_clear, score_hota, score_identity, score_tracks

__all__ = [
    "ALL_COUNTS",
    "ALL_METRICS",
    "BOUT_ERRORS",
    "COUNT_METRICS",
    "HOTA_ALPHAS",
    "IDENTITY_METRICS",
    "RATE_METRICS",
    "SEGMENT_METRICS",
    "TRACKING_METRICS",
    "TrackPairs",
    "auroc_of_new",
    "average_precision",
    "box_similarity",
    "cohen_kappa",
    "count_identities",
    "draw_multiplicities",
    "f_beta",
    "find_interval",
    "identity_accuracy",
    "map_at_k",
    "match_animals",
    "measure_bout_errors",
    "name_identities",
    "pair_tracks",
    "point_similarity",
    "resample_average_precision",
    "score_agreement",
    "score_clear",
    "score_frames",
    "score_guesses",
    "score_hota",
    "score_identity",
    "score_segments",
    "score_study",
    "score_tracks",
    "summarize_raters",
    "summarize_scores",
    "top_k_accuracy",
    "vote_majority",
]
