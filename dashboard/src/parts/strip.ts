/** Draws the LEDs of a node as people see them: each pixel, and its light around; strips in a line, matrices in rows. */

/** How light falls off above and below the strip. */
const FALL = [
  [0, 0.04],
  [0.3, 0.42],
  [0.7, 0.42],
  [1, 0.04],
] as const;

/** `source` is a canvas to work on; `pixels` red, green, blue of each, row by row; `columns` how many are in a row: all, where it is not said. */
export function paint(target: HTMLCanvasElement, source: OffscreenCanvas, pixels: Uint8Array, columns = pixels.length / 3) {
  const count = pixels.length / 3;
  if (count === 0 || columns === 0) return;
  const rows = count / columns;
  const [context, strip] = [target.getContext('2d'), source.getContext('2d')];
  if (!context || !strip) return;
  const [width, height] = [Math.round(target.clientWidth * devicePixelRatio), Math.round(target.clientHeight * devicePixelRatio)];
  if (target.width !== width || target.height !== height) [target.width, target.height] = [width, height];
  [source.width, source.height] = [columns, rows];
  const image = strip.createImageData(columns, rows);
  for (let index = 0; index < count; index++) {
    image.data.set(pixels.subarray(3 * index, 3 * index + 3), 4 * index);
    image.data[4 * index + 3] = 255;
  }
  strip.putImageData(image, 0, 0);
  context.clearRect(0, 0, width, height);
  if (rows > 1) return matrix(context, source, width, height);
  // The light around the strip: the strip itself, stretched, fainter outwards.
  context.imageSmoothingEnabled = true;
  context.drawImage(source, 0, 0, width, height);
  const fall = context.createLinearGradient(0, 0, 0, height);
  for (const [at, alpha] of FALL) fall.addColorStop(at, `rgb(0 0 0 / ${alpha})`);
  context.globalCompositeOperation = 'destination-in';
  context.fillStyle = fall;
  context.fillRect(0, 0, width, height);
  context.globalCompositeOperation = 'source-over';
  // The LEDs, with gaps where there is room for them.
  const [top, band] = [Math.round(height * 0.3), Math.round(height * 0.4)];
  const pitch = width / count;
  const gap = pitch > 6 ? pitch * 0.22 : 0;
  context.imageSmoothingEnabled = false;
  if (gap === 0) context.drawImage(source, 0, top, width, band);
  else
    for (let index = 0; index < count; index++) {
      context.drawImage(source, index, 0, 1, 1, index * pitch + gap / 2, top, pitch - gap, band);
    }
}

/** How much larger than the matrix its light is. */
const GLOW = 1.12;

/** Square LEDs in the middle of the canvas, as large as they can be. */
function matrix(context: CanvasRenderingContext2D, source: OffscreenCanvas, width: number, height: number) {
  const [columns, rows] = [source.width, source.height];
  const pitch = Math.min(width / columns, height / rows) / GLOW;
  const [across, down] = [columns * pitch, rows * pitch];
  const [left, top] = [(width - across) / 2, (height - down) / 2];
  context.imageSmoothingEnabled = true;
  context.globalAlpha = 0.35;
  context.drawImage(source, (width - across * GLOW) / 2, (height - down * GLOW) / 2, across * GLOW, down * GLOW);
  context.globalAlpha = 1;
  context.imageSmoothingEnabled = false;
  const gap = pitch > 6 ? pitch * 0.22 : 0;
  if (gap === 0) return context.drawImage(source, left, top, across, down);
  context.clearRect(left, top, across, down);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      context.drawImage(source, column, row, 1, 1, left + column * pitch + gap / 2, top + row * pitch + gap / 2, pitch - gap, pitch - gap);
}
