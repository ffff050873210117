"""Pose that a tracker wrote, of one animal or of several: DeepLabCut, Lightning Pose, SLEAP, JABS, EthoVision, NWB with ndx-pose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from behavior.errors import PoseError, join_first, suggest_nearest
from behavior.files.atomic import replacing
from behavior.files.pose_formats.deeplabcut import is_pose_table, read_pose_table
from behavior.files.pose_formats.ethovision import is_ethovision, read_ethovision
from behavior.files.pose_formats.jabs import is_jabs_pose, read_jabs_pose
from behavior.files.pose_formats.nwb import is_nwb, is_nwb_pose, read_nwb_pose
from behavior.files.pose_formats.sleap_analysis import is_sleap_analysis, read_sleap_analysis
from behavior.files.pose_formats.sleap_csv import is_sleap_csv, read_sleap_csv
from behavior.files.pose_formats.sleap_project import is_sleap_project, read_sleap_project
from behavior.files.pose_index import check_frame_index, count_from_0
from behavior.files.pose_likelihoods import check_likelihoods
from behavior.files.pose_table import COORDINATES, PoseTable, require_pose_file
from behavior.files.pose_times import TOLERATED_ROWS, place_by_time
from behavior.recording import Frames, Track

__all__ = [
    "POSE_SUFFIXES",
    "PoseFile",
    "find_body_parts",
    "is_pose",
    "list_individuals",
    "match_pose_to_frames",
    "open_pose",
    "read_pose",
    "write_deeplabcut",
]

POSE_SUFFIXES = (".csv", ".h5", ".hdf5", ".nwb", ".slp", ".xlsx", ".txt")

# What else than a table may be in HDF5, and what reads it.
_HDF5_READERS: tuple[tuple[Callable[[Path], bool], Callable[[Path], PoseTable]], ...] = (
    (is_sleap_analysis, read_sleap_analysis),
    (is_sleap_project, read_sleap_project),
    (is_jabs_pose, read_jabs_pose),
    (is_nwb, read_nwb_pose),
)

_TEXT_READERS: tuple[tuple[Callable[[Path], bool], Callable[[Path], PoseTable]], ...] = (
    (is_sleap_csv, read_sleap_csv),
    (is_ethovision, read_ethovision),
)

_TABLE_SUFFIXES = (".csv", ".h5", ".hdf5")

# Share of frames by which a number that comes from a container, not from counting, may be wrong.
_DECLARED_OFF = 0.02

# So many rows of a table are written at once.
_ROWS_AT_ONCE = 1000

# More names than this are counted.
_SHOWN_NAMES = 12


def read_pose(path: Path, *, individual: str | None = None, scale: tuple[float, float, float] | None = None) -> Track:
    """Read the pose of one animal: a table of DeepLabCut or Lightning Pose, SLEAP's project or analysis, a pose file of JABS, or NWB.

    Rows are put where their frame index says: frames without a row get NaN positions and likelihood 0. Rows that have times instead
    keep these, and `match_pose_to_frames` puts them where the video's times say. A table without likelihoods (other trackers, corrected
    poses) gets likelihood 1 where there is a position.

    Parameters
    ----------
    path
        A .csv, .h5, .slp or .nwb file; its content decides how it is read.
    individual
        Which animal of a file that has several; needed there. In SLEAP it is the track, in JABS the identity, in NWB the PoseEstimation.
    scale
        Of a file that has an origin and a unit of its own, y upwards: where the origin is in the picture (x, y), and pixels per unit.

    Returns
    -------
    Track with one row per frame, from frame 0 to the last one in the table, or per time; body parts in the file's order and spelling.

    Raises
    ------
    PoseError
        If the file is missing or holds no pose, the individual is not in it or has to be chosen, the row index is not one frame number
        per row, a likelihood is of another scale than 0 to 1, or the file has a unit of its own and no scale is given.
    """
    return open_pose(path).read(individual, scale)


def open_pose(path: Path) -> PoseFile:
    """Return the pose file at `path`, parsed once for all of its animals; raises as `read_pose`, but for what a choice of animal brings."""
    table = _read_table(path)
    # First whether it is a pose of a video at all: nobody has to choose an animal of training labels.
    frames = check_frame_index(path, table)
    note = check_likelihoods(path, table)
    return PoseFile(path, table, frames, () if note is None else (note,))


class PoseFile:
    """A pose file that was parsed: `open_pose` makes it.

    Attributes
    ----------
    path
        Where it is.
    individuals
        The animals in it, each with its body parts; one without a name is called "".
    n_rows
        Rows that the track of each animal has.
    time_s, stated_frames, fps
        As in `PoseTable`.
    frame_numbers
        As in `Track`.
    notes
        Sentences on what is odd about its likelihoods.
    """

    def __init__(self, path: Path, table: PoseTable, frames: npt.NDArray[np.int64], notes: tuple[str, ...] = ()) -> None:
        self.path, self.n_rows, self.notes = path, int(frames.max()) + 1, notes
        self.time_s, self.stated_frames, self.fps = table.time_s, table.stated_frames, table.fps
        # SLEAP counts from 0 by definition, and leaves out frames; tables go through many hands.
        may_count_otherwise = table.time_s is None and not table.may_end_early and frames.min() > 0
        self.frame_numbers = np.sort(frames) if may_count_otherwise else None
        self._table, self._frames = table, frames
        self.individuals = {
            animal: tuple(dict.fromkeys(part for name, part, _ in table.columns if name == animal)) for animal in _list_animals(table)
        }

    def list_present(self) -> tuple[str, ...]:
        """Return the animals that have a position in some frame: trackers give columns to those that no video shows, too."""
        coordinates = {animal: self._table.values[:, self._find_coordinates(animal)] for animal in self.individuals}
        # Some trackers write 0 for what they did not find.
        return tuple(animal for animal, values in coordinates.items() if (np.isfinite(values) & (values != 0)).any())

    def read(self, individual: str | None = None, scale: tuple[float, float, float] | None = None) -> Track:
        """Return the track of one animal; arguments, result and errors are those of `read_pose`."""
        path, table, frames = self.path, self._table, self._frames
        chosen = _choose_individual(path, table, individual)
        columns = {(part, coordinate): number for number, (name, part, coordinate) in enumerate(table.columns) if name == chosen}
        parts = tuple(dict.fromkeys(part for part, _ in columns))
        for part in parts:
            missing = [coordinate for coordinate in ("x", "y") if (part, coordinate) not in columns]
            if missing:
                raise PoseError(f"{path}: body part {part!r} has no column {missing[0]!r}; export the pose again.")
        positions = np.full((self.n_rows, len(parts), 2), np.nan)
        likelihoods = np.zeros((self.n_rows, len(parts)))
        for number, part in enumerate(parts):
            positions[frames, number, 0] = table.values[:, columns[part, "x"]]
            positions[frames, number, 1] = table.values[:, columns[part, "y"]]
            if (part, "likelihood") in columns:
                likelihoods[frames, number] = np.clip(np.nan_to_num(table.values[:, columns[part, "likelihood"]], nan=0.0), 0.0, 1.0)
            else:
                likelihoods[:, number] = np.isfinite(positions[:, number]).all(axis=1)
        positions[~np.isfinite(positions)] = np.nan
        if table.unit != "px":
            positions = _find_pixels(path, positions, table.unit, scale)
        return Track(
            positions,
            likelihoods,
            parts,
            time_s=table.time_s,
            may_end_early=table.may_end_early,
            stated_frames=table.stated_frames,
            frame_numbers=self.frame_numbers,
        )

    def _find_coordinates(self, animal: str) -> list[int]:
        return [number for number, (name, _, coordinate) in enumerate(self._table.columns) if name == animal and coordinate != "likelihood"]


def list_individuals(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the animals in a pose file, each with its body parts; one without a name is called "".

    Raises
    ------
    PoseError
        As `read_pose`, but for the choice of an individual.
    """
    return open_pose(path).individuals


