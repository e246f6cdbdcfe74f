"""What a worker does with photos: analyse once, keep warm, answer with pictures and maps."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .. import files
from ..arrays import ByteImage, FloatImage
from ..display import srgb_copy
from ..errors import D2FError, MissingPartError
from ..files import Limits, Photo
from ..outputs import check_picture_name, picture_bytes
from ..pictures import Rendered
from ..pipeline import Session
from ..preview import PreviewSession
from ..settings import DepthSettings, Settings
from ..sidecar import sidecar_bytes, sidecar_for
from .jobs import Answer, Job, StoredPhoto
from .options import ServeOptions

__all__ = ["Desk", "status_of"]

JPEG_QUALITY = 85
PNG_LEVEL = 1  # previews are looked at once
LARGE_PX = 2560  # long side of the largest preview
OVERLAY_SHARE = 0.65  # of the colour that is laid over the photo
NEARER_RGB, FARTHER_RGB, MASK_RGB = (230, 30, 30), (40, 90, 235), (40, 200, 90)
MAP_TYPES = {"png": "image/png", "tiff": "image/tiff", "npy": "application/octet-stream"}
PICTURE_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "JXL": "image/jxl",
    "JP2": "image/jp2",
    "HEIC": "image/heic",
}


def status_of(error: D2FError, job: Job) -> int:
    """The status that tells best why a photo is refused."""
    words = str(error)
    if isinstance(error, MissingPartError) or "is no photo that d2f reads" in words:
        return 415
    return 413 if "more than the limit" in words or "more memory" in words else 422


class Desk:
    """The photos that one worker has analysed, the least recently used forgotten first.

    Parameters
    ----------
    options : ServeOptions
        Its `session_bytes` bound what is kept; the photo in work is kept in any case.
    on_stage : callable
        Called between the stages of a job; may raise to give it up.
    """

    def __init__(self, options: ServeOptions, *, on_stage: Callable[[str], None]) -> None:
        self._options = options
        self._on_stage = on_stage
        self._warm: OrderedDict[tuple[Any, ...], tuple[Session, dict[int, PreviewSession]]]
        self._warm = OrderedDict()
        self._kinds: dict[str, Callable[[Job], Answer]] = {
            "state": self._state,
            "original": self._original,
            "preview": self._preview,
            "map": self._map,
            "render": self._render,
            "once": self._once,
            "sidecar": self._sidecar,
            "forget": self._forget,
        }

    def answer(self, job: Job) -> Answer:
        """Do a job.

        Raises
        ------
        D2FError
            If the photo or the settings cannot be used.
        """
        return self._kinds[job.kind](job)

    def forget(self) -> None:
        """Drop every photo."""
        self._warm.clear()

    # Photos

    def _sessions(self, job: Job) -> tuple[Session, dict[int, PreviewSession]]:
        photo, depth = job.photo, _depth_of(job.photo, job.settings)
        key = (photo.id, depth, photo.strokes)
        if key not in self._warm:
            session = self._unbrushed(photo, depth).with_brush(photo.strokes)
            self._warm[key] = (session, {})
            self._make_room(key)
        self._warm.move_to_end(key)
        return self._warm[key]

    def _unbrushed(self, photo: StoredPhoto, depth: DepthSettings) -> Session:
        """The analysed photo before any stroke, warm itself: an undo goes back to it."""
        key = (photo.id, depth, ())
        if key not in self._warm:
            self._warm[key] = (self._opened(photo, depth), {})
        self._warm.move_to_end(key)
        return self._warm[key][0]

    def _opened(self, photo: StoredPhoto, depth: DepthSettings) -> Session:
        limits = Limits(pixels=self._options.pixels, raised_by="--max-pixels of the server")
        content = photo.file.read_bytes()
        read = files.photo_from_bytes(content, name=photo.name, limits=limits)
        session = Session(read, depth, on_stage=self._on_stage)
        _ = session.faces  # once, from the full photo
        return session

    def _make_room(self, key: tuple[Any, ...]) -> None:
        for other in [other for other in self._warm if other[0] == key[0] and other != key]:
            if other[2]:  # of one photo only the last strokes count
                del self._warm[other]
        while len(self._warm) > 1 and self._bytes() > self._options.session_bytes:
            self._warm.popitem(last=False)

    def _bytes(self) -> int:
        """What the photos take: of a pixel 3 codes, 12 bytes of light, two maps of 4 bytes."""
        held = (session.photo for session, _ in self._warm.values())
        return sum(photo.pixels.nbytes + 20 * photo.size[0] * photo.size[1] for photo in held)

    def _small(self, job: Job) -> PreviewSession:
        session, previews = self._sessions(job)
        size = min(max(job.options["size"], 64), LARGE_PX)
        if size not in previews:
            if len(previews) > 1:  # the size of the hand and that of rest
                previews.clear()
            previews[size] = PreviewSession(session, size)
        return previews[size]

    def _forget(self, job: Job) -> Answer:
        for key in [key for key in self._warm if key[0] == job.photo.id]:
            del self._warm[key]
        return Answer()

    # Answers

    def _state(self, job: Job) -> Answer:
        session, _ = self._sessions(job)
        photo, small = session.photo, self._small(job)
        settings = Settings.model_validate({"depth": {"source": job.photo.depth_source}})
        shot = files.shot_of(photo.metadata.exif, photo.size)
        sensor = None
        if shot.focal_length_mm and shot.focal_length_sides:
            sensor = round(shot.focal_length_mm / shot.focal_length_sides, 2)
        (rows, cols), (height, width) = photo.size, small.photo.size
        seen = session.summary(settings)
        return Answer(
            facts={
                "id": job.photo.id,
                "name": job.photo.name,
                "format": photo.format.lower(),
                "width": cols,
                "height": rows,
                "bit_depth": photo.stored_depth,
                **seen,
                "shot": {
                    "f_number": shot.f_number,
                    "focal_length_mm": shot.focal_length_mm,
                    "sensor_width_mm": sensor,
                },
                "depth": {
                    "source": session.view.source,
                    "metric": session.view.metric,
                    "edits": len(job.photo.strokes),
                },
                "preview": {"width": width, "height": height},
                "settings": settings.model_dump(mode="json"),
            }
        )

    def _original(self, job: Job) -> Answer:
        return _picture(self._small(job).photo, job)

    def _preview(self, job: Job) -> Answer:
        rendered = self._small(job).render_with_maps(job.settings)
        return _picture(rendered.photo, job, facts=_facts_of(rendered))

    def _map(self, job: Job) -> Answer:
        name, view, kind = (job.options[key] for key in ("map", "view", "format"))
        if view == "overlay":
            small = self._small(job)
            if name == "disparity":
                shown = _grey(small.view.disparity)
            else:
                rendered = small.render_with_maps(job.settings)
                shown = _overlay(srgb_copy(small.photo), rendered, name)
            return Answer(content=_encoded(shown, "png", None), media_type="image/png")
        session, _ = self._sessions(job)
        if name == "disparity":
            values = session.view.disparity
        else:
            values = session.render_with_maps(job.settings).maps[name]
        stem = Path(job.photo.name).stem
        target = _target(job)
        suffix = {"png": ".png", "tiff": ".tif", "npy": ".npy"}[kind]
        written = target.with_name(target.name + suffix)
        write = {
            "disparity": files.write_disparity_map,
            "defocus": files.write_defocus_map,
            "mask": files.write_mask,
        }[name]
        write(values, written, overwrite=True)
        written.replace(target)
        return Answer(media_type=MAP_TYPES[kind], filename=f"{stem}.{name}{suffix}")

    def _render(self, job: Job) -> Answer:
        session, _ = self._sessions(job)
        return self._written(session, job)

    def _once(self, job: Job) -> Answer:
        depth = _depth_of(job.photo, job.settings)
        return self._written(self._opened(job.photo, depth), job)

    def _written(self, session: Session, job: Job) -> Answer:
        name = _output_name(session.photo, job)
        check_picture_name(name, job.settings.output)
        files.check_output(session.photo, name)
        rendered = session.render_with_maps(job.settings)
        self._on_stage("writing")
        kind = files.format_of(name)
        content = picture_bytes(rendered, job.settings.output, file_format=kind)
        _target(job).write_bytes(content)
        media_type = PICTURE_TYPES.get(kind, "application/octet-stream")
        return Answer(media_type=media_type, filename=name.name, facts=_facts_of(rendered))

    def _sidecar(self, job: Job) -> Answer:
        session, _ = self._sessions(job)
        name = _output_name(session.photo, job)
        rendered = session.render_with_maps(job.settings)
        output = job.photo.file.with_name(name.name)
        settings = job.settings.model_copy(update={"depth": _depth_of(job.photo, job.settings)})
        content = sidecar_bytes(rendered, settings, output=output)
        return Answer(content=content, filename=sidecar_for(name).name)


def _depth_of(photo: StoredPhoto, settings: Settings) -> DepthSettings:
    """Where the depth comes from: `auto` is what was chosen with the upload, or its map."""
    wish = settings.depth
    if wish.source != "auto":
        return wish
    if photo.depth_source != "auto":
        return DepthSettings.model_validate({"source": photo.depth_source})
    if photo.depth is None:
        return wish
    return DepthSettings.model_validate({"source": photo.depth, "unit": photo.depth_unit})


def _target(job: Job) -> Path:
    assert job.output is not None
    return job.output


def _output_name(photo: Photo, job: Job) -> Path:
    """What the picture is called: NAME.bokeh with the ending of its format."""
    wanted = job.options.get("format") or job.settings.output.format
    named = Path(job.photo.name)
    kind = (wanted or photo.format).upper()
    if kind == "RAW":
        kind = "TIFF"
    suffix = named.suffix
    try:
        kept = files.format_of(named) == kind
    except D2FError:
        kept = False
    if not kept:
        suffix = files.suffix_of(kind.lower())
    return Path(f"{named.stem}.bokeh{suffix}")


def _facts_of(rendered: Rendered) -> dict[str, Any]:
    summary = rendered.summary()
    return {**summary["focus"], "f_number": summary["f_number"]}


def _picture(photo: Photo, job: Job, *, facts: dict[str, Any] | None = None) -> Answer:
    """A photo for the screen, with the profile that its codes need."""
    own = photo.pixels.dtype == np.uint8 and photo.metadata.icc is not None
    profile = photo.metadata.icc if own and photo.coding is not None else None
    codes = photo.pixels if profile is not None else srgb_copy(photo)
    kind = job.options.get("format", "jpeg")
    return Answer(
        content=_encoded(codes, kind, profile), media_type=f"image/{kind}", facts=facts or {}
    )


def _encoded(codes: ByteImage, kind: str, profile: bytes | None) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(codes)
    if kind == "png":
        image.save(file, "PNG", compress_level=PNG_LEVEL, icc_profile=profile)
    else:
        image.save(file, "JPEG", quality=JPEG_QUALITY, icc_profile=profile)
    return file.getvalue()


def _grey(disparity: FloatImage) -> ByteImage:
    low, high = float(disparity.min()), float(disparity.max())
    share = (disparity - np.float32(low)) / np.float32(max(high - low, 1e-9))
    grey: ByteImage = np.rint(share * 255).astype(np.uint8)
    return grey


def _overlay(photo_srgb: ByteImage, rendered: Rendered, name: str) -> ByteImage:
    """The photo with colour over it: red in front, blue behind; green where in focus."""
    if name == "mask":
        shares = [(rendered.in_focus, MASK_RGB)]
    else:
        largest = max(float(np.abs(rendered.defocus_px).max()), 1e-6)
        signed = rendered.defocus_px / np.float32(largest)
        root = np.sqrt(np.abs(signed))  # so that slight defocus is seen, too
        shares = [(root * (signed > 0), NEARER_RGB), (root * (signed < 0), FARTHER_RGB)]
    shown = photo_srgb.astype(np.float32)
    for share, colour in shares:
        part = (np.float32(OVERLAY_SHARE) * share)[..., None]
        shown += part * (np.array(colour, np.float32) - shown)
    codes: ByteImage = np.rint(shown).astype(np.uint8)
    return codes
