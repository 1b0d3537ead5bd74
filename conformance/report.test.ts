import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { fromKernels } from '../spec/fromKernels.js'
import { jsonText, parseCase } from './form.js'
import { printFailure } from './failureReport.js'
import { conforms, overall } from './overall.js'
import { printHead, printLine, printTotals } from './report.js'
import { plain } from './text.js'
import { jsonLine, jsonSummary } from './reportJson.js'
import { mutant } from './testing/instrument.js'
import { formulaTable, roundTo, smallTable, through, toy } from './testing/toys.js'
import type { Scope } from './verify.js'
import type { Line, Report } from './line.js'
import { verify } from './verify.js'

const held = async (backend: Backend, scope: Partial<Scope>): Promise<Report> => {
  const report = await verify(backend, oracle, smallTable, { profile: 'quick', runs: 3, seed: 1, ...scope })()
  if (E.isLeft(report)) throw new Error(report.left.message)
  return report.right
}
const swapped = toy({
  conv2d: mutant(
    'conv2d',
    smallTable.conv2d.faults.find(({ name }) => name.startsWith('padding'))!,
  ),
})
const fingerprint = { kind: 'toy', description: 'a toy', features: 'none', maxBufferSize: 7 }

const spread = { squares: 0, elements: 0 }

const line: Line = {
  op: 'relu',
  direction: 'forward',
  backend: 'toy',
  cases: 3,
  refused: 1,
  failed: 0,
  verdict: 'conformant',
  judged: 5,
  of: 6,
  held: 0,
  worst: { ratio: 0.5, error: 1, bound: 2, output: 'y', index: [1, 0], got: 3, want: 2 },
  worstCase: 'relu/forward/1/2',
  groups: [],
  nonFinite: 'kept',
}

describe('a line of JSON', () => {
  test('has the op, direction, backend, cases, verdict and worst', () => {
    expect(jsonLine(line)).toEqual({
      op: 'relu',
      direction: 'forward',
      backend: 'toy',
      cases: 3,
      refused: 1,
      failed: 0,
      verdict: 'conformant',
      judged: 5,
      of: 6,
      held: 0,
      worst: { ratio: 0.5, error: 1, bound: 2, index: [1, 0], output: 'y', case: 'relu/forward/1/2' },
      nonFinite: 'kept',
    })
  })

  test('NaN and infinities are words, never null', () => {
    const text = JSON.stringify(
      jsonLine({
        ...line,
        walk: { rms: NaN, max: Infinity, judged: true },
        worst: { ...line.worst!, ratio: Infinity, error: NaN, bound: 0, got: NaN, want: -Infinity },
      }),
    )
    expect(text).not.toContain('null')
    expect(JSON.parse(text)).toMatchObject({
      worst: { ratio: 'Infinity', error: 'NaN', bound: 0 },
      walk: { rms: 'NaN', max: 'Infinity' },
    })
  })

  test('a case with −0, NaN and an infinity is read again as it was', () => {
    const smallest = {
      op: 'relu',
      direction: 'forward',
      seed: 's',
      form: { attrs: {}, shapes: { x: [4] }, fills: { x: { values: [-0, NaN, -Infinity, 1] } } },
    } as const
    const judgement = { worst: line.worst!, walks: [], judged: 1, of: 1, held: 0, looseness: 0, spread }
    const failure = { id: 'relu/forward/1/2@3', smallest, smallestId: 'relu/forward/1/2@3', judgement }
    const text = jsonText(jsonLine({ ...line, groups: [{ traits: [], failed: 1, of: 3, failure }], failure }))
    const [said] = /\{"op":"relu","direction":"forward","seed":"s".*?\}\}\}/.exec(text) ?? []
    expect(parseCase(said ?? '')).toEqual(E.right(smallest))
  })

  test('a bound of 0 gives a ratio of 0 or "Infinity"', async () => {
    const exact = await held(toy(), { ops: ['relu'], direction: 'forward' })
    expect(jsonLine(exact.lines[0]!)['worst']).toMatchObject({ ratio: 0, error: 0, bound: 0 })
    const wrong = await held(toy({ relu: mutant('relu', smallTable.relu.faults[0]!) }), {
      ops: ['relu'],
      direction: 'forward',
    })
    expect(jsonLine(wrong.lines[0]!)['worst']).toMatchObject({ ratio: 'Infinity', bound: 0 })
  })

  test('unsupported ops have no worst', async () => {
    const { lines } = await held(fromKernels('none', {}), { ops: ['relu'] })
    expect(lines.map((one) => Object.keys(jsonLine(one)).includes('worst'))).toEqual([false, false])
  })

  test('the summary counts verdicts, and says so where there is none', async () => {
    const report = await held(swapped, { ops: ['conv2d', 'relu'] })
    expect(jsonSummary(report, 1)).toMatchObject({
      summary: { verdict: 'not-conformant', conformant: 3, notConformant: 1, unsupported: 0, notRun: 0, seed: 1 },
    })
    const nothing = await held(fromKernels('none', {}), { ops: ['relu'] })
    expect(conforms(nothing)).toBe(false)
    expect(overall(nothing)).toBe('not-run')
    expect(printTotals(nothing, 1)).toMatch(/no verdict, for nothing was answered: .*2 unsupported/)
  })
})

