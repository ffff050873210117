"""SimBA's features with labels behind them."""

from __future__ import annotations

from pathlib import Path

import pytest
from label_samples import NAMES, make_simba, read, write

from behavior.errors import LabelError
from behavior.files.labels import list_behaviors


def test_features_of_simba_are_no_behaviors(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", make_simba())
    assert list_behaviors(path) == NAMES
    with pytest.raises(LabelError, match="has no column 'sniffing', only Grooming, Supported"):
        read(path, ("sniffing",))
    with pytest.raises(LabelError, match=r"line 3, column 'speed' holds '1\.5'"):
        read(path, ("speed",))
