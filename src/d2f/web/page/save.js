// Saving: the picture at full size, its maps, its settings; and one look for many photos.

import { addressOf, call, download, given_up, keep, sendPhoto } from "./api.js";
import { $, calm, chooser, make, say, warn } from "./dom.js";
import { zip } from "./zip.js";

/** The picture as a response: full size, in the photo's format or another. */
const render = (photo, settings, format, signal) =>
  call(addressOf(photo, "render"), { method: "POST", json: { settings, format: format || null }, signal });

function request(app, what) {
  const settings = app.look.settings;
  const [kind, format] = what.split(":");
  if (kind === "picture") return render(app.photo, settings, format);
  if (kind === "settings") return call(addressOf(app.photo, "settings", { settings }));
  return call(addressOf(app.photo, kind, { view: "data", format, settings }));
}

async function save(app, what, button) {
  const words = button.textContent;
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  button.textContent = "Saving…";
  calm();
  try {
    const name = await download(await request(app, what), "picture");
    say(`Saved ${name}.`);
  } catch (error) {
    warn(error.message);
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
    button.textContent = words;
  }
}

async function load(app, file) {
  try {
    const tree = JSON.parse(await file.text());
    const wanted = tree.d2f_sidecar === undefined ? tree : tree.settings;
    app.look.change((settings) => {
      for (const group of ["focus", "lens", "light"]) Object.assign(settings[group], wanted[group] ?? {});
    });
    say(`Settings of ${file.name}.`);
  } catch {
    warn(`${file.name} holds no settings: give a file that was saved here or with --sidecar.`);
  }
}

async function one(file, settings, told, signal) {
  told("sending");
  const photo = await sendPhoto(file, { signal });
  try {
    told("making the picture");
    const response = await render(photo, settings, null, signal);
    const disposition = response.headers.get("Content-Disposition") ?? "";
    const name = /filename="([^"]*)"/.exec(disposition)?.[1] ?? file.name;
    return { name, blob: await response.blob() };
  } finally {
    call(`v1/photos/${photo.id}`, { method: "DELETE" }).catch(() => {}); // it expires anyway
  }
}

async function many(app, files) {
  const settings = structuredClone(app.look.settings);
  settings.depth.source = "auto"; // each photo has its own
  if ($("many-auto").checked) settings.focus = { mode: "auto", point: null, box: null, distance_m: null };
  const rows = files.map((file) => make("li", { textContent: `${file.name}: waiting` }));
  $("group-many").open = true;
  $("many-list").replaceChildren(...rows);
  const abort = new AbortController();
  const stop = $("many-stop");
  stop.hidden = false;
  stop.onclick = () => abort.abort();
  $("many-choose").disabled = true;
  const done = [];
  for (const [at, file] of files.entries()) {
    const told = (words) => { rows[at].textContent = `${file.name}: ${words}`; };
    try {
      if (abort.signal.aborted) throw new DOMException("", "AbortError");
      done.push(await one(file, settings, told, abort.signal));
      told("done");
      say(`${at + 1} of ${files.length} photos done.`);
    } catch (error) {
      told(given_up(error) ? "stopped" : error.message);
    }
  }
  stop.hidden = true;
  $("many-choose").disabled = false;
  if (done.length) keep(await zip(done), "d2f-pictures.zip");
  say(`${done.length} of ${files.length} photos are in the zip.`);
}

/** Save buttons and the list of photos for one look. */
export function setUpSave(app) {
  app.save = () => save(app, $("save-what").value, $("save"));
  app.many = (files) => many(app, files);
  app.load = (file) => load(app, file);
  $("save").addEventListener("click", app.save);
  $("look-save").addEventListener("click", () => save(app, "settings:", $("look-save")));
  $("look-load").addEventListener("click", chooser($("look-file"), ([file]) => app.load(file)));
  $("many-choose").addEventListener("click", chooser($("many-files"), app.many));
  $("save-what").addEventListener("change", () => {
    const kind = $("save-what").value.split(":")[0];
    $("save").textContent = kind === "picture" ? "Save picture" : "Save map";
  });
}
