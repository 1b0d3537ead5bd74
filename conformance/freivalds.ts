import { either as E, function as F } from 'fp-ts'
import { gridOf } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import type { Field } from '../spec/field.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Oracle } from '../spec/oracle.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { magnitudes, sizeOf } from '../spec/tensor.js'

/**
 * Freivalds' check (Freivalds, "Probabilistic machines can use less running time", 1977): a product is linear in its
 * channels, so their sum under weights r is the same product with one channel,
 *
 *   Σ_o r_o·y[n,o,…] = the op's y of the one filter Σ_o r_o·w[o,…] and the one bias Σ_o r_o·b[o]
 *   Σ_c r_c·dx[n,c,…] = its dx of Σ_c r_c·w[·,c,…]
 *   Σ_o r_o·dw[o,…] = its dw of Σ_o r_o·dy[n,o,…],   Σ_c r_c·dw[·,c,…] = its dw of Σ_c r_c·x[n,c,…]
 *
 * in groups each group by itself. Where all are integers that f32 adds up without rounding, both sides are exact in f64,
 * and every element of a large answer is held at once, at the price of one channel of each group. Weights are integers
 * other than 0 that the answer was made without knowing: one wrong element of a sum is always seen, and several that
 * cancel under them pass at most one time in 1024.
 */

type Side = 'in' | 'out'

/** The axis on which a tensor has its channels; those of one group alone, where another axis tells the group. */
interface Channels {
  readonly axis: number
  readonly within?: number
}

type Layout = Readonly<Record<'x' | 'w' | 'b' | 'y', Readonly<Partial<Record<Side, Channels>>>>>

const convolved: Layout = {
  x: { in: { axis: 1 } },
  w: { out: { axis: 0 }, in: { axis: 1, within: 0 } },
  b: { out: { axis: 0 } },
  y: { out: { axis: 1 } },
}

const transposed: Layout = { ...convolved, w: { in: { axis: 0 }, out: { axis: 1, within: 0 } } }

const layouts: Readonly<Partial<Record<OpName, Layout>>> = {
  dense: convolved,
  conv2d: convolved,
  conv1d: convolved,
  convTranspose2d: transposed,
}

const largestWeight = 512

/** What becomes of a channel's number in the one channel of its group. */
type Joining = (soFar: number, value: number, weight: number) => number

const weighted: Joining = (soFar, value, weight) => soFar + weight * value
const largest: Joining = (soFar, value) => Math.max(soFar, Math.abs(value))

/** A tensor with the channels of each group joined to one. */
const joined = (
  { shape, data }: Tensor,
  { axis, within }: Channels,
  groups: number,
  weights: Numbers,
  join: Joining,
): Tensor => {
  const extent = shape[axis] as number
  const inner = sizeOf(shape.slice(axis + 1))
  const outer = sizeOf(shape.slice(0, axis))
  // channels of one group, and groups on this axis
  const [each, here] = within === undefined ? [extent / groups, groups] : [extent, 1]
  const perGroup = within === undefined ? 0 : outer / groups
  const values = new Float64Array(outer * here * inner)
  let at = 0
  for (let o = 0; o < outer; o++)
    for (let channel = 0; channel < extent; channel++) {
      const to = (o * here + (within === undefined ? Math.floor(channel / each) : 0)) * inner
      const weight = weights[within === undefined ? channel : Math.floor(o / perGroup) * each + channel] as number
      for (let i = 0; i < inner; i++, at++) values[to + i] = join(values[to + i] as number, data[at] as number, weight)
    }
  return { shape: shape.map((n, i) => (i === axis ? here : n)), data: values }
}

/** How an answer is held: the side whose channels are joined, how many each group has there, and what it takes. */
interface Plan {
  readonly layout: Layout
  readonly side: Side
  readonly groups: number
  readonly channels: Channels
  /** of a group */
  readonly each: number
  /** of a sum, and of all sums of the question with one channel a group */
  readonly terms: number
  readonly cost: number
}

const named = (layout: Layout, name: string): Layout['x'] => layout[name as keyof Layout]

const planOf = (question: Question, output: string, shape: Shape): Plan | undefined => {
  const { op, direction, attrs, inputs } = question
  const layout = layouts[op]
  const resolved = resolve(opOf(op), attrs, shapesOf(inputs))
  if (layout === undefined || E.isLeft(resolved)) return undefined
  const groups = typeof attrs['groups'] === 'number' ? attrs['groups'] : 1
  const terms = opOf(op).walk?.[direction](resolved.right.sizes)[output] ?? Infinity
  const sides = Object.entries(named(layout, output)) as readonly (readonly [Side, Channels])[]
  const plans = sides.map(([side, channels]): Plan => {
    const extent = shape[channels.axis] as number
    const each = channels.within === undefined ? extent / groups : extent
    return { layout, side, groups, channels, each, terms, cost: (sizeOf(shape) / each) * terms }
  })
  return plans.reduce<Plan | undefined>((a, b) => (a === undefined || b.cost < a.cost ? b : a), undefined)
}

