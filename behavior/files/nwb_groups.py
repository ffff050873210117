"""What NWB files have in common, read through HDF5: groups by their types, and when their videos start."""

from __future__ import annotations

import re

import h5py

from behavior.files.hdf5_arrays import read_names, read_number, read_numbers

__all__ = ["decode_text", "find_typed", "list_video_starts", "name_group", "read_type"]


def find_typed(file: h5py.File, kind: str) -> list[h5py.Group]:
    """Return the groups of one neurodata type, in the order of their paths; links are not followed."""
    groups: list[h5py.Group] = []

    def look(_: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Group) and read_type(node) == kind:
            groups.append(node)

    file.visititems(look)
    return groups


def read_type(node: h5py.Group | h5py.Dataset) -> str:
    """Return the neurodata type of a group or dataset, "" if it has none."""
    return decode_text(node.attrs.get("neurodata_type", ""))


def name_group(group: h5py.Group) -> str:
    """Return a group's name without those that it is in."""
    return str(group.name).rsplit("/", 1)[-1]


def decode_text(value: object) -> str:
    """Return the text in an attribute, which HDF5 has as bytes or str."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def list_video_starts(file: h5py.File) -> dict[str, float]:
    """Return when each video starts, in seconds of the session, by its file's name; those of which the file does not say are left out."""
    starts = {}
    for video in find_typed(file, "ImageSeries"):
        if "external_file" not in video:
            continue
        if "starting_time" in video:
            start = read_number(video["starting_time"])
        elif "timestamps" in video and video["timestamps"].size:
            start = float(read_numbers(video["timestamps"]).ravel()[0])
        else:
            continue
        for name in read_names(video["external_file"]):
            starts[re.split(r"[/\\]", name)[-1]] = start
    return starts
