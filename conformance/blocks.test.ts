import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planLimits } from '../accelerated/backend.js'
import type { AcquiredDevice } from '../accelerated/device/index.js'
import { acquireDevice } from '../accelerated/device/index.js'
import type { Executor } from '../accelerated/executor.js'
import { makeExecutor } from '../accelerated/executor.js'
import { plan } from '../accelerated/plan.js'
import { kernelOf } from '../accelerated/testing/audit.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle } from '../reference/index.js'
import type { Attributes } from '../spec/attributes.js'
import { lanesThenTree } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { Question } from '../spec/program.js'
import { answersOf, checkProgram, oneNode } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import type { Case, Fill } from './form.js'
import { realise } from './form.js'
import { expectWhole } from './judge.js'
import { isRight } from './nonFinite.js'
import { form } from './questions.js'
import type { Cotangents } from './testing/afterForward.js'
import { answersApart, askedAfterForward } from './testing/afterForward.js'
import { right } from './testing/shaken.js'

/**
 * Kernels that are chosen where much is asked at once – convolutions by blocks of outputs, pools by pairs of windows, products
 * in a workgroup's memory – on shapes that leave a part of a block, with all that such kernels get wrong: groups, unequal
 * padding, steps from row to row, a batch, and weights that are no numbers beside pixels that no tap reads.
 */

interface Asked {
  readonly name: string
  readonly op: OpName
  readonly direction: Direction
  readonly attrs: Attributes
  readonly shapes: Readonly<Record<string, Shape>>
  readonly fills?: Readonly<Record<string, Fill>>
  /** in the name of a kernel that has to be among the launches */
  readonly kernel: string
  /** whether the same op goes forward before, and leaves what it knows; and when the cotangents are there */
  readonly afterForward?: Cotangents
  /** whether it is planned as for a GPU: by tiles in a workgroup's memory */
  readonly asOnGpu?: boolean
}

const shapes = (op: OpName, K: number): Readonly<Record<string, Readonly<Record<string, Shape>>>> =>
  op === 'conv2d'
    ? {
        plain: { x: [3, 8, 9, 11], w: [9, 8, 3, K], b: [9] },
        groups: { x: [2, 18, 11, 10], w: [20, 9, 2, K], b: [20] },
        one: { x: [1, 17, 10, 8], w: [33, 17, K, K], b: [33] },
      }
    : {
        plain: { x: [3, 9, 9, 11], w: [9, 8, 3, K], b: [8] },
        groups: { x: [2, 18, 11, 10], w: [18, 10, 2, K], b: [20] },
        one: { x: [1, 5, 10, 8], w: [5, 33, K, K], b: [33] },
      }

// long enough sums that a run past the end of each row nests no deeper than the contract
const longer = (K: number): Readonly<Record<string, Readonly<Record<string, Shape>>>> => ({
  plain: { x: [4, 8, 16, 19], w: [9, 8, 3, K], b: [9] },
  groups: { x: [2, 18, 33, 18], w: [20, 9, 2, K], b: [20] },
  one: { x: [1, 9, 26, 27], w: [17, 9, K, K], b: [17] },
})

const attributes: Readonly<Record<string, Attributes>> = {
  plain: { padding: [1, 0, 2, 1] },
  groups: { groups: 2, padding: [0, 2, 1, 3], stride: [2, 1] },
  one: { padding: [2, 2, 2, 2] },
}

const convolutions: readonly Asked[] = (
  [
    ['conv2d', 'forward', 'conv2d.forward.blocks'],
    ['conv2d', 'backward', 'conv2d.backward.x.blocks'],
    ['conv2d', 'backward', 'conv2d.backward.w.blocks'],
    ['convTranspose2d', 'forward', 'convTranspose2d.forward.blocks'],
    ['convTranspose2d', 'backward', 'conv2d.forward.blocks'],
  ] as const
).flatMap(([op, direction, kernel]) =>
  [3, 5].flatMap((K) =>
    Object.entries(kernel.includes('backward.w') ? longer(K) : shapes(op, K)).map(([name, shapes]): Asked => {
      const asked = { op, direction, attrs: attributes[name] ?? {}, shapes, kernel: `${kernel}${K}` }
      return { ...asked, name: `${kernel}, ${K} taps in a row: ${name}` }
    }),
  ),
)

