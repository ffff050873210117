"""Names of label files tell raters."""

from __future__ import annotations

from pathlib import Path

import pytest
from paired_folder import fill

from behavior.files.pairing import pair_files


@pytest.mark.parametrize(
    ("files", "raters"),
    [
        (["m1_anna.csv", "m1_ben.csv", "m2_Anna_final.csv", "m2_ben_final.csv"], []),
        (["m1_anna.csv", "m1_ben.csv", "m2_anna.csv", "m2_ben.csv"], ["anna", "ben"]),
        (["labels/Anna S/m1.csv", "labels/Ben/m1.csv", "m2 x.csv"], ["Anna_S", "Ben"]),
        # Parts, dates, corrections and exports say nothing of raters.
        (["m1_1.csv", "m1_2.csv"], []),
        (["m1_2024-03-01.csv", "m1_2024-03-02.csv"], []),
        (["m1 x.csv", "m1 x old.csv"], []),
        (["m1.csv", "m1.tsv"], []),
    ],
)
def test_label_files_that_fit_equally_well_are_those_of_raters_where_names_tell_them(tmp_path: Path, files, raters) -> None:
    fill(tmp_path, "m1.mp4", "m2.mp4", *files)
    pairings, sentences = pair_files(tmp_path)
    assert next(sorted(pairing.raters) for pairing in pairings if pairing.labels is None) == raters
    assert bool(pairings[0].undecided) == (not raters)
    assert any("; none is chosen, enter one in the column labels, or each in a column labels_NAME" in said for said in sentences) == (
        not raters
    )
    assert any(f"in the columns {' and '.join(f'labels_{name}' for name in raters)};" in said for said in sentences) == bool(raters)
