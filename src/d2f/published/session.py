"""A photo through the published D2F model: codes in, codes out, and what the model cannot be asked.

The model works on display codes 0..1 and knows no tone curve, lens or depth. A photo's own codes
are what it gets, 8 or 16 bits of them; linear light is given sRGB codes first and is clipped at
white, since the method knows nothing above.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .. import light, optics
from ..arrays import CodeImage, FloatImage
from ..blurred_gain_map import blurred_gain_map
from ..errors import MissingPartError, PhotoError, UsageError
from ..files import Photo, untouched
from ..settings import MethodSettings, Settings
from ..settings.choices import CHOICES

if TYPE_CHECKING:
    from ..models.d2f2023 import D2F2023

__all__ = ["PublishedPicture", "PublishedSession", "check_method", "refuse_idle"]

EXTRA = ("torch", "safetensors")  # what d2f[torch] installs
LARGEST_PX = 30_000_000  # 190 bytes a pixel at the peak: 6 GB
LARGEST_CODE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
IDLE_GROUPS = ("focus", "lens", "light", "depth")  # whose settings the published model lacks
IDLE_CHOICES = ("embed_depth", "embed_original")  # it knows no depth that could be embedded
NO_WEIGHTS = (
    "the weights of d2f2023 are not packaged: give --weights FILE (weights=FILE, D2F_WEIGHTS); "
    "`d2f weights list` says where to get them."
)
NO_MAPS = "d2f2023 finds no disparity, focus or subjects: open the photo with model compact."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedPicture:
    """What the published model made of a photo.

    Attributes
    ----------
    photo : Photo
        In the source's format, bit depth and tone curve, with its metadata.
    defocus : float32 (H, W)
        D: the paper's unsigned defocus, about 0 sharp to 1 most blurred; not pixels.
    in_focus : float32 (H, W), 0..1
        m: by how much each pixel stays as it was.
    """

    photo: Photo
    defocus: FloatImage
    in_focus: FloatImage

    @property
    def maps(self) -> dict[str, FloatImage]:
        """The maps by the names of the options that save them."""
        return {"defocus": self.defocus, "mask": self.in_focus}

    def told(self) -> str:
        """What a person is told about the picture."""
        low, high = float(self.defocus.min()), float(self.defocus.max())
        return f"d2f2023  defocus {low:.2f} to {high:.2f}"

    def summary(self) -> dict[str, Any]:
        """The figures worth telling, ready for JSON."""
        return {
            "model": "d2f2023",
            "least_defocus": round(float(self.defocus.min()), 4),
            "largest_defocus": round(float(self.defocus.max()), 4),
            "in_focus_share": round(float(self.in_focus.mean()), 4),
            "warnings": list(self.photo.notes),
        }


class PublishedSession:
    """One photo for the published model, which makes one picture of it.

    Parameters
    ----------
    photo : Photo
    settings : Settings
        The method with its weights; the model follows no other choice.
    on_stage : callable
        Called with a word at the start of each stage.

    Raises
    ------
    UsageError
        If a setting is chosen that the model does not have.
    MissingPartError
        If torch or the weights are missing.
    PhotoError
        If the photo is too small or too large, or the weights are damaged.
    """

    def __init__(
        self, photo: Photo, settings: Settings, *, on_stage: Callable[[str], None]
    ) -> None:
        refuse_idle(settings)
        self.photo = untouched(photo)
        self._method = settings.method
        self._on_stage = on_stage
        on_stage("loading weights")
        self._model = _model(settings.method.weights)
        _check_size(photo)

    def render_with_maps(self, settings: Settings) -> PublishedPicture:
        """The picture; refused (UsageError) for settings that the model would not heed."""
        check_method(settings.method, self._method)
        refuse_idle(settings)
        return self._picture

    @property
    def view(self) -> NoReturn:
        """What the published model does not have: asking is refused (UsageError)."""
        raise UsageError(
            "d2f2023 finds no disparity, focus or subjects: open with model='compact'."
        )

    @property
    def subjects(self) -> NoReturn:
        """Refused like `view`."""
        raise UsageError(NO_MAPS)

    @cached_property
    def _picture(self) -> PublishedPicture:
        import torch

        from .stages import published_stages

        photo = self.photo
        self._on_stage("blurring")
        codes = torch.from_numpy(_display_codes(photo)).permute(2, 0, 1)[None]
        stages = published_stages(self._model, codes)
        if not torch.isfinite(stages.output).all():
            raise PhotoError(
                f"the light and depth of this photo overflow in the weights: train anew, or give "
                f"others than {self._method.weights}."
            )
        self._on_stage("fusing")
        finished = _codes_like(photo, stages.output[0].permute(1, 2, 0).numpy())
        defocus, in_focus = stages.defocus_up[0, 0].numpy(), stages.mask[0, 0].numpy()
        scale = photo.size[1] / stages.x.shape[3]  # from the network's pixels to the photo's
        gain_map = blurred_gain_map(
            photo, finished, _behind_focus(defocus, scale), in_focus, aperture=optics.Aperture()
        )
        return PublishedPicture(
            photo=replace(
                photo.with_pixels(finished),
                gain_map=gain_map,
                edit={"Version": version("d2f"), "Model": "d2f2023"},
            ),
            defocus=defocus,
            in_focus=in_focus,
        )


def _behind_focus(defocus: FloatImage, scale: float) -> FloatImage:
    """The paper's unsigned D as radii in px of the photo; nothing of it may hide what is sharp."""
    from ..renderer.paper import RADII

    steps = np.linspace(0, 1, len(RADII))
    return (-scale * np.interp(defocus, steps, RADII)).astype(np.float32)