/** The question with one channel for each group on one side. */
const reduced = (question: Question, output: string, plan: Plan, weights: Numbers, join: Joining): Question => {
  const { layout, side, groups } = plan
  const each = (tensors: Tensors): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        const channels = named(layout, name)[side]
        return [name, channels === undefined ? tensor : joined(tensor, channels, groups, weights, join)]
      }),
    )
  return { ...question, inputs: each(question.inputs), cotangents: each(question.cotangents), wanted: [output] }
}

const answerOf = (oracle: Oracle, question: Question, output: string): Result<Field> => {
  const { op, direction, attrs, inputs, cotangents } = question
  return F.pipe(
    oracle.fields(op, direction, attrs, inputs, cotangents),
    E.map((fields) => fields[output] as Field),
  )
}

const largestIn = (tensor: Tensor | undefined): number => {
  let most = 0
  for (let i = 0; tensor !== undefined && i < tensor.data.length; i++)
    most = Math.max(most, Math.abs(tensor.data[i] as number))
  return most
}

// f32 holds every integer up to here
const held = 2 ** 24

/** Whether every sum of an answer stays where f32 has nothing to round, by the largest of each operand. */
const surelyExact = ({ direction, inputs, cotangents }: Question, output: string, terms: number): boolean => {
  const [x, w, b, dy] = [inputs['x'], inputs['w'], inputs['b'], cotangents['y']].map(largestIn) as [
    number,
    number,
    number,
    number,
  ]
  if (direction === 'forward') return terms * x * w + b <= held
  return terms * dy * (output === 'x' ? w : output === 'w' ? x : 1) <= held
}

/** The elements held, and those among which a wrong one is. */
export interface Sums {
  readonly held: number
  readonly suspects: readonly number[]
}

const nothing: Sums = { held: 0, suspects: [] }

/** Positions in an answer of the channels that were joined to one position. */
const channelsAt = (
  shape: Shape,
  { channels: { axis, within }, groups, each }: Plan,
  at: number,
): readonly number[] => {
  const inner = sizeOf(shape.slice(axis + 1))
  const here = within === undefined ? groups : 1
  const outer = Math.floor(at / (here * inner))
  const group = Math.floor(at / inner) % here
  return Array.from(
    { length: each },
    (_, channel) => (outer * (shape[axis] as number) + group * each + channel) * inner + (at % inner),
  )
}

/** How much may be spent, in terms, and what the weights are drawn by. */
export interface SumsEffort {
  readonly terms: number
  readonly seed: string
}

/**
 * An answer's elements held by their sums over channels. Nothing is held where the question is no product of integers,
 * where sums may round, where no group has more than one channel, or where one channel costs more than there is to spend.
 */
export const sumsOf = (
  oracle: Oracle,
  question: Question,
  output: string,
  { shape, data }: Tensor,
  { terms, seed }: SumsEffort,
): Sums => {
  const plan = planOf(question, output, shape)
  if (plan === undefined || plan.each < 2 || plan.cost > terms) return nothing
  const given = [...Object.values(question.inputs), ...Object.values(question.cotangents)]
  if (gridOf(...given) !== 1) return nothing
  const draw = draws(keyOf(`sums of ${output} in ${seed}`))
  // no weight is 0
  const weights = Float64Array.from({ length: plan.groups * plan.each }, () => {
    const weight = draw.integer(-largestWeight, largestWeight - 1)
    return weight < 0 ? weight : weight + 1
  })
  const want = answerOf(oracle, reduced(question, output, plan, weights, weighted), output)
  // no sum of magnitudes is larger than with the largest of all channels in each place
  const sure = surelyExact(question, output, plan.terms)
  const most: Result<Field> | undefined = sure
    ? undefined
    : answerOf(
        oracle,
        reduced(
          { ...question, inputs: magnitudes(question.inputs), cotangents: magnitudes(question.cotangents) },
          output,
          plan,
          weights,
          largest,
        ),
        output,
      )
  if (E.isLeft(want) || (most !== undefined && E.isLeft(most))) return nothing
  const [wanted, reach] = [want.right.all(), most?.right.all()]
  const got = joined({ shape, data }, plan.channels, plan.groups, weights, weighted)
  let [count, worst, at] = [0, 0, -1]
  for (let i = 0; i < got.data.length; i++) {
    if (reach !== undefined && !((reach[i] as number) <= held)) continue
    count++
    const off = Math.abs((got.data[i] as number) - (wanted[i] as number))
    // what is no number is off by most
    const error = Number.isNaN(off) ? Infinity : off
    if (error > worst) [worst, at] = [error, i]
  }
  return { held: count * plan.each, suspects: at < 0 ? [] : channelsAt(shape, plan, at) }
}
