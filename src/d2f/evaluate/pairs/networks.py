"""Our networks, judged on pairs: each a photo's defocus, drawn with a choice of focus and f-number.

In: a pair and its all-in-focus photo. Out: codes as fractions of white, H x W x 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from d2f import fusion, light, optics, renderer
from d2f.arrays import ByteImage, FloatImage
from d2f.errors import MissingPartError
from d2f.evaluate.pairs.methods import F_NUMBER, Fixed, Method, Opened, byte_codes, codes_of
from d2f.files import Photo
from d2f.measures.pairs import Pair
from d2f.pipeline import Session
from d2f.settings.choices import settings_from_choices

if TYPE_CHECKING:
    from d2f.models.d2f2023 import D2F2023

__all__ = ["Compact", "published_from", "variant_from"]

FOCUS_QUANTILES = (0.02, 0.15, 0.35, 0.6, 0.8, 0.92, 0.99)  # of disparity or defocus: tried planes


@dataclass(frozen=True, slots=True)
class Compact:
    """The pipeline of `d2f render` at the pair's f-number, else with its own settings.

    Grain is put back as the pipeline does, though no target has the same grain: `grain` 0 tells
    what that costs.
    """

    name: str = "compact"
    grain: float = 1.0

    def open(self, pair: Pair, photo: Photo) -> Opened:
        """The analysed photo."""
        return OpenSession(Session(photo), pair.f_number or F_NUMBER, self.grain)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """An analysed photo whose focus and f-number can be chosen."""

    session: Session
    f_number: float
    grain: float
    focus_count: int = len(FOCUS_QUANTILES)

    def draw(self, *, focus: int | None = None, f_number: float | None = None) -> FloatImage:
        """Focus by itself, or on the pixel of a quantile of disparity."""
        settings = settings_from_choices(
            f_number=f_number or self.f_number,
            grain=self.grain,
            focus="auto" if focus is None else self._point(FOCUS_QUANTILES[focus]),
        )
        return codes_of(self.session.render_with_maps(settings).photo.pixels)

    def _point(self, quantile: float) -> tuple[float, float]:
        disparity = self.session.view.disparity
        value = np.quantile(disparity, quantile)
        row, column = np.unravel_index(int(np.abs(disparity - value).argmin()), disparity.shape)
        rows, columns = disparity.shape
        return (float(column) + 0.5) / columns, (float(row) + 0.5) / rows


class Defocus(Protocol):
    """A trained network that sees signed defocus; see `models.d2f2023.signed`."""

    def defocus_px(self, photo: ByteImage, *, f_number: float = 1.8) -> FloatImage:
        """Signed radius (H, W) in pixels, + nearer than the plane of focus."""


@dataclass(frozen=True)
class Variant:
    """Defocus of a network trained on pairs, drawn by our renderer."""

    network: Defocus
    name: str

    def open(self, pair: Pair, photo: Photo) -> Opened:
        """The photo with its defocus at f/1.8."""
        defocus_px = self.network.defocus_px(byte_codes(photo.pixels), f_number=F_NUMBER)
        return DefocusedPhoto(photo, defocus_px, pair.f_number or F_NUMBER)


@dataclass(frozen=True, slots=True)
class DefocusedPhoto:
    """A photo whose defocus map (at f/1.8) can be shifted and scaled."""

    photo: Photo
    defocus_px: FloatImage
    f_number: float
    focus_count: int = len(FOCUS_QUANTILES)

    def draw(self, *, focus: int | None = None, f_number: float | None = None) -> FloatImage:
        """The plane of focus as learnt, or at a quantile of the map."""
        shift = 0.0 if focus is None else np.quantile(self.defocus_px, FOCUS_QUANTILES[focus])
        scale = np.float32(F_NUMBER / (f_number or self.f_number))
        defocus_px: FloatImage = (self.defocus_px - np.float32(shift)) * scale
        photo = self.photo
        radiance = light.radiance_from_codes(photo.pixels, photo.tone_curve, highlights=1.0)
        blurred = renderer.blur(radiance, defocus_px, aperture=optics.Aperture())
        codes = light.codes_from_radiance(blurred, photo.tone_curve, photo.pixels.dtype)
        in_focus = fusion.in_focus_mask(defocus_px)
        return codes_of(fusion.keep_in_focus(photo.pixels, codes, in_focus))


@dataclass(frozen=True, slots=True)
class Published:
    """The published model, which has no aperture and no choice of focus."""

    model: D2F2023
    name: str = "d2f2023"

    def open(self, pair: Pair, photo: Photo) -> Opened:
        """What the model makes of the photo."""
        import torch

        from d2f.published.stages import published_stages

        codes = codes_of(photo.pixels).transpose(2, 0, 1)[None]
        output = published_stages(self.model, torch.from_numpy(np.ascontiguousarray(codes))).output
        return Fixed(output[0].permute(1, 2, 0).numpy())


def variant_from(folder: Path) -> Method:
    """The network of a finished `d2f train hallucination --renderer d2f`.

    Raises
    ------
    UsageError, PhotoError
        If the folder holds none, or a damaged one.
    MissingPartError
        If torch is missing.
    """
    with torch_installed():
        from d2f.models.d2f2023.signed import load_hallucination
    return Variant(load_hallucination(folder), f"variant {folder.resolve().name}")


def published_from(weights: Path) -> Method:
    """The published model with weights from `d2f weights convert`, or from `d2f train fusion`.

    Raises
    ------
    PhotoError
        If the file holds no weights of the model.
    MissingPartError
        If torch is missing.
    """
    with torch_installed():
        from d2f.models.d2f2023.checkpoint import load_d2f2023
    return Published(load_d2f2023(weights))


@contextmanager
def torch_installed() -> Iterator[None]:
    """Turn a missing torch into the line that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingPartError(f'{error.name} is missing: pip install "d2f[torch]".') from error
