import type { Form } from '../form.js'

/** Words for sizes at which kernels change from one tile, block or workgroup to the next. */

/** One below, at and above each size. */
export const around = (sizes: readonly number[]): readonly number[] => sizes.flatMap((n) => [n - 1, n, n + 1])

/** Three axes that each take every edge of the tiles, beside edges of another size. */
export const aroundTiles = (
  tiles: readonly number[],
  make: (first: number, second: number, third: number, k: number) => Form,
): readonly Form[] => {
  const edges = around(tiles)
  const edge = (k: number): number => edges[k % edges.length] as number
  return edges.map((first, k) => make(first, edge(k + tiles.length), edge(k + 2 * tiles.length), k))
}