def check_method(wanted: MethodSettings, opened: MethodSettings) -> None:
    """Refuse (UsageError) another method than the one that a photo was opened for."""
    if wanted.model != opened.model or (
        opened.model == "d2f2023" and wanted.weights != opened.weights
    ):
        raise UsageError(
            f"model is settled as {opened.model!r} when a photo is opened: give model and weights "
            "to d2f.open."
        )


def refuse_idle(settings: Settings, chosen: Collection[str] = ()) -> None:
    """Refuse what a user chose and the method in use would not heed.

    Parameters
    ----------
    settings : Settings
    chosen : names of `CHOICES`
        What was chosen by a word of its own, even if it is what holds anyway.

    Raises
    ------
    UsageError
        Names the first such choice and the way out.
    """
    if settings.method.model == "compact":
        if "weights" in chosen:
            raise UsageError("--weights (weights) belongs to --model d2f2023: give that, too.")
        return
    plain = Settings()
    for name, choice in CHOICES.items():
        if choice.group not in IDLE_GROUPS and name not in IDLE_CHOICES:
            continue
        group, unset = getattr(settings, choice.group), getattr(plain, choice.group)
        value, default = (
            (group, unset)
            if choice.field is None
            else (getattr(group, choice.field), getattr(unset, choice.field))
        )
        if name in chosen or value != default:
            raise UsageError(
                f"{choice.flag} ({name}) is no part of the published model d2f2023, which knows "
                "no depth and finds its own focus and blur: leave it out, or use --model compact."
            )


def _check_size(photo: Photo) -> None:
    from .stages import network_size

    rows, cols = photo.size
    network_size(rows, cols)
    if rows * cols > LARGEST_PX:
        raise PhotoError(
            f"{photo.name} has {cols} x {rows} pixels: d2f2023 takes up to "
            f"{LARGEST_PX // 1_000_000} megapixels; make it smaller, or use --model compact."
        )


def _model(weights: Path | None) -> D2F2023:
    if weights is None:
        raise MissingPartError(NO_WEIGHTS)
    try:
        status = weights.stat()
    except OSError as error:
        raise PhotoError(f"{weights} cannot be read: {error.strerror or error}.") from None
    try:
        return _loaded(weights, status.st_mtime_ns, status.st_size)
    except ModuleNotFoundError as error:
        if error.name not in EXTRA:
            raise
        raise MissingPartError(
            f'--model d2f2023 needs {error.name}: pip install "d2f[torch]"'
        ) from None


@lru_cache(maxsize=1)
def _loaded(weights: Path, _changed_ns: int, _size: int) -> D2F2023:
    """The model of a file as it is now; kept, since a batch has many photos."""
    from ..models.d2f2023.checkpoint import load_d2f2023

    return load_d2f2023(weights)


def _display_codes(photo: Photo) -> FloatImage:
    """Codes 0..1 as a screen gets them, (H, W, 3)."""
    pixels = photo.pixels
    if pixels.dtype != np.float32:
        return pixels.astype(np.float32) / np.float32(LARGEST_CODE[pixels.dtype])
    if photo.tone_curve is optics.LINEAR:
        radiance = light.radiance_from_codes(pixels, optics.LINEAR, highlights=0)
        pixels = light.codes_from_radiance(radiance, optics.SRGB, np.float32)
    return np.clip(pixels, 0, 1).astype(np.float32)


def _codes_like(photo: Photo, display: FloatImage) -> CodeImage:
    """Display codes 0..1 as codes of the photo's own kind; ties are rounded to even."""
    dtype = photo.pixels.dtype
    if dtype != np.float32:
        codes: CodeImage = np.rint(display * np.float32(LARGEST_CODE[dtype])).astype(dtype)
        return codes
    if photo.tone_curve is optics.LINEAR:
        return light.radiance_from_codes(np.ascontiguousarray(display), optics.SRGB, highlights=0)
    return np.ascontiguousarray(display)
