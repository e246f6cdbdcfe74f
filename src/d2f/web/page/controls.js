// Sliders of lens and light, made from the schema of the settings: its ranges, its words.

import { $, make, round } from "./dom.js";

/** What the panels show. `reach` narrows a range to what is of use for the eye. */
export const CONTROLS = [
  { into: "controls-opening", group: "lens", field: "blades", name: "Blades", step: 1 },
  { into: "controls-opening", group: "lens", field: "roundness", name: "Rounded", step: 0.05, needs: "blades" },
  { into: "controls-lens", group: "lens", field: "rotation_deg", name: "Rotation", step: 1, unit: "°", reach: [0, 180] },
  { into: "controls-lens", group: "lens", field: "cats_eye", name: "Cat's eye", step: 0.05 },
  { into: "controls-lens", group: "lens", field: "squeeze", name: "Anamorphic", step: 0.01, unit: "×" },
  { into: "controls-lens", group: "lens", field: "rim", name: "Rim", step: 0.05 },
  { into: "controls-lens", group: "lens", field: "fringe", name: "Fringe", step: 0.05 },
  { into: "controls-lens", group: "lens", field: "tilt", part: 0, name: "Tilt across", step: 0.05, reach: [-2, 2] },
  { into: "controls-lens", group: "lens", field: "tilt", part: 1, name: "Tilt down", step: 0.05, reach: [-2, 2] },
  { into: "controls-light", group: "light", field: "highlights", name: "Highlights", step: 0.05 },
  { into: "controls-light", group: "light", field: "grain", name: "Grain", step: 0.05 },
];

/** The settings' schema, as the server tells it. */
export class Schema {
  #parts;
  constructor(openapi) {
    this.#parts = openapi.components.schemas;
  }

  field(group, name) {
    const title = `${group[0].toUpperCase()}${group.slice(1)}Settings`;
    const model = this.#parts[title] ?? this.#parts[`${title}-Input`];
    return model.properties[name];
  }

  /** Names of the formats that pictures are written in. */
  get formats() {
    return this.field("output", "format").anyOf.find((kind) => kind.enum).enum;
  }
}

function slider(control, schema, app) {
  const whole = schema.field(control.group, control.field);
  const { minimum, maximum } = control.part === undefined ? whole : whole.prefixItems[control.part];
  const [least, most] = control.reach ?? [minimum, maximum];
  const id = ["set", control.field, control.part].filter((word) => word !== undefined).join("-");
  const input = make("input", {
    type: "range", id, min: Math.max(least, minimum), max: Math.min(most, maximum), step: control.step,
  });
  const output = make("output", {});
  output.htmlFor = id;
  const label = make("label", { htmlFor: id, textContent: control.name });
  const row = make("div", { className: "control", title: whole.description }, label, input, output);
  input.setAttribute("aria-description", whole.description);

  input.addEventListener("input", () => {
    const value = Number(input.value);
    app.look.move((settings) => put(settings[control.group], control, value));
  });
  input.addEventListener("change", () => app.look.rest());
  app.look.addEventListener("settings", () => {
    const values = app.look.settings[control.group];
    const value = control.part === undefined ? values[control.field] : values[control.field][control.part];
    input.value = value;
    input.disabled = control.needs !== undefined && !values[control.needs];
    output.textContent = `${round(Number(value), 2)}${control.unit ?? ""}`;
  });
  return row;
}

function put(group, control, value) {
  if (control.part !== undefined) {
    group[control.field] = group[control.field].map((old, part) => (part === control.part ? value : old));
  } else if (control.field === "blades") {
    group.blades = value > 0 && value < 3 ? (group.blades >= 3 ? 0 : 3) : value; // no iris has 1 or 2
    if (!group.blades) group.roundness = 0;
  } else {
    group[control.field] = value;
  }
}

/** The outline of a light out of focus, as the opening shapes it. */
function outline({ blades, roundness, rotation_deg: turn, squeeze }) {
  const points = [];
  for (let step = 0; step < 240; step += 1) {
    const angle = (step / 240) * 2 * Math.PI;
    const half = Math.PI / Math.max(blades, 3);
    const within = ((angle % (2 * half)) + 2 * half) % (2 * half) - half;
    const straight = blades ? Math.cos(half) / Math.cos(within) : 1;
    const radius = straight + (1 - straight) * roundness;
    const turned = angle + (turn * Math.PI) / 180;
    const wide = Math.max(squeeze, 1);
    points.push(`${(radius * Math.cos(turned)) / wide} ${(-radius * Math.sin(turned) * squeeze) / wide}`);
  }
  return `M${points.join("L")}Z`;
}

/** Make the controls of lens and light. */
export function setUpControls(app, schema) {
  for (const control of CONTROLS) $(control.into).append(slider(control, schema, app));
  const formats = schema.formats.map((name) => make("option", { value: `picture:${name}`, textContent: name.toUpperCase() }));
  $("save-formats").append(...formats);
  app.look.addEventListener("settings", () => $("iris-path").setAttribute("d", outline(app.look.settings.lens)));
}
