"""One recording's labels written in every format, and how they are read: what the tests of label files share."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import tool_samples
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from behavior.files.counter_columns import is_counter
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import read_labels
from behavior.recording import Frames, Labels

N_FRAMES = 40
TIME_S = np.arange(N_FRAMES) / 10
FRAMES = Frames.from_times(TIME_S)
BOUTS = {"Grooming": [(3, 8), (20, 25)], "Supported": [(10, 14)]}
NAMES = tuple(BOUTS)
VALUES = np.zeros((N_FRAMES, 2), np.int8)
for column, bouts in enumerate(BOUTS.values()):
    for start, stop in bouts:
        VALUES[start:stop, column] = 1
IN_ORDER = sorted((start, stop, name) for name, bouts in BOUTS.items() for start, stop in bouts)


def make_frame_table() -> str:
    rows = [f"{frame},{one},{two}" for frame, (one, two) in enumerate(VALUES.tolist())]
    return "\n".join(["frame,Grooming,Supported", *rows]) + "\n"


def make_bout_table() -> str:
    return "\n".join(["behavior,start_s,stop_s", *(f"{name},{start / 10},{stop / 10}" for start, stop, name in IN_ORDER)]) + "\n"


def make_events() -> list[list[Any]]:
    """Return the starts and stops as a BORIS project has them: time, subject, behavior, modifiers, comment."""
    return [[at / 10, "", name, "", ""] for start, stop, name in IN_ORDER for at in (start, stop)]


def make_project(*, observations: dict[str, Any] | None = None, **changes: Any) -> str:
    project = {
        "time_format": "hh:mm:ss",
        "project_format_version": "7.0",
        "behaviors_conf": {
            "0": {"type": "State event", "key": "g", "code": "Grooming", "modifiers": {}},
            "1": {"type": "State event", "key": "s", "code": "Supported", "modifiers": {}},
            "2": {"type": "Point event", "key": "j", "code": "Jump", "modifiers": {}},
        },
        "observations": observations or {"first": make_observation(make_events(), **changes)},
    }
    return json.dumps(project, indent=1)


def make_observation(events: list[list[Any]], **changes: Any) -> dict[str, Any]:
    media = {"length": {"mouse_1.mp4": 4.0}, "fps": {"mouse_1.mp4": 10.0}, "offset": {"1": 0.0}}
    content = {"file": {"1": ["mouse_1.mp4"], "2": []}, "type": "MEDIA", "time offset": 0.0, "events": events, "media_info": media}
    return {**content, **changes}


def make_old_tabular() -> str:
    preamble = [
        "Observation id,first,,,,,,,",
        ",,,,,,,,",
        "Media file(s),,,,,,,,",
        "Player #1,mouse_1.mp4,,,,,,,",
        "Time offset (s),0.0,,,,,,,",
    ]
    header = "Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status"
    events = sorted((at, name, kind) for start, stop, name in IN_ORDER for at, kind in ((start, "START"), (stop, "STOP")))
    rows = [f"{at / 10:.3f},mouse_1.mp4,4.000,10.0,,{name},,,{kind}" for at, name, kind in events]
    return "\n".join([*preamble, ",,,,,,,,", header, *rows]) + "\n"


NEW_HEADER = (
    "Observation id,Observation date,Description,Observation duration,Observation type,Source,Time offset (s),Media duration (s),FPS,"
    "Subject,Behavior,Behavioral category,Modifier #1,Behavior type,Time,Media file name,Image index,Image file path,Comment"
)


def make_new_tabular(*, observation: str = "first", subject: str = "") -> str:
    events = sorted((at, name, kind) for start, stop, name in IN_ORDER for at, kind in ((start, "START"), (stop, "STOP")))
    rows = [
        f"{observation},2023-05-09 17:15:54,,4.0,Media file(s),player #1:videos/mouse_1.mp4,0.0,4.000,10.000;10.000,{subject},{name},,None,"
        f"{kind},{at / 10:.3f},videos/mouse_1.mp4,NA,NA,"
        for at, name, kind in events
    ]
    return "\n".join([NEW_HEADER, *rows]) + "\n"


AGGREGATED_HEADER = (
    "Observation id,Observation date,Description,Media file,Total length,FPS,a,Subject,Behavior,Behavioral category,Modifiers,"
    "Behavior type,Start (s),Stop (s),Duration (s),Comment start,Comment stop"
)


def make_aggregated() -> str:
    rows = [
        f"first,2016-12-01,words,mouse_1.mp4,4.000,10.0,12,No focal subject,{name},,,STATE,{start / 10:.3f},{stop / 10:.3f},"
        f"{(stop - start) / 10:.3f},,"
        for start, stop, name in IN_ORDER
    ]
    return "\n".join([AGGREGATED_HEADER, *rows]) + "\n"


def make_deepethogram() -> str:
    rows = [f"{frame},{int(not any(shown))},{shown[0]},{shown[1]}" for frame, shown in enumerate(VALUES.tolist())]
    return "\n".join([",background,Grooming,Supported", *rows]) + "\n"


def make_simba() -> str:
    rows = [f"{frame},790.5,916.25,0.99,0,{frame * 1.5},{one},{two}" for frame, (one, two) in enumerate(VALUES.tolist())]
    return "\n".join([",Nose_x,Nose_y,Nose_p,is_still,speed,Grooming,Supported", *rows]) + "\n"


def make_caltech() -> str:
    filled: list[tuple[int, int, str]] = []
    for start, stop, name in IN_ORDER:
        filled += [(filled[-1][1] if filled else 0, start, "base"), (start, stop, name)]
    filled.append((filled[-1][1], N_FRAMES, "base"))
    head = ["Caltech Behavior Annotator - Annotation File", "", "Configuration file:", "base\tz", "Grooming\tg", "Supported\ts", ""]
    rows = [f"   \t{start + 1}\t{stop}\t{name}" for start, stop, name in filled]
    return "\n".join([*head, "S1:\tstart\tend\ttype", "-----------------------------", *rows, "  "]) + "\n"


def make_bento(*, in_frames: bool = False, start_frame: int = 1, stop_frame: int = N_FRAMES) -> str:
    lines = ["Bento annotation file", "Movie file(s):  D:\\mouse_1.seq ", "", "Stimulus name: ", f"Annotation start frame: {start_frame}"]
    lines += [f"Annotation stop frame: {stop_frame}", "Annotation framerate: 10.000000", "", "List of channels:", "Ch1", ""]
    lines += ["List of annotations:", *NAMES, "", "Ch1----------"]
    for name, spans in BOUTS.items():
        lines += [f">{name}", "Start\t Stop\t Duration "]
        for start, stop in spans:
            first, last = start + 1, stop
            lines.append(f"{first}\t{last}\t{last - first + 1}" if in_frames else f"{first / 10}\t{last / 10}\t{(last - first + 1) / 10}")
        lines.append("")
    return "\n".join([*lines, ""]) + "\n"


def make_solomon(*, with_light: bool = False) -> str:
    shown = [",".join(name for name, is_on in zip(NAMES, row, strict=True) if is_on) for row in VALUES.tolist()]
    light, on = (",Light", ",On") if with_light else ("", "")
    return "\n".join([f"Time{light},Behaviour", *(f"{frame / 10}{on},{name}" for frame, name in enumerate(shown))]) + "\n"


def make_marks() -> str:
    rows = [f"{frame},,{'x' if one else ''},{'X' if two else ''}" for frame, (one, two) in enumerate(VALUES.tolist())]
    return "\n".join(["Frame,Notes,Grooming,Supported", ",,below,wall", ",,,", *rows]) + "\n"


def make_dlcanalyzer() -> str:
    rows = [f"m_Jin.json;Jin;{start / 10};{stop / 10};{name};mouse_1;mouse_1DeepCut.csv" for start, stop, name in IN_ORDER]
    return "\n".join(["file;Experimenter;from;to;type;ID;DLCFile", *rows]) + "\n"


def make_jabs() -> str:
    return tool_samples.make_jabs(BOUTS)


def make_feral() -> str:
    return tool_samples.make_feral(BOUTS)


def make_calms21() -> str:
    return tool_samples.make_calms21(BOUTS)


def make_label_studio() -> str:
    return tool_samples.make_label_studio(BOUTS)


def make_via_project() -> str:
    return tool_samples.make_via_project(BOUTS)


def make_via_table() -> str:
    return tool_samples.make_via_table(BOUTS)


def make_cvat() -> str:
    return tool_samples.make_cvat(BOUTS)


def make_elan() -> str:
    return tool_samples.make_elan(BOUTS)


def make_praat() -> str:
    return tool_samples.make_praat(BOUTS)


def make_ethovision() -> str:
    return tool_samples.make_ethovision(BOUTS)


def make_observer() -> str:
    return tool_samples.make_observer(BOUTS)


@dataclass(frozen=True)
class Case:
    """A format, and the labels above written in it.

    Attributes
    ----------
    format
        Its name.
    make
        Returns the text of a file.
    suffix
        Of the file.
    delimiter
        Of its cells; None for a file that is not a table.
    in_seconds
        Whether its bouts are in seconds.
    """

    format: str
    make: Callable[[], str]
    suffix: str = ".csv"
    delimiter: str | None = ","
    in_seconds: bool = False

    def write(self, folder: Path) -> Path:
        """Write the file into a folder."""
        return write(folder / f"labels{self.suffix}", self.make())


CASES = (
    Case("frame table", make_frame_table),
    Case("bout table", make_bout_table, in_seconds=True),
    Case("BORIS project", make_project, ".boris", delimiter=None, in_seconds=True),
    Case("BORIS tabular events", make_old_tabular, in_seconds=True),
    Case("BORIS tabular events", make_new_tabular, in_seconds=True),
    Case("BORIS aggregated events", make_aggregated, in_seconds=True),
    Case("DeepEthogram labels", make_deepethogram),
    Case("SimBA targets_inserted", make_simba),
    Case("Caltech Behavior Annotator", make_caltech, ".txt", delimiter=None),
    Case("Bento annotation", make_bento, ".annot", delimiter=None),
    Case("Solomon Coder", make_solomon, in_seconds=True),
    Case("sheet of x marks", make_marks),
    Case("DLCAnalyzer labels", make_dlcanalyzer, delimiter=";", in_seconds=True),
    Case("JABS annotations", make_jabs, ".json", delimiter=None),
    Case("FERAL labels", make_feral, ".json", delimiter=None),
    Case("CalMS21 labels", make_calms21, ".json", delimiter=None),
    Case("Label Studio export", make_label_studio, ".json", delimiter=None),
    Case("VIA project", make_via_project, ".json", delimiter=None, in_seconds=True),
    Case("VIA table", make_via_table, delimiter=None, in_seconds=True),
    Case("CVAT annotations", make_cvat, ".xml", delimiter=None),
    Case("ELAN annotations", make_elan, ".eaf", delimiter=None, in_seconds=True),
    Case("Praat TextGrid", make_praat, ".textgrid", delimiter=None, in_seconds=True),
    Case("EthoVision manual scoring", make_ethovision, delimiter=None, in_seconds=True),
    Case("The Observer XT events", make_observer, delimiter=",", in_seconds=True),
)


def name_case(case: Case) -> str:
    return f"{case.format}-{case.make.__name__}"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def write_sheet(path: Path, text: str, delimiter: str = ",") -> Path:
    """Write the cells of `text` as a spreadsheet, numbers as numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    for line in text.splitlines():
        cells: list[Any] = []
        for cell in line.split(delimiter):
            try:
                cells.append(float(cell))
            except ValueError:
                cells.append(cell or None)
        sheet.append(cells)
    book.save(path)
    return path


