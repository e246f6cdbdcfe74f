"""The description of the API holds: generated requests find no fault of the server."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

EXAMPLES = 12  # for each operation


def test_every_refusal_of_the_description_has_a_problem(client):
    """Each operation names its refusals, all of them as problem+json."""
    schema = client.get("/openapi.json").json()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            refusals = [code for code in operation["responses"] if int(code) >= 400]
            assert {"401", "403", "421", "429", "500"} <= set(refusals), (method, path)
            for code in refusals:
                assert "application/problem+json" in operation["responses"][code]["content"]


def test_a_format_that_cannot_be_written_here_is_documented(client, upload):
    """HEIC, JPEG XL and EXR need extras; without them it is 415."""
    path = "/v1/photos/{photo_id}/render"
    known = client.get("/openapi.json").json()["paths"][path]["post"]["responses"]
    for kind in ("heic", "jxl", "exr", "tiff"):
        address = path.format(photo_id=upload()["id"])
        answer = client.post(address, json={"format": kind})
        assert answer.status_code in (200, 415)
        assert str(answer.status_code) in known


def test_odd_values_break_nothing(client, upload):
    """A small stand-in for the generated requests, which need an extra."""
    path = f"/v1/photos/{upload()['id']}"
    for wish in ("0", "null", '""', "[[]]", '{"lens": null}', '{"focus": {"point": [1e999, 0]}}'):
        answer = client.get(f"{path}/preview", params={"settings": wish})
        assert answer.status_code == 422, (wish, answer.text)
    for body in (b"", b"null", b"[", b'{"strokes": [{"points": []}]}', b'{"undo": 1e400}'):
        headers = {"Content-Type": "application/json"}
        answer = client.patch(f"{path}/depth", content=body, headers=headers)
        assert answer.status_code == 422, (body, answer.text)
    for params in ({"size": 0}, {"size": "x"}, {"format": "gif"}, {"size": 10**30}):
        assert client.get(f"{path}/preview", params=params).status_code == 422
    assert client.put(path).headers["allow"] == "DELETE, GET, HEAD"


@pytest.mark.slow
def test_generated_requests_find_no_fault(server, upload, tmp_path):
    """Schemathesis sends what the description allows and what it forbids."""
    pytest.importorskip("schemathesis", reason='needs schemathesis: pip install "d2f[e2e]"')
    values = json.dumps(upload()["id"])
    (tmp_path / "schemathesis.toml").write_text(f"[parameters]\nphoto_id = {values}\n")
    program = "import sys; from schemathesis.cli import schemathesis; schemathesis()"
    command = [sys.executable, "-c", program, "--config-file", "schemathesis.toml", "run"]
    # No description can say which bytes are a photo; and settings read "true" and 1 as true.
    unfit = "positive_data_acceptance,negative_data_rejection"
    options = ["--exclude-checks", unfit, "--exclude-method", "DELETE"]
    result = subprocess.run(
        [*command, f"{server.url}/openapi.json", *options, "--max-examples", str(EXAMPLES)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert result.returncode == 0, result.stdout[-6000:]