const dilated: readonly Asked[] = (['forward', 'backward'] as const).map((direction) => ({
  name: `conv2d ${direction}: taps apart from row to row`,
  op: 'conv2d',
  direction,
  attrs: { dilation: [2, 1], padding: [3, 1, 1, 1] },
  shapes: { x: [2, 8, 8, 9], w: [8, 8, 3, 3] },
  kernel: `${direction === 'forward' ? 'conv2d.forward' : 'conv2d.backward.x'}.blocks3`,
}))

const pools: readonly Asked[] = (['first', 'last'] as const).flatMap((ties) =>
  (['forward', 'backward'] as const).map((direction) => ({
    name: `maxPool2d ${direction}, ties ${ties}`,
    op: 'maxPool2d' as const,
    direction,
    attrs: { window: [2, 2], stride: [2, 2], ...(direction === 'backward' ? { ties } : {}) },
    shapes: { x: [2, 3, 6, 12] },
    fills: { x: 'ties' as const },
    kernel: 'pairs',
  })),
)

// of targets that do not add up to 1
const losses: readonly Asked[] = (['forward', 'backward'] as const).map((direction) => ({
  name: `softmaxCrossEntropy ${direction}, rows of whole vectors`,
  op: 'softmaxCrossEntropy' as const,
  direction,
  attrs: {},
  shapes: { logits: [5, 60], target: [5, 60] },
  fills: { target: 'normal' as const },
  kernel: `softmaxCrossEntropy.${direction}.vectors`,
}))

const batchNorm = (name: string, x: Shape, kernel: string): Asked => ({
  name: `batchNormTraining backward after forward, ${name}`,
  op: 'batchNormTraining',
  direction: 'backward',
  attrs: {},
  shapes: {
    x,
    gamma: [x[1] as number],
    beta: [x[1] as number],
    runningMean: [x[1] as number],
    runningVar: [x[1] as number],
  },
  fills: { runningVar: 'positive' },
  kernel,
  afterForward: 'before',
})
const ofLogits = (
  name: string,
  attrs: Attributes,
  shape: Shape,
  kernel: string,
  afterForward: Cotangents = 'after',
): Asked => ({
  name: `softmaxCrossEntropy backward ${afterForward === 'after' ? 'after' : 'with'} forward, ${name}`,
  op: 'softmaxCrossEntropy',
  direction: 'backward',
  attrs,
  shapes: { logits: shape, target: shape },
  fills: { target: 'normal' },
  kernel,
  afterForward,
})

const pooled = (name: string, attrs: Attributes, x: Shape, kernel: string): Asked => ({
  name: `maxPool2d backward after forward, ${name}`,
  op: 'maxPool2d',
  direction: 'backward',
  attrs,
  shapes: { x },
  // of which many are equal
  fills: { x: 'ties' },
  kernel,
  afterForward: 'before',
})
const [ones, twos, threes] = [
  [1, 1],
  [2, 2],
  [3, 3],
] as const