def find_body_parts(track: Track, names: Sequence[str], *, path: Path) -> list[int]:
    """Return the columns of `names` in `track`, compared without case.

    Parameters
    ----------
    path
        Where the track came from, for the message.

    Raises
    ------
    PoseError
        If a name is not there, or two body parts differ from it by case only.
    """
    columns = []
    for name in names:
        candidates = [column for column, part in enumerate(track.body_parts) if part.casefold() == name.strip().casefold()]
        # Where parts differ by case only, the spelling decides.
        candidates = [column for column in candidates if track.body_parts[column] == name] or candidates
        if not candidates:
            nearest = suggest_nearest(name, track.body_parts) or "; choose one of these, in the study file or with --body-part."
            raise PoseError(f"{path}: has no body part {name!r}, only {', '.join(track.body_parts)}{nearest}")
        if len(candidates) > 1:
            spellings = ", ".join(repr(track.body_parts[column]) for column in candidates)
            raise PoseError(f"{path}: body part {name!r} could be {spellings}; spell it as the file does.")
        columns.append(candidates[0])
    return columns


def match_pose_to_frames(track: Track, frames: Frames, *, path: Path) -> tuple[Track, str | None]:
    """Cut or pad `track` to the frames of its video, or place its rows by their times; row 1 becomes row 0 of a file that counts from 1.

    Parameters
    ----------
    frames
        Those of the video; if it broke off, pose rows without a frame are not a sign of another video.
    path
        Where the track came from, for the message.

    Returns
    -------
    The track with a row per frame (those added have NaN positions and likelihood 0), and a sentence of warning, or None.

    Raises
    ------
    PoseError
        If the file says that its video has another number of frames; rows and frames differ by more than 2, the video did not break off
        before the pose did, and the file's format does not leave out the frames after the last detection; or times contradict the
        video's.
    """
    stated = frames.n_frames if track.stated_frames is None else track.stated_frames
    # What a container declares may be somewhat off.
    if not frames.broke_off and abs(stated - frames.n_frames) > max(TOLERATED_ROWS, _DECLARED_OFF * stated):
        raise PoseError(
            f"{path}: says that its video has {stated} frames, but the video has {frames.n_frames}; is it the pose of another video?"
        )
    if track.time_s is not None:
        placed, notes = place_by_time(track, frames, path=path)
        return placed, " ".join(notes) or None
    track, note = count_from_0(track, frames.n_frames, path=path)
    fitted, more = _fit_rows(track, frames, path)
    return fitted, " ".join(filter(None, (note, more))) or None


