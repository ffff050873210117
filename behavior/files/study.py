"""Study files: YAML on disk, `config.Study` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from behavior.config import Backbone, Study, Views, parse_section
from behavior.errors import UsageError, count_noun, find_nearest_name
from behavior.files.atomic import write_text
from behavior.files.manifest import read_manifest
from behavior.files.view_cells import refuse_misspelled_views
from behavior.files.yaml_files import read_yaml
from behavior.progress import detail
from behavior.recording import Recording

__all__ = ["open_study", "read_study", "resolve_paths", "study_as_yaml", "write_study"]

WEIGHT_SUFFIXES = (".h5", ".keras", ".hdf5", ".onnx", ".xml", ".safetensors")
_NAMED_WEIGHTS = ("imagenet", "packaged", "pretrained", "random")


def read_study(path: Path) -> Study:
    """Return the study that the file at `path` describes, its relative paths resolved against the folder of the file.

    Raises
    ------
    UsageError
        If the file is missing, is not YAML, or says something that a study file may not say.
    """
    return resolve_paths(parse_section(Study, read_yaml(path), source=path), path.resolve().parent)


def resolve_paths(study: Study, folder: Path) -> Study:
    """Return `study` with its relative paths, weights of views and of the members of an ensemble included, resolved against `folder`."""
    members = [
        member if member.backbone is None else member.model_copy(update={"backbone": _resolve_weights(member.backbone, folder)})
        for member in study.ensemble.members
    ]
    return study.model_copy(
        update={
            "recordings": folder / study.recordings,
            "labels": study.labels.resolve(folder),
            "cache": folder / study.cache,
            "backbone": _resolve_weights(study.backbone, folder),
            "views": None if study.views is None else _resolve_views(study.views, folder),
            "ensemble": study.ensemble.model_copy(update={"members": members}),
        }
    )


def _resolve_views(views: Views, folder: Path) -> Views:
    others = {
        name: view if view.backbone is None else view.model_copy(update={"backbone": _resolve_weights(view.backbone, folder)})
        for name, view in views.others.items()
    }
    return views.model_copy(update={"others": others})


def _resolve_weights(backbone: Backbone, folder: Path) -> Backbone:
    # Networks of transformers have folders.
    is_path = Path(backbone.weights).suffix.lower() in WEIGHT_SUFFIXES or backbone.name.startswith("transformers/")
    if not is_path or backbone.weights in _NAMED_WEIGHTS:
        return backbone
    return backbone.model_copy(update={"weights": str(folder / backbone.weights)})


def study_as_yaml(study: Study) -> str:
    """Return the text of a study file that says what `study` says, defaults included."""
    content = study.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(content, sort_keys=False, default_flow_style=None, allow_unicode=True, width=120)


def write_study(path: Path, study: Study) -> None:
    """Write `study` to `path`, whole or not at all."""
    write_text(path, study_as_yaml(study))


def _apply_settings(study: Study, recording: Recording) -> Recording:
    """Return a recording, with its views, as the study's settings have it read."""
    return replace(
        recording,
        pose_coordinates=study.pose.coordinates,
        fps=recording.fps or (study.pose.fps if recording.video is None else None),
        views={name: _apply_settings(study, view) for name, view in recording.views.items()},
    )


def _require_views(path: Path, study: Study, recordings: Sequence[Recording]) -> None:
    """Raise UsageError if no recording has a view that the study names, or a column of the manifest is of a misspelled one."""
    named = [] if study.views is None else list(study.views.others)
    refuse_misspelled_views(study.recordings, recordings, named)
    for view in named:
        if not any(view in one.views for one in recordings):
            near = find_nearest_name(view, [other for one in recordings for other in one.views if other not in named])
            found = f", and some have {near!r}" if near is not None else ""
            raise UsageError(
                f"{study.recordings}: no recording has the view {view!r}, which {path} names{found}; name its videos in the column "
                f"video_{view}, or take it out of views.others and streams."
            )


def open_study(path: Path) -> tuple[Study, list[Recording]]:
    """Return the study that the file at `path` describes, and the recordings of its manifest.

    Raises
    ------
    UsageError
        If one of the two cannot be used, no recording has a view that the study names, or a column is of a misspelled view.
    """
    study = read_study(path)
    recordings = [_apply_settings(study, one) for one in read_manifest(study.recordings)]
    _require_views(path, study, recordings)
    detail(f"{path}: {count_noun(len(recordings), 'recording')} in {study.recordings}, cache {study.cache}")
    return study, recordings
