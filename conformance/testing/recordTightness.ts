import { writeFileSync } from 'node:fs'
import { oracle } from '../../reference/index.js'
import { opOf, questions } from '../../spec/catalogue.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { resolve } from '../../spec/op.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Case } from '../form.js'
import { printCase } from '../form.js'
import { cornersOf, sampleOf, samplesOf } from '../samples.js'
import { questionTable } from '../table.js'
import { right } from './shaken.js'
import type { DepthName, Pin, Pinned, Pins } from './tightness.js'
import { casesOf, depthNames, depths, nameOf, pinsFile, reachOf, readPins, widthsOf } from './tightness.js'

/*
 * Records how tight the bounds are: `npm run tightness [OP…]`, after a bound was changed on purpose. The diff then says
 * which outputs' bounds changed, by how much, and what random rounding reaches of them now. The cases stay those of the
 * file; `npm run tightness -- --draw [OP…]` takes others, from what the suite asks today.
 */

// small enough for many runs in the interpreter, large enough for sums of some length
const [mostElements, mostCorners, drawn, mostKept] = [1200, 12, 10, 5]

const elementsIn = ({ op, form }: Case): number => {
  const { attrs } = opOf(op)
  const { outputs } = right(resolve(opOf(op), right(attrs.decode(form.attrs)), form.shapes))
  return [...Object.values(form.shapes), ...Object.values(outputs)].reduce((n, shape) => n + sizeOf(shape), 0)
}

const small = (cases: readonly Case[]): readonly Case[] => cases.filter((each) => elementsIn(each) <= mostElements)

// attributes far from their defaults together: bounds have a part for each
const apartOf = (op: OpName, direction: Direction): readonly Case[] => {
  const samples = samplesOf(oracle, questionTable, op, 1, { drawn: 0, apart: 6, classes: 0, corners: 0, numbers: 1e6 })
  return small(samples.map((each) => ({ ...each, direction }))).slice(0, 2)
}

const candidatesOf = (op: OpName, direction: Direction): readonly Case[] => {
  const corners = small(cornersOf(questionTable, op, direction, 1))
  const step = Math.max(1, corners.length / mostCorners)
  const some = Array.from({ length: Math.min(corners.length, mostCorners) }, (_, i) => corners[Math.floor(i * step)]!)
  const others = Array.from({ length: 4 * drawn }, (_, i) => sampleOf(questionTable, op, direction, 1, i))
  return [...apartOf(op, direction), ...some, ...small(others).slice(0, drawn)]
}

interface Tried {
  readonly each: Case
  readonly reach: Readonly<Record<DepthName, Readonly<Record<string, number>>>>
}

const tried = (op: OpName, each: Case): Tried => ({
  each,
  reach: {
    anyOrder: reachOf(opOf(op), each, depths.anyOrder),
    lanesThenTree: reachOf(opOf(op), each, depths.lanesThenTree),
  },
})

const widest = (cases: readonly Tried[], depth: DepthName, output: string): number =>
  cases.reduce(
    (best, { reach }, at) => ((reach[depth][output] ?? 0) > (cases[best]?.reach[depth][output] ?? 0) ? at : best),
    0,
  )

const outputsOf = (cases: readonly Tried[]): readonly string[] => [
  ...new Set(cases.flatMap(({ reach }) => Object.keys(reach.anyOrder))),
]

// the case of which the bounds know best how deep additions are
const deepest = (op: OpName, cases: readonly Tried[], output: string): number => {
  const gained = cases.map(({ each }) => {
    const [any, ours] = depthNames.map((depth) => widthsOf(opOf(op), [each], depths[depth].depth)[output]?.log2 ?? 0)
    return any! - ours!
  })
  return gained.reduce((best, gain, at) => (gain > gained[best]! ? at : best), 0)
}

// the cases far from the defaults, those in which an output's errors come nearest to its bound or sums are deepest, and some
const keptOf = (op: OpName, direction: Direction, all: readonly Tried[]): readonly Tried[] => {
  const apart = new Set(apartOf(op, direction).map(({ seed }) => seed))
  const best = new Set([
    ...all.flatMap(({ each }, at) => (apart.has(each.seed) ? [at] : [])),
    ...outputsOf(all).flatMap((output) => [
      ...depthNames.map((depth) => widest(all, depth, output)),
      deepest(op, all, output),
    ]),
  ])
  const others = all.flatMap((_, at) => (best.has(at) ? [] : [at]))
  const spaced = Array.from(
    { length: Math.max(Math.min(mostKept - best.size, others.length), 0) },
    (_, i) => others[Math.floor((i * others.length) / (mostKept - best.size))]!,
  )
  return all.filter((_, at) => best.has(at) || spaced.includes(at))
}

const rounded = (v: number, digits: number): number => Number(v.toFixed(digits))

const pinOf = (op: OpName, cases: readonly Tried[]): Pin => {
  const forms = cases.map(({ each }) => each)
  const pinned = (depth: DepthName, output: string): Pinned => {
    const { log2, exact } = widthsOf(opOf(op), forms, depths[depth].depth)[output]!
    const at = widest(cases, depth, output)
    const reach = cases[at]!.reach[depth][output] ?? 0
    return { log2: rounded(log2, 4), exact: rounded(exact, 4), reach: Number(reach.toPrecision(3)), at }
  }
  return {
    cases: forms.map((each) => JSON.parse(printCase(each)) as unknown),
    outputs: Object.fromEntries(
      outputsOf(cases).map((output) => [
        output,
        Object.fromEntries(depthNames.map((depth) => [depth, pinned(depth, output)])) as Record<DepthName, Pinned>,
      ]),
    ),
  }
}

// an output of a depth on a line, so that a diff reads like a table
const printed = (pins: Pins): string => {
  const outputs = ({ outputs }: Pin): string =>
    Object.entries(outputs)
      .map(
        ([name, at]) =>
          `${JSON.stringify(name)}:{\n${Object.entries(at)
            .map(([depth, pinned]) => `${JSON.stringify(depth)}:${JSON.stringify(pinned)}`)
            .join(',\n')}}`,
      )
      .join(',\n')
  const pin = (each: Pin): string =>
    `{"cases":[\n${each.cases.map((one) => JSON.stringify(one)).join(',\n')}],\n"outputs":{\n${outputs(each)}}}`
  return `{\n${Object.entries(pins)
    .map(([name, each]) => `${JSON.stringify(name)}:${pin(each)}`)
    .join(',\n')}}\n`
}

const [named, anew] = [process.argv.slice(2).filter((word) => !word.startsWith('-')), process.argv.includes('--draw')]
const known = anew && named.length === 0 ? {} : readPins()
const pins = questions.flatMap(({ op, direction }): readonly (readonly [string, Pin])[] => {
  const name = nameOf(op, direction)
  const pinned = known[name]
  if (pinned !== undefined && named.length > 0 && !named.includes(op)) return [[name, pinned]]
  const pin = pinOf(
    op,
    pinned === undefined || anew
      ? keptOf(
          op,
          direction,
          candidatesOf(op, direction).map((each) => tried(op, each)),
        )
      : casesOf(pinned).map((each) => tried(op, each)),
  )
  const reached = Object.entries(pin.outputs).map(
    ([output, at]) => `${output} ${depthNames.map((depth) => at[depth].reach).join(' / ')}`,
  )
  console.log(name.padEnd(28), reached.join(', '))
  return [[name, pin]]
})
writeFileSync(pinsFile, printed(Object.fromEntries(pins)))
