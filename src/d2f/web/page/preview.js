// The live picture: small while the hand moves, sharp when it rests, never a queue of old ones.

import { addressOf, call, given_up, render } from "./api.js";
import { $, warn } from "./dom.js";
import { draw, screenSize, zoomed } from "./stage.js";

const MOVING_PX = 1440; // about 1.2 megapixels at 3:2
const LARGEST_PX = 2560;
const REST_MS = 220;
const LEGENDS = {
  defocus: "Defocus: red in front of the focus, blue behind",
  mask: "In focus: the green keeps the photo's own pixels",
  disparity: "Depth: the brighter the nearer",
};

/** Asks for previews of `app.photo` with `app.look`; dispatches "found" with the focus. */
export class Preview extends EventTarget {
  overlay = "none";
  #app;
  #full = null; // the photo whose original is there at full size
  #wanted = null;
  #running = null; // the wish that is being asked for, with abort and late
  #timer = 0;

  constructor(app) {
    super();
    this.#app = app;
    app.look.addEventListener("move", () => this.ask({ moving: true }));
    app.look.addEventListener("rest", () => this.ask({ moving: false }));
  }

  /** Ask for a picture of the settings as they are now. */
  ask({ moving }) {
    if (!this.#app.photo) return;
    clearTimeout(this.#timer);
    const size = Math.min(MOVING_PX, Math.max(screenSize(), 640));
    this.#want({ size });
    if (!moving) this.#timer = setTimeout(() => this.#finish(), REST_MS);
  }

  /** Drop all work: the photo changes. */
  stop() {
    clearTimeout(this.#timer);
    this.#wanted = null;
    this.#running?.abort.abort();
  }

  #finish() {
    if (zoomed()) return this.#want({ size: LARGEST_PX, sharp: true, full: true });
    const large = Math.min(Math.max(screenSize(), 640), LARGEST_PX);
    if (large > MOVING_PX) this.#want({ size: large, sharp: true });
  }

  // A picture of a moment ago is still worth seeing while the hand moves, so that one small
  // request may end; a large one, or one of an overlay or photo that left, is given up at once.
  #want(wish) {
    this.#wanted = { ...wish, overlay: this.overlay, photo: this.#app.photo };
    const running = this.#running;
    if (!running) this.#next();
    else if (running.sharp || running.late || running.overlay !== this.overlay) running.abort.abort();
    else running.late = true;
  }

  async #next() {
    const wish = this.#wanted;
    this.#wanted = null;
    if (!wish) return;
    this.#running = { ...wish, abort: new AbortController(), late: false };
    $("stage").dataset.waiting = "true";
    try {
      await this.#show(wish, this.#running.abort.signal);
    } catch (error) {
      if (!given_up(error)) {
        warn(error.message);
        this.dispatchEvent(new CustomEvent("refused", { detail: error }));
      }
    } finally {
      this.#running = null;
      $("stage").dataset.waiting = "false";
      document.body.dataset.settled = String(!this.#wanted);
      this.#next();
    }
  }

  async #show(wish, signal) {
    document.body.dataset.settled = "false";
    const settings = this.#app.look.settings;
    const response = wish.full
      ? await render(wish.photo, settings, "jpeg", signal)
      : await call(addressOf(wish.photo, "preview", { size: wish.size, settings }), { signal });
    const bitmap = await createImageBitmap(await response.blob());
    if (wish.photo !== this.#app.photo) return;
    draw($("picture"), bitmap);
    const header = response.headers.get("X-D2F-Focus");
    if (header) this.dispatchEvent(new CustomEvent("found", { detail: JSON.parse(header) }));
    await this.#showOverlay(wish, settings, signal);
    if (wish.full) await this.#showFullOriginal(wish.photo, signal);
    document.body.dataset.shown = String(Number(document.body.dataset.shown ?? 0) + 1);
  }

  async #showOverlay(wish, settings, signal) {
    const canvas = $("overlay");
    const kind = wish.overlay;
    if (kind !== "none") {
      const path = addressOf(wish.photo, kind, { view: "overlay", size: wish.size, settings });
      const response = await call(path, { signal });
      draw(canvas, await createImageBitmap(await response.blob()));
    }
    canvas.hidden = kind === "none";
    $("legend").hidden = kind === "none";
    $("legend").textContent = LEGENDS[kind] ?? "";
  }

  // Without blur the picture is the photo, in a format that every browser reads.
  async #showFullOriginal(photo, signal) {
    if (this.#full === photo) return;
    const response = await render(photo, { lens: { f_number: "inf" } }, "jpeg", signal);
    draw($("original"), await createImageBitmap(await response.blob()));
    this.#full = photo;
  }
}

/** The untouched photo at screen size, for comparison. */
export async function showOriginal(photo) {
  const size = Math.min(Math.max(screenSize(), 640), LARGEST_PX);
  const response = await call(addressOf(photo, "original", { size }));
  draw($("original"), await createImageBitmap(await response.blob()));
}
