"""The photo as it was before d2f blurred it, where its file holds that original, too."""

from __future__ import annotations

from dataclasses import replace

from ..errors import D2FError
from .embedded_depth import embedded_original
from .fit import fitted
from .formats import row_named
from .limits import Limits
from .photo import Photo
from .read import photo_from_bytes
from .xmp import NAMESPACE

__all__ = ["untouched"]

USED = "the untouched original in the file is rendered, not its blurred picture"
SENSOR_OVER_PICTURE = 2  # pixels of a RAW original, some of which are cut off


def untouched(photo: Photo) -> Photo:
    """The photo with the pixels of its own original: what a new focus is to start from.

    Only what d2f has blurred is undone, by its words in the XMP; a phone's portrait stays as it
    is. Metadata, coding and depth are those of the file: they may have been edited since.

    Parameters
    ----------
    photo : Photo
        As read from a file of any format.

    Returns
    -------
    Photo
        Itself where there is no original. Its notes tell what was used, or why it was not.
    """
    if photo.content is None or NAMESPACE.encode() not in (photo.metadata.xmp or b""):
        return photo
    try:
        content = embedded_original(photo.content, name=photo.name)
        if content is None:
            return photo
        original = _read(content, photo)
    except D2FError as error:
        return replace(photo, notes=(*photo.notes, f"its original is passed over: {error}"))
    if original.size != photo.size:
        note = "its original is passed over: it has another size, so the photo was cut since"
        return replace(photo, notes=(*photo.notes, note))
    colour = {name: getattr(original.metadata, name) for name in ("icc", "cicp")}
    colour |= {name: getattr(original.metadata, name) for name in ("chromaticities", "gamma")}
    return replace(
        photo,
        pixels=original.pixels,
        tone_curve=original.tone_curve,
        alpha=original.alpha,
        premultiplied=original.premultiplied,
        grey=original.grey,
        depth=original.depth,
        device=original.device,
        gain_map=None if photo.gain_map is None else original.gain_map,
        metadata=replace(photo.metadata, **colour),
        original=content,
        notes=(*photo.notes, USED),
    )


def _read(content: bytes, photo: Photo) -> Photo:
    """The original, in codes that the photo's format holds."""
    rows, cols = photo.size
    limits = Limits(
        pixels=SENSOR_OVER_PICTURE * rows * cols, side_px=SENSOR_OVER_PICTURE * max(rows, cols)
    )
    original = photo_from_bytes(content, name=f"the original in {photo.name}", limits=limits)
    if original.format == photo.format:
        return original
    return fitted(original, row_named(photo.format))