// what forward has left: a batch's statistics, a row's largest logit and sum; or both directions at once
const afterForward: readonly Asked[] = [
  batchNorm('vectors', [3, 5, 6, 6], 'batchNorm.backward.sums.vectors'),
  batchNorm('odd planes', [4, 3, 5, 5], 'batchNorm.backward.sums '),
  batchNorm('short channels', [4, 3], 'batchNorm.backward.gamma'),
  pooled('pairs of windows', { window: twos, stride: twos }, [3, 2, 6, 20], 'maxPool2d.backward.kept.pairs'),
  pooled(
    'the last of ties',
    { window: twos, stride: twos, ties: 'last' },
    [2, 3, 10, 8],
    'maxPool2d.forward.choice.pairs',
  ),
  pooled('two that meet', { window: threes, stride: twos, padding: [1, 0, 1, 1] }, [2, 3, 9, 10], 'choice.3x3 '),
  pooled('many that meet', { window: [4, 3], stride: ones, ties: 'last' }, [2, 3, 7, 8], 'maxPool2d.forward.choice '),
  pooled('two that meet on one axis', { window: twos, stride: [2, 1] }, [2, 3, 8, 9], 'choice.2x2 '),
  ofLogits('short rows', {}, [7, 10], 'softmaxCrossEntropy.backward.kept '),
  ofLogits('rows of vectors', { reduction: 'sum' }, [5, 60], 'softmaxCrossEntropy.backward.kept.vectors'),
  ofLogits('few long rows', { reduction: 'none' }, [3, 131], 'softmaxCrossEntropy.backward.kept '),
  ofLogits('short rows', {}, [7, 10], 'softmaxCrossEntropy.both ', 'before'),
  ofLogits('short rows, each by itself', { reduction: 'none' }, [7, 10], 'softmaxCrossEntropy.both ', 'before'),
  ofLogits('rows of vectors', { reduction: 'sum' }, [5, 60], 'softmaxCrossEntropy.both.vectors', 'before'),
  ofLogits(
    'rows of vectors, each by itself',
    { reduction: 'none' },
    [5, 36],
    'softmaxCrossEntropy.both.vectors',
    'before',
  ),
  ofLogits('few long rows', { reduction: 'none' }, [3, 131], 'softmaxCrossEntropy.both ', 'before'),
]

const onGpu = (
  op: OpName,
  direction: Direction,
  kernel: string,
  shapes: Asked['shapes'],
  attrs: Attributes = {},
  name = '',
): Asked => ({
  name: `${op} ${direction} on a GPU${name === '' ? '' : `, ${name}`}: ${kernel}`,
  op,
  direction,
  attrs,
  shapes,
  kernel: `${kernel}.shared `,
  asOnGpu: true,
})

// a tile and a part of one each way, and terms that leave a part of sixteen; sums of several blocks of 64
const dense = { x: [70, 41], w: [67, 41], b: [67] }
const cell = { T: 2, N: 67, I: 35, H: 34 }
const states = (gates: number, biases: readonly string[]): Asked['shapes'] => ({
  x: [cell.T, cell.N, cell.I],
  h0: [cell.N, cell.H],
  ...(gates === 4 ? { c0: [cell.N, cell.H] } : {}),
  wIh: [gates * cell.H, cell.I],
  wHh: [gates * cell.H, cell.H],
  ...Object.fromEntries(biases.map((name) => [name, [gates * cell.H]])),
})
const image = { x: [2, 10, 13, 12], w: [76, 5, 3, 2], b: [76] }
const steps = { groups: 2, stride: [2, 1], dilation: [1, 3], padding: [0, 2, 3, 1] }

/** A dense layer of fewer samples than tiles have rows: 64 lanes make each number. */
const fewSamples = (N: number, I: number, bias: 'a bias' | 'no bias'): Asked => ({
  name: `dense of ${N} × ${I}, ${bias}`,
  op: 'dense',
  direction: 'forward',
  attrs: {},
  shapes: { x: [N, I], w: [13, I], ...(bias === 'a bias' ? { b: [13] } : {}) },
  kernel: 'dense.forward.lanes',
  asOnGpu: true,
})

/** A dense layer of long sums and few tiles, whose sums a GPU makes in parts. */
const inPartsOf = (direction: Direction, product: string, shapes: Asked['shapes'], name: string): Asked => ({
  ...onGpu('dense', direction, product, shapes, {}, name),
  kernel: `${product}.parts.shared ${product}.added `,
})

