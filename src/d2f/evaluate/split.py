"""Which photos of a collection are judged: by scene, never by frame."""

from d2f.errors import UsageError
from d2f.measures.collection import is_validation

__all__ = ["belongs"]

SPLITS = ("validation", "training", "all")
SCENE_COLUMNS = ("scene", "original_name")  # of a collection's index.csv


def belongs(split: str, name: str, row: dict[str, str]) -> bool:
    """Whether a photo with this index row (may be empty) is part of a split."""
    if split not in SPLITS:
        raise UsageError(f"split is {split!r}, want validation, training or all")
    if split == "all":
        return True
    for column in SCENE_COLUMNS:
        if row.get(column):
            return is_validation(row[column]) == (split == "validation")
    raise UsageError(f"{name} has no scene in index.csv, so it cannot be split: use --split all")
