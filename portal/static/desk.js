// The officer's desk: choosing pages, working on them, saying why numbers lack, sending. The inside of the page comes from the server after each change.
"use strict";
const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent), desk = $("desk"), { address } = desk.dataset;
const csrf = document.querySelector("meta[name=csrf]").content;
let chosen = location.hash.replace("#page-", "") || "", busy = false, saying = null;

const cards = () => [...desk.querySelectorAll(".page-card")];
const card = () => desk.querySelector(`.page-card[data-id="${chosen}"]`);
const editing = () => desk.querySelector(".desk-inside").dataset.edit === "yes";
function toast(text, bad) {
  $("toast").textContent = text; $("toast").className = `desk-toast${bad ? " bad" : ""}`; $("toast").hidden = false;
  clearTimeout(saying); saying = setTimeout(() => { $("toast").hidden = true; }, bad ? 8000 : 2500);
}

// --- choosing ---
function choose(one, { focus = true, open = true } = {}) {
  for (const c of cards()) { c.setAttribute("aria-selected", c === one ? "true" : "false"); c.tabIndex = c === one ? 0 : -1; }
  chosen = one ? one.dataset.id : "";
  const pane = $("pane");
  pane.hidden = !one || (!open && pane.hidden);
  if (!one) return;
  if (focus) one.focus();
  const picture = $("pane-picture");
  picture.hidden = !one.dataset.picture;
  if (one.dataset.picture && picture.getAttribute("src") !== one.dataset.picture) picture.src = one.dataset.picture;
  const more = one.querySelector("template").content.cloneNode(true);
  $("pane-more").replaceChildren(more);
}
function step(by) {
  const all = cards(), at = all.indexOf(card());
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (next) { choose(next); next.scrollIntoView({ block: "nearest" }); }
}
function perRow() {
  const all = cards(), top = all[0].offsetTop;
  const n = all.findIndex((c) => c.offsetTop !== top);
  return n < 0 ? all.length : n;
}

