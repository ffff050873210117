"""Simulate labs that compare groups by a model's ethograms, with and without an audit, and count how often intervals cover the truth.

    python scripts/simulate_audit.py

Animals differ in how much they groom, bouts come and go at random, and a model misses and invents frames, in one group perhaps more than in
the other. Clips are drawn as `behavior audit` draws them. Printed for each case: how often the 95 % interval of the difference between the
groups' shares of time covers the true one, and how often it leaves out 0 (false alarms where there is no effect, power where there is one),
for the model alone, for the clips alone, and for both together.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behavior.statistics.audit_clips import draw_cells
from behavior.statistics.prediction_powered import AuditedAnimal, Estimate, Kind, estimate_difference, tune_power

FPS, MINUTES, CLIP_S = 5, 10, 10.0
LABS_AT_ONCE = 50
KINDS: tuple[Kind, ...] = ("predicted", "audited", "corrected")


@dataclass(frozen=True)
class Case:
    """A pair of groups: their true shares, and how the model errs in each."""

    name: str
    shares: tuple[float, float]
    misses: tuple[float, float]
    inventions: tuple[float, float]


CASES = (
    Case("errs alike, no effect", (0.20, 0.20), (0.15, 0.15), (0.03, 0.03)),
    Case("errs alike, effect", (0.20, 0.28), (0.15, 0.15), (0.03, 0.03)),
    Case("errs more in one group, no effect", (0.20, 0.20), (0.10, 0.40), (0.02, 0.02)),
    Case("invents in one group, no effect", (0.20, 0.20), (0.10, 0.10), (0.01, 0.10)),
    Case("errs more in one group, effect", (0.20, 0.28), (0.10, 0.40), (0.02, 0.02)),
    Case("hardly better than chance, no effect", (0.20, 0.20), (0.60, 0.60), (0.15, 0.15)),
)


def draw_runs(generator: np.random.Generator, share: npt.NDArray[np.float64], n_frames: int, mean_bout: float) -> npt.NDArray[np.bool_]:
    """Return bouts that come and go at random, shape (animals, frames), each animal's true in `share` of its frames on average."""
    stops = 1 / mean_bout
    starts = np.minimum(share * stops / (1 - share), 1.0)
    state = generator.random(len(share)) < share
    frames = np.empty((n_frames, len(share)), dtype=bool)
    chances = generator.random((n_frames, len(share)))
    for frame in range(n_frames):
        frames[frame] = state
        state = np.where(state, chances[frame] >= stops, chances[frame] < starts)
    return frames.T


def simulate(case: Case, n_animals: int, minutes: float, n_labs: int, generator: np.random.Generator) -> list[dict[Kind, Estimate]]:
    """Return what each lab finds: the second group's share of time less the first's, by each kind of figure."""
    n_frames, n_all = FPS * 60 * MINUTES, n_labs * n_animals
    clips_each = max(round(minutes * 60 / CLIP_S / (2 * n_animals)), 1)
    groups: list[list[AuditedAnimal]] = []
    for share, miss, invention in zip(case.shares, case.misses, case.inventions, strict=True):
        shares = generator.beta(share * 20, (1 - share) * 20, n_all)
        true = draw_runs(generator, shares, n_frames, mean_bout=3 * FPS)
        # A model errs in stretches, and in some animals more than in others.
        wrong = [
            draw_runs(generator, np.clip(generator.normal(rate, rate / 3, n_all), 0.001, 0.95), n_frames, mean_bout=1.5 * FPS)
            for rate in (miss, invention)
        ]
        predicted = np.where(true, ~wrong[0], wrong[1])
        animals = []
        for animal in range(n_all):
            cells = draw_cells([n_frames], [int(CLIP_S * FPS)], clips_each, generator)[:, 1:]
            lengths = np.diff(cells, axis=1)[:, 0] / FPS
            of_clips = [np.array([values[animal, start:stop].mean() for start, stop in cells]) for values in (predicted, true)]
            animals.append(AuditedAnimal(float(predicted[animal].mean()), lengths, *of_clips))
        groups.append(animals)
    found = []
    for lab in range(n_labs):
        first, second = (group[lab * n_animals : (lab + 1) * n_animals] for group in groups)
        power = tune_power([*first, *second])
        found.append({kind: estimate_difference(first, second, kind, power=power) for kind in KINDS})
    return found


def main() -> None:
    """Print a row for each case and number of animals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--animals", default="4,10,20", help="in each of the two groups")
    parser.add_argument("--minutes", type=float, default=40.0, help="labelled in all")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"{arguments.runs} runs of each, {arguments.minutes:g} minutes labelled in all, recordings of {MINUTES} minutes; % of runs")
    print(f"{'case':38} {'animals':>7}  " + "  ".join(f"{kind + ' covers':>17} {'finds':>5} {'width':>6}" for kind in KINDS))
    for case in CASES:
        truth = case.shares[1] - case.shares[0]
        for n_animals in map(int, arguments.animals.split(",")):
            generator = np.random.default_rng([arguments.seed, n_animals])
            found: list[dict[Kind, Estimate]] = []
            while len(found) < arguments.runs:
                found += simulate(case, n_animals, arguments.minutes, min(LABS_AT_ONCE, arguments.runs - len(found)), generator)
            cells = []
            for kind in KINDS:
                estimates = [run[kind] for run in found]
                covers = np.mean([one.low <= truth <= one.high for one in estimates])
                finds = np.mean([not one.low <= 0 <= one.high for one in estimates])
                cells.append(f"{covers:17.1%} {finds:5.1%} {np.mean([one.high - one.low for one in estimates]):6.3f}")
            print(f"{case.name:38} {2 * n_animals:7}  " + "  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
