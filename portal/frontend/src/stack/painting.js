// Draws a picture as large as its view shows it whole, in the screen's own pixels.
// Returns how many CSS pixels one of its pixels takes.
export function paint(canvas, view, bitmap) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(view.clientWidth * ratio);
  const height = Math.round(view.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { alpha: false });
  const scale = Math.min(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  return scale / ratio;
}
