import type { Tensor } from '../../../spec/tensor.js'
import type { Read, Way } from './near.js'
import { isExact, where } from './near.js'
import { itself } from './sums.js'

/** Max pooling's gradient, where it is certain which number of each window is the largest. */

/** Of each window the numbers in it, as positions. */
const windowsOf = ({ values, attrs }: Read): readonly (readonly number[])[] => {
  const { shape } = values['x'] as Tensor
  const [N = 1, C = 1, H = 1, W = 1] = shape
  const [[KH = 1, KW = 1], stride, [top = 0, bottom = 0, left = 0, right = 0]] = [attrs['window'], attrs['stride'], attrs['padding']] as readonly (readonly number[])[] as readonly [readonly number[], readonly number[], readonly number[]] // prettier-ignore
  const [sh = 1, sw = 1] = stride
  const starts = (extent: number, before: number, after: number, K: number, by: number): readonly number[] =>
    Array.from({ length: Math.floor((extent + before + after - K) / by) + 1 }, (_, i) => i * by - before)
  const inside = (start: number, K: number, extent: number): readonly number[] =>
    Array.from({ length: K }, (_, k) => start + k).filter((at) => at >= 0 && at < extent)
  const [rows, columns] = [
    starts(H, top, bottom, KH, sh).map((at) => inside(at, KH, H)),
    starts(W, left, right, KW, sw).map((at) => inside(at, KW, W)),
  ]
  return Array.from({ length: N * C }, (_, plane) => plane * H * W).flatMap((plane) =>
    rows.flatMap((within) => columns.map((across) => within.flatMap((r) => across.map((s) => plane + r * W + s)))),
  )
}

/** Whether of each window it is certain which numbers are the largest: one, or several that are known exactly. */
const isDecided = (read: Read): boolean => {
  const [{ data }, { data: bounds }] = [read.values['x'], read.bounds['x']] as readonly [Tensor, Tensor]
  return windowsOf(read).every((positions) => {
    const least = positions.reduce(
      (most, at) => Math.max(most, (data[at] as number) - (bounds[at] as number)),
      -Infinity,
    )
    const may = positions.filter((at) => (data[at] as number) + (bounds[at] as number) >= least)
    return may.length <= 1 || may.every((at) => bounds[at] === 0)
  })
}

/** |dx − dx′| is the pool's gradient of what dy is off by. */
export const maxPoolBack: Way = where(
  (read) => isExact(read.bounds['x']) || isDecided(read),
  (read) => itself({ ...read, of: (slots) => read.of({ ...slots, x: read.values['x'] as Tensor }) }),
)
