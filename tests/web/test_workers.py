"""What the server bears: workers that die, more clients than it can serve, being told to end."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from typer.testing import CliRunner

from d2f.cli.app import app, main

from .conftest import running


def wish(f_number: float) -> dict:
    """Parameters of a preview."""
    return {"settings": json.dumps({"lens": {"f_number": f_number}}), "size": 2560}


def test_a_worker_that_is_killed_costs_one_answer(tmp_path, large_jpeg):
    """The client of its job gets an error in words, the next request is served."""
    with running(tmp_path, "--workers", "1") as server, server.client() as client:
        files = {"photo": ("a.jpg", large_jpeg)}
        state = client.post("/v1/photos", files=files).json()
        path = f"/v1/photos/{state['id']}/render"
        (worker,) = server.workers()
        os.kill(worker, signal.SIGSTOP)  # so that the job surely runs when the worker dies
        threading.Timer(0.5, os.kill, (worker, signal.SIGKILL)).start()
        answer = client.post(path, json={})
        assert answer.status_code == 503
        assert "died, and was replaced" in answer.json()["detail"]
        assert int(answer.headers["retry-after"]) > 0
        assert client.post(path, json={}).status_code == 200
        assert "d2f_workers_replaced_total 1" in client.get("/metrics").text


def test_too_many_clients_are_told_to_come_back(tmp_path, large_jpeg):
    """Of many requests at once some are answered, the others get 429 with Retry-After."""
    with running(tmp_path, "--workers", "1") as server, server.client() as client:
        state = client.post("/v1/photos", files={"photo": ("a.jpg", large_jpeg)}).json()
        path = f"{server.url}/v1/photos/{state['id']}/preview"
        with ThreadPoolExecutor(16) as crowd:
            answers = list(
                crowd.map(lambda n: httpx.get(path, params=wish(1 + n / 10), timeout=60), range(16))
            )
            codes = {answer.status_code for answer in answers}
            uploads = list(
                crowd.map(
                    lambda _: httpx.post(
                        f"{server.url}/v1/render",
                        files={"photo": ("a.jpg", large_jpeg)},
                        timeout=60,
                    ),
                    range(16),
                )
            )
        assert codes == {200, 429}
        assert {answer.status_code for answer in uploads} == {200, 429}
        for answer in (*answers, *uploads):
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) > 0
                assert "try again in" in answer.json()["detail"]


def test_a_client_that_goes_leaves_no_work_behind(tmp_path, large_jpeg):
    """Its waiting jobs leave the queue; the worker is free for the next."""
    with running(tmp_path, "--workers", "1") as server, server.client() as client:
        state = client.post("/v1/photos", files={"photo": ("a.jpg", large_jpeg)}).json()
        path = f"{server.url}/v1/photos/{state['id']}/preview"

        def impatient(n: int) -> None:
            with pytest.raises(httpx.TimeoutException):
                httpx.get(path, params=wish(1 + n / 10), timeout=0.05)

        (worker,) = server.workers()
        os.kill(worker, signal.SIGSTOP)
        with ThreadPoolExecutor(6) as crowd:
            list(crowd.map(impatient, range(6)))
        time.sleep(0.3)
        waiting = client.get("/metrics").text
        os.kill(worker, signal.SIGCONT)
        assert "d2f_jobs 1\n" in waiting  # the one that was running is still to be heard
        assert client.get(path, params=wish(2)).status_code == 200


def test_the_server_ends_a_request_and_leaves_nothing_behind(tmp_path, large_jpeg):
    """Told to end, it answers what runs, then its folder and its workers are gone."""
    with running(tmp_path, "--workers", "1") as server, server.client() as client:
        files = {"photo": ("a.jpg", large_jpeg)}
        state = client.post("/v1/photos", files=files).json()
        assert list(tmp_path.glob("d2f-serve-*"))
        workers = server.workers()
        with ThreadPoolExecutor(1) as other:
            answer = other.submit(client.post, f"/v1/photos/{state['id']}/render", json={})
            time.sleep(0.2)
            server.process.terminate()
            assert answer.result().status_code == 200
        assert server.process.wait(30) == 128 + signal.SIGTERM
        assert not list(tmp_path.glob("d2f-serve-*"))
        assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]
        assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_log_tells_each_request_in_one_line_without_secrets(tmp_path, jpeg):
    """JSON with route, status and time; ids of photos stay out of it."""
    with running(tmp_path, "--workers", "1") as server, server.client() as client:
        state = client.post("/v1/photos", files={"photo": ("a.jpg", jpeg)}).json()
        client.get(f"/v1/photos/{state['id']}/preview")
    log = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert lines[-1]["route"] == "/v1/photos/{photo_id}/preview"
    assert {"time", "method", "status", "ms", "in", "out"} <= set(lines[-1])
    assert state["id"] not in log


def test_other_machines_are_served_only_with_a_token(monkeypatch, capsys):
    """Without one the server does not start, and says why."""
    monkeypatch.setattr("sys.argv", ["d2f", "serve", "--host", "0.0.0.0", "--port", "0"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "give --token" in capsys.readouterr().err


def test_serve_tells_its_options():
    """`d2f serve --help` names what the issue of running it asks for."""
    words = CliRunner().invoke(app, ["serve", "--help"]).output
    for option in ("--host", "--port", "--workers", "--max-upload", "--max-pixels", "--token"):
        assert option in words


def test_a_worker_that_runs_out_of_memory_says_so_and_goes_on(tmp_path, jpeg):
    """A photo that needs more than its limit is refused in words, a smaller one is rendered."""
    import asyncio
    import io

    from PIL import Image

    from d2f.web.jobs import Job, StoredPhoto
    from d2f.web.options import MEGA, ServeOptions
    from d2f.web.problems import Refusal
    from d2f.web.workers import Worker

    file = io.BytesIO()
    Image.new("RGB", (7000, 5000)).save(file, "JPEG")
    (tmp_path / "large").write_bytes(file.getvalue())
    (tmp_path / "small").write_bytes(jpeg)

    async def work() -> None:
        worker = Worker(ServeOptions(worker_bytes=600 * MEGA), tmp_path)
        try:
            large = StoredPhoto(id="large", file=tmp_path / "large", name="large.jpg")
            with pytest.raises(Refusal, match="more memory") as refusal:
                await worker.do(Job(kind="render", photo=large, output=tmp_path / "out"))
            assert refusal.value.status_code == 413
            small = StoredPhoto(id="small", file=tmp_path / "small", name="small.jpg")
            answer = await worker.do(Job(kind="render", photo=small, output=tmp_path / "out"))
            assert answer.filename == "small.bokeh.jpg"
        finally:
            worker.stop()

    asyncio.run(work())
