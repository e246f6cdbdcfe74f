"""The models, textures and panoramas that scenes are made of.

In: a folder with models/NAME/model.json and textures/index.csv, and one with pano_*.exr. Models
stand on z = 0, face -y and are measured in metres. Out: what there is, with its licence.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from d2f.errors import PhotoError

__all__ = ["Assets", "Model", "Part", "Texture", "read_assets"]

# Sizes that the collection tells wrongly, as factors.
RESCALED = {"aws_bicycle": 9.0, "aws_magic_cube": 0.01}
# What swims, hangs, or is a heap of separate things.
LEFT_OUT = {
    "aws_book_a", "aws_cooking_bench", "aws_curtain", "aws_light_c", "aws_pillow", "aws_rangehood",
    "aws_room_window", "aws_desk_b", "aws_kitchen_cabinet", "curtains_double", "dolphin", "shark",
    "fish_clownfish", "fish_koi",
}  # fmt: skip
PHOTOGRAPHED = ("aws_", "gz_", "ycb_", "mh_", "rs_", "rock_scan")  # textured from photos
KINDS = (
    "animal", "architecture", "food", "furniture", "person", "plant", "tool", "toy", "vehicle",
)  # fmt: skip
CATEGORIES = ("fabric", "grass", "ground", "metal", "stone", "tiles", "wall", "wood")
INDOOR_PANORAMAS = ("warehouse", "interior", "studio", "lebombo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """A picture that tiles; ``tile_m`` is its side in metres."""

    path: Path
    category: str
    tile_m: float
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One mesh of a model: with its own picture, or of one linear colour.

    tileable: whether any texture can be put on it, as its coordinates are metres.
    """

    ply: Path
    picture: Path | None
    colour: tuple[float, float, float] | None
    alpha: Path | None
    tileable: bool
    flat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A thing with its size in metres (x, y, z); ``scale``: from its files to that size."""

    name: str
    kind: str
    size_m: tuple[float, float, float]
    scale: float
    licence: str
    parts: tuple[Part, ...]

    @property
    def weight(self) -> float:
        """How often it is drawn, beside others of its kind."""
        if self.name.startswith("kenney_"):  # arms held out, as for a fitting
            return 0.2
        return 3.0 if self.name.startswith(PHOTOGRAPHED) else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Everything, in the order of its names."""

    models: tuple[Model, ...]
    textures: tuple[Texture, ...]
    outdoor_panoramas: tuple[Path, ...]
    indoor_panoramas: tuple[Path, ...]

    def named(self, *names: str) -> list[Model]:
        """The models with these names that are there."""
        return [model for model in self.models if model.name in names]

    def of(
        self, *kinds: str, lowest: float = 0.0, highest: float = np.inf, widest: float = np.inf
    ) -> list[Model]:
        """The models of some kinds within bounds of height and width in metres."""
        return [
            model
            for model in self.models
            if model.kind in kinds
            if lowest <= model.size_m[2] <= highest and max(model.size_m[:2]) <= widest
        ]

    def textured(self, *categories: str) -> list[Texture]:
        """The textures of some categories."""
        return [texture for texture in self.textures if texture.category in categories]


def read_assets(assets: Path, hdr: Path) -> Assets:
    """Read what there is; pictures and meshes are left for the renderer.

    Raises
    ------
    PhotoError
        If a folder lacks models, textures or panoramas, or all of one sort, or what tells of them
        cannot be read.
    """
    models = tuple(
        read_model(path)
        for path in sorted(assets.glob("models/*/model.json"))
        if path.parent.name not in LEFT_OUT
    )
    panoramas = sorted(hdr.glob("pano_*.exr"))
    index = assets / "textures/index.csv"
    textures = read_textures(index) if index.is_file() else ()
    for found, folder, what in (
        (models, assets, "models/NAME/model.json"),
        (textures, assets, "textures/index.csv with rows"),
        (panoramas, hdr, "pano_*.exr"),
    ):
        if not found:
            raise PhotoError(f"{folder} has no {what}: give the folder that holds it.")
    for wanted, there, what in (
        (KINDS, {model.kind for model in models}, "model"),
        (CATEGORIES, {texture.category for texture in textures}, "texture"),
    ):
        missing = [name for name in wanted if name not in there]
        if missing:
            raise PhotoError(f"{assets} has no {what} of {missing[0]}: scenes need some of each.")
    indoors = tuple(
        path for path in panoramas if any(word in path.name for word in INDOOR_PANORAMAS)
    )
    outdoors = tuple(path for path in panoramas if path not in indoors)
    return Assets(
        models=models,
        textures=textures,
        outdoor_panoramas=outdoors or indoors,
        indoor_panoramas=indoors or outdoors,
    )


def read_model(path: Path) -> Model:
    """One model by its model.json."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        scale = RESCALED.get(about["name"], 1.0)
        x, y, z = (scale * side for side in about["size_m"])
        return Model(
            name=about["name"],
            kind=about["kind"],
            size_m=(x, y, z),
            scale=scale,
            licence=about["licence"],
            parts=tuple(read_part(path.parent, part) for part in about["parts"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PhotoError(f"{path} tells of no model: {error}; mend it or leave it out.") from error


def read_part(folder: Path, part: dict[str, object]) -> Part:
    """One part of a model."""
    colour = part.get("color")
    return Part(
        ply=folder / str(part["ply"]),
        picture=folder / str(part["texture"]) if "texture" in part else None,
        colour=tuple(colour) if isinstance(colour, list) else None,
        alpha=folder / str(part["alpha"]) if "alpha" in part else None,
        tileable=part["uv"] != "atlas",
        flat=bool(part.get("flat", False)),
    )


def read_textures(index: Path) -> tuple[Texture, ...]:
    """The textures by their table."""
    try:
        with index.open(newline="", encoding="utf-8") as file:
            return tuple(
                Texture(
                    path=index.parent / row["file"],
                    category=row["category"],
                    tile_m=float(row["tile_m"]),
                    licence=row["licence"],
                )
                for row in csv.DictReader(file)
            )
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise PhotoError(
            f"{index} is no table of textures ({error}): give every row file, category, tile_m and "
            "licence."
        ) from error
