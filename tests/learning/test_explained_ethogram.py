"""An ethogram is explained with the model that made it, and with no other."""

from __future__ import annotations

import shutil

import pytest

from behavior.errors import CacheError, EthogramError, ModelError, UsageError
from behavior.files.ethograms import read_annotation, write_annotation
from behavior.learning.explained_ethogram import open_explained


def test_a_model_that_is_gone_or_another_one_and_features_that_are_not_there_are_named(demo, tmp_path):
    path = demo.ethograms / "mouse_04_ethogram.csv"
    with pytest.raises(ModelError, match=r"is not there, but mouse_04_ethogram\.csv was made with it"):
        open_explained(path, model=tmp_path / "gone")
    shutil.copytree(demo.model, tmp_path / "model")
    bundle = tmp_path / "model" / "bundle.yaml"
    bundle.write_text(bundle.read_text() + "\n# changed\n")
    with pytest.raises(ModelError, match="or was changed since"):
        open_explained(path, model=tmp_path / "model")
    with pytest.raises(CacheError):
        open_explained(path, cache=tmp_path / "empty", may_embed=False)


def test_an_ethogram_that_names_no_model_and_a_study_of_other_recordings_are_refused(demo, tmp_path):
    annotation = read_annotation(demo.ethograms / "mouse_04_ethogram.csv")
    provenance = annotation.provenance.model_copy(update={"model": None})
    nameless = type(annotation)(annotation.recording, annotation.probabilities, annotation.raw, annotation.ethogram, provenance)
    path, *_ = write_annotation(tmp_path, nameless)
    with pytest.raises(EthogramError, match="does not say which model made it"):
        open_explained(path)
    manifest = demo.study.with_name("recordings.csv").read_text().splitlines()
    (tmp_path / "recordings.csv").write_text("\n".join(line for line in manifest if "mouse_04" not in line) + "\n")
    shutil.copy(demo.study, tmp_path)
    with pytest.raises(UsageError, match="has no recording 'mouse_04'"):
        open_explained(demo.ethograms / "mouse_04_ethogram.csv", study=tmp_path / "study.yaml")
