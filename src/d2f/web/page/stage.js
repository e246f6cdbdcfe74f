// The photo on the stage: three canvases of one size, fitted into what room there is.

import { $ } from "./dom.js";

const stage = $("stage");
const frame = $("frame");
let proportion = 1;

function fit() {
  const style = getComputedStyle(stage);
  const width = stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const height = stage.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  const fitted = Math.max(Math.min(width, height * proportion), 1);
  frame.style.width = `${Math.round(fitted)}px`;
  frame.style.height = `${Math.round(fitted / proportion)}px`;
}

new ResizeObserver(fit).observe(stage);

/** Show the frame for a photo of this size. */
export function frameFor(width, height) {
  proportion = width / height;
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
  return Math.ceil(long * (window.devicePixelRatio || 1));
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
