import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Fill, Form } from '../form.js'
import { formOf } from './miniature/forms.js'

/**
 * Long sums of nothing but what comes last. The bound of a mean over 100,000 numbers, right for any order of additions, admits
 * that a thousand of them are left out; here all of the sum is where a block that is not whole would begin, behind the last
 * multiple of 65,536. The same in every run, whatever its seed.
 */

const [blocks, rest] = [131_072, 900]
const length = blocks + rest

/** Zeros, but for numbers at the beginning of the last block, in it, and at its end. */
const last = (value: number): Fill => ({
  only: [blocks, blocks + 600, length - 1].map((at) => [at, value] as const),
})
const constant = (value: number): Fill => ({ constant: value })

const late: Readonly<Partial<Record<OpName, readonly Form[]>>> = {
  mse: [formOf({}, { prediction: [length], target: [length] }, { prediction: last(3), target: constant(0) })],
  bce: [formOf({}, { prediction: [length], target: [length] }, { prediction: last(0.5), target: constant(0) })],
  // what is far below 0 is right for certain where 0 is wanted
  bceWithLogits: [formOf({}, { logits: [length], target: [length] }, { logits: constant(-200), target: last(1) })],
  l2Penalty: [formOf({ beta: 1 }, { w: [length] }, { w: last(3) })],
  globalAvgPool: [formOf({}, { x: [1, 1, 4, length / 4] }, { x: last(3) })],
}

/** The cases of an op in a direction all of whose sum comes last. */
export const lateOf = (op: OpName, direction: Direction): readonly Form[] =>
  direction === 'forward' ? (late[op] ?? []) : []
