import { either as E } from 'fp-ts'
import { anyOrder } from '../../spec/bound.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opNames } from '../../spec/catalogue.js'
import type { KernelTable, PlainKernel } from '../../spec/fromKernels.js'
import { interpret } from '../../spec/fromKernels.js'
import type { GivenTensors } from '../../spec/op.js'
import type { Oracle } from '../../spec/oracle.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Program, Question } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { zipTensors } from '../../spec/tensor.js'
import { expectWhole } from '../judge.js'

/** For tests: what a Right holds. */
export const right = E.getOrElseW((error: unknown): never => {
  throw new Error(JSON.stringify(error))
})

/** f64's ε over f32's: a bound that counts roundings counts them in f64 as well. */
export const asF64 = 2 ** -52 / 2 ** -23

// errors are followed at a size where f64 shows them well and a kink is still far away
const amplified = 2 ** 16

const present = (tensors: GivenTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined))

// the oracle, every answer moved up or down, as drawn, by all that its op's bound allows in f64, amplified
const shaken = (oracle: Oracle, seed: number): KernelTable => {
  const draw = draws(keyOf('shaken'), seed)
  const answer = (op: OpName, direction: Direction, attrs: Question['attrs'], inputs: Tensors, cotangents: Tensors) => {
    const { values, bounds } = right(expectWhole(oracle, { op, direction, attrs, inputs, cotangents }, anyOrder))
    const moved = (v: number, b: number): number => v + (draw.uniform() < 0.5 ? -1 : 1) * amplified * asF64 * b
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, zipTensors([value, bounds[name] as Tensor], moved)]),
    )
  }
  return Object.fromEntries(
    opNames.map((op): [OpName, PlainKernel] => [
      op,
      {
        forward: (attrs, inputs) => answer(op, 'forward', attrs, present(inputs), {}),
        backward: (attrs, inputs, cotangents) => answer(op, 'backward', attrs, present(inputs), cotangents),
      },
    ]),
  )
}

/**
 * How far f64 roundings may drive the values of a program. Roundings of one node travel through all that follow, so it
 * is measured: in eight runs, unless told otherwise, every node errs by its whole bound in every element, up or down. The largest deviation of
 * a value is two standard deviations or so of what errors as large as the bounds come to, and real ones are smaller.
 */
export const deviations = (
  oracle: Oracle,
  program: Program,
  feeds: Tensors,
  values: Tensors,
  times: number = 8,
): Tensors => {
  const names = Object.keys(values)
  const runs = Array.from({ length: times }, (_, seed) => right(interpret(shaken(oracle, seed), program, feeds, names)))
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const distance = (other: Tensors): Tensor =>
        zipTensors([value, other[name] as Tensor], (v, moved) => Math.abs(moved - v) / amplified)
      return [name, runs.map(distance).reduce((a, b) => zipTensors([a, b], (a, b) => Math.max(a, b)))]
    }),
  )
}
