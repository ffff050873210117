"""One small network, converted once for all tests of engines."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from behavior.vision.backbones import find_backbone
from behavior.vision.engine_request import EngineRequest

CONVERSION = """
import sys
import numpy as np
from pathlib import Path
from behavior.vision.backbones import find_backbone
from behavior.vision.engine_choice import prepare_engine
from behavior.vision.engine_request import EngineRequest
crops = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
request = EngineRequest(find_backbone("openfield"), "packaged", "packaged", Path(sys.argv[1]), "openvino", "float32", batch_size=2)
prepared = prepare_engine(request, sample=lambda count: crops, announce=print)
print(prepared.engine.embed(crops).shape, prepared.cosine, prepared.note)
print([name for name in ("tensorflow", "keras", "torch", "nncf") if name in sys.modules])
"""


@dataclass(frozen=True)
class Converted:
    """A folder of models, the names in it, those in the home folder, and what the process printed that had the network converted."""

    models: Path
    names: set[str]
    names_at_home: set[str]
    printed: list[str]


@pytest.fixture(scope="session")
def converted(tmp_path_factory):
    """The network converted by a process of its own."""
    folder, home = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("home")
    environment = {**os.environ, "HOME": str(home), "LOCALAPPDATA": str(home)}
    done = subprocess.run([sys.executable, "-c", CONVERSION, str(folder)], capture_output=True, text=True, check=True, env=environment)
    return Converted(folder, {found.name for found in folder.iterdir()}, {found.name for found in home.iterdir()}, done.stdout.splitlines())


@pytest.fixture(scope="session")
def ask():
    """Ask for the network in some folder of models, in batches of four."""

    def make(models, **changes):
        return EngineRequest(find_backbone("openfield"), "packaged", identity="packaged", models=models, batch_size=4, **changes)

    return make
