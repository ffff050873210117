"""Arrays of a model as a file, such as its trees: numbers in an archive, of which every one is checked and none is unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from behavior.errors import ModelError
from behavior.files.array_archives import open_archive, write_archive
from behavior.files.opening import explain_damage, require_regular_file

__all__ = ["read_model_arrays", "write_model_arrays"]

_ADVICE = "copy the whole folder of the model again"
_SHAPES = TypeAdapter(dict[str, list[int]])


def write_model_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays by name to `path`, whole or not at all.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    write_archive(path, {name: list(values.shape) for name, values in arrays.items()}, arrays)


def read_model_arrays(path: Path, dtypes: Mapping[str, type[np.generic]], *, expected: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays that `write_model_arrays` wrote, which have to be those named in `dtypes`, each of its kind.

    No more is read than the file has, and whether the arrays go together is for their reader to say.

    Parameters
    ----------
    expected
        What the file should be, for messages: "the trees of a model".

    Raises
    ------
    ModelError
        If the file is missing, damaged, or holds other arrays.
    """
    n_bytes = require_regular_file(path, error=ModelError, expected=expected, advice=_ADVICE)
    with explain_damage(path, error=ModelError, expected=expected, advice=_ADVICE), open_archive(path) as archive:
        archive.require_names(list(dtypes))
        shapes = _SHAPES.validate_json(archive.read_header())
        sizes = {name: int(np.prod(shapes[name], dtype=object)) * np.dtype(dtype).itemsize for name, dtype in dtypes.items()}
        odd = [name for name, size in sizes.items() if not 0 <= size <= n_bytes or min(shapes[name], default=0) < 0]
        if odd:
            raise ValueError(f"the array {odd[0]} has shape {shapes[odd[0]]}, for which the file is too small")
        return {name: archive.read_array(name, dtype=dtype, shape=tuple(shapes[name])) for name, dtype in dtypes.items()}
