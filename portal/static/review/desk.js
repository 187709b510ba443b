// The desk: one entry on the screen, the next at hand, decisions sent behind the reviewer's back, and a way back when one is refused.
import { Ahead, fetched } from "./ahead.js";
import { ask } from "./dialogs.js";
import { Editing } from "./editing.js";
import { Entry, fill } from "./entry.js";
import { Leases, send } from "./leases.js";
import { Loupe } from "./loupe.js";
import { Outbox } from "./outbox.js";
import { PageViewer } from "./page-viewer.js";

const $ = (id) => document.getElementById(id);
const SETTLE = 250;         // milliseconds in which a new entry takes no Enter: the second of two quick presses was meant for the old one

export class Desk {
  constructor() {
    this.words = JSON.parse($("words").textContent);
    this.slot = $("slot");
    this.viewer = new PageViewer($("view"), $("no-picture"));
    this.loupe = new Loupe();
    this.ahead = new Ahead(this.slot.dataset.query);
    this.editing = new Editing(this);
    this.leases = new Leases({
      held: () => [...new Set([...(this.entry && this.entry.editable ? [this.entry.id] : []), ...this.ahead.ids, ...this.outbox.entries])],
      kept: (id) => this.outbox.pending(id), lost: (id, message) => this.lost(id, message), tell: (minutes, offline) => this.tellLease(minutes, offline),
    });
    this.outbox = new Outbox(this.slot.dataset.owner, {
      refused: (act, said, dropped) => this.refused(act, said, dropped), changed: (n, offline) => this.tellUnsent(n, offline),
      login: () => { location.href = `/login?next=${encodeURIComponent(location.pathname)}`; },
    });
    this.outbox.restore();
    this.take();
  }

  // ---- what is on the screen ----------------------------------------------------------------------------------------------------

  take() {
    this.entry?.leave();
    if (this.editing.on) this.editing.on = false;
    const root = $("entry"), entry = new Entry(root, this.viewer, this.loupe, this.words);
    this.entry = entry;
    this.outbox.know(entry.id, Number(root.dataset.revision));
    this.leases.start(entry.editable ? Number(root.dataset.lease) : 0);
    $("file").textContent = root.dataset.file;
    document.title = root.dataset.title;
    this.viewer.open(entry.pages);
    entry.start();
    setTimeout(() => { root.dataset.ready = "1"; }, SETTLE);
    if (entry.editable) this.ahead.fill(entry.id, this.busy);
  }

  get busy() { return [...this.outbox.entries, ...this.ahead.ids]; }

  show(html, message = "") {
    this.slot.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    const root = $("entry");
    history.replaceState(null, "", `/review/${root.dataset.entry}${this.ahead.query ? `?${this.ahead.query}` : ""}`);
    send(`/review/${root.dataset.entry}/shown`).catch(() => {});
    this.take();
    if (message) this.entry.refuse(message);
  }

  // To an entry out of turn; the one on the screen comes next. Shows why.
  async goTo(id, message = "") {
    const left = this.entry;
    const html = await fetched(id);
    if (html === null) { this.toast(message || this.words.offline, true); return; }
    if (left.id !== id && left.editable && !this.outbox.pending(left.id)) this.ahead.interrupt(left.id);
    this.ahead.drop(id);
    this.show(html, message);
  }

  async goOn() {
    const left = this.entry.id;
    this.slot.classList.add("gone");        // decided: nothing more can be done to it
    delete this.entry.root.dataset.ready;
    this.moving = true;
    const html = await this.ahead.next(left, [...this.busy, left]);
    this.moving = false;
    this.slot.classList.remove("gone");
    if (html !== null) { this.show(html); return; }
    this.toast(this.words.last);
    await this.drained();
    this.leaving = true;
    location.href = `/review?${this.ahead.query}`;
  }

  drained() { return new Promise((done) => { const look = () => (this.outbox.queue.length ? setTimeout(look, 100) : done()); look(); }); }

  // ---- deciding -----------------------------------------------------------------------------------------------------------------

  // Enter: yes to what is looked at, on to what has not been; when nothing is left, the people agreed to are named and the entry verified.
  accept() {
    const entry = this.entry, words = this.words;
    if (this.moving || !entry.root.dataset.ready) return;
    if (!entry.editable) { this.goOn(); return; }
    const here = entry.active;
    if (here && entry.undecided(here)) {
      if (!here.dataset.proposed || !entry.seen.has(here)) { here.scrollIntoView({ block: "nearest" }); this.toast(words.undecided, true); return; }
      entry.agree(here);
    }
    const left = entry.left;
    if (left.length) { entry.activate(left[0]); return; }
    const open = entry.stops.find((s) => entry.undecided(s));
    if (open) { entry.activate(open); this.toast(words.undecided, true); return; }
    const unseen = entry.unseen;
    if (unseen.length) { entry.activate(unseen[0], { top: true }); this.toast(words.unseen); return; }
    if (Number(entry.root.dataset.contradictions) && !entry.acknowledged) {
      entry.acknowledged = true;
      entry.$("scroll").scrollTo({ top: 0 });
      this.toast(words.hard, true);
      return;
    }
    this.outbox.add(entry.id, "accept", { people: entry.agreed, acknowledge: entry.acknowledged });
    this.goOn();
  }

