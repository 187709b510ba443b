// Dialogs that ask for a reason or some words. ask() gives the form's values, or null if the person thought better of it.
function dialogOf(name) { return document.getElementById(`${name}-dialog`); }

export function ask(name) {
  const dialog = dialogOf(name), form = dialog.querySelector("form");
  form.reset();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue === "done" ? Object.fromEntries(new FormData(form)) : null), { once: true }));
}
export const help = () => dialogOf("help").showModal();
export const open = () => document.querySelector("dialog[open]") !== null;

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[name=note], textarea"), radios = dialog.querySelectorAll("input[type=radio]");
    if (!typing && /^[1-8]$/.test(event.key) && radios.length) radios[Number(event.key) - 1].click();
    const done = dialog.querySelector("button[value=done]");
    if (event.key === "Enter" && done && event.target.value !== "cancel" && !(event.target.matches("textarea") && !event.ctrlKey)) { event.preventDefault(); dialog.close("done"); }
    event.stopPropagation();
  });
}
