// The upload page: choose pages (kept by the browser at once), say which book, hand over; shows how far what waits is.
"use strict";
const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
const { limit, worker, chunkSize, owner = "" } = $("upload").dataset;
const about = $("about"), send = $("send"), list = $("chosen");
const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const size = (bytes) => (bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`);
const make = (tag, kind, text) => { const e = document.createElement(tag); e.className = kind || ""; e.textContent = text || ""; return e; };
const byName = (a, b) => (a.name < b.name ? -1 : 1);
const TOGETHER = 20;                    // files kept in one transaction: each waits for the disk
const asked = new URLSearchParams(location.search), again = asked.get("replaces") || "";
let chosen = [], keeping = 0, network = "", rows = new Map(), bars = new Map();

// --- choosing ---
async function add(picked) {
  const files = picked.filter((f) => !/^(\.|thumbs\.db$|desktop\.ini$)/i.test(f.name)), folderName = files[0] ? (files[0].webkitRelativePath || "").split("/").slice(-2, -1)[0] || "" : "", have = new Set(chosen.map((c) => c.name));
  if (files[0] && !about.name.value) {
    const folder = (files[0].webkitRelativePath || "").split("/").slice(-2, -1)[0];
    about.name.value = folder || files[0].name.replace(/\.[^.]*$/, "").replace(/\.\d+[A-Za-z]?$/, "");
  }
  const named = [];
  for (const file of files) {
    // two files of one name in two folders are two pages
    const path = file.webkitRelativePath.split("/").slice(1).join(" - "), name = have.has(file.name) && path ? path : file.name;
    if (!have.has(name)) { have.add(name); named.push([name, file]); }
  }
  keeping += named.length; showChosen();
  $("problem").hidden = true; $("problem").textContent = "";
  while (named.length) {
    const some = named.splice(0, TOGETHER);
    try { await Store.add(Sender.owner(), some); } catch (together) { for (const one of some) await keepOne(one); }
    keeping -= some.length; await showChosen();
  }
  await namesSay(folderName);
}
// What the names tell of the book fills what nobody has filled in; without the server it is told later, by the pages.
const filled = {};
async function namesSay(folder) {
  const said = chosen.length ? await Sender.names(folder || about.name.value, chosen.map((c) => c.name)) : { about: {}, jumps: [], repeats: [] };
  if (!said) return;
  for (const key of ["loai", "nam", "quyenSo"]) {
    const value = String(said.about[key] || "");
    if (!about[key].value || about[key].value === filled[key]) { about[key].value = value; filled[key] = value; }
  }
  const numbers = said.jumps.map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(", ");
  $("jumps").textContent = [numbers && say(words.jumps, { numbers }), said.repeats.length && say(words.repeats, { numbers: said.repeats.join(", ") })].filter(Boolean).join(" ");
  $("jumps").hidden = !$("jumps").textContent;
}
async function keepOne([name, file]) {
  try { await Store.add(Sender.owner(), [[name, file]]); } catch (problem) {
    $("problem").hidden = false;
    $("problem").textContent += ` ${say(problem.name === "QuotaExceededError" ? words.full : words.unreadable, { name })}`;
  }
}
async function showChosen() {
  chosen = (await Store.files(Sender.owner(), Store.DRAFT)).sort(byName);
  list.replaceChildren(...chosen.map((file) => {
    const row = make("li"), drop = make("button", "", "×");
    drop.type = "button"; drop.setAttribute("aria-label", `${words.remove}: ${file.name}`);
    drop.addEventListener("click", async () => { await Store.remove(file); await showChosen(); await namesSay(""); });
    row.append(make("span", "file", `${file.name} · ${size(file.size)}`), drop);
    return row;
  }));
  const all = chosen.reduce((sum, c) => sum + c.size, 0), many = { n: chosen.length, size: size(all) };
  $("totals").hidden = !chosen.length && !keeping;
  $("status").textContent = all > limit ? say(words.too_big, { size: size(limit) }) : keeping ? say(words.keeping, { n: keeping }) : say(words.count, many);
  if (about.replaces.value && chosen.length > 1) $("status").textContent = words.one;
  send.disabled = !chosen.length || keeping > 0 || all > limit || (!!about.replaces.value && chosen.length > 1);
}
// Into a book that is there already: what it is, is known.
function showTarget() {
  const into = about.batch.value;
  $("fresh").hidden = !!into;
  about.name.required = !into;
  for (const field of $("fresh").querySelectorAll("input, select")) field.disabled = !!into;
}
function setTarget(batch, replaces) {
  if (batch && ![...about.batch.options].some((o) => o.value === batch)) about.batch.append(new Option(batch, batch));
  about.batch.value = batch; about.replaces.value = replaces;
  $("into").hidden = !!replaces;
  $("again").hidden = !replaces; $("again").textContent = replaces ? say(words.again, { page: asked.get("page") || "?" }) : "";
  showTarget();
}
// Kept for when this machine cannot be reached: the page the browser then shows is nobody's, so it has no communes.
function setCommunes() {
  const offered = [...about.xa.options].slice(1).map((o) => [o.text, o.value]);
  if (!("shell" in $("upload").dataset)) { localStorage.communes = JSON.stringify(offered); return; }
  const kept = JSON.parse(localStorage.communes || "[]");
  about.xa.append(...kept.map(([text, value]) => new Option(text, value)));
  about.xa.required = kept.length > 0; $("commune").hidden = !kept.length;
}
about.batch.addEventListener("change", showTarget);
about.addEventListener("submit", async (event) => {
  event.preventDefault();
  send.disabled = true;
  const said = Object.fromEntries(new FormData(about));
  said.nam = said.nam ? Number(said.nam) : null;
  said.replaces = said.replaces ? Number(said.replaces) : null;
  if (said.batch) said.name = said.replaces ? `${said.batch} (${asked.get("page") || said.replaces})` : said.batch;
  await Store.queue(Sender.owner(), said);
  if (navigator.storage && navigator.storage.persist) navigator.storage.persist();       // not to be cleared when the disk runs low
  about.reset(); setTarget(again ? "" : asked.get("batch") || "", "");
  for (const key of Object.keys(filled)) delete filled[key];
  $("jumps").hidden = $("photos").hidden = true;
  Sender.nudge();
});

// --- what waits, and what is done ---
function verdictText(row, verdict) {
  const pages = verdict.pages > 1 ? ` (${say(words.pages, { n: verdict.pages })})` : "";
  row.className = !verdict.good ? "bad" : verdict.message ? "fair" : "good";
  row.textContent = verdict.message || `✓ ${words.ok}${pages}`;
}
async function showJobs() {
  const jobs = await Store.jobs(), waiting = jobs.filter((j) => j.state !== "done"), cards = [];
  rows = new Map(); bars = new Map();
  for (const job of waiting) {
    const card = make("article", "job"), bar = make("progress"), line = make("p", "small"), files = make("ul", "chosen"), cancel = make("button", "", words.cancel);
    bar.max = 100; bar.value = 0; cancel.type = "button";
    cancel.addEventListener("click", async () => { if (window.confirm(say(words.really, { name: job.about.name }))) await Sender.cancel(job); });
    const head = make("div", "head"), mine = (await Store.files(job.owner, job.id)).sort(byName);
    head.append(make("h3", "", `${job.about.name} – ${say(words.files, { n: mine.length })}`), cancel);
    line.textContent = job.owner === Sender.owner() ? words.waiting : say(words.others, { owner: job.owner });
    for (const file of mine) {
      const row = make("li"), state = make("span", "muted", words.unsent);
      if (file.verdict) verdictText(state, file.verdict);
      row.append(make("span", "file", file.name), state); files.append(row); rows.set(file.id, { state, file });
    }
    card.append(head, bar, line, files);
    if (job.state === "failed") { line.className = "alert"; line.textContent = say(job.kind === "unreadable" ? words.unreadable : words.failed, { why: job.said, name: job.said }); }
    bars.set(job.id, { bar, line, files: mine });
    cards.push(card);
  }
  $("jobs").replaceChildren(...cards);
  $("waiting").hidden = !cards.length;
  $("result").replaceChildren(...jobs.filter((j) => j.state === "done").reverse().slice(0, 5).map(report));
  showNetwork(waiting.filter((j) => j.state === "waiting"));
}
function report(job) {
  const box = make("article", "job"), { outcome } = job.receipt, open = make("a", "button primary", words.open), paper = make("a", "button", words.receipt);
  box.append(make("p", "note good", say(words.taken, { n: outcome.added, batch: outcome.batch })));
  if (outcome.known) box.append(make("p", "small", say(words.known, { n: outcome.known })));
  if (job.refused.length) box.append(make("p", "note warn", say(words.refused, { n: job.refused.length })));
  for (const bad of job.refused) box.append(make("p", "small", `${bad.file}: ${bad.message}`));
  const blurred = job.notes.filter((n) => !n.good), fair = job.notes.filter((n) => n.good);
  for (const [some, heading] of [[blurred, words.retake], [fair, words.fair]]) {
    if (some.length) box.append(make("p", "note warn", say(heading, { n: some.length })));
    for (const { file, message } of some) box.append(make("p", "small", `${file}: ${message}`));
  }
  open.href = `/books/${encodeURIComponent(outcome.batch)}`;
  paper.href = URL.createObjectURL(new Blob([JSON.stringify(job.receipt, null, 1)], { type: "application/json" }));
  paper.download = `bien-nhan.${outcome.batch}.json`;
  const deeds = make("p", "deeds"); deeds.append(open, paper); box.append(deeds);
  return box;
}
async function showNetwork(waiting) {
  let pages = 0;
  for (const job of waiting) for (const file of await Store.files(job.owner, job.id)) pages += rows.get(file.id) && rows.get(file.id).sent ? 0 : 1;
  const text = { away: words.away, login: words.login, broken: words.broken }[network];
  $("network").hidden = !text || !pages;
  $("network").textContent = text ? say(text, { n: pages }) : "";
  $("sign-in").hidden = network !== "login" || !pages;
}
const heard = {
  changed: async () => { await showChosen(); await showJobs(); },
  idle: () => { network = ""; showJobs(); },
  hashing: ({ job, n, all }) => { if (bars.has(job)) bars.get(job).line.textContent = say(words.hashing, { n, all }); },
  sending: ({ job, done, all, left }) => {
    if (!bars.has(job)) return;
    const { bar, line, files } = bars.get(job), open = new Map(left);
    bar.value = all ? (100 * done) / all : 100;
    for (const file of files) {
      const row = rows.get(file.id), remains = open.get(file.id) || 0;
      row.sent = !remains;
      if (!row.file.verdict) row.state.textContent = row.sent ? words.sent : remains < file.size ? `${Math.floor(100 * (1 - remains / file.size))} %` : words.unsent;
    }
    line.textContent = say(words.sending, { done: files.filter((f) => rows.get(f.id).sent).length, all: files.length, percent: Math.floor(bar.value) });
    if (network) { network = ""; showNetwork([]); }
  },
  verdict: ({ file, verdict }) => { const row = rows.get(file); if (row) { row.file.verdict = verdict; row.sent = true; verdictText(row.state, verdict); } },
  taking: ({ job }) => { if (bars.has(job)) { bars.get(job).bar.value = 100; bars.get(job).line.textContent = words.taking; } },
};
for (const trouble of ["away", "login", "broken"]) {
  heard[trouble] = async ({ job }) => {
    network = trouble;
    if (bars.has(job)) bars.get(job).line.textContent = words.waiting;
    await showNetwork((await Store.jobs()).filter((j) => j.state === "waiting"));
  };
}
Sender.listen((news) => heard[news.phase] && heard[news.phase](news));

// --- the ways in ---
$("folder").addEventListener("change", (e) => { add([...e.target.files]).then(() => { e.target.value = ""; }); });
$("files").addEventListener("change", (e) => { add([...e.target.files]).then(() => { e.target.value = ""; }); });
// Photographs come one by one and all are called image.jpg: they are named by the moment, so that they stay in the order they were taken.
let photos = 0;
$("camera").addEventListener("change", async (e) => {
  const [taken] = e.target.files;
  if (!taken) return;
  const now = new Date(), two = (n) => String(n).padStart(2, "0");
  const moment = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const kind = { "image/png": "png" }[taken.type] || "jpg";
  photos += 1;
  await add([new File([taken], `chup-${moment}-${String(photos).padStart(3, "0")}.${kind}`, { type: taken.type })]);
  e.target.value = "";
  $("photos").hidden = false; $("photos").textContent = say(words.photos, { n: chosen.length });
});
const drop = $("drop");
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
  await add(files);
});
(async () => {
  await Sender.start({ worker, owner, chunkSize: Number(chunkSize) });
  setCommunes();
  setTarget(asked.get("batch") || "", again);
  await heard.changed();
  $("upload").dataset.ready = "yes";
  if (navigator.serviceWorker) await navigator.serviceWorker.register("/upload/service-worker.js", { scope: "/upload" });
})();
