"""BORIS's own tables of events, with the columns that BORIS 8 and 9 write: a row per start and stop, or a row per bout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.files.atomic import write_text
from behavior.files.cells import format_table
from behavior.files.ethogram_formats.entry import Entry, describe_origin, find_duration, format_seconds, list_events, spread_edges
from behavior.files.ethograms import list_bouts
from behavior.frame_times import frame_stops

__all__ = ["write_boris_aggregated", "write_boris_tabular"]

_TABULAR_COLUMNS = (
    "Observation id",
    "Observation date",
    "Description",
    "Observation duration",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Media duration (s)",
    "FPS",
    "Subject",
    "Behavior",
    "Behavioral category",
    "Behavior type",
    "Time",
    "Media file name",
    "Image index",
    "Image file path",
    "Comment",
)
_AGGREGATED_COLUMNS = (
    "Observation id",
    "Observation date",
    "Description",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Coding duration",
    "Media duration (s)",
    "FPS (frame/s)",
    "Subject",
    "Observation duration by subject by observation",
    "Behavior",
    "Behavioral category",
    "Behavior type",
    "Start (s)",
    "Stop (s)",
    "Duration (s)",
    "Media file name",
    "Image index start",
    "Image index stop",
    "Image file path start",
    "Image file path stop",
    "Comment start",
    "Comment stop",
)
_NO_SUBJECT = "No focal subject"
_UNKNOWN = "NA"
# BORIS's tables end their lines so on every system.
_LINE_END = "\r\n"


def write_boris_tabular(path: Path, entries: Sequence[Entry]) -> None:
    """Write the tabular events of recordings to `path`: a row for each start and each stop, with its time and frame."""
    rows: list[list[object]] = []
    for entry in entries:
        described = _describe(entry)
        for event in list_events(entry):
            rows.append(
                [
                    *(
                        described["id"],
                        described["date"],
                        described["description"],
                        described["duration"],
                        described["types"],
                        described["source"],
                        "0.0",
                    ),
                    *(described["duration"] if entry.video else _UNKNOWN, described["fps"]),
                    *("", event.behavior, "", "START" if event.is_start else "STOP", format_seconds(event.time_s)),
                    *(described["media"], event.frame if entry.video else _UNKNOWN, _UNKNOWN, ""),
                ]
            )
    write_text(path, format_table(_TABULAR_COLUMNS, rows, line_end=_LINE_END))


def write_boris_aggregated(path: Path, entries: Sequence[Entry]) -> None:
    """Write the aggregated events of recordings to `path`: a row for each bout, in order of time."""
    rows: list[list[object]] = []
    for entry in entries:
        described = _describe(entry)
        edges = spread_edges(entry.annotation.time_s, entry.annotation.fps)
        ends = frame_stops(edges)
        bouts = sorted(list_bouts(entry.annotation), key=lambda bout: (bout.start_frame, bout.stop_frame, bout.behavior))
        total = sum(float(ends[bout.stop_frame - 1] - edges[bout.start_frame]) for bout in bouts)
        for bout in bouts:
            start, stop = float(edges[bout.start_frame]), float(ends[bout.stop_frame - 1])
            frames: list[object] = [bout.start_frame, bout.stop_frame] if entry.video else [_UNKNOWN, _UNKNOWN]
            rows.append(
                [
                    *(
                        described["id"],
                        described["date"],
                        described["description"],
                        described["type"],
                        described["source"],
                        "0.0",
                        described["duration"],
                    ),
                    *(described["duration"] if entry.video else _UNKNOWN, described["fps"]),
                    *(_NO_SUBJECT, f"{total:.3f}", bout.behavior, "Not defined", "STATE"),
                    *(format_seconds(start), format_seconds(stop), format_seconds(stop - start)),
                    *(described["media"], *frames, _UNKNOWN, _UNKNOWN, "", ""),
                ]
            )
    write_text(path, format_table(_AGGREGATED_COLUMNS, rows, line_end=_LINE_END))


def _describe(entry: Entry) -> dict[str, str]:
    """Return the cells that every row of a recording has."""
    annotation = entry.annotation
    media = entry.video.as_posix() if entry.video else _UNKNOWN
    return {
        "id": annotation.recording,
        "date": entry.written.strftime("%Y-%m-%d %H:%M:%S"),
        "description": describe_origin(entry),
        "duration": f"{find_duration(entry):.3f}",
        "types": "Media file(s)" if entry.video else "Live observation",
        "type": "Media file" if entry.video else "Live observation",
        "source": f"player #1:{media}" if entry.video else _UNKNOWN,
        "media": media,
        "fps": f"{annotation.fps:.3f}" if entry.video and annotation.fps else _UNKNOWN,
    }
