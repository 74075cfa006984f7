/** The pictures of the live connection (docs/api/live.md): what each node's LEDs show. */

export interface Strip {
  /** All LEDs of the node, of which there may be fewer pixels here. */
  leds: number;
  /** Pixels in a row: all of them, except of a matrix. */
  columns: number;
  /** The newest change in force. */
  rev: number;
  /** Red, green, blue of each pixel. */
  pixels: Uint8Array;
}

export interface Picture {
  number: number;
  showUs: number;
  /** By the number of the node. */
  nodes: Map<number, Strip>;
}

const HEAD = 24;
const NODE_HEAD = 14;

/** Reads a picture; null for bytes that are none, or that end early. */
export function readPicture(buffer: ArrayBuffer): Picture | null {
  const view = new DataView(buffer);
  if (buffer.byteLength < HEAD || view.getUint8(0) !== 1 || view.getUint8(1) !== 2) return null;
  const nodes = new Map<number, Strip>();
  let at = HEAD;
  for (let left = view.getUint16(2, true); left > 0; left--) {
    if (at + NODE_HEAD > buffer.byteLength) return null;
    const length = 3 * view.getUint16(at + 2, true);
    const begin = at + NODE_HEAD;
    if (begin + length > buffer.byteLength) return null;
    nodes.set(view.getUint16(at, true), {
      columns: view.getUint16(at + 4, true),
      leds: view.getUint32(at + 6, true),
      rev: view.getUint32(at + 10, true),
      pixels: new Uint8Array(buffer, begin, length),
    });
    at = begin + length;
  }
  if (at !== buffer.byteLength) return null;
  return { number: view.getUint32(4, true), showUs: Number(view.getBigInt64(8, true)), nodes };
}
