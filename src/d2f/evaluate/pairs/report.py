"""The report of judged pairs for people, for spreadsheets and for programs."""

import csv
import io
import json
import math
from dataclasses import asdict
from typing import Any

from d2f.evaluate.pairs.compare import Comparison
from d2f.evaluate.pairs.judging import FITTED, PairScore, PairsReport
from d2f.evaluate.pairs.methods import Identity

__all__ = ["report_csv", "report_json", "report_text"]

DECIMALS = {"psnr": 2}  # dB; the others are fractions, told with four
UNITS = {"psnr": " dB"}


def report_text(report: PairsReport) -> str:
    """A table of means, then a line for every two alike methods and figure."""
    notes = "; ".join([f"protocol {report.protocol}", f"{len(report.pairs)} pairs", *report.notes])
    rows = [["method", *report.figures]]
    for method in report.methods:
        rows.append([method, *(number(report.mean(method, f), f) for f in report.figures)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [notes, ""]
    for name, *figures in rows:
        cells = [text.rjust(width) for text, width in zip(figures, widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *cells]))
    comparisons = [told for told in report.comparisons() if alike(told)]
    if comparisons:
        lines += ["", "mean difference [95 % interval], pairs won:"]
    for told in comparisons:
        difference, low, high = (
            signed(value, told.figure) for value in (told.difference, told.low, told.high)
        )
        lines.append(
            f"{told.a} - {told.b}: {told.figure} {difference}{UNITS.get(told.figure, '')} "
            f"[{low}, {high}], {told.wins} of {told.count}"
        )
    return "\n".join(lines)


def alike(told: Comparison) -> bool:
    """Whether both sides, or neither, were fitted to the targets; the photo itself suits both."""
    fitted = {side.endswith(FITTED) for side in (told.a, told.b) if side != Identity.name}
    return len(fitted) < 2


def number(value: float, figure: str) -> str:
    """A figure for reading; inf where pictures equal their targets."""
    return f"{value:.{DECIMALS.get(figure, 4)}f}"


def signed(value: float, figure: str) -> str:
    """A difference for reading."""
    return f"{value:+.{DECIMALS.get(figure, 4)}f}"


def report_csv(report: PairsReport) -> str:
    """A row for each pair and method, as CSV; focus -1 is the method's own."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["pair", "method", *report.figures, "fitted_focus", "fitted_f_number"])
    for score in report.scores:
        fit = ["", ""]
        if score.fit is not None:
            fit = [
                str(-1 if score.fit.focus is None else score.fit.focus),
                repr(score.fit.f_number),
            ]
        figures = [repr(score.figures[name]) for name in report.figures]
        table.writerow([score.pair, score.method, *figures, *fit])
    return out.getvalue()


def report_json(report: PairsReport) -> str:
    """The whole report as one JSON object; null where a figure is infinite."""
    content = {
        "protocol": report.protocol,
        "notes": report.notes,
        "count": len(report.pairs),
        "methods": {
            method: {name: finite(report.mean(method, name)) for name in report.figures}
            for method in report.methods
        },
        "comparisons": [asdict(told) for told in report.comparisons()],
        "pairs": [pair_content(score) for score in report.scores],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def pair_content(score: PairScore) -> dict[str, Any]:
    """One score as JSON takes it."""
    content: dict[str, Any] = {"pair": score.pair, "method": score.method}
    content |= {name: finite(value) for name, value in score.figures.items()}
    if score.fit is not None:
        content["fit"] = {"focus": score.fit.focus, "f_number": finite(score.fit.f_number)}
    return content


def finite(value: float) -> float | None:
    """The value, or none where JSON has no number for it."""
    return value if math.isfinite(value) else None
