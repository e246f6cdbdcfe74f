// The page: what its parts share, and keys that work everywhere.

import { call } from "./api.js";
import { setUpAperture } from "./aperture.js";
import { setUpArrival } from "./arrive.js";
import { Brush } from "./brush.js";
import { setUpCompare } from "./compare.js";
import { Schema, setUpControls } from "./controls.js";
import { setUpDepth } from "./depth.js";
import { $, calm, tell, warn } from "./dom.js";
import { setUpFocus } from "./focus.js";
import { Look } from "./look.js";
import { setUpPresets } from "./presets.js";
import { Preview } from "./preview.js";
import { setUpMany } from "./many.js";
import { setUpSave } from "./save.js";
import { setUpZoom } from "./zoom.js";

/** What the parts share: the photo as the server knows it, its file, the look. */
class App extends EventTarget {
  photo = null;
  file = null;
  depthSent = false;
  look = new Look();
}

const app = new App();
app.preview = new Preview(app);
app.brush = new Brush(app);
setUpArrival(app);
setUpAperture(app);
setUpFocus(app);
setUpPresets(app);
setUpCompare(app);
setUpDepth(app);
setUpSave(app);
setUpMany(app);
setUpZoom(app);

for (const radio of document.getElementsByName("overlay")) {
  radio.addEventListener("change", () => {
    app.preview.overlay = radio.value;
    app.preview.ask({ moving: false });
  });
}

// Settings that this photo cannot have: the server has said so in words; back to what works.
// A photo that it dropped, or that another run of it had, is sent again.
app.preview.addEventListener("refused", async ({ detail: problem }) => {
  if (problem.status === 422 && app.look.lastIs((entry) => !entry.stroke)) app.look.undo();
  if (problem.status !== 404) return;
  const lost = app.depthSent || app.photo.depth.edits ? ", without strokes and depth map" : "";
  if (await app.open(app.file, { keep: true })) tell(`The server had dropped the photo: it was sent again${lost}.`);
});

function history() {
  $("undo").disabled = !app.look.canUndo;
  $("redo").disabled = !app.look.canRedo;
  $("reset").disabled = !app.photo;
}
app.look.addEventListener("move", calm); // what went wrong before is over
for (const kind of ["begin", "rest", "history"]) app.look.addEventListener(kind, history);
$("undo").addEventListener("click", () => app.look.undo());
$("redo").addEventListener("click", () => app.look.redo());
$("reset").addEventListener("click", () => app.look.reset());
$("notice-close").addEventListener("click", calm);

const SHORTCUTS = {
  z: () => app.look.undo(),
  y: () => app.look.redo(),
  Z: () => app.look.redo(),
  s: () => app.save(),
};

window.addEventListener("keydown", (event) => {
  if (!app.photo || document.body.dataset.state !== "ready") return;
  const command = event.ctrlKey || event.metaKey;
  const typing = event.target.matches("select, input:not([type='range'], [type='radio'], [type='checkbox'])");
  if (command && SHORTCUTS[event.key]) {
    event.preventDefault();
    SHORTCUTS[event.key]();
  } else if (!command && !event.altKey && !typing) {
    if (event.key === "c") app.toggleSplit();
    if (event.key === "o") app.hold(true);
    if (event.key === "z") app.zoom();
    if (event.key === "Escape" && !app.brush.on) app.zoom(false);
    if (event.key === "Escape") app.brush.off();
  }
});
window.addEventListener("keyup", (event) => { if (event.key === "o") app.hold(false); });

try {
  setUpControls(app, new Schema(await (await call("openapi.json")).json()));
} catch (error) {
  warn(error.message);
}
document.body.dataset.loaded = "true";
