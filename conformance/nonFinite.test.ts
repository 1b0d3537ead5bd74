import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AcquiredDevice } from '../accelerated/device/index.js'
import { acquireDevice } from '../accelerated/device/index.js'
import type { WebGpuBackend } from '../accelerated/index.js'
import { webGpuBackend } from '../accelerated/index.js'
import { everyKernel } from '../accelerated/testing/kernels.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { plainF32 } from '../adapters/plainF32.js'
import { reference } from '../reference/index.js'
import type { Attributes } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf, questions } from '../spec/catalogue.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { scalar, sizeOf, tensor } from '../spec/tensor.js'
import type { Profile } from './cases.js'
import { specialCases } from './nonFinite.js'
import { questionTable } from './table.js'
import type { Lost } from './testing/nonFinite.js'
import { sweep } from './testing/nonFinite.js'
import { right } from './testing/shaken.js'

const print = ({ special, into, at, output, index, got, want, kernels, question }: Lost): string =>
  `${special} in ${into}[${at.join()}]: ${output}[${index.join()}] is ${got}, want ${want}; ${kernels.join(', ')}; ${JSON.stringify(question.attrs)}`

interface Known {
  readonly name: string
  readonly op: OpName
  readonly direction: Direction
  readonly attrs?: Attributes
  readonly inputs: Tensors
  readonly cotangents?: Tensors
  readonly want: Readonly<Record<string, readonly number[]>>
}

const list = (...values: readonly number[]) => tensor([values.length], values)
const row = (...values: readonly number[]) => tensor([1, values.length], values)
const image = (rows: number, columns: number, ...values: readonly number[]) => tensor([1, 1, rows, columns], values)

// e^-200 is nothing beside 1
const surest = Array.from({ length: 16 }, (_, i) => (i === 0 ? 0 : -200))

/** Values that backends were reported to lose, with what PyTorch says in float64, or what follows from the formula. */
const known: readonly Known[] = [
  {
    name: 'relu of NaN is NaN',
    op: 'relu',
    direction: 'forward',
    inputs: { x: list(NaN, -1, 2, -Infinity) },
    want: { y: [NaN, 0, 2, 0] },
  },
  {
    name: 'relu’s gradient at NaN is the cotangent',
    op: 'relu',
    direction: 'backward',
    inputs: { x: list(NaN, -1, 2, 0) },
    cotangents: { y: list(3, 3, 3, 3) },
    want: { x: [3, 0, 3, 0] },
  },
  {
    name: 'elu of NaN is NaN, and of −Infinity −α',
    op: 'elu',
    direction: 'forward',
    inputs: { x: list(NaN, 2, -Infinity) },
    want: { y: [NaN, 2, -1] },
  },
  {
    name: 'elu’s gradient at NaN is NaN',
    op: 'elu',
    direction: 'backward',
    inputs: { x: list(NaN, 2, -Infinity) },
    cotangents: { y: list(3, 3, 3) },
    want: { x: [NaN, 3, 0] },
  },
  {
    name: 'tanh of NaN is NaN, and saturates at ±1',
    op: 'tanh',
    direction: 'forward',
    inputs: { x: list(NaN, Infinity, -Infinity, 200, -200) },
    want: { y: [NaN, 1, -1, 1, -1] },
  },
  {
    name: 'a window with a NaN has no maximum',
    op: 'maxPool2d',
    direction: 'forward',
    inputs: { x: image(2, 4, 1, NaN, 3, 4, 5, 6, 7, 8) },
    want: { y: [NaN, 8] },
  },
  {
    name: 'a window of −Infinity has it for its maximum, padding or not',
    op: 'maxPool2d',
    direction: 'forward',
    attrs: { padding: [1, 0, 1, 0] },
    inputs: { x: image(1, 1, -Infinity) },
    want: { y: [-Infinity] },
  },
  {
    name: 'the gradient of a window goes to its NaN',
    op: 'maxPool2d',
    direction: 'backward',
    inputs: { x: image(2, 4, 1, NaN, 3, 4, 5, 6, 7, 8) },
    cotangents: { y: image(1, 2, 3, 5) },
    want: { x: [0, 3, 0, 0, 0, 0, 0, 5] },
  },
  {
    name: 'a class of logit −Infinity and target 0 costs nothing',
    op: 'softmaxCrossEntropy',
    direction: 'forward',
    inputs: { logits: row(0, -Infinity, 0), target: row(1, 0, 0) },
    want: { loss: [Math.log(2)] },
  },
  {
    name: 'and is pulled nowhere',
    op: 'softmaxCrossEntropy',
    direction: 'backward',
    inputs: { logits: row(0, -Infinity, 0), target: row(1, 0, 0) },
    cotangents: { loss: scalar(1) },
    want: { logits: [-0.5, 0, 0.5] },
  },
  {
    name: 'infinite targets of either sign cost that many times what is no 0',
    op: 'softmaxCrossEntropy',
    direction: 'forward',
    attrs: { reduction: 'none' },
    inputs: {
      // of rows that go by vectors: the surest class among them, alone in the sum, or the one that is asked for
      logits: tensor([4, 16], [...Array.from({ length: 16 }, (_, i) => -i), ...surest, ...surest, ...surest]),
      target: tensor(
        [4, 16],
        [
          ...Array.from({ length: 16 }, () => -Infinity),
          ...Array.from({ length: 16 }, (_, i) => (i === 9 ? Infinity : 0)),
          ...Array.from({ length: 16 }, (_, i) => (i === 0 ? Infinity : 0)),
          ...Array.from({ length: 16 }, (_, i) => (i === 3 ? Infinity : i === 4 ? -Infinity : 0)),
        ],
      ),
    },
    want: { loss: [-Infinity, Infinity, NaN, NaN] },
  },
  {
    name: 'a score of NaN costs NaN',
    op: 'hinge',
    direction: 'forward',
    inputs: { scores: row(NaN, 1, 2), target: row(1, 0, 0) },
    want: { loss: [NaN] },
  },
  {
    name: 'a NaN that is dropped is NaN',
    op: 'dropout',
    direction: 'forward',
    attrs: { key: [1, 2] },
    inputs: { x: list(...Array.from({ length: 64 }, () => NaN)) },
    want: { y: Array.from({ length: 64 }, () => NaN) },
  },
  {
    name: 'a feature with a NaN has no least and no most',
    op: 'minMaxNormalize',
    direction: 'forward',
    inputs: { x: tensor([3, 1], [1, NaN, 3]) },
    want: { y: [NaN, NaN, NaN] },
  },
  {
    name: 'a probability of 0 costs Infinity where it was the target, and nothing where it was not',
    op: 'cce',
    direction: 'forward',
    attrs: { reduction: 'none' },
    inputs: { prediction: tensor([2, 2], [0, 1, 0, 1]), target: tensor([2, 2], [1, 0, 0, 1]) },
    want: { loss: [Infinity, 0] },
  },
  {
    name: 'a weight of NaN is not decayed into a velocity that has no decay',
    op: 'momentum',
    direction: 'forward',
    attrs: { learningRate: 0.5, momentum: 0.5 },
    inputs: { w: list(NaN, 1), g: list(1, 1), velocity: list(2, 2) },
    want: { w: [NaN, 0], velocity: [2, 2] },
  },
]

