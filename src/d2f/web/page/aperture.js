// The aperture in stops: equal travel of the slider is equal light.

import { $, clamp, make } from "./dom.js";

const FASTEST = 1;
const SLOWEST = 22;
const NAMES = [ // what is engraved on lenses: thirds of a stop
  1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3.2, 3.5, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9, 10, 11, 13, 14, 16, 18, 20, 22,
];
const MARKED = [1, 1.4, 2, 2.8, 4, 5.6, 8, 11, 16, 22];
const SNAP_STOPS = 0.04; // so near to an engraved name that it is meant

export const stopsOf = (fNumber) => 2 * Math.log2(fNumber);
const near = (fNumber) => NAMES.reduce((best, name) =>
  Math.abs(stopsOf(name) - stopsOf(fNumber)) < Math.abs(stopsOf(best) - stopsOf(fNumber)) ? name : best);

/** The f-number of a place on the slider: an engraved one where that is meant. */
export function fNumberOf(stops) {
  const exact = clamp(2 ** (stops / 2), FASTEST, SLOWEST);
  const name = near(exact);
  return Math.abs(stopsOf(name) - stops) < SNAP_STOPS ? name : Number(exact.toPrecision(3));
}

const share = (fNumber) => (stopsOf(fNumber) - stopsOf(FASTEST)) / (stopsOf(SLOWEST) - stopsOf(FASTEST));

/** Put something below or above the slider where its thumb would stand; thumb 24 px wide. */
function standAt(element, fNumber) {
  const at = share(fNumber);
  element.style.left = `calc(${at * 100}% + ${12 - 24 * at}px)`;
}

/** The slider of `app.look`'s f-number, with the shot's own marked. */
export function setUpAperture(app) {
  const slider = $("aperture");
  Object.assign(slider, { min: stopsOf(FASTEST), max: stopsOf(SLOWEST), step: "any" });
  $("ticks").replaceChildren(...MARKED.map((name) => {
    const tick = make("span", { textContent: name });
    standAt(tick, name);
    return tick;
  }));

  function set(fNumber) {
    app.look.move((settings) => Object.assign(settings.lens, { f_number: fNumber, blur_percent: null }));
  }

  function key(event) {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -3, PageUp: 3 }[event.key];
    if (!way) return;
    event.preventDefault();
    const at = NAMES.indexOf(near(app.look.settings.lens.f_number));
    set(NAMES[clamp(at + way, 0, NAMES.length - 1)]);
  }

  slider.addEventListener("input", () => set(fNumberOf(Number(slider.value))));
  slider.addEventListener("change", () => app.look.rest());
  slider.addEventListener("keydown", key);
  slider.addEventListener("keyup", (event) => { if (/Arrow|Page/.test(event.key)) app.look.rest(); });

  app.look.addEventListener("settings", () => {
    const { f_number: fNumber, blur_percent: percent } = app.look.settings.lens;
    const infinite = !Number.isFinite(Number(fNumber));
    const words = infinite ? "no blur" : `f/${Number(fNumber)}`;
    slider.value = stopsOf(infinite ? SLOWEST : Number(fNumber));
    $("f-number").textContent = percent === null ? words : `${percent} % blur`;
    slider.setAttribute("aria-valuetext", $("f-number").textContent);
  });

  app.addEventListener("photo", () => {
    const own = app.photo.shot.f_number;
    $("shot-mark").hidden = !own;
    $("aperture-help").textContent = own
      ? `The mark is the shot's own f/${own}; equal travel is equal light.`
      : "To the left more blur; equal travel is equal light.";
    if (own) {
      $("shot-mark").title = `taken at f/${own}`;
      standAt($("shot-mark"), clamp(own, FASTEST, SLOWEST));
    }
  });
}
