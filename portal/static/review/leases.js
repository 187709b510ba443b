// Entries that this page holds: the one on the screen, those fetched ahead, those with decisions under way. Held on while somebody works.
const IDLE = 10 * 60 * 1000;        // milliseconds without a key or a click after which nothing is held on any more

export class Leases {
  // held(): ids to hold; lost(id, message); tell(minutes, offline): minutes left when they matter, null when they do not, 0 when it is over.
  constructor({ held, kept, lost, tell }) {
    Object.assign(this, { held, kept, lost, tell, seconds: 300, until: 0, offline: false, active: Date.now() });
    for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, () => this.wake(), { capture: true, passive: true });
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => { if (event.persisted) this.hold(); });
    setInterval(() => this.tick(), 5000);
  }

  // An entry was just leased for that many seconds; 0: what is on the screen is not held.
  start(seconds) { this.seconds = seconds || this.seconds; this.until = seconds ? Date.now() + seconds * 1000 : 0; this.asked = Date.now(); this.show(); }

  wake() {
    const idle = Date.now() - this.active > IDLE;
    this.active = Date.now();
    if (this.until && (idle || this.until - Date.now() < this.seconds * 600)) this.hold();
  }

  tick() {
    const due = Date.now() - this.asked > Math.min(60, this.seconds / 4) * 1000;
    if (this.until && due && Date.now() - this.active < IDLE) this.hold();
    this.show();
  }

  async hold() {
    this.asked = Date.now();
    const ids = this.held();
    if (!ids.length) return;
    try {
      const answer = await send("/review/hold", { entries: ids.slice(0, 8) });
      if (!answer.ok) throw new Error(answer.status);
      const said = await answer.json();
      this.offline = false;
      if (this.until) this.until = this.asked + said.seconds * 1000;
      for (const [id, message] of Object.entries(said.lost)) this.lost(Number(id), message);
    } catch { this.offline = true; }
    this.show();
  }

  show() {
    const left = this.until - Date.now();
    if (!this.until || left > this.seconds * 600) this.tell(null, false);
    else this.tell(left <= 0 ? 0 : Math.max(1, Math.round(left / 60000)), this.offline);
  }

  leave() {
    const ids = this.held().filter((id) => !this.kept(id));
    if (ids.length) send("/review/release", { entries: ids.slice(0, 8) }).catch(() => {});
  }
}

export function send(path, body) {
  const csrf = document.querySelector("meta[name=csrf]").content;
  return fetch(path, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" }, body: JSON.stringify(body || {}) });
}
