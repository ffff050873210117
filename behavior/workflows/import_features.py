"""`behavior import-features`: brings features that another program computed into the cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from behavior.config import MADE_STREAMS, is_view_name, split_stream
from behavior.errors import BehaviorError, UsageError, suggest_nearest
from behavior.files.atomic import make_folder
from behavior.files.feature_cache import cache_path
from behavior.files.feature_sources import Signature, hash_file
from behavior.files.feature_writer import write_imported
from behavior.files.imported_features import read_imported_features
from behavior.files.manifest import is_portable_name
from behavior.files.name_matching import make_safe
from behavior.files.study import open_study
from behavior.files.view_cells import find_view, name_view
from behavior.progress import announce, complain, report_progress
from behavior.versions import collect_versions

__all__ = ["ImportResult", "import_features"]


@dataclass
class ImportResult:
    """What was imported: shapes (T, D) by recording, and a sentence for each file that could not be imported."""

    shapes: dict[str, tuple[int, int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def import_features(path: Path, files: Sequence[Path], *, name: str, fps: float | None = None) -> ImportResult:
    """Bring `files`, each named after a recording of the study at `path`, into its cache as the stream `name`.

    Parameters
    ----------
    name
        Of the stream; `NAME@VIEW` for features of another view than the first.
    fps
        Frames per second of files that do not say.

    Raises
    ------
    UsageError
        If the study cannot be used, or `name` is taken or cannot be part of a file name.
    """
    study, recordings = open_study(path)
    stream, view = split_stream(name)
    if stream in MADE_STREAMS or not is_portable_name(stream) or ("@" in name and not is_view_name(view)):
        taken = ", ".join(MADE_STREAMS)
        raise UsageError(f"--name is {name!r}, expected letters, digits, dots, dashes and underscores, and none of {taken}.")
    known = {recording.id for recording in recordings if find_view(recording, view) is not None}
    if not known:
        raise UsageError(f"{path}: no recording has the view {view!r}; fill in start_{view} in the manifest for those that have it.")
    result = ImportResult()
    with report_progress("importing", total=len(files), unit="files") as advance:
        for file in files:
            try:
                recording = make_safe(file.stem)
                if recording not in known:
                    near = suggest_nearest(recording, known) or "; name each file after its recording."
                    of_view = f" and has the view {view!r}" if view else ""
                    raise UsageError(f"{file}: no recording is named {recording!r}{of_view}{near}")
                result.shapes[recording] = _import_file(file, name_view(recording, view), study.cache, stream, fps)
            except BehaviorError as error:
                result.failures[str(file)] = str(error)
                complain(str(error))
            advance(1)
    if result.shapes and name not in study.streams:
        announce(f"to train on these features, write streams: [{name}] into {path}")
    return result


def _import_file(file: Path, recording: str, cache: Path, name: str, fps: float | None) -> tuple[int, int]:
    features = read_imported_features(file)
    rate = features.fps if features.fps is not None else fps
    if rate is None or not np.isfinite(rate) or rate <= 0:
        raise UsageError(f"{file}: does not say its frames per second; give them with --fps.")
    n_frames, n_features = features.shape
    signature = Signature(name, {"imported": name, "features": n_features})
    origin = {"imported_from": file.name, "hash": hash_file(file), "versions": collect_versions()}
    write_imported(
        cache_path(make_folder(cache), recording, signature),
        features.read_parts(),
        n_frames=n_frames,
        fps=rate,
        is_wide=features.is_wide,
        signature=signature,
        attributes=origin,
    )
    return n_frames, n_features
