"""Sessions that edit labels: nothing is lost, undo and redo are exact, and two people do not overwrite each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behavior.errors import LabelError, OutputError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_journal import FOLDER
from behavior.files.labels import read_labels, recognise_labels
from behavior.recording import Bout, Frames, Labels
from behavior.review.label_edits import Paint
from behavior.review.label_session import EditConflictError, EditRequest, LabelSession

BEHAVIORS = ("groom", "rear")
N_FRAMES = 40


def read(path: Path) -> Labels:
    return read_labels(path, LabelRequest(BEHAVIORS, Frames(N_FRAMES)))[0]


def begin(target: Path, *, first: int = -1, exclusive: dict[str, frozenset[str]] | None = None, sources=None) -> LabelSession:
    labels = read(target) if target.exists() else Labels(np.full((N_FRAMES, 2), first, dtype=np.int8), BEHAVIORS)
    return LabelSession(
        target, labels, read_again=lambda: read(target), sources=sources or {}, exclusive=exclusive or {}, note_written=lambda: None
    )


def kill(session: LabelSession) -> None:
    """End a session as a killed process does, whose claim is taken over: nothing is written any more."""
    session._claim.close()


counter = iter(range(10**9))


def paint(
    session: LabelSession,
    start: int,
    stop: int,
    behavior: str | None = "rear",
    value: int = 1,
    *,
    viewer: str = "a",
    base: int | None = None,
):
    base = session.revision if base is None else base
    return session.edit(EditRequest(f"{next(counter)}", viewer, base, (Paint(start, stop, behavior, value),)))


def undo(session: LabelSession, number: int, viewer: str = "a"):
    return session.edit(EditRequest(f"{next(counter)}", viewer, session.revision, undo=number))


def test_a_first_bout_makes_a_bout_table_whose_other_frames_nobody_labelled(tmp_path: Path) -> None:
    session = begin(tmp_path / "labels" / "a.csv")
    paint(session, 10, 15)
    session.close()
    assert (tmp_path / "labels" / "a.csv").read_text() == "behavior,start_frame,stop_frame\nobserved,10,15\nrear,10,15\n"
    assert recognise_labels(tmp_path / "labels" / "a.csv") == "bout table"


def test_bouts_of_another_file_say_so_until_they_are_changed(tmp_path: Path) -> None:
    sources = {Bout(2, 5, "rear"): "a.boris", Bout(7, 9, "rear"): "a.boris"}
    session = begin(tmp_path / "a.csv", first=0, sources=sources)
    session.values[2:5, 1] = session.values[7:9, 1] = 1
    paint(session, 8, 12)
    session.close()
    assert (tmp_path / "a.csv").read_text().splitlines() == ["behavior,start_frame,stop_frame,source", "rear,2,5,a.boris", "rear,7,12,"]


def test_labels_that_bouts_cannot_express_become_a_frame_table(tmp_path: Path) -> None:
    session = begin(tmp_path / "a.csv")
    session.values[:, 0] = 0
    session.edit(EditRequest("x", "a", 0, (Paint(0, 3, "groom", 1),)))
    session.close()
    labels = read(tmp_path / "a.csv")
    assert labels.values[:5].tolist() == [[1, 0], [1, 0], [1, 0], [0, -1], [0, -1]]


@settings(max_examples=8)
@given(st.data())
def test_a_session_that_is_killed_keeps_every_edit_that_was_answered(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "a.csv"
        session = begin(target)
        expected = session.values.copy()
        stack: list[tuple[int, np.ndarray]] = []
        for _ in range(data.draw(st.integers(1, 12))):
            step = data.draw(st.sampled_from(["paint", "paint", "paint", "undo", "fold", "kill", "close"]))
            if step == "paint":
                start = data.draw(st.integers(0, N_FRAMES - 1))
                before = session.values.copy()
                behavior = data.draw(st.sampled_from([None, *BEHAVIORS]))
                made = paint(session, start, data.draw(st.integers(start + 1, N_FRAMES)), behavior, 0 if behavior is None else 1)
                stack.append((made.number, before))
            elif step == "undo" and stack:
                number, before = stack.pop()
                undo(session, number)
                np.testing.assert_array_equal(session.values, before)
            elif step == "fold":
                session.fold(now=True)
            elif step in ("kill", "close"):
                (kill if step == "kill" else LabelSession.close)(session)
                session, stack = begin(target), []
            if step in ("fold", "kill", "close"):
                np.testing.assert_array_equal(session.values, expected)
            expected = session.values.copy()
        session.close()
        if target.exists():
            np.testing.assert_array_equal(read(target).values, expected)


def test_undo_and_redo_go_back_and_forth(tmp_path: Path) -> None:
    session = begin(tmp_path / "a.csv")
    states, numbers = [session.values.copy()], []
    for start in (0, 5, 3):
        numbers.append(paint(session, start, start + 6).number)
        states.append(session.values.copy())
    undone = []
    for number, before in zip(reversed(numbers), reversed(states[:-1]), strict=True):
        undone.append(undo(session, number).number)
        np.testing.assert_array_equal(session.values, before)
    for number, after in zip(reversed(undone), states[1:], strict=True):
        undo(session, number)
        np.testing.assert_array_equal(session.values, after)
    session.close()


def test_two_people_merge_where_their_spans_do_not_touch_and_are_told_where_they_do(tmp_path: Path) -> None:
    session = begin(tmp_path / "a.csv")
    paint(session, 0, 10, viewer="a", base=0)
    paint(session, 20, 30, viewer="b", base=0)
    paint(session, 5, 8, "groom", viewer="b", base=0)
    with pytest.raises(EditConflictError, match="somebody else has changed the same frames"):
        paint(session, 8, 12, value=0, viewer="b", base=0)
    assert session.values[8, 1] == 1
    paint(session, 8, 12, value=0, viewer="b", base=3)
    with pytest.raises(EditConflictError, match="nothing was taken back"):
        undo(session, 1)
    session.close()


def test_nobody_takes_back_what_somebody_else_has_labelled_alike(tmp_path: Path) -> None:
    session = begin(tmp_path / "a.csv")
    paint(session, 0, 5, viewer="a")
    later = paint(session, 3, 9, viewer="b")
    with pytest.raises(EditConflictError, match="nothing was taken back"):
        undo(session, 1, viewer="a")
    assert session.values[:10, 1].tolist() == [1] * 9 + [-1]
    # What they have taken back is theirs no more.
    back = undo(session, later.number, viewer="b")
    assert session.values[:10, 1].tolist() == [1] * 5 + [-1] * 5
    again = undo(session, back.number, viewer="b")
    with pytest.raises(EditConflictError, match="nothing was taken back"):
        undo(session, 1, viewer="a")
    undo(session, again.number, viewer="b")
    undo(session, 1, viewer="a")
    assert session.values[:10, 1].tolist() == [-1] * 10
    session.close()


def test_an_edit_that_is_sent_twice_is_made_once(tmp_path: Path) -> None:
    session = begin(tmp_path / "a.csv")
    request = EditRequest("same", "a", 0, (Paint(3, 6, "rear", 1),))
    assert session.edit(request) == session.edit(request)
    assert session.revision == 1
    session.close()


def test_behaviors_that_exclude_each_other_push_each_other_out(tmp_path: Path) -> None:
    session = begin(tmp_path / "a.csv", exclusive={"groom": frozenset({"rear"}), "rear": frozenset({"groom"})})
    paint(session, 0, 10, "groom")
    paint(session, 5, 12, "rear")
    assert session.values[:12].tolist() == [[1, 0]] * 5 + [[0, 1]] * 7
    session.close()


def test_what_somebody_else_writes_is_read_and_nobodys_work_is_lost(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    session = begin(target, first=0)
    paint(session, 0, 5)
    session.fold(now=True)
    paint(session, 10, 15)
    paint(session, 30, 35)
    target.write_text("behavior,start_frame,stop_frame\ngroom,20,25\nrear,32,33\n")
    assert session.look_outside()
    assert np.flatnonzero(session.values[:, 1]).tolist() == [10, 11, 12, 13, 14, 32]
    assert np.flatnonzero(session.values[:, 0]).tolist() == [20, 21, 22, 23, 24]
    (notice,) = session.notices
    assert "1 of your last edits" in notice
    (ours,) = (tmp_path / FOLDER).glob("a_ours_*.csv")
    assert np.flatnonzero(read(ours).values[:, 1]).tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 30, 31, 32, 33, 34]
    with pytest.raises(EditConflictError):
        paint(session, 20, 25, base=3)
    session.close()
    assert np.flatnonzero(read(target).values[:, 1]).tolist() == [10, 11, 12, 13, 14, 32]


def test_a_file_that_somebody_removes_is_written_again(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    session = begin(target, first=0)
    paint(session, 10, 15)
    session.fold(now=True)
    before = target.read_text()
    target.unlink()
    assert session.look_outside()
    assert target.read_text() == before
    target.unlink()
    paint(session, 20, 22)
    session.fold(now=True)
    assert "a.csv was removed by somebody else, and is written again" in session.notices[-1]
    assert read(target).values[:, 1].tolist() == [int(10 <= frame < 15 or 20 <= frame < 22) for frame in range(N_FRAMES)]
    assert undo(session, 1).changes
    session.close()
    assert read(target).values[:, 1].sum() == 2


def test_the_file_as_it_was_before_the_session_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    target.write_text("behavior,start_frame,stop_frame\nrear,3,9\n")
    session = begin(target)
    paint(session, 0, 2)
    paint(session, 20, 22)
    session.close()
    (before,) = (tmp_path / FOLDER).iterdir()
    assert before.read_text() == "behavior,start_frame,stop_frame\nrear,3,9\n"


def test_another_process_keeps_labels_from_being_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = begin(tmp_path / "a.csv"), begin(tmp_path / "a.csv")
    paint(first, 0, 5)
    with pytest.raises(OutputError, match="is editing these labels"):
        paint(second, 10, 15)
    first.close()
    assert second.look_outside()
    paint(second, 10, 15)
    second.close()
    assert np.flatnonzero(read(tmp_path / "a.csv").values[:, 1] == 1).tolist() == [0, 1, 2, 3, 4, 10, 11, 12, 13, 14]


@pytest.mark.parametrize(
    "request_",
    [
        EditRequest("1", "a", 0, (Paint(-1, 5, "rear", 1),)),
        EditRequest("2", "a", 0, (Paint(0, N_FRAMES + 1, "rear", 1),)),
        EditRequest("3", "a", 0, (Paint(0, 5, "fly", 1),)),
        EditRequest("4", "a", 0, (Paint(0, 5, "rear", -1),)),
        EditRequest("5", "a", 0, undo=1),
    ],
)
def test_what_is_not_there_cannot_be_edited(tmp_path: Path, request_: EditRequest) -> None:
    session = begin(tmp_path / "a.csv")
    with pytest.raises(LabelError):
        session.edit(request_)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_said_and_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = begin(tmp_path / "a.csv")

    def refuse(path: Path) -> Callable[[], None]:
        raise OutputError(f"{path}: cannot be made (Read-only file system); choose a folder that you may write to.")

    monkeypatch.setattr("behavior.files.claims.make_folder", refuse)
    with pytest.raises(OutputError, match="Read-only"):
        paint(session, 0, 5)
    assert (session.values == -1).all()
