import { either as E, taskEither as TE } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../spec/backend.js'
import { etalonError, getOrThrow } from '../spec/error.js'
import { generate, tensor } from '../spec/tensor.js'
import type { Tensors } from '../spec/tensor.js'
import { portionOf, round } from './clock.js'
import { agreement, shaken, swayOf } from './contender.js'
import type { Line } from './line.js'
import { lineOf, parseRecorded } from './line.js'
import { markdownTable } from './markdown.js'
import { compared, comparedToRecord, roundsNeeded, usualTest } from './regression.js'
import type { Row } from './rows.js'
import { figuresOf } from './rows.js'
import type { Contender } from './run.js'
import { race } from './run.js'
import type { Task, Workload } from './workloads.js'
import { pointsOf, sweeps, usualWorkloads, workloads, workloadsNamed } from './workloads.js'

// ---- a world whose time is what the work says that it takes --------------------------------------------------------

const world = () => {
  let now = 0
  const log: string[] = []
  /** A backend that doubles, and whose runs take so long. */
  const doubling = (subject: string, ms: number, factor = 2): Backend => {
    const run = (x: Tensors): Tensors =>
      Object.fromEntries(
        Object.entries(x).map(([, { shape, data }]) => [
          'y',
          tensor(
            shape,
            Array.from({ length: data.length }, (_, i) => factor * (data[i] as number)),
          ),
        ]),
      )
    return {
      name: subject,
      fingerprint: {},
      supports: () => true,
      run: (_, feeds) => TE.right(run(feeds)),
      open: (_, state) =>
        TE.right({
          step: () => TE.left(etalonError('Unsupported', 'no steps')),
          run: (program, _, watch = []) => {
            // the tick costs nothing
            if (!('tick' in program.inputs)) {
              now += ms
              log.push(subject)
            }
            return TE.right(watch.length === 0 ? {} : run(state))
          },
          state: TE.right(state),
          close: () => Promise.resolve(),
        }),
      close: () => Promise.resolve(),
    }
  }
  const contender = (subject: string, backend: Contender['backend']): Contender => ({
    subject,
    adapter: 'nowhere',
    backend,
    judge: {
      watch: () => ['y'],
      judge: (_, { x, y }) =>
        E.right(Array.from({ length: 2 }, (_, i) => Math.abs(y!.data[i]! - 2 * x!.data[i]!)).reduce((a, b) => a + b)),
    },
  })
  return { clock: () => now, log, doubling, contender }
}

const doubled: Task = {
  program: {
    inputs: { x: [2] },
    nodes: [
      {
        name: 'y',
        op: 'add',
        direction: 'forward',
        attrs: {},
        inputs: { a: 'x', b: 'x' },
        cotangents: {},
        outputs: { y: 'y' },
      },
    ],
    outputs: ['y'],
    carry: {},
  },
  state: { x: tensor([2], [1, 3]) },
  feeds: {},
  steps: false,
  isSingle: true,
  multiplyAdds: 5e6,
  bytes: 16e6,
}
const twice: Workload = { name: 'twice', about: 'x + x', kind: 'usual', task: () => E.right(doubled) }
const timing = { rounds: 3, roundMs: 40, sampleMs: 0 }

