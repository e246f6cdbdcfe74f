"""The server under load: `python benchmarks/web.py` lets 16 clients ask for 60 s.

Each sends a photo of its own, then moves the aperture at screen size, and now and then asks for
the full picture; told to wait (429), it waits. Reported: what a lone slider costs, what the crowd
waits, which answers came, and the most memory that the server and its workers took together.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from PIL import Image

OSPREY = Path(__file__).resolve().parents[1] / "examples" / "osprey.jpg"
SIDE_PX = 1440  # 1440 x 810 is 1.17 megapixels
STOPS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0)
MOVES = 25  # of the lone slider
FULL_EVERY = 10  # requests
LOAD_PX = (1600, 900)  # of the crowd's photos
WATCH_SECONDS = 0.5


@dataclass
class Load:
    """What a crowd met.

    Attributes
    ----------
    seconds : list of float
        Of each preview that was answered.
    codes : Counter
        Answers by status.
    most_bytes : int
        Resident memory of server and workers together, at its highest.
    """

    seconds: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    most_bytes: int = 0


@contextmanager
def serving(*options: str) -> Iterator[tuple[str, int]]:
    """A server of its own: its address and process id."""
    program = "import sys; from d2f.cli.app import main; sys.argv[0] = 'd2f'; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"http://[^/]+", process.stdout.readline())
        assert found is not None
        yield found[0], process.pid
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def slider_ms(url: str) -> list[float]:
    """Milliseconds from a move of the lone slider to the whole picture, after the first."""
    with httpx.Client(base_url=url, timeout=60) as client:
        photo_id = _sent(client, OSPREY.read_bytes()).json()["id"]
        times = []
        for move in range(MOVES + 1):
            begun = time.perf_counter()
            _preview(client, photo_id, STOPS[move % len(STOPS)]).raise_for_status()
            times.append(1000 * (time.perf_counter() - begun))
        client.delete(f"/v1/photos/{photo_id}")
    return times[1:]


def crowd(url: str, pid: int, *, clients: int, seconds: float) -> Load:
    """What so many clients meet in that time."""
    load, end = Load(), time.monotonic() + seconds
    with Image.open(OSPREY) as photo:
        file = io.BytesIO()
        photo.resize(LOAD_PX).save(file, "JPEG", quality=90)
    threads = [
        threading.Thread(target=_one_client, args=(url, file.getvalue(), load, end))
        for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        load.most_bytes = max(load.most_bytes, _resident_bytes(pid))
        time.sleep(WATCH_SECONDS)
    return load


def _one_client(url: str, photo: bytes, load: Load, end: float) -> None:
    with httpx.Client(base_url=url, timeout=120) as client:
        photo_id = None
        for turn in range(1_000_000):
            if time.monotonic() > end:
                break
            begun = time.perf_counter()
            if photo_id is None:
                answer = _sent(client, photo)
                photo_id = answer.json()["id"] if answer.status_code == 201 else None
            elif turn % FULL_EVERY == 0:
                answer = client.post(f"/v1/photos/{photo_id}/render", json={})
            else:
                answer = _preview(client, photo_id, STOPS[turn % len(STOPS)])
                if answer.status_code == 200:
                    load.seconds.append(time.perf_counter() - begun)
            load.codes[answer.status_code] += 1
            if answer.status_code == 429:
                time.sleep(int(answer.headers["retry-after"]))
        if photo_id is not None:
            client.delete(f"/v1/photos/{photo_id}")


def _sent(client: httpx.Client, photo: bytes) -> httpx.Response:
    return client.post("/v1/photos", files={"photo": ("photo.jpg", photo)})


def _preview(client: httpx.Client, photo_id: str, f_number: float) -> httpx.Response:
    settings = json.dumps({"lens": {"f_number": f_number}})
    params = {"settings": settings, "size": SIDE_PX}
    return client.get(f"/v1/photos/{photo_id}/preview", params=params)


def _resident_bytes(pid: int) -> int:
    """Of a process and its children."""
    total, page = 0, os.sysconf("SC_PAGE_SIZE")
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()[1])
            if int(name) == pid or parent == pid:
                total += int(Path(f"/proc/{name}/statm").read_text().split()[1]) * page
        except (OSError, IndexError):  # it has just ended
            continue
    return total


def speed_of_slider() -> list[str]:
    """What a move of the aperture costs a lone user, as lines of Markdown."""
    with serving() as (url, _):
        times = slider_ms(url)
    return [
        "## The page's slider",
        "",
        f"Aperture moved, {SIDE_PX} px long side, {MOVES} moves over HTTP: median "
        f"{statistics.median(times):.0f} ms, slowest {max(times):.0f} ms.",
    ]


def speed_of_crowd(clients: int, seconds: float) -> list[str]:
    """What many clients meet, as lines of Markdown."""
    with serving() as (url, pid):
        load = crowd(url, pid, clients=clients, seconds=seconds)
    waits = sorted(load.seconds)
    at = {share: waits[int(share * (len(waits) - 1))] if waits else 0 for share in (0.5, 0.95)}
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(load.codes.items()))
    bad = sum(count for code, count in load.codes.items() if code >= 400 and code != 429)
    return [
        "## The server's crowd",
        "",
        f"{clients} clients for {seconds:g} s: previews p50 {at[0.5]:.2f} s, p95 {at[0.95]:.2f} s; "
        f"answers {codes}; errors other than 429: {bad}; at most {load.most_bytes / 1e6:.0f} MB.",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    chosen = parser.parse_args()
    lines = [*speed_of_slider(), "", *speed_of_crowd(chosen.clients, chosen.seconds)]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
