"""Bouts of two behaviors in 40 frames at 10 per second, as the programs of other people write them in text."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

N_FRAMES = 40
FPS = 10
VIDEO = "mouse_1.mp4"
Bouts = Mapping[str, Sequence[tuple[int, int]]]


def _list_values(bouts: Bouts) -> list[list[int]]:
    return [[int(any(start <= frame < stop for start, stop in bouts[name])) for name in bouts] for frame in range(N_FRAMES)]


def _sort(bouts: Bouts) -> list[tuple[int, int, str]]:
    return sorted((start, stop, name) for name, spans in bouts.items() for start, stop in spans)


def make_jabs_blocks(bouts: Bouts) -> dict[str, list[dict[str, Any]]]:
    """Return blocks that label each frame."""
    blocks: dict[str, list[dict[str, Any]]] = {}
    for name, spans in bouts.items():
        edges = sorted({0, N_FRAMES, *(edge for span in spans for edge in span)})
        blocks[name] = [{"start": start, "end": stop - 1, "present": (start, stop) in spans} for start, stop in itertools.pairwise(edges)]
    return blocks


def make_jabs(bouts: Bouts, **changes: Any) -> str:
    blocks = {"0": make_jabs_blocks(bouts)}
    content = {"version": 1, "file": VIDEO, "num_frames": N_FRAMES, "labels": blocks, "unfragmented_labels": blocks, "metadata": {}}
    return json.dumps({**content, **changes}, indent=1, ensure_ascii=False)


def make_feral(bouts: Bouts) -> str:
    content = {
        "class_names": {str(number): name for number, name in enumerate(bouts)},
        "is_multilabel": True,
        "labels": {VIDEO: _list_values(bouts)},
        "splits": {"train": [VIDEO]},
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def make_calms21(bouts: Bouts) -> str:
    vocabulary = {name: number for number, name in enumerate([*bouts, "other"])}
    classes = [row.index(1) if 1 in row else len(bouts) for row in _list_values(bouts)]
    sequence = {"keypoints": [[[0.0, 0.0]]], "annotations": classes, "metadata": {"vocab": vocabulary}}
    return json.dumps({"annotator-id_0": {"task1/train/mouse_1": sequence}}, indent=1, ensure_ascii=False)


def make_label_studio(bouts: Bouts) -> str:
    regions = [
        {"type": "timelinelabels", "value": {"ranges": [{"start": start + 1, "end": stop}], "timelinelabels": [name]}}
        for start, stop, name in _sort(bouts)
    ]
    task = {
        "id": 1,
        "data": {"video": f"/data/upload/1/0a1b2c3d-{VIDEO}"},
        "annotations": [{"id": 7, "completed_by": 1, "result": regions}],
    }
    return json.dumps([task], indent=1, ensure_ascii=False)


def make_via_project(bouts: Bouts) -> str:
    options = {str(number): name for number, name in enumerate(bouts)}
    ids = {name: number for number, name in options.items()}
    content = {
        "project": {"data_format_version": "3.1.0"},
        "attribute": {"1": {"aname": "behavior", "anchor_id": "FILE1_Z2_XY0", "type": 4, "options": options}},
        "file": {"1": {"fid": "1", "fname": VIDEO, "src": VIDEO}},
        "view": {"1": {"fid_list": ["1"]}},
        "metadata": {
            f"1_{number}": {"vid": "1", "z": [start / FPS, stop / FPS], "xy": [], "av": {"1": ids[name]}}
            for number, (start, stop, name) in enumerate(_sort(bouts))
        },
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def make_via_table(bouts: Bouts) -> str:
    lines = ["# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata"]
    for number, (start, stop, name) in enumerate(_sort(bouts)):
        lines.append(f'"1_{number}","[""{VIDEO}""]",0,"[{start / FPS},{stop / FPS}]","[]","{{""1"":""{name}""}}"')
    return "\n".join(lines) + "\n"


def make_cvat(bouts: Bouts, *, size: int = N_FRAMES) -> str:
    tracks = []
    for number, (start, stop, name) in enumerate(_sort(bouts)):
        shapes = [f'<box frame="{start}" outside="0" keyframe="1"/>', f'<box frame="{stop}" outside="1" keyframe="1"/>']
        tracks.append(f'<track id="{number}" label="{name}">\n' + "\n".join(shapes) + "\n</track>")
    meta = f"<meta><task><size>{size}</size><source>{VIDEO}</source></task></meta>"
    return "\n".join(["<annotations>", "<version>1.1</version>", meta, *tracks, "</annotations>"]) + "\n"


def make_elan(bouts: Bouts) -> str:
    slots, tiers = [], []
    for name, spans in bouts.items():
        annotations = []
        for start, stop in spans:
            first = len(slots) + 1
            slots += [
                f'<TIME_SLOT TIME_SLOT_ID="ts{first + side}" TIME_VALUE="{edge * 1000 // FPS}"/>' for side, edge in enumerate((start, stop))
            ]
            annotations.append(
                f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{first}" TIME_SLOT_REF1="ts{first}" TIME_SLOT_REF2="ts{first + 1}">'
                "<ANNOTATION_VALUE/></ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        tiers.append(f'<TIER TIER_ID="{name}">\n' + "\n".join(annotations) + "\n</TIER>")
    header = f'<HEADER TIME_UNITS="milliseconds"><MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/v/{VIDEO}"/></HEADER>'
    return "\n".join(
        ['<ANNOTATION_DOCUMENT VERSION="3.0">', header, "<TIME_ORDER>", *slots, "</TIME_ORDER>", *tiers, "</ANNOTATION_DOCUMENT>"]
    )


def make_praat(bouts: Bouts) -> str:
    last = N_FRAMES / FPS
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0 ",
        f"xmax = {last} ",
        "tiers? <exists> ",
        f"size = {len(bouts)} ",
    ]
    lines.append("item []: ")
    for position, (name, spans) in enumerate(bouts.items(), start=1):
        edges = sorted({0, N_FRAMES, *(edge for span in spans for edge in span)})
        intervals = list(itertools.pairwise(edges))
        lines += [
            f"    item [{position}]:",
            '        class = "IntervalTier" ',
            f'        name = "{name}" ',
            "        xmin = 0 ",
            f"        xmax = {last} ",
        ]
        lines.append(f"        intervals: size = {len(intervals)} ")
        for number, (start, stop) in enumerate(intervals, start=1):
            text = "seen" if (start, stop) in spans else ""
            lines += [f"        intervals [{number}]:", f"            xmin = {start / FPS} ", f"            xmax = {stop / FPS} "]
            lines.append(f'            text = "{text}" ')
    return "\n".join(lines) + "\n"


def make_ethovision(bouts: Bouts) -> str:
    events = sorted((at, name, kind) for start, stop, name in _sort(bouts) for at, kind in ((start, "state start"), (stop, "state stop")))
    lines = [
        '"Number of header lines:";"7"',
        '"Trial name";"Trial 1"',
        f'"Video file";"C:\\v\\{VIDEO}"',
        '"Arena name";"-"',
        '""',
        '"Trial time";"Recording time";"Subject";"Behavior";"Event"',
        '"s";"s";"";"";""',
        '0;0;"Subject 1";"start";"state start"',
    ]
    lines += [f'{at / FPS};{at / FPS};"Subject 1";"{name}";"{kind}"' for at, name, kind in events]
    return "\n".join(lines) + "\n"


def make_observer(bouts: Bouts) -> str:
    lines = ["Date_Time_Absolute_dmy_hmsf,Time_Relative_sf,Duration_sf,Observation,Subject,Behavior,Modifier_1,Event_Type,Comment"]
    rows = []
    for start, stop, name in _sort(bouts):
        rows.append((start, f"01-01-2020,{start / FPS},{(stop - start) / FPS:g},mouse_1,mouse,{name},,State start,"))
        rows.append((stop, f"01-01-2020,{stop / FPS},0,mouse_1,mouse,{name},,State stop,"))
    return "\n".join([*lines, *(row for _, row in sorted(rows))]) + "\n"
