import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { opNames, opOf } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { resolve, shapesOf } from '../spec/op.js'
import { draws, keyOf } from '../spec/philox.js'
import { caseAt, caseCount, indicesOf } from './cases.js'
import { replacedOf } from './coverage/replaced.js'
import type { Case } from './form.js'
import { numbersIn, realise } from './form.js'
import { expectWhole, ratioOf } from './judge.js'
import { folderOf } from './planted.js'
import { questionTable } from './table.js'
import { refusedRewritings, rewritings } from './rewritings/index.js'
import type { Machine, Rewriting } from './rewritings/rewriting.js'
import { asPermitted, toNearest } from './rewritings/rewriting.js'

/** The items of a section of an op's docstring. */
const itemsOf = (op: OpName, section: 'Admits' | 'Refuses'): readonly string[] => {
  const file = fileURLToPath(new URL(`../spec/${folderOf(op)}/${op}.ts`, import.meta.url))
  const [, text] = new RegExp(`^ \\* ${section} +(.*\\n(?: \\* {9}.*\\n)*)`, 'm').exec(readFileSync(file, 'utf8')) ?? []
  return text === undefined
    ? []
    : text
        .replaceAll(/\n \*\s+|\n/g, ' ')
        .trim()
        .split('; ')
}

const said = opNames.flatMap((op) => [
  ...itemsOf(op, 'Admits').map((words) => ({ op, words, admitted: true })),
  ...itemsOf(op, 'Refuses').map((words) => ({ op, words, admitted: false })),
])

const wordsOf = ({ op, words }: { readonly op: OpName; readonly words: string }): string => `${op}: ${words}`

/** Copies, comparisons, single operations and plain sums: there is no other way to write them. The scans are their cells'. */
const nothingToSay: readonly OpName[] = [
  'relu',
  'step',
  'flatten',
  'reshape',
  'concat',
  'add',
  'mul',
  'scaleChannels',
  'maxPool2d',
  'rnn',
  'lstm',
  'gru',
]

const sizeOfCase = ({ form }: Case): number => numbersIn(form)

/** The largest error ÷ bound that a rewriting shows over cases of the suite, on a machine or on several, or one that is enough. */
const worstOf = (
  { op, direction, output, evaluate }: Rewriting,
  machines: readonly Machine[],
  enough: number,
): number => {
  let worst = 0
  // and those in which what is kept is all but replaced, wherever they stand
  const replaced = replacedOf(op, direction).map((form) => JSON.stringify(form))
  const standard = replaced.length === 0 ? [] : indicesOf(questionTable, op, direction, 'standard', 0)
  const later = standard.filter((index) =>
    replaced.includes(JSON.stringify(caseAt(questionTable, op, direction, 11, index).form)),
  )
  assert(later.length).toBeGreaterThanOrEqual(replaced.length)
  for (const index of [...Array(caseCount(questionTable, op, direction, 40)).keys(), ...later]) {
    if (worst > enough) break
    const asked = caseAt(questionTable, op, direction, 11, index)
    const { form } = asked
    // a rewriting reads every cotangent
    if (sizeOfCase(asked) >= 4000 || form.given !== undefined || form.wanted?.includes(output) === false) continue
    const question = getOrThrow(realise(asked))
    const { values, bounds } = getOrThrow(expectWhole(oracle, question, anyOrder))
    const { sizes } = getOrThrow(resolve(opOf(op), question.attrs, shapesOf(question.inputs)))
    const [want, bound] = [values[output]!.data, bounds[output]!.data]
    const ratios = machines.flatMap((machine) => {
      const { data } = evaluate(machine, { ...question, sizes })
      return Array.from(want as ArrayLike<number>, (value, i) => ratioOf(data[i]!, value, bound[i]!))
    })
    worst = ratios.reduce((a, b) => Math.max(a, b), worst)
  }
  return worst
}

describe('another way to write a formula', () => {
  test('is told in the op’s own file, all of them that are tried, and no others', () => {
    // one may be of several outputs
    assert(said.map(wordsOf).sort()).toEqual([...new Set(rewritings.map(wordsOf))].sort())
    assert(opNames.filter((op) => !said.some((item) => item.op === op))).toEqual(
      opNames.filter((op) => nothingToSay.includes(op)),
    )
  })

  test('is refused where its op’s file says so, and a diagnosis knows it then', () => {
    const words = said.filter(({ admitted }) => !admitted).map(wordsOf)
    assert([...new Set(refusedRewritings.map(wordsOf))].sort()).toEqual([...new Set(words)].sort())
  })

  const admitted = rewritings.filter((rewriting) =>
    said.some((item) => item.admitted && wordsOf(item) === wordsOf(rewriting)),
  )
  const refused = rewritings.filter((rewriting) => !admitted.includes(rewriting))

  test.each(admitted.map((rewriting) => [rewriting.op, rewriting.direction, rewriting.words, rewriting] as const))(
    '%s %s: %s – stays within the bound, whether operations round to nearest or err as WGSL permits',
    (_op, _direction, _words, rewriting) => {
      assert(worstOf(rewriting, [toNearest, asPermitted(draws(keyOf('rewritings')))], 1)).toBeLessThanOrEqual(1)
    },
  )

  test.each(refused.map((rewriting) => [rewriting.op, rewriting.direction, rewriting.words, rewriting] as const))(
    '%s %s: %s – exceeds the bound twice at least, though every operation rounds to nearest',
    (_op, _direction, _words, rewriting) => {
      assert(worstOf(rewriting, [toNearest], 2)).toBeGreaterThan(2)
    },
  )
})
