// The photo on the stage: canvases of one size, fitted into what room there is, or pixel for pixel.

import { $, clamp } from "./dom.js";

const stage = $("stage");
const frame = $("frame");
let photo = [1, 1]; // width and height in pixels
let middle = null; // zoomed: the place of the photo in the middle of the stage
let scale = 1; // pixels of the page for one of the photo

const ratio = () => window.devicePixelRatio || 1;

function room() {
  const style = getComputedStyle(stage);
  return [
    stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
    stage.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom),
  ];
}

/** The nearest place to show in the middle that leaves no needless gap at the photo's edges. */
function within([x, y]) {
  return [x, y].map((part, axis) => {
    const half = Math.min(room()[axis] / (2 * photo[axis] * scale), 0.5);
    return clamp(part, half, 1 - half);
  });
}

function fit() {
  const space = room();
  scale = middle ? 1 / ratio() : Math.max(Math.min(space[0] / photo[0], space[1] / photo[1]), 1e-6);
  const [width, height] = photo.map((side) => (middle ? side * scale : Math.round(side * scale)));
  Object.assign(frame.style, { width: `${width}px`, height: `${height}px`, translate: "none" });
  if (!middle) return;
  middle = within(middle);
  // On whole pixels of the screen: a pixel of the photo is one of them, not parts of four.
  const at = middle.map((part, axis) => space[axis] / 2 - part * photo[axis] * scale);
  const [left, top] = at.map((part) => Math.round(part * ratio()) / ratio());
  frame.style.translate = `${left}px ${top}px`;
}

new ResizeObserver(fit).observe(stage);

/** Show the frame for a photo of this size. */
export function frameFor(width, height) {
  photo = [width, height];
  frame.hidden = false;
  $("welcome").hidden = true;
  fit();
}

export function draw(canvas, bitmap) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
}

/** Pixels on the long side that fill the frame on this screen. */
export function screenSize() {
  const long = Math.max(frame.clientWidth, frame.clientHeight);
  return Math.ceil(long * ratio());
}

/** Where a pointer lies, in fractions of the photo. */
export function pointOf(event) {
  const area = frame.getBoundingClientRect();
  return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height];
}

/** Put an element at fractions of the photo. */
export function place(element, { x, y, width, height }) {
  element.style.left = `${x * 100}%`;
  element.style.top = `${y * 100}%`;
  if (width !== undefined) element.style.width = `${width * 100}%`;
  if (height !== undefined) element.style.height = `${height * 100}%`;
}

export const zoomed = () => middle !== null;

/** Show the photo pixel for pixel around a place; all of it where that is null. */
export function zoomTo(point) {
  middle = point;
  frame.classList.toggle("zoomed", zoomed());
  fit();
}

/** Push the zoomed photo by so many pixels of the page. */
export function pushBy(x, y) {
  if (!middle) return;
  middle = [middle[0] - x / (photo[0] * scale), middle[1] - y / (photo[1] * scale)];
  fit();
}

/** What is seen of the photo, in fractions: left, top, right, bottom. */
export function seen() {
  const area = frame.getBoundingClientRect();
  const view = stage.getBoundingClientRect();
  return [
    clamp((view.left - area.left) / area.width), clamp((view.top - area.top) / area.height),
    clamp((view.right - area.left) / area.width), clamp((view.bottom - area.top) / area.height),
  ];
}

/** Have a place of the zoomed photo in sight. */
export function reveal([x, y]) {
  const [left, top, right, bottom] = seen();
  if (middle && (x < left || x > right || y < top || y > bottom)) zoomTo([x, y]);
}