def is_pose(path: Path) -> bool:
    """Tell by content whether `path` is a pose file (training labels of that layout among them); never raises."""
    is_other = (is_sleap_analysis, is_sleap_project, is_sleap_csv, is_ethovision, is_jabs_pose, is_nwb_pose)
    return is_pose_table(path) or any(is_format(path) for is_format in is_other)


def write_deeplabcut(path: Path, track: Track | Mapping[str, Track], *, scorer: str) -> None:
    """Write a track as DeepLabCut does: three header rows, or four where animals have names, then a row per frame.

    Parameters
    ----------
    path
        Ends in .csv, or in .h5 or .hdf5 for the same table in HDF5.
    track
        Of one animal, or those of several by name, all with as many frames.
    scorer
        Name of the network, in the first header row.

    Raises
    ------
    PoseError
        If `path` has another suffix, or the animals have different numbers of frames.
    OutputError
        If the file cannot be written.
    """
    import pandas as pd

    tracks = {"": track} if isinstance(track, Track) else dict(track)
    lengths = sorted({len(each) for each in tracks.values()})
    if len(lengths) != 1:
        raise PoseError(f"{path}: the tracks of {len(tracks)} animals have {lengths} frames, expected as many each.")
    columns = [(scorer, name, part, coordinate) for name, each in tracks.items() for part in each.body_parts for coordinate in COORDINATES]
    header = pd.MultiIndex.from_tuples(columns, names=["scorer", "individuals", "bodyparts", "coords"])
    if isinstance(track, Track):
        header = header.droplevel("individuals")

    def take_rows(rows: slice) -> pd.DataFrame:
        values = [np.concatenate((each.positions[rows], each.likelihoods[rows, :, np.newaxis]), axis=2) for each in tracks.values()]
        numbers = range(lengths[0])[rows]
        return pd.DataFrame(np.concatenate([each.reshape(len(each), -1) for each in values], axis=1), columns=header, index=numbers)

    suffix = path.suffix.lower()
    if suffix not in _TABLE_SUFFIXES:
        raise PoseError(f"{path}: pose is written as .csv or .h5, found {path.suffix!r}; choose one of these.")
    with replacing(path) as temporary:
        if suffix == ".csv":
            with temporary.open("w", encoding="utf-8", newline="") as file:
                # Not all of a long video at once.
                for start in range(0, max(lengths[0], 1), _ROWS_AT_ONCE):
                    take_rows(slice(start, start + _ROWS_AT_ONCE)).to_csv(file, lineterminator="\n", header=not start)
        else:
            take_rows(slice(None)).to_hdf(temporary, key="df_with_missing", mode="w", format="fixed")


