"""What the server asks of a worker, and what comes back: values that cross between processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..scene import Stroke
from ..settings import Settings

__all__ = ["Answer", "Job", "StoredPhoto"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPhoto:
    """An upload as it lies on the disc.

    Attributes
    ----------
    id : str
    file : Path
    name : str
        The client's name for it, made harmless.
    depth : Path, optional
        Its depth map.
    depth_unit : str
    depth_source : str
        What `auto` of the settings stands for; `auto` itself prefers the depth map.
    strokes : tuple of Stroke
        By which its depth was mended.
    """

    id: str
    file: Path
    name: str
    depth: Path | None = None
    depth_unit: str = "relative"
    depth_source: str = "auto"
    strokes: tuple[Stroke, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to do with a photo.

    Attributes
    ----------
    kind : str
        A name in `work.KINDS`.
    photo : StoredPhoto
    settings : Settings
    options : dict
        What that kind needs besides.
    output : Path, optional
        Where a large answer goes, rather than through the pipe.
    """

    kind: str
    photo: StoredPhoto
    settings: Settings = field(default_factory=Settings)
    options: dict[str, Any] = field(default_factory=dict)
    output: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a job gave, or why it could not be done.

    Attributes
    ----------
    status : int
        200, or that of a problem.
    sentence : str
        What is wrong.
    content : bytes
        The body, unless it was written to the job's output.
    media_type : str
    filename : str, optional
        What the client may call it.
    facts : dict
        What else is told, ready for JSON.
    """

    status: int = 200
    sentence: str = ""
    content: bytes = b""
    media_type: str = "application/json"
    filename: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
