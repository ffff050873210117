"""Every real label file, read by the script that lists what is in them."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import list_formats as script
import pandas as pd
import pytest
import scipy.io

from behavior.files.labels import LABEL_SUFFIXES, is_label_file

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
    chosen = [sample for sample in script.SAMPLES if not sample.file.startswith("others/")]
    samples = list(script.read_samples(shared_data / "formats", chosen))
    assert [(one.format, one.bouts, one.labelled) for one in samples] == COUNTED
    read_files = {one.sample.file for one in samples}
    assert read_files == list_files(shared_data / "formats", "boris", "simba", "thesis")


@pytest.mark.slow
def test_every_sample_of_other_programs_reads_as_other_readers_have_it(shared_data: Path) -> None:
    chosen = [sample for sample in script.SAMPLES if sample.file.startswith("others/")]
    positives = {one.sample.file: one.positives for one in script.read_samples(shared_data / "formats", chosen)}
    others = shared_data / "formats/others"
    assert positives == {f"others/{name}": counts for name, counts in count_others(others).items()}
    there = list_files(shared_data / "formats", "others")
    assert set(positives) == {name for name in there if is_label_file(shared_data / "formats" / name)}


def list_files(folder: Path, *kinds: str) -> set[str]:
    paths = (path for kind in kinds for path in (folder / kind).rglob("*"))
    return {path.relative_to(folder).as_posix() for path in paths if path.suffix.casefold() in LABEL_SUFFIXES}


def count_others(folder: Path) -> dict[str, dict[str, int]]:
    """Return how many frames show each behavior, by other readers than the package's."""

    def count(*spans: tuple[float, float]) -> int:
        return sum(any(start <= frame / 10 < stop for start, stop in spans) for frame in range(1500))

    counts: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("behaviordepot_mat/*.mat")):
        if h5py.is_hdf5(path):
            with h5py.File(path) as file:
                counts[f"behaviordepot_mat/{path.name}"] = {"Freezing": int(file["hBehavior/Freezing/Vector"][()].sum())}
        else:
            vector = scipy.io.loadmat(path, simplify_cells=True)["hBehavior"]["Freezing"]["Vector"]
            counts[f"behaviordepot_mat/{path.name}"] = {"Freezing": int(vector.sum())}
    counts["bento_multichannel/mars_out.annot"] = {"mount": 35 - 16 + 1, "attack": 0, "sniff": 0}
    fine, coarse = (pd.read_csv(folder / f"boris_binary_table/mouse_01_{step}.tsv", sep="\t") for step in ("100ms", "1s"))
    names = list(fine.columns[1:])
    counts["boris_binary_table/mouse_01_100ms.tsv"] = {name: int(fine[name][:1500].sum()) for name in names}
    counts["boris_binary_table/mouse_01_1s.tsv"] = {name: 10 * int(coarse[name][:150].sum()) for name in names}
    (sequence,) = json.loads((folder / "calms21_json/calms21_task1_tiny.json").read_text())["annotator-id_0"].values()
    vocabulary = sequence["metadata"]["vocab"]
    counts["calms21_json/calms21_task1_tiny.json"] = {
        name: sequence["annotations"].count(number) for name, number in vocabulary.items() if name != "other"
    }
    for name in ("2019_06_26_fly2", "2019_08_07_fly2"):
        table = pd.read_csv(folder / f"daart_csv/{name}.csv", index_col=0)
        counts[f"daart_csv/{name}.csv"] = {column: int(table[column].sum()) for column in table.columns[1:]}
    counts["eaf_behavior/mouse_01.eaf"] = {"grooming": count((51.3, 56.3)), "rearing": count((5.1, 9.6), (72.0, 75.2))}
    counts["ethovision_manual/Manual_scoring.xlsx"] = {"rearing": count((5.1, 9.6)), "grooming": count((51.3, 56.3))}
    for kind in ("multi", "single"):
        content = json.loads((folder / f"feral_json/labels_{kind}label.json").read_text())
        rows = content["labels"]["synthetic_00.mp4"]
        counts[f"feral_json/labels_{kind}label.json"] = {
            name: sum(row[int(number)] if kind == "multi" else row == int(number) for row in rows)
            for number, name in content["class_names"].items()
            if name != "other"
        }
    blocks = json.loads((folder / "jabs_annotation/mouse_01.json").read_text())["labels"]["0"]["grooming"]
    counts["jabs_annotation/mouse_01.json"] = {"grooming": sum(one["end"] - one["start"] + 1 for one in blocks if one["present"])}
    value = json.loads((folder / "labelstudio/mouse_01.json").read_text())[0]["annotations"][0]["result"][0]["value"]
    counts["labelstudio/mouse_01.json"] = {"grooming": sum(one["end"] - one["start"] + 1 for one in value["ranges"])}
    with h5py.File(folder / "ndx_ethogram/mouse_01.nwb") as file:
        bouts = file["processing/behavior/behavior_bouts"]
        counts["ndx_ethogram/mouse_01.nwb"] = {
            str(name): count((start, stop))
            for name, start, stop in zip(bouts["label"].asstr()[()], bouts["start_time"][()], bouts["stop_time"][()], strict=True)
        }
    counts["observer_xlsx/observer.xlsx"] = {"rearing": count((5.1, 9.6))}
    counts["textgrid/mouse_01.TextGrid"] = {"grooming": count((51.3, 56.3))}
    (span,) = json.loads((folder / "via/mouse_01_via.json").read_text())["metadata"].values()
    counts["via/mouse_01_via.csv"], counts["via/mouse_01_via.json"] = {"g": count(span["z"])}, {"grooming": count(span["z"])}
    return counts
