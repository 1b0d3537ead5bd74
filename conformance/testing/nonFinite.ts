import { either as E } from 'fp-ts'
import { planLimits } from '../../accelerated/backend.js'
import type { AcquiredDevice } from '../../accelerated/device/index.js'
import { makeExecutor } from '../../accelerated/executor.js'
import type { PlanLimits } from '../../accelerated/limits.js'
import type { Plan, PlannedLaunch } from '../../accelerated/plan.js'
import { plan } from '../../accelerated/plan.js'
import { kernelOf } from '../../accelerated/testing/audit.js'
import { oracle } from '../../reference/index.js'
import { lanesThenTree } from '../../spec/bound.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { draws, keyOf as seedOf } from '../../spec/philox.js'
import type { Question } from '../../spec/program.js'
import { answersOf, checkProgram, oneNode } from '../../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../../spec/tensor.js'
import { indexOf, sizeOf } from '../../spec/tensor.js'
import type { Case, Form } from '../form.js'
import { acceptable, numbersIn, realise } from '../form.js'
import type { Special } from '../nonFinite.js'
import { isRight, moderated, specials, wantedOf } from '../nonFinite.js'
import { form } from '../questions.js'
import { blankQuestion, classCases } from './classCases.js'
import { right } from './shaken.js'

/** A launch's kernel: its name, and which of a reduction's forms it is. */
const keyOf = (launch: PlannedLaunch): string =>
  `${kernelOf(launch)} per ${launch.shader.includes('group(g, lane)') ? 'group' : 'element'}`

/** The device as it is, and as one that does not say how large its subgroups are. */
const kindsOf = ({ subgroupSize, ...others }: PlanLimits): readonly PlanLimits[] =>
  subgroupSize === undefined ? [others] : [{ ...others, subgroupSize }, others]

/** A device of whose bindings the longest tensor takes several. */
const withSmallBindings = ({ subgroupSize: _, ...others }: PlanLimits, longest: number): PlanLimits => ({
  ...others,
  maxStorageBufferBindingSize: 256 * Math.max(1, Math.ceil((longest * 4) / 3 / 256)),
})

// convolutions by blocks of outputs, that many taps side by side
const inBlocks = (K: number): readonly Case[] =>
  (
    [
      ['conv2d', 'forward'],
      ['conv2d', 'backward'],
      ['convTranspose2d', 'forward'],
    ] as const
  ).map(([op, direction]) => {
    const padding = [0, 0, 0, 0].map(() => (K - 1) / 2)
    return {
      op,
      direction,
      seed: `blocks of ${K} taps`,
      form: form('blocks', { padding }, { x: [1, 8, 8, 8], w: [8, 8, K, K], b: [8] }),
    }
  })

// dense with so many samples and outputs that its factors are read by vectors, in tiles of few rows and of many
const inVectors = (['forward', 'backward'] as const).flatMap((direction) =>
  [8, 12].map((n): Case => ({
    op: 'dense',
    direction,
    seed: `vectors, ${n} rows`,
    form: form('vectors', {}, { x: [n, 8], w: [n, 8], b: [n] }),
  })),
)

// sequences and cells of so many units and samples that their states are multiplied so
const ofUnits = (n: number): readonly Case[] =>
  (
    [
      ['rnn', 8],
      ['lstm', 32],
      ['gru', 24],
    ] as const
  ).flatMap(([op, gates]) =>
    (['forward', 'backward'] as const).flatMap((direction): readonly Case[] => {
      const cell = `${op}Cell` as const
      const weights: Form['shapes'] = {
        wIh: [gates, 4],
        wHh: [gates, 8],
        ...(op === 'gru' ? { bIh: [gates], bHh: [gates] } : { b: [gates] }),
      }
      const state: Form['shapes'] = { h: [n, 8], ...(op === 'lstm' ? { c: [n, 8] } : {}) }
      const first: Form['shapes'] = { h0: [n, 8], ...(op === 'lstm' ? { c0: [n, 8] } : {}) }
      return [
        { op: cell, direction, seed: `${n} samples`, form: form('units', {}, { x: [n, 4], ...state, ...weights }) },
        { op, direction, seed: `${n} samples`, form: form('units', {}, { x: [2, n, 4], ...first, ...weights }) },
      ]
    }),
  )

