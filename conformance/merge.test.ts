import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { opNames, questions } from '../spec/catalogue.js'
import { compareReports, jsonComparison, printComparison } from './compare.js'
import { jsonText } from './form.js'
import type { Report } from './line.js'
import type { Named } from './merge.js'
import { mergeReports, reportOf } from './merge.js'
import { printFailure } from './failureReport.js'
import { printLine } from './report.js'
import type { ReadLine, ReadReport } from './reportCodec.js'
import { readReport } from './reportCodec.js'
import { jsonLine, jsonProgramLine, jsonSummary } from './reportJson.js'
import { costOf, programsCost, splitOf } from './shards.js'
import { questionTable } from './table.js'
import { mutant } from './testing/instrument.js'
import { smallTable, toy } from './testing/toys.js'
import { questionsIn, verify } from './verify.js'

const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}
const textOf = (report: Report, about = {}): string =>
  [...report.lines.map(jsonLine), ...(report.programs ?? []).map(jsonProgramLine), jsonSummary(report, 2, about)]
    .map((value) => `${jsonText(value)}\n`)
    .join('')

const ops = ['sigmoid', 'tanh', 'relu'] as const
const scope = { ops, profile: 'quick', runs: 0, seed: 1 } as const
const faulty = toy({ tanh: mutant('tanh', smallTable.tanh.faults[0]!) })
const asked = { ops, runs: 0, nonFinite: 'told' }

const shardOf = async (index: number, of: number): Promise<Named> => {
  const split = splitOf(smallTable, questionsIn(scope), of)
  const part = { questions: split.shards[index - 1]!, programs: split.programs === index }
  const report = right(await verify(faulty, oracle, smallTable, { ...scope, part })())
  return { name: `${index}.json`, report: right(readReport(textOf(report, { asked, shard: { index, of } }))) }
}

let whole: Report
let parts: readonly Named[] = []
beforeAll(async () => {
  whole = right(await verify(faulty, oracle, smallTable, scope)())
  parts = [await shardOf(1, 2), await shardOf(2, 2)]
}, 120_000)

const changed = ({ name, report }: Named, summary: Partial<ReadReport['summary']>): Named => ({
  name,
  report: { ...report, summary: { ...report.summary, ...summary } },
})
const refusal = (named: readonly Named[]): string => {
  const merged = mergeReports(named)
  return E.isLeft(merged) ? `${merged.left.code}: ${merged.left.message}` : 'merged'
}

describe('a run in shards', () => {
  test.each([1, 2, 3, 5, 8, 16])('has every question once, in %i shards of about equal work', (of) => {
    const { shards, programs } = splitOf(questionTable, questions, of)
    expect(shards.flat()).toHaveLength(questions.length)
    expect(new Set(shards.flat()).size).toBe(questions.length)
    expect(programs).toBeLessThanOrEqual(of)
    const loads = shards.map((shard) => shard.reduce((n, one) => n + costOf(questionTable, one), 0))
    const total = loads.reduce((n, load) => n + load, 0)
    const longest = Math.max(...questions.map((one) => costOf(questionTable, one)))
    const loaded = loads.map((load, i) => load + (i + 1 === programs ? programsCost : 0))
    expect(Math.max(...loaded)).toBeLessThanOrEqual(
      Math.max(longest, programsCost, (1.1 * (total + programsCost)) / of),
    )
  })

  test('is laid together as the run in one, however the shards are named', () => {
    for (const named of [parts, [...parts].reverse()]) {
      const { report, read } = right(mergeReports(named))
      expect(report.lines.map((line) => printLine(line))).toEqual(whole.lines.map((line) => printLine(line)))
      const place = { fingerprint: whole.fingerprint }
      expect(report.lines.map((line) => printFailure(line, place))).toEqual(
        whole.lines.map((line) => printFailure(line, place)),
      )
      const { seconds, ...summary } = read.summary
      const { seconds: _, ...wanted } = right(readReport(textOf(whole, { asked }))).summary
      expect(seconds).toBe(4)
      expect(summary).toEqual(wanted)
    }
  })

  test('fits together or is refused', () => {
    const [one, two] = parts as readonly [Named, Named]
    expect(refusal([])).toMatch(/^FormatInvalid: there is no report/)
    expect(refusal([one])).toBe('FormatInvalid: of 2 shards shard 2 is missing')
    expect(refusal([one, two, two])).toBe('FormatInvalid: shard 2/2 is there twice: 2.json and 2.json')
    for (const [summary, said] of [
      [{ backend: 'other' }, 'backend is "other", not "toy"'],
      [{ seed: 2 }, 'seed is 2, not 1'],
      [{ profile: 'wild' }, 'profile is "wild", not "quick"'],
      [{ suite: 2 }, 'suite version is 2, not 3'],
      [{ shard: { index: 2, of: 3 } }, 'shards is 3, not 2'],
      [{ fingerprint: { name: 'another' } }, 'device’s name is "another", not "toy"'],
    ] as const)
      expect(refusal([one, changed(two, summary)])).toBe(
        `FormatInvalid: 2.json is of another run than 1.json: its ${said}`,
      )
    expect(refusal([one, changed(two, { stopped: 'interrupted' })])).toMatch(/2.json is of a run that was interrupted/)
    const { shard: _, ...bare } = one.report.summary
    expect(refusal([{ name: 'all.json', report: { ...one.report, summary: bare } }])).toMatch(
      /all.json is a whole report/,
    )
    const [first, ...rest] = two.report.lines
    expect(first).toBeDefined()
    expect(refusal([one, { name: '2.json', report: { ...two.report, lines: rest } }])).toMatch(
      /is in none of the shards/,
    )
  })
})

