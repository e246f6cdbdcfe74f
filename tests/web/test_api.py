"""The HTTP API against a real server: what the routes answer, and in which words they refuse."""

from __future__ import annotations

import io
import json
import re
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

import d2f

CLOSE = 0.01  # of 1: disparity of preview and data, 8 bits against floats


def settings(**lens) -> str:
    """Settings of the lens as JSON."""
    return json.dumps({"lens": lens})


def test_an_upload_answers_what_was_found(upload):
    """The state names size, focus, subjects, the shot and the default settings."""
    state = upload(name="holiday.jpg")
    assert (state["name"], state["format"]) == ("holiday.jpg", "jpeg")
    assert (state["width"], state["height"], state["bit_depth"]) == (128, 96, "u8")
    assert {"x", "y", "disparity", "confidence", "certainty", "reason"} <= set(state["focus"])
    assert state["shot"]["f_number"] == 4.0
    assert state["depth"] == {"source": "model", "metric": False, "edits": 0}
    assert d2f.Settings.model_validate(state["settings"]) == d2f.Settings()


def test_the_state_can_be_asked_for_again_until_the_photo_is_deleted(client, upload):
    """GET gives the state of the upload; after DELETE there is nothing."""
    state = upload()
    path = f"/v1/photos/{state['id']}"
    assert client.get(path).json() == state
    assert client.delete(path).status_code == 204
    gone = client.get(path)
    assert gone.status_code == 404
    assert "no such photo" in gone.json()["detail"]


def test_the_same_bytes_come_from_http_library_and_command_line(client, upload, jpeg, tmp_path):
    """A render, a one-shot render, d2f.render and `d2f render` make one file."""
    from typer.testing import CliRunner

    from d2f.cli.app import app

    wish = settings(f_number=1.4, blades=7)
    state = upload()
    kept = client.post(f"/v1/photos/{state['id']}/render", json={"settings": json.loads(wish)})
    once = client.post("/v1/render", files={"photo": ("photo.jpg", jpeg)}, data={"settings": wish})
    (tmp_path / "photo.jpg").write_bytes(jpeg)
    command = ["render", str(tmp_path / "photo.jpg"), "--aperture", "f/1.4", "--blades", "7"]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert kept.status_code == once.status_code == 200
    assert kept.content == once.content == d2f.render(jpeg, f_number=1.4, blades=7)
    assert kept.content == (tmp_path / "photo.bokeh.jpg").read_bytes()
    assert kept.headers["content-disposition"] == 'attachment; filename="photo.bokeh.jpg"'
    assert Image.open(io.BytesIO(kept.content)).getexif()[0x010F] == "Maker"


def test_an_analysis_that_was_dropped_gives_the_same_bytes_again(jpeg, tmp_path):
    """With room for one photo only, the first is analysed anew, to the same picture."""
    from d2f.web.jobs import Job, StoredPhoto
    from d2f.web.options import ServeOptions
    from d2f.web.work import Desk

    (tmp_path / "upload").write_bytes(jpeg)
    desk = Desk(ServeOptions(session_bytes=1), on_stage=lambda _stage: None)
    pictures = []
    for name in ("first", "second", "first"):
        photo = StoredPhoto(id=name, file=tmp_path / "upload", name="photo.jpg")
        desk.answer(Job(kind="render", photo=photo, output=tmp_path / "picture"))
        pictures.append((tmp_path / "picture").read_bytes())
        assert len(desk._warm) == 1
    assert pictures[0] == pictures[1] == pictures[2]


def test_a_preview_follows_the_settings_and_tells_the_focus(client, upload):
    """Less light blurs less; the header says where the plane of focus lies."""
    path = f"/v1/photos/{upload()['id']}/preview"
    original = client.get(path.replace("preview", "original"), params={"format": "png"})
    photo = np.asarray(Image.open(io.BytesIO(original.content)), float)
    changed = []
    for f_number in (1.0, 4.0, 22.0):
        params = {"settings": settings(f_number=f_number), "format": "png"}
        answer = client.get(path, params=params)
        assert json.loads(answer.headers["x-d2f-focus"])["f_number"] == f_number
        picture = np.asarray(Image.open(io.BytesIO(answer.content)), float)
        changed.append(np.abs(picture - photo).mean())
    assert changed[0] > changed[1] > changed[2]


def test_a_preview_looks_like_the_full_picture_made_smaller(client, upload, large_jpeg):
    """Focus is the same, and the mean difference is small."""
    state = upload(large_jpeg)
    params = {"size": 800, "format": "png", "settings": settings(f_number=4)}
    preview = client.get(f"/v1/photos/{state['id']}/preview", params=params)
    full = client.post(
        f"/v1/photos/{state['id']}/render",
        json={"settings": {"lens": {"f_number": 4}}, "format": "png"},
    )
    small = Image.open(io.BytesIO(full.content)).reduce(2)
    seen = np.asarray(Image.open(io.BytesIO(preview.content)), float)
    assert np.abs(seen - np.asarray(small, float)).mean() < 2.5  # codes; seen 1.5
    assert preview.headers["x-d2f-focus"] == full.headers["x-d2f-focus"]


