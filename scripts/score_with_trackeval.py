"""Score the tests' tracks with TrackEval, and write its numbers as what the tests of `behavior/metrics/tracking.py` expect.

TrackEval asks for an OpenCV that clashes with the headless one, so this runs in an environment of its own, without this package:

    python -m venv ENVIRONMENT
    ENVIRONMENT/bin/pip install trackeval==1.3.0 pandas
    ENVIRONMENT/bin/python scripts/score_with_trackeval.py --data FOLDER

The folder is that of the real recordings. The tracks are made by `tests/helpers/track_samples.py`, the numbers are written to
`tests/helpers/trackeval_scores.py`. Similarities are TrackEval's own too.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

HELPERS = Path(__file__).resolve().parents[1] / "tests" / "helpers"
HOTA_NAMES = {"hota": "HOTA", "deta": "DetA", "assa": "AssA", "loca": "LocA"}
IDENTITY_NAMES = {"idf1": "IDF1", "idp": "IDP", "idr": "IDR"}
CLEAR_NAMES = {"mota": "MOTA", "motp": "MOTP", "recall": "CLR_Re", "precision": "CLR_Pr"}
COUNT_NAMES = {"identity_switches": "IDSW", "fragments": "Frag"}
BY_ALPHA = ("random_crowd", "three_flies")

HEADER = '''"""What TrackEval {trackeval} (PyPI `trackeval`, NumPy {numpy}, SciPy {scipy}) gives for the samples.

The samples are those of `track_samples.py`; values have six digits. Similarities are its own too: intersection
over union of boxes, and its Euclidean similarity with `zero_at_px`. HOTA, DetA, AssA and LocA are means over its 19 thresholds.
`scripts/score_with_trackeval.py` wrote this.
"""
'''


def describe_sample(sample: Any) -> dict[str, Any]:
    """Return the tracks as TrackEval's metrics take them: for each frame the identities and their similarities."""
    base = import_module("trackeval.datasets._base_dataset")._BaseDataset
    (true_ids, true_rows), (predicted_ids, predicted_rows) = (list_detections(each) for each in (sample.truth, sample.predicted))
    if sample.zero_at_px is None:
        compare = [base._calculate_box_ious(*rows, box_format="x0y0x1y1") for rows in zip(true_rows, predicted_rows, strict=True)]
    else:
        compare = [
            base._calculate_euclidean_similarity(*rows, zero_distance=sample.zero_at_px)
            for rows in zip(true_rows, predicted_rows, strict=True)
        ]
    described = {"gt_ids": true_ids, "tracker_ids": predicted_ids, "similarity_scores": compare, "num_timesteps": len(true_ids)}
    for side, ids in (("gt", true_ids), ("tracker", predicted_ids)):
        every = np.concatenate(ids)
        described |= {f"num_{side}_dets": len(every), f"num_{side}_ids": len(np.unique(every))}
    return described


def list_detections(tracks: npt.NDArray[np.float64]) -> tuple[list[npt.NDArray[np.intp]], list[npt.NDArray[np.float64]]]:
    """Return identities and coordinates of each frame; identities are numbered without a gap."""
    present: npt.NDArray[np.bool_] = np.asarray(np.isfinite(tracks).all(axis=2))
    numbers = np.cumsum(present.any(axis=0)) - 1
    return [numbers[here] for here in present], [frame[here] for frame, here in zip(tracks, present, strict=True)]


def write_rows(scores: dict[str, dict[str, float]]) -> list[str]:
    """Return the lines of the table of scores."""
    lines = ["# fmt: off", "SCORES: dict[str, dict[str, float]] = {"]
    for name, row in scores.items():
        lines.append(f'    "{name}": {{')
        for names in (HOTA_NAMES, IDENTITY_NAMES, CLEAR_NAMES, COUNT_NAMES):
            lines.append("        " + " ".join(f'"{each}": {round(float(row[each]), 6)},' for each in names))
        lines.append("    },")
    return [*lines, "}"]


def write_curves(curves: dict[str, dict[str, npt.NDArray[np.float64]]]) -> list[str]:
    """Return the lines of the table of scores at each threshold."""
    lines = ["# At each threshold.", "BY_ALPHA: dict[str, dict[str, list[float]]] = {"]
    for name, row in curves.items():
        lines.append(f'    "{name}": {{')
        for each, values in row.items():
            texts = [f"{round(float(value), 6)}," for value in values]
            lines += [f'        "{each}": [', *("            " + " ".join(part) for part in (texts[:10], texts[10:])), "        ],"]
        lines.append("    },")
    return [*lines, "}", "# fmt: on"]


def main() -> None:
    """Score every sample and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real recordings")
    arguments = parser.parse_args()
    sys.path.insert(0, str(HELPERS))
    samples = import_module("track_samples")
    metrics = import_module("trackeval").metrics
    quiet = {"PRINT_CONFIG": False}
    hota, identity, clear = metrics.HOTA(), metrics.Identity(quiet), metrics.CLEAR(quiet)
    scores, curves = {}, {}
    for name, sample in {**samples.make_samples(), **samples.read_samples(arguments.data)}.items():
        described = describe_sample(sample)
        by_alpha, by_identity, by_frame = (metric.eval_sequence(described) for metric in (hota, identity, clear))
        scores[name] = {ours: float(np.mean(by_alpha[theirs])) for ours, theirs in HOTA_NAMES.items()}
        scores[name] |= {ours: by_identity[theirs] for ours, theirs in IDENTITY_NAMES.items()}
        scores[name] |= {ours: by_frame[theirs] for ours, theirs in (CLEAR_NAMES | COUNT_NAMES).items()}
        if name in BY_ALPHA:
            curves[name] = {ours: by_alpha[theirs] for ours, theirs in HOTA_NAMES.items()}
    header = HEADER.format(**{package: version(package) for package in ("trackeval", "numpy", "scipy")})
    lines = [header, *write_rows(scores), "", *write_curves(curves), ""]
    (HELPERS / "trackeval_scores.py").write_text("\n".join(lines), encoding="utf-8")
    print(f"{len(scores)} samples written to {HELPERS / 'trackeval_scores.py'}")


if __name__ == "__main__":
    main()
