import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { getOrThrow } from '../../spec/error.js'
import { toldOf } from './board.js'
import { causes } from './causes.js'
import { commandOf, readRecord } from './record.js'
import { fileOf, recordings } from './recordings.js'
import { staleOf, triage } from './triage.js'

const all = recordings()

// a record that has failures of every kind, as lines of JSON
const name = 'pytorch'
const lines = readFileSync(fileOf(name), 'utf8').trimEnd().split('\n')

/** What a line has, that a liar would change. */
interface Written {
  verdict?: string
  grade?: string
  backend?: string
  cases: number
  failed: number
  worst: { ratio: number }
  groups?: {
    diagnosis?: unknown
    failure: {
      got: number
      want: number
      error: number
      bound: number
      ratio: number
      smallest: { shapes: Record<string, number[]> }
    }
  }[]
  summary?: {
    verdict: string
    conformant: number
    inaccurate: number
    suite: number
    stopped?: string
    recorded?: { command: string; date: string }
  }
}

type Change = (line: Written) => void
type Find = (line: Written) => boolean

const parsed = (text: string): Written => JSON.parse(text) as Written

/** The record with one of its lines changed. */
const withChange = (find: Find, change: Change): string => {
  const at = lines.findIndex((text) => find(parsed(text)))
  const line = parsed(lines[at]!)
  change(line)
  return lines.map((text, i) => (i === at ? JSON.stringify(line) : text)).join('\n')
}

const failing: Find = ({ groups = [] }) => groups[0]?.diagnosis !== undefined
const inaccurate: Find = ({ verdict }) => verdict === 'inaccurate'
const conformant: Find = ({ verdict, grade }) => verdict === 'conformant' && grade === 'A'
const last: Find = ({ summary }) => summary !== undefined

describe('a record', () => {
  it('is read, with what was found to disagree', () => {
    const { backend, disagreements } = getOrThrow(readRecord(lines.join('\n')))
    expect(backend).toBe(name)
    expect(disagreements.length).toBeGreaterThan(0)
  })

  it.each<[string, Find, Change, string]>([
    ['calls a failing line conformant', failing, (line) => (line.verdict = 'conformant'), 'has failures'],
    [
      'calls a line that only lacks digits wrong',
      inaccurate,
      (line) => (line.verdict = 'not-conformant'),
      'comes to inaccurate',
    ],
    ['shows no failures of a line that failed', failing, (line) => delete line.groups, 'shows nothing that is'],
    ['counts more failures than cases', conformant, (line) => (line.failed = line.cases + 1), 'cannot have failed'],
    ['counts a failure of a conformant line', conformant, (line) => (line.failed = 1), 'comes to not-conformant'],
    ['gives another grade than the errors have', conformant, (line) => (line.grade = 'C'), 'makes no C'],
    [
      'says that a conformant line is off by more than its bound',
      conformant,
      (line) => (line.worst.ratio = 2),
      'off by more than its bound',
    ],
    [
      'wants another number than the formula gives',
      failing,
      ({ groups }) => {
        const { failure } = groups![0]!
        failure.want *= 1.5
        failure.error = Math.abs(failure.got - failure.want)
        failure.ratio = failure.error / failure.bound
      },
      'the formula gives',
    ],
    [
      'has an answer that is not as far off as it says',
      inaccurate,
      ({ groups }) => (groups![0]!.failure.got *= 2),
      'off, and',
    ],
    [
      'has a smallest case that is none',
      failing,
      ({ groups }) => (groups![0]!.failure.smallest.shapes = { x: [-1] }),
      'smallest case',
    ],
    ['is of two backends', conformant, (line) => (line.backend = 'another'), 'it is of another'],
    ['counts fewer lines than it has', last, ({ summary }) => (summary!.conformant -= 1), 'its summary counts'],
    [
      'counts as many lines, and other verdicts',
      last,
      ({ summary }) => {
        summary!.conformant += 1
        summary!.inaccurate -= 1
      },
      'is not what its lines come to',
    ],
    [
      'has another verdict than its lines come to',
      last,
      ({ summary }) => (summary!.verdict = 'conformant'),
      'its summary’s verdict',
    ],
    [
      'is of another command',
      last,
      ({ summary }) => (summary!.recorded!.command = 'etalon verify --backend pytorch --profile wild'),
      'would make',
    ],
    ['does not say where it is from', last, ({ summary }) => delete summary!.recorded, 'where it is from'],
    ['has no day', last, ({ summary }) => (summary!.recorded!.date = 'yesterday'), 'a day as 2026-01-31'],
    ['is of a suite that there is none of yet', last, ({ summary }) => (summary!.suite = 1000), 'version 1000'],
    ['was broken off', last, ({ summary }) => (summary!.stopped = 'interrupted'), 'broken off'],
  ])('that %s is refused', (_, find, change, message) => {
    const read = readRecord(withChange(find, change))
    expect(E.isLeft(read) && read.left).toMatchObject({
      code: 'FormatInvalid',
      message: expect.stringContaining(message) as string,
    })
  })

  it('says with what command the same can be asked, on its device and in its browser', () => {
    const asked = { backend: 'onnxruntime-webgpu', profile: 'quick', seed: 1 } as const
    const replay = 'etalon replay --browser --backend onnxruntime-webgpu --device software'
    expect(commandOf({ ...asked, replay })).toBe(
      'etalon verify --browser --backend onnxruntime-webgpu --device software --profile quick',
    )
    expect(commandOf({ ...asked, backend: 'pytorch', seed: 7, replay: 'etalon replay --backend pytorch' })).toBe(
      'etalon verify --backend pytorch --profile quick --seed 7',
    )
  })

  it('that leaves an op out is refused', () => {
    const at = lines.findIndex((text) => conformant(parsed(text)))
    const fewer = lines.filter((_, i) => i !== at).join('\n')
    expect(E.isLeft(readRecord(fewer))).toBe(true)
    const counted = fewer.replace(/"conformant":(\d+)/, (_, count: string) => `"conformant":${Number(count) - 1}`)
    expect(readRecord(counted)).toMatchObject({
      left: { message: expect.stringContaining('not where it belongs') as string },
    })
  })
})

