"""Numbers that describe what animals did: bouts, time bins, transitions, zones, groups."""

from behavior.statistics.bouts import BOUT_METRICS, describe_behaviors, describe_bouts
from behavior.statistics.groups import average_animals, compare_groups, compare_ranks, compare_repeated, correct_p_values
from behavior.statistics.time_bins import make_bin_edges, measure_in_bins
from behavior.statistics.transitions import count_transitions, find_probabilities, tabulate_transitions
from behavior.statistics.visits import find_presence, find_visits, split_presence
from behavior.statistics.zones import fill_short_gaps, find_inside, measure_zones, split_arena

__all__ = [
    "BOUT_METRICS",
    "average_animals",
    "compare_groups",
    "compare_ranks",
    "compare_repeated",
    "correct_p_values",
    "count_transitions",
    "describe_behaviors",
    "describe_bouts",
    "fill_short_gaps",
    "find_inside",
    "find_presence",
    "find_probabilities",
    "find_visits",
    "make_bin_edges",
    "measure_in_bins",
    "measure_zones",
    "split_arena",
    "split_presence",
    "tabulate_transitions",
]
