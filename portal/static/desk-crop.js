// Cutting a page: four corners over the whole picture, moved by mouse, finger or keyboard. Crop.open resolves to corners, null (the whole) or undefined (left).
"use strict";
const Crop = (() => {
  const el = (id) => document.getElementById(id);
  const dialog = el("crop-dialog"), area = el("crop-area"), picture = el("crop-picture"), handles = [...document.querySelectorAll(".corner")];
  const WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]], LEAST = 0.05;
  let corners = WHOLE, done = () => {};
  const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
  // Corner n of the picture as it is shown, from and to shares of the original, which lies `turn` degrees before it.
  const shown = ([x, y], turn) => ({ 0: [x, y], 90: [1 - y, x], 180: [1 - x, 1 - y], 270: [y, 1 - x] }[turn]);
  const original = ([x, y], turn) => ({ 0: [x, y], 90: [y, 1 - x], 180: [1 - x, 1 - y], 270: [1 - y, x] }[turn]);
  function draw() {
    handles.forEach((h, n) => { h.style.left = `${100 * corners[n][0]}%`; h.style.top = `${100 * corners[n][1]}%`; });
    el("crop-shade").setAttribute("d", `M0 0H1V1H0Z M${corners.map((c) => c.join(" ")).join(" L")}Z`);
  }
  // Each corner stays in its quarter of the others, so that the shape never turns over.
  function move(n, x, y) {
    const next = corners.map((c) => [...c]);
    const right = n === 1 || n === 2, low = n >= 2, square = el("crop-square").checked;
    const beside = corners[[1, 0, 3, 2][n]], across = corners[[3, 2, 1, 0][n]];
    next[n] = [right ? clamp(x, beside[0] + LEAST, 1) : clamp(x, 0, beside[0] - LEAST), low ? clamp(y, across[1] + LEAST, 1) : clamp(y, 0, across[1] - LEAST)];
    if (square) { next[[1, 0, 3, 2][n]][1] = next[n][1]; next[[3, 2, 1, 0][n]][0] = next[n][0]; }
    corners = next; draw();
  }
  handles.forEach((handle, n) => {
    handle.addEventListener("pointerdown", (e) => { e.preventDefault(); handle.setPointerCapture(e.pointerId); handle.focus(); });
    handle.addEventListener("pointermove", (e) => {
      if (!handle.hasPointerCapture(e.pointerId)) return;
      const box = area.getBoundingClientRect();
      move(n, (e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height);
    });
    handle.addEventListener("keydown", (e) => {
      const step = e.shiftKey ? 0.05 : 0.005, by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[e.key];
      if (e.key === "Enter") { e.preventDefault(); leave(corners); }
      if (!by) return;
      e.preventDefault(); move(n, corners[n][0] + by[0], corners[n][1] + by[1]);
    });
  });
  function leave(answer) { dialog.close(); done(answer); }
  el("crop-save").addEventListener("click", () => leave(corners));
  el("crop-whole").addEventListener("click", () => leave(null));
  el("crop-cancel").addEventListener("click", () => leave(undefined));
  dialog.addEventListener("cancel", () => done(undefined));
  return {
    open: async (address, turn, before) => {
      picture.src = address;
      el("crop-square").checked = !before;
      const from = before ? before.map((c) => shown(c, turn)) : null;
      // The first corner of the original is not the first one of the turned picture.
      corners = from ? from.slice((4 - turn / 90) % 4).concat(from.slice(0, (4 - turn / 90) % 4)) : WHOLE.map(([x, y]) => [x ? 0.97 : 0.03, y ? 0.97 : 0.03]);
      draw(); dialog.showModal(); handles[0].focus();
      const answer = await new Promise((go) => { done = go; });
      if (!answer) return answer;
      const back = answer.map((c) => original(c, turn)), first = turn / 90;
      return back.slice(first).concat(back.slice(0, first)).map((c) => c.map((v) => clamp(Math.round(v * 1e5) / 1e5, 0, 1)));
    },
  };
})();