const inWorkgroups: readonly Asked[] = [
  onGpu('dense', 'forward', 'dense.forward.tiled', dense),
  onGpu('dense', 'forward', 'dense.forward.tiled', { x: [128, 16], w: [64, 16] }, {}, 'whole tiles'),
  onGpu('dense', 'backward', 'dense.backward.x.tiled', dense),
  fewSamples(3, 65, 'a bias'),
  fewSamples(2, 1000, 'a bias'),
  fewSamples(1, 129, 'no bias'),
  inPartsOf('forward', 'dense.forward', { x: [33, 1030], w: [41, 1030], b: [41] }, 'two parts'),
  inPartsOf('forward', 'dense.forward', { x: [70, 1601], w: [67, 1601] }, 'three, no bias, several tiles'),
  inPartsOf('backward', 'dense.backward.x', { x: [35, 66], w: [2100, 66] }, 'four, the last one shorter'),
  onGpu('dense', 'backward', 'dense.backward.w.tiled', { x: [211, 41], w: [67, 41] }, {}, 'four blocks of terms'),
  onGpu('dense', 'backward', 'dense.backward.w.tiled', { x: [128, 33], w: [65, 33] }, {}, 'two whole blocks of terms'),
  onGpu('conv2d', 'forward', 'conv2d.forward.tiled', image, steps),
  onGpu('conv2d', 'forward', 'conv2d.forward.tiled', { x: [3, 17, 8, 8], w: [33, 17, 1, 1] }, {}, 'one tap'),
  onGpu('conv1d', 'forward', 'conv2d.forward.tiled', { x: [3, 12, 40], w: [66, 6, 3] }, { groups: 2, padding: [2, 0] }),
  onGpu(
    'convTranspose2d',
    'backward',
    'conv2d.forward.tiled',
    { x: [2, 70, 6, 7], w: [70, 3, 3, 2] },
    { stride: [2, 1] },
  ),
  onGpu('conv2d', 'backward', 'conv2d.backward.x.tiled', { x: [2, 66, 9, 8], w: [12, 33, 3, 2] }, steps),
  onGpu('conv2d', 'backward', 'conv2d.backward.x.tiled', { x: [3, 35, 6, 6], w: [17, 35, 1, 1] }, {}, 'one tap'),
  onGpu('conv2d', 'backward', 'conv2d.backward.w.tiled', { x: [3, 14, 9, 12], w: [68, 7, 3, 2] }, steps),
  onGpu('conv2d', 'backward', 'conv2d.backward.w.tiled', { x: [2, 33, 6, 7], w: [35, 33, 1, 1] }, {}, 'one tap'),
  onGpu('conv2d', 'backward', 'conv2d.backward.w.tiled', { x: [4, 64, 8, 8], w: [64, 64, 1, 1] }, {}, 'whole tiles'),
  // 1,083 positions in two parts of the sum, of which the second is shorter
  {
    ...onGpu(
      'conv2d',
      'backward',
      'conv2d.backward.w.tiled',
      { x: [3, 8, 37, 17], w: [66, 4, 3, 3] },
      { ...steps, dilation: [1, 1] },
      'parts of the sum',
    ),
    kernel: 'conv2d.backward.w.tiled.shared conv2d.backward.w.parts ',
  },
  onGpu(
    'conv1d',
    'backward',
    'conv2d.backward.w.tiled',
    { x: [3, 24, 41], w: [66, 12, 3] },
    { groups: 2, padding: [2, 0] },
  ),
  onGpu(
    'convTranspose2d',
    'backward',
    'conv2d.backward.w.tiled',
    { x: [2, 70, 6, 7], w: [70, 12, 3, 2] },
    { stride: [2, 1] },
  ),
  onGpu(
    'convTranspose2d',
    'forward',
    'convTranspose2d.forward.tiled',
    { x: [2, 10, 7, 6], w: [10, 40, 3, 2], b: [80] },
    steps,
  ),
  onGpu('rnn', 'forward', 'rnn.timeStep.tiled', states(1, ['b'])),
  onGpu('lstm', 'forward', 'lstm.timeStep.tiled', states(4, ['b'])),
  onGpu('rnn', 'backward', 'recurrent.backward.wHh.tiled', states(1, ['b'])),
  onGpu('gru', 'forward', 'gru.timeStep.tiled', states(3, ['bIh', 'bHh'])),
]

