"""Results are replaced as a whole: at whatever moment a run is killed, nothing is taken for complete that is not."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from behavior.errors import OutputError
from behavior.files import result_folders
from behavior.files.atomic import write_text
from behavior.files.result_folders import is_unfinished, refuse_result_file, refuse_results, replace_results
from behavior.files.temporary import name_temporary

TABLES = ("metrics.csv", "ceiling.csv", "figures/curve.svg")


def find_tables(folder):
    return [folder / name for name in TABLES]


def write(folder, names, content):
    with replace_results(folder, mark="summary.md", find_earlier=find_tables) as staging:
        for name in names:
            (staging / name).parent.mkdir(exist_ok=True)
            write_text(staging / name, content)
        write_text(staging / "summary.md", content)


def list_files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


OLD = dict.fromkeys(("metrics.csv", "ceiling.csv", "summary.md", "notes.txt"), "old")
NEW = {"metrics.csv": "new", "figures/curve.svg": "new", "summary.md": "new", "notes.txt": "old"}


@pytest.fixture
def before(tmp_path):
    folder = tmp_path / "before"
    write(folder, ("metrics.csv", "ceiling.csv"), "old")
    (folder / "notes.txt").write_text("old")
    assert list_files(folder) == OLD
    return folder


def test_new_results_replace_the_earlier_ones_and_nothing_else(before):
    write(before, ("metrics.csv", "figures/curve.svg"), "new")
    assert list_files(before) == NEW
    assert not [path.name for path in before.rglob(".*")]


def test_after_a_kill_at_any_moment_there_are_the_old_results_or_the_new_or_no_mark(before, tmp_path, monkeypatch):
    """What a kill leaves is what is on disk at that moment: it is copied before and after each change of a name."""
    folder, moments = tmp_path / "results", []
    shutil.copytree(before, folder)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    def keep(path):
        if folder not in path.parents:
            return
        moments.append(tmp_path / f"moment_{len(moments)}")
        shutil.copytree(folder, moments[-1])
        # The process that was killed is gone.
        for left in sorted(moments[-1].rglob(".*"), reverse=True):
            if left.name.endswith(".claim"):
                left.write_text(json.dumps({"host": socket.gethostname(), "pid": ended.pid, "token": "x"}))
            elif f"-{os.getpid()}-" in left.name:
                left.rename(left.with_name(left.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-")))

    def guard(original):
        def guarded(path, *arguments, **options):
            keep(path)
            result = original(path, *arguments, **options)
            keep(path)
            return result

        return guarded

    with monkeypatch.context() as patched:
        for name in ("replace", "unlink", "touch"):
            patched.setattr(Path, name, guard(getattr(Path, name)))
        write(folder, ("metrics.csv", "figures/curve.svg"), "new")
    assert list_files(folder) == NEW
    n_marked = 0
    for moment in moments:
        files = list_files(moment)
        if "summary.md" in files:
            n_marked += 1
            assert files in (OLD, NEW)
        else:
            # Old and new are never side by side.
            assert set(files.items()) <= set(OLD.items()) or set(files.items()) <= set(NEW.items())
        assert is_unfinished(moment) or files in (OLD, NEW)
        write(moment, ("metrics.csv", "figures/curve.svg"), "new")
        assert list_files(moment) == NEW
        assert not [path.name for path in moment.rglob(".*")]
    assert len(moments) > 20
    assert n_marked < len(moments)


def test_complete_results_are_refused_and_what_a_run_killed_at_its_end_left_is_removed(before):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    refuse_results(before, mark="other.md", what="results", advice="give another folder")
    with name_temporary(before / "results") as staging:
        name = staging.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-")
    (before / name).mkdir()
    (before / ".unfinished").touch()
    claim = before / ".summary.md.claim"
    claim.write_text(json.dumps({"host": "elsewhere", "pid": 17, "token": "x"}))
    with pytest.raises(OutputError, match=r"before: holds results already \(summary\.md\); give another folder\."):
        refuse_results(before, mark="summary.md", what="results", advice="give another folder")
    # Somebody is at it.
    assert is_unfinished(before)
    claim.write_text(json.dumps({"host": socket.gethostname(), "pid": ended.pid, "token": "x"}))
    with pytest.raises(OutputError):
        refuse_results(before, mark="summary.md", what="results", advice="give another folder")
    assert list_files(before) == OLD
    assert not [path.name for path in before.rglob(".*")]


def test_a_block_that_fails_leaves_the_earlier_results(before):
    with pytest.raises(OSError, match="full"), replace_results(before, mark="summary.md", find_earlier=find_tables) as staging:
        write_text(staging / "metrics.csv", "new")
        raise OSError(28, "full")
    assert list_files(before) == OLD
    assert not [path.name for path in before.rglob(".*")]


def test_a_file_that_cannot_be_written_is_named_as_it_would_be(before):
    with (
        pytest.raises(OutputError, match=r"before/metrics\.csv: cannot be written \(full\)"),
        replace_results(before, mark="summary.md", find_earlier=find_tables) as staging,
    ):
        raise OutputError(f"{(staging / 'metrics.csv').as_posix()}: cannot be written (full)")
    assert list_files(before) == OLD


def test_results_without_their_mark_are_a_mistake_of_the_program(before):
    with pytest.raises(ValueError, match=r"no summary\.md was written"), replace_results(before, mark="summary.md", find_earlier=list):
        pass
    assert list_files(before) == OLD


def test_another_process_is_waited_for_and_named(before):
    claim = before / ".summary.md.claim"
    claim.write_text(json.dumps({"host": "elsewhere", "pid": 17, "token": "x"}))
    with (
        pytest.raises(OutputError, match=r"the results in .*: process 17 on elsewhere \(its claim is .*\) is writing there"),
        replace_results(before, mark="summary.md", find_earlier=list, patience_s=0),
    ):
        pass


def test_a_file_that_cannot_be_renamed_is_named(before, monkeypatch):
    def refuse(path, target):
        raise OSError(30, "Read-only file system")

    with (
        pytest.raises(OutputError, match=r"metrics\.csv: cannot be written \(Read-only file system\)"),
        replace_results(before, mark="summary.md", find_earlier=find_tables) as staging,
    ):
        (staging / "metrics.csv").write_text("new")
        (staging / "summary.md").write_text("new")
        monkeypatch.setattr(Path, "replace", refuse)
    assert result_folders.is_unfinished(before)


def test_a_file_that_is_to_be_written_is_looked_at_before_any_work(tmp_path):
    path = tmp_path / "new" / "report.html"
    refuse_result_file(path, overwrite=False)
    assert not list(tmp_path.iterdir())
    path.parent.mkdir()
    path.write_text("earlier")
    with pytest.raises(OutputError, match="is there already; give another --out, or --overwrite"):
        refuse_result_file(path, overwrite=False)
    refuse_result_file(path, overwrite=True)
    assert path.read_text() == "earlier"
    with pytest.raises(OutputError, match="is a folder, expected a file"):
        refuse_result_file(path.parent, overwrite=True)
    with pytest.raises(OutputError, match="cannot be made"):
        refuse_result_file(path / "below" / "report.html", overwrite=True)
