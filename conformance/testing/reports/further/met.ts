import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm } from '../report.js'
import { asIfGiven, changed, gathered } from '../report.js'
import { valuesOf } from '../together/met.js'

/**
 * As drivers and libraries have them: digits that are saved where numbers seem to need none, a structure of the numbers that
 * is found and made use of, axes that are as long as each other, a convention of another library, and a border that is
 * reckoned by the wrong extent.
 */

export const inSteps =
  (unit: number) =>
  (v: number): number =>
    unit > 0 && Number.isFinite(unit) ? Math.round(v / unit) * unit : v
export const isWhole = (numbers: readonly number[]): boolean => numbers.every((v) => Number.isInteger(v))
export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
/** The largest magnitude. */
export const size = (numbers: readonly number[]): number => numbers.reduce((a, v) => Math.max(a, Math.abs(v)), 0)

/** The first two axes, of one length, in each other’s place. */
export const turned = (x: Tensor): Tensor => gathered(x, ([a = 0, b = 0, ...rest]) => [b, a, ...rest])

/** An input whose numbers are changed, each by the row of the last axis that it stands in. */
export const inRows = (
  name: string,
  change: (row: readonly number[], asked: Asked) => (v: number, at: number) => number,
): Harm =>
  asIfGiven((asked) => {
    const x = asked.inputs[name] as Tensor
    const length = x.shape.at(-1) ?? 1
    const all = valuesOf(x)
    const rows = Array.from({ length: all.length / length }, (_, n) =>
      change(all.slice(n * length, n * length + length), asked),
    )
    return {
      [name]: changed(x, (v, _, at) => (rows[Math.floor(at / length)] as (typeof rows)[number])(v, at % length)),
    }
  })
