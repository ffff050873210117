"""`behavior import-features`: features of other programs, brought into the cache, trained on and annotated with."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from behavior.files.feature_cache import find_imported, read_features
from behavior.workflows.import_features import import_features


def write_features(folder: Path) -> dict[str, Path]:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(400, 5)).astype(np.float32)
    files = {name: folder / name for name in ("mouse_01.npy", "mouse_02.npz", "mouse_03.csv", "mouse_04.parquet")}
    np.save(files["mouse_01.npy"], values)
    np.savez(files["mouse_02.npz"], features=values, fps=10)
    pd.DataFrame(values).to_csv(files["mouse_03.csv"], index_label="frame")
    pd.DataFrame(values, columns=list("abcde")).to_parquet(files["mouse_04.parquet"])
    return files


def test_features_of_every_kind_are_imported_and_trained_on(run, study_copy, tmp_path):
    pytest.importorskip("pyarrow")
    files = write_features(tmp_path)
    study_copy.write_text(study_copy.read_text().replace("streams: [appearance]", "streams: [noise, appearance]"))
    ran = run("import-features", study_copy, *files.values(), "--name", "noise", "--fps", "10", "--json")
    assert ran.status == 0, ran.err
    assert [(row["frames"], row["features"]) for row in json.loads(ran.out)["rows"]] == [(400, 5)] * 4
    ran = run("train", study_copy, "--out", tmp_path / "model")
    assert ran.status == 0, ran.err
    streams = yaml.safe_load((tmp_path / "model" / "bundle.yaml").read_text())["members"][0]["streams"]
    assert [(stream["name"], stream["n_features"]) for stream in streams] == [("noise", 5), ("appearance", 128)]
    ran = run("annotate", tmp_path / "model", "--study", study_copy, "--out", tmp_path / "e")
    assert ran.status == 0, ran.err
    assert len(list((tmp_path / "e").glob("*_ethogram.csv"))) == 4


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("mouse_01.npy", np.full((400, 2), np.nan), "frame 0, feature 0 is nan"),
        ("mouse_01.npy", np.zeros(400), "shape (400,)"),
        ("mouse_01.npy", np.array([["a"]]), "expected numbers"),
        ("mouse_1.npy", np.zeros((400, 2)), "did you mean 'mouse_01'?"),
        ("mouse_01.txt", np.zeros((400, 2)), "found a .txt file"),
    ],
)
def test_features_that_cannot_be_imported_are_said(run, study_copy, tmp_path, name, content, sentence):
    path = tmp_path / name
    with path.open("wb") as file:
        np.save(file, content)
    good = tmp_path / "mouse_02.npy"
    np.save(good, np.zeros((400, 2)))
    ran = run("import-features", study_copy, path, good, "--name", "noise", "--fps", "10", "--json")
    assert ran.status == 1
    assert sentence in ran.err
    assert [row["recording"] for row in json.loads(ran.out)["rows"]] == ["mouse_02"]


def test_features_without_a_frame_rate_are_refused(run, study_copy, tmp_path):
    np.save(tmp_path / "mouse_01.npy", np.zeros((400, 2)))
    ran = run("import-features", study_copy, tmp_path / "mouse_01.npy", "--name", "noise")
    assert ran.status == 1
    assert "give them with --fps" in ran.err


def test_a_name_that_is_taken_or_no_file_name_is_refused(run, study_copy, tmp_path):
    np.save(tmp_path / "mouse_01.npy", np.zeros((400, 2)))
    for name in ("appearance", "no/name"):
        ran = run("import-features", study_copy, tmp_path / "mouse_01.npy", "--name", name, "--fps", "10")
        assert ran.status == 2
        assert f"--name is {name!r}" in ran.err


def test_imported_features_are_in_the_cache_as_they_were(study_copy, tmp_path):
    values = np.random.default_rng(1).normal(size=(400, 3)).astype(np.float32)
    np.savez(tmp_path / "mouse_02.npz", features=values, fps=20)
    # The file's own rate counts, not what is given for those without.
    result = import_features(study_copy, [tmp_path / "mouse_02.npz"], name="noise", fps=10)
    assert (result.shapes, result.failures) == ({"mouse_02": (400, 3)}, {})
    features = read_features(find_imported(study_copy.parent / "cache", "mouse_02", "noise"))
    assert features.fps == 20
    np.testing.assert_allclose(features.features, values, atol=2e-3)
    np.testing.assert_allclose(features.time_s, np.arange(400) / 20)
    assert features.measured.all()
