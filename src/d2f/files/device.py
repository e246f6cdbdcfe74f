"""Colours that are no plain RGB: inks, and profiles that map colours by tables.

Light adds in RGB only, so such a photo is worked on as a copy in RGB, and what changed there is
carried back as a difference: where nothing changed, the file's codes stay exactly as they were, and
what the way there and back loses cancels out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import CodeImage
from ..optics import SRGB, gamma_curve
from .icc import profile_space
from .photo import DeviceCodes, Format, Metadata, Photo
from .primaries import srgb_matrix_of

__all__ = ["device_codes_of", "ink_photo", "table_photo", "wide_profile", "working_matrix_of"]

# ROMM RGB (ISO 22028-2): primaries wide enough for any photo, under D50, and its gamma.
WIDE_PRIMARIES = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001)
D50 = (0.3457, 0.3585)
WIDE_GAMMA = 1.8
PERCEPTUAL, RELATIVE = 0, 1
BANDS = 1024  # rows at a time, so that the working copies stay small


def ink_photo(inks: NDArray[Any], *, metadata: Metadata, file_format: Format, name: str) -> Photo:
    """A photo of four inks; its pixels are sRGB of the same depth.

    Parameters
    ----------
    inks : uint8 or uint16 (H, W, 4)
        Cyan, magenta, yellow and black; the largest code is full ink.
    """
    profile = metadata.icc if profile_space(metadata.icc) == "CMYK" else None
    working = _rgb_from_inks(inks, profile)
    return Photo(
        pixels=working,
        tone_curve=SRGB,
        format=file_format,
        name=name,
        metadata=metadata,
        device=DeviceCodes(codes=inks, working=working, profile=profile),
    )


def table_photo(photo: Photo) -> Photo:
    """The same photo with its codes worked on in wide RGB, since its profile is one of tables."""
    from imagecodecs import cms_transform

    profile = photo.metadata.icc
    assert profile is not None
    codes = np.ascontiguousarray(photo.pixels)
    working = np.asarray(
        cms_transform(
            codes, profile, wide_profile(), colorspace="rgb", outcolorspace="rgb",
            outdtype="uint16", intent=RELATIVE,
        )
    )  # fmt: skip
    device = DeviceCodes(codes=codes, working=working, profile=profile)
    alpha = photo.alpha
    if alpha is not None and alpha.dtype == np.uint8:
        alpha = alpha.astype(np.uint16) * np.uint16(257)
    return replace(
        photo, pixels=working, alpha=alpha, tone_curve=gamma_curve(WIDE_GAMMA), device=device,
        depth=photo.stored_depth,
    )  # fmt: skip


def wide_profile() -> bytes:
    """The profile of the working copy of `table_photo`."""
    import imagecodecs

    return bytes(
        imagecodecs.cms_profile(
            "rgb", whitepoint=list(D50), primaries=list(WIDE_PRIMARIES), gamma=WIDE_GAMMA
        )
    )


def device_codes_of(photo: Photo) -> NDArray[Any]:
    """The file's own codes of a photo whose working copy may have changed.

    Parameters
    ----------
    photo : Photo
        With `device`.

    Returns
    -------
    codes : as `device.codes`
    """
    device = photo.device
    assert device is not None
    if photo.pixels is device.working:
        return device.codes
    codes = device.codes.copy()
    largest = np.iinfo(codes.dtype).max
    for top in range(0, codes.shape[0], BANDS):
        band = slice(top, top + BANDS)
        before, after = device.working[band], photo.pixels[band]
        changed = (before != after).any(-1)
        if changed.any():
            given = codes[band][changed]
            if device.profile is None:
                codes[band][changed] = _plain_inks(after[changed], given[:, 3:])
                continue
            delta = _device(after[changed], device).astype(np.int64)
            delta -= _device(before[changed], device)
            new = np.clip(given.astype(np.int64) + delta, 0, largest)
            codes[band][changed] = new.astype(codes.dtype)
    return codes


def _device(working: CodeImage, device: DeviceCodes) -> NDArray[Any]:
    """Codes of working colours, (N, 3), by the profile."""
    line = np.ascontiguousarray(working[None])
    assert device.profile is not None
    if device.codes.shape[2] == 4:
        codes = _inks_from_rgb(line, device.profile)
    else:
        from imagecodecs import cms_transform

        codes = np.asarray(
            cms_transform(
                line, wide_profile(), device.profile, colorspace="rgb", outcolorspace="rgb",
                outdtype=device.codes.dtype.name, intent=RELATIVE,
            )
        )  # fmt: skip
    first: NDArray[Any] = codes[0]
    return first


def _rgb_from_inks(inks: NDArray[Any], profile: bytes | None) -> CodeImage:
    largest = np.iinfo(inks.dtype).max
    if profile is not None:
        from imagecodecs import cms_profile, cms_transform

        return np.asarray(
            cms_transform(
                np.ascontiguousarray(inks), profile, cms_profile("srgb"), colorspace="cmyk",
                outcolorspace="rgb", outdtype=inks.dtype.name, intent=PERCEPTUAL,
            )
        )  # fmt: skip
    paper = (largest - inks).astype(np.uint32)
    rgb: CodeImage = ((paper[..., :3] * paper[..., 3:] + largest // 2) // largest).astype(
        inks.dtype
    )
    return rgb


def _inks_from_rgb(working: CodeImage, profile: bytes) -> NDArray[Any]:
    from imagecodecs import cms_profile, cms_transform

    return np.asarray(
        cms_transform(
            np.ascontiguousarray(working), cms_profile("srgb"), profile, colorspace="rgb",
            outcolorspace="cmyk", outdtype=working.dtype.name, intent=PERCEPTUAL,
        )
    )  # fmt: skip


def _plain_inks(working: CodeImage, black: NDArray[Any]) -> NDArray[Any]:
    """Inks of colours, (N, 3), with the black that they had, less where they are brighter now."""
    largest = np.iinfo(working.dtype).max
    paper = np.maximum(largest - black.astype(np.float32), working.max(-1, keepdims=True))
    colour = largest * (1 - working / np.maximum(paper, 1))
    inks: NDArray[Any] = np.rint(np.concatenate([colour, largest - paper], axis=-1))
    return inks.astype(working.dtype)


def working_matrix_of(photo: Photo) -> NDArray[np.float64] | None:
    """What makes linear sRGB of the photo's light, (3, 3); None where nothing changes."""
    if photo.device is None:
        return srgb_matrix_of(photo.metadata)
    if photo.device.codes.shape[2] == 4:  # inks are worked on in sRGB
        return None
    return srgb_matrix_of(Metadata(chromaticities=(*WIDE_PRIMARIES, *D50)))
