"""What a worker says of itself before it does anything."""

from dataclasses import replace
from pathlib import Path

from behavior.compute import dask_worker
from behavior.compute.dask_worker import Run, describe_worker
from behavior.compute.messages import decode, encode
from behavior.versions import collect_versions

HERE = Run("behavior-1", collect_versions()["behavior"], Path.cwd(), None, 1, 1.0)


def ask(run):
    return decode(describe_worker(encode(run)))


def test_one_that_has_the_version_and_the_folder_is_fit(tmp_path):
    assert ask(HERE) == ("", collect_versions())
    mark = tmp_path / ".behavior-1"
    mark.write_text("behavior-1")
    assert ask(replace(HERE, mark=mark))[0] == ""


def test_another_version_is_not(tmp_path):
    problem, _ = ask(replace(HERE, version="0.0.1"))
    assert problem == f"has behavior {HERE.version}, and this is 0.0.1; install the same version on both"


def test_without_the_folder_or_with_another_of_the_same_path_it_is_not(tmp_path, monkeypatch):
    assert ask(replace(HERE, folder=tmp_path / "gone"))[0].startswith(f"does not see {tmp_path / 'gone'}, in which the command runs; ")
    problem, _ = ask(replace(HERE, mark=tmp_path / "gone" / ".behavior-1"))
    assert problem.startswith(f"does not see {tmp_path / 'gone'}; ")
    monkeypatch.setattr(dask_worker, "SECONDS_TO_SEE", 0.2)
    mark = tmp_path / ".behavior-1"
    mark.write_text("behavior-2")
    assert ask(replace(HERE, mark=mark))[0].startswith(f"does not see {tmp_path}; ")