def _fit_rows(track: Track, frames: Frames, path: Path) -> tuple[Track, str | None]:
    """Return a track with a row per frame, those left out or added at the end, and what to say of that."""
    n_rows, n_frames = len(track), frames.n_frames
    if n_rows == n_frames:
        return track, None
    surplus = n_rows - n_frames
    is_explained = frames.broke_off if surplus > 0 else track.may_end_early
    if abs(surplus) > TOLERATED_ROWS and not is_explained:
        raise PoseError(
            f"{path}: {n_rows} pose rows for {n_frames} frames in the video, expected as many; is it the pose of another video?"
        )
    if surplus > 0:
        cut = Track(track.positions[:n_frames], track.likelihoods[:n_frames], track.body_parts)
        if frames.broke_off:
            return cut, f"{path}: the video breaks off, and {surplus} of {n_rows} pose rows, the last ones, have no frame and are left out."
        return cut, (
            f"{path}: {surplus} of {n_rows} pose rows have no frame; the last ones are left out, and if the video lost frames in its "
            "middle, all pose after them is shifted."
        )
    padding = ((0, -surplus), (0, 0))
    padded = Track(
        np.pad(track.positions, (*padding, (0, 0)), constant_values=np.nan), np.pad(track.likelihoods, padding), track.body_parts
    )
    return padded, f"{path}: {-surplus} of {n_frames} frames, the last ones, have no pose row and count as unmeasured."


def _read_table(path: Path) -> PoseTable:
    if require_pose_file(path):
        for is_format, read in _HDF5_READERS:
            if is_format(path):
                return read(path)
    else:
        for is_format, read in _TEXT_READERS:
            if is_format(path):
                return read(path)
    return read_pose_table(path)


def _choose_individual(path: Path, table: PoseTable, individual: str | None) -> str:
    names = tuple(dict.fromkeys(name for name, _, _ in table.columns))
    if names == ("",):
        # Of one animal, and it has no name in the file.
        return ""
    animals = _list_animals(table)
    if individual is None:
        if len(animals) > 1:
            shown = join_first(animals, _SHOWN_NAMES)
            raise PoseError(
                f"{path}: holds the pose of {len(animals)} individuals ({shown}); name one as crop: individual, or for each "
                "recording in the manifest's column individual."
            )
        return animals[0]
    matching = [name for name in names if name == individual] or [name for name in names if name.casefold() == individual.casefold()]
    if len(matching) != 1:
        nearest = suggest_nearest(individual, animals) or "; choose one of these, in the study file or with --individual."
        raise PoseError(f"{path}: has no individual {individual!r}, only {join_first(animals, _SHOWN_NAMES)}{nearest}")
    return matching[0]


def _find_pixels(
    path: Path, positions: npt.NDArray[np.float64], unit: str, scale: tuple[float, float, float] | None
) -> npt.NDArray[np.float64]:
    """Return positions in pixels from the upper left corner, y downwards."""
    if scale is None:
        raise PoseError(
            f"{path}: has positions in {unit[:40]} from an origin of its own, expected pixels; say where the origin lies in the picture, "
            "and how many pixels a unit has, in the study file: crop: {pose_scale: [320, 240, 8.5]}."
        )
    x, y, pixels = scale
    return np.array([x, y]) + positions * (pixels, -pixels)


def _list_animals(table: PoseTable) -> list[str]:
    names = list(dict.fromkeys(name for name, _, _ in table.columns))
    # Multi-animal DeepLabCut keeps points that no animal owns, such as corners, under this name.
    return [name for name in names if name.casefold() != "single"] or names
