// The commune picker: names are looked for as they are typed; what is chosen becomes a chip with a hidden field.
"use strict";
for (const picker of document.querySelectorAll(".picker")) {
  const search = picker.querySelector(".commune-search"), found = picker.querySelector(".found"), chips = picker.querySelector(".chips");
  const communes = picker.closest("fieldset").querySelector("input[value=communes]");
  let waiting = 0, asked = "", active = -1;

  const show = (items) => {
    found.replaceChildren(...items.map((item, n) => {
      const line = document.createElement("li");
      line.setAttribute("role", "option");
      line.id = `${found.id}-${n}`;
      line.textContent = `${item.name} (${item.code})`;
      line.addEventListener("mousedown", (event) => { event.preventDefault(); choose(item); });
      line.item = item;
      return line;
    }));
    mark(items.length ? 0 : -1);
    found.hidden = !items.length;
    search.setAttribute("aria-expanded", String(!found.hidden));
  };
  const mark = (n) => {
    active = n;
    [...found.children].forEach((line, i) => line.setAttribute("aria-selected", String(i === n)));
    if (n >= 0) { search.setAttribute("aria-activedescendant", found.children[n].id); found.children[n].scrollIntoView({ block: "nearest" }); }
    else search.removeAttribute("aria-activedescendant");
  };
  const choose = (item) => {
    communes.checked = true;
    search.value = "";
    show([]);
    if ([...chips.querySelectorAll("input")].some((i) => i.value === item.code)) return;
    const chip = document.createElement("li"), field = document.createElement("input"), away = document.createElement("button");
    field.type = "hidden"; field.name = "commune"; field.value = item.code;
    away.type = "button"; away.textContent = "×"; away.setAttribute("aria-label", `× ${item.name}`);
    away.addEventListener("click", () => { chip.remove(); search.focus(); });
    chip.append(`${item.name} `, field, away);
    chips.append(chip);
  };
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const typed = asked = search.value.trim();
      if (typed.length < 2) return show([]);
      const answer = await fetch(`/accounts/communes?q=${encodeURIComponent(typed)}`);
      if (answer.ok && typed === asked) show(await answer.json());
    }, 180);
  });
  search.addEventListener("keydown", (event) => {
    const count = found.children.length;
    if (event.key === "ArrowDown" && count) { event.preventDefault(); mark((active + 1) % count); }
    else if (event.key === "ArrowUp" && count) { event.preventDefault(); mark((active + count - 1) % count); }
    else if (event.key === "Enter" && search.value) { event.preventDefault(); if (active >= 0) choose(found.children[active].item); }
    else if (event.key === "Escape") show([]);
  });
  search.addEventListener("blur", () => show([]));
}
