"""Fit of the lamp model: `python -m d2f.train.highlights HDR_FOLDER DAYLIGHT_FOLDER -o FILE`.

From linear HDR pictures at several exposures and from generated lamps (lamps.py): clip, find the
blobs, describe what is left to see, and fit their true light. Photos taken by day, which show
hardly any lamps, teach restraint. Runs for a minute or two.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from ..arrays import ByteImage, FloatImage
from ..errors import UsageError
from ..files.atomic import write_whole
from ..files.formats import part
from ..light.blobs import find_blobs, picture_scale
from ..light.highlights import clip_light_of
from ..light.lamp_model import FEATURES, LampModel, features_of_blobs, photo_median
from ..measures.collection import opened
from ..optics.tone_curves import SRGB, light_from_codes
from .lamps import lamp_scene, photograph

__all__ = ["fit", "gather_blobs"]

HIDDEN = 32
LARGEST_FITTED = 300  # px at 640 x 480; larger than what is ever raised, for a smooth end
RANGE = (0.005, 0.995)  # quantiles; beyond what the fit has seen, a feature counts as these
EXPOSURES = 4  # of each HDR picture
SCENES = 500
STEPS = 800
LEAST_LIGHT = 0.05  # channels darker than this are as good as black
LARGEST_LIGHT = 60000  # half floats end at 65504, and infinity would swallow a mean
CLIP_LIGHT = clip_light_of(SRGB)
DAYLIGHT_MEDIAN = 0.1  # luminance; below, lamps may be on
DAYLIGHT_PHOTOS = 600
LAMP_LOG2 = 1.5  # a blob of more light than this is a lamp
DISC_RADII = (5.0, 10.0, 20.0)  # px at 640 x 480: blurs under which the lamps must look right
LOG_WEIGHT = 0.03  # of log2 light against sRGB codes
DECIMALS = 4  # of the numbers written

Rows = tuple[FloatImage, FloatImage, FloatImage]  # features, log2 light, area and clipped channels


def read_hdr(folder: Path) -> dict[str, FloatImage]:
    """The linear pictures of a folder of EXR files."""
    oiio = part("OpenImageIO", "vfx", what="EXR")
    pictures = {}
    for path in sorted(folder.glob("*.exr")):
        pixels = np.asarray(oiio.ImageBuf(str(path)).get_pixels(oiio.FLOAT))[..., :3]
        pictures[path.stem] = np.ascontiguousarray(np.clip(pixels, 0, LARGEST_LIGHT), np.float32)
    return pictures


def gather_blobs(radiance: FloatImage, rng: np.random.Generator) -> Rows:
    """Features, true log2 light and (area, clipped channels) of a picture's clipped blobs."""
    seen = light_from_codes(photograph(radiance, rng), SRGB)
    scale = picture_scale(*radiance.shape[:2])
    blobs = find_blobs(seen, CLIP_LIGHT, max_area=round(LARGEST_FITTED * scale**2))
    everything = np.ones(len(blobs.area), bool)
    owner = blobs.blob_of_pixels(everything)
    light = np.stack(
        [
            np.bincount(owner, radiance[(*blobs.pixels(everything), c)], len(everything))
            for c in range(3)
        ],
        axis=1,
    )
    target = np.log2(np.maximum(light / blobs.area[:, None], LEAST_LIGHT))
    kept = np.column_stack([blobs.area / scale**2, blobs.full])
    features = features_of_blobs(seen, CLIP_LIGHT, blobs)
    return features, target.astype(np.float32), kept.astype(np.float32)


def gather_white_things(photo: ByteImage) -> Rows | None:
    """Blobs of a photo taken by day, where hardly any is a lamp; None for a dark photo."""
    seen = light_from_codes(photo, SRGB)
    if photo_median(seen) < DAYLIGHT_MEDIAN:
        return None
    scale = picture_scale(*seen.shape[:2])
    blobs = find_blobs(seen, CLIP_LIGHT, max_area=round(LARGEST_FITTED * scale**2))
    kept = np.column_stack([blobs.area / scale**2, blobs.full])
    return features_of_blobs(seen, CLIP_LIGHT, blobs), np.zeros_like(blobs.colour), kept


def _ground(pictures: list[FloatImage], rng: np.random.Generator) -> FloatImage:
    """A piece of an HDR picture, dim to normal, its own lights held below white."""
    picture = pictures[rng.integers(len(pictures))]
    rows, cols = min(360, picture.shape[0]), min(480, picture.shape[1])
    y = rng.integers(picture.shape[0] - rows + 1)
    x = rng.integers(picture.shape[1] - cols + 1)
    piece = picture[y : y + rows, x : x + cols]
    median = np.exp(rng.uniform(np.log(0.003), np.log(0.35)))
    piece = piece * (median / max(float(np.median(piece)), 1e-4))
    ceiling = np.float32(rng.uniform(0.3, 1.0))
    return np.asarray(piece / (1 + piece / ceiling), np.float32)


