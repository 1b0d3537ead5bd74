import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import type { FailureGroup, Line } from './line.js'
import { failsRun, isWrong, overall } from './overall.js'
import type { Skip } from './skips.js'
import { readSkips, withSkips } from './skips.js'

const today = '2030-06-15'
const entry = { op: 'conv2d', direction: 'backward', reason: 'bug 7', expires: '2030-06-15' }
const refusal = (value: unknown): string => {
  const read = readSkips(typeof value === 'string' ? value : JSON.stringify(value), today)
  return E.isLeft(read) ? `${read.left.code}: ${read.left.message}` : 'read'
}

describe('a ledger', () => {
  test('is a list of entries, which count on their last day', () => {
    expect(readSkips(JSON.stringify([entry, { ...entry, traits: ['groups > 1'] }]), today)).toEqual(
      E.right([entry, { ...entry, traits: ['groups > 1'] }]),
    )
    expect(readSkips('[]', today)).toEqual(E.right([]))
  })

  test.each<readonly [string, unknown, RegExp]>([
    ['no JSON', '{', /^FormatInvalid: .* this is no JSON/],
    ['no list', entry, /^FormatInvalid: a ledger is a list of entries; found/],
    ['no object', [7], /^FormatInvalid: entry 1: found 7, wanted an object with op, reason and expires/],
    ['no such op', [{ ...entry, op: 'conv2' }], /^UnknownOp: entry 1: there is no op "conv2"; did you mean conv2d\?$/],
    ['no backward', [{ ...entry, op: 'sgd' }], /^NoBackward: entry 1: sgd has no backward/],
    ['no such direction', [{ ...entry, direction: 'up' }], /^FormatInvalid: entry 1: its direction is "up"/],
    ['no reason', [{ ...entry, reason: ' ' }], /^FormatInvalid: entry 1: the entry of conv2d gives no reason/],
    [
      'a reason that is left out',
      [{ op: 'conv2d', expires: '2031-01-01' }],
      /entry 1: its reason is undefined, wanted string/,
    ],
    ['a field that none has', [{ ...entry, trait: [] }], /^FormatInvalid: entry 1: an entry has no field "trait"/],
    ['no date', [{ ...entry, expires: 'soon' }], /^FormatInvalid: entry 1: .* expires "soon"; wanted a date/],
    ['a day that there is none of', [{ ...entry, expires: '2031-02-30' }], /wanted a date such as/],
    [
      'a day that is over',
      [entry, { ...entry, expires: '2030-06-14' }],
      /^FormatInvalid: entry 2: .* \(bug 7\) expired on 2030-06-14/,
    ],
  ])('with %s is refused', (_, value, wanted) => {
    expect(refusal(value)).toMatch(wanted)
  })
})

const line: Line = {
  op: 'conv2d',
  direction: 'forward',
  backend: 'toy',
  cases: 9,
  refused: 0,
  failed: 0,
  verdict: 'conformant',
  judged: 9,
  of: 9,
  held: 0,
  groups: [],
  nonFinite: 'kept',
}
const group = (...traits: readonly string[]): FailureGroup => ({ traits, failed: 1, of: 2 }) as unknown as FailureGroup
const wrong: Line = {
  ...line,
  failed: 2,
  verdict: 'not-conformant',
  groups: [group('groups > 1'), group('stride > 1')],
}
const skip = (about: Partial<Skip> = {}): Skip => ({ op: 'conv2d', reason: 'bug 7', expires: today, ...about })

describe('a line as a ledger sees it', () => {
  test('does not fail the run where it fails as the ledger says', () => {
    const seen = withSkips([skip()])(wrong)
    expect(seen.expected).toEqual([{ reason: 'bug 7', expires: today }])
    expect([isWrong(wrong), failsRun(seen)]).toEqual([true, false])
    expect(overall({ lines: [seen] })).toBe('conformant')
  })

  test('fails the run where it passes and should not', () => {
    const seen = withSkips([skip()])(line)
    expect(seen.unexpected).toEqual([{ reason: 'bug 7', expires: today }])
    expect(failsRun(seen)).toBe(true)
    expect(overall({ lines: [seen] })).toBe('not-conformant')
  })

  test('is as it was where no entry is about it, or where it was not answered', () => {
    expect(withSkips([skip({ op: 'relu' }), skip({ direction: 'backward' })])(wrong)).toBe(wrong)
    for (const verdict of ['unsupported', 'not-run'] as const)
      expect(withSkips([skip()])({ ...line, verdict })).toEqual({ ...line, verdict })
  })

  test('fails where an entry is about some of its failures only', () => {
    const seen = withSkips([skip({ traits: ['groups > 1'] })])(wrong)
    expect(seen.expected).toBeUndefined()
    expect(failsRun(seen)).toBe(true)
    const all = withSkips([skip({ traits: ['groups > 1'] }), skip({ traits: ['stride > 1'] })])(wrong)
    expect([all.expected?.length, failsRun(all)]).toEqual([2, false])
  })

  test('fails where an entry is about failures that are there no more, though others are as the ledger says', () => {
    const seen = withSkips([skip(), skip({ traits: ['dilation > 1'] })])(wrong)
    expect(seen.expected).toHaveLength(1)
    expect(seen.unexpected).toEqual([{ reason: 'bug 7', expires: today, traits: ['dilation > 1'] }])
    expect(failsRun(seen)).toBe(true)
  })
})
