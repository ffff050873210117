"""What `--cluster` names: the address of a scheduler, or a file on jobs of a queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from behavior.config import Cluster, parse_section
from behavior.errors import UsageError
from behavior.files.yaml_files import read_yaml

__all__ = ["read_cluster"]

_SUFFIXES = (".yaml", ".yml")


def read_cluster(named: str) -> str | dict[str, Any]:
    """Return the address of a scheduler as it is, or what the file says that is `named`, as plain values.

    >>> read_cluster("tcp://10.0.0.5:8786")
    'tcp://10.0.0.5:8786'

    Raises
    ------
    UsageError
        If the file cannot be read or says something that it may not say, or it is neither an address nor a file.
    """
    path = Path(named)
    if path.suffix.casefold() in _SUFFIXES:
        return parse_section(Cluster, read_yaml(path), source=path).model_dump()
    if "://" not in named:
        raise UsageError(
            f"--cluster {named}: is neither the address of a Dask scheduler, such as tcp://10.0.0.5:8786, nor a .yaml file; correct it."
        )
    return named
