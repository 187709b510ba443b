// Enter starts with the first entry.
"use strict";
document.addEventListener("keydown", (event) => {
  const start = document.getElementById("start");
  if (event.key === "Enter" && start && !event.target.closest("a, button, input, select")) start.click();
});