const answer = async (backend: Backend, { op, direction, attrs, inputs, cotangents }: Known): Promise<Tensors> => {
  const { program, feeds } = oneNode({
    op,
    direction,
    attrs: right(opOf(op).attrs.decode(attrs ?? {})),
    inputs,
    cotangents: cotangents ?? {},
  })
  return answersOf(right(await backend.run(program, feeds)()))
}

const holds = (answers: Tensors, want: Known['want']): void => {
  Object.entries(want).forEach(([name, values]) =>
    values.forEach((value, i) => {
      const got = answers[name]?.data[i]
      // f32 of a logarithm is as near as the bound says, and that another file judges
      if (Number.isFinite(value)) expect(got).toBeCloseTo(value)
      else expect(got).toBe(value)
    }),
  )
}

describe.each([reference, plainF32])('$name keeps what others were reported to lose', (backend) => {
  test.each(known.map((asked) => [asked.name, asked] as const))('%s', async (_, asked) => {
    holds(await answer(backend, asked), asked.want)
  })
})

test('NaN and −∞ are put throughout a tensor, beside zeros, and into rows longer than a workgroup, but for a quick run', () => {
  const namesOf = (op: OpName, profile: Profile) =>
    specialCases(questionTable, op, 'forward', 1, profile).map(({ asked: { form }, into }) => ({
      name: form.name,
      numbers: sizeOf(form.shapes[into] ?? []),
    }))
  const [masked, product, weights] = [
    namesOf('softmax', 'standard'),
    namesOf('conv2d', 'standard'),
    namesOf('adam', 'standard'),
  ]
  expect(masked.map(({ name }) => name)).toContain('-Infinity throughout x')
  expect(product.map(({ name }) => name)).toContain('NaN in x beside w of zeros')
  expect(weights.find(({ name, numbers }) => name === 'NaN in g' && numbers > 256)).toBeDefined()
  expect(namesOf('softmax', 'quick').filter(({ name = '' }) => /throughout|beside/.test(name))).toEqual([])
})

describe.runIf(embedded)('NaN, the infinities, −0 and subnormals on the device', () => {
  let device: AcquiredDevice
  let backend: WebGpuBackend
  const met = new Set<string>()
  beforeAll(async () => {
    device = right(await acquireDevice('software')())
    backend = webGpuBackend(device)
  })
  afterAll(() => backend.close())

  test.each(known.map((asked) => [asked.name, asked] as const))('%s', async (_, asked) => {
    holds(await answer(backend, asked), asked.want)
  })

  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: come out as the reference says, whichever tensor they are in and whichever kernel reads it',
    async (op, direction) => {
      const { asked, lost, kernels } = await sweep(device, op, direction)
      kernels.forEach((name) => met.add(name))
      expect(asked).toBeGreaterThan(0)
      expect(lost.map(print)).toEqual([])
    },
    180_000,
  )

  test('the sweeps above have met every kernel that this device runs', () => {
    const { subgroupMinSize } = device.fingerprint
    const unmet = everyKernel
      .filter(({ per, workgroup }) => per !== 'subgroup' || workgroup === subgroupMinSize)
      // eight units at least make tiles of four lanes, and their gates more rows than four
      .filter(({ name }) => name !== 'recurrent.backward.wHh.vectors.4x1')
      // a step is one number: it is no vector, but beside others in one launch
      .filter(({ name }) => name !== 'adam.step.vectors')
      // what a GPU takes, and what is planned for one is met in blocks.test.ts
      .filter(({ name }) => !/^dense\..*\.(lanes|parts|added)$|\.shared$/.test(name))
      // what leaves something to backward, reads what is left, or does both, is met in programs alone, and long rows of
      // taps by larger images: blocks.test.ts
      .filter(
        ({ name }) =>
          !/\.kept|\.both|^maxPool2d\.forward\.choice|^batchNorm\.backward\.sums|^conv2d\.backward\.w\.blocks/.test(
            name,
          ),
      )
      .map(({ name, per }) => `${name} per ${per === 'element' ? 'element' : 'group'}`)
      .filter((name) => !met.has(name))
    expect(unmet).toEqual([])
  })
})
