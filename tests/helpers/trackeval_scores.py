"""What TrackEval 1.3.0 (PyPI `trackeval`, NumPy 2.4.6, SciPy 1.17.1) gives for the samples.

The samples are those of `track_samples.py`; values have six digits. Similarities are its own too: intersection
over union of boxes, and its Euclidean similarity with `zero_at_px`. HOTA, DetA, AssA and LocA are means over its 19 thresholds.
`scripts/score_with_trackeval.py` wrote this.
"""

# fmt: off
SCORES: dict[str, dict[str, float]] = {
    "perfect": {
        "hota": 1.0, "deta": 1.0, "assa": 1.0, "loca": 1.0,
        "idf1": 1.0, "idp": 1.0, "idr": 1.0,
        "mota": 1.0, "motp": 1.0, "recall": 1.0, "precision": 1.0,
        "identity_switches": 0.0, "fragments": 0.0,
    },
    "switched": {
        "hota": 0.821537, "deta": 1.0, "assa": 0.674923, "loca": 1.0,
        "idf1": 0.791667, "idp": 0.791667, "idr": 0.791667,
        "mota": 0.991667, "motp": 1.0, "recall": 1.0, "precision": 1.0,
        "identity_switches": 2.0, "fragments": 0.0,
    },
    "fragmented": {
        "hota": 0.90619, "deta": 0.895833, "assa": 0.916667, "loca": 1.0,
        "idf1": 0.945055, "idp": 1.0, "idr": 0.895833,
        "mota": 0.895833, "motp": 1.0, "recall": 0.895833, "precision": 1.0,
        "identity_switches": 0.0, "fragments": 3.0,
    },
    "missing": {
        "hota": 0.781736, "deta": 0.666667, "assa": 0.916667, "loca": 1.0,
        "idf1": 0.8, "idp": 1.0, "idr": 0.666667,
        "mota": 0.666667, "motp": 1.0, "recall": 0.666667, "precision": 1.0,
        "identity_switches": 0.0, "fragments": 19.0,
    },
    "false_positives": {
        "hota": 0.784465, "deta": 0.615385, "assa": 1.0, "loca": 1.0,
        "idf1": 0.761905, "idp": 0.615385, "idr": 1.0,
        "mota": 0.375, "motp": 1.0, "recall": 1.0, "precision": 0.615385,
        "identity_switches": 0.0, "fragments": 0.0,
    },
    "in_pieces": {
        "hota": 0.367423, "deta": 0.9, "assa": 0.15, "loca": 1.0,
        "idf1": 0.157895, "idp": 0.166667, "idr": 0.15,
        "mota": 0.816667, "motp": 1.0, "recall": 0.9, "precision": 1.0,
        "identity_switches": 20.0, "fragments": 0.0,
    },
    "crossing": {
        "hota": 0.516577, "deta": 0.894737, "assa": 0.298246, "loca": 0.894554,
        "idf1": 0.5375, "idp": 0.5375, "idr": 0.5375,
        "mota": 0.95, "motp": 0.876418, "recall": 0.9875, "precision": 0.9875,
        "identity_switches": 2.0, "fragments": 1.0,
    },
    "returning": {
        "hota": 0.637575, "deta": 0.637484, "assa": 0.637666, "loca": 0.780909,
        "idf1": 0.964646, "idp": 1.0, "idr": 0.931707,
        "mota": 0.931707, "motp": 0.67979, "recall": 0.931707, "precision": 1.0,
        "identity_switches": 0.0, "fragments": 2.0,
    },
    "lone": {
        "hota": 0.868421, "deta": 0.868421, "assa": 0.868421, "loca": 0.933011,
        "idf1": 0.956522, "idp": 1.0, "idr": 0.916667,
        "mota": 0.916667, "motp": 0.929289, "recall": 0.916667, "precision": 1.0,
        "identity_switches": 0.0, "fragments": 0.0,
    },
    "exactly_half": {
        "hota": 0.526316, "deta": 0.526316, "assa": 0.526316, "loca": 0.736842,
        "idf1": 1.0, "idp": 1.0, "idr": 1.0,
        "mota": 1.0, "motp": 0.5, "recall": 1.0, "precision": 1.0,
        "identity_switches": 0.0, "fragments": 0.0,
    },
    "elsewhere": {
        "hota": 0.0, "deta": 0.0, "assa": 0.0, "loca": 1.0,
        "idf1": 0.0, "idp": 0.0, "idr": 0.0,
        "mota": -1.0, "motp": 0.0, "recall": 0.0, "precision": 0.0,
        "identity_switches": 0.0, "fragments": 0.0,
    },
    "nothing_predicted": {
        "hota": 0.0, "deta": 0.0, "assa": 0.0, "loca": 1.0,
        "idf1": 0.0, "idp": 0.0, "idr": 0.0,
        "mota": 0.0, "motp": 0.0, "recall": 0.0, "precision": 0.0,
        "identity_switches": 0.0, "fragments": 0.0,
    },
    "nothing_true": {
        "hota": 0.0, "deta": 0.0, "assa": 0.0, "loca": 1.0,
        "idf1": 0.0, "idp": 0.0, "idr": 0.0,
        "mota": 0.0, "motp": 0.0, "recall": 0.0, "precision": 0.0,
        "identity_switches": 0.0, "fragments": 0.0,
    },
    "random_boxes": {
        "hota": 0.318456, "deta": 0.573623, "assa": 0.17731, "loca": 0.765596,
        "idf1": 0.384783, "idp": 0.402273, "idr": 0.36875,
        "mota": 0.64375, "motp": 0.716473, "recall": 0.81875, "precision": 0.893182,
        "identity_switches": 37.0, "fragments": 67.0,
    },
    "random_points": {
        "hota": 0.361884, "deta": 0.649801, "assa": 0.201974, "loca": 0.801333,
        "idf1": 0.438034, "idp": 0.449561, "idr": 0.427083,
        "mota": 0.802083, "motp": 0.765478, "recall": 0.897917, "precision": 0.945175,
        "identity_switches": 21.0, "fragments": 44.0,
    },
    "random_crowd": {
        "hota": 0.28566, "deta": 0.524068, "assa": 0.156514, "loca": 0.745137,
        "idf1": 0.389978, "idp": 0.408676, "idr": 0.372917,
        "mota": 0.4875, "motp": 0.692618, "recall": 0.770833, "precision": 0.844749,
        "identity_switches": 68.0, "fragments": 85.0,
    },
    "unrelated": {
        "hota": 0.14409, "deta": 0.232069, "assa": 0.090277, "loca": 0.668987,
        "idf1": 0.14, "idp": 0.116667, "idr": 0.175,
        "mota": -0.820833, "motp": 0.651704, "recall": 0.41875, "precision": 0.279167,
        "identity_switches": 76.0, "fragments": 52.0,
    },
    "larvae14": {
        "hota": 0.430053, "deta": 0.746492, "assa": 0.247892, "loca": 0.868009,
        "idf1": 0.47876, "idp": 0.504702, "idr": 0.455354,
        "mota": 0.866667, "motp": 0.851137, "recall": 0.894949, "precision": 0.991939,
        "identity_switches": 52.0, "fragments": 289.0,
    },
    "three_flies": {
        "hota": 0.33229, "deta": 0.688255, "assa": 0.160733, "loca": 0.835027,
        "idf1": 0.354194, "idp": 0.362398, "idr": 0.346354,
        "mota": 0.776042, "motp": 0.806519, "recall": 0.911458, "precision": 0.953678,
        "identity_switches": 35.0, "fragments": 32.0,
    },
    "two_mice": {
        "hota": 0.596782, "deta": 0.890199, "assa": 0.400078, "loca": 0.998685,
        "idf1": 0.661202, "idp": 0.626943, "idr": 0.699422,
        "mota": 0.768786, "motp": 1.0, "recall": 1.0, "precision": 0.896373,
        "identity_switches": 20.0, "fragments": 10.0,
    },
}

