"""What `d2f evaluate pairs` does: list pairs, choose methods, judge, write the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from d2f.errors import UsageError
from d2f.evaluate.pairs.judging import evaluate_pairs
from d2f.evaluate.pairs.methods import Identity, MaskGaussian, Method, Outputs
from d2f.evaluate.pairs.networks import Compact, published_from, variant_from
from d2f.evaluate.pairs.protocols import protocol_named
from d2f.evaluate.pairs.report import report_csv, report_json, report_text
from d2f.evaluate.pairs.strips import Strips
from d2f.files import check_target
from d2f.files.atomic import write_whole
from d2f.measures.pairs import EBB_SPLITS, Pair, csv_pairs, ebb_pairs, realbokeh_pairs

__all__ = ["PairsPlan", "run_pairs"]

PUBLISHED = "d2f2023"
BUILT_IN: dict[str, Callable[[], Method]] = {
    MaskGaussian.name: MaskGaussian,
    "compact": Compact,
    "compact-no-grain": lambda: Compact("compact-no-grain", grain=0.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsPlan:
    """What is judged and where the report goes; the options of the command by their names."""

    table: Path | None = None
    ebb: Path | None = None
    realbokeh: Path | None = None
    split: str | None = None
    protocol: str = "ours"
    methods: tuple[str, ...] = (MaskGaussian.name, "compact")
    weights: Path | None = None
    variants: tuple[Path, ...] = ()
    outputs: tuple[Path, ...] = ()
    fit: bool = False
    align_exposure: bool = False
    limit: int | None = None
    long_side_px: int | None = None
    lpips_weights: Path | None = None
    pictures: Path | None = None
    json_file: Path | None = None
    csv_file: Path | None = None
    overwrite: bool = False


def run_pairs(plan: PairsPlan, *, on_progress: Callable[[str], None]) -> str:
    """Judge what the plan names, write its files, and return the table.

    Raises
    ------
    UsageError, PhotoError, MissingPartError
        Before any work, where the plan, the pairs or the outputs cannot be used.
    """
    if plan.json_file is not None and plan.json_file == plan.csv_file:
        raise UsageError(f"{plan.json_file} cannot be JSON and CSV in one: give two names.")
    for path in (plan.json_file, plan.csv_file):
        if path is not None:
            check_target(path, overwrite=plan.overwrite)
    protocol = protocol_named(plan.protocol)
    pairs = listed(plan)[: plan.limit]
    perceptual = None
    if plan.lpips_weights is not None:
        from d2f.evaluate.pairs.lpips import Lpips

        perceptual = Lpips.load(plan.lpips_weights)
    report = evaluate_pairs(
        pairs,
        chosen_methods(plan, pairs),
        protocol,
        fit=plan.fit,
        align_exposure=plan.align_exposure,
        long_side_px=plan.long_side_px,
        perceptual=perceptual,
        on_progress=on_progress,
        **({} if plan.pictures is None else {"on_output": Strips(plan.pictures).add}),
    )
    report = replace(report, notes=[*report.notes, *notes_on(plan, pairs)])
    for path, content in ((plan.json_file, report_json), (plan.csv_file, report_csv)):
        if path is not None:
            write_whole(content(report).encode(), path, overwrite=plan.overwrite)
    return report_text(report)


def listed(plan: PairsPlan) -> list[Pair]:
    """The pairs of the one place that the plan names."""
    places = [place for place in (plan.table, plan.ebb, plan.realbokeh) if place is not None]
    if len(places) != 1:
        raise UsageError("give the pairs by one of --csv FILE, --ebb DIR and --realbokeh DIR.")
    if plan.table is not None:
        return csv_pairs(plan.table, split=plan.split or "all")
    if plan.ebb is not None:
        return ebb_pairs(plan.ebb, split=plan.split or "val294")
    return realbokeh_pairs(places[0], split=plan.split or "test")


def chosen_methods(plan: PairsPlan, pairs: list[Pair]) -> list[Method]:
    """The plan's methods in its order, then variants, then outputs; identity comes by itself."""
    names = [name for name in plan.methods if name != Identity.name]
    if (PUBLISHED in names) != (plan.weights is not None):
        raise UsageError(f"--method {PUBLISHED} and --weights FILE belong together: give both.")
    methods: list[Method] = []
    for name in names:
        if name == PUBLISHED and plan.weights is not None:
            methods.append(published_from(plan.weights))
        elif name in BUILT_IN:
            methods.append(BUILT_IN[name]())
        else:
            known = ", ".join([Identity.name, *BUILT_IN, PUBLISHED])
            raise UsageError(f"there is no method {name!r}: give {known}, --variant or --outputs.")
    methods += [variant_from(folder) for folder in plan.variants]
    for folder in plan.outputs:
        methods.append(Outputs.in_folder(folder, pairs, long_side_px=plan.long_side_px))
    return methods


def notes_on(plan: PairsPlan, pairs: list[Pair]) -> list[str]:
    """What keeps the figures from being compared with those of others."""
    notes = []
    if plan.ebb is not None:
        split = plan.split or "val294"
        whole = len(EBB_SPLITS[split])
        if len(pairs) < whole:
            notes.append(f"{len(pairs)} of the {whole} pairs of {split}")
    if plan.lpips_weights is None:
        notes.append("no LPIPS without --lpips-weights")
    if plan.fit:
        notes.append("fitted rows chose focus and f-number by the target")
    return notes
