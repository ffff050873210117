"""Tables grow by whole lines, and are read back as far as they are whole."""

import json

import numpy as np
import pytest

from behavior.errors import EthogramError, OutputError
from behavior.files.live_record import GrowingRecord, LiveDescription, find_live_descriptions, read_grown, read_live_description
from behavior.provenance import Provenance

DESCRIPTION = LiveDescription("a", ("groom", "=rear"), "camera 0", "2026-01-01", 0.5, Provenance(fps=20.0))
VALUES = np.random.default_rng(0).random((6, 2)).astype(np.float32)


def write(folder, n_answered=6):
    record = GrowingRecord(folder, DESCRIPTION)
    for frame in range(6):
        record.note_frame(frame, frame / 20, "now", "skipped" if frame == 2 else "yes")
    record.add_answers([frame / 20 for frame in range(n_answered)], VALUES[:n_answered], VALUES[:n_answered] > 0.5)
    record.add_note(3, 0.15, 'door, "opened"')
    return record


def test_lines_are_in_the_file_at_once_and_read_back_exactly(tmp_path):
    record = write(tmp_path, 4)
    assert (tmp_path / "a_ethogram.csv").read_bytes().count(b"\n") == 5
    assert (tmp_path / "a_notes.csv").read_text().splitlines()[1] == '3,0.150000,"door, ""opened"""'
    grown = read_grown(tmp_path, DESCRIPTION)
    np.testing.assert_array_equal(grown.probabilities.values, VALUES[:4])
    assert (grown.looked.tolist(), grown.count("skipped"), grown.details.shape) == (["yes", "yes", "skipped", "yes"], 1, (4, 0))
    record.add_answers([0.2, 0.25], VALUES[4:], VALUES[4:] > 0.5)
    record.close()
    np.testing.assert_array_equal(read_grown(tmp_path, DESCRIPTION).probabilities.values, VALUES)


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_half_a_line_is_taken_off(tmp_path, cut):
    write(tmp_path).close()
    table = tmp_path / "a_ethogram.csv"
    content = table.read_bytes()[:-cut]
    table.write_bytes(content)
    n_whole = content.count(b"\n") - 1
    np.testing.assert_array_equal(read_grown(tmp_path, DESCRIPTION).probabilities.values, VALUES[:n_whole])
    assert read_grown(tmp_path, DESCRIPTION, most_frames=2).probabilities.values.shape == (2, 2)


def test_a_recording_without_a_frame_is_told(tmp_path):
    write(tmp_path, 0).close()
    with pytest.raises(EthogramError, match="no frame has probabilities"):
        read_grown(tmp_path, DESCRIPTION)


def test_recordings_are_never_written_over(tmp_path):
    write(tmp_path).close()
    with pytest.raises(OutputError, match="exists already"):
        GrowingRecord(tmp_path, DESCRIPTION)


def test_a_description_reads_back_and_one_of_something_else_is_refused(tmp_path):
    DESCRIPTION.write(tmp_path)
    path = DESCRIPTION.find_path(tmp_path)
    assert read_live_description(path) == DESCRIPTION
    assert find_live_descriptions(tmp_path) == {"a": path}
    content = json.loads(path.read_text())
    for change in ({"recording": "../b"}, {"behaviors": 3}, {"provenance": {"fps": "fast"}}, {"delay_s": None}):
        path.write_text(json.dumps(content | change))
        with pytest.raises(EthogramError, match="is not what `behavior live` wrote"):
            read_live_description(path)
    path.write_text("[" * 100)
    with pytest.raises(EthogramError, match="is not what `behavior live` wrote"):
        read_live_description(path)