  pick(index) {
    const entry = this.entry;
    const role = entry.active && entry.active.dataset.role ? entry.active : entry.links.find((s) => s.dataset.state === "review");
    if (!role || !entry.editable || this.moving) return;
    const row = index === 0 ? role.querySelector(".candidate.none") : role.querySelectorAll(".candidate:not(.none)")[index - 1];
    if (!row && index !== 0) return;
    const said = index === 0 ? this.words.nobody : this.words.chosen;
    this.outbox.add(entry.id, "link", { role: role.dataset.role, personal_id: row && row.dataset.id ? row.dataset.id : null });
    entry.choose(role, row, said);
    this.toast(said);
    entry.activate(entry.links.find((s) => entry.undecided(s)) || role);
  }

  // Not this person: they leave the list for good (Ctrl Z brings them back), who it is stays open.
  async ruleOut(row) {
    const entry = this.entry;
    if (!entry.editable) return;
    const said = await this.outbox.add(entry.id, "rule-out", { role: row.closest(".match").dataset.role, personal_id: row.dataset.id });
    if (!said.refused && !said.dropped && this.entry === entry) this.goTo(entry.id);
  }

  async reject() {
    if (!this.entry.editable) { this.toast(this.words.locked, true); return; }
    const said = await ask("reject");
    if (!said) return;
    this.outbox.add(this.entry.id, "reject", { reason: said.reason, note: said.note });
    this.goOn();
  }

  async unsure() {
    if (!this.entry.editable) { this.toast(this.words.locked, true); return; }
    const said = await ask("unsure");
    if (!said) return;
    this.outbox.add(this.entry.id, "unsure", { note: said.note }).then((a) => { if (a.unsure_today) this.toast(fill(this.words.unsure_done, { n: a.unsure_today })); });
    this.goOn();
  }

  async comment() {
    const entry = this.entry, said = await ask("comment");
    if (!said || !said.note.trim()) return;
    this.outbox.add(entry.id, "comment", { text: said.note });
    const item = document.createElement("li"), head = document.createElement("span");
    head.className = "small muted";
    head.textContent = `${this.words.me} · ${this.words.now}`;
    item.append(head, document.createElement("br"), said.note.trim());
    entry.$("comments").hidden = false;
    entry.root.querySelector("#comments ul").append(item);
    entry.$("comments").scrollIntoView({ block: "nearest" });
    this.toast(this.words.commented);
  }

  skip() {
    if (this.moving) return;
    if (this.entry.editable && !this.outbox.pending(this.entry.id)) send("/review/release", { entries: [this.entry.id] }).catch(() => {});
    this.goOn();
  }

  async undo() {
    const back = this.outbox.takeBack();
    if (back) { if (back.entry === this.entry.id) this.goTo(back.entry); else await this.goTo(back.entry); this.toast(this.words.undone); return; }
    const asked = this.outbox.add(0, "undo");
    if (this.outbox.offline) this.toast(this.words.undo_later, true);
    const said = await asked;
    if (said.refused || said.dropped) return;
    await this.goTo(said.entry);
    this.toast(this.words.undone);
  }

  // ---- what comes back ----------------------------------------------------------------------------------------------------------

  // The server refused a decision: back to its entry with the reason, and with what was typed; what built on it was not sent.
  refused(act, said) {
    if (act.what === "undo") { this.toast(said.message, true); return; }
    if (said.code === "bad_value" && this.entry.id === act.entry && this.editing.again(this.entry, act.body.code, act.body.text, said.message)) return;
    const typed = act.body.text ? ` ${fill(this.words.typed, { text: act.body.text })}` : "";
    this.goTo(act.entry, fill(this.words.not_saved, { why: said.message }) + typed);
  }

  lost(id, message) {
    this.ahead.drop(id);
    if (this.entry.id === id && !this.moving) this.goTo(id, message);
  }

  // ---- telling ------------------------------------------------------------------------------------------------------------------

  toast(text, bad = false) {
    const box = $("toast");
    box.textContent = text;
    box.classList.toggle("bad", bad);
    box.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => { box.hidden = true; }, bad ? 6000 : 2200);
  }

  tellUnsent(n, offline) {
    const box = $("unsent");
    document.body.dataset.unsent = n;
    box.hidden = !(n && offline);
    box.textContent = offline ? fill(this.words.unsent, { n }) : "";
  }

  tellLease(minutes, offline) {
    const box = $("lease");
    if (!box) return;
    box.hidden = minutes === null;
    if (minutes !== null) box.textContent = minutes === 0 ? this.words.lease_over : fill(offline ? this.words.lease_offline : this.words.lease, { n: minutes });
  }
}
