// Confirming one dossier: all its fields beside the picture, typed over where they are wrong; Enter says that they are right.
"use strict";
const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
const form = $("dossier");
const csrf = document.querySelector("meta[name=csrf]").content;
const sheet = new Sheet($("view"), $("sheet"), $("image"), $("boxes"));
const inputs = [...form.querySelectorAll("input, textarea")];
const pages = [...document.querySelectorAll("[data-page]")];
let busy = false, shownPage = pages[0];

let toastTimer;
function toast(text, bad = false) {
  const box = $("toast");
  box.textContent = text;
  box.classList.toggle("bad", bad);
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, bad ? 6000 : 2200);
}

async function post(what, body) {
  let answer;
  try {
    answer = await fetch(`/dossiers/${form.dataset.dossier}/${what}`, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" }, body: JSON.stringify(body || {}) });
  } catch {
    toast(words.offline, true);
    return null;
  }
  if (answer.status === 401) { location.href = `/login?next=${encodeURIComponent(location.pathname)}`; return null; }
  const said = await answer.json().catch(() => ({ message: words.offline }));
  return answer.ok ? said : { refused: said };
}

const boxOf = (input) => {
  if (!input || !input.dataset.box) return null;
  const [x, y, width, height] = input.dataset.box.split(" ").map(Number);
  return { x, y, width, height };
};
function showPage(button) {
  if (!button || button === shownPage) return;
  shownPage = button;
  pages.forEach((p) => p.setAttribute("aria-pressed", String(p === button)));
  sheet.box = null;
  $("boxes").replaceChildren();
  sheet.image.addEventListener("load", () => sheet.fitPage(), { once: true });
  sheet.image.src = `/pages/${button.dataset.page}/full.jpg`;
}
function look(input) {
  const box = boxOf(input);
  if (!box) { $("boxes").replaceChildren(); sheet.box = null; return; }
  showPage(pages[0]);
  sheet.mark(inputs.map((i) => ({ code: i.name, box: boxOf(i), sureness: i.dataset.confirm ? "doubtful" : "" })), input.name);
  sheet.goTo(box);
}

async function confirm() {
  if (busy || !form.dataset.editable) return;
  busy = true;
  form.querySelectorAll(".problem").forEach((p) => { p.hidden = true; });
  const said = await post("confirm", { revision: form.dataset.revision, values: Object.fromEntries(inputs.map((i) => [i.name, i.value])) });
  busy = false;
  if (!said) return;
  if (!said.refused) { location.href = `/dossiers/next?after=${form.dataset.dossier}`; return; }
  const field = inputs.find((i) => i.name === said.refused.field);
  if (!field) { toast(said.refused.message, true); return; }
  const problem = field.parentElement.querySelector(".problem");
  problem.textContent = said.refused.message;
  problem.hidden = false;
  field.focus();
}
async function undo() {
  const said = await post("undo");
  if (!said) return;
  if (said.refused) { toast(said.refused.message, true); return; }
  location.reload();
}
const doings = {
  confirm, undo, skip: () => { location.href = `/dossiers/next?after=${form.dataset.dossier}`; },
  "zoom-in": () => sheet.zoom(1.25), "zoom-out": () => sheet.zoom(0.8), "fit-page": () => { sheet.box = null; sheet.fitPage(); },
};
form.addEventListener("submit", (event) => { event.preventDefault(); confirm(); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do], [data-page]");
  if (!button || button.dataset.do === "confirm") return;
  if (button.dataset.page) showPage(button); else doings[button.dataset.do]();
});
document.addEventListener("focusin", (event) => { if (inputs.includes(event.target)) look(event.target); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); confirm(); }
  else if (event.altKey && event.ctrlKey && event.key.toLowerCase() === "z") { event.preventDefault(); undo(); }
  else if (event.altKey && !event.ctrlKey && event.key.toLowerCase() === "s") { event.preventDefault(); doings.skip(); }
});
const first = inputs.find((i) => i.dataset.confirm) || inputs[0];
first.focus();
look(first);
form.dataset.ready = "1";
