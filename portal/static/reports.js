// Reports: prints the period report; sends a plan file as it is, with the session's token.
"use strict";
const printing = document.getElementById("print");
if (printing) printing.addEventListener("click", () => window.print());
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.dataset.was = d.open ? "1" : ""; if (d.querySelectorAll("tr").length <= 40) d.open = true; }));
addEventListener("afterprint", () => document.querySelectorAll("details").forEach((d) => { d.open = d.dataset.was === "1"; }));
const plan = document.getElementById("plan-file");
if (plan) {
  const said = plan.querySelector("[role=status]");
  plan.querySelector("input").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    const token = document.querySelector("meta[name=csrf]").content;
    const answer = await fetch(plan.dataset.address, { method: "POST", body: file, headers: { "X-CSRF-Token": token, "Content-Type": "application/octet-stream" } });
    const body = await answer.json().catch(() => ({ message: String(answer.status) }));
    said.textContent = body.message;
    said.className = answer.ok ? "note good" : "alert";
    event.target.value = "";
    if (answer.ok) setTimeout(() => location.reload(), 1200);
  });
}
