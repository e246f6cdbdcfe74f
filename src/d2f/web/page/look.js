// The look: settings as the server knows them, and the history of what was done.

const copy = (tree) => structuredClone(tree);

/** Settings with undo and redo; an entry may also be a stroke, whose undo the server does. */
export class Look extends EventTarget {
  settings = null;
  #start = null;
  #past = [];
  #future = [];
  #before = null; // where a gesture of many small steps began

  /** Begin with a photo's settings; `kept` are those of a look that goes on. */
  begin(settings, kept = null) {
    this.#start = copy(settings);
    this.settings = copy(kept ?? settings);
    this.#past = [];
    this.#future = [];
    this.#before = null;
    this.#tell("begin");
  }

  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }

  /** Change settings while the hand moves: undone in one step, from where it began. */
  move(change) {
    this.#before ??= copy(this.settings);
    change(this.settings);
    this.#tell("move");
  }

  /** The hand rests: what it did becomes one entry of the history. */
  rest() {
    const before = this.#before;
    this.#before = null;
    if (before && JSON.stringify(before) !== JSON.stringify(this.settings)) {
      this.#enter({ before, after: copy(this.settings) });
    }
    this.#tell("rest");
  }

  change(change) {
    this.move(change);
    this.rest();
  }

  reset() {
    this.change((settings) => Object.assign(settings, copy(this.#start)));
  }

  /** Something done elsewhere (a stroke): two functions that undo and redo it. */
  did(entry) {
    this.#enter(entry);
    this.#tell("history");
  }

  /** Strokes that were cleared can no longer be undone. */
  forget(isGone) {
    this.#past = this.#past.filter((entry) => !isGone(entry));
    this.#future = this.#future.filter((entry) => !isGone(entry));
    this.#tell("history");
  }

  lastIs(kind) {
    const last = this.#past.at(-1);
    return last !== undefined && kind(last);
  }

  /** The last entry of a kind was undone by other means. */
  forgetLast(kind) {
    const last = this.#past.findLast(kind);
    this.forget((entry) => entry === last);
  }

  undo() { return this.#step(this.#past, this.#future, "before", "undo"); }
  redo() { return this.#step(this.#future, this.#past, "after", "redo"); }

  async #step(from, to, side, action) {
    const entry = from.pop();
    if (!entry) return;
    to.push(entry);
    if (!entry[action]) this.settings = copy(entry[side]);
    else if (!(await entry[action]())) return this.#put(from, to, entry);
    this.#tell("rest");
  }

  /** A stroke that the server would not undo stays where it was. */
  #put(from, to, entry) {
    to.splice(to.indexOf(entry), 1);
    from.push(entry);
    this.#tell("history");
  }

  #enter(entry) {
    this.#past.push(entry);
    this.#future = [];
  }

  #tell(kind) {
    this.dispatchEvent(new Event(kind));
    if (kind !== "history") this.dispatchEvent(new Event("settings"));
  }
}
