import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { mapTensor } from '../spec/tensor.js'
import { jsonText } from './form.js'
import type { Line, Report } from './line.js'
import { jsonLine, jsonProgramLine, jsonSummary } from './reportJson.js'
import type { ReadReport } from './reportCodec.js'
import { readReport, writeReport } from './reportCodec.js'
import { mutant } from './testing/instrument.js'
import { formulaTable, smallTable, toy } from './testing/toys.js'
import { verify } from './verify.js'

const textOf = ({ lines, programs = [], ...rest }: Report, about = {}): string =>
  [
    ...lines.map(jsonLine),
    ...programs.map(jsonProgramLine),
    jsonSummary({ lines, ...(programs.length > 0 && { programs }), ...rest }, 1.5, about),
  ]
    .map((value) => `${jsonText(value)}\n`)
    .join('')

// wrong by a fault, wrong by NaN, and right at the first question only
const hostile = () => {
  let asked = 0
  const { forward } = formulaTable.relu!
  return toy({
    tanh: mutant('tanh', smallTable.tanh.faults[0]!),
    sigmoid: {
      forward: (_: unknown, { x }: Readonly<Record<string, Parameters<typeof mapTensor>[1] | undefined>>) => ({
        y: x && mapTensor(() => NaN, x),
      }),
    },
    relu: {
      forward: (attrs: never, inputs: never, sizes: never) => {
        const answers = forward(attrs, inputs, sizes)
        return asked++ === 0 ? answers : { y: answers['y'] && mapTensor((v) => v + 1, answers['y']) }
      },
    },
  })
}

const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}
const message = (text: string): string => {
  const read = readReport(text)
  return E.isLeft(read) ? `${read.left.code}: ${read.left.message}` : 'read'
}

let report: Report
let text = ''
let read: ReadReport
beforeAll(async () => {
  const scope = { ops: ['sigmoid', 'tanh', 'relu'], profile: 'quick', runs: 3, seed: 1 } as const
  report = right(await verify(hostile(), oracle, smallTable, { ...scope, reopen: async () => E.right(hostile()) })())
  text = textOf(report, { asked: { runs: 3, nonFinite: 'told' }, shard: { index: 1, of: 3 }, replay: 'etalon replay' })
  read = right(readReport(text))
}, 60_000)

describe('a report, read again', () => {
  test('is written as it was', () => {
    expect(writeReport(read)).toBe(text)
    expect(report.lines.some(({ groups }) => groups.length > 0)).toBe(true)
    expect(report.lines.some(({ sequence }) => sequence !== undefined)).toBe(true)
  })

  test('has its numbers as numbers, NaN and the infinities among them', () => {
    const sigmoid = read.lines.find(({ op, direction }) => op === 'sigmoid' && direction === 'forward')
    expect(sigmoid?.worst?.ratio).toBe(Infinity)
    expect(sigmoid?.failure).toMatchObject({ got: NaN, ratio: Infinity })
    expect(text).toContain('"ratio":"Infinity"')
  })

  test('has a failure’s error, bound and ratio', () => {
    const tanh = read.lines.find(({ op, failure }) => op === 'tanh' && failure !== undefined)
    const { got, want, error, bound, ratio } = tanh!.failure!
    expect(error).toBe(Math.abs(got - want))
    expect(ratio).toBe(error / bound)
  })

  test('says in its summary what was asked, of whom, and of what part it is', () => {
    expect(read.summary).toMatchObject({
      version: 1,
      suite: 3,
      profile: 'quick',
      seed: 1,
      backend: 'toy',
      fingerprint: { name: 'toy' },
      asked: { runs: 3, nonFinite: 'told' },
      shard: { index: 1, of: 3 },
      replay: 'etalon replay',
    })
  })

  test('keeps a field that is not known', () => {
    const more = text.replace('{"op"', '{"later":[1],"op"')
    expect(writeReport(right(readReport(more)))).toContain('"later":[1]')
  })

  test('has what a ledger says of a line, and its time', () => {
    const known: Line = {
      ...report.lines[0]!,
      expected: [{ reason: 'bug 7', expires: '2099-01-01', traits: ['N = 1'] }],
      unexpected: [{ reason: 'bug 8', expires: '2099-01-01' }],
      seconds: 2.5,
    }
    const lines = [known, ...report.lines.slice(1)]
    expect(right(readReport(textOf({ ...report, lines }))).lines[0]).toMatchObject({
      expected: known.expected,
      unexpected: known.unexpected,
      seconds: 2.5,
    })
  })

  test('has the programs, and where they failed', async () => {
    const { ops: _, ...all } = { ops: [], profile: 'quick', runs: 0, seed: 1 } as const
    const lost = { ...toy(), supports: (op: string) => ['relu', 'add', 'mul'].includes(op) }
    const whole = right(await verify(lost, oracle, smallTable, all)())
    const [first, ...rest] = whole.programs ?? []
    const failed = {
      ...first!,
      verdict: 'not-conformant' as const,
      failure: { program: { inputs: {}, nodes: [], outputs: [], carry: {} }, at: 'run 1', message: 'wrong' },
    }
    const written = textOf({ ...whole, programs: [failed, ...rest] })
    const again = right(readReport(written))
    expect(again.programs[0]).toMatchObject({ program: 'diamond', failure: { at: 'run 1', message: 'wrong' } })
    expect(again.programs).toHaveLength(1 + rest.length)
    expect(writeReport(again)).toBe(written)
  }, 60_000)
})

describe('what is no report is refused, and told', () => {
  const lines = (): readonly string[] => text.trimEnd().split('\n')
  test.each<readonly [string, () => string, RegExp]>([
    ['another version', () => text.replace('"version":1', '"version":7'), /a report of version 7; wanted version 1$/],
    ['no version', () => text.replace('"version":1,', ''), /a report without a version; wanted version 1$/],
    ['an empty file', () => '', /it ends without a summary/],
    ['a file that was cut short', () => lines().slice(0, -1).join('\n'), /it ends without a summary/],
    ['a line that is gone', () => lines().slice(1).join('\n'), /its summary counts 6 lines of ops .*; it has 5 and 0/],
    ['a line that stands twice', () => [lines()[0], ...lines()].join('\n'), /sigmoid forward stands in it twice/],
    ['text', () => `hello\n${text}`, /line 1: this is no JSON/],
    ['a list', () => `[1]\n${text}`, /line 1: found \[1\], wanted an object/],
    [
      'a field of another kind',
      () => text.replace(/"cases":\d+/, '"cases":-1'),
      /line 1: no line of a report: at cases found -1, wanted a whole number/,
    ],
    [
      'null for a number',
      () => text.replace('"ratio":"Infinity"', '"ratio":null'),
      /at worst\/ratio found null, wanted a number/,
    ],
    [
      'a summary without a backend',
      () => text.replace(/"backend":"toy",("seed")/, '$1'),
      /no summary of a report: at backend found undefined, wanted string/,
    ],
  ])('%s', (_, make, wanted) => {
    expect(message(make())).toMatch(/^FormatInvalid: /)
    expect(message(make())).toMatch(wanted)
  })
})
