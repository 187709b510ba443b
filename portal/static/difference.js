// Settling what two people have written differently: left, right, or typing something else. Nothing is saved before the last Enter.
"use strict";
const picks = {};
const otherOf = (stop) => stop.querySelector("[data-other]");
function activate(stop, focus = true) {
  if (!stop) return;
  stops.forEach((s) => s.classList.toggle("active", s === stop));
  desk.active = stop;
  picture.show(boxOf(stop));
  if (focus) { stop.focus({ preventScroll: true }); stop.scrollIntoView({ block: "nearest" }); }
}
function move(step) { activate(stops[Math.min(Math.max(stops.indexOf(desk.active) + step, 0), stops.length - 1)]); }
function forward() { activate(stops.find((s) => !picks[s.dataset.key]) || desk.active); }
function take(stop, side, text = "") {
  picks[stop.dataset.key] = { side, text };
  stop.querySelectorAll(".side").forEach((b) => { b.classList.toggle("taken", b.dataset.side === side); b.setAttribute("aria-pressed", String(b.dataset.side === side)); });
  stop.classList.add("picked");
  stop.querySelector(".other").classList.toggle("taken", side === "other");
  stop.querySelector(".problem").hidden = true;
}
async function takeTyped(stop) {
  const text = otherOf(stop).value;
  await act(async () => {
    const said = await post(address("check"), { key: stop.dataset.key, text });
    if (!said) return;
    if (said.refused) { const problem = stop.querySelector(".problem"); problem.textContent = said.refused.message; problem.hidden = false; return; }
    take(stop, "other", text);
    forward();
  });
}
async function done() {
  const open = stops.find((s) => !picks[s.dataset.key]);
  if (open) { activate(open); toast(words.open, true); return; }
  await act(async () => {
    const said = await post(address("settle"), { revision: desk.revision, picks });
    if (!said) return;
    if (said.refused) toast(said.refused.message, true); else goOn(false);
  });
}
const doings = { done, undo, skip, "zoom-in": () => zoom(1.25), "zoom-out": () => zoom(0.8) };
document.addEventListener("click", (event) => {
  const doing = event.target.closest("[data-do]"), side = event.target.closest("[data-side]"), stop = event.target.closest("[data-stop]");
  if (doing) { doings[doing.dataset.do](); return; }
  if (!stop) return;
  activate(stop, !event.target.closest("[data-other]"));
  if (side) { take(stop, side.dataset.side); forward(); }
});
document.addEventListener("focusin", (event) => { const stop = event.target.closest("[data-stop]"); if (stop && stop !== desk.active) activate(stop, false); });
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("[data-other]");
  if (typing) {
    if (event.key === "Enter") { event.preventDefault(); takeTyped(desk.active); }
    else if (event.key === "Escape") { event.preventDefault(); typing.value = ""; activate(desk.active); }
    return;
  }
  if (event.target.closest("header.top, a, .sheet-tools, .keys") && ["Enter", " ", "Tab"].includes(event.key)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { event.preventDefault(); undo(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || !desk.active) return;
  const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
  if (side) { event.preventDefault(); take(desk.active, side); forward(); return; }
  const doing = { Enter: done, ArrowDown: () => move(1), ArrowUp: () => move(-1), Escape: skip }[event.key];
  if (doing) { event.preventDefault(); doing(); return; }
  if (event.key === "F2") { event.preventDefault(); otherOf(desk.active).focus(); return; }
  if (event.key.length === 1 && event.key !== " ") otherOf(desk.active).focus();        // the letter goes where the cursor now is
});
const crops = () => stops.forEach((s) => { const canvas = s.querySelector(".crop"); if (canvas) picture.draw(canvas, boxOf(s), 92); });
crops();
addEventListener("resize", crops);
activate(stops[0]);
entry.dataset.ready = "1";
