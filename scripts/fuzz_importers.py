"""Feed importers of label files random bytes and near-valid files, and count what comes of it.

    python scripts/fuzz_importers.py [--per-importer 2000] [--seed 0] [--seeds-from ../shared/data/formats]

Every input has to end in labels of the right shape, or in a LabelError that names the file; labels of an input that was only written
another way (encoding, line ends, delimiter) have to be those of the original.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import scipy.io
from fuzzing import run_trials

from behavior.errors import LabelError
from behavior.files.label_formats.request import EVERYBODY, LabelPolicies, LabelRequest
from behavior.files.labels import is_label_file, list_behaviors, list_observations, read_labels, recognise_labels
from behavior.recording import Frames

__all__ = ["BEHAVIORS", "N_FRAMES", "SEEDS", "SHOWN_IN", "expect", "try_input", "vary"]

N_FRAMES = 60
TIME_S = np.arange(N_FRAMES) / 10
BEHAVIORS = ("a", "b")

_ON = {"a": range(5, 12), "b": range(20, 31)}
_CELLS = [[int(frame in _ON[name]) for name in BEHAVIORS] for frame in range(N_FRAMES)]
_EVENTS = sorted((edge, name, kind) for name, on in _ON.items() for edge, kind in ((on[0], "START"), (on[-1] + 1, "STOP")))
_SPANS = [(on[0], on[-1] + 1, name) for name, on in _ON.items()]
_CLASSES = [row.index(1) if 1 in row else 2 for row in _CELLS]


def _lines(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _make_project() -> bytes:
    kinds = {str(place): {"type": "State event", "code": name, "modifiers": {}} for place, name in enumerate(BEHAVIORS)}
    media = {"length": {"m.mp4": 6.0}, "offset": {"1": 0.0}}
    observation = {"file": {"1": ["m.mp4"]}, "type": "MEDIA", "time offset": 0.0, "media_info": media, "observation time interval": [0, 0]}
    observation["events"] = [[at / 10, "", name, "", ""] for at, name, _ in _EVENTS]
    return json.dumps({"project_format_version": "7.0", "behaviors_conf": kinds, "observations": {"o": observation}}, indent=1).encode()


def _make_sheet() -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in [
        ["frame", "note", *BEHAVIORS],
        *([frame, None, *("x" if cell else None for cell in row)] for frame, row in enumerate(_CELLS)),
    ]:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def _dump(value: object) -> bytes:
    return json.dumps(value, indent=1).encode()


def _make_jabs() -> bytes:
    blocks = {}
    for name, on in _ON.items():
        spans = ((0, on[0] - 1, False), (on[0], on[-1], True), (on[-1] + 1, N_FRAMES - 1, False))
        blocks[name] = [{"start": start, "end": end, "present": present} for start, end, present in spans]
    return _dump({"version": 1, "file": "m.mp4", "num_frames": N_FRAMES, "labels": {"0": blocks}, "unfragmented_labels": {"0": blocks}})


def _list_regions() -> list[object]:
    return [
        {"type": "timelinelabels", "value": {"ranges": [{"start": start + 1, "end": stop}], "timelinelabels": [name]}}
        for start, stop, name in _SPANS
    ]


def _make_via() -> bytes:
    spans = {f"1_{name}": {"vid": "1", "z": [start / 10, stop / 10], "xy": [], "av": {"1": name}} for start, stop, name in _SPANS}
    attributes = {"1": {"aname": "behavior", "options": {name: name for name in BEHAVIORS}}}
    files, views = {"1": {"fname": "m.mp4", "src": "m.mp4"}}, {"1": {"fid_list": ["1"]}}
    return _dump({"project": {}, "attribute": attributes, "file": files, "view": views, "metadata": spans})


def _make_elan() -> bytes:
    slots, tiers = [], []
    for start, stop, name in _SPANS:
        slots += [f'<TIME_SLOT TIME_SLOT_ID="{name}{side}" TIME_VALUE="{at * 100}"/>' for side, at in ((1, start), (2, stop))]
        tiers.append(f'<TIER TIER_ID="{name}">')
        tiers.append(f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{name}1" TIME_SLOT_REF2="{name}2">')
        tiers.append("<ANNOTATION_VALUE/></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>")
    header = '<HEADER TIME_UNITS="milliseconds"><MEDIA_DESCRIPTOR MEDIA_URL="m.mp4"/></HEADER>'
    return _lines("<ANNOTATION_DOCUMENT>", header, "<TIME_ORDER>", *slots, "</TIME_ORDER>", *tiers, "</ANNOTATION_DOCUMENT>")


def _make_grid() -> bytes:
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", "xmax = 6", "tiers? <exists>", "size = 2", "item []:"]
    for position, (start, stop, name) in enumerate(_SPANS, start=1):
        lines += [f"item [{position}]:", 'class = "IntervalTier"', f'name = "{name}"', "xmin = 0", "xmax = 6", "intervals: size = 1"]
        lines += ["intervals [1]:", f"xmin = {start / 10}", f"xmax = {stop / 10}", 'text = "seen"']
    return _lines(*lines)


def _save_mat(**variables: object) -> bytes:
    content = io.BytesIO()
    scipy.io.savemat(content, variables)
    return content.getvalue()


def _make_jaaba() -> bytes:
    (start, stop, _), *_ = _SPANS
    scores = {"t0s": start + 1.0, "t1s": stop + 1.0, "tStart": 1.0, "tEnd": float(N_FRAMES), "postprocessed": [row[0] for row in _CELLS]}
    return _save_mat(allScores=scores, behaviorName="a")


def _make_depot() -> bytes:
    behaviors = {
        name: {"Bouts": np.array([[start + 1, stop]], dtype=np.uint16), "Vector": np.array(_CELLS, dtype=np.uint8)[:, number]}
        for number, (start, stop, name) in enumerate(_SPANS)
    }
    return _save_mat(hBehavior={"VideoName": "m.mp4", "FrameRate": 10, "TotalFrames": N_FRAMES, **behaviors})


def _make_nwb() -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["nwb_version"] = "2.9.0"
        table = file.create_group("processing/behavior/bouts")
        table.attrs.update({"neurodata_type": "EthogramBouts", "labeling_method": "manual", "annotator": "x"})
        table["start_time"] = np.array([start / 10 for start, _, _ in _SPANS])
        table["stop_time"] = np.array([stop / 10 for _, stop, _ in _SPANS])
        table.create_dataset("label", data=[name for _, _, name in _SPANS], dtype=h5py.string_dtype())
    return content.getvalue()


SEEDS: Mapping[str, bytes] = {
    "frame table": _lines("frame,a,b", *(f"{frame},{one},{two}" for frame, (one, two) in enumerate(_CELLS))),
    "table of samples": _lines("time,a,b", *(f"{frame / 10},{one},{two}" for frame, (one, two) in enumerate(_CELLS))),
    "bout table": _lines("behavior,start_s,stop_s", *(f"{name},{start / 10},{stop / 10}" for start, stop, name in _SPANS)),
    "BORIS project": _make_project(),
    "BORIS tabular events": _lines(
        "Observation id,o,,,,,,,",
        "Player #1,m.mp4,,,,,,,",
        "Time offset (s),0.0,,,,,,,",
        "Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status",
        *(f"{at / 10:.3f},m.mp4,6.000,10.0,,{name},,,{kind}" for at, name, kind in _EVENTS),
    ),
    "BORIS aggregated events": _lines(
        "Observation id,Media file,Total length,FPS,Subject,Behavior,Behavioral category,Modifiers,Behavior type,Start (s),Stop (s),"
        "Duration (s)",
        *(f"o,m.mp4,6.0,10,No focal subject,{name},,,STATE,{start / 10:.3f},{stop / 10:.3f},1" for start, stop, name in _SPANS),
    ),
    "DeepEthogram labels": _lines(",background,a,b", *(f"{frame},{1 - max(row)},{row[0]},{row[1]}" for frame, row in enumerate(_CELLS))),
    "SimBA targets_inserted": _lines(
        ",Nose_x,Nose_y,Nose_p,speed,a,b", *(f"{frame},7.5,9.25,0.9,{frame * 1.5},{row[0]},{row[1]}" for frame, row in enumerate(_CELLS))
    ),
    "Caltech Behavior Annotator": _lines(
        "Caltech Behavior Annotator - Annotation File",
        "",
        "Configuration file:",
        "base\tz",
        "",
        "S1:\tstart\tend\ttype",
        "-----------------------------",
        *(f"   \t{first}\t{last}\t{name}" for first, last, name in [(1, 5, "base"), (6, 12, "a"), (13, 20, "base"), (21, 31, "b")]),
        "   \t32\t60\tbase",
    ),
    "Bento annotation": _lines(
        "Bento annotation file",
        "Annotation start frame: 1",
        f"Annotation stop frame: {N_FRAMES}",
        "Annotation framerate: 10.0",
        "",
        "Ch1----------",
        *(
            line
            for start, stop, name in _SPANS
            for line in (f">{name}", "Start\t Stop\t Duration", f"{(start + 1) / 10}\t{stop / 10}\t1", "")
        ),
    ),
    "Solomon Coder": _lines(
        "Time,Behaviour", *(f"{frame / 10},{'a' if row[0] else 'b' if row[1] else ''}" for frame, row in enumerate(_CELLS))
    ),
    "sheet of x marks": _lines("frame,note,a,b", *(f"{frame},,{'x' * row[0]},{'x' * row[1]}" for frame, row in enumerate(_CELLS))),
    "DLCAnalyzer labels": _lines(
        "file;Experimenter;from;to;type;ID", *(f"m;J;{start / 10};{stop / 10};{name};m" for start, stop, name in _SPANS)
    ),
    "JABS annotations": _make_jabs(),
    "FERAL labels": _dump({"class_names": dict(enumerate(BEHAVIORS)), "is_multilabel": True, "labels": {"m.mp4": _CELLS}}),
    "CalMS21 labels": _dump({"annotator-id_0": {"m": {"annotations": _CLASSES, "metadata": {"vocab": {"a": 0, "b": 1, "other": 2}}}}}),
    "Label Studio export": _dump([{"id": 1, "data": {"video": "m.mp4"}, "annotations": [{"completed_by": 1, "result": _list_regions()}]}]),
    "VIA project": _make_via(),
    "VIA table": _lines(
        "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata",
        *(f'"1_{name}","[""m.mp4""]",0,"[{start / 10},{stop / 10}]","[]","{{""1"":""{name}""}}"' for start, stop, name in _SPANS),
    ),
    "CVAT annotations": _lines(
        "<annotations>",
        "<version>1.1</version>",
        f"<meta><task><size>{N_FRAMES}</size><source>m.mp4</source></task></meta>",
        *(
            line
            for start, stop, name in _SPANS
            for line in (f'<track id="0" label="{name}">', f'<box frame="{start}"/>', f'<box frame="{stop}" outside="1"/>', "</track>")
        ),
        "</annotations>",
    ),
    "ELAN annotations": _make_elan(),
    "Praat TextGrid": _make_grid(),
    "EthoVision manual scoring": _lines(
        '"Number of header lines:";"5"',
        '"Video file";"m.mp4"',
        '""',
        '"Trial time";"Recording time";"Subject";"Behavior";"Event"',
        '"s";"s";"";"";""',
        *(f'{at / 10};{at / 10};"s1";"{name}";"state {kind.lower()}"' for at, name, kind in _EVENTS),
    ),
    "The Observer XT events": _lines(
        "Time_Relative_sf,Duration_sf,Observation,Subject,Behavior,Modifier_1,Event_Type",
        *(f"{at / 10},{(_ON[name][-1] + 1 - at) / 10:g},m,s1,{name},,State {kind.lower()}" for at, name, kind in _EVENTS),
    ),
    "JAABA scores": _make_jaaba(),
    "BehaviorDEPOT annotations": _make_depot(),
    "NWB ethogram": _make_nwb(),
    "spreadsheet": _make_sheet(),
}
# Files that hold fewer behaviors than the others.
SHOWN_IN: Mapping[str, tuple[str, ...]] = {"JAABA scores": ("a",)}

_ODD = (
    b"",
    b"0",
    b"-1",
    b"1e999",
    b"nan",
    b"NA",
    b"-5",
    b"99999999999999999999",
    b"=1+1",
    b'"',
    b"\xff",
    b"\x00",
    b",",
    b";",
    b"\t",
    b"|",
    b"None",
)


def vary(seed: bytes, rng: random.Random, others: list[bytes]) -> tuple[bytes, bool]:
    """Return a file made of `seed`, and whether it means the same."""
    kind = rng.randrange(12)
    if kind == 0:
        return rng.randbytes(rng.randrange(600)), False
    if kind == 1 and b"\0" not in seed:
        return _rewrite(seed, rng), True
    if seed.startswith(b"PK") and kind > 4:
        return _vary_sheet(seed, rng), False
    content = bytearray(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        content = _change(content, rng, others)
    return bytes(content), False


def _rewrite(seed: bytes, rng: random.Random) -> bytes:
    text = seed.decode()
    if rng.random() < 0.5:
        text = text.replace("\n", "\r\n")
    return text.encode(rng.choice(("utf-8", "utf-8-sig", "utf-16", "latin-1")))


def _change(content: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    place = rng.randrange(len(content) + 1)
    lines = bytes(content).split(b"\n")
    number = rng.randrange(len(lines))
    match rng.randrange(9):
        case 0:
            return content[:place]
        case 1:
            return content[:place] + bytearray(rng.randbytes(rng.randrange(1, 9))) + content[place:]
        case 2:
            return content[:place] + content[place + rng.randrange(1, 30) :]
        case 3:
            lines[number] = rng.choice(lines)
        case 4:
            del lines[number]
        case 5 | 6:
            cells = re.split(rb"([,;\t ])", lines[number])
            cells[rng.randrange(len(cells))] = rng.choice(_ODD)
            lines[number] = b"".join(cells)
        case 7:
            old, new = rng.choice(((b",", b";"), (b",", b"\t"), (b".", b","), (b"\n", b"\r"), (b"a", b"A"), (b"1", b"x"), (b" ", b"")))
            return bytearray(bytes(content).replace(old, new))
        case _:
            other = rng.choice(others)
            cut = rng.randrange(len(other) + 1)
            return content[:place] + bytearray(other[cut : cut + rng.randrange(1, 200)]) + content[place:]
    return bytearray(b"\n".join(lines))


def _vary_sheet(seed: bytes, rng: random.Random) -> bytes:
    """Change the XML within a spreadsheet, so that the archive is whole."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(seed)) as archive, zipfile.ZipFile(content, "w") as changed:
        chosen = rng.choice(archive.namelist())
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith("sheet1.xml") and rng.random() < 0.7:
                values = re.split(rb"(?<=<[vt]>)([^<]*)(?=</[vt]>)", data)
                values[1 + 2 * rng.randrange(len(values) // 2)] = rng.choice(_ODD[:10])
                data = b"".join(values)
            elif name == chosen:
                data = bytes(_change(bytearray(data), rng, [seed]))
            changed.writestr(name, data)
    return content.getvalue()


def try_input(
    path: Path, content: bytes, expected: np.ndarray | None, *, behaviors: Sequence[str] = BEHAVIORS, observation: str | None = None
) -> str:
    """Read `content` as labels, from a file at `path`, and return what came of it.

    Raises
    ------
    AssertionError
        If labels are not what they should be, or an error does not name the file.
    Exception
        Whatever an importer lets through that is no LabelError.
    """
    path.write_bytes(content)
    is_label_file(path)
    outcome = "LabelError"
    for policies in (LabelPolicies(), LabelPolicies("warn", "warn", "warn", "warn")):
        try:
            request = LabelRequest(
                tuple(behaviors),
                Frames.from_times(TIME_S),
                recording_names=("m.mp4",),
                observation=observation,
                subject=EVERYBODY if observation else None,
                background="absent",
                policies=policies,
            )
            labels, notes = read_labels(path, request)
        except LabelError as error:
            assert str(path) in str(error), f"names no file: {error}"
            assert expected is None, f"refuses the same labels, written another way: {error}"
        else:
            outcome = "labels"
            assert labels.values.shape == (N_FRAMES, len(behaviors))
            assert labels.values.dtype == np.int8
            assert all(str(path) in note for note in notes)
            if expected is not None:
                np.testing.assert_array_equal(labels.values, expected)
    for look in (recognise_labels, list_behaviors, list_observations):
        try:
            look(path)
        except LabelError as error:
            assert str(path) in str(error), f"names no file: {error}"
    return outcome


def expect(name: str) -> np.ndarray:
    """Return the labels of a seed, int8 of shape (N_FRAMES, B)."""
    return np.array(_CELLS, dtype=np.int8)[:, [BEHAVIORS.index(behavior) for behavior in SHOWN_IN.get(name, BEHAVIORS)]]


def list_trials(
    seeds: Mapping[str, bytes], name: str, path: Path, rng: random.Random, *, behaviors: Sequence[str], observation: str | None
) -> Iterator[Callable[[], str]]:
    """Yield without end what reads a variation of the seed `name` from a file at `path`."""
    others = list(seeds.values())
    expected = expect(name) if name in SEEDS else None

    def read(content: bytes, is_same: bool) -> str:
        try:
            return try_input(path, content, expected if is_same else None, behaviors=behaviors, observation=observation)
        except Exception as error:
            error.add_note(repr(content[:2000]))
            raise

    while True:
        yield partial(read, *vary(seeds[name], rng, others))


def main() -> int:
    """Try as many inputs as asked for, and print a table; exit status 1 if anything came through."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--per-importer", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="Vary the seeds whose names hold this.", default="")
    parser.add_argument("--seeds-from", type=Path, help="Folder of real label files that are varied, too.")
    options = parser.parse_args()
    seeds = dict(SEEDS)
    named: dict[str, tuple[str, ...]] = {}
    chosen: dict[str, str | None] = {}
    if options.seeds_from is not None:
        found = [
            path
            for path in sorted(options.seeds_from.rglob("*"))
            if path.is_file() and path.stat().st_size < 50_000 and is_label_file(path)
        ]
        seeds |= {path.name: path.read_bytes() for path in found}
        named = {path.name: list_behaviors(path)[:3] for path in found}
        chosen = {path.name: next(iter(list_observations(path)), None) for path in found}
    seeds = {name: content for name, content in seeds.items() if options.only.casefold() in name.casefold()}
    with tempfile.TemporaryDirectory() as folder:
        trials = {
            name: list_trials(
                seeds,
                name,
                Path(folder) / ("labels.xlsx" if content.startswith(b"PK") else "labels.csv"),
                random.Random(f"{options.seed} {name}"),
                behaviors=named.get(name) or SHOWN_IN.get(name, BEHAVIORS),
                observation=chosen.get(name),
            )
            for name, content in seeds.items()
        }
        return run_trials(trials, options.per_importer, fine=("LabelError", "labels"))


if __name__ == "__main__":
    sys.exit(main())
