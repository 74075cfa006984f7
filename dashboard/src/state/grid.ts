/** A grid of cells that is walked by keys, and lists whose entries are put in and out. */

export interface Cell {
  row: number;
  column: number;
}
export interface Size {
  rows: number;
  columns: number;
}

/** Where a key leads; null for a key that leads nowhere. The edges hold. */
export function move(from: Cell, key: string, size: Size): Cell | null {
  const last = { row: Math.max(0, size.rows - 1), column: Math.max(0, size.columns - 1) };
  const clamp = (cell: Cell) => ({
    row: Math.min(Math.max(cell.row, 0), last.row),
    column: Math.min(Math.max(cell.column, 0), last.column),
  });
  switch (key) {
    case 'ArrowUp':
      return clamp({ ...from, row: from.row - 1 });
    case 'ArrowDown':
      return clamp({ ...from, row: from.row + 1 });
    case 'ArrowLeft':
      return clamp({ ...from, column: from.column - 1 });
    case 'ArrowRight':
      return clamp({ ...from, column: from.column + 1 });
    case 'Home':
      return { ...clamp(from), column: 0 };
    case 'End':
      return { ...clamp(from), column: last.column };
    case 'PageUp':
      return clamp({ ...from, row: from.row - 10 });
    case 'PageDown':
      return clamp({ ...from, row: from.row + 10 });
    default:
      return null;
  }
}

/** The list with the entry put in, or taken out where it was. */
export function toggled(members: readonly string[], entry: string): { members: string[]; isIn: boolean } {
  const isIn = !members.includes(entry);
  return { members: isIn ? [...members, entry] : members.filter((member) => member !== entry), isIn };
}
