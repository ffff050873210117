"""`behavior export`: ethograms in the formats of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath
from typing import Any

from behavior.errors import BehaviorError, EthogramError, OutputError, UsageError, suggest_nearest
from behavior.files.atomic import make_folder, require_writable
from behavior.files.ethogram_formats.entry import Entry
from behavior.files.ethogram_formats.formats import FORMATS, EthogramFormat
from behavior.files.ethograms import ETHOGRAM_SUFFIX, find_ethograms, read_annotation
from behavior.files.opening import locate
from behavior.files.study import open_study
from behavior.files.video_folder import VideoFolder
from behavior.learning.decisions import count_bouts
from behavior.progress import complain, report_progress, warn
from behavior.recording import Recording

__all__ = ["ExportResult", "export_ethograms"]


@dataclass
class ExportResult:
    """What was exported.

    Attributes
    ----------
    files
        Files written, by the name of their format.
    bouts
        Number of bouts of each behavior, by recording.
    failures
        A sentence for each ethogram that could not be exported, or not to some format.
    notes
        What the user should know of the files.
    """

    files: dict[str, list[Path]] = field(default_factory=dict)
    bouts: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Sources:
    """What recordings are looked up in beside their ethograms."""

    videos: VideoFolder | None
    rows: Mapping[str, Recording] | None
    simba_features: Path | None


def export_ethograms(
    paths: Sequence[Path],
    formats: Sequence[str],
    out: Path,
    *,
    videos: Path | None = None,
    study: Path | None = None,
    simba_features: Path | None = None,
    overwrite: bool = False,
) -> ExportResult:
    """Write the ethograms at `paths` to `out` in each of `formats`; an ethogram or a format that fails never stops the rest.

    Parameters
    ----------
    paths
        `*_ethogram.csv` files or folders of them.
    formats
        Names from `files.ethogram_formats.FORMATS`.
    videos
        Folder that has the videos, in it or below, where they are no longer where they were annotated.
    study
        A study file whose manifest says which animal was recorded: the subject of an NWB file.
    simba_features
        A SimBA project's folder `csv/features_extracted`, whose tables are copied in front of SimBA's targets.
    overwrite
        Replace files that are there already.

    Raises
    ------
    UsageError
        If a format is not known or its package is not installed, `videos` or `simba_features` is not a folder, or the study cannot
        be used.
    EthogramError
        If there is no ethogram at `paths`.
    OutputError
        If files to write exist and `overwrite` is not set, or `out` cannot be written to at all.
    """
    chosen = _choose_formats(formats)
    if simba_features is not None and not simba_features.is_dir():
        raise UsageError(f"--simba-features {simba_features}: is not a folder; give csv/features_extracted of the SimBA project.")
    sources = _Sources(
        VideoFolder(videos) if videos is not None else None,
        {row.id: row for row in open_study(study)[1]} if study is not None else None,
        simba_features if "simba" in chosen else None,
    )
    ethograms = find_ethograms(paths)
    names = [path.name.removesuffix(ETHOGRAM_SUFFIX) for path in ethograms]
    targets = [known.find_path(out, name) for known in chosen.values() for name in names]
    if not overwrite:
        _refuse_existing(targets)
    make_folder(out)
    require_writable(out)
    # Before the first is written, so that a run that is stopped leaves none of them next to new ones.
    _remove(targets)

    result = ExportResult(files={name: [] for name in chosen})
    collected: dict[str, list[Any]] = {name: [] for name, known in chosen.items() if known.is_for_all}
    with report_progress("exporting", total=len(ethograms), unit="recordings") as advance:
        for path in ethograms:
            with _keep_failure(result, str(path)):
                entry = _open(path, sources, result)
                for name, known in chosen.items():
                    with _keep_failure(result, f"{path} ({name})"):
                        target = known.find_path(out, entry.annotation.recording)
                        item = known.collect(entry, target)
                        if known.is_for_all:
                            collected[name].append(item)
                        else:
                            _write(known, target, [item], overwrite=overwrite)
                            result.files[name].append(target)
            advance(1)
    for name, items in collected.items():
        target = chosen[name].find_path(out, "")
        with _keep_failure(result, f"{target} ({name})"):
            if items:
                _write(chosen[name], target, items, overwrite=overwrite)
                result.files[name].append(target)
    if "nwb" in chosen:
        result.notes += _note_subjects(list(result.bouts), sources.rows)
    for note in result.notes:
        warn(note)
    return result


def _choose_formats(names: Sequence[str]) -> dict[str, EthogramFormat]:
    """Return the formats of these names, all of which can be written here."""
    if not names:
        raise UsageError(f"no format was named, expected some of {', '.join(FORMATS)}; name them with --format.")
    chosen: dict[str, EthogramFormat] = {}
    for name in names:
        if name not in FORMATS:
            raise UsageError(f"--format {name}: is not a format{suggest_nearest(name, FORMATS)} (there are {', '.join(FORMATS)}).")
        chosen[name] = FORMATS[name]
    for name, known in chosen.items():
        if known.requires is not None and find_spec(known.requires[0]) is None:
            package, extra = known.requires
            raise UsageError(f"--format {name}: needs {package}, which is not installed; install it with: pip install 'behavior[{extra}]'.")
    return chosen


def _refuse_existing(targets: Iterable[Path]) -> None:
    there = [path for path in dict.fromkeys(targets) if path.exists()]
    if there:
        others = len(there) - 1
        what = f"and {others} more {'file' if others == 1 else 'files'} exist already" if others else "exists already"
        raise OutputError(f"{there[0]} {what}; give another --out, or --overwrite to replace {'them' if others else 'it'}.")


def _remove(targets: Iterable[Path]) -> None:
    for path in dict.fromkeys(targets):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{path}: cannot be replaced ({error.strerror or error}); choose a folder that you may write to.") from error


def _write(known: EthogramFormat, target: Path, items: Sequence[Any], *, overwrite: bool) -> None:
    if not overwrite:
        _refuse_existing([target])
    make_folder(target.parent)
    known.write(target, items)


@contextmanager
def _keep_failure(result: ExportResult, name: str) -> Iterator[None]:
    """Record, and say, what goes wrong in the block, and go on after it."""
    try:
        yield
    except BehaviorError as error:
        result.failures[name] = str(error)
        complain(str(error))


def _open(path: Path, sources: _Sources, result: ExportResult) -> Entry:
    annotation = read_annotation(path)
    if annotation.recording in result.bouts:
        raise EthogramError(f"{path}: is a second ethogram of {annotation.recording!r}, expected one of each; export it to another folder.")
    result.bouts[annotation.recording] = count_bouts(annotation)
    video = _find_video(annotation.recording, annotation.provenance.video, sources.videos, result)
    features = None
    if sources.simba_features is not None:
        names = dict.fromkeys([annotation.recording, *([PureWindowsPath(video).stem] if video is not None else [])])
        tables = [table for name in names if (table := sources.simba_features / f"{name}.csv").is_file()]
        # Without a table, the sentence names the one that should be there.
        features = next(iter(tables), sources.simba_features / f"{annotation.recording}.csv")
    return Entry(
        annotation,
        video,
        datetime.fromtimestamp(path.stat().st_mtime).astimezone(),
        row=(sources.rows or {}).get(annotation.recording),
        features=features,
    )


def _note_subjects(recordings: Sequence[str], rows: Mapping[str, Recording] | None) -> list[str]:
    """Return what archives will miss in NWB files."""
    if rows is None:
        return ["the NWB files name no subject, which archives such as DANDI ask for; give the study, whose manifest does, with --study."]
    notes = []
    if unknown := [name for name in recordings if name not in rows]:
        notes.append(f"the manifest has no row for {', '.join(unknown)}; their NWB files name no subject.")
    known = [rows[name] for name in recordings if name in rows]
    if lacking := [column for column in ("sex", "age", "species") if not all(getattr(row, column) for row in known)]:
        notes.append(
            f"the manifest does not say {', '.join(lacking)} of every animal, which archives such as DANDI ask for; add such columns."
        )
    return notes


def _find_video(recording: str, annotated: str | None, videos: VideoFolder | None, result: ExportResult) -> Path | None:
    """Return where the video of a recording is, or was; what is odd about it becomes a note."""
    before = Path(annotated) if annotated else None
    if videos is not None:
        # The ethogram may come from another system.
        candidates = videos.find(recording, PureWindowsPath(annotated).name if annotated else None)
        if len(candidates) == 1:
            return locate(candidates[0])
        if len(candidates) > 1:
            listed = ", ".join(path.relative_to(videos.path).as_posix() for path in candidates)
            result.notes.append(f"{recording}: several videos in {videos.path} may be its own ({listed}); none of them is taken.")
    if before is not None and not before.is_file():
        result.notes.append(f"{recording}: its video {before} is not there; name the folder that has it with --videos.")
    return before
