// One look for many photos: they wait in a list, get it one after the other, and come as a zip.

import { call, given_up, keep, nameOf, render, sendPhoto } from "./api.js";
import { $, calm, chooser, make, say } from "./dom.js";
import { zip } from "./zip.js";

const AUTOFOCUS = { mode: "auto", point: null, box: null, distance_m: null };

/** The photos that wait for `app.look`. */
class Many {
  #app;
  #waiting = []; // {file, row}
  #abort = null; // while it runs

  constructor(app) {
    this.#app = app;
    $("many-go").addEventListener("click", () => this.go());
    $("many-stop").addEventListener("click", () => this.#abort?.abort());
    $("many-choose").addEventListener("click", chooser($("many-files"), (files) => {
      this.add(files);
      this.go();
    }));
  }

  get words() {
    const count = this.#waiting.length;
    return count === 1 ? "1 photo waits" : `${count} photos wait`;
  }

  /** Put photos into the list; while it runs they get the look that it gives. */
  add(files) {
    if (!files.length) return;
    if (!this.#waiting.length && !this.#abort) $("many-list").replaceChildren();
    for (const file of files) {
      const row = make("li", { textContent: `${file.name}: waiting` });
      $("many-list").append(row);
      this.#waiting.push({ file, row });
    }
    $("group-many").open = true;
    this.#show();
  }

  /** Give all that wait the look as it is now. */
  async go() {
    if (this.#abort) return;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const settings = structuredClone(this.#app.look.settings);
    settings.depth.source = "auto"; // each photo has its own
    if ($("many-auto").checked) settings.focus = AUTOFOCUS;
    const done = [];
    let count = 0;
    calm();
    this.#show();
    while (this.#waiting.length) {
      const { file, row } = this.#waiting.shift();
      const told = (words) => { row.textContent = `${file.name}: ${words}`; };
      count += 1;
      try {
        signal.throwIfAborted();
        done.push(await one(file, settings, told, signal));
        told("done");
        say(`${done.length} of ${count + this.#waiting.length} photos done.`);
      } catch (error) {
        told(given_up(error) ? "stopped" : error.message);
      }
    }
    this.#abort = null;
    this.#show();
    if (done.length) keep(await zip(done), "d2f-pictures.zip");
    say(`${done.length} of ${count} photos are in the zip.`);
  }

  #show() {
    const runs = this.#abort !== null;
    $("many-stop").hidden = !runs;
    $("many-choose").disabled = runs;
    $("many-go").hidden = runs || !this.#waiting.length;
    $("many-go").textContent = `Give this look to the ${this.#waiting.length} that wait`;
  }
}

async function one(file, settings, told, signal) {
  told("sending");
  const photo = await sendPhoto(file, { signal });
  try {
    told("making the picture");
    const response = await render(photo, settings, null, signal);
    return { name: nameOf(response, file.name), blob: await response.blob() };
  } finally {
    call(`v1/photos/${photo.id}`, { method: "DELETE" }).catch(() => {}); // it is dropped anyway
  }
}

/** The list of photos for one look. */
export function setUpMany(app) {
  app.many = new Many(app);
}
