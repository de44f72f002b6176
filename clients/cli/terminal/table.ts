import stringWidth from "string-width";

/** Rows as lines with aligned columns, the names of the columns first. No rows: no lines. */
export function formatTable(rows: readonly Readonly<Record<string, string | number>>[]): string[] {
  const [first] = rows;
  if (!first) return [];
  const columns = Object.keys(first);
  const cells = [
    columns.map((column) => column.toUpperCase()),
    ...rows.map((row) => columns.map((column) => String(row[column]))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => stringWidth(row[index] ?? ""))));
  return cells.map((row) =>
    row
      .map((cell, index) => cell + " ".repeat((widths[index] ?? 0) - stringWidth(cell)))
      .join("  ")
      .trimEnd(),
  );
}
