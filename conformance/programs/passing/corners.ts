import { either as E, function as F } from 'fp-ts'
import type { Tensor, Tensors } from '../../../spec/tensor.js'
import { mapTensor, zipTensors } from '../../../spec/tensor.js'
import type { Near, Read, Way } from './near.js'
import { added, isExact, offGrid } from './near.js'

/**
 * What goes by element, and goes up or down with each of what it reads: of all that these may be it is farthest off at a corner,
 * each of them as small or as large as it may be. Where a slope turns at 0, or jumps there, on both sides of it too.
 */

// a number that is nearly 0
const hardly = 2 ** -140

/** What an element may be, at either end, and on both sides of 0 where that is between. */
const ends = (value: Tensor, bound: Tensor): readonly Tensor[] => {
  const [low, high] = [-offGrid, offGrid].map((side) => zipTensors([value, bound], (v, b) => v + side * b)) as [
    Tensor,
    Tensor,
  ]
  const near = (side: number): Tensor =>
    zipTensors([low, high], (least, most) => (least < 0 && most > 0 ? side : side < 0 ? least : most))
  const isAstride = value.data.length > 0 && Array.from(low.data).some((least, i) => least < 0 && Number(high.data[i]) > 0) // prettier-ignore
  return isAstride ? [low, near(-hardly), near(hardly), high] : [low, high]
}

const cornersOf = ({ values, bounds }: Read): readonly Tensors[] =>
  Object.entries(values).reduce<readonly Tensors[]>(
    (soFar, [slot, value]) => {
      const bound = bounds[slot] as Tensor
      const all = isExact(bound) ? [value] : ends(value, bound)
      return soFar.flatMap((one) => all.map((end) => ({ ...one, [slot]: end })))
    },
    [{}],
  )

export const cornered: Way = (read) =>
  F.pipe(
    E.Do,
    E.bind('own', () => read.of(read.values)),
    E.bind('all', () => E.sequenceArray(cornersOf(read).map((corner) => read.of(corner)))),
    E.map(({ own, all }) =>
      Object.fromEntries(
        Object.entries(own).map(([output, { value, bound }]) => {
          const most = (of: (corner: Near) => Tensor, start: Tensor): Tensor =>
            all.reduce((soFar, corner) => zipTensors([soFar, of(corner[output] as Near)], Math.max), start)
          const off = most(
            (corner) => zipTensors([corner.value, value], (a, b) => Math.abs(a - b)),
            mapTensor(() => 0, value),
          )
          return [
            output,
            added(
              value,
              most((corner) => corner.bound, bound),
              off,
            ),
          ]
        }),
      ),
    ),
  )
