"""`behavior decide`: thresholds and cleans stored probabilities again, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behavior.errors import BehaviorError, UsageError
from behavior.files.ethograms import find_ethograms, read_annotation, write_annotation
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
    """

    bouts: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def decide_ethograms(paths: Sequence[Path], change: DecisionChange, *, out: Path | None = None) -> DecideResult:
    """Decide the ethograms at `paths` again and write their three files to `out`, in place where None.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them.
    change
        What is decided otherwise; the rest stays as it was decided before.

    Raises
    ------
    UsageError
        If a value cannot be used.
    EthogramError
        If there is no ethogram at `paths`.
    """
    result = DecideResult()
    decided: list[tuple[Path, Annotation]] = []
    # Nothing is written before every setting has been found to fit every ethogram.
    for path in find_ethograms(paths):
        try:
            decided.append((path, decide_again(read_annotation(path), change, source=path)))
        except UsageError:
            raise
        except BehaviorError as error:
            result.failures[str(path)] = str(error)
            complain(str(error))
    for path, annotation in decided:
        write_annotation(out or path.parent, annotation)
        result.bouts[annotation.recording] = count_bouts(annotation)
    return result
