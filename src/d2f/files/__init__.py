"""Photo files and depth files, in and out.

In: photos of every format in docs/formats.md; depth maps as PNG, TIFF, NPY, PFM, EXR.
Out: `Photo` (upright codes, tone curve, untouched metadata); disparity; the same files again, whole
or not at all. What few photos need lies in modules of its own: `describe`, `embed_depth`.
"""

from .atomic import check_target, write_whole
from .companions import read_aperture_picture, read_matte
from .depth_map import DepthMap, DepthUnit, read_depth_map
from .depth_source import DepthWish, FoundDepth, depth_for
from .device import working_matrix_of
from .embedded_depth import DepthContainer, EmbeddedDepth, embedded_depth, embedded_original
from .limits import Limits
from .maps import check_map_name, write_defocus_map, write_disparity_map, write_mask
from .photo import Format, GainMap, Metadata, Photo, photo_from_array, photo_to_array
from .pil import photo_from_pil
from .read import photo_from_bytes, read_photo
from .shot import Shot, shot_of
from .untouched import untouched
from .write import (
    check_output,
    format_named,
    format_of,
    losses_of,
    photo_to_bytes,
    photo_to_pil,
    suffix_of,
    write_photo,
)

__all__ = [
    "DepthContainer",
    "DepthMap",
    "DepthUnit",
    "DepthWish",
    "EmbeddedDepth",
    "Format",
    "FoundDepth",
    "GainMap",
    "Limits",
    "Metadata",
    "Photo",
    "Shot",
    "check_map_name",
    "check_output",
    "check_target",
    "depth_for",
    "embedded_depth",
    "embedded_original",
    "format_named",
    "format_of",
    "losses_of",
    "photo_from_array",
    "photo_from_bytes",
    "photo_from_pil",
    "photo_to_array",
    "photo_to_bytes",
    "photo_to_pil",
    "read_aperture_picture",
    "read_depth_map",
    "read_matte",
    "read_photo",
    "shot_of",
    "suffix_of",
    "untouched",
    "working_matrix_of",
    "write_defocus_map",
    "write_disparity_map",
    "write_mask",
    "write_photo",
    "write_whole",
]