// beside the suite's cases: eight outputs, which is the one number of rows that some tiles are for, a sum long enough to
// fall into parts, and statistics of so many channels that they are taken by vectors
const besides: readonly Case[] = [
  ...[3, 5].flatMap(inBlocks),
  ...inVectors,
  ...[4, 8, 12].flatMap(ofUnits),
  {
    op: 'batchNormTraining',
    direction: 'forward',
    seed: 'many channels',
    form: form(
      '1,028 channels',
      {},
      { x: [2, 1028], gamma: [1028], beta: [1028], runningMean: [1028], runningVar: [1028] },
      { runningVar: 'positive' },
    ),
  },
  {
    op: 'maxPool2d',
    direction: 'backward',
    seed: 'apart',
    form: form('3×3 windows that do not overlap', { window: [3, 3], stride: [3, 3] }, { x: [1, 2, 9, 6] }),
  },
  {
    op: 'convTranspose2d',
    direction: 'forward',
    seed: 'eight',
    form: form('eight outputs', {}, { x: [1, 2, 4, 4], w: [2, 8, 3, 3], b: [8] }),
  },
  {
    op: 'conv2d',
    direction: 'backward',
    seed: 'parts',
    form: form('1,152 positions', {}, { x: [2, 1, 25, 25], w: [4, 1, 2, 2], b: [4] }),
  },
]

/** The same case with so many elements in every tensor of any shape that they are taken by vectors. */
const byVectors = ({ form: { shapes, ...rest }, ...asked }: Case): readonly Case[] =>
  Object.values(opOf(asked.op).inputs).some((axes) => !('optional' in axes) && axes[0] === '...')
    ? [
        {
          ...asked,
          form: {
            ...rest,
            shapes: Object.fromEntries(
              Object.entries(shapes).map(([name, shape]) => [name, name === 'step' ? shape : [1028]]),
            ),
          },
        },
      ]
    : []

interface Asked {
  readonly question: Question
  readonly plans: readonly Plan[]
}

/**
 * Of an op and direction's cases, shortest first, those that bring a kernel that no shorter case brought, with the plans
 * that do; and for the first case long enough a plan whose tensors take several bindings.
 */
const casesOf = (op: OpName, direction: Direction, device: PlanLimits, most: number): readonly Asked[] => {
  const known = new Set<string>()
  let split = false
  const size = ({ form }: Case): number => numbersIn(form)
  const drawn = classCases(op, direction, [11, 12, 13, 14])
  const more = [...besides, ...drawn.slice(-1).flatMap(byVectors)]
  return [...drawn, ...more.filter((asked) => asked.op === op && asked.direction === direction)]
    .filter(({ form }) => acceptable(op, form))
    .filter((asked) => size(asked) >= 6 && size(asked) <= most)
    .sort((a, b) => size(a) - size(b))
    .flatMap((asked) => {
      const tame = moderated(asked)
      const { program, feeds } = oneNode(blankQuestion(tame))
      const checked = right(checkProgram(program))
      const planned = (limits: PlanLimits) => plan(checked, feeds, program.outputs, limits, { plain: true })
      const whole = kindsOf(device)
        .map((limits) => right(planned(limits)))
        .filter(({ launches }) => {
          const news = launches.map(keyOf).filter((key) => !known.has(key))
          news.forEach((key) => known.add(key))
          return news.length > 0
        })
      const longest = Math.max(...Object.values(checked.shapes).map(sizeOf))
      const cut = split || longest <= 128 ? [] : [planned(withSmallBindings(device, longest))].filter(E.isRight)
      split ||= cut.length > 0
      const plans = [...whole, ...cut.map(({ right }) => right)]
      return plans.length === 0 ? [] : [{ question: right(realise(tame)), plans }]
    })
}

