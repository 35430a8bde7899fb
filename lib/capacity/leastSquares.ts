/** A linear fit: coefficients, their standard errors, and the share of the variance that is explained. */
export interface Fit {
  coefficients: number[];
  errors: number[];
  r2: number;
}

/** Above this condition number, columns are too nearly collinear to separate their coefficients. */
const MAX_CONDITION = 1e8;

/**
 * Ordinary least squares of `values` on `rows` (one row per observation, one column per coefficient, no intercept), by
 * the normal equations. Undefined if the columns do not identify the coefficients.
 */
export function leastSquares(rows: readonly (readonly number[])[], values: readonly number[]): Fit | undefined {
  const columns = rows[0]?.length ?? 0;
  // Scales the columns to one size, so that the condition number depends on their directions alone.
  const scale = Array.from({ length: columns }, (_, j) => Math.sqrt(sum(rows, (row) => (row[j] ?? 0) ** 2)) || 1);
  const scaled = rows.map((row) => row.map((value, j) => value / (scale[j] ?? 1)));
  const normal = Array.from({ length: columns }, (_, i) =>
    Array.from({ length: columns }, (_, j) => sum(scaled, (row) => (row[i] ?? 0) * (row[j] ?? 0))),
  );
  const inverse = invert(normal);
  if (!inverse || norm(normal) * norm(inverse) > MAX_CONDITION) return undefined;
  const right = Array.from({ length: columns }, (_, j) =>
    scaled.reduce((total, row, index) => total + (row[j] ?? 0) * (values[index] ?? 0), 0),
  );
  const solved = inverse.map((row) => row.reduce((total, value, j) => total + value * (right[j] ?? 0), 0));
  const predicted = scaled.map((row) => row.reduce((total, value, j) => total + value * (solved[j] ?? 0), 0));
  const residual = values.reduce((total, value, index) => total + (value - (predicted[index] ?? 0)) ** 2, 0);
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  const sigma2 = residual / Math.max(1, values.length - columns);
  return {
    coefficients: solved.map((value, j) => value / (scale[j] ?? 1)),
    errors: inverse.map((row, j) => Math.sqrt(Math.max(0, (row[j] ?? 0) * sigma2)) / (scale[j] ?? 1)),
    r2: variance === 0 ? (residual === 0 ? 1 : 0) : 1 - residual / variance,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function norm(matrix: readonly (readonly number[])[]): number {
  return Math.sqrt(sum(matrix, (row) => sum(row, (value) => value ** 2)));
}

/** A square matrix's inverse, by Gauss–Jordan elimination with pivoting; undefined if there is no inverse. */
function invert(matrix: readonly (readonly number[])[]): number[][] | undefined {
  const size = matrix.length;
  const work = matrix.map((row, i) => [...row, ...Array.from({ length: size }, (_, j) => (i === j ? 1 : 0))]);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column; row < size; row++) {
      if (Math.abs(work[row]?.[column] ?? 0) > Math.abs(work[pivot]?.[column] ?? 0)) pivot = row;
    }
    const [from, to] = [work[pivot], work[column]];
    if (!from || !to || Math.abs(from[column] ?? 0) < 1e-300) return undefined;
    work[pivot] = to;
    work[column] = from.map((value) => value / (from[column] ?? 1));
    for (let row = 0; row < size; row++) {
      const factor = work[row]?.[column] ?? 0;
      if (row === column || factor === 0) continue;
      work[row] = (work[row] ?? []).map((value, j) => value - factor * (work[column]?.[j] ?? 0));
    }
  }
  return work.map((row) => row.slice(size));
}
