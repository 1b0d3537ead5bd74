import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Where } from '../report.js'
import { asIfGiven, changed, holds, sizeIn } from '../report.js'

/**
 * What hangs on which of several kernels is chosen: tiles with strides, paths by what divides an extent, sums cut into parts,
 * Winograd, images unfolded, a lane for every unit; and what is kept by a key that leaves something out.
 */

export const map =
  (test: (positions: number) => boolean): Where =>
  (met) =>
    test(sizeIn(met, 'Ho') * sizeIn(met, 'Wo'))
export const count = (name: string, test: (n: number) => boolean): Where => holds(name, test)

/** The last of the channels behind the last whole so many is read as 0. */
export const withoutRest = (of: number): Harm =>
  asIfGiven(({ inputs }) => {
    const x = inputs['x'] as Tensor
    const whole = of * Math.floor((x.shape[1] as number) / of)
    return { x: changed(x, (value, place) => ((place()[1] as number) < whole ? value : 0)) }
  })

/** Positions of a map from one on. */
export const behind =
  (start: (positions: number) => number) =>
  (place: readonly number[], [, , Ho = 1, Wo = 1]: readonly number[]): boolean =>
    (place[2] as number) * Wo + (place[3] ?? 0) >= start(Ho * Wo)
