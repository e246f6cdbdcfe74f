// The brush: strokes over the depth, nearer or farther; each is undone like any other change.

import { addressOf, call } from "./api.js";
import { $, clamp, round, say, warn } from "./dom.js";
import { pointOf } from "./stage.js";

const LEAST_STEP = 0.003; // of the photo, between points of a stroke
const MOST_POINTS = 2000;
const DRAWN_PX = 2560; // long side of the canvas of strokes at the most
const frame = $("frame");
const value = (id) => Number($(id).value);

/** The brush over `app.photo`'s depth; `on` while one of its ways is chosen. */
export class Brush {
  #app;
  #points = null;

  constructor(app) {
    this.#app = app;
    const touch = $("touch");
    touch.addEventListener("pointerdown", (event) => this.#down(event));
    touch.addEventListener("pointermove", (event) => this.#move(event));
    touch.addEventListener("pointerup", (event) => this.#up(event));
    touch.addEventListener("pointercancel", () => this.#clear());
    touch.addEventListener("pointerleave", () => { $("brush-ring").hidden = true; });
    for (const radio of document.getElementsByName("brush")) {
      radio.addEventListener("change", () => { document.body.dataset.brush = this.on ? "on" : "off"; });
    }
    for (const [id, unit] of [["brush-size", " %"], ["brush-softness", ""], ["brush-amount", ""]]) {
      const output = $(id).nextElementSibling;
      $(id).addEventListener("input", () => { output.textContent = `${$(id).value}${unit}`; });
    }
    $("brush-undo").addEventListener("click", () => this.#undoLast());
    $("brush-clear").addEventListener("click", () => this.#reset());
    app.addEventListener("photo", () => this.#tell());
  }

  get #way() { return document.querySelector('input[name="brush"]:checked').value; }
  get on() { return this.#way !== "off"; }

  off() {
    document.querySelector('input[name="brush"][value="off"]').checked = true;
    document.body.dataset.brush = "off";
    $("brush-ring").hidden = true;
  }

  /** One touch of the brush, for the keyboard. */
  dab(point) { return this.#paint([point]); }

  #down(event) {
    if (!this.on || !event.isPrimary || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    this.#points = [this.#within(event)];
    this.#draw();
  }

  #move(event) {
    if (!this.on) return;
    this.#ring(event);
    if (!this.#points) return;
    const point = this.#within(event);
    const [x, y] = this.#points.at(-1);
    if (Math.hypot(point[0] - x, point[1] - y) < LEAST_STEP || this.#points.length >= MOST_POINTS) return;
    this.#points.push(point);
    this.#draw();
  }

  async #up() {
    if (!this.#points) return;
    const points = this.#points;
    this.#points = null;
    await this.#paint(points);
    this.#clear();
  }

  #within(event) {
    return pointOf(event).map((part) => round(clamp(part)));
  }

  #stroke(points) {
    const amount = value("brush-amount") * (this.#way === "nearer" ? 1 : -1);
    return {
      points, amount,
      radius: value("brush-size") / 100,
      softness: value("brush-softness"),
      edge_aware: $("brush-edges").checked,
    };
  }

  async #paint(points) {
    const stroke = this.#stroke(points);
    if (!(await this.#patch({ strokes: [stroke] }))) return;
    this.#app.look.did({
      stroke: true,
      undo: () => this.#patch({ undo: 1 }),
      redo: () => this.#patch({ strokes: [stroke] }),
    });
    say(stroke.amount > 0 ? "Brushed nearer." : "Brushed farther.");
  }

  async #undoLast() {
    if (this.#app.look.lastIs((entry) => entry.stroke)) await this.#app.look.undo();
    else if (await this.#patch({ undo: 1 })) this.#app.look.forgetLast((entry) => entry.stroke);
  }

  async #reset() {
    if (await this.#patch({ reset: true })) this.#app.look.forget((entry) => entry.stroke);
  }

  async #patch(json) {
    const { photo } = this.#app;
    try {
      const response = await call(addressOf(photo, "depth"), { method: "PATCH", json });
      const state = await response.json();
      photo.depth = state.depth;
      this.#tell();
      this.#app.preview.ask({ moving: false });
      return true;
    } catch (error) {
      warn(error.message);
      return false;
    }
  }

  #tell() {
    const { edits } = this.#app.photo.depth;
    $("brush-undo").disabled = $("brush-clear").disabled = !edits;
    this.#clear();
  }

  // What the hand sees meanwhile

  #ring(event) {
    const ring = $("brush-ring");
    const [x, y] = pointOf(event);
    const across = 2 * (value("brush-size") / 100) * Math.max(frame.clientWidth, frame.clientHeight);
    ring.hidden = false;
    Object.assign(ring.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${across}px`, height: `${across}px` });
  }

  #draw() {
    const canvas = $("strokes");
    const shrink = Math.min(1, DRAWN_PX / Math.max(frame.clientWidth, frame.clientHeight));
    const width = Math.round(frame.clientWidth * shrink);
    const height = Math.round(frame.clientHeight * shrink);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = 2 * (value("brush-size") / 100) * Math.max(width, height);
    pen.strokeStyle = this.#way === "nearer" ? "#ff5d50" : "#4f8dff";
    pen.beginPath();
    const [[x0, y0]] = this.#points;
    pen.moveTo(x0 * width, y0 * height); // a single touch is a dot: a line of no length
    for (const [x, y] of this.#points) pen.lineTo(x * width, y * height);
    pen.stroke();
  }

  #clear() {
    this.#points = null;
    const canvas = $("strokes");
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  }
}
