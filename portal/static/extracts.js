// Ctrl Enter does the next step of the extract on the page: no single letter, so nothing typed by chance does it (WCAG 2.1.4).
document.addEventListener('keydown', (e) => {
  if (e.key !== 'Enter' || !e.ctrlKey || e.repeat) return;
  const next = document.querySelector('[data-next]');
  if (next && !next.disabled) {
    e.preventDefault();
    next.click();
  }
});
// A step takes a second (signing): not twice.
document.addEventListener('submit', (e) => {
  const button = e.target.querySelector('button');
  if (button) setTimeout(() => { button.disabled = true; }, 0);
});
