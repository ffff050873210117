"""The section `arena`: where the animal can go, and the zones in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from behavior.config.sections import Fraction, Seconds, Section

__all__ = ["DERIVED_ZONES", "EVERYWHERE", "Arena", "Point", "Polygon"]

Point = tuple[float, float]
Polygon = Annotated[list[Point], Field(min_length=3)]

EVERYWHERE = "everywhere"
DERIVED_ZONES = ("centre", "walls", "corners")

# Trackers tremble by one to five pixels, some millimetres; an animal that goes somewhere moves by its own length.
_EDGE_CM, _EDGE_SHARE = 0.5, 0.01


class Arena(Section):
    """Where the animal can go, in pixels from the upper left corner of the upright frame, the same for every recording."""

    corners: tuple[Point, ...] = Field(
        default=(),
        description="Corners of the arena, in their order around it.",
        examples=[[[40, 30], [600, 30], [600, 450], [40, 450]]],
    )
    rectangle: tuple[float, float, float, float] | None = Field(
        default=None,
        exclude=True,
        description="Left, top, right and bottom of an upright rectangle, instead of `corners`.",
        examples=[[40, 30, 600, 450]],
    )
    zones: dict[str, Polygon] = Field(
        default={},
        description="Corners of further zones, by name; they may overlap.",
        examples=[{"feeder": [[300, 200], [360, 200], [360, 260]]}],
    )
    margin_px: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="Width of the strip along the walls in pixels. With a margin, the zones `centre`, `walls` and `corners` are added.",
        examples=[96],
    )
    margin_cm: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="The same in centimetres, instead of `margin_px`; needs `pixels_per_cm`.", examples=[8]
    )
    pixels_per_cm: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Scale of the video. Without it, distances are in pixels.", examples=[12]
    )
    body_part: str | list[str] | None = Field(
        default=None,
        description="Body part that says where the animal is; of a list, the mean. Without it, the crop's.",
        examples=["tailbase"],
    )
    min_likelihood: Fraction | None = Field(
        default=None, description="Points below this likelihood are missing. Without it, the crop's.", examples=[0.6]
    )
    max_gap_s: Seconds = Field(
        default=0.5,
        description="Longest stretch without a position, in seconds, that is filled in by a straight line. Longer ones, in which the "
        "crop's centre was not measured either, do not count as observed time in `behavior stats`.",
        examples=[1],
    )

    edge_px: Annotated[float, Field(ge=0)] | None = Field(
        default=None,
        description="Width of a zone's edge to both sides, in pixels: an animal comes in once it is this far inside, and leaves once it is "
        "this far outside, so that a track that trembles on the edge makes no entries. It is for entries and latencies alone; times and "
        "distances are by the edge itself. Without it, half a centimetre, or without `pixels_per_cm`, 1 % of the longer side of the box "
        "around the arena and its zones. 0 counts every crossing.",
        examples=[6],
    )
    edge_cm: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="The same in centimetres, instead of `edge_px`; needs `pixels_per_cm`.", examples=[0.5]
    )
    min_stay_s: Seconds = Field(
        default=0.1,
        description="Shortest visit of a zone, and shortest absence between two visits, in seconds; shorter ones, such as a tracker's "
        "leaps of a frame, are left out of entries and latencies.",
        examples=[0.5],
    )

    @model_validator(mode="before")
    @classmethod
    def _rectangles_have_corners(cls, content: Any) -> Any:
        # A rectangle that is not four numbers is refused later, as what it is.
        rectangle = content.get("rectangle") if isinstance(content, Mapping) else None
        if not isinstance(rectangle, Sequence) or len(rectangle) != 4 or not all(isinstance(side, int | float) for side in rectangle):
            return content
        if content.get("corners"):
            raise ValueError("corners and rectangle both say where the arena is; keep one of the two")
        left, top, right, bottom = rectangle
        if not (left < right and top < bottom):
            raise ValueError(f"rectangle is {list(rectangle)}, expected left, top, right, bottom in pixels, y growing downwards")
        return {**content, "corners": ((left, top), (right, top), (right, bottom), (left, bottom))}

    @model_validator(mode="after")
    def _margin_has_a_unit(self) -> Arena:
        if self.margin_px is not None and self.margin_cm is not None:
            raise ValueError("margin_px and margin_cm are the same thing; keep one of the two")
        if self.margin_cm is not None and self.pixels_per_cm is None:
            raise ValueError("margin_cm needs pixels_per_cm; give it, or the margin in pixels as margin_px")
        if self.edge_px is not None and self.edge_cm is not None:
            raise ValueError("edge_px and edge_cm are the same thing; keep one of the two")
        if self.edge_cm is not None and self.pixels_per_cm is None:
            raise ValueError("edge_cm needs pixels_per_cm; give it, or the width in pixels as edge_px")
        if self.margin is not None and not self.corners:
            raise ValueError("a margin needs the arena's corners or its rectangle")
        return self

    @model_validator(mode="after")
    def _polygons_have_an_inside(self) -> Arena:
        if 0 < len(self.corners) < 3:
            raise ValueError(f"there are {len(self.corners)} corners, expected at least 3")
        for name, polygon in {"corners": self.corners, **self.zones}.items():
            crossing = _find_crossing(polygon)
            if crossing:
                raise ValueError(f"the sides of {name!r} cross ({crossing}); list its corners in their order around it")
        taken = [name for name in self.zones if name == EVERYWHERE or not name.strip()]
        if self.margin is not None:
            taken += [name for name in self.zones if name in DERIVED_ZONES]
        if taken:
            raise ValueError(f"the name {taken[0]!r} of a zone means something else in the tables; choose another")
        return self

    @property
    def margin(self) -> float | None:
        """Width of the strip along the walls in pixels; None where no zones are made by it."""
        if self.margin_cm is not None:
            assert self.pixels_per_cm is not None
            return self.margin_cm * self.pixels_per_cm
        return self.margin_px

    @property
    def edge(self) -> float:
        """Width of a zone's edge to both sides, in pixels."""
        if self.edge_px is not None:
            return self.edge_px
        if self.pixels_per_cm is not None:
            return (_EDGE_CM if self.edge_cm is None else self.edge_cm) * self.pixels_per_cm
        points = [*self.corners, *(point for polygon in self.zones.values() for point in polygon)]
        sides = [max(values) - min(values) for values in zip(*points, strict=True)]
        return _EDGE_SHARE * max(sides, default=0.0)

    @property
    def body_parts(self) -> tuple[str, ...]:
        """The body parts whose mean is where the animal is; empty for the study's crop centre."""
        if self.body_part is None:
            return ()
        return (self.body_part,) if isinstance(self.body_part, str) else tuple(self.body_part)


def _find_crossing(polygon: Sequence[Point]) -> str:
    """Name two sides of a polygon that cross, or return an empty text."""
    sides = [(polygon[index], polygon[(index + 1) % len(polygon)]) for index in range(len(polygon))]
    for first, (start, stop) in enumerate(sides):
        for second in range(first + 2, len(sides)):
            if (second + 1) % len(sides) == first:
                continue
            other_start, other_stop = sides[second]
            if (
                _turn(start, stop, other_start) * _turn(start, stop, other_stop) < 0
                and _turn(other_start, other_stop, start) * _turn(other_start, other_stop, stop) < 0
            ):
                return f"{start} to {stop}, {other_start} to {other_stop}"
    return ""


def _turn(start: Point, stop: Point, point: Point) -> float:
    """Return above 0 where `point` lies on one side of the line from `start` to `stop`, below 0 on the other."""
    return (stop[0] - start[0]) * (point[1] - start[1]) - (stop[1] - start[1]) * (point[0] - start[0])
