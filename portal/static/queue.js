// Enter starts with the first entry, the arrows turn the pages.
"use strict";
document.addEventListener("keydown", (event) => {
  if (event.target.closest("a, button, input, select") || event.ctrlKey || event.altKey || event.metaKey) return;
  const there = { Enter: "#start", ArrowLeft: "a[rel=prev]", ArrowRight: "a[rel=next]" }[event.key];
  const link = there && document.querySelector(there);
  if (link) link.click();
});
