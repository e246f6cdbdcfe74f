// Where the depth comes from: the photo's file, the model, or a map that is sent with the photo.

import { $, chooser } from "./dom.js";

const WORDS = {
  embedded: "Depth comes from the photo's own file.",
  file: "Depth comes from the map that was sent.",
  model: "Depth is the model's guess.",
};

/** The panel of depth for `app`. */
export function setUpDepth(app) {
  const list = $("depth-source");
  let map = null;
  let unit = "relative";
  const chooseMap = chooser($("depth-file"), ([file]) => {
    map = file;
    unit = $("depth-unit").value;
    app.open(app.file, { depth: map, depthUnit: unit, keep: true });
  });

  function show() {
    const upload = app.depthSent && app.look.settings.depth.source === "auto";
    list.value = upload ? "upload" : app.look.settings.depth.source;
    $("depth-unit-field").hidden = !upload;
    $("depth-words").textContent = { model: WORDS.model, embedded: WORDS.embedded }[app.look.settings.depth.source]
      ?? WORDS[app.photo.depth.source];
  }

  list.addEventListener("change", () => {
    const source = list.value;
    if (source === "upload") {
      list.value = app.look.settings.depth.source;
      $("depth-unit-field").hidden = false;
      chooseMap();
    } else if (source === "auto" && app.depthSent) {
      app.open(app.file, { keep: true });
    } else {
      app.look.change((settings) => { settings.depth.source = source; });
    }
  });
  $("depth-unit").addEventListener("change", () => {
    if (app.depthSent) app.open(app.file, { depth: map, depthUnit: $("depth-unit").value, keep: true });
  });

  app.addEventListener("photo", show);
  app.look.addEventListener("settings", () => { if (app.photo) show(); });
}
