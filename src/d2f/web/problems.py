"""What went wrong, as problem+json (RFC 9457), in d2f's own sentences."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

__all__ = ["PROBLEM_TYPE", "Refusal", "documented", "problem"]

PROBLEM_TYPE = "application/problem+json"
SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, where, and what to do."},
    },
}
WORDS = {
    400: "The request cannot be parsed.",
    401: "A token is wanted.",
    403: "The request comes from a page of another host.",
    404: "There is no such photo; it may have been dropped.",
    405: "The path has no such method.",
    408: "The body came too slowly.",
    413: "The photo or the request is too large.",
    415: "The file is no photo that d2f reads, or a format needs an extra that is missing.",
    421: "The request was meant for another host.",
    422: "A setting, a parameter or the file makes no sense.",
    429: "Too busy: try again after `Retry-After` seconds.",
    500: "A fault of the server.",
    503: "The worker died or took too long.",
    507: "There is no room for more photos, or the disc is full.",
}
EVERYWHERE = (401, 403, 421, 429, 500)


class Refusal(HTTPException):
    """A status and its sentence; `retry_after` in seconds where waiting helps."""

    def __init__(self, status: int, sentence: str, *, retry_after: int | None = None) -> None:
        headers = None if retry_after is None else {"Retry-After": str(max(retry_after, 1))}
        super().__init__(status, sentence, headers)


def problem(
    status: int, sentence: str, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """The answer to a request that cannot be met.

    Parameters
    ----------
    status : int
    sentence : str
        What is wrong, where, and what to do.
    headers : dict, optional
    **more
        Further members of the problem.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence,
        **more,
    }
    return Response(
        json.dumps(body, ensure_ascii=True), status, headers=headers, media_type=PROBLEM_TYPE
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its OpenAPI description; those of every route are added."""
    return {
        status: {"description": WORDS[status], "content": {PROBLEM_TYPE: {"schema": SCHEMA}}}
        for status in sorted({*statuses, *EVERYWHERE})
    }