# At each threshold.
BY_ALPHA: dict[str, dict[str, list[float]]] = {
    "random_crowd": {
        "hota": [
            0.458784, 0.458784, 0.458243, 0.456722, 0.453558, 0.44889, 0.446235, 0.432494, 0.392375, 0.352051,
            0.2989, 0.235029, 0.183973, 0.124537, 0.090298, 0.060614, 0.039642, 0.026144, 0.010271,
        ],
        "deta": [
            0.877301, 0.877301, 0.873469, 0.865854, 0.862069, 0.843373, 0.836, 0.803536, 0.715888, 0.639286,
            0.519868, 0.39726, 0.303977, 0.214286, 0.144638, 0.088968, 0.053961, 0.031461, 0.008791,
        ],
        "assa": [
            0.239921, 0.239921, 0.240405, 0.240912, 0.23863, 0.238924, 0.238189, 0.232784, 0.215059, 0.193873,
            0.171854, 0.139049, 0.111344, 0.072377, 0.056373, 0.041297, 0.029123, 0.021726, 0.011999,
        ],
        "loca": [
            0.646867, 0.646867, 0.648034, 0.650263, 0.651264, 0.655841, 0.657439, 0.663681, 0.679961, 0.693956,
            0.71727, 0.746723, 0.77416, 0.806599, 0.839231, 0.875591, 0.907679, 0.930044, 0.966131,
        ],
    },
    "three_flies": {
        "hota": [
            0.415486, 0.415486, 0.414947, 0.414947, 0.414947, 0.414947, 0.414947, 0.414947, 0.414947, 0.414947,
            0.414947, 0.408767, 0.383008, 0.330216, 0.254583, 0.180267, 0.121127, 0.055678, 0.014379,
        ],
        "deta": [
            0.8775, 0.8775, 0.872818, 0.872818, 0.872818, 0.872818, 0.872818, 0.872818, 0.872818, 0.872818,
            0.872818, 0.854321, 0.796651, 0.654185, 0.490079, 0.33156, 0.221138, 0.099561, 0.018996,
        ],
        "assa": [
            0.196728, 0.196728, 0.19727, 0.19727, 0.19727, 0.19727, 0.19727, 0.19727, 0.19727, 0.19727,
            0.19727, 0.195582, 0.184139, 0.166685, 0.132249, 0.098009, 0.066347, 0.031137, 0.010884,
        ],
        "loca": [
            0.80452, 0.80452, 0.806519, 0.806519, 0.806519, 0.806519, 0.806519, 0.806519, 0.806519, 0.806519,
            0.806519, 0.809162, 0.816232, 0.833487, 0.855746, 0.881624, 0.902964, 0.930877, 0.967708,
        ],
    },
}
# fmt: on