describe('a failure, for people', () => {
  test('tells the op, the case, the numbers, the reason, the device and the replays, in this order', async () => {
    const [failed] = (await held(swapped, { ops: ['conv2d'], direction: 'forward', runs: 10 })).lines
    const text = printFailure(failed!, { fingerprint })
    const order = [
      /^conv2d forward\n/,
      /with stride=\[1,1\] padding=/,
      /x\[1,1,1,1\] = -?[\d.]+\n/,
      /y\[0,0,.*\]: got .*, want /,
      /error .*, bound .*, error ÷ bound /,
      /the bound: (it counts every rounding|nothing in it rounds)/,
      /the formula: y_\{noij\} = [^]*\(slide\s+"Convolutional\s+layer/,
      /device +kind toy, description a toy\n/,
      /as drawn +etalon replay conv2d\/forward\/1\/\d+@3\n/,
      /smallest +etalon replay '\{/,
    ].map((part) => text.search(part))
    expect(order).not.toContain(-1)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    // a command is one line, whatever its length: it is copied whole
    expect(text.split('\n').filter((one) => one.length > 80 && !/replay/.test(one))).toEqual([])
  })

  test('the line that replays it survives the shell', () => {
    const smallest = {
      op: 'relu',
      direction: 'forward',
      seed: 's',
      form: { name: "Nesterov's", attrs: {}, shapes: { x: [1] }, fills: { x: { values: [-0] } } },
    } as const
    const text = printFailure(
      {
        ...line,
        groups: [
          {
            traits: [],
            failed: 1,
            of: 3,
            failure: {
              id: 'relu/forward/1/2@3',
              smallest,
              smallestId: 'relu/forward/1/2:0@3',
              judgement: { worst: line.worst!, walks: [], judged: 1, of: 1, held: 0, looseness: 0, spread },
            },
          },
        ],
      },
      { fingerprint, command: 'etalon replay --device software' },
    )
    const word = /smallest +etalon replay --device software '([^']*)'$/.exec(text)?.[1] ?? ''
    expect(parseCase(word)).toEqual(E.right(smallest))
  })

  test('says of a walk that it was too long', async () => {
    const tf32 = fromKernels('tf32', { dense: through(roundTo(10), formulaTable.dense!) })
    const { lines } = await held(tf32, { ops: ['dense'], direction: 'forward' })
    const [failed] = lines
    const judgement = {
      worst: line.worst!,
      walks: [{ output: 'y', rms: 3, max: 9, count: 300, limits: { rms: 2, max: 8 }, within: false }],
      judged: 1,
      of: 1,
      held: 0,
      looseness: 0,
      spread,
    }
    expect(
      printFailure(
        { ...failed!, groups: [{ ...failed!.groups[0]!, failure: { ...failed!.failure!, judgement } }] },
        { fingerprint },
      ),
    ).toMatch(
      /y: its errors are 3 \(rms\) and 9 \(largest\) times a random walk's; at most\s+2\s+and\s+8\s+are\s+right\n[^]*\n.*the walk: /,
    )
  })

  test('a line that did not fail has none', () => {
    expect(printFailure(line, { fingerprint })).toBe('')
  })
})

describe('the table', () => {
  test('its columns stand under its head', () => {
    const lines: readonly Line[] = [
      line,
      { ...line, op: 'softmaxCrossEntropy', direction: 'backward', cases: 12345, verdict: 'not-conformant', failed: 2 },
      {
        ...line,
        verdict: 'not-run',
        worst: { ...line.worst!, ratio: Infinity },
        walk: { rms: 1e9, max: 1e9, judged: true },
      },
    ]
    const head = printHead(plain)
    lines.forEach((one) => {
      const text = printLine(one, plain)
      expect(text.slice(head.indexOf('verdict'))).toMatch(new RegExp(`^${one.verdict}`))
      expect(text.slice(head.indexOf('direction'))).toMatch(new RegExp(`^${one.direction}`))
      expect(text.slice(0, head.indexOf('cases') + 5)).toMatch(new RegExp(` ${one.cases}$`))
      expect(text.slice(0, head.indexOf('worst') + 5)).toMatch(/(0.5|Infinity)$/)
    })
  })
})
