"""Answers about the bouts that people and the model, or raters, see differently."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from behavior.errors import UsageError
from behavior.review.answering import read_int
from behavior.review.desk import Desk
from behavior.review.differences import KINDS, DifferenceItem, DifferenceKind

__all__ = ["list_routes"]

_MOST_ITEMS = 300


def list_routes(desk: Desk) -> list[Route]:
    """Return what can be asked about differences in the study on `desk`."""
    return [Route("/api/differences", _DifferenceAnswers(desk).differences)]


class _DifferenceAnswers:
    """What takes time is done in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def differences(self, request: Request) -> Response:
        """Answer with a list; `of_raters=1` has to be asked for, as a rater may not want to know what others labelled."""
        names = {name: request.query_params.get(name, "")[:200] for name in ("current", "recording", "behavior")}
        kinds = [kind for kind in request.query_params.get("kinds", "").split(",") if kind]
        unknown = next((kind for kind in kinds if kind not in KINDS), None)
        if unknown is not None:
            raise UsageError(f"{unknown[:20]!r} is not a kind of difference, expected {', '.join(KINDS)}.")
        of_raters = bool(read_int(request, "of_raters", most=1, default=0))
        known = read_int(request, "known", default=0)

        def find() -> dict[str, Any]:
            wanted = cast(list[DifferenceKind], kinds)
            listed = self._desk.differences.list_items(**names, kinds=wanted, of_raters=of_raters, most=_MOST_ITEMS)
            state: dict[str, Any] = {
                "version": listed.version,
                "has_failed": listed.has_failed,
                "n_compared": listed.n_compared,
                "n_recordings": listed.n_recordings,
            }
            if known and known == listed.version:
                return state
            return {**state, "n_found": listed.n_found, "problems": listed.problems, "items": [_describe(item) for item in listed.items]}

        return JSONResponse(await run_in_threadpool(find))


def _describe(item: DifferenceItem) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(item).items()}
