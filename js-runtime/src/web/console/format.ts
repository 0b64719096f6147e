// The formatter of the Console Standard (§2.2): %s %d %i %f %o %O %c, and the table.
import { inspect } from "./inspect.js";

const asInteger = (value: unknown): string => {
  if (typeof value === "symbol") return "NaN";
  return `${typeof value === "bigint" ? value : parseInt(value as string, 10)}`;
};

const asString = (value: unknown): string => {
  if (typeof value === "object" && value !== null) return inspect(value, 1);
  return typeof value === "symbol" ? value.toString() : `${value as string}`;
};

const substitute = (kind: string, value: unknown): string => {
  switch (kind) {
    case "s":
      return asString(value);
    case "c":
      return "";
    case "d":
    case "i":
      return asInteger(value);
    case "f":
      return typeof value === "symbol" ? "NaN" : `${parseFloat(value as string)}`;
    default:
      return inspect(value, 1);
  }
};

export const format = (args: readonly unknown[]): string => {
  const [first, ...rest] = args;
  if (args.length === 0) return "";
  if (typeof first !== "string") return args.map((value) => inspect(value)).join(" ");
  const many = args.length > 1;
  const text = first.replace(/%([sdifoOc%])/g, (match, kind: string) => {
    if (kind === "%") return many ? "%" : match;
    return rest.length === 0 ? match : substitute(kind, rest.shift());
  });
  return [text, ...rest.map((value) => inspect(value))].join(" ");
};

export const formatTable = (data: object, properties: Iterable<unknown> | undefined): string => {
  const rows = Object.entries(data) as [string, unknown][];
  const isRow = (row: unknown): row is Record<string, unknown> => typeof row === "object" && row !== null;
  const found = rows.flatMap(([, row]) => (isRow(row) ? Object.keys(row) : []));
  const columns = properties ? [...properties].map(String) : [...new Set(found)];
  const hasValues = rows.some(([, row]) => !isRow(row));
  const table = [["(index)", ...columns, ...(hasValues ? ["Values"] : [])]];
  for (const [index, row] of rows) {
    const cells = columns.map((column) => (isRow(row) && column in row ? inspect(row[column], 1) : ""));
    table.push([index, ...cells, ...(hasValues ? [isRow(row) ? "" : inspect(row, 1)] : [])]);
  }
  const widths = columns.concat("", "").map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  const line = (row: string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(" | ")
      .trimEnd();
  return table.map(line).join("\n");
};
