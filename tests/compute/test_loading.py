"""Loading Keras: nothing is printed, unless it fails."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from behavior.compute.loading import silence_tensorflow

NOISY = "import os, sys\nos.write(2, b'a note for developers\\n')\nprint('so has Python', file=sys.stderr, flush=True)\n"


def load(tmp_path: Path, keras: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "keras.py").write_text(keras)
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from behavior.compute.loading import load_keras; load_keras()"
    after = "; import keras; print('loaded', file=sys.stderr)"
    return subprocess.run([sys.executable, "-c", script + after], capture_output=True, text=True, cwd=Path(__file__).parents[2])


def test_what_is_printed_while_it_loads_is_dropped(tmp_path):
    loaded = load(tmp_path, NOISY)
    assert (loaded.returncode, loaded.stderr) == (0, "loaded\n")


def test_the_library_is_told_before_it_loads(tmp_path):
    loaded = load(tmp_path, "import os, sys\nsys.stdout.write(os.environ['TF_CPP_MIN_LOG_LEVEL'])\n")
    assert loaded.stdout == "3"


def test_it_is_shown_if_loading_fails(tmp_path):
    loaded = load(tmp_path, NOISY + "raise ImportError('libcudart is missing')")
    assert loaded.returncode == 1
    assert loaded.stderr.startswith("a note for developers\nso has Python\n")
    assert "libcudart is missing" in loaded.stderr


def test_an_interruption_shows_nothing_of_it(tmp_path):
    loaded = load(tmp_path, NOISY + "raise KeyboardInterrupt")
    assert "a note for developers" not in loaded.stderr
    assert "KeyboardInterrupt" in loaded.stderr


@pytest.mark.parametrize(("before", "after"), [("NOTSET", "ERROR"), ("INFO", "ERROR"), ("DEBUG", "DEBUG")])
def test_tensorflow_says_errors_only_unless_the_user_wants_more(monkeypatch, before, after):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    logger = logging.getLogger("tensorflow")
    kept = logger.level
    try:
        logger.setLevel(before)
        silence_tensorflow()
        assert (logging.getLevelName(logger.level), os.environ["TF_CPP_MIN_LOG_LEVEL"]) == (after, "3")
    finally:
        logger.setLevel(kept)
