// How photos come in: chosen, dropped or pasted; sent with progress and looked at once.

import { call, given_up, sendPhoto } from "./api.js";
import { $, calm, chooser, say, tell as tellAll, warn } from "./dom.js";
import { draw, frameFor } from "./stage.js";
import { showOriginal } from "./preview.js";

const WORDS_OF_DROP = {
  one: "Drop to open",
  several: "Drop to open the first; the others wait for its look",
  all: "Drop to give them all this look",
};

/** Show the file itself at once, where the browser can read it. */
async function showFile(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (document.body.dataset.state !== "sending") return; // the server was faster
  $("welcome").hidden = true;
  $("frame").hidden = !bitmap; // HEIC, TIFF and the like: the server's picture comes soon
  if (!bitmap) return;
  frameFor(bitmap.width, bitmap.height);
  draw($("picture"), bitmap);
}

function forgetPhoto(photo) {
  if (photo) call(`v1/photos/${photo.id}`, { method: "DELETE", keepalive: true }).catch(() => {});
}

/** Opening photos, from everywhere that a photo may come from. */
export function setUpArrival(app) {
  let sending = null;

  function tell(share) {
    const sent = share >= 1;
    $("progress-text").textContent = sent ? "Finding depth and focus" : "Sending the photo";
    if (sent) $("progress-bar").removeAttribute("value");
    else $("progress-bar").value = share;
  }

  function restState() {
    document.body.dataset.state = app.photo ? "ready" : "empty";
    $("panel").inert = !app.photo;
    $("views").hidden = !app.photo;
    $("mark").hidden = !app.photo;
    $("progress").hidden = true;
    if (!app.photo) {
      $("frame").hidden = true;
      $("welcome").hidden = false;
    }
  }

  function begin(file) {
    calm();
    app.preview.stop();
    app.brush.off();
    app.zoom(false);
    document.body.dataset.state = "sending";
    $("panel").inert = true;
    for (const id of ["views", "mark", "box", "overlay", "original", "split", "legend"]) $(id).hidden = true;
    $("photo-name").textContent = file.name || "pasted photo";
    $("progress").hidden = false;
    tell(0);
    say("Sending the photo.");
  }

  function show() {
    const { name, width, height } = app.photo;
    frameFor(width, height);
    document.title = `${name} · d2f`;
    $("photo-name").textContent = `${name} · ${width} × ${height}`;
    app.dispatchEvent(new Event("photo"));
    app.preview.ask({ moving: false });
  }

  async function take(photo, file, { depth, keep }) {
    const before = app.photo;
    const settings = structuredClone(photo.settings);
    const kept = keep && app.look.settings ? structuredClone(app.look.settings) : null;
    if (kept) kept.depth = settings.depth;
    Object.assign(app, { photo, file, depthSent: Boolean(depth) });
    forgetPhoto(before);
    restState();
    app.look.begin(settings, kept);
    show();
    await showOriginal(photo);
  }

  /** Send a photo and show it; answers whether it is there. */
  app.open = async (file, { depth, depthUnit, keep = false } = {}) => {
    sending?.abort();
    sending = new AbortController();
    const { signal } = sending;
    begin(file);
    showFile(file);
    try {
      const photo = await sendPhoto(file, { depth, depthUnit, onSent: tell, signal });
      if (signal.aborted) return false;
      await take(photo, file, { depth, keep });
      return true;
    } catch (error) {
      if (signal !== sending.signal) return false; // another photo came
      restState();
      if (app.photo) show(); // what was there before
      else $("photo-name").textContent = "";
      if (!given_up(error)) warn(error.message);
      return false;
    }
  };

  /** `all`: whether several go with the photo that is open; else the first of them is opened. */
  function arrived(files, { all = false } = {}) {
    const looks = files.filter((file) => file.name.endsWith(".json"));
    const photos = files.filter((file) => !looks.includes(file));
    if (looks.length && app.photo) app.load(looks[0]);
    if (photos.length > 1 && app.photo && all) {
      app.many.add(photos);
      app.many.go();
    } else if (photos.length) {
      app.open(photos[0]);
      app.many.add(photos.slice(1));
      if (photos.length > 1) tellAll(`${photos[0].name} is opened; ${app.many.words} for its look in “Looks and many photos”.`);
    }
    if (looks.length && !app.photo) warn("Open a photo first, then its settings.");
  }

  const choose = chooser($("file"), arrived);
  $("open").addEventListener("click", choose);
  $("choose").addEventListener("click", choose);
  $("progress-stop").addEventListener("click", () => sending?.abort());

  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.types.includes("Files")) return;
    const count = event.dataTransfer.items.length;
    const several = app.photo ? "all" : "several";
    $("drop-words").textContent = WORDS_OF_DROP[count > 1 ? several : "one"];
    $("drop-hint").hidden = false;
  });
  window.addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop-hint").hidden = true; });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    $("drop-hint").hidden = true;
    arrived([...event.dataTransfer.files], { all: true });
  });
  window.addEventListener("paste", (event) => arrived([...event.clipboardData.files]));
  window.addEventListener("pagehide", (event) => { if (!event.persisted) forgetPhoto(app.photo); });
}
