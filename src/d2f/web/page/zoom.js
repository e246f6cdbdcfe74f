// Zoom to the photo's own pixels: those of the full picture, once the hand rests.

import { $, say } from "./dom.js";
import { pointOf, pushBy, zoomTo, zoomed } from "./stage.js";

const LONGEST_PX = 16384; // of what browsers draw

/** The button, its key and the wheel. */
export function setUpZoom(app) {
  const button = $("zoom");
  const touch = $("touch");
  let pointer = null; // the place below it

  function turn(point) {
    if (zoomed() === (point !== null)) return;
    zoomTo(point);
    button.setAttribute("aria-pressed", String(zoomed()));
    document.body.dataset.zoom = zoomed() ? "on" : "off";
    app.dispatchEvent(new Event("zoom"));
    say(zoomed() ? "The photo's own pixels." : "The whole photo.");
    app.preview.ask({ moving: false });
  }

  app.zoom = (on = !zoomed()) => {
    if (!button.disabled) turn(on ? pointer ?? app.focusPlace() : null);
  };

  touch.addEventListener("pointermove", (event) => { pointer = pointOf(event); });
  touch.addEventListener("pointerleave", () => { pointer = null; });
  button.addEventListener("click", () => app.zoom());
  $("stage").addEventListener("wheel", (event) => {
    if (!zoomed() || event.ctrlKey) return;
    event.preventDefault();
    pushBy(-event.deltaX, -event.deltaY);
  }, { passive: false });
  app.addEventListener("photo", () => {
    button.disabled = Math.max(app.photo.width, app.photo.height) > LONGEST_PX;
  });
}
