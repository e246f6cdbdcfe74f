"""Counters of the server in the text format that Prometheus reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

__all__ = ["METRICS_TYPE", "Metrics"]

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # upper ends of the histogram's bins


class Metrics:
    """What was asked and how long it took, by route and status."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._bins: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._count: Counter[str] = Counter()

    def saw(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests[method, route, status] += 1
        self._seconds[route] += seconds  # type: ignore[assignment]  # a Counter takes floats
        self._count[route] += 1
        for upper in SECONDS:
            if seconds <= upper:
                self._bins[route, upper] += 1

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """All of it; `gauges` are what is now, by name: (help text, value)."""
        lines = [
            "# HELP d2f_requests_total Requests that were answered.",
            "# TYPE d2f_requests_total counter",
        ]
        for (method, route, status), count in sorted(self._requests.items()):
            words = f'method="{method}",route="{route}",status="{status}"'
            lines.append(f"d2f_requests_total{{{words}}} {count}")
        lines += [
            "# HELP d2f_request_seconds From the request's head to the answer's end.",
            "# TYPE d2f_request_seconds histogram",
        ]
        for route in sorted(self._count):
            name = f'd2f_request_seconds_bucket{{route="{route}",le='
            lines += [f'{name}"{upper:g}"}} {self._bins[route, upper]}' for upper in SECONDS]
            lines.append(f'{name}"+Inf"}} {self._count[route]}')
            lines.append(f'd2f_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}')
            lines.append(f'd2f_request_seconds_count{{route="{route}"}} {self._count[route]}')
        for name, (words, value) in gauges.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"
