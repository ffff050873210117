"""Studies of imported features, which need no video: what tests of everything behind the feature cache learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import yaml

N_FRAMES = 240
FPS = 10
TRAINING = {"learning_rate": 0.02, "batch_size": 4, "epochs": 4, "patience": 2}
TINY_HEAD = {"kind": "lstm", "layers": 1, "units": 4, "dropout": 0.1}


@pytest.fixture(scope="session")
def write_study() -> Callable[..., Path]:
    """Write a study of imported features into a folder, bring them into its cache, and return the study file."""
    from behavior.workflows.import_features import import_features

    def write(
        folder: Path,
        labels: Mapping[str, npt.NDArray],
        streams: Mapping[str, Mapping[str, npt.NDArray]],
        /,
        *,
        behaviors: Sequence[str] = ("rear", "jump"),
        animals: str = "",
        tested: Sequence[str] = (),
        **sections: Any,
    ) -> Path:
        """Labels are (T, B) by recording, features (T, D) by stream and recording, animals a letter for each recording."""
        rows = []
        for number, (name, values) in enumerate(labels.items()):
            table = pd.DataFrame(values, columns=list(behaviors))
            table.insert(0, "frame", np.arange(len(values)))
            table.to_csv(folder / f"{name}_labels.csv", index=False)
            rows.append((name, f"{name}_labels.csv", animals[number] if animals else "", "test" if name in tested else "train"))
        pd.DataFrame(rows, columns=["recording", "labels", "animal", "split"]).to_csv(folder / "recordings.csv", index=False)
        content = {
            "behaviors": list(behaviors),
            "streams": [next(iter(streams))],
            "windows": {"length": 40},
            "head": TINY_HEAD,
            "training": TRAINING,
            **sections,
        }
        study = folder / "study.yaml"
        study.write_text(yaml.safe_dump(content))
        for stream, by_recording in streams.items():
            place = folder / ("features" if len(streams) == 1 else stream)
            place.mkdir(exist_ok=True)
            for name, values in by_recording.items():
                np.savez(place / f"{name}.npz", features=values, fps=FPS)
            result = import_features(study, sorted(place.iterdir()), name=stream)
            assert not result.failures
        return study

    return write


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pictures are painted, which takes longer than all else in a small study."""
    from behavior.workflows import crossval, results

    for module in (crossval, results):
        monkeypatch.setattr(module, "render_png", lambda figure: b"")


@pytest.fixture
def change() -> Callable[..., None]:
    """Put values into sections of a study file."""

    def put(study: Path, **sections: Any) -> None:
        content = yaml.safe_load(study.read_text())
        for name, values in sections.items():
            content[name] = {**content.get(name, {}), **values} if isinstance(values, Mapping) and name != "head" else values
        study.write_text(yaml.safe_dump(content))

    return put


@pytest.fixture
def motifs(write_study: Callable[..., Path], tmp_path: Path) -> Path:
    """A study of imported features whose first column tells the behavior: four recordings, two animals, one recording for testing."""
    rng = np.random.default_rng(0)
    labels, features = {}, {}
    for number in range(5):
        shown = np.zeros(N_FRAMES, dtype=int)
        for start in rng.integers(0, N_FRAMES - 20, 5):
            shown[start : start + 15] = 1
        values = rng.normal(size=(N_FRAMES, 4))
        values[:, 0] += 3 * shown
        labels[f"r{number}"], features[f"r{number}"] = np.stack([shown, shown], axis=1), values
    return write_study(tmp_path, labels, {"motifs": features}, animals="AABBC", tested=["r4"])
