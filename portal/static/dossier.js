// Confirming one dossier: all its fields beside the picture, typed over where they are wrong; Enter says that they are right.
"use strict";
const form = $("dossier");
const sheet = new Sheet($("view"), $("sheet"), $("image"), $("boxes"));
const inputs = [...form.querySelectorAll("input, textarea")];
const pages = [...document.querySelectorAll("[data-page]")];
let busy = false, shownPage = pages[0];

const post = (what, body) => call(`/dossiers/${form.dataset.dossier}/${what}`, body);
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
