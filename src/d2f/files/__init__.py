"""Photo files and depth files, in and out.

In: JPEG, PNG, TIFF, WebP; depth maps as PNG, TIFF, NPY, PFM, EXR.
Out: `Photo` (upright codes, tone curve, untouched metadata); disparity; the same files again, whole
or not at all.
"""

from .atomic import check_target, write_whole
from .companions import read_aperture_picture, read_matte
from .depth_map import DepthMap, DepthUnit, read_depth_map
from .describe import describe
from .limits import Limits
from .maps import check_map_name, write_defocus_map, write_disparity_map, write_mask
from .photo import Metadata, Photo, photo_from_array, photo_to_array
from .pil import photo_from_pil
from .read import photo_from_bytes, read_bytes, read_photo
from .write import (
    check_output,
    format_named,
    format_of,
    photo_to_bytes,
    photo_to_pil,
    suffix_of,
    write_photo,
)

__all__ = [
    "DepthMap",
    "DepthUnit",
    "Limits",
    "Metadata",
    "Photo",
    "check_map_name",
    "check_output",
    "check_target",
    "describe",
    "format_named",
    "format_of",
    "photo_from_array",
    "photo_from_bytes",
    "photo_from_pil",
    "photo_to_array",
    "photo_to_bytes",
    "photo_to_pil",
    "read_aperture_picture",
    "read_bytes",
    "read_depth_map",
    "read_matte",
    "read_photo",
    "suffix_of",
    "write_defocus_map",
    "write_disparity_map",
    "write_mask",
    "write_photo",
    "write_whole",
]
