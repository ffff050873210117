"""Tell grooming, rearing and other apart on real clips, with a linear classifier on what backbones and motion say of them.

    python scripts/evaluate_clips.py --data ../shared/data

The clips (24, of one mouse, from below, three of each kind) are B-SOiD's examples; there is no pose, so that a crop is the whole frame.
Each clip is the mean of its frames' vectors; a logistic regression on standardised means predicts each clip from the other 23.
Always answering the commonest group would be right for .375 of them. One mouse: a sanity check, not a claim.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

GROUPS = {2: "grooming", 6: "grooming", 13: "grooming", 3: "rearing", 5: "rearing", 7: "rearing", 10: "other", 11: "other"}


def main() -> None:
    """Embed the clips with each backbone and with motion, and print the accuracy of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    clips = sorted((arguments.data / "clips").glob("*.avi"))
    if not clips:
        raise SystemExit(f"{arguments.data / 'clips'}: found no clips")
    groups = np.array([GROUPS[find_kind(path)] for path in clips])
    (squeezenet,) = (arguments.data / "weights").glob("*squeezenet*.h5")
    commonest = max(np.mean(groups == name) for name in set(groups))
    say(f"{len(clips)} clips; always answering the commonest group: {commonest:.3f}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        motion = embed(folder, clips, "motion", "openfield", "packaged")
        say(f"{'motion alone':24s} {score(motion, groups):.3f}")
        for name, weights in (("squeezenet", str(squeezenet.resolve())), ("openfield", "packaged")):
            appearance = embed(folder, clips, "appearance", name, weights)
            say(f"{name:24s} {score(appearance, groups):.3f}")
            say(f"{name + ' and motion':24s} {score(np.hstack([appearance, motion]), groups):.3f}")


def say(line: str) -> None:
    """Print a line."""
    print(line, flush=True)


def find_kind(path: Path) -> int:
    """Return the number of the kind of behavior in a clip's name."""
    found = re.search(r"group[_ ]?(\d+)", path.stem, re.IGNORECASE)
    if found is None:
        raise SystemExit(f"{path}: its name does not say which group it belongs to")
    return int(found.group(1))


def embed(folder: Path, clips: Sequence[Path], stream: str, backbone: str, weights: str) -> npt.NDArray[np.float32]:
    """Return the mean of each clip's vectors, shape (N, D)."""
    from behavior.embedding.streams import make_streams
    from behavior.files.study import open_study
    from behavior.progress import printing_messages
    from behavior.workflows.embed import embed_study

    place = folder / f"{stream}_{backbone}"
    place.mkdir()
    lines = [f"clip_{number:02d},{path.resolve()}" for number, path in enumerate(clips)]
    (place / "recordings.csv").write_text("\n".join(["recording,video", *lines]) + "\n")
    study_file = place / "study.yaml"
    study_file.write_text(
        f"behaviors: [grooming]\nstreams: [{stream}]\ncrop: {{whole_frame: true}}\nbackbone: {{name: {backbone}, weights: {weights}}}\n"
    )
    with printing_messages():
        failures = embed_study(study_file).failures
    if failures:
        raise SystemExit("\n".join(failures.values()))
    study, recordings = open_study(study_file)
    (made,) = make_streams(study.streams, crop=study.crop, backbone=study.backbone, arena=None, cache=study.cache).values()
    return np.stack([made.read(recording).features.astype(np.float32).mean(axis=0) for recording in recordings])


def score(features: npt.NDArray[np.float32], groups: npt.NDArray[np.str_]) -> float:
    """Return the accuracy when each clip is left out."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import LeaveOneOut, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=5000))
    return float(cross_val_score(classifier, features, groups, cv=LeaveOneOut()).mean())


if __name__ == "__main__":
    main()
