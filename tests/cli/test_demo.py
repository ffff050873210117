"""What the demo says at its end."""

import sys

import pytest

from behavior.workflows.demo import DemoResult


@pytest.fixture
def end(run, tmp_path, monkeypatch):
    """Return what is said at the end of a demo, where commands are found in a folder."""
    folder = tmp_path / "the environment"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "activate").touch()
    program = tmp_path / "found" / "behavior"
    program.parent.mkdir()
    program.touch(mode=0o755)
    names = ("study", "crossval", "model", "ethograms", "report")
    result = DemoResult(**{name: tmp_path / name for name in names}, pictures=[], average_precision={"grooming": 0.9})
    monkeypatch.setattr("behavior.cli.demo.load_keras", lambda: None)
    monkeypatch.setattr("behavior.workflows.demo.run_demo", lambda out, **settings: result)
    monkeypatch.setattr(sys, "prefix", str(folder))

    def call(path):
        monkeypatch.setenv("PATH", str(path))
        ran = run("demo", "--out", tmp_path / "demo")
        assert ran.status == 0, ran.err
        return ran.err.splitlines()

    return call


def test_where_the_program_is_not_found_it_is_said_how_it_will_be(end, tmp_path):
    lines = end(tmp_path)
    activate = tmp_path / "the environment" / "bin" / "activate"
    assert f"  . '{activate}'  first, once in each terminal: it finds the next commands" in lines
    assert lines.index("What to do next:") + 1 == lines.index(f"  . '{activate}'  first, once in each terminal: it finds the next commands")


def test_where_it_is_found_nothing_is_said_of_that(end, tmp_path):
    assert not any("activate" in line for line in end(tmp_path / "found"))
