// The elements of the page, and how it speaks to people.

export const $ = (id) => document.getElementById(id);

/** Say softly what happened; read out by a screen reader. */
export function say(words) {
  $("status").textContent = words;
}

/** Say in words what went wrong, where all can see it, until the next thing is done. */
export const warn = (words) => notice(words, "wrong");

/** Say what is well, in the same place. */
export const tell = (words) => notice(words, "well");

function notice(words, kind) {
  $("notice-words").textContent = words;
  $("notice").dataset.kind = kind;
  $("notice").classList.add("shown");
  $("notice-close").hidden = false;
}

export function calm() {
  $("notice").classList.remove("shown");
  $("notice-words").textContent = "";
  $("notice-close").hidden = true;
}

/** An element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export const clamp = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);
export const round = (value, digits = 4) => Number(value.toFixed(digits));

/** Open the file dialog of a hidden input; calls back with what was chosen. */
export function chooser(input, taken) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) taken(files);
  });
  return () => input.click();
}
