"""The page, driven in a real browser against the real server and model."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from d2f.settings import Settings

from .browser import DESKTOP, PHONE, Visit, chromium, sharpness
from .conftest import running

OSPREY = Path(__file__).resolve().parents[2] / "examples" / "osprey.jpg"
BIRD, PINE, WALL = (0.33, 0.25, 0.12, 0.25), (0.03, 0.72, 0.14, 0.2), (0.75, 0.05, 0.2, 0.3)
ON_PINE = (0.1, 0.82)
SAME_DECODER = 2  # codes between two decoders of one JPEG
MUCH_SHARPER = 1.5  # at the least; seen were factors of 2 and more
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server with room for the osprey."""
    with running(tmp_path_factory.mktemp("page")) as server:
        yield f"{server.url}/"


@pytest.fixture(scope="module")
def browser():
    """One browser for all visits."""
    with chromium() as one:
        yield one


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def visit(request, browser, served):
    """A visit with the osprey open; in the end nothing was complained of, no other host asked."""
    one = Visit(browser, served, request.param)
    one.open(OSPREY)
    yield one
    one.page.close()
    assert not one.complaints
    assert all(url.startswith((served, "blob:", "data:")) for url in one.hosts)
    one.context.close()


@pytest.fixture
def desk(browser, served):
    """A visit without a photo, at a desk."""
    one = Visit(browser, served)
    yield one
    one.context.close()


