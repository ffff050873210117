"""ELAN annotations: time slots in milliseconds, tiers, participants and annotators."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from label_samples import VALUES, make_elan, read, write

from behavior.errors import LabelError
from behavior.files.label_formats.request import LabelRequest
from behavior.files.labels import list_behaviors, list_observations, read_labels
from behavior.recording import Frames


def test_participants_are_animals_and_annotators_raters(tmp_path: Path) -> None:
    second = (
        '<TIER TIER_ID="Grooming-2" {0}="{1}"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="b" TIME_SLOT_REF1="ts1" '
        'TIME_SLOT_REF2="ts2">'
        "<ANNOTATION_VALUE>x1</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"
    )
    for attribute, name, option in (("PARTICIPANT", "m2", "subject"), ("ANNOTATOR", "anna", "rater")):
        path = write(tmp_path / "a.eaf", make_elan().replace("</ANNOTATION_DOCUMENT>", second.format(attribute, name)))
        mapping = {"Grooming-2": "Grooming"}
        with pytest.raises(LabelError, match=rf"labels: {{{option}: "):
            read(path, mapping=mapping)
        values, _ = read(path, mapping=mapping, ignored=frozenset({"Supported"}), **{option: name})
        assert np.flatnonzero(values[:, 0]).tolist() == [3, 4, 5, 6, 7]
        assert not values[:, 1].any()


def test_annotations_that_refer_to_others_have_their_times(tmp_path: Path) -> None:
    child = (
        '<TIER TIER_ID="Supported" PARENT_REF="Grooming"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="b" ANNOTATION_REF="a1">'
        "<ANNOTATION_VALUE>left</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>{0}</TIER></ANNOTATION_DOCUMENT>"
    )
    text = make_elan().replace('TIER_ID="Supported"', 'TIER_ID="Other"')
    path = write(tmp_path / "a.eaf", text.replace("</ANNOTATION_DOCUMENT>", child.format("")))
    values, _ = read(path, ignored=frozenset({"Other"}))
    assert np.flatnonzero(values[:, 1]).tolist() == [3, 4, 5, 6, 7]
    more = child.partition("<ANNOTATION>")[2].partition("</TIER>")[0].replace('"b"', '"c"').replace("{0}", "")
    with pytest.raises(LabelError, match="shares its span with others, so its times are unknown"):
        read(write(tmp_path / "b.eaf", text.replace("</ANNOTATION_DOCUMENT>", child.format(f"<ANNOTATION>{more}"))))


def test_a_media_file_may_start_later(tmp_path: Path) -> None:
    # The video's second 0.5 is second 0 of the annotation.
    text = make_elan().replace("<MEDIA_DESCRIPTOR ", '<MEDIA_DESCRIPTOR TIME_ORIGIN="500" ')
    values, _ = read(write(tmp_path / "a.eaf", text))
    np.testing.assert_array_equal(values[5:], VALUES[:-5])
    second = text.replace("<MEDIA_DESCRIPTOR ", '<MEDIA_DESCRIPTOR MEDIA_URL="side.mp4"/><MEDIA_DESCRIPTOR ')
    path = write(tmp_path / "b.eaf", second)
    assert list_observations(path) == ("side.mp4",)
    np.testing.assert_array_equal(read(path, recording_names=("side.mp4",))[0], VALUES)
    np.testing.assert_array_equal(read(path, recording_names=("mouse_1.mp4",))[0][5:], VALUES[:-5])
    with pytest.raises(LabelError, match="start at different times, and none is named after the recording"):
        read(path, recording_names=("top.mp4",))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('TIME_UNITS="milliseconds"', 'TIME_UNITS="PAL-frames"', "counts time in PAL-frames, expected milliseconds"),
        (
            'TIME_SLOT_ID="ts1" TIME_VALUE="300"',
            'TIME_SLOT_ID="ts1"',
            "annotation 1 .* of the tier 'Grooming' has no time at its start or end",
        ),
        ('TIME_SLOT_ID="ts1" TIME_VALUE="300"', 'TIME_SLOT_ID="ts1" TIME_VALUE="x"', "time slot 'ts1' is 'x', expected a number"),
        ('TIME_SLOT_ID="ts2"', 'TIME_SLOT_ID="ts1"', "has two time slots 'ts1'"),
        ('TIME_SLOT_ID="ts1" TIME_VALUE="300"', 'TIME_SLOT_ID="ts1" TIME_VALUE="900"', "is not a span, expected a stop after the start"),
    ],
)
def test_invalid_documents_are_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in make_elan()
    with pytest.raises(LabelError, match=sentence):
        read(write(tmp_path / "a.eaf", make_elan().replace(old, new)))


def test_the_file_of_pympi_reads_as_its_xml_has_it(shared_data: Path) -> None:
    path = shared_data / "formats/others/eaf_behavior/mouse_01.eaf"
    root = ElementTree.parse(path).getroot()
    times = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE", 0)) for slot in root.iter("TIME_SLOT")}
    assert list_behaviors(path) == ("grooming", "rearing")
    frames = Frames.from_times(np.arange(1500) / 10)
    labels, _ = read_labels(path, LabelRequest(("grooming", "rearing"), frames, recording_names=("mouse_01.mp4",)))
    for column, name in enumerate(("grooming", "rearing")):
        expected = np.zeros(1500, dtype=int)
        for one in root.findall(f"TIER[@TIER_ID='{name}']//ALIGNABLE_ANNOTATION"):
            expected[times[one.get("TIME_SLOT_REF1")] // 100 : times[one.get("TIME_SLOT_REF2")] // 100] = 1
        assert expected.any()
        np.testing.assert_array_equal(labels.values[:, column], expected)
