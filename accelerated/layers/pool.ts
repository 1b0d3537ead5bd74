import type { Pool } from '../../spec/layers/pool.js'
import type { Launch } from '../kernel.js'

/** The integers of a pool. Every image n,c is pooled alike and by itself, so kernels count planes, N·C of them. */
export const poolDims = ['H', 'W', 'KH', 'KW', 'Ho', 'Wo', 'sh', 'sw', 'top', 'left']

interface PoolSizes {
  readonly N: number
  readonly C: number
  readonly H: number
  readonly W: number
  readonly Ho: number
  readonly Wo: number
}

export const poolNumbers = (
  { window: [KH, KW], stride: [sh, sw], padding: [top, , left] }: Pool,
  { H, W, Ho, Wo }: PoolSizes,
): Readonly<Record<string, number>> => ({ H, W, KH, KW, Ho, Wo, sh, sw, top, left })

/** One invocation for each element of y, or for each of dx; the work falls apart along the planes. */
export const overOutputs = ({ N, C, H, W, Ho, Wo }: PoolSizes): Pick<Launch, 'count' | 'outer'> => ({
  count: N * C * Ho * Wo,
  outer: { extent: N * C, dims: [], slices: { x: H * W, y: Ho * Wo } },
})

export const overInputs = ({ N, C, H, W, Ho, Wo }: PoolSizes): Pick<Launch, 'count' | 'outer'> => ({
  count: N * C * H * W,
  outer: { extent: N * C, dims: [], slices: { x: H * W, dy: Ho * Wo, dx: H * W } },
})

/**
 * The windows along one axis that contain a position, counted in the padded image: window i starts at i·stride, so it
 * is one of first_window … last_window. None, where a stride skips the position: the first is then after the last.
 */
export const windowsAround = /* wgsl */ `
fn first_window(position: u32, window: u32, stride: u32) -> u32 {
  return select(0u, (position - window) / stride + 1u, position >= window);
}
fn last_window(position: u32, stride: u32, windows: u32) -> u32 {
  return min(position / stride, windows - 1u);
}
`
