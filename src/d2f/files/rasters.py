"""One-channel rasters in and out of NPY, PFM, TIFF, EXR and PNG: depth, defocus, masks."""

from __future__ import annotations

import io
import logging
import math
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatImage
from ..errors import D2FError, MissingPartError, PhotoError
from .read import read_bytes

__all__ = ["float_raster_bytes", "read_raster"]

PFM_HEADER = re.compile(rb"(P[fF])\s+(\d+)\s+(\d+)\s+([-+0-9.eE]+)\s")
EXR_MAGIC = b"\x76\x2f\x31\x01"


def read_raster(path: Path, *, max_pixels: int) -> NDArray[Any]:
    """A raster of one channel, as stored.

    Parameters
    ----------
    path : Path
        NPY, PFM, TIFF, PNG or (with `d2f[vfx]`) EXR, recognised by content.
    max_pixels : int
        More than that is refused from the header.

    Returns
    -------
    raster : (h, w) of the file's own type

    Raises
    ------
    PhotoError
        If the file is missing, damaged, too large, or has several channels.
    MissingPartError
        If it is an EXR and the extra is missing.
    """
    content = read_bytes(path)
    try:
        raster = _decoded(content, path, max_pixels)
    except D2FError:
        raise
    except Exception as error:  # decoders raise whatever they like on damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0][:160]
        raise PhotoError(
            f"{path} cannot be read as a map ({reason.rstrip('.')}): write it again."
        ) from error
    return _one_channel(raster, path)


def _decoded(content: bytes, path: Path, max_pixels: int) -> NDArray[Any]:
    if content.startswith(b"\x93NUMPY"):
        return _read_npy(content, path, max_pixels)
    if content[:2] in (b"Pf", b"PF"):
        return _read_pfm(content, path, max_pixels)
    if content.startswith(EXR_MAGIC):
        return _read_exr(content, path, max_pixels)
    if content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        import tifffile

        logging.getLogger("tifffile").addHandler(logging.NullHandler())
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            page = file.pages[0]
            _check(math.prod(page.shape), path, max_pixels)
            return np.asarray(page.asarray())
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        import imagecodecs

        width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
        _check(width * height, path, max_pixels)
        return np.asarray(imagecodecs.png_decode(content))
    raise PhotoError(f"{path} is no map that d2f reads: give PNG, TIFF, NPY, PFM or EXR.")


def _check(count: int, path: Path, max_pixels: int) -> None:
    if count > max_pixels or count < 1:
        raise PhotoError(
            f"{path} holds {count} values, the limit here is {max_pixels}: make the map smaller."
        )


def _one_channel(raster: NDArray[Any], path: Path) -> NDArray[Any]:
    if raster.ndim == 3 and raster.shape[2] in (2, 4):  # alpha says nothing about depth
        raster = raster[..., :-1]
    if raster.ndim == 3:
        first = raster[..., :1]
        if np.any(raster != first):
            raise PhotoError(f"{path} is a coloured picture: give a map of one channel.")
        raster = first[..., 0]
    if raster.ndim != 2 or raster.size == 0:
        raise PhotoError(f"{path} has shape {raster.shape}: give a map of rows and columns.")
    if raster.dtype.kind not in "fuib":
        raise PhotoError(f"{path} holds {raster.dtype}: give numbers.")
    return raster


def _read_npy(content: bytes, path: Path, max_pixels: int) -> NDArray[Any]:
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    header = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, _ = header(file)
    _check(math.prod(shape), path, 4 * max_pixels)
    file.seek(0)
    array = np.load(file, allow_pickle=False)
    return np.asarray(array[..., None] if array.ndim == 1 else array)


def _read_pfm(content: bytes, path: Path, max_pixels: int) -> FloatImage:
    """Rows stand bottom-up; a negative scale announces little-endian values."""
    match = PFM_HEADER.match(content)
    if match is None:
        raise PhotoError(f"{path} has a damaged PFM header: write the map again.")
    channels = 3 if match[1] == b"PF" else 1
    width, height, scale = int(match[2]), int(match[3]), float(match[4])
    _check(width * height, path, max_pixels)
    values = np.frombuffer(
        content, "<f4" if scale < 0 else ">f4", width * height * channels, match.end()
    )
    return np.asarray(values.reshape(height, width, channels)[::-1], np.float32)


def _read_exr(content: bytes, path: Path, max_pixels: int) -> FloatImage:
    oiio = _openimageio()
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:  # it reads files, not bytes
        file.write(content)
        file.flush()
        source = oiio.ImageInput.open(file.name)
        if source is None:
            oiio.geterror()  # what nobody asks for is printed when the program ends
            raise PhotoError(f"{path} is a damaged EXR file: write the map again.")
        try:
            spec = source.spec()
            _check(spec.width * spec.height, path, max_pixels)
            pixels = source.read_image(oiio.FLOAT)
        finally:
            source.close()
    if pixels is None:
        oiio.geterror()
        raise PhotoError(f"{path} is a damaged EXR file: write the map again.")
    return np.asarray(pixels, np.float32)


def _openimageio() -> Any:  # a module without types
    try:
        import OpenImageIO
    except ImportError:
        raise MissingPartError('EXR needs an extra: pip install "d2f[vfx]".') from None
    return OpenImageIO


def float_raster_bytes(values: FloatImage, suffix: str) -> bytes:
    """The content of a file that holds exactly these values.

    Parameters
    ----------
    values : float32 (H, W)
    suffix : ".npy", ".pfm", ".tif", ".tiff" or ".exr"
    """
    file = io.BytesIO()
    if suffix == ".npy":
        np.save(file, values)
    elif suffix == ".pfm":
        rows, cols = values.shape
        file.write(f"Pf\n{cols} {rows}\n-1.0\n".encode() + values[::-1].astype("<f4").tobytes())
    elif suffix in (".tif", ".tiff"):
        import tifffile

        tifffile.imwrite(
            file, values, compression="deflate", predictor=True, metadata=None, software=False
        )
    else:
        return _exr_bytes(values)
    return file.getvalue()


def _exr_bytes(values: FloatImage) -> bytes:
    oiio = _openimageio()
    rows, cols = values.shape
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.exr"
        spec = oiio.ImageSpec(cols, rows, 1, oiio.FLOAT)
        spec.channelnames = ("Y",)
        spec.attribute("compression", "zip")
        target = oiio.ImageOutput.create(str(path))
        if not (target and target.open(str(path), spec) and target.write_image(values[..., None])):
            raise PhotoError(f"the EXR cannot be written: {oiio.geterror()}.")
        target.close()
        return path.read_bytes()
