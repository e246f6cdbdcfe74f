"""A photo at screen size that keeps the analysis of the full one: what a slider moves."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import optics
from .arrays import FloatImage
from .files import Photo
from .pipeline import Session
from .scene import Focus
from .settings import LightSettings, Settings

__all__ = ["PreviewSession"]


class PreviewSession(Session):
    """The same photo, smaller; focus, light and depth are those of the full photo.

    Blur radii follow the size, so a preview looks like the full render made smaller. Focus is found
    in the full photo, and light is recovered there: a lamp of one pixel stays as bright.

    Parameters
    ----------
    whole : Session
        Not changed, but for the light that it keeps.
    long_side_px : int
        Of the preview; a photo that is smaller keeps its size.
    """

    def __init__(self, whole: Session, long_side_px: int) -> None:
        self.__dict__.update(copy.copy(whole).__dict__)
        self._whole = whole
        rows, cols = whole.photo.size
        scale = min(long_side_px / max(rows, cols), 1.0)
        self._size = max(round(rows * scale), 1), max(round(cols * scale), 1)
        view = whole.view
        self.view = replace(
            view,
            disparity=optics.disparity_at_centres(view.disparity, self._size),
            subject=None if view.subject is None else _reduced(view.subject, self._size),
            sample_px=view.sample_px * scale,
        )
        self.photo = _small_photo(whole.photo, self._size)
        if self._matte is not None:
            self._matte = _reduced(self._matte, self._size)
        self._grain = self._grain.made_smaller(1 / scale)  # measured there it would hold texture
        self._radiance = None

    def focus_for(self, settings: Settings) -> Focus:
        """That of the full photo."""
        return self._whole.focus_for(settings)

    def warnings_for(self, settings: Settings, focus: Focus) -> tuple[str, ...]:
        """None: they are told once, of the full photo."""
        return ()

    def _recovered(self, wish: LightSettings) -> FloatImage:
        return _reduced(self._whole.radiance_with(wish), self._size)


def _small_photo(photo: Photo, size: tuple[int, int]) -> Photo:
    """The photo for a screen: smaller, without what only its file needs."""
    return replace(
        photo,
        pixels=_reduced(photo.pixels, size),
        alpha=None,
        device=None,
        gain_map=None,
        content=None,
        notes=(),
    )


def _reduced(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Area means, of the picture's own type."""
    if picture.shape[:2] == size:
        return np.ascontiguousarray(picture)
    from PIL import Image

    if picture.dtype == np.uint8 and picture.ndim == 3:
        whole = Image.fromarray(np.ascontiguousarray(picture))
        return np.asarray(whole.resize(size[::-1], Image.Resampling.BOX)).copy()
    planes = picture[..., None] if picture.ndim == 2 else picture
    few = np.empty((*size, planes.shape[2]), np.float32)
    for channel in range(planes.shape[2]):
        plane = Image.fromarray(np.ascontiguousarray(planes[..., channel], np.float32))
        few[..., channel] = np.asarray(plane.resize(size[::-1], Image.Resampling.BOX))
    few = np.rint(few) if picture.dtype.kind == "u" else few
    means: NDArray[Any] = few.astype(picture.dtype)
    return means[..., 0] if picture.ndim == 2 else means
