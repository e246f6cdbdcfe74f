"""Settings: every choice a user can make, the same object for command line and library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from .errors import UsageError, told
from .focus_words import LONGEST_M, box_trouble, focus_fields
from .optics import Aperture, ThinLens

__all__ = [
    "CHOICES",
    "Choice",
    "DepthSettings",
    "FocusSettings",
    "LensSettings",
    "LightSettings",
    "MethodSettings",
    "Option",
    "OutputSettings",
    "Settings",
    "settings_from_choices",
    "trouble_in",
]


NORMAL_LENS_MM = 50.0  # DESIGN 2: what relative disparity is read with
UNIT_SUFFIX = re.compile(r"_(mm|m|deg|percent|px)$")  # units are in names of fields, not of flags


@dataclass(frozen=True, slots=True)
class Option:
    """How a setting is named outside, where its field's own name is not the best one.

    Attributes
    ----------
    flag : str
        `--aperture`; by default the field's name without its unit. The environment variable
        follows: `D2F_APERTURE`.
    metavar : str
        What stands for the value in a help text; by default from the field's type and bounds.
    choice : str
        Keyword of the library; by default the field's name.
    """

    flag: str = ""
    metavar: str = ""
    choice: str = ""


Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Tilt = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]
DepthUnit = Literal["m", "1/m", "relative"]
DepthSource = Literal["auto", "model", "embedded"]
DepthContainer = Literal["gdepth", "dynamic", "heic"]
FormatName = Literal["jpeg", "png", "tiff", "webp"]


class _Group(BaseModel):
    option: ClassVar[Option | None] = None  # given where the whole group is one choice
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class MethodSettings(_Group):
    """Which method makes the picture."""

    model: Literal["compact", "d2f2023"] = Field(
        "compact", description="compact: ours; d2f2023: the published model, in place of all else."
    )
    weights: Path | None = Field(
        None, description="Weights of d2f2023, made by `d2f weights convert`."
    )


class FocusSettings(_Group):
    """Where the plane of focus lies."""

    option = Option("--focus", "auto|face|X,Y|X,Y,W,H|nearest|farthest|DISTANCEm", "focus")

    mode: Literal["auto", "face", "point", "box", "nearest", "farthest", "distance"] = Field(
        "auto", description="auto: on the subject that the model finds; or one of the other ways."
    )
    point: tuple[Fraction, Fraction] | None = Field(
        None, description="Point (x, y) in fractions of width and height, from the top left."
    )
    box: tuple[Fraction, Fraction, Fraction, Fraction] | None = Field(
        None, description="Box (x, y, width, height) in fractions: all that lies in it stays sharp."
    )
    distance_m: Annotated[float | None, Field(gt=0, le=LONGEST_M)] = Field(
        None, description="Distance in m; on relative depth the nearest thing counts as 1 m away."
    )

    @model_validator(mode="after")
    def _field_belongs_to_mode(self) -> Self:
        for mode, field in (("point", "point"), ("box", "box"), ("distance", "distance_m")):
            if (self.mode == mode) != (getattr(self, field) is not None):
                raise ValueError(f"focus needs mode '{mode}' and {field} together")
        trouble = None if self.box is None else box_trouble(self.box)
        if trouble:
            raise ValueError(trouble.removesuffix("."))
        return self


class LensSettings(_Group):
    """The lens that the photo should seem to be taken with."""

    f_number: Annotated[float, Option("--aperture", "f/N")] = Field(
        1.8, ge=0.1, description="f-number; smaller blurs more, inf not at all."
    )
    blur_percent: Annotated[float | None, Option("--blur", "PERCENT")] = Field(
        None,
        ge=0,
        le=20,
        allow_inf_nan=False,
        description="Largest blur radius in percent of the long side; replaces f_number.",
    )
    focal_length_mm: Annotated[float | None, Option(metavar="MM")] = Field(
        None,
        ge=1,
        le=2000,
        description="Focal length in mm; by default the shot's own angle of view where its depth "
        "is metric, else 50.",
    )
    sensor_width_mm: Annotated[float, Option(metavar="MM")] = Field(
        36, ge=1, le=500, description="Long side of the sensor in mm."
    )
    blades: Annotated[int, Option(metavar="N")] = Field(
        0, ge=0, le=16, description="Blades of the iris, 3 to 16; 0 is round."
    )
    roundness: Fraction = Field(0.0, description="How far the blades bend towards the circle.")
    rotation_deg: Annotated[float, Option(metavar="DEG")] = Field(
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
    fringe: Fraction = Field(
        0.0, description="Axial colour: green rims behind the focus, magenta ones in front."
    )
    aperture_picture: Path | None = Field(
        None, description="Grey picture of the opening, instead of blades: white lets light in."
    )
    tilt: Annotated[tuple[Tilt, Tilt], Option(metavar="X,Y")] = Field(
        (0.0, 0.0),
        description="Disparity (1/m) that the plane of focus gains to the right, and downwards.",
    )

    @property
    def aperture(self) -> Aperture:
        """The shape of the opening."""
        shape = self.model_dump(include={field.name for field in fields(Aperture)})
        return Aperture(**shape)

    def thin_lens(self, *, focal_length_sides: float | None = None) -> ThinLens:
        """The lens as optics knows it.

        Parameters
        ----------
        focal_length_sides : float, optional
            The shot's angle of view: focal length over the long side of the sensor. Counts where
            no focal length is chosen.
        """
        focal_length_mm = self.focal_length_mm
        if focal_length_mm is None and focal_length_sides is not None:
            focal_length_mm = focal_length_sides * self.sensor_width_mm
        return ThinLens(
            f_number=self.f_number,
            focal_length_mm=focal_length_mm or NORMAL_LENS_MM,
            sensor_width_mm=self.sensor_width_mm,
        )

    @model_validator(mode="after")
    def _aperture_exists(self) -> Self:
        if self.roundness and not self.blades:
            raise ValueError("roundness bends the blades of an iris: give blades, too")
        if self.aperture_picture is not None and (self.blades or self.cats_eye):
            raise ValueError("aperture_picture is the whole shape: leave out blades and cats_eye")
        _ = self.aperture  # UsageError is a ValueError, so pydantic reports it with its words
        return self


class LightSettings(_Group):
    """What is done to light: clipped light given back, grain kept."""

    highlights: Fraction = Field(
        1.0, description="Share of the estimated light above white that is given back; 0 for none."
    )
    model: Annotated[Literal["lamps", "d2f2023"], Option("--light", choice="light")] = Field(
        "lamps",
        description="How clipped light is estimated: of small lamps, or by the published rule.",
    )
    grain: Fraction = Field(
        1.0, description="Share of the photo's own grain that is put back into what is blurred."
    )


class DepthSettings(_Group):
    """Where the depth comes from."""

    source: Annotated[
        DepthSource | Path, Option("--depth", "auto|model|embedded|FILE", choice="depth")
    ] = Field(
        "auto",
        description="auto: from the photo's own file or NAME.depth.* beside it, else the model; "
        "or a map's file.",
    )
    unit: Annotated[DepthUnit, Option("--depth-unit", choice="depth_unit")] = Field(
        "relative",
        description="What the map holds: metres, 1/m, or relative disparity (larger = nearer).",
    )
    matte: Path | None = Field(
        None, description="Matte of the subject, white on black: soft coverage for its hair."
    )

    @field_validator("source", mode="before")
    @classmethod
    def _source_is_a_word_or_a_path(cls, value: object) -> object:
        if not isinstance(value, str | PathLike) or not str(value):
            raise ValueError("give auto, model, embedded or the name of a file")
        return value

    @property
    def file(self) -> Path | None:
        """The map that the user brings."""
        return self.source if isinstance(self.source, Path) else None


class OutputSettings(_Group):
    """What is written."""

    format: FormatName | None = Field(
        None, description="Format of the picture; by default what its name says, or the photo's."
    )
    embed_depth: DepthContainer | None = Field(
        None, description="Write disparity into the picture's file: JPEG (gdepth, dynamic) or HEIC."
    )
    embed_original: bool = Field(
        False, description="With embed_depth: put the untouched photo's file in, too."
    )

    @model_validator(mode="after")
    def _original_goes_with_depth(self) -> Self:
        if self.embed_original and self.embed_depth is None:
            raise ValueError("embed_original (--embed-original) goes with embed_depth: give both")
        return self


class Settings(_Group):
    """Every choice a user can make about a picture."""

    method: MethodSettings = MethodSettings()
    focus: FocusSettings = FocusSettings()
    lens: LensSettings = LensSettings()
    light: LightSettings = LightSettings()
    depth: DepthSettings = DepthSettings()
    output: OutputSettings = OutputSettings()

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Settings:
        """Settings from a file: a sidecar of a picture, plain JSON, or TOML.

        Raises
        ------
        PhotoError
            If the file cannot be read.
        UsageError
            If it holds no settings.
        """
        from .settings_file import settings_from_file

        return settings_from_file(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One choice of a user, as every door names it; made from the field (or group) it sets.

    Attributes
    ----------
    name : str
        Keyword of the library: `f_number`.
    group, field : str
        Where it lies in the settings; field is None where a whole group is one choice.
    flag, metavar : str
        `--aperture` and `f/N` of the command line.
    description : str
    default : object
        None where nothing is chosen.
    """

    name: str
    group: str
    field: str | None
    flag: str
    metavar: str
    description: str
    default: object

    @property
    def variable(self) -> str:
        """The environment variable: `D2F_APERTURE` for `--aperture`."""
        return "D2F_" + self.flag.removeprefix("--").replace("-", "_").upper()

    @property
    def info(self) -> FieldInfo | None:
        """The field: its type and bounds; None for a group."""
        return None if self.field is None else _model_of(self.group).model_fields[self.field]


