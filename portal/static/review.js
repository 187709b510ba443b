// Deciding one entry by keyboard. Stops are the fields and the people, in reading order; one of them is active.
"use strict";
const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
const entry = $("entry");
const csrf = document.querySelector("meta[name=csrf]").content;
const sheet = new Sheet($("view"), $("sheet"), $("image"), $("boxes"));
const stops = [...document.querySelectorAll("[data-stop]")];
const input = $("value"), choice = $("choice");
const state = { revision: Number(entry.dataset.revision), active: null, editing: false, busy: false, acknowledge: false, acts: Promise.resolve() };

const say = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const boxOf = (stop) => {
  const source = stop && stop.dataset.role ? document.querySelector(`.field[data-code="${stop.dataset.nameCode}"]`) : stop;
  if (!source || !source.dataset.box) return null;
  const [x, y, width, height] = source.dataset.box.split(" ").map(Number);
  return { x, y, width, height };
};
const fieldBoxes = () => stops.filter((s) => s.dataset.code).map((s) => ({ code: s.dataset.code, box: boxOf(s), sureness: [...s.classList].find((c) => ["doubtful", "unsure"].includes(c)) || "" }));

let toastTimer;
function toast(text, bad = false) {
  const box = $("toast");
  box.textContent = text;
  box.classList.toggle("bad", bad);
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, bad ? 6000 : 2200);
}

async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" }, body: JSON.stringify(body || {}) });
  } catch {
    toast(words.offline, true);
    return null;
  }
  if (answer.status === 401) { location.href = `/login?next=${encodeURIComponent(location.pathname)}`; return null; }
  const said = answer.status === 204 ? {} : await answer.json().catch(() => ({ message: words.offline }));
  if (!answer.ok) return { refused: said };
  if (said.revision !== undefined && said.entry === Number(entry.dataset.entry)) state.revision = said.revision;
  return said;
}
// One decision at a time, in the order they were made: each needs the revision that the one before it gave.
function act(job) {
  state.acts = state.acts.then(job, job);
  return state.acts;
}
const address = (what) => `/review/${entry.dataset.entry}/${what}`;

function activate(stop, focus = true) {
  if (!stop) return;
  if (state.editing) leaveEdit();
  stops.forEach((s) => s.classList.toggle("active", s === stop));
  state.active = stop;
  const box = boxOf(stop), field = stop.dataset.role ? document.querySelector(`.field[data-code="${stop.dataset.nameCode}"]`) : stop;
  sheet.mark(fieldBoxes(), field && field.dataset.code);
  sheet.goTo(box);
  $("crop").hidden = !box;
  $("no-crop").hidden = Boolean(box);
  if (box) sheet.draw($("crop"), box);
  $("problem").hidden = true;
  $("loupe-label").textContent = field ? field.dataset.full : "";
  input.value = field ? textOf(field) : "";
  $("loupe-note").textContent = field ? note(field) : "";
  if (focus) { stop.focus({ preventScroll: true }); stop.scrollIntoView({ block: "nearest" }); }
}
function textOf(field) {
  if (!field.dataset.choices) return field.dataset.shown;
  const found = JSON.parse(field.dataset.choices).find(([value]) => value === field.dataset.value);
  return found ? found[1] : field.dataset.shown;
}
function note(field) {
  const sure = field.classList.contains("person") ? words.person : field.classList.contains("missing") ? words.missing : say(words.sure, { p: field.dataset.percent });
  const raw = field.dataset.raw ? [say(words.raw, { text: field.dataset.raw })] : [];
  const why = field.dataset.why && !field.classList.contains("person") ? [say(words.why, { text: field.dataset.why })] : [];
  return [sure, ...raw, ...why].join(" · ");
}
function move(step) { activate(stops[Math.min(Math.max(stops.indexOf(state.active) + step, 0), stops.length - 1)]); }
const needsLook = (s) => (s.dataset.role ? s.dataset.state === "review" : s.classList.contains("doubtful") || s.classList.contains("missing") || s.classList.contains("unsure"));
function nextDoubt() {
  const from = stops.indexOf(state.active);
  activate([...stops.slice(from + 1), ...stops.slice(0, from + 1)].find(needsLook) || stops[Math.min(from + 1, stops.length - 1)]);
}

