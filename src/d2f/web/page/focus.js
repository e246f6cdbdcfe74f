// The focus: its mark, a click, a box, chips, and arrow keys.

import { $, clamp, make, round, say } from "./dom.js";
import { place, pointOf, pushBy, reveal, zoomed } from "./stage.js";

const BOX_FROM_PX = 10; // a shorter drag is a click of an unsteady hand
const LEAST_BOX = 0.01;
const STEP = 0.01;
const LARGE_STEP = 0.05;
const LABEL_MS = 2600;
const LABELS = { box: "box", nearest: "nearest", farthest: "farthest" };
const CHIPS = [["auto", "Auto"], ["nearest", "Nearest"], ["farthest", "Farthest"]];

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;
const focusOf = (mode, values = {}) => ({ mode, point: null, box: null, distance_m: null, ...values });
const atPoint = ([x, y]) => focusOf("point", { point: [round(clamp(x)), round(clamp(y))] });

function boxOf([x0, y0], [x1, y1]) {
  const [left, right] = [clamp(Math.min(x0, x1)), clamp(Math.max(x0, x1))];
  const [top, bottom] = [clamp(Math.min(y0, y1)), clamp(Math.max(y0, y1))];
  const x = Math.min(round(left), 1 - LEAST_BOX);
  const y = Math.min(round(top), 1 - LEAST_BOX);
  const width = round(clamp(right - x, LEAST_BOX, 1 - x));
  const height = round(clamp(bottom - y, LEAST_BOX, 1 - y));
  return [x, y, width, height];
}

/** Lets people choose the focus in `app.look`, and shows what was found. */
export function setUpFocus(app) {
  const mark = $("mark");
  let found = null;
  let start = null;
  let fade = 0;

  const choose = (focus) => app.look.change((settings) => { settings.focus = focus; });

  function showMark(point, { quick = false } = {}) {
    mark.classList.toggle("moved", !quick);
    mark.classList.toggle("low", point[1] > 0.8);
    place(mark, { x: point[0], y: point[1] });
  }

  function showBox(box) {
    $("box").hidden = !box;
    if (box) place($("box"), { x: box[0], y: box[1], width: box[2], height: box[3] });
  }

  function label(words) {
    $("mark-label").textContent = words;
    $("mark-label").classList.remove("faded");
    clearTimeout(fade);
    fade = setTimeout(() => $("mark-label").classList.add("faded"), LABEL_MS);
  }

  // Gestures on the photo

  function down(event) {
    if (app.brush.on || !event.isPrimary || event.button !== 0) return;
    start = { at: pointOf(event), x: event.clientX, y: event.clientY, dragged: false };
    event.currentTarget.setPointerCapture(event.pointerId);
  }

  function move(event) {
    if (!start || !event.isPrimary) return;
    const way = [event.clientX - start.x, event.clientY - start.y];
    if (Math.hypot(...way) > BOX_FROM_PX) start.dragged = true;
    if (!start.dragged) return;
    if (!zoomed()) return showBox(boxOf(start.at, pointOf(event)));
    pushBy(...way);
    Object.assign(start, { x: event.clientX, y: event.clientY });
  }

  function up(event) {
    if (!start) return;
    const { at, dragged } = start;
    start = null;
    if (event.type === "pointercancel") return show();
    if (dragged && zoomed()) return;
    if (dragged) {
      choose(focusOf("box", { box: boxOf(at, pointOf(event)) }));
      say("All in the box stays sharp.");
    } else {
      showMark(at, { quick: true });
      choose(atPoint(at));
    }
  }

  function key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Enter" && app.brush.on) {
      event.preventDefault();
      app.brush.dab(app.focusPlace());
    }
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const from = app.focusPlace();
    const point = [from[0] + way[0] * step, from[1] + way[1] * step];
    app.look.move((settings) => { settings.focus = atPoint(point); });
    showMark(app.look.settings.focus.point, { quick: true });
    reveal(app.look.settings.focus.point);
  }

  app.focusPlace = () => app.look.settings.focus.point ?? [found?.x ?? 0.5, found?.y ?? 0.5];

  const touch = $("touch");
  touch.addEventListener("pointerdown", down);
  touch.addEventListener("pointermove", move);
  touch.addEventListener("pointerup", up);
  touch.addEventListener("pointercancel", up);
  mark.addEventListener("keydown", key);
  mark.addEventListener("keyup", (event) => { if (event.key.startsWith("Arrow")) app.look.rest(); });

  // What is shown

  function chip(words, focus, box) {
    const button = make("button", { type: "button", className: "chip", textContent: words });
    button.focusChoice = JSON.stringify(focus);
    button.addEventListener("click", () => choose(focus));
    if (box) {
      button.addEventListener("pointerenter", () => showBox(box));
      button.addEventListener("pointerleave", show);
    }
    return button;
  }

  function chips(photo) {
    const counts = { face: 0, subject: 0 };
    const totals = { face: 0, subject: 0 };
    for (const { kind } of photo.subjects) totals[kind] += 1;
    const own = photo.subjects.map(({ kind, point, box }) => {
      counts[kind] += 1;
      const name = kind === "face" ? "Face" : "Subject";
      return chip(totals[kind] > 1 ? `${name} ${counts[kind]}` : name, atPoint(point), box);
    });
    const words = CHIPS.map(([mode, name]) => chip(name, focusOf(mode)));
    $("chips").replaceChildren(words[0], ...own, ...words.slice(1));
  }

  function show() {
    const { focus } = app.look.settings;
    showBox(focus.box);
    if (focus.point) showMark(focus.point);
    for (const button of $("chips").children) {
      button.setAttribute("aria-pressed", String(button.focusChoice === JSON.stringify(focus)));
    }
  }

  function tell(focus) {
    found = focus;
    const at = `${Math.round(focus.x * 100)} % across, ${Math.round(focus.y * 100)} % down`;
    const confidence = `${focus.certainty}, ${Math.round(focus.confidence * 100)} %`;
    const automatic = app.look.settings.focus.mode === "auto";
    mark.dataset.certainty = focus.certainty;
    const words = sentence(automatic ? `${focus.reason} (${confidence})` : focus.reason);
    if ($("focus-words").textContent !== words) {
      $("focus-words").textContent = words;
      say(`Focus ${at}. ${words}`);
    }
    if (!app.look.settings.focus.point) showMark([focus.x, focus.y]);
    const { mode } = app.look.settings.focus;
    const name = automatic ? `autofocus, ${confidence}` : LABELS[mode] ?? "focus";
    mark.setAttribute("aria-label", `${name}: focus mark, ${at}`);
    label(name);
  }

  app.look.addEventListener("settings", show);
  app.preview.addEventListener("found", (event) => tell(event.detail));
  app.addEventListener("photo", () => {
    chips(app.photo);
    tell(app.photo.focus);
    $("warnings").replaceChildren(...app.photo.warnings.map((words) => make("li", { textContent: sentence(words) })));
    show();
  });
}
