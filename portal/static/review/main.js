// Deciding entries by keyboard: which key does what, and the same by the mouse.
import { Desk } from "./desk.js";
import * as dialogs from "./dialogs.js";

const desk = new Desk();
const viewer = desk.viewer, editing = desk.editing;
const button = (name) => document.querySelector(`[data-do="${name}"]`);

const doings = {
  accept: () => desk.accept(), next: () => desk.goOn(), edit: () => editing.start(), undo: () => desk.undo(), skip: () => desk.skip(),
  reject: () => desk.reject(), unsure: () => desk.unsure(), comment: () => desk.comment(), help: dialogs.help,
  "zoom-in": () => viewer.zoom(1.25), "zoom-out": () => viewer.zoom(0.8), "fit-page": () => viewer.fitPage(), turn: () => viewer.turn(90), "turn-back": () => viewer.turn(-90),
  follow: () => button("follow").setAttribute("aria-pressed", String(viewer.toggleFollow())),
  ink: () => { const at = viewer.darken(); button("ink").textContent = desk.words.ink[at]; button("ink").setAttribute("aria-pressed", String(at > 0)); },
  evidence: () => document.body.classList.toggle("all-evidence"),
};
const keys = {
  Enter: "accept", F2: "edit", r: "reject", s: "skip", c: "unsure", g: "comment", "?": "help", "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", f: "fit-page",
  "]": "turn", "[": "turn-back", t: "follow", m: "ink", v: "evidence",
};
const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
const pans = { ArrowDown: [0, 1], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowLeft: [-1, 0] };

document.addEventListener("keydown", (event) => {
  if (dialogs.open() || event.isComposing) return;
  if (editing.on) {
    if (["Enter", "Tab"].includes(event.key)) { event.preventDefault(); editing.save(); }
    else if (event.key === "Escape") { event.preventDefault(); editing.cancel(); }
    return;
  }
  if (event.target.closest("header.top, a, .sheet-tools, .keys, summary, .alert button") && ["Enter", " ", "Tab"].includes(event.key)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { event.preventDefault(); if (!event.repeat) desk.undo(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Tab") {
    const entry = desk.entry, next = entry.stops.indexOf(entry.active) + (event.shiftKey ? -1 : 1);
    if (next >= 0 && next < entry.stops.length) { event.preventDefault(); entry.activate(entry.stops[next]); }
    return;
  }
  if (event.shiftKey && pans[event.key]) { event.preventDefault(); viewer.pan(...pans[event.key]); return; }
  if (moves[event.key]) { event.preventDefault(); desk.entry.move(moves[event.key]); return; }
  if (event.key === " ") { event.preventDefault(); desk.entry.nextDoubt(); return; }
  if (/^[0-5]$/.test(event.key)) { event.preventDefault(); if (!event.repeat) desk.pick(Number(event.key)); return; }
  const doing = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!doing) return;
  event.preventDefault();
  if (!event.repeat || doing.startsWith("zoom")) doings[doing]();       // a key held down decides nothing twice
});

document.addEventListener("click", (event) => {
  const doing = event.target.closest("[data-do]");
  if (doing) { doings[doing.dataset.do](); return; }
  const row = event.target.closest(".candidate");
  if (row && event.target.closest("[data-not]")) { desk.ruleOut(row); return; }
  if (row) {
    const role = row.closest(".match");
    desk.entry.activate(role);
    desk.pick(row.classList.contains("none") ? 0 : [...role.querySelectorAll(".candidate:not(.none)")].indexOf(row) + 1);
    return;
  }
  const stop = event.target.closest("[data-stop]");
  if (stop && editing.on && stop !== desk.entry.active) editing.cancel();
  if (stop) desk.entry.activate(stop);
});
document.addEventListener("dblclick", (event) => { if (event.target.closest(".field, #value")) editing.start(); });
document.addEventListener("focusin", (event) => {
  const stop = event.target.closest("[data-stop]");
  if (stop && stop !== desk.entry.active && !editing.on) desk.entry.activate(stop, { focus: false });
});