describe('the triage', () => {
  it('has a cause for every disagreement on record', () => {
    const missing = all.flatMap(({ backend, disagreements }) =>
      disagreements.filter(({ key }) => triage[backend]?.[key] === undefined).map(({ key }) => `${backend} ${key}`),
    )
    expect(missing).toEqual([])
  })

  it('has nothing that is no longer on record, and no cause that nothing has', () => {
    const known = new Map(all.map(({ backend, disagreements }) => [backend, disagreements.map(({ key }) => key)]))
    const stale = Object.keys(triage).flatMap((backend) =>
      staleOf(backend, known.get(backend) ?? []).map((key) => `${backend} ${key}`),
    )
    expect(stale).toEqual([])
    const named = new Set(Object.values(triage).flatMap((entries) => Object.values(entries)))
    expect([...named].filter((id) => causes[id] === undefined)).toEqual([])
    expect(Object.keys(causes).filter((id) => !named.has(id))).toEqual([])
  })

  it('calls nothing a defect that the library does not do again, alone, or that PyTorch does too', () => {
    const defects = toldOf(all).filter(({ cause }) => cause.class === 'defect')
    for (const { cause, seen } of defects)
      for (const { backend, key, group, witnesses } of seen) {
        if (group === undefined) continue
        const what = `${backend} ${key}: ${cause.title}`
        expect(witnesses?.again, what).toMatchObject({ conformant: false })
        const { pytorch } = witnesses ?? {}
        if (pytorch !== undefined && !('unsupported' in pytorch)) expect(pytorch.conformant, what).toBe(true)
      }
  })

  it('has links that lead somewhere by https, and reasons that are sentences', () => {
    for (const { title, reason, links = [] } of Object.values(causes)) {
      expect(title).toMatch(/^[^.]+[^.]/)
      expect(reason).toMatch(/\.$/)
      for (const link of links) expect(new URL(link).protocol).toBe('https:')
    }
  })
})
