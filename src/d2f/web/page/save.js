// Saving: the picture at full size, its maps, its settings.

import { addressOf, call, download, render } from "./api.js";
import { $, calm, chooser, say, warn } from "./dom.js";

const LOOK = ["focus", "lens", "light"]; // what is taken of a settings file: its depth was another photo's

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
    const groups = LOOK.filter((group) => typeof wanted[group] === "object");
    if (!groups.length) throw new Error("no settings");
    app.look.change((settings) => {
      for (const group of groups) Object.assign(settings[group], wanted[group]);
    });
    say(`Settings of ${file.name}.`);
  } catch {
    warn(`${file.name} holds no settings: give a file that was saved here or with --sidecar.`);
  }
}

/** Save buttons. */
export function setUpSave(app) {
  app.save = () => save(app, $("save-what").value, $("save"));
  app.load = (file) => load(app, file);
  $("save").addEventListener("click", app.save);
  $("look-save").addEventListener("click", () => save(app, "settings:", $("look-save")));
  $("look-load").addEventListener("click", chooser($("look-file"), ([file]) => app.load(file)));
  $("save-what").addEventListener("change", () => {
    const kind = $("save-what").value.split(":")[0];
    $("save").textContent = kind === "picture" ? "Save picture" : "Save map";
  });
}