describe('a race', () => {
  test('times each round by turns, and gives every sample its runs', async () => {
    const { clock, log, doubling, contender } = world()
    const rows = await race(
      twice,
      [contender('ours', E.right(doubling('ours', 10))), contender('theirs', E.right(doubling('theirs', 20)))],
      { ...timing, clock },
    )
    expect(rows.map(({ rounds }) => rounds)).toEqual([
      [
        [10, 10, 10, 10],
        [10, 10, 10, 10],
        [10, 10, 10, 10],
      ],
      [
        [20, 20],
        [20, 20],
        [20, 20],
      ],
    ])
    // cold, judged and three to warm up; then in turns, each first in its turn
    const turns = log.slice(10)
    expect(turns.join(' ')).toBe(
      'ours ours ours ours theirs theirs theirs theirs ours ours ours ours ours ours ours ours theirs theirs',
    )
  })

  test('gives a wrong answer no time, and one that could not be had its reason; others go on', async () => {
    const { clock, log, doubling, contender } = world()
    const rows = await race(
      twice,
      [
        contender('ours', E.right(doubling('ours', 10))),
        contender('wrong', E.right(doubling('wrong', 1, 3))),
        contender('absent', E.left(etalonError('BackendUnavailable', 'not installed: npm install absent'))),
      ],
      { ...timing, clock },
    )
    expect(rows.map(({ outcome }) => outcome)).toEqual(['timed', 'wrong', 'refused'])
    expect(rows[1]).toMatchObject({ rounds: [], errorOverBound: 4 })
    expect(rows[1]).not.toHaveProperty('coldMs')
    expect(rows[2]?.reason).toContain('npm install absent')
    // its first run and its judged one, and no more
    expect(log.filter((subject) => subject === 'wrong')).toHaveLength(2)
  })

  test('holds a whole network of a peer against ours, and lets nobody by where ours has no answer', async () => {
    const whole: Workload = { ...twice, task: () => E.right({ ...doubled, isSingle: false }) }
    const { clock, doubling, contender } = world()
    const peers = [
      contender('right', E.right(doubling('right', 1))),
      contender('wrong', E.right(doubling('wrong', 1, 2.01))),
    ]
    const rows = await race(whole, [contender('ours', E.right(doubling('ours', 1))), ...peers], { ...timing, clock })
    expect(rows.map(({ outcome }) => outcome)).toEqual(['timed', 'timed', 'wrong'])
    const absent = contender('ours', E.left(etalonError('BackendUnavailable', 'no device')))
    const without = await race(whole, [absent, ...peers], { ...timing, clock })
    expect(without.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'refused'])
  })
})

describe('a round', () => {
  test('puts short runs in a row and counts each', async () => {
    let now = 0
    const ready = {
      repeat: (times: number) => async () => {
        now += 2 * times
        return E.right(undefined)
      },
      close: () => Promise.resolve(),
    }
    const portion = portionOf(2, { roundMs: 100, sampleMs: 20 })
    expect(portion).toEqual({ runs: 10, samples: 5 })
    expect(await round(ready, portion, () => now)).toEqual(E.right([2, 2, 2, 2, 2]))
    expect(now).toBe(100)
  })

  test('has one run at least, however long', () =>
    expect(portionOf(5000, { roundMs: 100, sampleMs: 20 })).toEqual({ runs: 1, samples: 1 }))

  test('answers what the work was refused with', async () => {
    const ready = {
      repeat: () => TE.left(etalonError('DeviceLost', 'gone')),
      close: () => Promise.resolve(),
    }
    expect(await round(ready, { runs: 1, samples: 2 }, () => 0)).toEqual(E.left(etalonError('DeviceLost', 'gone')))
  })
})

// ---- figures -------------------------------------------------------------------------------------------------------

const row = (subject: string, rounds: Row['rounds'], rest: Partial<Row> = {}): Row => ({
  workload: 'twice',
  subject,
  adapter: 'nowhere',
  outcome: 'timed',
  errorOverBound: 0.5,
  coldMs: 100,
  rounds,
  multiplyAdds: 5e6,
  bytes: 16e6,
  ...rest,
})
const ours = row('ours', [
  [9, 10, 11],
  [10, 10, 10],
])
const theirs = row('theirs', [[20], [30]])
const slowest = row('slowest', [[80], [90]])

describe('figures', () => {
  test('are medians, tenths, rates, and the share of the nearer limit', () => {
    // 10⁷ operations at 10 ms are 1 GFLOP/s; 16 MB at 10 ms are 1.6 GB/s, which is nearer to its limit
    expect(figuresOf(ours, [ours, theirs, slowest], { gflops: 10, gbps: 2 })).toEqual({
      medianMs: 10,
      p10Ms: 9.5,
      p90Ms: 10.5,
      gflops: 1,
      gbps: 1.6,
      shareOfPeak: 0.8,
      ratioToBestPeer: 2.5,
      roundRatios: [2, 3],
    })
    expect(figuresOf(theirs, [ours, theirs, slowest])?.ratioToBestPeer).toBe(0.4)
  })

  test('of what was not timed are none', () =>
    expect(figuresOf(row('wrong', [], { outcome: 'wrong' }), [ours])).toBeUndefined())
})

