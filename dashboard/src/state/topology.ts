/** Where nodes stand around the hub: on ellipses, the inner one filled first, none on another. */

export interface Spot {
  x: number;
  y: number;
}

/** Spots on a ground of 400 by 220 whose middle is the hub. */
export function places(count: number): Spot[] {
  // A ring holds as many as keep their distance on it; with few nodes there is one ring.
  const rings = count <= 24 ? [count] : split(count);
  return rings.flatMap((here, ring) => {
    const share = rings.length === 1 ? 1 : 0.36 + (0.64 * (ring + 1)) / rings.length;
    const turn = ring % 2 === 0 ? 0 : Math.PI / here;
    return Array.from({ length: here }, (_, index) => {
      const angle = (index / here) * 2 * Math.PI - Math.PI / 2 + turn + (here === 2 ? Math.PI / 2 : here === 4 ? Math.PI / 4 : 0);
      return { x: 165 * share * Math.cos(angle), y: 78 * share * Math.sin(angle) };
    });
  });
}

/** Outer rings are longer and hold more. */
function split(count: number): number[] {
  const rings = Math.min(6, Math.ceil(count / 40) + 1);
  const weights = Array.from({ length: rings }, (_, ring) => 0.36 + (0.64 * (ring + 1)) / rings);
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const sizes = weights.map((weight) => Math.floor((count * weight) / whole));
  const rest = count - sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size, ring) => (ring === rings - 1 ? size + rest : size));
}