@pytest.mark.parametrize("name", ["disparity", "defocus", "mask"])
def test_maps_come_as_pictures_and_as_values(client, upload, name):
    """The overlay is a PNG of preview size, data are floats at full size."""
    path = f"/v1/photos/{upload()['id']}/{name}"
    overlay = Image.open(io.BytesIO(client.get(path).content))
    assert overlay.size == (128, 96)
    data = client.get(path, params={"view": "data", "format": "npy"})
    assert np.load(io.BytesIO(data.content)).shape == (96, 128)
    assert f"photo.{name}.npy" in data.headers["content-disposition"]
    tiff = client.get(path, params={"view": "data", "format": "tiff"})
    assert tiff.content[:2] == b"II"


def test_the_brush_moves_depth_and_can_be_taken_back(client, upload):
    """A stroke brings nearer where it was drawn; undo and reset give the old map."""
    path = f"/v1/photos/{upload()['id']}"

    def disparity() -> np.ndarray:
        params = {"view": "data", "format": "npy"}
        return np.load(io.BytesIO(client.get(f"{path}/disparity", params=params).content))

    before = disparity()
    stroke = {"points": [[0.1, 0.1], [0.3, 0.1]], "radius": 0.06, "amount": 0.3}
    state = client.patch(f"{path}/depth", json={"strokes": [stroke, stroke]}).json()
    after = disparity()
    assert state["depth"]["edits"] == 2
    assert after[10, 25] > before[10, 25] + 0.1
    assert np.allclose(after[80], before[80], atol=CLOSE)
    assert client.patch(f"{path}/depth", json={"undo": 1}).json()["depth"]["edits"] == 1
    assert client.patch(f"{path}/depth", json={"reset": True}).json()["depth"]["edits"] == 0
    assert np.array_equal(disparity(), before)


def test_a_depth_map_is_sent_with_the_photo(client, jpeg):
    """Its values are the disparity; the default settings name no file."""
    file = io.BytesIO()
    ramp = np.linspace(0, 1, 128, dtype=np.float32)[None].repeat(96, axis=0)
    np.save(file, ramp)
    files = {"photo": ("a.jpg", jpeg), "depth": ("../d.npy", file.getvalue())}
    state = client.post("/v1/photos", files=files).json()
    assert state["depth"]["source"] == "file"
    assert state["settings"]["depth"]["source"] == "auto"
    path = f"/v1/photos/{state['id']}"
    data = client.get(f"{path}/disparity", params={"view": "data", "format": "npy"})
    assert np.array_equal(np.load(io.BytesIO(data.content)), ramp)
    sidecar = client.get(f"{path}/settings").json()
    assert sidecar["settings"]["depth"]["source"] == "depth-d.npy"
    model = client.post("/v1/photos", files=files, data={"depth_source": "model"}).json()
    assert model["depth"]["source"] == "model"