function edit(typed) {
  const field = state.active && state.active.dataset.role ? document.querySelector(`.field[data-code="${state.active.dataset.nameCode}"]`) : state.active;
  if (!entry.dataset.editable) { toast(words.locked, true); return; }
  if (!field) return;
  if (field !== state.active) activate(field);
  state.editing = true;
  if (field.dataset.choices) {
    choice.replaceChildren(...JSON.parse(field.dataset.choices).map(([value, text]) => new Option(text || words.empty, value, false, value === field.dataset.value)));
    input.hidden = true; choice.hidden = false; choice.focus();
  } else {
    input.readOnly = false; input.value = typed === undefined ? field.dataset.shown : typed; input.focus();
    if (typed === undefined) input.select();
  }
  $("loupe-note").textContent = words.edit_hint;
}
function leaveEdit() {
  state.editing = false;
  input.readOnly = true; input.hidden = false; choice.hidden = true;
}
function cancelEdit() { leaveEdit(); activate(state.active); }
async function saveEdit() {
  const field = state.active, text = choice.hidden ? input.value : choice.value;
  if (text === (choice.hidden ? field.dataset.shown : field.dataset.value) && !field.classList.contains("missing") && !field.classList.contains("doubtful") && !field.classList.contains("unsure")) { leaveEdit(); move(1); return; }
  await act(async () => {
    const said = await post(address("field"), { revision: state.revision, code: field.dataset.code, text });
    if (!said) return;
    if (said.refused) { $("problem").textContent = said.refused.message; $("problem").hidden = false; return; }
    field.dataset.shown = said.shown; field.dataset.raw = ""; field.dataset.percent = "100";
    field.dataset.value = field.dataset.choices ? text : said.shown;
    field.classList.remove("sure", "unsure", "doubtful", "missing"); field.classList.add("person");
    field.querySelector(".value").textContent = textOf(field);
    const mark = field.querySelector(".mark");
    mark.className = "mark person"; mark.firstElementChild.textContent = "✓";
    renewFindings(said.findings);
    state.acknowledge = false;
    leaveEdit(); toast(words.saved); move(1);
  });
}
function renewFindings(findings) {
  const list = document.querySelector(".findings");
  if (!list) return;
  const left = new Set(findings.map((f) => f.message));
  list.querySelectorAll("li").forEach((item) => { if (![...left].some((m) => item.textContent.includes(m))) item.remove(); });
}

function person() {
  if (state.active && state.active.dataset.role) return state.active;
  return stops.find((s) => s.dataset.role && s.dataset.state === "review") || null;
}
async function pick(index) {
  const role = person();
  if (!role || !entry.dataset.editable) return;
  const row = index === 0 ? role.querySelector(".candidate.none") : role.querySelectorAll(".candidate:not(.none)")[index - 1];
  if (!row && index !== 0) return;
  await act(async () => {
    const said = await post(address("link"), { revision: state.revision, role: role.dataset.role, personal_id: row && row.dataset.id ? row.dataset.id : null });
    if (!said) return;
    if (said.refused) { toast(said.refused.message, true); return; }
    role.querySelectorAll(".candidate").forEach((r) => r.classList.toggle("chosen", r === row));
    role.dataset.state = "decided";
    role.classList.remove("review", "accept", "none"); role.classList.add("decided");
    const tag = role.querySelector(".tag");
    tag.className = "tag decided"; tag.textContent = index === 0 ? words.nobody : words.chosen;
    toast(tag.textContent);
    const next = stops.find((s) => s.dataset.role && s.dataset.state === "review");
    activate(next || role);
  });
}

// Not this person: they leave the list for good (Ctrl Z brings them back), who it is stays open.
async function ruleOut(row) {
  if (!entry.dataset.editable) return;
  await act(async () => {
    const said = await post(address("rule-out"), { revision: state.revision, role: row.closest(".match").dataset.role, personal_id: row.dataset.id });
    if (!said) return;
    if (said.refused) toast(said.refused.message, true); else { state.leaving = true; location.reload(); }
  });
}

async function accept() {
  if (!entry.dataset.editable) { goOn(true); return; }
  const waiting = stops.find((s) => s.dataset.role && s.dataset.state === "review");
  if (waiting) { activate(waiting); toast(words.undecided, true); return; }
  await act(async () => {
    const said = await post(address("verify"), { revision: state.revision, acknowledge: state.acknowledge });
    if (!said) return;
    if (said.refused) {
      if (said.refused.code === "findings_open") {
        state.acknowledge = true;
        $("scroll").scrollTo({ top: 0 });
        toast(words.hard, true);
      } else toast(said.refused.message, true);
      return;
    }
    goOn(false);
  });
}
const nextAddress = (after) => `/review/next?${entry.dataset.query}${after ? `&after=${entry.dataset.entry}` : ""}`;
function goOn(after) { state.leaving = true; location.href = nextAddress(after); }
async function skip() { await act(() => post(address("release"))); goOn(true); }
async function undo() {
  await act(async () => {
    const said = await post("/review/undo");
    if (!said) return;
    if (said.refused) { toast(said.refused.message, true); return; }
    state.leaving = true;
    location.href = `/review/${said.entry}?${entry.dataset.query}`;
  });
}

