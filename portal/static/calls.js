// What pages with work on them share: calls to the server, messages, the places of fields on the picture.
"use strict";
const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
const csrf = document.querySelector("meta[name=csrf]").content;

let toastTimer;
function toast(text, bad = false) {
  const box = $("toast");
  box.textContent = text;
  box.classList.toggle("bad", bad);
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, bad ? 6000 : 2000);
}
// {…} when done, {refused: {code, message}} when not, null when nobody answered.
async function call(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" }, body: JSON.stringify(body || {}) });
  } catch { toast(words.offline, true); return null; }
  if (answer.status === 401) { location.href = `/login?next=${encodeURIComponent(location.pathname)}`; return null; }
  const said = answer.status === 204 ? {} : await answer.json().catch(() => ({ message: words.offline }));
  return answer.ok ? said : { refused: said };
}
function boxOf(element) {
  if (!element || !element.dataset.box) return null;
  const [x, y, width, height] = element.dataset.box.split(" ").map(Number);
  return { x, y, width, height };
}
