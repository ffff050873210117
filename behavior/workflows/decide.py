"""`behavior decide`: thresholds and cleans stored probabilities again, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from behavior.config import Arena
from behavior.embedding.unmeasured import find_observed
from behavior.errors import BehaviorError, UsageError
from behavior.files.atomic import require_makeable
from behavior.files.ethograms import claim_ethograms, find_ethograms, read_annotation
from behavior.learning.changed_decisions import DecisionChange, decide_again
from behavior.learning.decisions import count_bouts
from behavior.progress import complain
from behavior.recording import Annotation

__all__ = ["DecideResult", "decide_ethograms"]


@dataclass
class DecideResult:
    """What was decided again.

    Attributes
    ----------
    bouts
        Number of bouts of each behavior, by recording.
    failures
        A sentence for each file that could not be used.
    notes
        A sentence for each recording whose bouts `behavior stats` counts otherwise.
    """

    bouts: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def decide_ethograms(paths: Sequence[Path], change: DecisionChange, *, out: Path | None = None) -> DecideResult:
    """Decide the ethograms at `paths` again and write their three files to `out`, in place where None.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them.
    change
        What is decided otherwise; the rest stays as it was decided before. Only probabilities and settings are taken from the files, so
        that damaged decisions are made again.

    Raises
    ------
    UsageError
        If a value cannot be used.
    EthogramError
        If there is no ethogram at `paths`.
    OutputError
        If a file cannot be written, or another process goes on writing ethograms into the same folder. Recordings not yet written stay
        as they were.
    """
    result = DecideResult()
    ethograms = find_ethograms(paths)
    if out is not None:
        require_makeable(out)
    with ExitStack() as claims:

        def claim(folders: Iterable[Path]) -> dict[Path, Callable[[Annotation], list[Path]]]:
            # In one order, so that no two processes wait for each other.
            return {folder: claims.enter_context(claim_ethograms(folder)) for folder in sorted(set(folders))}

        # Decisions in place follow from those before: no other process may change them in between.
        writers = claim(path.parent for path in ethograms) if out is None else {}
        decided = _decide(ethograms, change, result)
        if out is not None:
            writers = claim([out])
        for path, annotation in decided:
            writers[out or path.parent](annotation)
            result.bouts[annotation.recording] = count_bouts(annotation)
            result.notes += _note_unobserved(annotation)
    return result


def _note_unobserved(annotation: Annotation) -> list[str]:
    """Return a sentence where `stats` counts other bouts, because those frames are not observed in which the animal was lost for long."""
    longest_s = Arena().max_gap_s
    observed = find_observed(annotation, max_gap_s=longest_s)
    if observed is None:
        return []
    seen = replace(annotation.ethogram, values=annotation.ethogram.values & observed[:, None])
    before, counts = count_bouts(annotation), count_bouts(replace(annotation, ethogram=seen))
    other = ", ".join(f"{number} of {name}" for name, number in counts.items() if number != before[name])
    if not other:
        return []
    return [
        f"{annotation.recording}: behavior stats counts {other}: frames in which the animal was not measured for more than {longest_s:g} s "
        "are not observed there, and bouts end at them."
    ]


def _decide(ethograms: Sequence[Path], change: DecisionChange, result: DecideResult) -> list[tuple[Path, Annotation]]:
    """Return the ethograms decided again, all of them before any is written; a sentence for those that cannot be goes into `result`."""
    decided: list[tuple[Path, Annotation]] = []
    for path in ethograms:
        try:
            decided.append((path, decide_again(read_annotation(path, needs_decisions=False), change, source=path)))
        except UsageError:
            raise
        except BehaviorError as error:
            result.failures[str(path)] = str(error)
            complain(str(error))
    return decided
