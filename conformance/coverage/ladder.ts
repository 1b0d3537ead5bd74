import fc from 'fast-check'

/**
 * The extents at which kernels go wrong, each of which every axis meets once: the smallest; below, at and above the sizes
 * of tiles, workgroups and grids; odd multiples of 8, and of 16, 32 and 64; and in between, where no size is special.
 */

/** An extent, or a stretch of them of which one is drawn. */
export interface Rung {
  readonly least: number
  readonly most: number
}

const exactly = (extent: number): Rung => ({ least: extent, most: extent })

const sizes = [16, 32, 64, 128, 256, 384, 512, 768, 1024, 2048, 4096, 65536] as const
const oddEighths = [3, 5, 7, 9, 11, 13, 15, 17, 25, 41, 65, 113].map((odd) => 8 * odd)
const oddMultiples = [16, 32, 64].flatMap((tile) => [3 * tile, 5 * tile])

const edges = [9, ...sizes]

/** Every rung, from the lowest up. */
export const rungs: readonly Rung[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(exactly),
  ...sizes.flatMap((size) => [size - 1, size, size + 1]).map(exactly),
  ...[...oddEighths, ...oddMultiples].map(exactly),
  ...edges.slice(1).map((size, at) => ({ least: (edges[at] as number) + 2, most: size - 2 })),
].sort((a, b) => a.most - b.most)

export const reaches = ({ least, most }: Rung, extent: number): boolean => least <= extent && extent <= most

/** An extent of a rung; log-uniform where it is a stretch. */
export const onRung = ({ least, most }: Rung): fc.Arbitrary<number> =>
  least === most
    ? fc.constant(least)
    : fc.nat(4096).map((u) => Math.min(most, Math.round(least * (most / least) ** (u / 4096))))
