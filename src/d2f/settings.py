"""Settings: every choice a user can make, the same object for command line and library."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import UsageError
from .optics import Aperture, ThinLens

__all__ = [
    "DepthSettings",
    "FocusSettings",
    "LensSettings",
    "LightSettings",
    "Settings",
    "settings_from_choices",
]

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Tilt = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]
DepthUnit = Literal["m", "1/m", "relative"]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FocusSettings(_Group):
    """Where the plane of focus lies."""

    mode: Literal["auto", "point"] = Field(
        "auto", description="auto: on the subject that the model finds; point: at the given point."
    )
    point: tuple[Fraction, Fraction] | None = Field(
        None, description="Point (x, y) in fractions of width and height, from the top left."
    )

    @model_validator(mode="after")
    def _point_belongs_to_mode(self) -> Self:
        if (self.mode == "point") != (self.point is not None):
            raise ValueError("focus needs mode 'point' and a point (x, y) together")
        return self


class LensSettings(_Group):
    """The lens that the photo should seem to be taken with."""

    f_number: float = Field(
        1.8, ge=0.1, description="f-number; smaller blurs more, inf not at all."
    )
    blur_percent: float | None = Field(
        None,
        ge=0,
        le=20,
        allow_inf_nan=False,
        description="Largest blur radius in percent of the long side; replaces f_number.",
    )
    focal_length_mm: float = Field(50, ge=1, le=2000, description="Focal length.")
    sensor_width_mm: float = Field(36, ge=1, le=500, description="Long side of the sensor.")
    blades: int = Field(0, ge=0, le=16, description="Blades of the iris, 3 to 16; 0 is round.")
    roundness: Fraction = Field(0.0, description="How far the blades bend towards the circle.")
    rotation_deg: float = Field(
        0.0, ge=-360, le=360, description="Turn of the iris, counter-clockwise."
    )

    squeeze: float = Field(
        1.0, ge=0.5, le=2, description="Height over width of a disc; 1.33 or 2 for anamorphic."
    )
    rim: float = Field(
        0.0,
        ge=-1,
        le=1,
        description="Above 0 bright rims behind the focus, soft ones in front; below 0 reversed.",
    )
    cats_eye: Fraction = Field(
        0.0, description="How far the opening is cut towards the corners of the picture."
    )
    tilt: tuple[Tilt, Tilt] = Field(
        (0.0, 0.0),
        description="Disparity (1/m) that the plane of focus gains to the right, and downwards.",
    )

    @property
    def aperture(self) -> Aperture:
        """The shape of the opening."""
        shape = self.model_dump(include={field.name for field in fields(Aperture)})
        return Aperture(**shape)

    def thin_lens(self, *, f_number: float | None = None) -> ThinLens:
        """The lens as optics knows it, on request at another f-number."""
        return ThinLens(
            f_number=self.f_number if f_number is None else f_number,
            focal_length_mm=self.focal_length_mm,
            sensor_width_mm=self.sensor_width_mm,
        )

    @model_validator(mode="after")
    def _aperture_exists(self) -> Self:
        if self.roundness and not self.blades:
            raise ValueError("roundness bends the blades of an iris: give blades, too")
        _ = self.aperture  # UsageError is a ValueError, so pydantic reports it with its words
        return self


class LightSettings(_Group):
    """What is done to light: clipped light given back, grain kept."""

    highlights: Fraction = Field(
        1.0, description="Share of the estimated light above white that is given back; 0 for none."
    )
    grain: Fraction = Field(
        1.0, description="Share of the photo's own grain that is put back into what is blurred."
    )


class DepthSettings(_Group):
    """Where the depth comes from."""

    file: Path | None = Field(None, description="Depth map to use instead of the model's.")
    unit: DepthUnit = Field(
        "relative",
        description="What the file holds: metres, 1/m, or relative disparity (larger = nearer).",
    )


class Settings(_Group):
    """Every choice a user can make about a picture."""

    focus: FocusSettings = FocusSettings()
    lens: LensSettings = LensSettings()
    light: LightSettings = LightSettings()
    depth: DepthSettings = DepthSettings()


_GROUP_OF = {
    name: group
    for group, info in Settings.model_fields.items()
    for name in info.annotation.model_fields  # type: ignore[union-attr]  # each group is a model
}


CHOICES = ("focus", *LensSettings.model_fields, *LightSettings.model_fields, "depth", "depth_unit")


def settings_from_choices(base: Settings | None = None, /, **choices: Any) -> Settings:
    """Settings from flat choices, e.g. `f_number=2.8, focus=(0.3, 0.5), highlights=0`.

    Parameters
    ----------
    base : Settings, optional
        What holds where nothing is chosen.
    **choices
        `focus` ("auto" or a point), `depth` (a file), `depth_unit`, and the fields of the groups
        lens and light by their own names. None leaves a choice as it is.

    Raises
    ------
    UsageError
        Names the choice, its value and what is allowed.
    """
    if not isinstance(base, Settings | None):
        raise UsageError(f"settings is a {type(base).__name__}: give d2f.Settings.")
    tree = (base or Settings()).model_dump()
    for name, value in choices.items():
        if value is None:
            continue
        if name == "focus":
            tree["focus"] = _focus_from_choice(value)
        elif name in ("depth", "depth_unit"):
            tree["depth"]["file" if name == "depth" else "unit"] = value
        elif _GROUP_OF.get(name) in ("lens", "light"):
            tree[_GROUP_OF[name]][name] = value
        else:
            raise UsageError(f"there is no setting {name!r}: the names are {', '.join(CHOICES)}.")
    if choices.get("f_number") is not None:
        if choices.get("blur_percent") is not None:
            raise UsageError("f_number and blur_percent both set the strength: give one of them.")
        tree["lens"]["blur_percent"] = None
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        if isinstance(first["input"], dict):  # a whole group was refused: the reason says it all
            raise UsageError(reason) from None
        raise UsageError(f"{where}={first['input']!r:.80}: {reason}.") from None


def _focus_from_choice(value: Any) -> dict[str, Any]:  # a user's word: anything may come
    if isinstance(value, str) and value == "auto":
        return {"mode": "auto", "point": None}
    try:
        if isinstance(value, str):
            raise TypeError
        x, y = (float(part) for part in value)
    except (TypeError, ValueError):
        raise UsageError(f"focus={value!r}: give 'auto' or a point (x, y) in 0..1.") from None
    return {"mode": "point", "point": (x, y)}
