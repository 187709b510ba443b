// Typing over a field's value. The server says whether it is a value; meanwhile, with the line down, it stands as typed and waits.
import { textOf } from "./entry.js";

const PATIENCE = 1500;      // milliseconds to wait for the answer before going on

export class Editing {
  constructor(desk) { Object.assign(this, { desk, on: false, saving: false }); }

  get entry() { return this.desk.entry; }
  get input() { return this.entry.$("value"); }
  get choice() { return this.entry.$("choice"); }

  start(typed) {
    const entry = this.entry, field = entry.fieldOf(entry.active), words = this.desk.words;
    if (!entry.editable) { this.desk.toast(words.locked, true); return; }
    if (!field) return;
    if (field !== entry.active) entry.activate(field);
    this.on = true;
    if (field.dataset.choices) {
      const same = (value) => value === field.dataset.value;
      this.choice.replaceChildren(...JSON.parse(field.dataset.choices).map(([value, text]) => new Option(text || words.empty, value, false, same(value))));
      this.input.hidden = true; this.choice.hidden = false; this.choice.focus();
    } else {
      this.input.readOnly = false;
      this.input.value = typed === undefined ? field.dataset.shown : typed;
      this.input.focus();
      if (typed === undefined) this.input.select();
    }
    entry.$("loupe-note").textContent = words.edit_hint;
  }

  stop() { this.on = false; this.input.readOnly = true; this.input.hidden = false; this.choice.hidden = true; }
  cancel() { this.stop(); this.entry.activate(this.entry.active); }

  async save() {
    if (this.saving) return;
    const entry = this.entry, field = entry.active, text = this.choice.hidden ? this.input.value : this.choice.value;
    const before = this.choice.hidden ? field.dataset.shown : field.dataset.value;
    const doubted = ["missing", "doubtful", "unsure"].some((c) => field.classList.contains(c));
    if (text === before && !doubted) { this.stop(); entry.move(1); return; }
    this.saving = true;
    const answer = this.desk.outbox.add(entry.id, "field", { code: field.dataset.code, text });
    answer.then((said) => this.answered(entry, field, text, said));
    const said = await Promise.race([answer, new Promise((go) => setTimeout(go, PATIENCE, null))]);
    this.saving = false;
    if (this.desk.entry !== entry || (said && (said.refused || said.dropped))) return;
    if (!said) entry.write(field, text, text, true);        // under way: it stands as typed
    this.stop();
    this.desk.toast(this.desk.words.saved);
    entry.move(1);
  }

  answered(entry, field, text, said) {
    if (!said || said.refused || said.dropped) return;
    entry.write(field, text, said.shown, false);
    entry.renewFindings(said.findings);
    if (entry.active === field && !this.on) this.input.value = textOf(field);
  }

  // The server does not take the value: back to the box, with what was typed and why not.
  again(entry, code, text, message) {
    if (this.desk.entry !== entry) return false;
    const field = entry.root.querySelector(`.field[data-code="${code}"]`);
    if (entry.active !== field) entry.activate(field);
    if (!this.on) this.start(text);
    entry.$("problem").textContent = message;
    entry.$("problem").hidden = false;
    return true;
  }
}
