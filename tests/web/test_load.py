"""The load test of benchmarks/web.py, for a few seconds: nothing fails but by 429."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "web.py"
MOST_BYTES = 3_000_000_000  # server and two workers; seen 1.95 GB after 60 s


@pytest.mark.slow
def test_a_crowd_meets_no_error_but_429():
    """16 clients that come at once are answered; memory stays bounded."""
    import sys

    spec = importlib.util.spec_from_file_location("web_benchmark", SCRIPT)
    bench = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = bench
    spec.loader.exec_module(bench)
    with bench.serving() as (url, pid):
        load = bench.crowd(url, pid, clients=16, seconds=6)
    assert set(load.codes) <= {200, 201, 429}
    assert load.codes[201] > 0
    assert load.most_bytes < MOST_BYTES
