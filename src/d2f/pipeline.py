"""The way of a photo, readable top to bottom; the only place where the rooms meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any

import numpy as np

from . import files, fusion, light, optics, renderer, scene
from .arrays import FloatImage
from .blurred_gain_map import blurred_gain_map
from .display import srgb_copy
from .errors import PhotoError
from .files import FoundDepth, Photo, Shot
from .models.compact import SMALLEST_PHOTO_PX, CompactModel
from .models.depth_providers import depth_provider
from .models.faces import DetectedFace, FaceDetector
from .pictures import Rendered
from .published import PublishedSession, check_method
from .scene import Focus, Subject, View
from .settings import DepthSettings, LensSettings, LightSettings, MethodSettings, Settings

__all__ = ["Session", "load_network", "open_session"]

NEAREST_FOCUS_M = 0.02  # a nearer SubjectDistance is a slip of a writer: lenses end there


def _ignore(_stage: str) -> None:
    """Nobody wants to know how far the work is."""


def open_session(
    photo: Photo, settings: Settings, *, on_stage: Callable[[str], None] = _ignore
) -> Session | PublishedSession:
    """Look at a photo by the method and the depth of the settings; the others may change later.

    Raises
    ------
    D2FError
        As `Session` and `PublishedSession` do.
    """
    if settings.method.model == "d2f2023":
        return PublishedSession(photo, settings, on_stage=on_stage)
    return Session(photo, settings.depth, on_stage=on_stage)


class Session:
    """One analysed photo, many renders.

    Parameters
    ----------
    photo : Photo
        One that d2f has blurred is rendered from its own original where its file holds it.
    depth : DepthSettings, optional
        Where the depth comes from; by default the model's.
    on_stage : callable, optional
        Called with a word at the start of each stage.

    Raises
    ------
    PhotoError
        If the depth file cannot be used with this photo.
    MissingPartError
        If the model's weights are missing.
    """

    def __init__(
        self,
        photo: Photo,
        depth: DepthSettings | None = None,
        *,
        on_stage: Callable[[str], None] = _ignore,
    ) -> None:
        self.photo = photo = files.untouched(photo)
        self._on_stage = on_stage
        on_stage("analysing")
        wish = depth or DepthSettings()
        found = _depth_of(photo, wish)
        self.view = _analyse(photo, found, wish)
        self._trouble = () if found.trouble is None else (found.trouble,)
        self._shot = _shot_of(photo, found)
        self._matte = found.matte if wish.matte is None else _matte_of(photo, wish)
        self._grain = light.grain_of(photo.pixels)
        self._radiance: tuple[LightSettings, FloatImage] | None = None

    def render_with_maps(self, settings: Settings) -> Rendered:
        """Give the photo the depth of field of a fast lens.

        Raises
        ------
        UsageError
            If the settings cannot be had with this photo.
        """
        check_method(settings.method, MethodSettings())
        photo, view = self.photo, self.view
        focus = self.focus_for(settings)
        defocus_px, f_number = self._defocus_for(settings.lens, focus)
        defocus_px, matte = self._outlined(defocus_px)
        aperture = _aperture_of(settings.lens)
        self._on_stage("blurring")
        radiance = self.radiance_with(settings.light)
        blurred = renderer.blur(radiance, defocus_px, aperture=aperture, matte=matte)
        self._on_stage("fusing")
        in_focus = fusion.in_focus_mask(defocus_px)
        if matte is not None:  # what shows through hair may be blurred
            in_focus[renderer.soft_pixels(matte)] = 0
        codes = light.codes_with_grain(
            blurred,
            defocus_px,
            photo.tone_curve,
            photo.pixels.dtype,
            grain=self._grain,
            amount=settings.light.grain,
        )
        fused = fusion.keep_in_focus(photo.pixels, codes, in_focus)
        finished = replace(
            photo.with_pixels(fused),
            gain_map=blurred_gain_map(photo, fused, defocus_px, in_focus, aperture=aperture),
            edit=_edit_of(settings, focus, f_number, view.source),
        )
        return Rendered(
            photo=finished,
            disparity=view.disparity,
            defocus_px=defocus_px,
            in_focus=in_focus,
            focus=focus,
            f_number=f_number,
            depth_source=view.source,
            metric=view.metric,
            focal_length_sides=self._shot.focal_length_sides,
            warnings=self.warnings_for(settings, focus),
        )

    def focus_for(self, settings: Settings) -> Focus:
        """Where these settings put the plane of focus, and why.

        Raises
        ------
        UsageError
            If the photo has no face where one is wanted, or nothing so near.
        MissingPartError
            If the weights of the face detector are missing.
        """
        view, wish = self.view, settings.focus
        return scene.choose_focus(
            view.disparity,
            view.focus_map,
            wish=wish,
            metric=view.metric,
            sharpness=view.sharpness,
            faces=self.faces if wish.mode == "face" else (),
        )

    def summary(self, settings: Settings) -> dict[str, Any]:
        """What the photo shows, where these settings focus and why, ready for JSON."""
        focus = self.focus_for(settings)
        return {
            "focus": focus.summary(),
            "subjects": [subject.summary() for subject in self.subjects],
            "warnings": list(self.warnings_for(settings, focus)),
        }

    def warnings_for(self, settings: Settings, focus: Focus) -> tuple[str, ...]:
        """What may be wrong with the picture that these settings give, in words."""
        seen = scene.warnings_of(self.view, focus, automatic=settings.focus.mode == "auto")
        return (*self._trouble, *self.photo.notes, *seen)

    def _defocus_for(self, wish: LensSettings, focus: Focus) -> tuple[FloatImage, float]:
        """Signed radius (H, W) in pixels that the lens adds at this focus, and its f-number."""
        photo, view = self.photo, self.view
        disparity = scene.held_disparity(
            view.disparity,
            view.subject if focus.on_subject else None,
            at=focus.disparity,
            subject_range=focus.subject_range,
            contact=None if view.metric else focus.contact,  # metric depth has no need of mending
        )
        disparity = optics.untilted_disparity(disparity, tilt=wish.tilt, point=focus.point)
        sides = self._shot.focal_length_sides if view.metric else None
        lens = _lens_for(wish, disparity, focus, photo.long_side_px, sides)
        defocus_px = optics.defocus_from_disparity(
            disparity, focus.disparity, lens, long_side_px=photo.long_side_px
        )
        own_px = self._own_defocus(focus)
        if own_px is not None:
            defocus_px = optics.missing_defocus(defocus_px, own_px)
        return defocus_px, lens.f_number

    def _outlined(self, defocus_px: FloatImage) -> tuple[FloatImage, FloatImage | None]:
        """Defocus with outlines where they are, and the matte of hair: the user's, or by colour."""
        if self._matte is not None:
            return renderer.near_defocus(defocus_px, self._matte), self._matte
        photo = self.photo
        seen = photo.pixels if photo.pixels.dtype == np.uint8 else srgb_copy(photo)
        soft = fusion.soft_outline(seen, defocus_px, sample_px=self.view.sample_px)
        return (defocus_px, None) if soft is None else (soft.defocus_px, soft.matte)

    def _own_defocus(self, focus: Focus) -> FloatImage | None:
        """Blur that the camera's own lens has made; None where that cannot be told.

        Where the file does not say how far the camera focused, it focused on what is in focus now.
        """
        shot = self._shot
        if not (self.view.metric and shot.focal_length_sides):
            return None
        if shot.f_number is None or shot.focal_length_mm is None:
            return None
        lens = optics.ThinLens(
            f_number=shot.f_number,
            focal_length_mm=shot.focal_length_mm,
            sensor_width_mm=shot.focal_length_mm / shot.focal_length_sides,
        )
        plane = focus.disparity
        if shot.focus_distance_m is not None and shot.focus_distance_m > NEAREST_FOCUS_M:
            plane = 1 / shot.focus_distance_m
        return optics.defocus_from_disparity(
            self.view.disparity, plane, lens, long_side_px=self.photo.long_side_px
        )

    @cached_property
    def faces(self) -> tuple[DetectedFace, ...]:
        """The photo's faces, best first; looked for when first asked."""
        return tuple(_face_detector().detect(srgb_copy(self.photo)))

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What a photographer might focus on, best first."""
        return scene.subjects_of(self.view.disparity, self.view.focus_map, self.faces)

    def radiance_with(self, wish: LightSettings) -> FloatImage:
        """Radiance (H, W, 3) of the photo; kept, since focus and aperture do not change it."""
        wish = wish.model_copy(update={"grain": 0.0})  # which has no part in it
        if self._radiance is None or self._radiance[0] != wish:
            self._radiance = (wish, self._recovered(wish))
        return self._radiance[1]

    def _recovered(self, wish: LightSettings) -> FloatImage:
        return light.radiance_from_codes(
            self.photo.pixels,
            self.photo.tone_curve,
            highlights=wish.highlights,
            model=wish.model,
        )

    def with_brush(self, strokes: Sequence[scene.Stroke]) -> Session:
        """The same photo with its disparity brushed nearer or farther: see `scene.brushed`."""
        brushed = copy(self)
        brushed.view = scene.brushed(self.view, srgb_copy(self.photo), strokes)
        return brushed


def load_network(settings: Settings) -> None:
    """Load the network that `open_session` will ask, where it is not the published one.

    Raises
    ------
    MissingPartError
        If its weights are missing.
    """
    if settings.method.model != "d2f2023":
        _model()


@cache
def _model() -> CompactModel:
    return CompactModel.load()


@cache
def _face_detector() -> FaceDetector:
    return FaceDetector.load()


def _depth_of(photo: Photo, settings: DepthSettings) -> FoundDepth:
    source = settings.source if settings.model is None else "model"
    return files.depth_for(photo, source, unit=settings.unit)


def _shot_of(photo: Photo, found: FoundDepth) -> Shot:
    """How the photo was taken; what came with the depth knows the angle of view best."""
    shot = files.shot_of(photo.metadata.exif, photo.size)
    if found.focal_length_sides is None:
        return shot
    return replace(shot, focal_length_sides=found.focal_length_sides)


def _analyse(photo: Photo, found: FoundDepth, settings: DepthSettings) -> View:
    if min(photo.size) < SMALLEST_PHOTO_PX:
        rows, cols = photo.size
        raise PhotoError(
            f"{photo.name} has {cols} x {rows} pixels: give a photo of at least "
            f"{SMALLEST_PHOTO_PX} x {SMALLEST_PHOTO_PX}."
        )
    seen = srgb_copy(photo)
    if settings.model is None:
        view = scene.analyse(seen, _model(), depth=found.depth)
    else:
        provider = depth_provider(settings.model, unit=settings.unit)
        view = scene.analyse(seen, _model(), depth=provider.depth_of(seen))
    return replace(view, source=found.source)


def _matte_of(photo: Photo, settings: DepthSettings) -> FloatImage | None:
    if settings.matte is None:
        return None
    return files.read_matte(settings.matte, size=photo.size)


def _aperture_of(settings: LensSettings) -> optics.Aperture:
    if settings.aperture_picture is None:
        return settings.aperture
    picture = files.read_aperture_picture(settings.aperture_picture)
    return replace(settings.aperture, picture=picture)


def _edit_of(settings: Settings, focus: Focus, f_number: float, source: str) -> dict[str, str]:
    """What was done, in words for the photo's XMP."""
    x, y = focus.point
    return {
        "Version": version("d2f"),
        "Model": settings.method.model,
        "DepthSource": source,
        "FNumber": f"{f_number:.4g}",
        "FocusX": f"{x:.4f}",
        "FocusY": f"{y:.4f}",
        "FocusDisparity": f"{focus.disparity:.5g}",
    }


def _lens_for(
    settings: LensSettings,
    disparity: FloatImage,
    focus: Focus,
    long_side_px: int,
    focal_length_sides: float | None,
) -> optics.ThinLens:
    """The lens of the settings, its f-number found where the strength is given as a radius."""
    lens = settings.thin_lens(focal_length_sides=focal_length_sides)
    if settings.blur_percent is None:
        return lens
    span = float(np.abs(disparity - np.float32(focus.disparity)).max())
    f_number = optics.f_number_from_blur(
        settings.blur_percent / 100 * long_side_px,
        span,
        focus.disparity,
        lens,
        long_side_px=long_side_px,
    )
    return replace(lens, f_number=f_number)
