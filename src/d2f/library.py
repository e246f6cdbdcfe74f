"""The library's door: whatever kind of photo comes in, the same kind goes out."""

from __future__ import annotations

import os
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from . import files
from .arrays import FloatImage
from .errors import UsageError, told
from .files import Photo
from .outputs import check_picture_name, picture_bytes, write_picture
from .pictures import Picture
from .pipeline import Session, open_session
from .published import PublishedSession, refuse_idle
from .scene import Subject
from .settings import Settings
from .settings.choices import settings_from_choices

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["OpenPhoto", "PhotoLike", "open", "render"]

PhotoLike: TypeAlias = "str | PathLike[str] | bytes | Image.Image | NDArray[Any] | Photo"
# Settled when a photo is opened:
SETTLED_CHOICES = ("depth", "depth_unit", "depth_model", "matte", "model", "weights")


class OpenPhoto:
    """One analysed photo that can be rendered many times; made by `d2f.open`.

    Attributes
    ----------
    photo : Photo

    The published model (`model="d2f2023"`) knows neither `disparity` nor what comes after it, and
    refuses them with a UsageError.
    """

    def __init__(self, session: Session | PublishedSession, settings: Settings, kind: type) -> None:
        self._session = session
        self._settings = settings
        self._kind = kind
        self.photo = session.photo

    @property
    def disparity(self) -> FloatImage:
        """Float32 (H, W), larger is nearer: relative 0..1, or 1/m where metric depth was given."""
        return self._session.view.disparity

    @property
    def focus_map(self) -> FloatImage:
        """Float32 (h, w), 0..1: where a photographer would focus, at the model's size."""
        return self._session.view.focus_map

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What a photographer might focus on: faces and subjects, best first.

        Each has a box (x, y, width, height) and a point (x, y) in fractions of the photo, its
        kind ("face" or "subject"), its score 0..1 and its disparity.
        """
        return self._session.subjects

    def render(
        self,
        *,
        output: str | PathLike[str] | None = None,
        overwrite: bool = False,
        settings: Settings | None = None,
        **choices: Any,
    ) -> Any:
        """Render the photo; choices as in `d2f.render`, but for depth and model, now settled.

        Returns
        -------
        The kind of photo that was opened; a `Photo` for a path.
        """
        chosen = self._settings_with(settings, choices)
        target = None if output is None else _path(output)
        if target is not None:
            files.check_target(target, overwrite=overwrite)
            check_picture_name(target, chosen.output)
        rendered = self._session.render_with_maps(chosen)
        if target is not None:
            write_picture(rendered, target, chosen.output, overwrite=overwrite)
        return _to_kind(rendered, self._kind, chosen)

    def render_with_maps(self, *, settings: Settings | None = None, **choices: Any) -> Picture:
        """Render the photo and keep its defocus map, mask, focus and f-number.

        Returns
        -------
        Rendered, or a PublishedPicture from `model="d2f2023"`.
        """
        return self._session.render_with_maps(self._settings_with(settings, choices))

    def _settings_with(self, settings: Settings | None, choices: dict[str, Any]) -> Settings:
        settled = [name for name in SETTLED_CHOICES if choices.get(name) is not None]
        if settled or (isinstance(settings, Settings) and settings.depth != self._settings.depth):
            settled = settled or ["depth"]
            raise UsageError(
                f"{settled[0]} is settled when a photo is opened: give it to d2f.open."
            )
        base = self._settings if settings is None else settings
        chosen = settings_from_choices(base, **choices)
        refuse_idle(chosen, {name for name, value in choices.items() if value is not None})
        return chosen


def open(
    photo: PhotoLike,
    *,
    depth: str | PathLike[str] | None = None,
    depth_unit: str | None = None,
    depth_model: str | None = None,
    matte: str | PathLike[str] | None = None,
    model: str | None = None,
    weights: str | PathLike[str] | None = None,
    settings: Settings | None = None,
) -> OpenPhoto:
    """Analyse a photo once, for many renders.

    Parameters
    ----------
    photo : path, bytes, PIL image, array or Photo
        Arrays are (H, W, 3) or (H, W), uint8 or uint16 in sRGB, or float32 in linear light.
    depth : "auto", "model", "embedded" or path
        auto, the default, takes what lies in the photo's file or beside it, else the model's.
    depth_unit : "m", "1/m" or "relative"
        What the depth map, or the output of an ONNX file, holds.
    depth_model : str, optional
        Another network for depth, in place of `depth`: a transformers checkpoint by folder or name
        (needs `d2f[depth]`), or an ONNX file.
    matte : path, optional
        Matte of the subject: where it is grey, its hair lets through what lies behind it.
    model : "compact" or "d2f2023"
        The whole method: ours, or the published model.
    weights : path, optional
        Weights of d2f2023, which does not come with any.
    settings : Settings, optional
        What holds where a render chooses nothing else.

    Raises
    ------
    PhotoError
        If the photo, the depth map or the matte cannot be read.
    UsageError
        If a choice makes no sense.
    """
    words = {
        "depth": depth,
        "depth_unit": depth_unit,
        "depth_model": depth_model,
        "matte": matte,
        "model": model,
        "weights": weights,
    }
    chosen = settings_from_choices(settings, **words)
    refuse_idle(chosen, {name for name, value in words.items() if value is not None})
    return OpenPhoto(open_session(_from_kind(photo), chosen), chosen, type(photo))


@overload
def render(photo: bytes, **choices: Any) -> bytes: ...
@overload
def render(photo: Image.Image, **choices: Any) -> Image.Image: ...
@overload
def render(photo: NDArray[Any], **choices: Any) -> NDArray[Any]: ...
@overload
def render(photo: str | PathLike[str] | Photo, **choices: Any) -> Photo: ...
def render(
    photo: PhotoLike,
    *,
    output: str | PathLike[str] | None = None,
    overwrite: bool = False,
    settings: Settings | None = None,
    **choices: Any,
) -> Any:
    """Give a photo the depth of field of a fast lens.

    Parameters
    ----------
    photo : path, bytes, PIL image, array or Photo
        Arrays are (H, W, 3) or (H, W), uint8 or uint16 in sRGB, or float32 in linear light.
    output : path, optional
        File to write as well.
    overwrite : bool
        Whether `output` may exist.
    settings : Settings, optional
        What holds where nothing else is chosen.
    **choices
        `focus`: "auto", "face", a point (x, y) or a box (x, y, width, height) in 0..1 from the
        top left, "nearest", "farthest" or a distance such as "2.4m"; `f_number`, `blur_percent`,
        `focal_length_mm`, `sensor_width_mm`, `blades`, `roundness`, `rotation_deg`,
        `squeeze`, `rim`, `cats_eye`, `fringe`, `aperture_picture`, `tilt`, `grain`,
        `highlights`, `light`, `depth`, `depth_unit`,
        `depth_model`, `matte`, `format` (of bytes), `embed_depth`
        with `embed_original`, and `model` with `weights`.

    Returns
    -------
    The same kind as came in; a `Photo` for a path.

    Raises
    ------
    PhotoError
        If the photo, the depth map or the output cannot be used.
    UsageError
        If a choice makes no sense.
    MissingPartError
        If weights or an extra are missing.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.full((48, 64, 3), 200, np.uint8)
    >>> render(picture, f_number=float("inf")).dtype
    dtype('uint8')
    """
    if output is not None:
        target = _path(output)
        if isinstance(photo, str | PathLike) and _same_place(photo, target):
            raise UsageError(f"{output} is the photo itself: give another name for the output.")
        files.check_target(target, overwrite=overwrite)
    settled = {name: choices.pop(name, None) for name in SETTLED_CHOICES}
    opened = open(photo, settings=settings, **settled)
    return opened.render(output=output, overwrite=overwrite, **choices)


def _path(output: Any) -> Path:  # a user's word: anything may come
    try:
        return Path(os.fsdecode(output))
    except TypeError:
        raise UsageError(f"output={told(output)} is no path: give the name of a file.") from None


def _same_place(one: str | PathLike[str], other: Path) -> bool:
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except ValueError:  # a NUL in a name: told where the file is looked for
        return False


def _from_kind(photo: PhotoLike) -> Photo:
    if isinstance(photo, Photo):
        return photo
    if isinstance(photo, str | PathLike):
        return files.read_photo(Path(photo))
    if isinstance(photo, bytes | bytearray):
        return files.photo_from_bytes(bytes(photo))
    if isinstance(photo, np.ndarray):
        return files.photo_from_array(photo)
    from PIL import Image

    if isinstance(photo, Image.Image):
        return files.photo_from_pil(photo)
    raise UsageError(
        f"a {type(photo).__name__} is no photo: give a path, bytes, a PIL image or an array."
    )


def _to_kind(picture: Picture, kind: type, settings: Settings) -> Any:
    photo = picture.photo
    if issubclass(kind, bytes | bytearray):
        return picture_bytes(picture, settings.output)
    if issubclass(kind, np.ndarray):
        return files.photo_to_array(photo)
    if issubclass(kind, str | PathLike | Photo):
        return photo
    return files.photo_to_pil(photo)
