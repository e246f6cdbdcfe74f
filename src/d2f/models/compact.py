"""The compact network at run time: one photo in, disparity and focus map out; no torch needed.

In: photo, H x W x 3 uint8 sRGB, upright, 16 x 16 px and more.
Out: disparity 0..1 (1 = nearest), focus map 0..1, and the reduced photo at their size. The network
looks twice, at a copy of about 320 px and at a mirrored one of 448 px, and answers at half of the
size that it sees; the maps are means of both at 224 px. They are small on purpose, and the guide
goes with them so that they can be brought to the photo's own edges (docs/decisions/0016).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from PIL import Image

from d2f.arrays import ByteImage, FloatImage, resized
from d2f.errors import MissingPartError, PhotoError
from d2f.models.register import FOLDER, checked_bytes

__all__ = [
    "OUTPUTS",
    "CompactMaps",
    "CompactModel",
    "check_photo",
    "network_photo",
    "network_size",
    "quiet_session",
]

WEIGHTS = FOLDER / "compact.onnx"
# Depth is best seen from afar, outlines and small subjects from near: docs/model-log.md.
COARSE_SIDE_PX, FINE_SIDE_PX = 320, 448
SIDE_MULTIPLE_PX = 32  # the coarsest stride of the network
SHORTEST_SIDE_PX = 96  # below it a panorama would be a strip of three cells
LONGEST_SIDE_PX = 1024
SMALLEST_PHOTO_PX = 16
REDUCING_GAP = 3  # means of blocks may leave so many times the size that is wanted
STRIP_ROWS = 128  # of the photo; a strip stays in the processor's cache
OUTPUT_STRIDE = 2
OUTPUTS = ("disparity", "focus_map", "sharpness")  # in this order
WAY_OUT = "reinstall d2f, or make a network with `d2f train compact` and `d2f train install`."
RANGE_QUANTILES = (0.01, 0.99)  # of the network's disparity: what becomes 0 and 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactMaps:
    """What the network sees in a photo; arrays of equal height and width.

    disparity : float32 (h, w), 0..1, relative, 1 = nearest, 0 = farthest
    focus_map : float32 (h, w), 0..1, where a photographer would focus
    guide_srgb : float32 (h, w, 3), 0..1, the reduced photo, sRGB codes
    sharpness : float32 (h, w), 0..1, where the photo is in focus already
    mirrored_disparity, mirrored_focus_map : what the finer look alone sees, mirrored back: a
        second opinion, which tells how sure the first is
    """

    disparity: FloatImage
    focus_map: FloatImage
    guide_srgb: FloatImage
    sharpness: FloatImage | None = None
    mirrored_disparity: FloatImage | None = None
    mirrored_focus_map: FloatImage | None = None


class CompactModel:
    """A loaded network. Predictions do not change it, and threads may share it."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    @classmethod
    def load(cls, weights: Path = WEIGHTS, *, threads: int = 1) -> Self:
        """Load the network from its file, checked against the register beside it.

        Parameters
        ----------
        weights : Path
            ONNX file; its folder holds ``register.json`` with the file's SHA-256.
        threads : int
            Threads of each of the two looks; 1 is best where several run side by side.

        Raises
        ------
        MissingPartError
            If the weights are missing or damaged, or those of another network.
        """
        return cls.from_bytes(checked_bytes(weights), threads=threads)

    @classmethod
    def from_bytes(cls, onnx: bytes, *, threads: int = 1) -> Self:
        """Load the network from the content of an ONNX file.

        Raises
        ------
        MissingPartError
            If the content is no ONNX file, or that of another network.
        """
        try:
            session = quiet_session(onnx, threads=threads)
        except Exception as error:  # onnxruntime has a dozen kinds without a common base
            raise MissingPartError(f"the weights are no network in ONNX; {WAY_OUT}") from error
        names = {put.name for put in (*session.get_inputs(), *session.get_outputs())}
        if names != {"photo", *OUTPUTS}:
            raise MissingPartError(f"the weights are those of another network; {WAY_OUT}")
        return cls(session)

    def predict(self, photo_srgb: ByteImage) -> CompactMaps:
        """Disparity and focus map of a photo: the means of two looks, the finer one mirrored.

        Parameters
        ----------
        photo_srgb : uint8 (H, W, 3)
            Upright photo in sRGB codes, at least 16 x 16 px.

        Returns
        -------
        CompactMaps
            Maps at half the size of the finer copy.

        Raises
        ------
        PhotoError
            If the photo is of another type or shape, or smaller.
        """
        check_photo(photo_srgb)
        small = network_photo(photo_srgb)
        seen = as_seen(small)
        coarse = as_seen(network_photo(photo_srgb, long_side_px=COARSE_SIDE_PX))
        with ThreadPoolExecutor(max_workers=1) as beside:
            from_afar = beside.submit(self.run, coarse)
            mirrored = self.run(np.ascontiguousarray(seen[..., ::-1]))
        fine = [np.ascontiguousarray(map_[0, :, ::-1]) for map_ in mirrored]
        disparity, focus_map = (resized(map_[0], fine[0].shape) for map_ in from_afar.result()[:2])
        finer = relative_disparity(fine[0])
        return CompactMaps(
            disparity=mean_of(relative_disparity(disparity), finer),
            focus_map=mean_of(focus_map, fine[1]),
            guide_srgb=np.asarray(small.reduce(OUTPUT_STRIDE), np.float32) / np.float32(255.0),
            sharpness=fine[2],
            mirrored_disparity=finer,
            mirrored_focus_map=fine[1],
        )

    def run(self, photo: FloatImage) -> tuple[FloatImage, ...]:
        """The bare network, as training sees it: nothing is reduced, scaled or checked.

        Parameters
        ----------
        photo : float32 (1, 3, H, W), 0..1
            sRGB codes; sides are multiples of 32.

        Returns
        -------
        disparity, focus_map, sharpness : float32 (1, H / 2, W / 2)
            Disparity at any scale and shift, larger = nearer; focus and sharpness map 0..1.
        """
        return tuple(self._session.run(None, {"photo": photo}))