/** The first elements of each answer that are not right. */
const wrongIn = (question: Question, answers: Tensors): readonly string[] => {
  const { values, bounds } = right(expectWhole(oracle, question, lanesThenTree))
  return Object.entries(answers).flatMap(([name, { data }]) =>
    Array.from({ length: data.length }, (_, i) => i)
      .filter(
        (i) =>
          !isRight(
            data[i] as number,
            (values[name] as Tensor).data[i] as number,
            (bounds[name] as Tensor).data[i] as number,
          ),
      )
      .slice(0, 3)
      .map((i) => `${name}[${i}] is ${data[i]}, not ${(values[name] as Tensor).data[i]}`),
  )
}

describe.runIf(embedded)('kernels for much at once', () => {
  let device: AcquiredDevice
  let executor: Executor
  beforeAll(async () => {
    device = right(await acquireDevice('software')())
    executor = makeExecutor(device)
  })
  afterAll(async () => {
    await device.release()
  })

  const worst = async (
    { op, direction, attrs, shapes, fills = {}, kernel, afterForward: order, asOnGpu = false }: Asked,
    change: (name: string, tensor: Tensor) => Tensor,
  ): Promise<readonly string[]> => {
    const asked: Case = { op, direction, seed: `blocks ${op}`, form: form('blocks', attrs, { ...shapes }, fills) }
    const drawn = right(realise(asked))
    const question = {
      ...drawn,
      inputs: Object.fromEntries(Object.entries(drawn.inputs).map(([name, x]) => [name, change(name, x)])),
    }
    const { program, feeds } = order === undefined ? oneNode(question) : askedAfterForward(question, order)
    const { subgroupSize: _, ...limits } = planLimits(device)
    const keptTo = asOnGpu ? { ...limits, isGpu: true } : planLimits(device)
    const planned = right(plan(right(checkProgram(program)), feeds, program.outputs, keptTo))
    expect(`${planned.launches.map(kernelOf).join(' ')} `).toContain(kernel)
    const prepared = right(await executor.prepare(planned))
    const answers = answersOf(right(await executor.execute(prepared, feeds)))
    executor.discard(prepared)
    if (order === undefined) return wrongIn(question, answers)
    const { forward, backward } = answersApart(question, answers)
    expect(Object.keys(forward.answers)).toHaveLength(1)
    return [...wrongIn(forward.question, forward.answers), ...wrongIn(question, backward)]
  }

  const withSpecial =
    (at: (length: number) => number, value: number, into: readonly string[] = ['w']) =>
    (name: string, { shape, data }: Tensor): Tensor => ({
      shape,
      data: Float32Array.from({ length: data.length }, (_, i) =>
        into.includes(name) && i === at(data.length) ? value : (data[i] as number),
      ),
    })

  test.each(
    [...convolutions, ...dilated, ...pools, ...losses, ...afterForward, ...inWorkgroups].map(
      (asked) => [asked.name, asked] as const,
    ),
  )('%s', async (_, asked) => {
    expect(await worst(asked, (_, x) => x)).toEqual([])
  })

  test.each(
    [...convolutions, ...dilated, ...inWorkgroups]
      .filter(({ kernel }) => /conv2d.backward.x|convTranspose2d/.test(kernel))
      .map((asked) => [asked.name, asked] as const),
  )('%s, where a weight is NaN or infinite', async (_, asked) => {
    expect(
      await worst(
        asked,
        withSpecial(() => 0, NaN),
      ),
    ).toEqual([])
    expect(
      await worst(
        asked,
        withSpecial((length) => length - 1, Infinity),
      ),
    ).toEqual([])
  })

  // the element of an image that the first position past the end of a row would read
  test.each([
    ...convolutions
      .filter(({ kernel }) => kernel.includes('backward.w'))
      .map((asked) => [asked.name, 'x', asked] as const),
    ...inWorkgroups.map((asked) => [asked.name, 'x', asked] as const),
    ...afterForward.map((asked) => [asked.name, asked.op === 'softmaxCrossEntropy' ? 'logits' : 'x', asked] as const),
  ])('%s, where some %s is NaN or infinite', async (_, into, asked) => {
    for (const value of [NaN, -Infinity])
      for (const at of [() => 0, (length: number) => length - 1])
        expect(await worst(asked, withSpecial(at, value, [into]))).toEqual([])
  })
})
