// Photo against picture: a split line to drag, and a button to hold.

import { $, clamp, say } from "./dom.js";
import { pointOf, seen } from "./stage.js";

const STEP = 2; // percent, of an arrow key

/** Split line and hold-to-compare. */
export function setUpCompare(app) {
  const line = $("split");
  let at = 50;
  let split = false;
  let held = false;

  function show() {
    const original = $("original");
    original.hidden = !(split || held);
    original.style.clipPath = held ? "none" : `inset(0 ${100 - at}% 0 0)`;
    line.hidden = !split || held;
    $("word-left").hidden = !(split || held);
    $("word-right").hidden = !split || held;
    line.style.left = `${at}%`;
    line.setAttribute("aria-valuenow", String(Math.round(at)));
    line.setAttribute("aria-valuetext", `photo up to ${Math.round(at)} percent`);
    $("compare").setAttribute("aria-pressed", String(split));
    $("hold").setAttribute("aria-pressed", String(held));
  }

  /** A line that zoom has put out of sight comes to the middle of what is seen. */
  function fetchLine() {
    const [left, , right] = seen();
    if (at < left * 100 || at > right * 100) at = 50 * (left + right);
    show();
  }

  function setHeld(value) {
    if (held === value) return;
    held = value;
    show();
    say(held ? "The untouched photo." : "The picture.");
  }

  app.toggleSplit = () => {
    split = !split;
    fetchLine();
  };
  app.hold = setHeld;

  $("compare").addEventListener("click", app.toggleSplit);
  line.addEventListener("pointerdown", (event) => line.setPointerCapture(event.pointerId));
  line.addEventListener("pointermove", (event) => {
    if (!line.hasPointerCapture(event.pointerId)) return;
    at = clamp(pointOf(event)[0] * 100, 0, 100);
    show();
  });
  line.addEventListener("keydown", (event) => {
    const ends = { Home: 0, End: 100 };
    const way = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP }[event.key];
    if (!way && !(event.key in ends)) return;
    event.preventDefault();
    at = clamp(ends[event.key] ?? at + way, 0, 100);
    show();
  });

  app.addEventListener("photo", show);
  app.addEventListener("zoom", fetchLine);

  const button = $("hold");
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    setHeld(true);
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) button.addEventListener(end, () => setHeld(false));
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") setHeld(true); });
  button.addEventListener("keyup", () => setHeld(false));
}
