import type { OpName } from '../../../spec/catalogue.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sizeOf } from '../../../spec/tensor.js'

/** How large numbers of a program may grow, roughly and rather too large, so that none goes past the range of f32 in some steps. */

/** No number that is fed is larger. */
const largestFed = 2

/** A thousand million times less than what f32 holds, for what is squared and divided on the way. */
const mostAllowed = 1e29

type Numbers = ReadonlyMap<string, number>

/** What a node reads: the most of an input, the most of all, and how many numbers the largest has. */
interface Read {
  readonly at: (slot: string) => number
  readonly largest: number
  readonly terms: number
}

const within1 = (): number => 1
const product = ({ at, terms }: Read): number => terms * at('x') * at('w') + at('b')
const loss = ({ largest, terms }: Read): number => terms * (2 * largest + 10)
const descended = ({ largest }: Read): number => 2 * largest
const squared = ({ largest }: Read): number => largest ** 2 + 2 * largest

/** What forward answers at most; where nothing is said, a little more than it reads. */
const forward: Partial<Record<OpName, (read: Read) => number>> = {
  sigmoid: within1,
  tanh: within1,
  softmax: within1,
  step: within1,
  rnn: within1,
  rnnCell: within1,
  add: ({ at }) => at('a') + at('b'),
  mul: ({ at }) => at('a') * at('b'),
  scaleChannels: ({ at }) => at('x') * at('s'),
  dense: product,
  maxout: product,
  conv1d: product,
  conv2d: product,
  convTranspose2d: product,
  mse: ({ at }) => (at('prediction') + at('target')) ** 2,
  l2Penalty: ({ largest, terms }) => terms * largest ** 2,
  hinge: loss,
  softmaxCrossEntropy: loss,
  bceWithLogits: loss,
  batchNormTraining: ({ largest, terms }) => largest ** 2 + terms * largest,
  batchNormInference: ({ largest }) => 10 * largest ** 2,
  dropout: ({ largest }) => 10 * largest,
  sgd: descended,
  momentum: descended,
  rmsprop: squared,
  adagrad: squared,
  adam: squared,
  adamw: squared,
}

/** Ops of which no more comes back than came to them. */
const straight: readonly OpName[] = ['relu', 'reshape', 'flatten', 'concat', 'add', 'maxPool2d', 'elu', 'leakyRelu']

/** What the numbers of a node's values are at most. */
const mostOf = (
  { op, direction, inputs, cotangents }: ProgramNode,
  of: (name: string) => number,
  sizeOfValue: (name: string) => number,
): number => {
  const all = Object.values(inputs)
  const read: Read = {
    at: (slot) => (inputs[slot] === undefined ? 0 : of(inputs[slot])),
    largest: Math.max(1, ...all.map(of)),
    terms: Math.max(1, ...all.map(sizeOfValue)),
  }
  if (direction === 'forward') return (forward[op] ?? (({ largest }: Read) => 2 * largest + 10))(read)
  const dy = Math.max(0, ...Object.values(cotangents).map(of))
  if (straight.includes(op)) return dy
  if (op === 'mul') return dy * read.largest
  // a norm divides by a deviation, which may be as small as √ε
  return (op.startsWith('batchNorm') ? 1000 : 4) * dy * read.largest * read.terms
}

/** The most that a program's values come to, of what its inputs are at most. */
const after = ({ nodes }: Program, shapes: Readonly<Record<string, Shape>>, fed: Numbers): Numbers => {
  const values = new Map(fed)
  for (const one of nodes) {
    const most = mostOf(one, (name) => values.get(name) ?? largestFed, (name) => sizeOf(shapes[name] ?? [])) // prettier-ignore
    for (const value of Object.values(one.outputs)) values.set(value, most)
  }
  return values
}

/** Whether a program's numbers stay within the range of f32, over so many steps where it carries something. */
export const staysInRange = (of: Program, shapes: Readonly<Record<string, Shape>>, steps: number): boolean => {
  let state: Numbers = new Map()
  for (let step = 0; step < steps; step++) {
    const values = after(of, shapes, state)
    if ([...values.values()].some((most) => !(most <= mostAllowed))) return false
    state = new Map(Object.entries(of.carry).map(([name, value]) => [name, values.get(value) ?? largestFed]))
  }
  return true
}

/** A program with those of its carries by which nothing grows past the range of f32 in so many steps, taken one after the other. */
export const carryingInRange = (of: Program, shapes: Readonly<Record<string, Shape>>, steps: number): Program =>
  Object.entries(of.carry).reduce<Program>(
    (soFar, [name, value]) => {
      const more = { ...soFar, carry: { ...soFar.carry, [name]: value } }
      return staysInRange(more, shapes, steps) ? more : soFar
    },
    { ...of, carry: {} },
  )