def test_the_settings_file_makes_the_same_picture(client, upload, jpeg, tmp_path):
    """What `GET settings` gives is a sidecar that the library reads."""
    state = upload()
    wish = {"settings": settings(f_number=2.8)}
    sidecar = client.get(f"/v1/photos/{state['id']}/settings", params=wish)
    assert "photo.bokeh.d2f.json" in sidecar.headers["content-disposition"]
    (tmp_path / "look.json").write_bytes(sidecar.content)
    chosen = d2f.Settings.load(tmp_path / "look.json")
    full = client.post(
        f"/v1/photos/{state['id']}/render", json={"settings": json.loads(wish["settings"])}
    )
    assert d2f.render(jpeg, settings=chosen) == full.content


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"lens": {"f_number": 0.05}}, "lens.f_number=0.05: should be greater than or equal to"),
        ({"lens": {"nonsense": 1}}, "lens.nonsense is no setting: lens has f_number"),
        ({"focus": {"mode": "point"}}, "focus needs mode 'point' and point together"),
        ({"depth": {"source": "/etc/passwd"}}, "a server opens no files by name"),
        ({"depth": {"matte": "m.png"}}, "a server opens no files by name"),
        ({"depth": {"model": "some/model"}}, "other networks are not served"),
        ({"lens": {"aperture_picture": "../a.png"}}, "a server opens no files by name"),
        ({"method": {"model": "d2f2023"}}, "is not served"),
        ({"method": {"weights": "/w"}}, "a server opens no files by name"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_words(client, upload, wish, words):
    """By query and by body alike, as problem+json."""
    state = upload()
    asked = client.get(f"/v1/photos/{state['id']}/preview", params={"settings": json.dumps(wish)})
    posted = client.post(f"/v1/photos/{state['id']}/render", json={"settings": wish})
    for answer in (asked, posted):
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert words in answer.json()["detail"]
    assert asked.json() == posted.json()


def test_settings_that_are_no_json_are_refused(client, upload):
    """With the reason."""
    answer = client.get(f"/v1/photos/{upload()['id']}/preview", params={"settings": "{"})
    assert answer.status_code == 422
    assert "no JSON" in answer.json()["detail"]


def test_a_settings_file_serves_as_settings_everywhere(client, upload):
    """A sidecar is taken in a query and in a body alike."""
    path = f"/v1/photos/{upload()['id']}"
    wish = {"settings": settings(f_number=2.8)}
    sidecar = client.get(f"{path}/settings", params=wish)
    shown = client.get(f"{path}/preview", params={"settings": sidecar.text})
    made = client.post(f"{path}/render", json={"settings": sidecar.json()})
    for answer in (shown, made):
        assert json.loads(answer.headers["x-d2f-focus"])["f_number"] == 2.8
    newer = client.post(f"{path}/render", json={"settings": {"d2f_sidecar": 99}})
    assert newer.status_code == 422
    assert "sidecar of version 99" in newer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/openapi.json", "/page/main.js", "photo"])
def test_head_answers_what_get_does_without_its_body(client, upload, path):
    """Status and headers are the same; other methods are told what there is."""
    if path == "photo":
        path = f"/v1/photos/{upload()['id']}/preview"
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert head.headers["content-type"] == get.headers["content-type"]
    assert client.put(path).headers["allow"] == "GET, HEAD"


def test_answers_are_sent_whole(client, upload):
    """A range, even one that makes no sense, is no reason to refuse or to leave files behind."""
    path = f"/v1/photos/{upload()['id']}/disparity?view=data&format=npy"
    whole = client.get(path)
    assert "accept-ranges" not in whole.headers
    for wish in ("bytes=0-9", "bytes=5-1", "lines=1"):
        answer = client.get(path, headers={"Range": wish})
        assert (answer.status_code, len(answer.content)) == (200, len(whole.content))


def test_a_form_or_body_of_the_wrong_kind_is_told_in_plain_words(client, upload):
    """Not in those of a program."""
    path = f"/v1/photos/{upload()['id']}"
    text = client.post("/v1/photos", data={"photo": "abc"})
    assert text.json()["detail"].startswith("photo is no file: send it as one")
    plain = client.patch(f"{path}/depth", content="{}", headers={"Content-Type": "text/plain"})
    assert plain.json()["detail"].startswith("the body is not sent as JSON")
    wrong = client.post(f"{path}/render", json={"settings": 3})
    assert wrong.json()["detail"].startswith("settings=3: ")


def test_a_name_in_any_script_is_kept(client, upload):
    """Downloads have it, too (RFC 6266); a composed and a decomposed letter are one."""
    for sent, kept in (("日本語.jpg", "日本語"), ("नमस्ते.jpg", "नमस्ते"), ("e\u0301té.jpg", "été")):
        state = upload(name=sent)
        assert state["name"] == f"{kept}.jpg"
        answer = client.post(f"/v1/photos/{state['id']}/render", json={})
        words = answer.headers["content-disposition"]
        assert unquote(words.partition("filename*=UTF-8''")[2]) == f"{kept}.bokeh.jpg"
    long = upload(name="字" * 300 + ".jpg")["name"]
    assert long.endswith("字.jpg")
    assert len(long.encode()) <= 200


def test_names_of_files_are_made_harmless(upload):
    """Folders, control characters and leading dots are left out."""
    assert upload(name="../../etc/passwd")["name"] == "passwd"
    assert upload(name="a\\b\\c.jpg")["name"] == "c.jpg"
    assert upload(name='x"\r\n<y>.jpg')["name"].isprintable()
    assert upload(name="..")["name"] == "photo"
    assert upload(name="\u202egpj.<b>&$`'.jpg")["name"] == "_gpj._b_____.jpg"


def test_the_service_routes_answer(client, upload):
    """Health, metrics and the description of the API."""
    upload()
    assert client.get("/healthz").json()["status"] == "ok"
    metrics = client.get("/metrics").text
    assert re.search(
        r'd2f_requests_total\{method="POST",route="/v1/photos",status="201"\} \d', metrics
    )
    assert re.search(r"^d2f_photos \d", metrics, re.MULTILINE)
    schema = client.get("/openapi.json").json()
    assert {"Settings", "LensSettings"} <= set(schema["components"]["schemas"])
    assert "/v1/photos/{photo_id}/preview" in schema["paths"]
    assert client.get("/docs").status_code == 404
