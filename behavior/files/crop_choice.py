"""What the crops of a new study are centred on, by the pose files that there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from behavior.errors import BehaviorError, count_noun
from behavior.files.damaged_pose import has_pose
from behavior.files.new_study import MANIFEST_FILE, NewCrop, choose_body_axis, choose_center_parts
from behavior.files.paired_files import Pairing
from behavior.files.pose import list_individuals
from behavior.recording import Recording

__all__ = ["choose_crop", "choose_view_crops"]


def choose_crop(recordings: Sequence[Recording], pairings: Sequence[Pairing], folder: Path) -> tuple[NewCrop, list[str]]:
    """Return what crops are centred on, by the first pose that can be read, and notes.

    Whole frames are chosen only where there is no pose file: one that cannot be read, or of which none is chosen, leaves the choice open.
    """
    poses = [recording.pose for recording in recordings if recording.pose is not None]
    poses += [path for pairing in pairings for path in pairing.undecided_poses]
    notes: list[str] = []
    for path in dict.fromkeys(poses):
        try:
            body_parts = next(iter(list_individuals(path).values()))
        except BehaviorError as error:
            notes.append(str(error))
            continue
        chosen = choose_center_parts(body_parts)
        notes.append(f"Crops are centred on {' + '.join(chosen)}; the pose has {', '.join(body_parts)}.")
        return NewCrop(tuple(chosen), body_axis=choose_body_axis(body_parts)), notes
    if poses or has_pose(folder):
        why = "No pose file can be read" if poses else "No pose file belongs to a video"
        advice = f"name pose files in {MANIFEST_FILE} and a body part in the study file, which `behavior check` refuses until then"
        return NewCrop(is_open=True), [*notes, f"{why}, so the body part is left open; {advice}."]
    note = f"No pose was found, so each whole frame is embedded; name pose files in {MANIFEST_FILE} and a body part in the study file."
    return NewCrop(), [note]


def choose_view_crops(recordings: Sequence[Recording], views: Sequence[str], folder: Path) -> tuple[dict[str, NewCrop], list[str]]:
    """Return what the crops of other views than the first are centred on, by view, and notes; whole frames where some pose is missing."""
    crops: dict[str, NewCrop] = {}
    notes: list[str] = []
    for view in views:
        shown = [recording.views[view] for recording in recordings if view in recording.views]
        if all(one.pose is not None for one in shown):
            crops[view], found = choose_crop(shown, (), folder)
            notes += [f"View {view}: {note}" for note in found]
        else:
            crops[view] = NewCrop()
            notes.append(f"View {view}: some of its videos have no pose, so its whole frames are embedded.")
        if len(shown) < len(recordings):
            notes.append(f"View {view}: {len(shown)} of {count_noun(len(recordings), 'recording')} have it; the others are used without.")
    return crops, notes
