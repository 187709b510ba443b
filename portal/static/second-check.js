// A second person's reading of one entry, by keyboard. Stops are the fields and the people, in reading order.
"use strict";
const input = $("value"), choice = $("choice");
let editing = false;
const fieldOf = (stop) => (stop && stop.dataset.role ? document.querySelector(`.field[data-code="${stop.dataset.nameCode}"]`) : stop);
function textOf(field) {
  const known = field.dataset.choices ? JSON.parse(field.dataset.choices).find(([value]) => value === field.dataset.value) : null;
  return known ? known[1] : field.dataset.shown;
}
function activate(stop, focus = true) {
  if (!stop) return;
  if (editing) leaveEdit();
  stops.forEach((s) => s.classList.toggle("active", s === stop));
  desk.active = stop;
  const field = fieldOf(stop), box = boxOf(field);
  picture.show(box);
  $("crop").hidden = !box; $("no-crop").hidden = Boolean(box);
  if (box) picture.draw($("crop"), box, 92);
  $("problem").hidden = true;
  $("loupe-label").textContent = field ? field.dataset.full : "";
  input.value = field ? textOf(field) : "";
  $("loupe-note").textContent = "";
  if (focus) { stop.focus({ preventScroll: true }); stop.scrollIntoView({ block: "nearest" }); }
}
function move(step) { activate(stops[Math.min(Math.max(stops.indexOf(desk.active) + step, 0), stops.length - 1)]); }
const needsLook = (s) => (s.dataset.role ? s.dataset.state === "review" : ["doubtful", "missing", "unsure"].some((c) => s.classList.contains(c)));
function doubt() {
  const from = stops.indexOf(desk.active);
  activate([...stops.slice(from + 1), ...stops.slice(0, from + 1)].find(needsLook) || stops[Math.min(from + 1, stops.length - 1)]);
}
function edit() {
  const field = fieldOf(desk.active);
  if (!field) return;
  if (field !== desk.active) activate(field);
  editing = true;
  if (field.dataset.choices) {
    choice.replaceChildren(...JSON.parse(field.dataset.choices).map(([value, text]) => new Option(text || words.empty, value, false, value === field.dataset.value)));
    input.hidden = true; choice.hidden = false; choice.focus();
  } else { input.readOnly = false; input.value = field.dataset.shown; input.focus(); input.select(); }
  $("loupe-note").textContent = words.edit_hint;
}
function leaveEdit() { editing = false; input.readOnly = true; input.hidden = false; choice.hidden = true; $("loupe-note").textContent = ""; }
async function save() {
  const field = desk.active, text = choice.hidden ? input.value : choice.value;
  await act(async () => {
    const said = await post(address("field"), { revision: desk.revision, code: field.dataset.code, text });
    if (!said) return;
    if (said.refused) { $("problem").textContent = said.refused.message; $("problem").hidden = false; return; }
    Object.assign(field.dataset, { value: said.value, shown: said.shown });
    field.classList.remove("sure", "unsure", "doubtful", "missing"); field.classList.add("person");
    field.querySelector(".value").textContent = textOf(field);
    const mark = field.querySelector(".mark");
    mark.className = "mark person"; mark.firstElementChild.textContent = "✓";
    leaveEdit(); toast(words.saved); move(1);
  });
}
async function pick(index) {
  const role = desk.active && desk.active.dataset.role ? desk.active : stops.find((s) => s.dataset.role && s.dataset.state === "review");
  const row = role && (index === 0 ? role.querySelector(".candidate.none") : role.querySelectorAll(".candidate:not(.none)")[index - 1]);
  if (!role || (!row && index !== 0)) return;
  await act(async () => {
    const said = await post(address("link"), { revision: desk.revision, role: role.dataset.role, personal_id: row && row.dataset.id ? row.dataset.id : null });
    if (!said) return;
    if (said.refused) { toast(said.refused.message, true); return; }
    role.querySelectorAll(".candidate").forEach((c) => c.classList.toggle("chosen", c === row));
    role.dataset.state = "decided";
    role.classList.remove("review", "accept", "none"); role.classList.add("decided");
    const tag = role.querySelector(".tag");
    tag.className = "tag decided"; tag.textContent = words.chosen;
    activate(role);
  });
}
const SETTLE = 250;            // milliseconds in which a new entry takes no Enter: the second of two quick presses was meant for the old one
async function done() {
  if (!entry.dataset.ready) return;
  const open = stops.find((s) => s.dataset.role && s.dataset.state === "review");
  if (open) { activate(open); toast(words.undecided, true); return; }
  await act(async () => {
    const said = await post(address("done"), { revision: desk.revision });
    if (!said) return;
    if (said.refused) toast(said.refused.message, true); else goOn(false);
  });
}
async function back() {
  const { ask } = await import("./review/dialogs.js"), why = await ask("reject");
  if (!why) return;
  await act(async () => {
    const said = await post(address("reject"), { revision: desk.revision, reason: why.reason, note: why.note });
    if (!said) return;
    if (said.refused) toast(said.refused.message, true); else goOn(false);
  });
}
const doings = { done, edit, doubt, back, undo, skip, "zoom-in": () => zoom(1.25), "zoom-out": () => zoom(0.8) };
const keys = { Enter: done, F2: edit, " ": doubt, ArrowDown: () => move(1), ArrowUp: () => move(-1), ArrowRight: () => move(1), ArrowLeft: () => move(-1), s: skip, S: skip, r: back, R: back, "+": doings["zoom-in"], "=": doings["zoom-in"], "-": doings["zoom-out"] };
document.addEventListener("click", (event) => {
  const doing = event.target.closest("[data-do]"), row = event.target.closest(".candidate"), stop = event.target.closest("[data-stop]");
  if (doing) { doings[doing.dataset.do](); return; }
  if (stop) activate(stop);
  if (row) pick(row.classList.contains("none") ? 0 : [...stop.querySelectorAll(".candidate:not(.none)")].indexOf(row) + 1);
});
document.addEventListener("dblclick", (event) => { if (event.target.closest(".field") || event.target === input) edit(); });
document.addEventListener("focusin", (event) => { const stop = event.target.closest("[data-stop]"); if (stop && stop !== desk.active) activate(stop, false); });
document.addEventListener("keydown", (event) => {
  if (editing) {
    if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); save(); }
    else if (event.key === "Escape") { event.preventDefault(); leaveEdit(); activate(desk.active); }
    return;
  }
  if (event.target.closest("header.top, a, .sheet-tools, .keys") && ["Enter", " ", "Tab"].includes(event.key)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { event.preventDefault(); undo(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Tab") {
    const next = stops.indexOf(desk.active) + (event.shiftKey ? -1 : 1);
    if (next >= 0 && next < stops.length) { event.preventDefault(); activate(stops[next]); }
    return;
  }
  if (/^[0-5]$/.test(event.key)) { event.preventDefault(); pick(Number(event.key)); return; }
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
const urgent = (s) => (s.dataset.role ? s.dataset.state === "review" : s.classList.contains("doubtful"));
activate(stops.find(urgent) || stops.find(needsLook) || stops[0]);
setTimeout(() => { entry.dataset.ready = "1"; }, SETTLE);
