"""What is judged on pairs: the photo itself, a baseline, and the pictures of any program.

In: a pair and its all-in-focus photo. Out: codes as fractions of white, H x W x 3; on request with
another plane of focus or f-number, where a way has such a choice. Networks: `networks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageFilter

from d2f import files
from d2f.arrays import ByteImage, CodeImage, FloatImage, resized
from d2f.errors import PhotoError, UsageError
from d2f.files import Photo
from d2f.measures.pairs import Pair
from d2f.models.compact import CompactModel

__all__ = ["F_NUMBER", "Identity", "MaskGaussian", "Method", "Opened", "Outputs", "sized"]

F_NUMBER = 1.8  # where a pair does not tell: that of EBB!, and of most benchmarks
# A disc of 1.4 % of the long side, what f/1.8 makes of a far background behind a subject at 1.4 m,
# has the variance of a Gaussian of half its radius.
GAUSSIAN_SHARE = 0.007
MASK_LEVELS = (0.25, 0.5, 0.75)  # of the focus map: tried borders of the mask
NAMED_MOST = 20  # pairs that a message names before it counts the rest
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")


class Opened(Protocol):
    """A photo ready to be drawn."""

    @property
    def focus_count(self) -> int:
        """How many planes can be tried besides the method's own; 0 if it has no choices."""

    def draw(self, *, focus: int | None = None, f_number: float | None = None) -> FloatImage:
        """The picture, with the method's own choice where none is given."""


class Method(Protocol):
    """A way to make bokeh of a photo."""

    @property
    def name(self) -> str:
        """What its row is called."""

    def open(self, pair: Pair, photo: Photo) -> Opened:
        """The photo of a pair, ready to be drawn."""


def codes_of(pixels: CodeImage) -> FloatImage:
    """Codes of any type as fractions of white, float32."""
    if pixels.dtype == np.uint8 or pixels.dtype == np.uint16:
        return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    return pixels.astype(np.float32)


def sized(photo: Photo, long_side_px: int | None) -> Photo:
    """The photo, reduced to this long side by Lanczos' filter where it is larger; then 8-bit."""
    if long_side_px is None or photo.long_side_px <= long_side_px:
        return photo
    scale = long_side_px / photo.long_side_px
    rows, columns = (max(1, round(length * scale)) for length in photo.size)
    image = Image.fromarray(byte_codes(photo.pixels))
    small = image.resize((columns, rows), Image.Resampling.LANCZOS)
    return files.photo_from_array(np.asarray(small))


def byte_codes(pixels: CodeImage) -> ByteImage:
    """Codes of any type as 8-bit ones."""
    codes: ByteImage = np.rint(np.clip(codes_of(pixels), 0, 1) * np.float32(255)).astype(np.uint8)
    return codes


@dataclass(frozen=True, slots=True)
class Fixed:
    """A picture without choices."""

    codes: FloatImage
    focus_count: int = 0

    def draw(self, *, focus: int | None = None, f_number: float | None = None) -> FloatImage:
        """The picture."""
        return self.codes


class Identity:
    """The photo as it is: what every method must beat."""

    name = "identity"

    def open(self, pair: Pair, photo: Photo) -> Opened:
        """The photo itself."""
        return Fixed(codes_of(photo.pixels))


class MaskGaussian:
    """What phones once did: a Gaussian blur outside the compact model's focus map."""

    name = "mask-gaussian"

    def open(self, pair: Pair, photo: Photo) -> Opened:
        """The photo with its focus map."""
        pixels = byte_codes(photo.pixels)
        mask = resized(compact_model().predict(pixels).focus_map, photo.size)
        return MaskedPhoto(pixels, mask, pair.f_number or F_NUMBER)


@dataclass(frozen=True, slots=True)
class MaskedPhoto:
    """A photo whose mask, and the blur outside of it, can be chosen."""

    pixels: ByteImage
    mask: FloatImage
    f_number: float
    focus_count: int = len(MASK_LEVELS)

    def draw(self, *, focus: int | None = None, f_number: float | None = None) -> FloatImage:
        """Mask as it is or cut at a level; sigma falls as the f-number rises."""
        mask = self.mask if focus is None else (self.mask > MASK_LEVELS[focus]).astype(np.float32)
        sigma = GAUSSIAN_SHARE * max(self.pixels.shape) * F_NUMBER / (f_number or self.f_number)
        blurred = Image.fromarray(self.pixels).filter(ImageFilter.GaussianBlur(sigma))
        kept = mask[..., None]
        codes: FloatImage = kept * codes_of(self.pixels) + (1 - kept) * codes_of(
            np.asarray(blurred)
        )
        return codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Any program's pictures in a folder, found by the pairs' names."""

    name: str
    paths: dict[str, Path]
    long_side_px: int | None = None

    @classmethod
    def in_folder(
        cls, folder: Path, pairs: list[Pair], *, long_side_px: int | None = None
    ) -> Outputs:
        """NAME.png, .jpg, .tif or .webp for every pair.

        Raises
        ------
        UsageError
            If there is no such folder.
        PhotoError
            Names the pairs without an output, or with two.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder: give one with an output for each pair.")
        wanted = {pair.name for pair in pairs}
        paths: dict[str, Path] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in SUFFIXES and path.stem in wanted:
                if path.stem in paths:
                    raise PhotoError(
                        f"{path} and {paths[path.stem].name} are both outputs of "
                        f"{path.stem}: remove one."
                    )
                paths[path.stem] = path
        missing = [pair.name for pair in pairs if pair.name not in paths]
        if missing:
            more = f" and {len(missing) - NAMED_MOST} more" if len(missing) > NAMED_MOST else ""
            raise PhotoError(
                f"{folder} lacks the outputs of {len(missing)} of {len(pairs)} pairs "
                f"({', '.join(missing[:NAMED_MOST])}{more}): "
                f"name them like the pairs, {pairs[0].name}.png."
            )
        return cls(name=folder.resolve().name, paths=paths, long_side_px=long_side_px)

    def open(self, pair: Pair, photo: Photo) -> Opened:
        """The output of a pair.

        Raises
        ------
        PhotoError
            If it has another size than the pair.
        """
        output = sized(files.read_photo(self.paths[pair.name]), self.long_side_px)
        if output.size != photo.size:
            raise PhotoError(
                f"{self.paths[pair.name]} has {output.size[1]} x {output.size[0]} px, its pair "
                f"{photo.size[1]} x {photo.size[0]}: resize it before."
            )
        return Fixed(codes_of(output.pixels))


@cache
def compact_model() -> CompactModel:
    """The shipped network, loaded once."""
    return CompactModel.load()
