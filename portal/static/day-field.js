// Fields that take one day: ngày/tháng/năm in every browser. Says beside the field what is wrong, before anything is sent; a calendar
// (the browser's own) beside it. What counts is the server's check (records.dates.parse_day); this one only comes sooner.
"use strict";
const two = (n) => String(n).padStart(2, "0");
function dayOf(text) {
  const first = text.match(/^(\d{1,2})([/.-])(\d{1,2})\2(\d{4})$/), run = text.match(/^(\d{2})(\d{2})(\d{4})$/), iso = text.match(/^(\d{4})-(\d{2})-(\d{2})$/);
  const [day, month, year] = (first ? [first[1], first[3], first[4]] : run ? run.slice(1) : iso ? [iso[3], iso[2], iso[1]] : [0, 0, 0]).map(Number);
  const found = new Date(Date.UTC(year, month - 1, day));
  return year >= 1800 && year <= 2200 && found.getUTCMonth() === month - 1 && found.getUTCDate() === day ? { day, month, year } : null;
}
for (const field of document.querySelectorAll(".day-field")) {
  const input = field.querySelector("input"), problem = field.querySelector(".day-problem");
  const tell = (text) => {
    if (problem.textContent !== text) problem.textContent = text;
    if (text) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    return !text;
  };
  const check = () => {
    const text = input.value.trim(), found = dayOf(text);
    if (found) input.value = `${two(found.day)}/${two(found.month)}/${found.year}`;
    return tell(text && !found ? field.dataset.wrong : "");
  };
  input.addEventListener("change", check);
  input.form.addEventListener("submit", (event) => {
    const good = check() && (input.value.trim() || !input.hasAttribute("aria-required") || tell(field.dataset.missing));
    if (good || event.defaultPrevented) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    input.focus();
  }, true);
  if (!("showPicker" in HTMLInputElement.prototype)) continue;
  const native = Object.assign(document.createElement("input"), { type: "date", tabIndex: -1, className: "day-native" });
  native.setAttribute("aria-hidden", "true");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "day-calendar", title: field.dataset.calendar });
  button.setAttribute("aria-label", field.dataset.calendar);
  button.addEventListener("click", () => {
    const found = dayOf(input.value.trim());
    native.value = found ? `${found.year}-${two(found.month)}-${two(found.day)}` : "";
    native.showPicker();
  });
  native.addEventListener("change", () => {
    if (!native.value) return;
    input.value = native.value;
    check();
    input.focus();
  });
  input.after(native, button);
}
