import { writeFileSync } from 'node:fs'
import { opOf, questions } from '../../spec/catalogue.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { resolve } from '../../spec/op.js'
import { sizeOf } from '../../spec/tensor.js'
import { caseAt, caseCount } from '../cases.js'
import type { Case } from '../form.js'
import { printCase } from '../form.js'
import { questionTable } from '../table.js'
import { right } from './shaken.js'
import type { Pin, Pins } from './tightness.js'
import { casesOf, depthNames, depths, nameOf, pinsFile, reachOf, readPins, widthsOf } from './tightness.js'

/*
 * Records how tight the bounds are: `npm run tightness [OP…]`, after a bound was changed on purpose. The diff then says
 * which outputs' bounds changed, by how much, and what random rounding reaches of them now. The cases stay those of the
 * file; `npm run tightness -- --draw [OP…]` takes others, from what the suite asks today.
 */

// small enough for many runs in the interpreter, large enough for sums of some length
const [mostElements, mostCorners, drawn, runs] = [800, 8, 6, 12]

const elementsIn = ({ op, form }: Case): number => {
  const { attrs } = opOf(op)
  const { outputs } = right(resolve(opOf(op), right(attrs.decode(form.attrs)), form.shapes))
  return [...Object.values(form.shapes), ...Object.values(outputs)].reduce((n, shape) => n + sizeOf(shape), 0)
}

const drawCases = (op: OpName, direction: Direction): readonly Case[] => {
  const corners = Array.from({ length: caseCount(questionTable, op, direction, 0) }, (_, index) =>
    caseAt(questionTable, op, direction, 1, index),
  ).filter((each) => elementsIn(each) <= mostElements)
  const step = Math.max(1, corners.length / mostCorners)
  const some = Array.from({ length: Math.min(corners.length, mostCorners) }, (_, i) => corners[Math.floor(i * step)]!)
  const others = Array.from({ length: 4 * drawn }, (_, i) =>
    caseAt(questionTable, op, direction, 1, caseCount(questionTable, op, direction, 0) + i),
  ).filter((each) => elementsIn(each) <= mostElements)
  return [...some, ...others.slice(0, drawn)]
}

const rounded = (v: number, digits: number): number => Number(v.toFixed(digits))

const pinOf = (op: OpName, cases: readonly Case[]): Pin => {
  const at = depthNames.map((name) => {
    const widths = widthsOf(opOf(op), cases, depths[name].depth)
    const reach = reachOf(opOf(op), cases, depths[name], runs)
    return [name, { widths, reach }] as const
  })
  const outputs = Object.keys(at[0]![1].widths)
  return {
    cases: cases.map(printCase),
    outputs: Object.fromEntries(
      outputs.map((output) => [
        output,
        Object.fromEntries(
          at.map(([name, { widths, reach }]) => [
            name,
            {
              log2: rounded(widths[output]!.log2, 4),
              exact: rounded(widths[output]!.exact, 4),
              reach: Number((reach[output] ?? 0).toPrecision(3)),
            },
          ]),
        ),
      ]),
    ) as Pin['outputs'],
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
    `{"cases":[\n${each.cases.map((text) => JSON.stringify(text)).join(',\n')}],\n"outputs":{\n${outputs(each)}}}`
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
  const pin = pinOf(op, pinned === undefined || anew ? drawCases(op, direction) : casesOf(pinned))
  const reached = Object.entries(pin.outputs).map(
    ([output, at]) => `${output} ${depthNames.map((depth) => at[depth].reach).join(' / ')}`,
  )
  console.log(name.padEnd(28), reached.join(', '))
  return [[name, pin]]
})
writeFileSync(pinsFile, printed(Object.fromEntries(pins)))
