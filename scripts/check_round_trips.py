"""Export ethograms to every format, read each file back, and count the bouts that are not the same.

    python scripts/check_round_trips.py demo
    python scripts/check_round_trips.py ethograms --out exports

The folder is one of ethograms, or one with a folder `ethograms` in it, as `behavior demo` leaves. A difference is a bout that is only
before or only after. The exit status is 1 if there is any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.files.ethogram_formats.formats import FORMATS
from behavior.files.ethogram_formats.nwb import read_nwb
from behavior.files.ethogram_formats.parquet import read_parquet
from behavior.files.ethograms import find_ethograms, read_annotation
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.recording import Annotation, Frames, find_bouts
from behavior.workflows.export import export_ethograms

Bout = tuple[str, str, int, int]


def main() -> int:
    """Print a line per format; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="STUDY_OUT", help="Folder of ethograms, or one with such a folder in it.")
    parser.add_argument("--out", type=Path, help="Keep the exported files in this folder.")
    arguments = parser.parse_args()
    inner = arguments.folder / "ethograms"
    annotations = [read_annotation(path) for path in find_ethograms([inner if inner.is_dir() else arguments.folder])]
    with tempfile.TemporaryDirectory() as temporary:
        out = arguments.out or Path(temporary)
        result = export_ethograms([inner if inner.is_dir() else arguments.folder], list(FORMATS), out, overwrite=True)
        for sentence in result.failures.values():
            print(sentence, file=sys.stderr)
        return 1 if _compare(annotations, out) or result.failures else 0


def _compare(annotations: list[Annotation], out: Path) -> int:
    print(f"{'format':<18}{'recordings':>12}{'bouts before':>14}{'bouts after':>13}{'differences':>13}")
    total = 0
    for name in FORMATS:
        before: set[Bout] = set()
        after: set[Bout] = set()
        for annotation in annotations:
            before.update(_list_bouts(annotation, annotation.ethogram.values))
            after.update(_list_bouts(annotation, _read_back(name, out, annotation)))
        differences = len(before ^ after)
        total += differences
        print(f"{name:<18}{len(annotations):>12}{len(before):>14}{len(after):>13}{differences:>13}")
    return total


def _list_bouts(annotation: Annotation, values: npt.NDArray[np.bool_]) -> Iterator[Bout]:
    for column, behavior in enumerate(annotation.behaviors):
        for start, stop in find_bouts(values[:, column]).tolist():
            yield annotation.recording, behavior, start, stop


def _read_back(name: str, out: Path, annotation: Annotation) -> npt.NDArray[np.bool_]:
    """Return the decisions (T, B) of a recording in a format, read by the importer of labels if there is one."""
    path = FORMATS[name].find_path(out, annotation.recording)
    if name in ("nwb", "parquet"):
        ethogram = read_nwb(path) if name == "nwb" else read_parquet(path)
        return ethogram.values[:, [ethogram.behaviors.index(behavior) for behavior in annotation.behaviors]]
    video = annotation.provenance.video
    names = (annotation.recording, *([Path(video).name] if video else []))
    frames = Frames.from_times(annotation.time_s)
    labels, _ = read_labels(path, LabelRequest(annotation.behaviors, frames, recording_names=names, background="absent"))
    return labels.values == 1


if __name__ == "__main__":
    sys.exit(main())
