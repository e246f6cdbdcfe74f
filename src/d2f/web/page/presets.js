// Lenses to start from. f-number, blades and squeeze are facts of the lens that is named; how far
// swirl (cat's eye), rims and rounding go is set to taste. None changes the angle of view.

import { $, make } from "./dom.js";

const ROUND = { blades: 0, roundness: 0, rotation_deg: 0, squeeze: 1, rim: 0, cats_eye: 0, fringe: 0 };

export const PRESETS = [
  { name: "Plain round opening", words: "A perfect disc, f/1.8 to begin with.", lens: { f_number: 1.8 } },
  {
    name: "Canon EF 85mm f/1.2L II", words: "f/1.2, 8 rounded blades; eyes of a cat in the corners.",
    lens: { f_number: 1.2, blades: 8, roundness: 0.8, cats_eye: 0.4 },
  },
  {
    name: "Nikon AF-S 105mm f/1.4E", words: "f/1.4, 9 rounded blades.",
    lens: { f_number: 1.4, blades: 9, roundness: 0.85, cats_eye: 0.3 },
  },
  {
    name: "Sony FE 135mm f/1.8 GM", words: "f/1.8, 11 blades, near to a circle.",
    lens: { f_number: 1.8, blades: 11, roundness: 0.9, cats_eye: 0.25 },
  },
  {
    name: "Helios 44-2 58mm f/2", words: "f/2, 8 blades; the background swirls.",
    lens: { f_number: 2, blades: 8, roundness: 0.7, cats_eye: 0.9, rim: 0.25 },
  },
  {
    name: "Petzval 85mm f/2.2", words: "f/2.2, round stops; the strongest swirl.",
    lens: { f_number: 2.2, cats_eye: 1, rim: 0.1 },
  },
  {
    name: "Meyer Trioplan 100mm f/2.8", words: "f/2.8, 15 blades; soap bubbles.",
    lens: { f_number: 2.8, blades: 15, roundness: 0.6, rim: 1, fringe: 0.2 },
  },
  {
    name: "Hasselblad Planar 80mm f/2.8", words: "f/2.8, 5 blades: pentagons.",
    lens: { f_number: 2.8, blades: 5, roundness: 0.1 },
  },
  {
    name: "Anamorphic 1.33×", words: "Tall ovals, as of lenses that squeeze by 1.33.",
    lens: { f_number: 1.8, squeeze: 1.33, cats_eye: 0.2 },
  },
  {
    name: "Anamorphic 2×", words: "Tall ovals, as of lenses that squeeze by 2.",
    lens: { f_number: 2, squeeze: 2, cats_eye: 0.3 },
  },
  {
    name: "Stopped down, six blades", words: "f/5.6 through a plain iris: small hexagons.",
    lens: { f_number: 5.6, blades: 6 },
  },
];

const lensOf = (preset) => ({ ...ROUND, ...preset.lens, blur_percent: null });
// A lens stays the same lens when it is stopped down: only its shape tells it.
const holds = (lens, preset) => Object.entries({ ...ROUND, ...preset.lens, f_number: lens.f_number })
  .every(([name, value]) => lens[name] === value);

/** The list of lenses for `app.look`. */
export function setUpPresets(app) {
  const list = $("preset");
  const own = make("option", { value: "own", textContent: "own settings" });
  list.append(...PRESETS.map((preset, at) => make("option", { value: at, textContent: preset.name })), own);
  list.addEventListener("change", () => {
    const preset = PRESETS[list.value];
    if (preset) app.look.change((settings) => Object.assign(settings.lens, lensOf(preset)));
    else app.look.rest();
  });
  app.look.addEventListener("settings", () => {
    const at = PRESETS.findIndex((preset) => holds(app.look.settings.lens, preset));
    list.value = at < 0 ? "own" : String(at);
    own.hidden = at >= 0;
    $("preset-words").textContent = at < 0 ? "" : PRESETS[at].words;
  });
}
