/** Draws the LEDs of a node as people see them: each pixel, and its light around. */

/** How light falls off above and below the strip. */
const FALL = [
  [0, 0.04],
  [0.3, 0.42],
  [0.7, 0.42],
  [1, 0.04],
] as const;

/** `source` is a canvas to work on; `pixels` red, green, blue of each. */
export function paint(target: HTMLCanvasElement, source: OffscreenCanvas, pixels: Uint8Array) {
  const count = pixels.length / 3;
  if (count === 0) return;
  const [context, strip] = [target.getContext('2d'), source.getContext('2d')];
  if (!context || !strip) return;
  const [width, height] = [Math.round(target.clientWidth * devicePixelRatio), Math.round(target.clientHeight * devicePixelRatio)];
  if (target.width !== width || target.height !== height) [target.width, target.height] = [width, height];
  source.width = count;
  const image = strip.createImageData(count, 1);
  for (let index = 0; index < count; index++) {
    image.data.set(pixels.subarray(3 * index, 3 * index + 3), 4 * index);
    image.data[4 * index + 3] = 255;
  }
  strip.putImageData(image, 0, 0);
  context.clearRect(0, 0, width, height);
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