def training_rows(hdr: Path, daylight: Path, seed: int) -> list[Rows]:
    """Blobs of the HDR pictures, of generated scenes and of photos taken by day."""
    rng = np.random.default_rng(seed)
    pictures = read_hdr(hdr)
    if not pictures:
        raise UsageError(f"{hdr} holds no NAME.exr: give a folder of linear HDR pictures.")
    rows = []
    for picture in pictures.values():
        for exposure in np.exp2(rng.uniform(-3, 1, EXPOSURES)).astype(np.float32):
            rows.append(gather_blobs(picture * exposure, rng))
    for _ in range(SCENES):
        rows.append(gather_blobs(lamp_scene(_ground(list(pictures.values()), rng), rng), rng))
    paths = sorted(daylight.glob("*.jpg"))
    for k in rng.permutation(len(paths))[:DAYLIGHT_PHOTOS]:
        with opened(paths[k]) as photo:
            white = gather_white_things(np.asarray(photo.convert("RGB")))
        rows += [] if white is None else [white]
    return rows


def fit(rows: list[Rows], *, seed: int, steps: int = STEPS) -> LampModel:
    """Fit the regression; each picture counts by the root of its number of blobs."""
    features, target, kept = (np.concatenate(part) for part in zip(*rows, strict=True))
    weight = np.concatenate([np.full(len(f), 1 / np.sqrt(max(len(f), 1))) for f, _, _ in rows])
    low, high = np.quantile(features, RANGE, axis=0).astype(np.float32)
    scaled = 2 * (np.clip(features, low, high) - low) / (high - low) - 1
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # so small a network only waits for more
    network = torch.nn.Sequential(
        torch.nn.Linear(len(FEATURES), HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 4)
    )
    tensors = [torch.from_numpy(a.astype(np.float32)) for a in (scaled, target, kept, weight)]
    _train(network, *tensors, steps=steps)
    hidden, hidden_bias, out, out_bias = (p.detach().numpy() for p in network.parameters())
    return LampModel(low, high, hidden.T, hidden_bias, out.T, out_bias)


def _train(
    network: torch.nn.Module,
    scaled: torch.Tensor,
    target: torch.Tensor,
    kept: torch.Tensor,
    weight: torch.Tensor,
    *,
    steps: int,
) -> None:
    area, full = kept[:, :1], kept[:, 1:]
    weights = weight / weight.sum()
    lamp = (target.amax(dim=1) > LAMP_LOG2).float()
    shown = (weights * lamp)[:, None] * full
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        optimiser.zero_grad()
        result = network(scaled)
        light, logit = result[:, :3], result[:, 3]
        loss = LOG_WEIGHT * (light - target) ** 2
        for radius in DISC_RADII:
            share = area / (torch.pi * radius**2)
            loss = loss + (_disc_code(light, share) - _disc_code(target, share)) ** 2
        doubt = torch.nn.functional.binary_cross_entropy_with_logits(
            logit, lamp, weights, reduction="sum"
        )
        ((shown * loss).sum() + doubt).backward()
        optimiser.step()
        schedule.step()


def _disc_code(log2_light: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """The lamp's light spread over its disc, clipped, as a code; above white a little slope is
    left, for the fit to find its way back."""
    light = torch.exp2(log2_light.clamp(max=14)) * share.clamp(max=1)
    clipped = torch.minimum(light, 1 + 0.01 * torch.log2(light.clamp(min=1)))
    return clipped.clamp(min=1e-5) ** (1 / 2.4)


def main() -> None:
    """Fit and write the model with how it was made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hdr", type=Path, help="linear HDR pictures, EXR")
    parser.add_argument("daylight", type=Path, help="photos, JPEG")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    choices = parser.parse_args()
    rows = training_rows(choices.hdr, choices.daylight, choices.seed)
    model = asdict(fit(rows, seed=choices.seed))
    made = {
        # Names instead of folders: docs/model-log.md says what was in them.
        "command": "python -m d2f.train.highlights HDR_FOLDER DAYLIGHT_FOLDER "
        f"--seed {choices.seed} -o lamp_model.json",
        "blobs": sum(len(f) for f, _, _ in rows),
        "pictures": len(rows),
    }
    # Rounded as float64: float32 would write 0.0677 as 0.06769999861717224.
    values = {k: np.round(v.astype(np.float64), DECIMALS).tolist() for k, v in model.items()}
    text = json.dumps({"made": made, "features": FEATURES, "model": values})
    write_whole((text + "\n").encode(), choices.output, overwrite=True)


if __name__ == "__main__":
    main()
