// A field enlarged: its place in the original at full resolution, with a little of what stands around it.
const TALL = 92, AROUND = 1.7, MOST = 3;       // pixels on the screen; height shown, in heights of the field; enlargement at most

export class Loupe {
  constructor() { this.wanted = null; }

  // page: where its tiles are (pages/tiles.py); box: shares of the page.
  draw(canvas, page, box) {
    const w = page.width, h = page.height, room = canvas.parentElement.clientWidth - 32, dense = window.devicePixelRatio || 1;
    const ch = Math.min(h, Math.max(box.height * AROUND * h, 24)), scale = Math.min(TALL / ch, room / ((box.width + 0.03) * w), MOST);
    const cw = Math.min(w, room / scale);       // what is left of the room shows the surroundings
    const x = Math.round(Math.min(Math.max(0, (box.x - 0.015) * w - Math.max(0, (cw - (box.width + 0.03) * w) / 2)), w - cw));
    const y = Math.round(Math.min(Math.max(0, (box.y + box.height / 2) * h - ch / 2), h - ch));
    const image = new Image(), wide = Math.round(cw), tall = Math.round(ch);
    this.wanted = image;
    image.addEventListener("load", () => {
      if (this.wanted !== image) return;        // another field since
      canvas.width = Math.round(cw * scale * dense);
      canvas.height = Math.round(ch * scale * dense);
      canvas.style.width = `${Math.round(cw * scale)}px`;
      canvas.style.height = `${Math.round(ch * scale)}px`;
      const pen = canvas.getContext("2d"), k = scale * dense;
      pen.imageSmoothingQuality = "high";
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      const left = (box.x * w - x) * k, right = left + box.width * w * k;
      pen.fillStyle = "rgba(58, 63, 66, 0.4)";
      pen.fillRect(0, 0, left - 4 * dense, canvas.height);
      pen.fillRect(right + 4 * dense, 0, canvas.width, canvas.height);
      canvas.dataset.drawn = `${image.naturalWidth}`;
    });
    image.src = `${page.at}/region/${x}_${y}_${wide}_${tall}.jpg`;
  }
}
