"""What jobs do is found by a process that has loaded nothing yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from behavior.compute.messages import decode_call, encode
from behavior.errors import LabelError
from behavior.review.job_work import predict_recordings, train_study


def test_work_can_be_told_to_another_process_and_loads_nothing_heavy() -> None:
    for function in (train_study, predict_recordings):
        assert decode_call(encode(function)) is function
    script = "import sys, behavior.review.job_work; print(*{'tensorflow', 'keras', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_study_without_labels_is_refused(study: Path) -> None:
    text = (study.parent / "recordings.csv").read_text()
    (study.parent / "recordings.csv").write_text(text.replace("mouse_1_labels.csv", ""))
    with pytest.raises(LabelError, match="groom has no bout yet; rear has no bout yet"):
        train_study("", study)
