// Sends the waiting jobs: hash, agree on the manifest, send what is lacking, finish. It stops for nothing but a refusal: it waits and goes on.
"use strict";
const Sender = (() => {
  const LONGEST = 30000, TIMEOUT = 90000;        // milliseconds
  const ANEW = ["unknown_upload", "damaged_chunk", "incomplete", "forged"];      // agree again, then it will do
  const tabs = new BroadcastChannel("sogoc-upload"), heard = [];
  let settings = {}, csrf = "", owner = "", wake = () => {}, pause = 1000, worker = null, asked = 0;
  class Trouble extends Error { constructor(kind, said) { super(said || kind); this.kind = kind; } }
  const tell = (news) => { for (const listener of heard) listener(news); tabs.postMessage(news); };
  tabs.onmessage = ({ data }) => { for (const listener of heard) listener(data); if (data.phase === "changed") wake(); };

  async function ask(method, path, body, type) {
    let answer, said;
    const headers = { Accept: "application/json", "X-CSRF-Token": csrf, ...(type ? { "Content-Type": type } : {}) };
    try {
      answer = await fetch(path, { method, headers, body, redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
      if (answer.type === "opaqueredirect" || answer.status === 401) throw new Trouble("login");
      said = await answer.json();                 // what is not JSON comes from something between us and the server
    } catch (problem) { throw problem instanceof Trouble ? problem : new Trouble("away"); }
    if (answer.ok) return said;
    if (answer.status >= 500 || [408, 425, 429].includes(answer.status)) throw new Trouble("away");
    throw new Trouble(ANEW.includes(said.code) ? "anew" : "refused", said.message);
  }
  async function session() {
    const said = await ask("GET", "/upload/session");
    csrf = said.csrf; asked = Date.now();
    if (said.owner !== owner) { owner = said.owner; await Store.setOwner(owner); tell({ phase: "changed" }); }
  }
  function hash(blob) {
    worker = worker || new Worker(settings.worker);
    return new Promise((done, fail) => {
      worker.onmessage = ({ data }) => (data.problem ? fail(new Trouble("unreadable", data.problem)) : done(data));
      worker.onerror = () => { worker = null; fail(new Trouble("away")); };
      worker.postMessage({ blob, chunkSize: settings.chunkSize });
    });
  }
  async function hashed(job) {
    const files = (await Store.files(job.owner, job.id)).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const [n, file] of files.entries()) {
      if (file.sha256) continue;
      tell({ phase: "hashing", job: job.id, n: n + 1, all: files.length });
      const { sha256, chunks } = await hash(await Store.blob(file.id)).catch((problem) => {
        throw problem.kind === "unreadable" ? new Trouble("unreadable", file.name) : problem;
      });
      Object.assign(file, { sha256, chunks });
      await Store.facts(file.id, { sha256, chunks });
    }
    return files;
  }
  // Every distinct chunk once, in the order of the files, as the server counts them.
  function piecesOf(files) {
    const found = new Map();
    files.forEach((file) => file.chunks.forEach((sha256, n) => {
      const from = n * settings.chunkSize;
      if (!found.has(sha256)) found.set(sha256, { sha256, file, from, size: Math.min(settings.chunkSize, file.size - from) });
    }));
    return [...found.values()];
  }
  async function judge(upload, files, number) {
    try {
      const said = await ask("GET", `/upload/${upload}/files/${number}`);
      await Store.facts(files[number].id, { verdict: said });
      tell({ phase: "verdict", file: files[number].id, verdict: said });
    } catch (problem) { /* asked again when the page is opened anew; the receipt says it in the end */ }
  }
  async function agree(job, files) {
    if (job.agreed === job.revision) {              // the manifest of a big book is long: it travels once
      try { return await ask("GET", `/upload/${job.upload}`); } catch (problem) { if (problem.kind !== "anew") throw problem; }
    }
    const { name, ...about } = job.about;
    const listed = files.map(({ name: file, size, sha256, chunks }) => ({ name: file, size, sha256, chunks }));
    const manifest = { format: "sogoc-manifest/1", name, about, chunk_size: settings.chunkSize, files: listed };
    const standing = await ask("POST", "/upload", JSON.stringify(manifest), "application/json");
    if (job.upload && job.upload !== standing.id) await ask("DELETE", `/upload/${job.upload}`);
    return standing;
  }
  async function send(job) {
    const files = await hashed(job);
    if (!csrf || Date.now() - asked > 300000) await session();
    if (owner !== job.owner) return;
    let standing = await agree(job, files);
    if (!(await Store.change(job.id, job.revision, { upload: standing.id, agreed: job.revision }))) return;
    const pieces = piecesOf(files), missing = standing.missing.flatMap(([a, b]) => pieces.slice(a, b + 1));
    const all = pieces.reduce((sum, p) => sum + p.size, 0), left = new Map(files.map((f) => [f.id, 0]));
    const lacking = new Set(missing.map((p) => p.sha256)), needed = new Map(files.map((f) => [f, new Set(f.chunks.filter((c) => lacking.has(c)))]));
    for (const p of missing) left.set(p.file.id, left.get(p.file.id) + p.size);
    let done = all - missing.reduce((sum, p) => sum + p.size, 0), judged = Promise.resolve();
    const progress = () => tell({ phase: "sending", job: job.id, done, all, left: [...left] });
    const look = (number) => { if (!files[number].verdict) judged = judged.then(() => judge(standing.id, files, number)); };
    pause = 1000; progress();
    if (standing.state === "open") files.forEach((file, number) => { if (!needed.get(file).size) look(number); });
    for (const piece of missing) {
      if (Date.now() - asked > 300000) await session();
      const bytes = await (await Store.blob(piece.file.id)).slice(piece.from, piece.from + piece.size).arrayBuffer()
        .catch(() => { throw new Trouble("unreadable", piece.file.name); });
      await ask("PUT", `/upload/${standing.id}/chunks/${piece.sha256}`, bytes, "application/octet-stream");
      pause = 1000; done += piece.size;
      left.set(piece.file.id, left.get(piece.file.id) - piece.size);
      files.forEach((file, number) => { if (needed.get(file).delete(piece.sha256) && !needed.get(file).size) look(number); });
      progress();
      const now = await Store.job(job.id);
      if (!now || now.revision !== job.revision) return;        // pages were added, or it was cancelled
    }
    if (standing.state === "open") await judged;
    tell({ phase: "taking", job: job.id });
    while (standing.state !== "finished") {
      standing = await ask("POST", `/upload/${standing.id}/finish`);
      if (standing.state !== "finished") await new Promise((go) => { setTimeout(go, 2000); });
    }
    await Store.change(job.id, job.revision, { state: "done", receipt: standing.receipt, refused: standing.refused });
    tell({ phase: "changed" });
  }
  async function loop() {
    for (;;) {
      const nudged = new Promise((go) => { wake = go; });
      const jobs = (await Store.jobs()).filter((j) => j.state === "waiting"), job = jobs.find((j) => j.owner === owner);
      let wait = jobs.length && !job ? pause : null;
      try {
        if (job) await send(job); else if (jobs.length || !csrf) await session();
        if (!job && !jobs.length) tell({ phase: "idle" });
      } catch (problem) {
        const kind = problem instanceof Trouble ? problem.kind : "broken";
        if (kind === "refused" || kind === "unreadable") await Store.change(job.id, job.revision, { state: "failed", kind, said: problem.message });
        if (kind === "anew") csrf = "";
        tell({ phase: kind === "refused" || kind === "unreadable" ? "changed" : kind, job: job && job.id, said: problem.message });
        wait = pause; pause = Math.min(LONGEST, pause * 2);
      }
      if (wait !== null) await Promise.race([nudged, new Promise((go) => { setTimeout(go, wait); })]);
      else if (!job) await nudged;
    }
  }
  return {
    listen: (listener) => heard.push(listener),
    owner: () => owner,
    // The job is not wanted any more; told to the server if it can be reached, else it drops the upload by itself some day.
    cancel: async (job) => {
      await Store.forget(job.id);
      Sender.nudge();
      if (job.upload) await ask("DELETE", `/upload/${job.upload}`).catch(() => {});
    },
    // What the names of files say of their book; null where the server cannot be asked.
    names: async (folder, names) => {
      try { if (!csrf) await session(); return await ask("POST", "/upload/names", JSON.stringify({ folder, names }), "application/json"); } catch (away) { return null; }
    },
    // Something to send, or the network is back.
    nudge: () => { pause = 1000; wake(); tell({ phase: "changed" }); },
    // given.owner: whose page it is, "" for the page kept for when the server is away: then the last one known here.
    start: async (given) => {
      settings = given;
      owner = (await Store.owner()) || "";
      if (given.owner && given.owner !== owner) { owner = given.owner; await Store.setOwner(owner); }
      window.addEventListener("online", () => { pause = 1000; wake(); });
      if (navigator.locks) navigator.locks.request("sogoc-upload", loop); else loop();      // one tab sends, the others look on
    },
  };
})();
