/** Light, dark or stage; what the system prefers until somebody chooses. Kept in this browser. */

export const THEMES = ['dark', 'light', 'stage'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'theme';

class Look {
  theme: Theme = $state(chosen());

  set(theme: Theme): void {
    this.theme = theme;
    localStorage.setItem(KEY, theme);
    this.apply();
  }
  next(): void {
    this.set(THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? 'dark');
  }
  apply(): void {
    document.documentElement.dataset['theme'] = this.theme;
  }
}

function chosen(): Theme {
  const kept = THEMES.find((theme) => theme === localStorage.getItem(KEY));
  return kept ?? (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');
}

export const look = new Look();
