"""ELAN's annotations (.eaf): XML with time slots in milliseconds and tiers of annotations between two of them.

By the format's schema (EAF 2.7 to 3.0). Annotations that refer to others have their times where each refers to one of its own; times are
those of the annotation; a media file may start at a time origin of its own.
"""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import Element

from behavior.errors import LabelError
from behavior.files.label_formats.bout_rows import BoutRows
from behavior.files.label_formats.choosing import choose_observation, choose_rater, fits, name_file
from behavior.files.label_formats.json_documents import as_number
from behavior.files.label_formats.label_format import BoutLabels, LabelFormat
from behavior.files.label_formats.request import LabelRequest
from behavior.files.label_formats.source import LabelSource
from behavior.files.label_formats.tiers import Span, Tier, add_tiers, list_tier_names

__all__ = ["ELAN"]

_ROOT = "ANNOTATION_DOCUMENT"
# Half a millisecond, the last digit of a time.
_TOLERANCE_S = 6e-4


def _recognises(source: LabelSource) -> bool:
    return bool(source.document.tag == _ROOT)


def _list_media(source: LabelSource) -> dict[str, float]:
    """Return the names of the media files, each with its time origin in seconds."""
    media: dict[str, float] = {}
    for descriptor in source.document.iter("MEDIA_DESCRIPTOR"):
        name = name_file(descriptor.get("RELATIVE_MEDIA_URL") or descriptor.get("MEDIA_URL") or "")
        origin = descriptor.get("TIME_ORIGIN")
        if name:
            media[name] = 0.0 if origin is None else as_number(source.path, origin, f"the time origin of {name!r}") / 1000
    return media


def _list_observations(source: LabelSource) -> dict[str, tuple[str, ...]]:
    media = tuple(_list_media(source))
    return {media[0]: media} if media else {}


def _read_times(source: LabelSource) -> dict[str, float | None]:
    """Return the time of each slot in seconds, None if it is not aligned with the media."""
    times: dict[str, float | None] = {}
    for header in source.document.iter("HEADER"):
        unit = header.get("TIME_UNITS", "milliseconds")
        if unit != "milliseconds":
            raise LabelError(f"{source.path}: counts time in {unit[:40]}, expected milliseconds; save it again in ELAN.")
    for slot in source.document.iter("TIME_SLOT"):
        name, value = slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE")
        if name in times:
            raise LabelError(f"{source.path}: has two time slots {name[:40]!r}, expected one; save it again in ELAN.")
        times[name] = None if value is None else as_number(source.path, value, f"time slot {name[:40]!r}") / 1000
    return times


def _list_tiers(source: LabelSource) -> list[tuple[str, Tier]]:
    """Return the tiers, each with its annotator."""
    path, times = source.path, _read_times(source)
    aligned: dict[str, tuple[float, float]] = {}
    number = 0
    listed: list[tuple[Element, list[tuple[int, Element, str]]]] = []
    for tier in source.document.iter("TIER"):
        annotations = []
        for holder in tier.iter("ANNOTATION"):
            for annotation in holder:
                number += 1
                name, text = annotation.get("ANNOTATION_ID", ""), (annotation.findtext("ANNOTATION_VALUE") or "").strip()
                annotations.append((number, annotation, text))
                if annotation.tag == "ALIGNABLE_ANNOTATION":
                    edges = [times.get(annotation.get(f"TIME_SLOT_REF{side}", "")) for side in (1, 2)]
                    if edges[0] is None or edges[1] is None:
                        raise LabelError(
                            f"{path}: annotation {number} ({name[:40]}) of the tier {tier.get('TIER_ID', '')!r} has no time at "
                            "its start or "
                            "end; align it in ELAN."
                        )
                    aligned[name] = edges[0], edges[1]
        listed.append((tier, annotations))
    return [(tier.get("ANNOTATOR", ""), _make_tier(source, tier, annotations, aligned)) for tier, annotations in listed]


def _make_tier(
    source: LabelSource, tier: Element, annotations: list[tuple[int, Element, str]], aligned: dict[str, tuple[float, float]]
) -> Tier:
    name, spans = tier.get("TIER_ID", ""), []
    owners = Counter(annotation.get("ANNOTATION_REF", "") for _, annotation, _ in annotations if annotation.tag == "REF_ANNOTATION")
    for number, annotation, text in annotations:
        own, owner = annotation.get("ANNOTATION_ID", ""), annotation.get("ANNOTATION_REF", "")
        if annotation.tag == "REF_ANNOTATION":
            if owners[owner] > 1 or owner not in aligned:
                raise LabelError(
                    f"{source.path}: annotation {number} on the tier {name!r} shares its span with others, so its times are "
                    "unknown; give that "
                    "tier times of its own in ELAN, or leave it out."
                )
            own = owner
        start, stop = aligned[own]
        spans.append(Span(number, start, stop, text))
    return Tier(name, tuple(spans), tier.get("PARTICIPANT", ""))


def _list_names(source: LabelSource) -> tuple[str, ...]:
    return list_tier_names([tier for _, tier in _list_tiers(source)])


def _read(source: LabelSource, request: LabelRequest) -> BoutLabels:
    path, media = source.path, _list_media(source)
    _, notes = choose_observation(path, _list_observations(source) or {"": ()}, request)
    tiers = [(annotator, tier) for annotator, tier in _list_tiers(source) if tier.spans]
    rater = choose_rater(path, [annotator for annotator, _ in tiers], request)
    rows = BoutRows("annotation")
    add_tiers(path, rows, [tier for annotator, tier in tiers if rater is None or annotator == rater], request)
    shown = {origin for name, origin in media.items() if fits(name, request.recording_names)} or set(media.values()) or {0.0}
    if len(shown) > 1:
        raise LabelError(
            f"{path}: its media files ({', '.join(media)}) start at different times, and none is named after the recording; name the "
            "recording's video as one of them."
        )
    return BoutLabels(rows, is_extent_stated=False, in_seconds=True, notes=tuple(notes), tolerance_s=_TOLERANCE_S, shift=-shown.pop())


ELAN = LabelFormat(
    name="ELAN annotations",
    recognises=_recognises,
    list_names=_list_names,
    read=_read,
    list_observations=_list_observations,
    container="xml",
    suffixes=(".eaf",),
)