@pytest.fixture(scope="module")
def small() -> dict[str, object]:
    """The osprey, a quarter as wide, with EXIF that says f/5.6."""
    from PIL import Image, TiffImagePlugin

    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x829D] = TiffImagePlugin.IFDRational(28, 5)
    file = io.BytesIO()
    Image.open(OSPREY).resize((960, 540)).save(file, "JPEG", quality=92, exif=exif)
    return {"name": "small.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def test_autofocus_is_marked_on_the_bird_with_its_confidence(visit):
    """After the upload the mark lies on the bird, and words say how sure and why."""
    left, top = visit.page.eval_on_selector(
        "#mark", "mark => [parseFloat(mark.style.left), parseFloat(mark.style.top)]"
    )
    assert 28 < left < 46
    assert 20 < top < 85
    words = visit.page.text_content("#focus-words")
    assert re.fullmatch(r"On the subject that stands out \(sure, \d+ %\)\.", words)
    picture = visit.pixels()
    assert sharpness(picture, BIRD) > MUCH_SHARPER * sharpness(visit.pixels("#original"), WALL)


def test_a_click_moves_the_focus_and_what_was_clicked_gets_sharp(visit):
    """The pine gains what the bird loses; undo and redo go back and forth."""
    before = visit.pixels()
    visit.click(*ON_PINE)
    after = visit.pixels()
    assert sharpness(after, PINE) > MUCH_SHARPER * sharpness(before, PINE)
    assert sharpness(before, BIRD) > MUCH_SHARPER * sharpness(after, BIRD)
    visit.page.click("#undo")
    visit.settle()
    np.testing.assert_array_equal(visit.pixels(), before)
    visit.page.click("#redo")
    visit.settle()
    np.testing.assert_array_equal(visit.pixels(), after)


def test_each_stop_of_the_slider_blurs_less(visit):
    """From f/1 to f/22 the background only gets sharper; equal travel is equal light."""
    visit.slide("#set-grain", 0)  # which is put back into blur, and looks like detail
    seen, names = [], []
    for stops in (0, 2, 4, 6, 9):
        visit.slide("#aperture", stops)
        names.append(visit.page.text_content("#f-number"))
        seen.append(sharpness(visit.pixels(), WALL))
    assert names == ["f/1", "f/2", "f/4", "f/8", "f/22"]
    assert seen == sorted(seen)
    assert seen[-1] > MUCH_SHARPER * seen[0]


def test_the_split_line_and_the_held_button_show_the_photo(visit):
    """Left of the line lies the untouched photo; keys move the line."""
    page = visit.page
    page.click("#compare")
    assert "50%" in page.eval_on_selector("#original", "canvas => canvas.style.clipPath")
    page.focus("#split")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#split", "aria-valuenow") == "2"
    page.click("#compare")
    assert page.is_hidden("#original")
    page.focus("#hold")
    page.keyboard.down(" ")
    assert page.is_visible("#original")
    page.keyboard.up(" ")
    assert page.is_hidden("#original")


def test_overlays_and_the_brush_show_and_change_the_depth(visit):
    """Defocus is red and blue; a stroke brings the wall nearer, undo takes it back."""
    visit.choose("overlay", "defocus")
    assert "red in front" in visit.page.text_content("#legend")
    visit.choose("overlay", "disparity")
    before = visit.pixels("#overlay")
    visit.page.click("#group-depth > summary")
    visit.choose("brush", "nearer")
    visit.page.uncheck("#brush-edges")
    visit.drag((0.7, 0.2), (0.85, 0.2))
    visit.page.wait_for_selector("#brush-undo:enabled")
    visit.settle()
    rows, cols = before.shape
    at = np.s_[int(0.19 * rows) : int(0.21 * rows), int(0.72 * cols) : int(0.83 * cols)]
    assert visit.pixels("#overlay")[at].mean() > before[at].mean() + 20
    visit.page.click("#undo")
    visit.page.wait_for_selector("#brush-undo:disabled")
    visit.settle()
    np.testing.assert_array_equal(visit.pixels("#overlay"), before)


def test_saving_gives_the_bytes_of_the_command_line(desk, small, tmp_path):
    """Same photo, same settings: same file, with its EXIF; the settings file makes it again."""
    desk.open(small)
    assert desk.page.get_attribute("#shot-mark", "title") == "taken at f/5.6"
    desk.page.select_option("#preset", label="Helios 44-2 58mm f/2")
    desk.click(*ON_PINE)
    name, content = desk.download("#save")
    desk.page.click("#group-many > summary")
    look, settings = desk.download("#look-save")
    assert (name, look) == ("small.bokeh.jpg", "small.bokeh.d2f.json")
    (tmp_path / "small.jpg").write_bytes(small["buffer"])
    (tmp_path / look).write_bytes(settings)
    program = "import sys; from d2f.cli.app import main; sys.argv[0] = 'd2f'; main()"
    words = ["render", "small.jpg", "-o", "cli.jpg", "--settings", look]
    subprocess.run([sys.executable, "-c", program, *words], cwd=tmp_path, check=True)
    assert (tmp_path / "cli.jpg").read_bytes() == content

    from PIL import Image

    assert Image.open(io.BytesIO(content)).getexif()[0x010F] == "Maker"
    lens = json.loads(settings)["settings"]["lens"]
    assert (lens["f_number"], lens["blades"]) == (2, 8)


def test_maps_are_saved_at_full_size(desk, small):
    """Disparity, mask and defocus, under names that tell them apart."""
    from PIL import Image

    desk.open(small)
    for kind, ending in (("disparity:png", "disparity.png"), ("mask:png", "mask.png")):
        desk.page.select_option("#save-what", kind)
        name, content = desk.download("#save")
        assert name == f"small.{ending}"
        assert Image.open(io.BytesIO(content)).size == (960, 540)


def test_one_look_is_given_to_many_photos(desk, small):
    """The zip holds a picture for each, the same as each alone; names stay apart."""
    desk.open(small)
    desk.page.click("#group-many > summary")
    _, alone = desk.download("#save")
    with desk.page.expect_download() as waiting:
        desk.page.set_input_files("#many-files", [small, small])
    assert waiting.value.suggested_filename == "d2f-pictures.zip"
    with zipfile.ZipFile(waiting.value.path()) as pictures:
        assert pictures.testzip() is None
        assert pictures.namelist() == ["small.bokeh.jpg", "small.bokeh-2.jpg"]
        assert pictures.read("small.bokeh-2.jpg") == alone


def dropped(visit, names: list[str], photo: dict[str, object]) -> None:
    """Let go of photos over the page, as from a folder."""
    visit.page.evaluate(
        """([names, content]) => {
            const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            for (const name of names) {
                dataTransfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            }
            for (const kind of ["dragover", "drop"]) {
                window.dispatchEvent(new DragEvent(kind, { dataTransfer, cancelable: true }));
            }
        }""",
        [names, base64.b64encode(photo["buffer"]).decode()],
    )
    visit.page.wait_for_selector("body[data-state=ready]")
    visit.settle()


def test_several_photos_dropped_at_once_are_all_taken(desk, small):
    """The first opens, the others wait; more that are dropped then get the look at once."""
    dropped(desk, ["first.jpg", "second.jpg", "<b>third.jpg"], small)
    page = desk.page
    assert page.text_content("#photo-name").startswith("first.jpg")
    assert "2 photos wait" in page.text_content("#notice-words")
    rows = ["second.jpg: waiting", "<b>third.jpg: waiting"]
    assert page.locator("#many-list li").all_text_contents() == rows
    with page.expect_download() as waiting:
        page.click("#many-go")
    with zipfile.ZipFile(waiting.value.path()) as pictures:
        assert pictures.namelist() == ["second.bokeh.jpg", "_b_third.bokeh.jpg"]
    assert page.is_hidden("#many-go")
    with page.expect_download() as waiting:
        dropped(desk, ["日本.jpg", "b.jpg"], small)
    with zipfile.ZipFile(waiting.value.path()) as pictures:
        assert pictures.namelist() == ["日本.bokeh.jpg", "b.bokeh.jpg"]


@pytest.mark.parametrize("ratio", [1, 2], ids=["screen", "fine screen"])
def test_zoom_shows_the_pixels_that_are_saved(browser, served, small, ratio):
    """By key around the pointer, pixel for pixel, the photo likewise; drag and wheel push it."""
    from PIL import Image

    width = 700 // ratio
    visit = Visit(browser, served, (width, 600), device_scale_factor=ratio)
    visit.open(small)
    page = visit.page
    page.mouse.move(*visit.place(0.36, 0.4))
    page.keyboard.press("z")
    visit.settle()
    area = page.locator("#frame").bounding_box()
    assert (area["width"], area["height"]) == (960 / ratio, 540 / ratio)
    assert all((area[side] * ratio) % 1 == 0 for side in ("x", "y"))
    page.select_option("#save-what", "picture:jpeg")
    _, saved = visit.download("#save")
    picture = np.asarray(Image.open(io.BytesIO(saved)).convert("RGB"), float).mean(2)
    assert np.abs(visit.pixels() - picture).max() <= SAME_DECODER
    photo = np.asarray(Image.open(io.BytesIO(small["buffer"])).convert("RGB"), float).mean(2)
    assert np.abs(visit.pixels("#original") - photo).mean() < 1  # encoded anew
    settings = page.get_attribute("#mark", "style")
    page.click("#compare")
    line = page.locator("#split").bounding_box()
    assert 0 < line["x"] < width
    page.click("#compare")
    visit.drag((0.5, 0.5), (0.45, 0.5))
    page.mouse.wheel(30, 0)
    pushed = area["x"] - page.locator("#frame").bounding_box()["x"]
    assert pushed > 0
    assert page.get_attribute("#mark", "style") == settings
    page.keyboard.press("Escape")
    visit.settle()
    assert page.locator("#frame").bounding_box()["width"] <= width
    page.focus("#zoom")
    page.keyboard.press("Enter")
    visit.settle()
    assert page.get_attribute("#zoom", "aria-pressed") == "true"
    assert not visit.complaints
    visit.context.close()


def test_a_photo_that_the_server_dropped_is_sent_again(desk, small):
    """With the look as it was; the page says so."""
    desk.open(small)
    desk.slide("#aperture", 4)
    desk.page.evaluate(
        """async () => {
            const [{ name }] = performance.getEntriesByType("resource")
                .filter(({ name }) => name.includes("/original")).slice(-1);
            await fetch(name.split("/original")[0], { method: "DELETE" });
        }"""
    )
    desk.click(*ON_PINE)
    desk.page.wait_for_selector("#notice-words:has-text('it was sent again')")
    desk.settle()
    assert desk.page.text_content("#f-number") == "f/4"
    assert desk.page.text_content("#focus-words") == "At the chosen point."


def test_a_box_and_the_chips_choose_the_focus(desk, small):
    """A drag keeps all in its box sharp; a chip takes the focus back."""
    desk.open(small)
    desk.drag((0.3, 0.3), (0.5, 0.7))
    desk.settle()
    assert desk.page.is_visible("#box")
    desk.page.click("#chips button:has-text('Farthest')")
    desk.settle()
    assert desk.page.is_hidden("#box")
    pressed = "#chips button[aria-pressed=true]"
    assert desk.page.text_content(pressed) == "Farthest"
    desk.page.click("#reset")
    desk.settle()
    assert desk.page.text_content(pressed) == "Auto"


def test_the_depth_may_be_a_map_of_ones_own(desk, small):
    """A map is sent with the photo; a photo without depth of its own says so in words."""
    from PIL import Image

    desk.open(small)
    desk.page.click("#group-depth > summary")
    desk.page.select_option("#depth-source", "embedded")
    desk.page.wait_for_selector("#notice.shown")
    assert desk.page.text_content("#notice-words").endswith(".")
    desk.settle()
    assert desk.page.input_value("#depth-source") == "auto"
    assert desk.page.is_visible("#notice-words")  # stays until the next thing is done
    ramp = np.tile(np.linspace(0, 255, 960).astype(np.uint8), (540, 1))
    file = io.BytesIO()
    Image.fromarray(ramp).save(file, "PNG")
    desk.page.set_input_files(
        "#depth-file", {"name": "ramp.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    desk.page.wait_for_selector("#depth-words:has-text('map that was sent')")
    desk.choose("overlay", "disparity")
    shown = desk.pixels("#overlay").mean(0)
    assert shown[-20:].mean() > shown[:20].mean() + 150


def test_what_is_no_photo_is_refused_in_words(desk):
    """The server's sentence is shown and read out; the page stays of use."""
    bad = {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"}
    desk.page.set_input_files("#file", bad)
    desk.page.wait_for_selector("#notice.shown")
    assert desk.page.text_content("#notice-words").endswith(".")
    assert desk.page.get_attribute("body", "data-state") == "empty"
    assert desk.page.is_visible("#choose")


def test_all_of_it_is_done_by_keyboard(desk, small):
    """Tab reaches every control that is shown; arrows move mark and slider; Ctrl+Z undoes."""
    desk.open(small)
    page = desk.page
    page.evaluate("for (const group of document.querySelectorAll('details')) group.open = true")
    shown = page.evaluate(
        """() => [...document.querySelectorAll('button, select, summary, [role=slider], input')]
            .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0)
            .filter((one) => one.type !== 'radio' || one.checked)
            .map((one) => one.id || one.textContent || one.name)"""
    )
    reached = set()
    for _ in range(len(shown) + 8):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("(one => one.id || one.textContent || one.name)(document.activeElement)")
        )
    assert set(shown) <= reached
    page.focus("#mark")
    before = page.eval_on_selector("#mark", "mark => mark.style.left")
    page.keyboard.press("Shift+ArrowRight")
    assert page.eval_on_selector("#mark", "mark => mark.style.left") != before
    page.focus("#aperture")
    page.keyboard.press("ArrowRight")
    assert page.text_content("#f-number") == "f/2"
    page.keyboard.press("Control+z")
    assert page.text_content("#f-number") == "f/1.8"
    desk.settle()


def test_sliders_have_the_ranges_and_words_of_the_settings(desk, small):
    """Page and settings cannot differ; every lens of the list is a valid one."""
    desk.open(small)
    told = desk.page.evaluate(
        """async () => {
            const { CONTROLS } = await import("/page/controls.js");
            const { PRESETS } = await import("/page/presets.js");
            const of = (one) => document.getElementById(
                ["set", one.field, one.part].filter((word) => word !== undefined).join("-"));
            return { presets: PRESETS, controls: CONTROLS.map((one) => {
                const input = of(one);
                return { ...one, min: Number(input.min), max: Number(input.max),
                         words: input.getAttribute("aria-description") };
            }) };
        }"""
    )
    schema = Settings.model_json_schema()["$defs"]
    for control in told["controls"]:
        field = schema[f"{control['group'].title()}Settings"]["properties"][control["field"]]
        bounds = field if "part" not in control else field["prefixItems"][control["part"]]
        wanted = control.get("reach", [bounds["minimum"], bounds["maximum"]])
        assert bounds["minimum"] <= control["min"] == wanted[0]
        assert bounds["maximum"] >= control["max"] == wanted[1]
        assert control["words"] == field["description"]
    for preset in told["presets"]:
        Settings.model_validate({"lens": preset["lens"]})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browser, served, small, scheme):
    """Names, roles and contrast, in every state of the page."""
    axe = Path(os.environ.get("D2F_AXE", "node_modules/axe-core/axe.min.js"))
    if not axe.is_file():
        pytest.skip("needs axe-core: npm install axe-core, or D2F_AXE=path/to/axe.min.js")
    visit = Visit(browser, served, color_scheme=scheme, bypass_csp=True)
    visit.page.add_script_tag(path=axe)
    run = f"axe.run({{ runOnly: {json.dumps(AXE_RULES)} }})"
    found = visit.page.evaluate(run)["violations"]
    visit.open(small)
    visit.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    visit.page.click("#compare")
    found += visit.page.evaluate(run)["violations"]
    visit.context.close()
    serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    assert not [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in serious]
