// Decisions on their way to the server, one at a time in the order they were made. Each has an id of its own: sent twice, it is done once.
import { forget, keep, keptFor } from "./acts-store.js";

const csrf = () => document.querySelector("meta[name=csrf]").content;
const PAUSES = [1000, 2000, 4000, 8000, 15000];         // milliseconds between tries while the server cannot be reached
const plain = ({ id, owner, order, entry, what, body, revision }) => ({ id, owner, order, entry, what, body, revision });

export class Outbox {
  // refused(act, said, dropped): the server said no to `act`; `dropped` built on it and are not sent. changed(waiting, offline).
  constructor(owner, { refused, changed, login }) {
    Object.assign(this, { owner, refused, changed, login, queue: [], revisions: new Map(), running: false, offline: false, tries: 0, last: 0 });
    addEventListener("online", () => this.wake && this.wake());
  }

  async restore() {
    for (const act of await keptFor(this.owner).catch(() => [])) {
      if (!this.revisions.has(act.entry)) this.revisions.set(act.entry, act.revision);
      this.push(act);
    }
  }

  // The entry is on the screen as of this revision; while acts on it are under way their answers tell the revision.
  know(entry, revision) { if (!this.pending(entry)) this.revisions.set(entry, revision); }
  pending(entry) { return this.queue.some((a) => a.entry === entry); }
  get entries() { return [...new Set(this.queue.map((a) => a.entry).filter(Boolean))]; }

  // The server's answer; { refused } if it said no, { dropped } if the act it built on was refused.
  add(entry, what, body = {}) {
    this.last = Math.max(Date.now(), this.last + 1);
    const act = { id: crypto.randomUUID ? crypto.randomUUID() : madeId(), owner: this.owner, order: this.last, entry, what, body, revision: this.revisions.get(entry) };
    keep(plain(act)).catch(() => {});         // private windows may refuse: then the act lives as long as the page
    return this.push(act);
  }

  push(act) {
    const answered = new Promise((done) => { act.done = done; });
    this.queue.push(act);
    this.tell();
    this.run();
    return answered;
  }

  // The last act, if nothing of it has left this page; then it never happened.
  takeBack() {
    const act = this.queue[this.queue.length - 1];
    if (!act || act.tried || act.what === "undo") return null;
    this.queue.pop();
    forget(act.id).catch(() => {});
    this.tell();
    act.done({ dropped: true });
    return act;
  }

  async run() {
    if (this.running) return;
    this.running = true;
    while (this.queue.length) {
      const act = this.queue[0], said = await this.send(act);
      if (said === "again") {
        this.offline = true;
        this.tell();
        await new Promise((go) => { this.wake = go; setTimeout(go, PAUSES[Math.min(this.tries++, PAUSES.length - 1)]); });
        continue;
      }
      if (said === "login") { this.running = false; this.login(); return; }
      this.offline = false;
      this.tries = 0;
      this.answered(act, said);
    }
    this.running = false;
  }

  answered(act, said) {
    this.queue.shift();
    forget(act.id).catch(() => {});
    const later = said.refused && act.what !== "comment" ? this.queue.filter((a) => a.entry === act.entry && a.what !== "comment") : [];
    for (const lost of later) { this.queue.splice(this.queue.indexOf(lost), 1); forget(lost.id).catch(() => {}); lost.done({ dropped: true }); }
    if (!said.refused && said.revision !== undefined) {
      this.revisions.set(said.entry, said.revision);
      for (const next of this.queue.filter((a) => a.entry === said.entry)) { next.revision = said.revision; keep(plain(next)).catch(() => {}); }
    }
    act.done(said);
    this.tell();
    if (said.refused) this.refused(act, said.refused, later);
  }

  async send(act) {
    act.tried = true;
    const revised = ["undo", "comment"].includes(act.what) ? {} : { revision: this.revisions.get(act.entry) ?? act.revision };
    const path = act.what === "undo" ? "/review/undo" : `/review/${act.entry}/${act.what}`;
    let answer;
    try {
      answer = await fetch(path, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf(), Accept: "application/json" }, body: JSON.stringify({ id: act.id, ...revised, ...act.body }) });
    } catch { return "again"; }
    if (answer.status === 401) return "login";
    if (answer.status >= 500 || answer.status === 429) return "again";
    const said = await answer.json().catch(() => null);
    if (said === null) return "again";
    if (said.code === "forged") return "login";          // signed in anew since: the page must be opened again
    return answer.ok ? said : { refused: said };
  }

  tell() { this.changed(this.queue.length, this.offline); }
}

function madeId() {         // over plain http to another machine there is no crypto.randomUUID
  const b = crypto.getRandomValues(new Uint8Array(16)), hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
