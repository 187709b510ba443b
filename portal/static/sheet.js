// The page picture: zoom, drag, go to a field's place, and draw a field enlarged. Boxes are shares (0..1) of the page.
"use strict";
class Sheet {
  constructor(view, sheet, image, boxes) {
    Object.assign(this, { view, sheet, image, boxes, scale: 1, x: 0, y: 0, follow: true, box: null });
    this.ready = image.complete && image.naturalWidth ? Promise.resolve() : new Promise((done) => image.addEventListener("load", done, { once: true }));
    this.ready.then(() => this.fitPage());
    new ResizeObserver(() => { if (this.follow && this.box) this.goTo(this.box); else this.fitPage(); }).observe(view);
    this.listen();
  }

  listen() {
    const view = this.view;
    view.addEventListener("wheel", (e) => {
      e.preventDefault();
      const at = view.getBoundingClientRect();
      this.zoom(Math.exp(-e.deltaY / 500), e.clientX - at.left, e.clientY - at.top);
    }, { passive: false });
    view.addEventListener("pointerdown", (e) => { this.drag = { x: e.clientX - this.x, y: e.clientY - this.y }; view.setPointerCapture(e.pointerId); view.classList.add("dragging"); });
    view.addEventListener("pointermove", (e) => { if (this.drag) this.place(this.scale, e.clientX - this.drag.x, e.clientY - this.drag.y); });
    for (const end of ["pointerup", "pointercancel"]) view.addEventListener(end, () => { this.drag = null; view.classList.remove("dragging"); });
  }

  place(scale, x, y) {
    const w = this.image.naturalWidth * scale, h = this.image.naturalHeight * scale, keep = 60;
    this.scale = scale;
    this.x = Math.min(Math.max(x, keep - w), this.view.clientWidth - keep);
    this.y = Math.min(Math.max(y, keep - h), this.view.clientHeight - keep);
    this.sheet.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
  }

  zoom(factor, cx = this.view.clientWidth / 2, cy = this.view.clientHeight / 2) {
    const scale = Math.min(Math.max(this.scale * factor, 0.08), 6), real = scale / this.scale;
    this.place(scale, cx - (cx - this.x) * real, cy - (cy - this.y) * real);
  }

  fitPage() {
    if (!this.image.naturalWidth) return;
    const scale = Math.min(this.view.clientWidth / this.image.naturalWidth, this.view.clientHeight / this.image.naturalHeight);
    this.place(scale, (this.view.clientWidth - this.image.naturalWidth * scale) / 2, (this.view.clientHeight - this.image.naturalHeight * scale) / 2);
  }

  async goTo(box) {
    this.box = box;         // where a change of the window's size leads back to
    await this.ready;
    if (!this.follow || !box) return;
    const w = this.image.naturalWidth, h = this.image.naturalHeight;
    const whole = this.view.clientWidth / w;
    const scale = Math.min(Math.max((this.view.clientWidth * 0.86) / (box.width * w), whole), whole * 1.9);
    const half = this.view.clientWidth / 2;
    let x = half - (box.x + box.width / 2) * w * scale;
    x = Math.min(Math.max(x, this.view.clientWidth - w * scale), 0);
    let y = this.view.clientHeight * 0.42 - (box.y + box.height / 2) * h * scale;
    if (h * scale > this.view.clientHeight) y = Math.min(Math.max(y, this.view.clientHeight - h * scale), 0);
    this.place(scale, x, y);
  }

  mark(fields, active) {
    this.boxes.replaceChildren(...fields.filter((f) => f.box).map((f) => {
      const piece = document.createElement("b");
      piece.className = f.code === active ? "active" : f.sureness;
      Object.assign(piece.style, { left: `${f.box.x * 100}%`, top: `${f.box.y * 100}%`, width: `${f.box.width * 100}%`, height: `${f.box.height * 100}%` });
      return piece;
    }));
  }

  async draw(canvas, box) {
    await this.ready;
    const w = this.image.naturalWidth, h = this.image.naturalHeight;
    const room = canvas.parentElement.clientWidth - 32, tall = 92, dense = window.devicePixelRatio || 1;
    const ch = Math.min(h, box.height * 1.56 * h), scale = Math.min(tall / ch, room / ((box.width + 0.03) * w), 3);
    const cw = Math.min(w, room / scale);       // what is left of the room shows the surroundings
    const x = Math.min(Math.max(0, (box.x - 0.015) * w - Math.max(0, (cw - (box.width + 0.03) * w) / 2)), w - cw);
    const y = Math.min(Math.max(0, (box.y + box.height / 2) * h - ch / 2), h - ch);
    canvas.width = Math.round(cw * scale * dense);
    canvas.height = Math.round(ch * scale * dense);
    canvas.style.width = `${Math.round(cw * scale)}px`;
    canvas.style.height = `${Math.round(ch * scale)}px`;
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.image, x, y, cw, ch, 0, 0, canvas.width, canvas.height);
    const k = scale * dense, left = (box.x * w - x) * k, right = left + box.width * w * k;
    pen.fillStyle = "rgba(58, 63, 66, 0.4)";
    pen.fillRect(0, 0, left - 4 * dense, canvas.height);
    pen.fillRect(right + 4 * dense, 0, canvas.width, canvas.height);
  }
}
