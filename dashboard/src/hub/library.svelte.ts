/** What there is to show: effects, palettes and presets. Asked for once, and again when the hub was not there. */

import { get } from './call.ts';
import type { Named, Palette, Preset } from './shapes.ts';

class Library {
  effects: Named[] = $state.raw([]);
  palettes: Palette[] = $state.raw([]);
  presets: Preset[] = $state.raw([]);
  #isLoading = false;

  async load(): Promise<void> {
    if (this.#isLoading || this.presets.length > 0) return;
    this.#isLoading = true;
    try {
      [this.effects, this.palettes, this.presets] = await Promise.all([
        get<Named[]>('/api/v1/effects'),
        get<Palette[]>('/api/v1/palettes'),
        get<Preset[]>('/api/v1/presets'),
      ]);
    } catch {
      // The link says that the hub is silent; the next return of it loads again.
    } finally {
      this.#isLoading = false;
    }
  }

  /** A palette as a CSS gradient; null for one that takes the scene's own colours. */
  gradient(palette: string, own?: readonly string[]): string | null {
    const found = this.palettes.find((known) => known.name === palette);
    const colors = found?.colors?.length ? found.colors : own;
    return colors?.length ? `linear-gradient(90deg, ${colors.join(', ')})` : null;
  }
}

export const library = new Library();
