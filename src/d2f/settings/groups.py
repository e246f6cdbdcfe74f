"""The groups of the settings: each field declared once, with its bounds and its words."""

from __future__ import annotations

from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ..arrays import DepthUnit
from ..optics import Aperture, ThinLens
from .focus_words import LONGEST_M, box_trouble

__all__ = [
    "DepthSettings",
    "FocusSettings",
    "FormatName",
    "LensSettings",
    "LightSettings",
    "MethodSettings",
    "Option",
    "OutputSettings",
    "Settings",
    "SettingsGroup",
]


NORMAL_LENS_MM = 50.0  # DESIGN 2: what relative disparity is read with


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
DepthSource = Literal["auto", "model", "embedded"]
DepthContainer = Literal["gdepth", "dynamic", "heic"]
FormatName = Literal[
    "jpeg", "png", "tiff", "webp", "avif", "jxl", "jp2", "exr", "hdr", "pfm", "heic"
]


class SettingsGroup(BaseModel):
    """Choices that belong together; frozen, and strict about names."""

    option: ClassVar[Option | None] = None  # given where the whole group is one choice
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class MethodSettings(SettingsGroup):
    """Which method makes the picture."""

    model: Literal["compact", "d2f2023"] = Field(
        "compact", description="compact: ours; d2f2023: the published model, in place of all else."
    )
    weights: Path | None = Field(
        None, description="Weights of d2f2023, made by `d2f weights convert`."
    )


class FocusSettings(SettingsGroup):
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


class LensSettings(SettingsGroup):
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


class LightSettings(SettingsGroup):
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


class DepthSettings(SettingsGroup):
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
    model: Annotated[
        str | None, Option("--depth-model", "NAME|FOLDER|FILE.onnx", choice="depth_model")
    ] = Field(
        None,
        min_length=1,
        description="Another network for depth: a transformers checkpoint (needs d2f[depth]) or an "
        "ONNX file; replaces --depth.",
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

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.model is not None and self.source not in ("auto", "model"):
            raise ValueError(
                f"depth={self.source} and depth_model={self.model} both give depth: choose one"
            )
        return self

    @property
    def file(self) -> Path | None:
        """The map that the user brings."""
        return self.source if isinstance(self.source, Path) else None


class OutputSettings(SettingsGroup):
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


class Settings(SettingsGroup):
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
        from .file import settings_from_file

        return settings_from_file(path)