def _model_of(group: str) -> type[_Group]:
    model = Settings.model_fields[group].annotation
    assert isinstance(model, type)
    assert issubclass(model, _Group)
    return model


def _choice_of(group: str, field: str, info: FieldInfo) -> Choice:
    named = next((entry for entry in info.metadata if isinstance(entry, Option)), Option())
    bare = UNIT_SUFFIX.sub("", field).replace("_", "-")
    return Choice(
        name=named.choice or field,
        group=group,
        field=field,
        flag=named.flag or f"--{bare}",
        metavar=named.metavar or _metavar_of(info),
        description=info.description or "",
        default=info.default,
    )


def _metavar_of(info: FieldInfo) -> str:
    kinds = get_args(info.annotation) or (info.annotation,)
    bounds = {
        name: getattr(entry, name)
        for entry in (*info.metadata, *(part for kind in kinds for part in get_args(kind)[1:]))
        for name in ("ge", "le")
        if hasattr(entry, name)
    }
    for kind in (info.annotation, *kinds):
        if get_origin(kind) is Literal:
            return "|".join(map(str, get_args(kind)))
    if Path in kinds:
        return "FILE"
    if len(bounds) == 2:
        return f"{bounds['ge']:g}..{bounds['le']:g}"
    if bool in kinds:
        return ""
    return "TEXT" if str in kinds else "NUMBER"


