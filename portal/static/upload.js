// Sends the chosen files one by one; each is checked as it arrives. A broken connection is tried again, what has arrived stays.
"use strict";
const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
const csrf = document.querySelector("meta[name=csrf]").content;
const limit = Number($("upload").dataset.limit);
const about = $("about"), send = $("send"), list = $("chosen");
const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const size = (bytes) => (bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`);
let chosen = [];

function add(files) {
  const have = new Set(chosen.map((c) => c.name));
  for (const file of files) {
    if (!have.has(file.name) && !/^(\.|thumbs\.db$|desktop\.ini$)/i.test(file.name)) { chosen.push({ file, name: file.name, state: "" }); have.add(file.name); }
  }
  chosen.sort((a, b) => (a.name < b.name ? -1 : 1));
  const first = [...files][0];
  if (first && !about.name.value) {
    const folder = (first.webkitRelativePath || "").split("/").slice(-2, -1)[0];
    about.name.value = folder || first.name.replace(/\.[^.]*$/, "").replace(/\.\d+[A-Za-z]?$/, "");
  }
  show();
}
function show() {
  list.replaceChildren(...chosen.map((item) => {
    const row = document.createElement("li"), name = document.createElement("span"), verdict = document.createElement("span");
    name.className = "file"; name.textContent = `${item.name} · ${size(item.file.size)}`;
    verdict.className = item.state; verdict.textContent = item.said || "";
    row.append(name, verdict);
    if (!item.state) {
      const drop = document.createElement("button");
      drop.type = "button"; drop.textContent = "×"; drop.setAttribute("aria-label", `${words.remove}: ${item.name}`);
      drop.addEventListener("click", () => { chosen = chosen.filter((c) => c !== item); show(); });
      row.append(drop);
    }
    item.row = row; item.verdict = verdict;
    return row;
  }));
  const all = chosen.reduce((sum, c) => sum + c.file.size, 0);
  $("totals").hidden = !chosen.length;
  $("status").textContent = all > limit ? say(words.too_big, { size: size(limit) }) : say(words.count, { n: chosen.length, size: size(all) });
  send.disabled = !chosen.length || all > limit;
}
async function call(method, path, body, json = true) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const headers = { "X-CSRF-Token": csrf, Accept: "application/json" };
      if (json) headers["Content-Type"] = "application/json";
      const answer = await fetch(path, { method, headers, body: json ? JSON.stringify(body) : body });
      const said = await answer.json();
      if (answer.status === 401) location.href = "/login?next=/upload";
      return answer.ok ? said : { refused: said.message };
    } catch (problem) {
      if (attempt >= 5) return { refused: String(problem.message || problem) };
      $("status").textContent = words.retry;
      await new Promise((done) => setTimeout(done, 1000 * 2 ** attempt));
    }
  }
}
about.addEventListener("submit", async (event) => {
  event.preventDefault();
  send.disabled = true;
  const said = Object.fromEntries(new FormData(about));
  said.nam = said.nam ? Number(said.nam) : null;
  const begun = await call("POST", "/upload", said);
  if (begun.refused) { $("status").textContent = say(words.failed, { why: begun.refused }); send.disabled = false; return; }
  let done = 0;
  for (const item of chosen) {
    $("status").textContent = say(words.sending, { done, all: chosen.length });
    const got = await call("PUT", `/upload/${begun.token}/file?name=${encodeURIComponent(item.name)}`, item.file, false);
    item.state = got.good ? "good" : "bad";
    const pages = got.pages > 1 ? ` (${say(words.pages, { n: got.pages })})` : "";
    if (got.good && got.message) item.state = "fair";
    item.said = got.message || got.refused || `✓ ${words.ok}${pages}`;
    item.verdict.className = item.state; item.verdict.textContent = item.said;
    if (item.row.querySelector("button")) item.row.querySelector("button").remove();
    if (item.row.scrollIntoView) item.row.scrollIntoView({ block: "nearest" });
    done += 1;
    $("progress").value = (100 * done) / chosen.length;
  }
  $("status").textContent = words.taking;
  report(await call("POST", `/upload/${begun.token}/finish`, {}));
});
function report(taken) {
  const box = $("result");
  const line = (text, kind) => { const p = document.createElement("p"); p.className = kind; p.textContent = text; return p; };
  box.replaceChildren();
  if (taken.refused && !Array.isArray(taken.refused)) { box.append(line(say(words.failed, { why: taken.refused }), "alert")); return; }
  $("status").textContent = "";
  box.append(line(say(words.taken, { n: taken.added, batch: taken.batch }), "note good"));
  if (taken.known) box.append(line(say(words.known, { n: taken.known }), "small"));
  if (taken.refused.length) {
    box.append(line(say(words.refused, { n: taken.refused.length }), "note warn"));
    for (const bad of taken.refused) box.append(line(`${bad.file}: ${bad.message}`, "small"));
  }
  const open = document.createElement("a");
  open.className = "button primary wide"; open.href = `/books/${encodeURIComponent(taken.batch)}`; open.textContent = words.open;
  box.append(open);
}
$("folder").addEventListener("change", (e) => add(e.target.files));
$("files").addEventListener("change", (e) => add(e.target.files));
const drop = $("drop");
drop.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") $("folder").click(); });
for (const kind of ["dragover", "dragleave", "drop"]) drop.addEventListener(kind, (e) => { e.preventDefault(); drop.classList.toggle("over", kind === "dragover"); });
async function walk(item) {
  if (item.isFile) return [await new Promise((done, fail) => item.file(done, fail))];
  const reader = item.createReader(), found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return found;
    for (const one of some) if (one.isFile) found.push(...(await walk(one)));
  }
}
drop.addEventListener("drop", async (e) => {
  const entries = [...e.dataTransfer.items].map((i) => i.webkitGetAsEntry && i.webkitGetAsEntry()).filter(Boolean);
  const folder = entries.find((i) => i.isDirectory);
  if (folder && !about.name.value) about.name.value = folder.name;
  const files = [];
  for (const item of entries) files.push(...(await walk(item)));
  add(files);
});