def as_seen(small: Image.Image) -> FloatImage:
    """A reduced photo as the network takes it, float32 (1, 3, H, W), 0..1."""
    codes = np.asarray(small, np.float32).transpose(2, 0, 1)[None]
    return codes / np.float32(255.0)


def mean_of(one: FloatImage, other: FloatImage) -> FloatImage:
    """The mean of two maps."""
    mean: FloatImage = (one + other) * np.float32(0.5)
    return mean


def network_photo(photo_srgb: ByteImage, *, long_side_px: int = FINE_SIDE_PX) -> Image.Image:
    """The copy that the network sees of a photo, uint8 (H, W, 3): a picture of `network_size`."""
    rows, columns = network_size(*photo_srgb.shape[:2], long_side_px=long_side_px)
    height, width = photo_srgb.shape[:2]
    down = int(height / rows / REDUCING_GAP) or 1
    across = int(width / columns / REDUCING_GAP) or 1
    return _reduced(photo_srgb, across, down).resize(
        (columns, rows), Image.Resampling.BILINEAR, box=(0, 0, width / across, height / down)
    )


def _reduced(photo_srgb: ByteImage, across: int, down: int) -> Image.Image:
    """Means of blocks, as `resize` makes them first of all, but strip by strip.

    A whole photo as a Pillow image costs more than all the rest.
    """
    height, width = photo_srgb.shape[:2]
    reduced = Image.new("RGB", (-(-width // across), -(-height // down)))
    strip_rows = max(STRIP_ROWS // down, 1) * down
    for top in range(0, height, strip_rows):
        strip = Image.fromarray(photo_srgb[top : top + strip_rows])
        reduced.paste(strip.reduce((across, down)), (0, top // down))
    return reduced


def network_size(rows: int, columns: int, *, long_side_px: int = FINE_SIDE_PX) -> tuple[int, int]:
    """Rows and columns of the copy that the network sees of a rows x columns photo.

    Multiples of 32, as near to the photo's aspect as these allow; panoramas get a longer long
    side, up to 1024 px, so that their short side still holds something.
    """
    scale = max(long_side_px / max(rows, columns), SHORTEST_SIDE_PX / min(rows, columns))
    scale = min(scale, LONGEST_SIDE_PX / max(rows, columns))
    multiple = SIDE_MULTIPLE_PX
    network_rows, network_columns = (
        max(2 * multiple, round(side * scale / multiple) * multiple) for side in (rows, columns)
    )
    return network_rows, network_columns


def relative_disparity(affine: FloatImage) -> FloatImage:
    """A network's disparity, known up to scale and shift, as 0 (farthest) .. 1 (nearest)."""
    farthest, nearest = np.quantile(affine, RANGE_QUANTILES)
    if nearest - farthest < 1e-6:
        return np.zeros_like(affine)
    relative: FloatImage = np.clip((affine - farthest) / (nearest - farthest), 0.0, 1.0)
    return relative.astype(np.float32)


def check_photo(photo_srgb: ByteImage) -> None:
    """Refuse what is not an 8-bit colour photo of at least 16 x 16 px."""
    shape, dtype = photo_srgb.shape, photo_srgb.dtype
    if len(shape) != 3 or shape[2] != 3 or dtype != np.uint8:
        raise PhotoError(f"photo_srgb is {dtype} {shape}, want uint8 (H, W, 3): convert it first.")
    if min(shape[:2]) < SMALLEST_PHOTO_PX:
        raise PhotoError(
            f"the photo has {shape[1]} x {shape[0]} px: at least {SMALLEST_PHOTO_PX} x "
            f"{SMALLEST_PHOTO_PX} px are needed."
        )


def quiet_session(onnx: bytes, *, threads: int) -> onnxruntime.InferenceSession:
    """A network that waits without spinning and keeps its log to itself."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what fails is raised: no line of log beside it
    # Spinning threads steal the time of everything beside them, and gain nothing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Falling back from the CPU to the CPU helps nobody, and is printed.
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(onnx, options, providers, enable_fallback=0)