def read(path: Path, behaviors: tuple[str, ...] = NAMES, *, frames: Frames = FRAMES, **options: Any) -> tuple[np.ndarray, list[str]]:
    """Read labels as `LabelRequest` has it, and return their values and the notes; all was watched, and background is no behavior."""
    options = {"background": "absent", "observed": "whole", **options}
    labels, notes = read_labels(path, LabelRequest(behaviors, frames, **options))
    assert labels.behaviors == behaviors
    return labels.values, notes


def list_frames(values: np.ndarray) -> list[int]:
    """Return the frames in which a column is not 0."""
    return np.flatnonzero(values).tolist()


def store_values(path: Path, old: bytes, new: bytes) -> None:
    """Put what a spreadsheet program would have computed into the first sheet."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert old in members[sheet]
    members[sheet] = members[sheet].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def read_values(path: Path, behaviors: list[str], n_frames: int, *, time_s: np.ndarray | None = None, **options: Any) -> list[list[int]]:
    """Read labels of a file without anything odd in it."""
    values, notes = read(path, tuple(behaviors), frames=Frames(n_frames, time_s), **options)
    assert notes == []
    return values.tolist()


_ANY_NAMES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8).filter(
        lambda name: name.casefold() != "observed" and not is_counter(name)
    ),
    min_size=1,
    max_size=3,
    unique=True,
)


@st.composite
def draw_labels(draw: st.DrawFn, *, unlabelled_alike: bool) -> Labels:
    """Draw labels of any names; with `unlabelled_alike`, all behaviors lack labels in the same frames, and one frame has some."""
    names = draw(_ANY_NAMES)
    n_frames = draw(st.integers(1, 30))
    values = draw(hnp.arrays(np.int8, (n_frames, len(names)), elements=st.integers(0 if unlabelled_alike else -1, 1)))
    if unlabelled_alike:
        unlabelled = draw(hnp.arrays(np.bool_, n_frames))
        unlabelled[draw(st.integers(0, n_frames - 1))] = False
        values[unlabelled] = -1
    return Labels(values, tuple(names))
