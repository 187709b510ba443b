// Sizes the progress bars from their data, and asks how a book that is being read goes on.
"use strict";
function fill(bar) {
  const parts = bar.dataset.parts.split(" ").map(Number);
  const all = parts.reduce((a, b) => a + b, 0) || 1;
  bar.querySelectorAll("i").forEach((piece, n) => { piece.style.width = `${(100 * parts[n]) / all}%`; });
}
document.querySelectorAll(".bar").forEach(fill);
const summary = document.querySelector("[data-progress]");
if (summary && Number(summary.dataset.waiting) > 0) {
  const known = Number(summary.dataset.waiting);
  const timer = setInterval(async () => {
    const answer = await fetch(summary.dataset.progress).catch(() => null);
    if (!answer || !answer.ok) return;
    const now = await answer.json();
    if (now.waiting !== known) { clearInterval(timer); location.reload(); }
  }, 4000);
}
