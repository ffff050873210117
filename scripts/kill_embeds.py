"""Kill `behavior embed` at random moments, resume it, and compare the result with an unbroken run.

    python scripts/kill_embeds.py --runs 50

A video is rendered and embedded once without a break. Then, `--runs` times, an empty cache is filled by processes that are killed
(SIGKILL) at a random moment until one gets through. Printed is how many caches equal the unbroken one bit for bit, and the most
frames that any run embedded twice.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

# Embeds a study, and counts in a file that outlives the process how many frames the backbone was asked for.
CHILD = """
import mmap, struct, sys
from pathlib import Path
from behavior.workflows import embed
from behavior.embedding import crop_streams
with open(sys.argv[2], "r+b") as file:
    counter = mmap.mmap(file.fileno(), 8)
describe = crop_streams.AppearanceStream._describe_batches
def count(self, batches, fps):
    for vectors in describe(self, batches, fps):
        counter[:8] = struct.pack("<q", struct.unpack("<q", counter[:8])[0] + len(vectors))
        yield vectors
crop_streams.AppearanceStream._describe_batches = count
result = embed.embed_study(Path(sys.argv[1]))
sys.exit(1 if result.failures else 0)
"""


def main() -> None:
    """Render, embed without a break, then with breaks, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--frames", type=int, default=6600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        study = write_study(folder, arguments.frames)
        embed(study, folder)
        (finished,) = (folder / "cache").glob("*.h5")
        unbroken = folder / finished.name
        shutil.move(finished, unbroken)
        # Once more for the time it takes: the first one converted the network, too.
        began = time.perf_counter()
        embed(study, folder)
        whole_s = time.perf_counter() - began
        finished.unlink()
        equal, kills, most = 0, 0, 0
        # What one resumption did again.
        most_lost = 0
        for _ in range(arguments.runs):
            frames, deaths = 0, 0
            while True:
                before = count_kept(folder)
                done, ended = embed(study, folder, kill_after_s=moments.uniform(0.0, 1.2 * whole_s))
                frames += done
                if ended and deaths:
                    break
                if ended:
                    # It was quicker than its killer: again, from the beginning.
                    finished.unlink()
                    frames = 0
                if not ended:
                    most_lost = max(most_lost, before + done - (arguments.frames if finished.is_file() else count_kept(folder)))
                deaths += not ended
            equal += is_same(finished, unbroken)
            kills += deaths
            most = max(most, frames - arguments.frames)
            left = [path.name for path in (folder / "cache").iterdir() if path.name.startswith(".")]
            if left:
                say(f"left behind: {', '.join(left)}")
            finished.unlink()
    say(f"{arguments.runs} embeddings of {arguments.frames} frames, {kills} processes killed (an unbroken one takes {whole_s:.1f} s)")
    say(f"{equal} of {arguments.runs} caches equal the unbroken one")
    say(f"most frames that one resumption embedded again: {most_lost}; all resumptions of one run together: {most}")
    if equal < arguments.runs:
        raise SystemExit(1)


def say(line: str) -> None:
    """Print a line."""
    print(line, flush=True)


def write_study(folder: Path, n_frames: int) -> Path:
    """Render one recording and write a study of it."""
    from behavior.synthetic.study import write_study_files

    (files,) = write_study_files(folder, n_recordings=1, n_frames=n_frames, seed=0)
    (folder / "recordings.csv").write_text(f"recording,video,pose\n{files.name},{files.video.name},{files.pose.name}\n")
    study = folder / "study.yaml"
    study.write_text("behaviors: [rear]\ncrop: {body_part: midbody}\nbackbone: {name: openfield, weights: packaged}\n")
    return study


def embed(study: Path, folder: Path, *, kill_after_s: float | None = None) -> tuple[int, bool]:
    """Run the child, kill it after `kill_after_s` seconds, and return the number of frames that it embedded and whether it finished."""
    counter = folder / "counter"
    counter.write_bytes(bytes(8))
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(study), str(counter)], stderr=subprocess.DEVNULL)
    try:
        status: int | None = child.wait(timeout=kill_after_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        status = None
    if status:
        raise SystemExit(f"embed failed with status {status}")
    return int.from_bytes(counter.read_bytes(), "little"), status == 0


def count_kept(folder: Path) -> int:
    """Return how many frames need not be embedded again."""
    from behavior.files.feature_cache import PART_ROWS

    return PART_ROWS * len(list((folder / "cache").glob(".*.parts/[0-9]*.npz")))


def is_same(path: Path, other: Path) -> bool:
    """Tell whether two caches hold the same numbers."""
    from behavior.files.feature_cache import read_features

    one, two = read_features(path), read_features(other)
    names = ("features", "centers", "measured", "time_s")
    return all(np.array_equal(getattr(one, name), getattr(two, name), equal_nan=True) for name in names[:2]) and all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in names[2:]
    )


if __name__ == "__main__":
    main()
