"""Shared by all answers of the server: reading a request, and reporting an error in one sentence."""

from __future__ import annotations

import logging
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from behavior.errors import OutputError, UsageError
from behavior.files.video_index import FrameNotReadError
from behavior.review.desk import UnknownRecordingError
from behavior.review.label_session import EditConflictError

__all__ = ["Body", "answer_bytes", "explain", "fail", "read_body", "read_int", "say_unknown"]

_logger = logging.getLogger("behavior.review")

Kind = TypeVar("Kind", bound="Body")


class Body(BaseModel):
    """What a request may hold: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


def read_int(request: Request, name: str, *, least: int = 0, most: int = 2**53, default: int | None = None) -> int:
    """Return a number of the address; UsageError if it is missing or out of bounds."""
    text = request.query_params.get(name, "" if default is None else str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 17 and least <= int(text) <= most):
        raise UsageError(f"{name} is {text[:20]!r}, expected a whole number from {least} to {most}.")
    return int(text)


async def read_body(request: Request, kind: type[Kind]) -> Kind:
    """Return what a request holds; UsageError names the first thing in it that cannot be used."""
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"the request cannot be used ({place}: {first['msg']}); load the page again.") from None


def answer_bytes(content: bytes) -> Response:
    """Return an answer of numbers or pictures."""
    return Response(content, media_type="application/octet-stream")


async def say_unknown(request: Request, error: Exception | None = None) -> Response:
    """Answer that there is nothing at this address."""
    return JSONResponse({"error": "there is nothing at this address."}, status_code=getattr(error, "status_code", 404))


async def explain(request: Request, error: Exception) -> Response:
    """Answer an error with its sentence."""
    status = 422
    if isinstance(error, EditConflictError):
        status = 409
    elif isinstance(error, UnknownRecordingError):
        status = 404
    elif isinstance(error, FrameNotReadError):
        status = 425
    elif isinstance(error, OutputError):
        status = 507
    return JSONResponse({"error": str(error)}, status_code=status)


async def fail(request: Request, error: Exception) -> Response:
    """Answer an unexpected error; the terminal names it."""
    _logger.error("%s failed (%s: %s); report it.", request.url.path, type(error).__name__, error)
    return JSONResponse({"error": "an unexpected error occurred; the terminal shows it."}, status_code=500)