const dialog = $("reject-dialog");
dialog.addEventListener("keydown", (e) => {
  if (e.target.name !== "note" && /^[1-8]$/.test(e.key)) dialog.querySelectorAll("input[type=radio]")[Number(e.key) - 1].click();
  if (e.key === "Enter" && e.target.value !== "cancel") { e.preventDefault(); dialog.close("reject"); }
  e.stopPropagation();
});
dialog.addEventListener("close", async () => {
  if (dialog.returnValue !== "reject") return;
  const form = new FormData(dialog.querySelector("form"));
  await act(async () => {
    const said = await post(address("reject"), { revision: state.revision, reason: form.get("reason"), note: form.get("note") });
    if (said && said.refused) toast(said.refused.message, true);
    else if (said) goOn(false);
  });
});
function openReject() { if (entry.dataset.editable) { dialog.returnValue = ""; dialog.showModal(); } else toast(words.locked, true); }

const doings = {
  accept, edit: () => edit(), undo, skip, reject: openReject, help: () => $("help-dialog").showModal(), "next-doubt": nextDoubt,
  "zoom-in": () => sheet.zoom(1.25), "zoom-out": () => sheet.zoom(0.8), "fit-page": () => { sheet.box = null; sheet.fitPage(); },
  follow: () => { sheet.follow = !sheet.follow; document.querySelector("[data-do=follow]").setAttribute("aria-pressed", String(sheet.follow)); },
};
document.addEventListener("click", (event) => {
  const doing = event.target.closest("[data-do]");
  if (doing) { doings[doing.dataset.do](); return; }
  const row = event.target.closest(".candidate");
  if (row && event.target.closest("[data-not]")) { ruleOut(row); return; }
  if (row) {
    const role = row.closest(".match");
    activate(role);
    pick(row.classList.contains("none") ? 0 : [...role.querySelectorAll(".candidate:not(.none)")].indexOf(row) + 1);
    return;
  }
  const stop = event.target.closest("[data-stop]");
  if (stop) activate(stop);
});
document.addEventListener("dblclick", (event) => { if (event.target.closest(".field") || event.target === input) edit(); });
document.addEventListener("focusin", (event) => { const stop = event.target.closest("[data-stop]"); if (stop && stop !== state.active) activate(stop, false); });

const keys = {
  Enter: accept, F2: () => edit(), " ": nextDoubt, ArrowDown: () => move(1), ArrowUp: () => move(-1), ArrowRight: () => move(1), ArrowLeft: () => move(-1),
  r: openReject, R: openReject, s: skip, S: skip, "?": doings.help, "+": doings["zoom-in"], "=": doings["zoom-in"], "-": doings["zoom-out"], f: doings["fit-page"], F: doings["fit-page"],
};
document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  if (state.editing) {
    if (event.key === "Enter") { event.preventDefault(); saveEdit(); }
    else if (event.key === "Escape") { event.preventDefault(); cancelEdit(); }
    else if (event.key === "Tab") { event.preventDefault(); saveEdit(); }
    return;
  }
  if (event.target.closest("header.top, a, .sheet-tools, .keys") && ["Enter", " ", "Tab"].includes(event.key)) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") { event.preventDefault(); undo(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Tab") {
    const at = stops.indexOf(state.active), next = at + (event.shiftKey ? -1 : 1);
    if (next >= 0 && next < stops.length) { event.preventDefault(); activate(stops[next]); }
    return;
  }
  if (/^[0-5]$/.test(event.key)) { event.preventDefault(); pick(Number(event.key)); return; }
  const doing = keys[event.key];
  if (doing) { event.preventDefault(); doing(); }
});

if (entry.dataset.editable) {
  setInterval(() => post(address("hold")), 60000);
  addEventListener("pagehide", () => {
    if (!state.leaving) fetch(address("release"), { method: "POST", keepalive: true, headers: { "X-CSRF-Token": csrf } });
  });
}
const urgent = (s) => (s.dataset.role ? s.dataset.state === "review" : s.classList.contains("doubtful"));
activate(stops.find(urgent) || stops.find(needsLook) || stops[0]);
entry.dataset.ready = "1";