describe('a line of JSON', () => {
  const rows = [ours, theirs, row('odd', [], { outcome: 'wrong', errorOverBound: Infinity, reason: 'it | differs' })]
  const lines = rows.map((one) => lineOf(one, rows, { gflops: 10, gbps: 2 }))

  test('is read back as it was written, infinities too', () => {
    const summary = { version: '0.1.0', adapter: 'nowhere', rounds: 2, processor: 'some' }
    const text = [...lines.map((line) => JSON.stringify(line)), JSON.stringify({ summary }), ''].join('\n')
    expect(getOrThrow(parseRecorded(text))).toEqual({ lines, summary })
    expect(lines[2]).toMatchObject({ medianMs: null, errorOverBound: 'Infinity' })
  })

  test.each([
    ['{"workload":"twice"}', /line 1 .*at \/subject found undefined, wanted string/],
    ['half a li', /line 1 .*found half a li, wanted JSON/],
    ['', /no rows/],
  ])('of another version is refused: %s', (text, reason) => {
    const read = parseRecorded(text)
    expect(E.isLeft(read) && read.left.message).toMatch(reason)
  })

  test('is a row of Markdown, which says why there is no time', () => {
    const [, , first, , odd] = markdownTable(lines).split('\n')
    expect(first?.split('|').map((cell) => cell.trim())).toEqual([
      '',
      'twice',
      'ours',
      '0.50',
      '100',
      '10.0',
      '9.50–10.5',
      '1.00',
      '1.60',
      '80 %',
      '–',
      '2.50',
      '',
    ])
    expect(odd).toContain('wrong: it \\| differs')
  })
})

describe('agreement', () => {
  const before = { w: tensor([2], [1, 1]) }
  const own = { answer: { w: tensor([2], [1.5, 1]) }, sway: {} }

  test('is measured by how far a step went', () => {
    // the step is 0.5 long, of which 2⁻¹⁰ may differ; 2⁻¹² is half, and a little less by what storing rounds
    const off = (d: number) => getOrThrow(agreement(own, before, { w: tensor([2], [1.5 + d, 1]) }))
    // 2⁻¹² ÷ (2⁻¹⁰·½ + 2⁻²²·‖own‖), all of them numbers of f32
    expect(off(2 ** -12)).toBe(2 ** -12 / (2 ** -11 + 2 ** -22 * Math.sqrt(1.5 ** 2 + 1)))
    expect(off(2 ** -10)).toBeGreaterThan(1.9)
    expect(off(NaN)).toBe(Infinity)
    expect(off(0)).toBe(0)
  })

  test('allows what our own answer sways by when what it began with is shaken', () => {
    const shaky = { w: tensor([2], [1 + 2 ** -21, 1]) }
    // it moved by 2⁻⁸ more, and what it began with was 2⁻²¹ more
    const sway = swayOf([before, own.answer], [shaky, { w: tensor([2], [1.5 + 2 ** -8 + 2 ** -21, 1]) }])
    expect(sway).toEqual({ w: 2 ** -8 })
    const off = (d: number) => getOrThrow(agreement({ ...own, sway }, before, { w: tensor([2], [1.5 + d, 1]) }))
    expect(off(2 ** -8)).toBeLessThan(1)
    expect(off(2 ** -8 + 2 ** -10)).toBeGreaterThan(1)
  })

  test('shakes every number by at most 2⁻¹⁷ of itself, each time alike', () => {
    const state = { w: generate([1000], (i) => Math.fround(Math.sin(i + 1))), zero: tensor([2], [0, -0]) }
    const other = shaken(state)
    expect(other).toEqual(shaken(state))
    expect(Array.from(other.zero!.data)).toEqual([0, -0])
    const parts = Array.from(other.w!.data, (value, i) => Math.abs(value / state.w.data[i]! - 1) / 2 ** -17)
    expect(Math.max(...parts)).toBeLessThan(1 + 2 ** -7)
    // uniform numbers' root mean square is 1/√3 of the largest; of 1,000 it strays by √(4/45 ÷ 1000) ÷ (2/√3) = 0.008, and
    // one decimal is six of those
    expect(Math.sqrt(parts.reduce((sum, part) => sum + part ** 2, 0) / 1000)).toBeCloseTo(1 / Math.sqrt(3), 1)
  })

  test('wants every value, in its shape', () => {
    expect(E.isLeft(agreement(own, before, {}))).toBe(true)
    expect(E.isLeft(agreement(own, before, { w: tensor([1, 2], [1.5, 1]) }))).toBe(true)
  })
})

