"""Paths, and opened objects in their place."""

from pathlib import Path
from types import SimpleNamespace

from behavior.api.arguments import as_path, choose_where, find_folder, find_study, list_paths


def test_paths_may_be_strings():
    assert (as_path("a/b"), as_path(Path("a/b")), as_path(None)) == (Path("a/b"), Path("a/b"), None)


def test_one_path_is_a_list_of_one():
    assert list_paths("a") == list_paths(Path("a")) == list_paths(["a"]) == list_paths((Path("a"),)) == [Path("a")]


def test_an_object_stands_for_where_it_is():
    assert find_study(SimpleNamespace(path=Path("study.yaml"))) == find_study("study.yaml") == Path("study.yaml")
    assert find_folder(SimpleNamespace(folder=Path("model"))) == find_folder(Path("model")) == Path("model")
    assert (find_study(None), find_folder(None)) == (None, None)


def test_a_cluster_is_an_address_or_a_file(tmp_path):
    assert choose_where(None, None).is_here
    assert choose_where(2, None).workers == 2
    assert choose_where(None, "tcp://10.0.0.5:8786").cluster == "tcp://10.0.0.5:8786"
    (tmp_path / "cluster.yaml").write_text("kind: slurm\njobs: 3\nmemory: 4 GB\n")
    assert choose_where(None, tmp_path / "cluster.yaml").cluster["jobs"] == 3