describe('two reports side by side', () => {
  const read = (): ReadReport => right(readReport(textOf(whole)))
  const withLine = (op: string, change: Partial<ReadLine>): ReadReport => {
    const report = read()
    const lines = report.lines.map((line) =>
      line.op === op && line.direction === 'forward' ? { ...line, ...change } : line,
    )
    return { ...report, lines }
  }
  const failing = { verdict: 'not-conformant', failed: 1 } as const

  test('of the same run are the same', () => {
    const same = compareReports(read(), read())
    expect(Object.values(same).flat()).toEqual([])
    expect(printComparison(same)).toBe('nothing fails that did not fail before')
  })

  test('tell what is newly failing and newly passing', () => {
    const worse = withLine('relu', failing)
    expect(compareReports(read(), worse).newlyFailing).toEqual([
      { name: 'relu forward', before: 'conformant', after: 'not-conformant' },
    ])
    expect(compareReports(worse, read()).newlyPassing).toMatchObject([{ name: 'relu forward' }])
    expect(printComparison(compareReports(read(), worse))).toMatch(/\n1 newly failing$/)
  })

  test('what fails on both sides is not new, nor is what a ledger expects', () => {
    const worse = withLine('relu', failing)
    expect(compareReports(worse, worse).newlyFailing).toEqual([])
    const known = withLine('relu', { ...failing, expected: [{ reason: 'bug 7', expires: '2999-01-01' }] })
    expect(compareReports(read(), known).newlyFailing).toEqual([])
    expect(compareReports(known, worse).newlyFailing).toMatchObject([{ before: 'known to fail' }])
  })

  test('a line that is new and wrong is newly failing; one that is gone, or answered no more, is told', () => {
    const worse = withLine('relu', failing)
    const less = { ...read(), lines: read().lines.filter(({ op }) => op !== 'relu') }
    expect(compareReports(less, worse)).toMatchObject({
      newlyFailing: [{ name: 'relu forward', after: 'not-conformant' }],
      added: ['relu forward', 'relu backward'],
    })
    expect(compareReports(worse, less).gone).toEqual(['relu forward', 'relu backward'])
    const silent = compareReports(read(), withLine('relu', { verdict: 'unsupported' }))
    expect(silent.unanswered).toMatchObject([{ name: 'relu forward', after: 'unsupported' }])
  })

  test('tell a worst ratio that is so many times another, where it is more than chance, and another grade', () => {
    const at = (ratio: number, grade: 'A' | 'B' = 'A') =>
      withLine('relu', { worst: { ratio, error: 1, bound: 1, output: 'y', index: [0] }, grade })
    expect(compareReports(at(0.2), at(0.4)).worse).toEqual([{ name: 'relu forward', before: 0.2, after: 0.4 }])
    expect(compareReports(at(0.4), at(0.2)).better).toHaveLength(1)
    expect(compareReports(at(0.2), at(0.39)).worse).toEqual([])
    expect(compareReports(at(0.2), at(0.4), 3).worse).toEqual([])
    expect(compareReports(at(1e-6), at(1e-3)).worse).toEqual([])
    expect(compareReports(at(1e-6), at(0.02)).worse).toHaveLength(1)
    expect(compareReports(at(Infinity), at(Infinity)).worse).toEqual([])
    expect(JSON.stringify(jsonComparison(compareReports(at(1), at(Infinity))))).toContain('"after":"Infinity"')
    expect(compareReports(at(1), at(1, 'B')).grades).toEqual([{ name: 'relu forward', before: 'A', after: 'B' }])
  })

  test('say where they are not of the same cases or of the same device', () => {
    const report = read()
    const other = { ...report, summary: { ...report.summary, seed: 2, fingerprint: { name: 'another' } } }
    expect(compareReports(report, other).differences).toEqual([
      { name: 'seed', before: '1', after: '2' },
      { name: 'device name', before: 'toy', after: 'another' },
    ])
  })
})

test('a report of an op that there is none of compares, and is not laid together', () => {
  const report = right(readReport(textOf(whole)))
  const lines = report.lines.map((line) => (line.op === 'relu' ? { ...line, op: 'rule' } : line))
  expect(compareReports(report, { ...report, lines }).gone).toEqual(['relu forward', 'relu backward'])
  expect(reportOf({ ...report, lines })).toMatchObject({ left: { code: 'UnknownOp' } })
  expect(opNames).not.toContain('rule')
})
