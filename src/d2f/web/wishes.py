"""What clients ask for, checked: settings without the server's own files, strokes, formats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ..errors import UsageError, told
from ..scene import Stroke
from ..settings import Settings
from ..settings.choices import trouble_told
from ..settings.file import VERSION_KEY, settings_from_text
from ..settings.groups import FormatName
from .photos import MOST_STROKES
from .problems import Refusal

__all__ = ["BrushWish", "RenderWish", "served", "settings_of", "words_of"]

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def settings_of(text: str | None) -> Settings:
    """Settings from JSON: the tree of `d2f.Settings`, or a sidecar.

    Raises
    ------
    Refusal
        422, in the words of the library.
    """
    if not text:
        return Settings()
    try:
        return served(settings_from_text(text, name="settings"))
    except UsageError as error:
        raise Refusal(422, str(error).removeprefix("settings: ")) from None


def served(settings: Settings) -> Settings:
    """The settings, unless they name a file or a model of the server.

    Raises
    ------
    Refusal
        422
    """
    for group, values in settings:
        for name, value in values:
            if isinstance(value, Path):
                raise Refusal(
                    422,
                    f"{group}.{name}={str(value)[:40]!r}: a server opens no files by name; "
                    "leave it out, and send a depth map with the photo.",
                )
    if settings.depth.model is not None:
        raise Refusal(422, "depth.model: other networks are not served; leave it out.")
    if settings.method.model != "compact":
        raise Refusal(422, f"method.model={settings.method.model!r} is not served: use 'compact'.")
    return settings


class RenderWish(BaseModel):
    """What is rendered: settings, and the format of the file."""

    model_config = ConfigDict(extra="forbid")

    settings: Settings = Settings()
    format: FormatName | None = Field(None, description="By default the photo's own.")

    @field_validator("settings", mode="before")
    @classmethod
    def _of_a_sidecar(cls, value: Any) -> Any:
        if isinstance(value, dict) and VERSION_KEY in value:
            return settings_from_text(json.dumps(value), name="settings")
        return value


class StrokeWish(BaseModel):
    """A line drawn by hand."""

    model_config = ConfigDict(extra="forbid")

    points: list[tuple[Share, Share]] = Field(
        min_length=1, max_length=2000, description="(x, y) in fractions of width and height."
    )
    radius: float = Field(gt=0, le=0.5, description="Fraction of the long side.")
    softness: Share = Field(0.5, description="Share of the radius over which it fades.")
    amount: float = Field(
        0.2, ge=-1, le=1, allow_inf_nan=False, description="Above 0 nearer, below farther."
    )
    edge_aware: bool = Field(True, description="Whether it ends at the photo's edges.")

    def stroke(self) -> Stroke:
        """The stroke as the scene knows it."""
        return Stroke(
            points=tuple(self.points),
            radius=self.radius,
            softness=self.softness,
            amount=self.amount,
            edge_aware=self.edge_aware,
        )


class BrushWish(BaseModel):
    """One of: strokes to add, a number of strokes to take back, or all of them."""

    model_config = ConfigDict(extra="forbid")

    strokes: list[StrokeWish] | None = Field(None, max_length=MOST_STROKES)
    undo: int | None = Field(None, ge=1, le=MOST_STROKES)
    reset: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> BrushWish:
        if sum(value is not None for value in (self.strokes, self.undo, self.reset)) != 1:
            raise ValueError("give one of strokes, undo and reset")
        return self

    def applied_to(self, strokes: tuple[Stroke, ...]) -> tuple[Stroke, ...]:
        """The strokes of a photo as they are to be.

        Raises
        ------
        Refusal
            422 if they become too many.
        """
        if self.strokes is None:
            return strokes[: -self.undo] if self.undo else ()
        drawn = (*strokes, *(wish.stroke() for wish in self.strokes))
        if len(drawn) > MOST_STROKES:
            raise Refusal(422, f"a photo takes {MOST_STROKES} strokes: undo some, or reset.")
        return drawn


def words_of(error: Mapping[str, Any]) -> str:
    """What pydantic finds in a request, in one sentence; of settings in the library's own words."""
    _, *inner = error["loc"]
    if inner[:1] == ["settings"] and len(inner) > 1:
        return trouble_told({**error, "loc": tuple(inner[1:])})
    where = ".".join(map(str, inner)) or "the body"
    if error["type"] == "json_invalid":
        return "the body is no JSON: check it."
    if error["type"] == "missing":
        return f"{where} is missing: give it."
    if isinstance(error.get("input"), bytes):
        return "the body is not sent as JSON: say so by Content-Type: application/json."
    if "UploadFile" in error["msg"]:
        return f"{where} is no file: send it as one, with a name, in multipart/form-data."
    reason = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    if isinstance(error.get("input"), dict | list):
        return f"{where}: {reason}."
    return f"{where}={told(error.get('input'))}: {reason}."
