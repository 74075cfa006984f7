/** Signed manifests of images (`cuelight ota sign`), as far as a page reads them: the hub checks what they say. */

/** A text and its signatures. */
export interface Signed {
  signed: string;
  signatures: unknown[];
}

export interface Manifest {
  document: Signed;
  product: string;
  hardware: string;
  version: string;
  size: number;
  sha256: string;
}

/** Reads a manifest; null for a text that is none. */
export function readManifest(text: string): Manifest | null {
  try {
    const document = JSON.parse(text) as Signed;
    const said = JSON.parse(document.signed) as Partial<Manifest>;
    const { product, hardware, version, size, sha256 } = said;
    const isWhole = typeof size === 'number' && typeof version === 'string' && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
    if (!isWhole || !Array.isArray(document.signatures)) return null;
    return { document, product: product ?? '', hardware: hardware ?? '', version, size, sha256 };
  } catch {
    return null;
  }
}

/** Files that were dropped together: each manifest with the image that it describes, which has the length it says. */
export function pair<F extends { size: number }>(manifests: readonly Manifest[], files: readonly F[]): { manifest: Manifest; image: F | null }[] {
  const left = [...files];
  return manifests.map((manifest) => {
    const place = left.findIndex((file) => file.size === manifest.size);
    return { manifest, image: place === -1 ? null : (left.splice(place, 1)[0] ?? null) };
  });
}
