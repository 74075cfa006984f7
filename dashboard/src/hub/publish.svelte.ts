/** Publishes images: parts are sent and sent again until the hub has them, then it checks the signatures (OTA). */

import { pair, readManifest, type Manifest } from '../state/manifest.ts';
import { ask, headers, Refused } from './call.ts';
import { commands } from './commands.svelte.ts';

/** What the hub takes at once. */
const PART = 1024 * 1024;
/** How often a part is sent again when nobody answers, and the pause before. */
const TRIES = 10;
const PAUSE_MS = 1000;
/** Longer texts are no manifests. */
const MAX_MANIFEST = 256 * 1024;

export interface Sending {
  sha256: string;
  name: string;
  share: number;
}

class Publishing {
  sending: Sending[] = $state.raw([]);

  /** Takes files as they were dropped: manifests, and the images they describe. Answers the versions that are published now. */
  async take(files: readonly File[]): Promise<string[]> {
    const manifests: Manifest[] = [];
    const images: File[] = [];
    for (const file of files) {
      const manifest = file.size <= MAX_MANIFEST ? readManifest(await file.text()) : null;
      if (manifest) manifests.push(manifest);
      else images.push(file);
    }
    if (manifests.length === 0) {
      commands.say('Drop the signed manifest together with its image: cuelight ota sign writes it. Images for deployed nodes are published by cuelight ota publish.', true);
      return [];
    }
    const published: string[] = [];
    for (const { manifest, image } of pair(manifests, images)) {
      try {
        await this.#publish(manifest, image);
        published.push(manifest.version);
        commands.say(`${manifest.version} for ${manifest.hardware} is published`);
      } catch (error) {
        commands.say(`${manifest.version} for ${manifest.hardware}: ${error instanceof Error ? error.message : String(error)}`, true);
      }
    }
    return published;
  }

  async #publish(manifest: Manifest, image: File | null): Promise<void> {
    const { sha256, version, size } = manifest;
    const upload = `/api/v1/ota/uploads/${sha256}`;
    const tell = (share: number) =>
      (this.sending = [...this.sending.filter((one) => one.sha256 !== sha256), { sha256, name: `${version} for ${manifest.hardware}`, share }]);
    try {
      const images = (await ask<{ sha256: string }[]>('GET', '/api/v1/ota/images')).value;
      let have = images.some((one) => one.sha256 === sha256) ? size : (await ask<{ have: number }>('GET', upload)).value.have;
      if (have < size && image === null) throw new Error(`no file of the ${size} bytes that its manifest says was dropped with it`);
      tell(have / size);
      while (have < size && image !== null) {
        have = await this.#part(`${upload}?size=${size}&from=${have}`, image.slice(have, have + PART));
        tell(have / size);
      }
      await ask('POST', '/api/v1/ota/images', { body: { signed: manifest.document }, limitMs: 60_000 });
    } finally {
      this.sending = this.sending.filter((one) => one.sha256 !== sha256);
    }
  }

  /** Sends one part; answers how much the hub has then. */
  async #part(path: string, part: Blob): Promise<number> {
    for (let turn = 1; ; turn++) {
      try {
        const response = await fetch(path, { method: 'PUT', headers: headers({ 'Content-Type': 'application/octet-stream' }), body: part });
        const value = (await response.json()) as { have: number; detail?: string };
        if (!response.ok) throw new Refused(response.status, value.detail ?? response.statusText);
        return value.have;
      } catch (error) {
        if (error instanceof Refused || turn === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }
}

export const publishing = new Publishing();
