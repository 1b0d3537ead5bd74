import { existsSync, readFileSync } from 'node:fs'
import { oracle } from '../../reference/index.js'
import { anyOrder, epsilon, lanesThenTree } from '../../spec/bound.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { KernelTable } from '../../spec/fromKernels.js'
import { evaluate } from '../../spec/fromKernels.js'
import type { Fields, GivenFields, Readables } from '../../spec/field.js'
import { mapValues, wholeOf } from '../../spec/field.js'
import type { AnyOp, Depth, GivenTensors } from '../../spec/op.js'
import { cotangentNames, resolve, shapesOf } from '../../spec/op.js'
import type { Draws } from '../../spec/philox.js'
import type { Question } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { zeros } from '../../spec/tensor.js'
import type { Case } from '../form.js'
import { parseCase, realise } from '../form.js'
import { ratioOf } from '../judge.js'
import type { Arithmetic } from '../rewritings/arithmetic.js'
import { inArithmetic } from './instrument.js'
import { inLanes, randomRounding } from '../rewritings/rounding.js'
import { reseeded } from './reseeded.js'
import { right } from './shaken.js'

/**
 * How tight the bounds are: a number for each output of each op and direction, at fixed cases, that no change of a bound
 * leaves as it is; and beside it what random rounding reaches of the bound, which is why the bound is no tighter.
 */

/** The same formulas in an arithmetic whose draws begin anew from any seed. */
const tablesBy = (arithmeticBy: (draw: Draws) => Arithmetic): ((seed: string) => KernelTable) =>
  reseeded((draw) => inArithmetic(arithmeticBy(draw)))

interface AtDepth {
  readonly depth: Depth
  readonly table: (seed: string) => KernelTable
}

/** The depths that bounds are pinned at, and additions that keep to them: in any order, and as our backend declares. */
export const depths = {
  anyOrder: { depth: anyOrder, table: tablesBy(randomRounding) },
  lanesThenTree: { depth: lanesThenTree, table: tablesBy((draw) => inLanes(randomRounding(draw))) },
} as const satisfies Readonly<Record<string, AtDepth>>

export type DepthName = keyof typeof depths
export const depthNames = Object.keys(depths) as readonly DepthName[]

/** How wide the bounds of an output are over some cases. */
export interface Width {
  /** the mean of log₂ (bound ÷ ε), over the elements of a case that have one, and over the cases: twice as wide is 1 more */
  readonly log2: number
  /** the share of the elements whose bound is 0, likewise */
  readonly exact: number
}

/** A width, the largest error ÷ bound of arithmetic that rounds at random, and the number of the case that shows it. */
export interface Pinned extends Width {
  readonly reach: number
  readonly at: number
}

export interface Pin {
  /** as `printCase` prints them */
  readonly cases: readonly unknown[]
  readonly outputs: Readonly<Record<string, Readonly<Record<DepthName, Pinned>>>>
}

/** By `conv2d backward`. */
export type Pins = Readonly<Record<string, Pin>>

export const pinsFile = new URL('./tightness.json', import.meta.url)
export const readPins = (): Pins => (existsSync(pinsFile) ? (JSON.parse(readFileSync(pinsFile, 'utf8')) as Pins) : {})

export const nameOf = (op: OpName, direction: Direction): string => `${op} ${direction}`

/** The bounds of a question by a contract that need not be the catalogue's. */
const boundsBy = (spec: AnyOp, question: Question, depth: Depth): Tensors => {
  const { op, direction, attrs, inputs } = question
  const { sizes, outputs } = right(resolve(spec, attrs, shapesOf(inputs)))
  const named = cotangentNames(spec).map((name) => [name, question.cotangents[name] ?? zeros(outputs[name]!)] as const)
  const context = {
    attrs,
    inputs,
    sizes,
    depth,
    valuesOf: (attrs: Question['attrs'], given: GivenTensors): Fields =>
      right(
        oracle.fields(
          op,
          'forward',
          attrs,
          mapValues((x) => x, given),
          {},
        ),
      ),
    gradientsOf: (attrs: Question['attrs'], given: GivenTensors, dy: Readables): Fields =>
      right(
        oracle.fields(
          op,
          'backward',
          attrs,
          mapValues((x) => x, given),
          dy,
        ),
      ),
  }
  const bounds: GivenFields =
    direction === 'forward'
      ? spec.bound(context)
      : spec.boundBackward({ ...context, cotangents: Object.fromEntries(named) })
  return wholeOf(mapValues((bound) => bound, bounds))
}

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length

const widthOf = ({ data }: Tensor): { readonly log2: readonly number[]; readonly exact: number } => {
  const bounds = Array.from({ length: data.length }, (_, i) => data[i]!)
  const wide = bounds.filter((bound) => bound > 0)
  return {
    log2: wide.length === 0 ? [] : [mean(wide.map((bound) => Math.log2(Math.min(bound, 2 ** 128) / epsilon)))],
    exact: 1 - wide.length / bounds.length,
  }
}

/** The width of each output's bounds over some cases. */
export const widthsOf = (spec: AnyOp, cases: readonly Case[], depth: Depth): Readonly<Record<string, Width>> => {
  const bounds = cases.map((each) => boundsBy(spec, right(realise(each)), depth))
  const names = [...new Set(bounds.flatMap((tensors) => Object.keys(tensors)))]
  return Object.fromEntries(
    names.map((name) => {
      const widths = bounds.flatMap((tensors) => (tensors[name] === undefined ? [] : [widthOf(tensors[name])]))
      const log2 = widths.flatMap((width) => width.log2)
      return [name, { log2: log2.length === 0 ? 0 : mean(log2), exact: mean(widths.map(({ exact }) => exact)) }]
    }),
  )
}

/** So many times a case is asked of arithmetic that rounds at random. */
const runs = 12

/** The largest error ÷ bound of each output that arithmetic which rounds at random reaches in a case. */
export const reachOf = (
  spec: AnyOp,
  each: Case,
  { depth, table }: (typeof depths)[DepthName],
): Readonly<Record<string, number>> => {
  const { op, direction, attrs, inputs, cotangents } = right(realise(each))
  const bounds = boundsBy(spec, { op, direction, attrs, inputs, cotangents }, depth)
  const values = right(oracle.evaluate(op, direction, attrs, inputs, cotangents))
  // begun anew for each case, so that what it reaches there depends on no other
  const rounding = table(each.seed)
  const reach: Record<string, number> = {}
  for (let run = 0; run < runs; run++) {
    const answer = right(evaluate(rounding, op, direction, attrs, inputs, cotangents))
    for (const [name, { data }] of Object.entries(values))
      for (let i = 0; i < data.length; i++) {
        const ratio = ratioOf(answer[name]!.data[i]!, data[i]!, bounds[name]!.data[i]!)
        reach[name] = Math.max(reach[name] ?? 0, ratio)
      }
  }
  return reach
}

/** The cases that an op and direction are pinned at. */
export const casesOf = ({ cases }: Pin): readonly Case[] => cases.map((each) => right(parseCase(JSON.stringify(each))))

/**
 * Whether two widths are one: a bound that is three times wider moves log₂ by 1.58, one that is so in a single element of
 * a hundred in one of ten cases by 0.0016.
 */
export const sameWidth = (a: Width, b: Width): boolean =>
  Math.abs(a.log2 - b.log2) <= 5e-4 && Math.abs(a.exact - b.exact) <= 5e-4