def _all_choices() -> Iterator[Choice]:
    for group in Settings.model_fields:
        model = _model_of(group)
        if model.option is None:
            for field, info in model.model_fields.items():
                yield _choice_of(group, field, info)
            continue
        first = next(iter(model.model_fields.values()))
        yield Choice(
            name=model.option.choice,
            group=group,
            field=None,
            flag=model.option.flag,
            metavar=model.option.metavar,
            description=(model.__doc__ or "").splitlines()[0],
            default=first.default,
        )


CHOICES = {choice.name: choice for choice in _all_choices()}


def settings_from_choices(base: Settings | None = None, /, **choices: Any) -> Settings:
    """Settings from flat choices, e.g. `f_number=2.8, focus=(0.3, 0.5), highlights=0`.

    Parameters
    ----------
    base : Settings, optional
        What holds where nothing is chosen.
    **choices
        By the names in `CHOICES`: `focus` ("auto" or a point), `depth` (a file), `depth_unit`,
        every other field by its own name. None leaves a choice as it is.

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
        elif name in CHOICES:
            tree[CHOICES[name].group][CHOICES[name].field] = value
        else:
            raise UsageError(f"there is no setting {name!r}: the names are {', '.join(CHOICES)}.")
    if choices.get("f_number") is not None:
        if choices.get("blur_percent") is not None:
            raise UsageError(
                "f_number (--aperture) and blur_percent (--blur) both set the strength: "
                "give one of them."
            )
        tree["lens"]["blur_percent"] = None
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise UsageError(trouble_in(error)) from None


def trouble_in(error: ValidationError) -> str:
    """The first thing that is wrong, in words: the field, its value and what is allowed."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if first["type"] == "extra_forbidden":
        *above, _ = first["loc"]
        model = _model_of(str(above[0])) if above else Settings
        known = ", ".join(model.model_fields)
        return f"{where} is no setting: {'.'.join(map(str, above)) or 'settings'} has {known}."
    if first["type"] == "path_type":
        reason = "give the name of a file"
    if isinstance(first["input"], dict):  # a whole group was refused: the reason says it all
        return reason
    return f"{where}={told(first['input'])}: {reason}."


def _focus_from_choice(value: Any) -> dict[str, Any]:  # a user's word: anything may come
    try:
        return focus_fields(value)
    except UsageError as error:
        raise UsageError(f"focus={told(value)}: {error}") from None
