"""Tables and shelves of boards, and small things that stand on them."""

import numpy as np

from d2f.train.raytraced.layout import Block, Placed, Vector
from d2f.train.raytraced.stage import Stage

__all__ = ["TOPS", "build_shelf", "build_table", "fill_top", "stand_table", "top_of"]

# Furniture on which things can stand.
TOPS = (
    "aws_coffee_table", "aws_kitchen_table", "aws_night_stand", "drawer_1", "drawer_5",
    "night_stand_1", "night_stand_3", "gz_cafe_table", "table_round_large", "table_round_small",
    "stool", "pedestal", "bathroom_washing_machine",
)  # fmt: skip


def top_of(table: Placed) -> Vector:
    """Width and depth on which things can stand, round tables being round, and height."""
    low, high = table.bounds().low, table.bounds().high
    return 0.7 * (high[0] - low[0]), 0.7 * (high[1] - low[1]), high[2] - low[2]


def build_table(
    stage: Stage, at: tuple[float, float], *, turn_rad: float = 0.0, height: float | None = None
) -> Block | None:
    """A table of a board and four legs, and things on it; returns the board."""
    rng = stage.rng
    x, y = at
    wide, deep = rng.uniform(0.6, 1.8), rng.uniform(0.5, 1.0)
    height = float(rng.uniform(0.4, 0.9)) if height is None else height
    texture, thick = stage.texture("wood", "stone", "metal", "wood"), rng.uniform(0.02, 0.06)
    board = Block(
        at=(x, y, height - thick), size=(wide, deep, thick), texture=texture, turn_rad=turn_rad
    )
    whole = Block(
        at=(x, y, 0.0), size=(wide, deep, height), texture=texture, turn_rad=turn_rad
    ).bounds()
    if (
        any(whole.meets(thing.footprint()) for thing in stage.placed)
        or any(whole.meets(block.bounds(), -0.02) for block in stage.blocks)
        or any(whole.holds(point, 0.02) for point in stage.in_sight)
        or whole.holds((0.0, 0.0, stage.camera.height_m), 0.25)
    ):
        return None
    stand_table(stage, board)
    fill_top(stage, board, count=int(rng.integers(1, 8)))
    return board


def stand_table(stage: Stage, board: Block) -> None:
    """Add a board with four legs below it."""
    stage.blocks.append(board)
    cosine, sine = np.cos(board.turn_rad), np.sin(board.turn_rad)
    wide, deep, _ = board.size
    for side_x, side_y in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        along, off = side_x * (wide / 2 - 0.05), side_y * (deep / 2 - 0.05)
        leg = (
            float(board.at[0] + cosine * along - sine * off),
            float(board.at[1] + sine * along + cosine * off),
            0.0,
        )
        stage.block(leg, (0.05, 0.05, board.at[2]), board.texture, turn_rad=board.turn_rad)


def fill_top(stage: Stage, board: Block, *, count: int) -> None:
    """Put small things on a board."""
    rng = stage.rng
    small = stage.assets.of("food", "tool", "toy", "plant", highest=0.55, widest=0.5)
    small += stage.assets.named("rat", "frog", "stanford_bunny", "horse_statue", "light_desk")
    cosine, sine = np.cos(board.turn_rad), np.sin(board.turn_rad)
    top = board.at[2] + board.size[2]
    for _ in range(count):
        model = stage.choose(small)
        room_x, room_y = ((side - max(model.size_m[:2])) / 2 for side in board.size[:2])
        if room_x <= 0 or room_y <= 0:
            continue
        along, off = rng.uniform(-room_x, room_x), rng.uniform(-room_y, room_y)
        place = (
            float(board.at[0] + cosine * along - sine * off),
            float(board.at[1] + sine * along + cosine * off),
            top,
        )
        stage.put(model, place, turn_rad=float(rng.uniform(0.0, 2 * np.pi)))


def build_shelf(stage: Stage, *, at: tuple[float, float]) -> None:
    """Boards on a wall with things on them."""
    rng = stage.rng
    wide, deep = rng.uniform(0.6, 1.5), rng.uniform(0.2, 0.35)
    texture = stage.texture("wood", "metal")
    for height in np.arange(rng.uniform(0.3, 1.4), 2.1, rng.uniform(0.3, 0.5)):
        board = Block(at=(at[0], at[1], float(height)), size=(wide, deep, 0.03), texture=texture)
        if any(board.bounds().meets(thing.bounds()) for thing in stage.placed):
            continue
        stage.blocks.append(board)
        fill_top(stage, board, count=int(rng.integers(0, 6)))
