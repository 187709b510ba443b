// What the page of the second check and that of the differences share: the page picture, and how one goes on.
"use strict";
const entry = $("entry");
const stops = [...document.querySelectorAll("[data-stop]")];
const desk = { revision: Number(entry.dataset.revision), active: null, leaving: false, acts: Promise.resolve() };
const address = (what) => `${entry.dataset.at}/${entry.dataset.entry}/${what}`;

const picture = {
  image: $("image"), view: $("view"), zoom: 1,
  ready: $("image").complete && $("image").naturalWidth ? Promise.resolve() : new Promise((done) => $("image").addEventListener("load", done, { once: true })),
  size() { $("page").style.width = `${this.zoom * 100}%`; },
  async show(box) {
    await this.ready;
    $("here").hidden = !box;
    if (!box) return;
    Object.assign($("here").style, { left: `${box.x * 100}%`, top: `${box.y * 100}%`, width: `${box.width * 100}%`, height: `${box.height * 100}%` });
    const page = $("page"), x = (box.x + box.width / 2) * page.clientWidth, y = (box.y + box.height / 2) * page.clientHeight;
    this.view.scrollTo({ left: x - this.view.clientWidth / 2, top: y - this.view.clientHeight / 2 });
  },
  // The field enlarged, with a little of what stands around it.
  async draw(canvas, box, tall) {
    await this.ready;
    const w = this.image.naturalWidth, h = this.image.naturalHeight, dense = window.devicePixelRatio || 1, room = canvas.parentElement.clientWidth - 32;
    const ch = Math.min(h, box.height * 1.7 * h), scale = Math.min(tall / ch, room / ((box.width + 0.04) * w), 4), cw = Math.min(w, room / scale, box.width * w * 1.25);
    const x = Math.min(Math.max(0, (box.x + box.width / 2) * w - cw / 2), w - cw), y = Math.min(Math.max(0, (box.y + box.height / 2) * h - ch / 2), h - ch);
    Object.assign(canvas, { width: Math.round(cw * scale * dense), height: Math.round(ch * scale * dense) });
    Object.assign(canvas.style, { width: `${Math.round(cw * scale)}px`, height: `${Math.round(ch * scale)}px` });
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.image, x, y, cw, ch, 0, 0, canvas.width, canvas.height);
  },
};
function zoom(factor) { picture.zoom = Math.min(Math.max(picture.zoom * factor, 0.6), 4); picture.size(); }

async function post(path, body) {
  const said = await call(path, body);
  if (said && said.revision !== undefined) desk.revision = said.revision;
  return said;
}
// One step at a time, in the order they were made.
function act(job) { desk.acts = desk.acts.then(job, job); return desk.acts; }
function goOn(after) { desk.leaving = true; location.href = `${entry.dataset.at}/next${after ? `?after=${entry.dataset.entry}` : ""}`; }
async function skip() { await act(() => post(address("release"))); goOn(true); }
async function undo() {
  await act(async () => {
    const said = await post("/second-check/undo");
    if (!said) return;
    if (said.refused) { toast(said.refused.message, true); return; }
    desk.leaving = true;
    location.href = said.where;
  });
}
setInterval(() => post(address("hold")), 60000);
addEventListener("pagehide", () => {
  if (!desk.leaving) fetch(address("release"), { method: "POST", keepalive: true, headers: { "X-CSRF-Token": csrf } });
});
