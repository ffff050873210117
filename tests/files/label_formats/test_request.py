"""The study file and the request have the same policies."""

from __future__ import annotations

from behavior.config import LabelFiles
from behavior.files.label_formats.request import LabelPolicies, LabelRequest
from behavior.recording import Frames


def test_settings_and_requests_have_the_same_policies() -> None:
    assert LabelPolicies(**LabelFiles().dump_policies()) == LabelPolicies()


def test_a_request_names_behaviors_as_its_mapping_has_them() -> None:
    request = LabelRequest(("rear", "groom"), Frames(10), mapping={"Grooming": "groom"}, ignored=frozenset({"other"}))
    assert [request.naming.find_behavior(name) for name in ("rear", "Grooming", "other", "groom|face")] == [0, 1, None, 1]
    assert request.naming.ignored == {"other"}