/** An element that came out as it may not, and what was asked. */
export interface Lost {
  readonly special: Special
  /** the input it was put in, or dNAME for a cotangent, and where */
  readonly into: string
  readonly at: readonly number[]
  readonly output: string
  readonly index: readonly number[]
  readonly got: number
  readonly want: number
  readonly kernels: readonly string[]
  readonly question: Question
}

const put = ({ shape, data }: Tensor, at: number, value: number): Tensor => {
  const changed = Float32Array.from({ length: data.length }, (_, i) => data[i] as number)
  changed[at] = value
  return { shape, data: changed }
}

const withSpecial = (question: Question, into: string, at: number, value: number): Question => {
  const among = (tensors: Tensors, prefix: string): Tensors =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, x]) => [name, `${prefix}${name}` === into ? put(x, at, value) : x]),
    )
  return { ...question, inputs: among(question.inputs, ''), cotangents: among(question.cotangents, 'd') }
}

/**
 * The special values that a tensor of a case gets: all of them in the first case; in those that are there for a kernel of
 * their own NaN, and of the others one after the other, from tensor to tensor and from case to case.
 */
const specialsFor = (among: readonly Special[], turn: number, tensor: number): readonly Special[] => {
  const others = among.filter((special) => special !== 'NaN')
  const one = others[(turn + tensor) % others.length]
  return turn === 0 ? among : among.filter((special) => special === 'NaN' || special === one)
}

/** Puts special values into each tensor of each case, one at a time, and holds the answers against the oracle. */
export const sweep = async (
  device: AcquiredDevice,
  op: OpName,
  direction: Direction,
  seed = 1,
  among: readonly Special[] = Object.keys(specials) as readonly Special[],
): Promise<{ readonly asked: number; readonly lost: readonly Lost[]; readonly kernels: ReadonlySet<string> }> => {
  const executor = makeExecutor(device)
  const lost: Lost[] = []
  const kernels = new Set<string>()
  let asked = 0
  const draw = draws(seedOf(`${op} ${direction} special ${seed}`))
  for (const [turn, { question, plans }] of casesOf(op, direction, planLimits(device), 20_000).entries()) {
    const tensors: readonly (readonly [string, Numbers, Tensor])[] = [
      ...Object.entries(question.inputs).map(([name, x]) => [name, x.data, x] as const),
      ...Object.entries(question.cotangents).map(([name, x]) => [`d${name}`, x.data, x] as const),
    ]
    const variants = tensors.flatMap(([into, { length }, { shape }], tensor) =>
      specialsFor(among, turn, tensor).map((special) => {
        const at = draw.integer(0, length - 1)
        const changed = withSpecial(question, into, at, specials[special])
        return {
          special,
          into,
          at: indexOf(shape, at),
          changed,
          wanted: right(wantedOf(oracle, changed, special, lanesThenTree)),
        }
      }),
    )
    for (const planned of plans) {
      const names = [...new Set(planned.launches.map(keyOf))]
      names.forEach((name) => kernels.add(name))
      const prepared = right(await executor.prepare(planned))
      for (const { special, into, at, changed, wanted } of variants) {
        asked++
        const answers = answersOf(right(await executor.execute(prepared, oneNode(changed).feeds)))
        Object.entries(answers).forEach(([output, { shape, data }]) => {
          for (let i = 0; i < data.length; i++) {
            const got = data[i] as number
            const fits = wanted.some(({ values, bounds }) =>
              isRight(got, (values[output] as Tensor).data[i] as number, (bounds[output] as Tensor).data[i] as number),
            )
            if (fits) continue
            const want = (wanted[0]?.values[output] as Tensor).data[i] as number
            lost.push({
              special,
              into,
              at,
              output,
              index: indexOf(shape, i),
              got,
              want,
              kernels: names,
              question: changed,
            })
            break
          }
        })
      }
      executor.discard(prepared)
    }
  }
  return { asked, lost, kernels }
}
