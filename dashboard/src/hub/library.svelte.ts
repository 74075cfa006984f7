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

  /**
   * A palette as a CSS gradient, for one that takes the scene's own colours of those; null when neither is known. Of own colours
   * only the first counts where an effect uses no more, and black ones at the end are colours nobody has set.
   */
  gradient(palette: string, own: readonly string[] = [], effect?: string): string | null {
    const found = this.palettes.find((known) => known.name === palette);
    const colors = found?.colors?.length ? found.colors : effect === 'solid' ? own.slice(0, 1) : set(own);
    if (colors.length === 0) return null;
    return colors.length === 1 ? `linear-gradient(${colors[0]}, ${colors[0]})` : `linear-gradient(90deg, ${colors.join(', ')})`;
  }
}

function set(colors: readonly string[]): readonly string[] {
  const last = colors.findLastIndex((color) => color !== '#000000');
  return colors.slice(0, last + 1);
}

export const library = new Library();