// --- asking the server ---
async function ask(path, body, method = "POST") {
  if (busy) return false;
  busy = true;
  try {
    const answer = await fetch(address + path, { method, headers: { "X-CSRF-Token": csrf, "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body || {}) });
    if (answer.status === 401) { location.reload(); return false; }
    if (!answer.ok) { toast((await answer.json()).message, true); return false; }
  } catch (away) { toast(words.away, true); return false; } finally { busy = false; }
  $("toast").hidden = true;
  await show();
  return true;
}
async function show() {
  const answer = await fetch(`${address}/desk`, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer || !answer.ok || answer.redirected) return;
  const was = desk.contains(document.activeElement) && document.activeElement, hadCard = was && was.closest(".page-card"), open = !$("pane").hidden;
  const inPane = was && was.closest("#pane") ? was.dataset.page || was.dataset.part : "", total = was && was.id === "total" ? was.value : null;
  const scroll = window.scrollY, text = await answer.text();
  if (document.querySelector("dialog[open]")) return;
  desk.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  const now = card();
  if (now) choose(now, { focus: !!hadCard, open });
  if (inPane) { const again = $("pane").querySelector(`[data-page="${inPane}"],[data-part="${inPane}"]`); if (again) again.focus(); else if (now) now.focus(); }
  if (total !== null) { $("total").value = total; $("total").focus(); }
  window.scrollTo(0, scroll);
  later();
}
let timer = null, wasBusy = false;
function later() {      // once more after the last work: the queue is filled a moment after the links are made
  const now = !!desk.querySelector(".desk-inside").dataset.busy;
  clearTimeout(timer);
  if (now || wasBusy) timer = setTimeout(show, 2500);
  wasBusy = now;
}

// --- work on a page ---
const onPage = (what, body) => ask(`/pages/${chosen}/${what}`, body);
const deeds = {
  right: (c) => onPage("turn", { turn: (Number(c.dataset.turn) + 90) % 360 }),
  left: (c) => onPage("turn", { turn: (Number(c.dataset.turn) + 270) % 360 }),
  crop: async (c) => {
    const corners = await Crop.open(c.dataset.whole, Number(c.dataset.turn), c.dataset.corners ? JSON.parse(c.dataset.corners) : null);
    c.focus();
    if (corners !== undefined) await onPage("cut", { corners });
  },
  again: () => { const link = $("pane-more").querySelector('[data-page="again"]'); if (link) location.href = link.href; },
  blank: (c) => onPage("mark", { mark: c.dataset.mark === "blank" ? null : "blank" }),
  void: (c) => onPage("mark", { mark: c.dataset.mark === "void" ? null : "void" }),
  earlier: (c) => onPage("move", { place: Math.max(Number(c.dataset.place) - 1, 1) }),
  later: (c) => onPage("move", { place: Number(c.dataset.place) + 1 }),
  return: async () => { const said = await why(words.return_page, "", [], words.return_label); if (said) await onPage("return", { note: said.note }); },
};
async function onChosen(what) {
  const c = card();
  if (!c || !(what in deeds)) return;
  if (["right", "left", "crop"].includes(what) && !c.dataset.shows) return;
  await deeds[what](c);
}

// --- dialogs ---
function why(title, what, fitting, label) {
  const dialog = $("why-dialog"), form = $("why-form");
  form.reset(); $("why-title").textContent = title; $("why-what").textContent = what; $("why-label").textContent = label;
  $("why-reasons").hidden = !fitting.length;
  for (const choice of $("why-reasons").children) choice.hidden = !fitting.includes(choice.dataset.reason);
  const first = fitting.length && form.querySelector(`input[value="${fitting[0]}"]`);
  if (first) first.checked = true;
  dialog.showModal();
  return new Promise((go) => {
    dialog.onclose = () => {
      const said = Object.fromEntries(new FormData(form));
      if (dialog.returnValue !== "save") return go(null);
      if (!said.note.trim() && (!fitting.length || said.reason === "other")) { toast(words.need_note, true); return go(null); }
      return go(said);
    };
    dialog.returnValue = "";
  });
}
const acts = {
  undo: async () => { if (await ask("/undo")) toast(words.undone); },
  send: async () => { if (window.confirm(words.send)) await ask("/send"); },
  receive: () => ask("/receive"),
  accept: async () => { if (window.confirm(words.accept)) await ask("/accept"); },
  "return-book": async () => { const said = await why(words.return_book, "", [], words.return_label); if (said) await ask("/return", { note: said.note }); },
  keys: () => $("keys-dialog").showModal(),
  close: () => { const c = card(); $("pane").hidden = true; if (c) c.focus(); },
  about: () => {
    const dialog = $("about-dialog"), form = $("about-form");
    dialog.returnValue = "";
    dialog.onclose = async () => {
      if (dialog.returnValue !== "save") return;
      const said = Object.fromEntries(new FormData(form));
      said.nam = said.nam ? Number(said.nam) : null;
      if (await ask("/about", said, "PUT")) toast(words.saved);
    };
    dialog.showModal();
  },
};
desk.addEventListener("click", async (e) => {
  const hit = e.target.closest("[data-do],[data-page],[data-part],[data-explain],[data-unexplain],[data-show],.page-card");
  if (!hit) return;
  const { dataset } = hit;
  if (hit.matches(".page-card")) choose(hit);
  else if (dataset.do) await acts[dataset.do]();
  else if (dataset.page === "again") return;
  else if (dataset.page) await onChosen(dataset.page);
  else if (dataset.part && hit.matches("button")) await onPage("part", { part: hit.getAttribute("aria-pressed") === "true" ? null : dataset.part });
  else if (dataset.show) { const c = $(`page-${dataset.show}`); if (c) { choose(c); c.scrollIntoView({ block: "center" }); } }
  else if (dataset.explain) {
    const said = await why(words.explain, dataset.what, dataset.fitting.split(" "), words.note_label);
    if (said) await ask("/explain", { hole: dataset.explain, reason: said.reason, note: said.note });
  } else if (dataset.unexplain) await ask("/explain", { hole: dataset.unexplain, reason: "" });
});
desk.addEventListener("change", (e) => {
  if (e.target.id === "total") ask("/total", { total: e.target.value.trim() ? Number(e.target.value) : null });
  if (e.target.matches(".place-input") && Number(e.target.value) > 0) onPage("move", { place: Number(e.target.value) });
});
const KEYS = { r: "right", c: "crop", t: "again", b: "blank", v: "void", "[": "earlier", "]": "later", "Shift+r": "left" };
document.addEventListener("keydown", async (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey || document.querySelector("dialog[open]") || e.target.matches("input,select,textarea")) return;
  const key = (e.shiftKey && /^[a-z]$/i.test(e.key) ? "Shift+" : "") + (e.key.length === 1 ? e.key.toLowerCase() : e.key);
  const onCard = e.target.matches(".page-card, body"), arrows = { ArrowRight: 1, ArrowLeft: -1 };
  if (key in KEYS && chosen && editing()) { e.preventDefault(); await onChosen(KEYS[key]); }
  else if (key === "u" && editing()) { e.preventDefault(); await acts.undo(); }
  else if (e.key === "?") acts.keys();
  else if (e.key === "Escape" && !$("pane").hidden) acts.close();
  else if (onCard && cards().length && key in arrows) { e.preventDefault(); step(chosen ? arrows[key] : 0); }
  else if (onCard && cards().length && (key === "ArrowDown" || key === "ArrowUp")) { e.preventDefault(); step((key === "ArrowDown" ? 1 : -1) * perRow()); }
  else if (onCard && key === "Enter" && chosen) { const c = card(); if (c.dataset.entry && desk.querySelector(".desk-inside").dataset.review) location.href = `/review/${c.dataset.entry}?batch=${encodeURIComponent(address.split("/").pop())}`; }
  else if (onCard && key === " " && e.target.matches(".page-card")) { e.preventDefault(); choose(e.target); }
});
const start = card() || (window.matchMedia("(min-width: 901px)").matches ? cards()[0] : null);
if (start) choose(start, { focus: !!location.hash });
desk.dataset.ready = "yes";
later();
