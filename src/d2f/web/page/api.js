// The HTTP API, all that the page speaks to; what goes wrong comes as a Problem in words.

export class Problem extends Error {
  constructor(words, status = 0) {
    super(words);
    this.status = status;
  }
}

const PATIENCE = 8; // times that a busy server is asked again
const LONGEST_WAIT_S = 10;
const AWAY = "The server does not answer: check that d2f serve still runs.";

export const given_up = (error) => error.name === "AbortError";

const pause = (seconds, signal) =>
  new Promise((done, fail) => {
    const timer = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      fail(new DOMException("given up", "AbortError"));
    });
  });

async function wordsOf(response) {
  try {
    const problem = await response.json();
    return problem.detail || problem.title;
  } catch {
    return `The server answered ${response.status}: try again.`;
  }
}

const waitOf = (header) => Math.min(Math.max(Number(header) || 1, 0.2), LONGEST_WAIT_S);

/** A request; a busy server (429) is asked again after the time it names. */
export async function call(path, { method = "GET", json, signal, keepalive } = {}) {
  const headers = json === undefined ? {} : { "Content-Type": "application/json" };
  const body = json === undefined ? undefined : JSON.stringify(json);
  for (let attempt = 0; ; attempt += 1) {
    let response;
    try {
      response = await fetch(path, { method, headers, body, signal, keepalive });
    } catch (error) {
      throw given_up(error) ? error : new Problem(AWAY);
    }
    if (response.ok) return response;
    if (response.status !== 429 || attempt === PATIENCE) {
      throw new Problem(await wordsOf(response), response.status);
    }
    await pause(waitOf(response.headers.get("Retry-After")), signal);
  }
}

/** Send a form with its progress told: `fetch` has no word for how much has left. */
function sendOnce(path, form, { onSent, signal }) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "json";
    request.upload.onprogress = (event) => onSent?.(event.loaded / (event.total || 1));
    request.onload = () => done(request);
    request.onerror = () => fail(new Problem(AWAY));
    request.onabort = () => fail(new DOMException("given up", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Upload a photo, with a depth map if there is one; answers its state. */
export async function sendPhoto(file, { depth, depthUnit, onSent, signal } = {}) {
  const form = new FormData();
  form.append("photo", file, file.name || "pasted.png");
  if (depth) {
    form.append("depth", depth, depth.name);
    form.append("depth_unit", depthUnit);
  }
  for (let attempt = 0; ; attempt += 1) {
    const request = await sendOnce("v1/photos", form, { onSent, signal });
    if (request.status === 201) return request.response;
    if (request.status !== 429 || attempt === PATIENCE) {
      const problem = request.response ?? {};
      const words = problem.detail || problem.title;
      throw new Problem(words || `The server answered ${request.status}: try again.`, request.status);
    }
    await pause(waitOf(request.getResponseHeader("Retry-After")), signal);
  }
}

/** Address of something of a photo, made with these settings. */
export function addressOf(photo, what, { settings, ...words } = {}) {
  const query = new URLSearchParams(words);
  if (settings) query.set("settings", JSON.stringify(settings));
  return `v1/photos/${photo.id}/${what}?${query}`;
}

/** The picture as a response: full size, in the photo's format or another. */
export const render = (photo, settings, format, signal) =>
  call(addressOf(photo, "render"), { method: "POST", json: { settings, format: format || null }, signal });

/** The name that the server gave a file. */
export function nameOf(response, otherwise) {
  const disposition = response.headers.get("Content-Disposition") ?? "";
  const encoded = /filename\*=(?:utf-8|UTF-8)''([^;]+)/.exec(disposition);
  const plain = /filename="([^"]*)"/.exec(disposition);
  return encoded ? decodeURIComponent(encoded[1]) : (plain?.[1] ?? otherwise);
}

/** Give a file to the person. */
export async function download(response, otherwise) {
  const name = nameOf(response, otherwise);
  const blob = await response.blob();
  keep(blob, name);
  return name;
}

/** Hand a blob over as a file. */
export function keep(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