// ---- regression ----------------------------------------------------------------------------------------------------

describe('a comparison with another version', () => {
  const rounds = (factor: number, count = 12) =>
    Array.from({ length: count }, (_, i) => [factor * (10 + (i % 3)), factor * (10.2 + (i % 3))])
  const pair = (workload: string, factor: number) => ({ workload, ours: rounds(factor), theirs: rounds(1) })

  test('calls 20 % slower and 4 % the same, each workload by its share of the level', () => {
    const found = compared([pair('a', 1.2), pair('b', 1.04), pair('c', 0.8)], usualTest)
    expect(found.map(({ verdict }) => verdict)).toEqual(['slower', 'the same', 'faster'])
    // a median of quotients, each rounded twice
    expect(Math.abs((found[0]?.slowdown ?? NaN) - 1.2)).toBeLessThan(4 * 1.2 * Number.EPSILON)
    expect(found[0]?.p).toBe(2 ** -12)
  })

  test('is not sure in too few rounds, and says how many it takes', () => {
    const few = { workload: 'a', ours: rounds(2, 5), theirs: rounds(1, 5) }
    expect(compared([few], usualTest)[0]?.verdict).toBe('the same')
    expect(roundsNeeded(usualTest, 1)).toBe(7)
    expect(roundsNeeded(usualTest, 13)).toBe(11)
  })

  test('with a record looks at ratios to peers, whatever the machine does', () => {
    const line = (ratios: readonly number[]): Line => ({
      ...lineOf(ours, [ours, theirs]),
      roundRatios: ratios,
    })
    const then = line([2.9, 3, 3.1, 3.05, 2.95, 3.02, 2.98])
    const verdict = (ratios: readonly number[]) =>
      comparedToRecord([line(ratios)], [then], usualTest).map(({ verdict }) => verdict)
    expect(verdict([2, 2.1, 2.05, 1.95, 2.02, 2.08, 1.99])).toEqual(['slower'])
    expect(verdict([2.9, 3, 3.1, 3.05, 2.95, 3.02, 2.98])).toEqual(['the same'])
    expect(verdict([])).toEqual([])
  })
})

// ---- workloads -----------------------------------------------------------------------------------------------------

describe('workloads', () => {
  test('have names of their own, and wildcards find them', () => {
    expect(new Set(workloads.map(({ name }) => name)).size).toBe(workloads.length)
    expect(getOrThrow(workloadsNamed(['conv2d*'])).map(({ name }) => name)).toEqual([
      'conv2d/8x32x28',
      'conv2d/alexnet2',
      'conv2d-dx/8x32x28',
      'conv2d-dw/8x32x28',
    ])
    expect(getOrThrow(workloadsNamed(['lenet5-step'])).map(({ name }) => name)).toEqual(['lenet5-step/64'])
  })

  test('that there are none of are refused, with what was probably meant', () => {
    const found = workloadsNamed(['matmul/521'])
    expect(E.isLeft(found) && found.left.message).toMatch(/no workload is called matmul\/521; did you mean matmul\/512/)
  })

  test('are those that the figures are kept of, and each curve has several points', () => {
    expect(usualWorkloads).toHaveLength(13)
    for (const sweep of sweeps) expect(pointsOf(sweep).length).toBeGreaterThan(3)
  })

  test('count their products and bytes', () => {
    const [small] = getOrThrow(workloadsNamed(['sweep-size/matmul/64']))
    const task = getOrThrow(small!.task())
    expect(task.multiplyAdds).toBe(64 ** 3)
    expect(task.bytes).toBe(3 * 4 * 64 ** 2)
    const [step] = getOrThrow(workloadsNamed(['sweep-batch/lenet5-step/1']))
    // forward 416,520: conv1 117,600, conv2 240,000, dense 48,000 + 10,080 + 840; backward as many for the weights, and
    // for all images but the first
    expect(getOrThrow(step!.task()).multiplyAdds).toBe(3 * 416_520 - 117_600)
  })
})
