"""Importers of label files are handed random bytes and near-valid files: labels or a clear error, never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import fuzz_importers as fuzz
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.files import labels
from behavior.files.label_formats.source import LabelSource
from behavior.files.labels import LABEL_FORMATS

# Seeds that are of a format that another one is named after.
FURTHER = {"spreadsheet": "sheet of x marks", "table of samples": "frame table"}
EXPECTED = np.array(fuzz._CELLS, dtype=np.int8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


def test_every_importer_is_tried(folder: Path) -> None:
    for name, content in fuzz.SEEDS.items():
        path = folder / "seed"
        assert fuzz.try_input(path, content, fuzz.expect(name), behaviors=fuzz.SHOWN_IN.get(name, fuzz.BEHAVIORS)) == "labels"
        assert labels.recognise_labels(path) == FURTHER.get(name, name)
    assert set(fuzz.SEEDS) - set(FURTHER) == {label_format.name for label_format in LABEL_FORMATS}


@given(content=st.binary(max_size=400))
@settings(max_examples=25)
def test_random_bytes_are_refused(folder: Path, content: bytes) -> None:
    assert fuzz.try_input(folder / "random", content, None) in ("LabelError", "labels")


@given(content=st.binary(max_size=200))
@settings(max_examples=4)
@pytest.mark.parametrize("name", fuzz.SEEDS)
def test_random_bytes_behind_what_tells_a_format(folder: Path, name: str, content: bytes) -> None:
    seed = fuzz.SEEDS[name]
    head = seed[: 4 if name == "spreadsheet" else max(seed.find(b"\n") + 1, 40)]
    assert fuzz.try_input(folder / "headed", head + content, None) in ("LabelError", "labels")


@given(number=st.integers(0, 1 << 32))
@settings(max_examples=8)
@pytest.mark.parametrize("name", fuzz.SEEDS)
def test_near_valid_files_are_read_or_refused(folder: Path, name: str, number: int) -> None:
    content, is_same = fuzz.vary(fuzz.SEEDS[name], random.Random(number), list(fuzz.SEEDS.values()))
    shown = fuzz.SHOWN_IN.get(name, fuzz.BEHAVIORS)
    assert fuzz.try_input(folder / "near", content, fuzz.expect(name) if is_same else None, behaviors=shown) in ("LabelError", "labels")


def test_what_an_importer_lets_through_is_noticed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(source: LabelSource, header_line: int | None) -> object:
        raise KeyError("a bug")

    monkeypatch.setattr(LabelSource, "find_table", break_off)
    with pytest.raises(KeyError):
        fuzz.try_input(folder / "bug", fuzz.SEEDS["frame table"], EXPECTED)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        fuzz.try_input(folder / "wrong", fuzz.SEEDS["frame table"], 1 - EXPECTED)
