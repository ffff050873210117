"""Every real label file, read by the script that lists what is in them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from behavior.files.labels import LABEL_SUFFIXES


def load_script() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "scripts" / "list_formats.py"
    specification = importlib.util.spec_from_file_location("list_formats", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["list_formats"] = module
    specification.loader.exec_module(module)
    return module


script = load_script()


# Counted by hand: START rows, rows of the annotators, pairs and points in the project, runs in the columns of 1 and 0.
COUNTED = [
    ("BORIS project", {"p": 0, "s": 4, "q": 0, "r": 0}, 8999),
    ("BORIS project", {"p": 3, "s": 3, "q": 0, "r": 0}, 4499),
    # Of subject1 and subject2, one bout lies within another.
    ("BORIS project", {"p": 5, "s": 6, "q": 0, "r": 0}, 8999),
    ("BORIS project", {"p": 2, "s": 0, "q": 0, "r": 0}, 8999),
    ("BORIS project", {"p": 0, "s": 0, "q": 3, "r": 2}, 4499),
    ("BORIS project", {"p": 0, "s": 1, "q": 0, "r": 0}, 4499),
    # Two bouts without a subject, and one of subject2 from the first into the second.
    ("BORIS project", {"p": 6, "s": 1, "q": 0, "r": 0}, 700),
    ("BORIS aggregated events", {"s": 3, "p": 3}, 4499),
    ("BORIS aggregated events", {"s": 6, "p": 5}, 8999),
    ("BORIS aggregated events", {"s": 2}, 13498),
    ("BORIS tabular events", {"s": 4}, 8999),
    ("BORIS tabular events", {"s": 4}, 8999),
    (
        "Caltech Behavior Annotator",
        {"social": 18, "nonsocial": 17, "aggression": 1, "lateralthreat": 2, "clinch": 2, "keepdown": 1},
        14957,
    ),
    ("Bento annotation", {"Attack": 5, "Sniffing": 3}, 19955),
    ("BORIS tabular events", {"attack": 3, "sniffing": 2}, 18716),
    ("BORIS tabular events", {"behavior1": 2, "behavior2": 1}, 18923),
    ("DeepEthogram labels", {"Attack": 2, "Sniffing": 1}, 10),
    ("Solomon Coder", {"Sniffing": 2, "Attack": 1}, 7),
    ("SimBA targets_inserted", {"Attack": 0, "Sniffing": 0}, 3),
    ("frame table", {"grooming": 5, "rearing_mig": 2, "rearing_paret": 37}, 6600),
    ("frame table", {"grooming": 5, "rearing_mig": 2, "rearing_paret": 37}, 6600),
]


def test_every_real_file_is_read(shared_data: Path) -> None:
    samples = list(script.read_samples(shared_data / "formats"))
    assert [(one.format, one.bouts, one.labelled) for one in samples] == COUNTED
    read_files = {one.sample.file for one in samples}
    there = {
        path.relative_to(shared_data / "formats").as_posix()
        for kind in ("boris", "simba", "thesis")
        for path in (shared_data / "formats" / kind).iterdir()
        if path.suffix in LABEL_SUFFIXES
    }
    assert read_files == there
