import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { either as E } from 'fp-ts'
import { afterAll, describe, expect, test } from 'vitest'
import type { Backend } from '../spec/backend.js'
import type { Attributes } from '../spec/attributes.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, opNames, opOf } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import type { Question } from '../spec/program.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { tensor } from '../spec/tensor.js'
import { adapters } from './index.js'
import { pytorchProgram } from './pytorch.js'

const run = promisify(execFile)
const root = dirname(dirname(fileURLToPath(import.meta.url)))

const question = (
  op: OpName,
  direction: Direction,
  attrs: Attributes,
  inputs: Tensors,
  cotangents: Tensors = {},
): Question => ({ op, direction, attrs: getOrThrow(opOf(op).attrs.decode(attrs)), inputs, cotangents })

const answerOf = async (backend: Backend, asked: Question) => {
  const { program, feeds } = oneNode(asked)
  return E.map(answersOf)(await backend.run(program, feeds)())
}

// the convolution on the slides, and one that every library writes with another layout, padding and stride
const slide = question(
  'conv2d',
  'forward',
  {},
  {
    x: tensor([1, 1, 5, 5], [1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0]),
    w: tensor([1, 1, 3, 3], [1, 0, 1, 0, 1, 0, 1, 0, 1]),
  },
)
const strided = {
  attrs: { stride: [2, 1], padding: [1, 0, 0, 2] },
  inputs: {
    x: tensor([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
    w: tensor([1, 2, 2, 3], [1, 0, -1, 2, 1, 0, 0, 1, 0, 1, -1, 2]),
    b: tensor([1], [0.5]),
  },
  // y = Σ over the two rows in reach of the padded image, worked by hand: row 0 is padding, row 1 the first of x
  y: tensor([1, 1, 1, 2], [1 * 2 + 2 * 1 + 5 * 1 - 6 * 1 + 0.5, 2 * 2 + 6 * 1 + 0.5]),
}

const lstm = {
  x: tensor([1, 1], [1]),
  h: tensor([1, 1], [0]),
  c: tensor([1, 1], [2]),
  // rows: input, forget, candidate, output
  wIh: tensor([4, 1], [0, 0, 1, 0]),
  wHh: tensor([4, 1], [0, 0, 0, 0]),
  b: tensor([4], [0, Math.log(3), 0, Math.log(4)]),
}
const gru = {
  x: tensor([1, 1], [1]),
  h: tensor([1, 1], [2]),
  // rows: reset, update, new
  wIh: tensor([3, 1], [0, 0, 1]),
  wHh: tensor([3, 1], [0, 0, 0]),
  bIh: tensor([3], [0, Math.log(3), 0]),
  bHh: tensor([3], [0, 0, 4]),
}
const cell = 0.75 * 2 + 0.5 * Math.tanh(1)

/** What each library must answer to, where it has the op at all; numbers of a hand, not of another program. */
const known: readonly (readonly [string, Question, Tensors])[] = [
  ['the convolution on the slides', slide, { y: tensor([1, 1, 3, 3], [4, 3, 4, 2, 4, 3, 2, 3, 4]) }],
  [
    'a convolution with unequal padding and stride, and a bias',
    question('conv2d', 'forward', strided.attrs, strided.inputs),
    { y: strided.y },
  ],
  [
    'its gradients',
    question('conv2d', 'backward', strided.attrs, strided.inputs, { y: tensor([1, 1, 1, 2], [1, 10]) }),
    {
      x: tensor([1, 2, 2, 2], [2, 21, 0, 0, 1, 9, 0, 0]),
      w: tensor([1, 2, 2, 3], [0, 0, 0, 21, 2, 0, 0, 0, 0, 65, 6, 0]),
      b: tensor([1], [11]),
    },
  ],
  [
    'an LSTM cell, gate by gate',
    question('lstmCell', 'forward', {}, lstm),
    { h: tensor([1, 1], [0.8 * Math.tanh(cell)]), c: tensor([1, 1], [cell]) },
  ],
  [
    'a GRU cell, gate by gate: r = ½ behind the product and its bias, z = ¾',
    question('gruCell', 'forward', {}, gru),
    { h: tensor([1, 1], [0.25 * Math.tanh(1 + 0.5 * 4) + 0.75 * 2]) },
  ],
  [
    'a pool over padding that does not count',
    question(
      'avgPool2d',
      'forward',
      { padding: [0, 1, 0, 1] },
      { x: tensor([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]) },
    ),
    { y: tensor([1, 1, 2, 2], [3, 4.5, 7.5, 9]) },
  ],
  [
    'the gradient of a softmax',
    question('softmax', 'backward', {}, { x: tensor([1, 2], [0, Math.log(3)]) }, { y: tensor([1, 2], [1, 0]) }),
    { x: tensor([1, 2], [3 / 16, -3 / 16]) },
  ],
  [
    'a batch normalization and the statistics that it keeps',
    question(
      'batchNormTraining',
      'forward',
      { epsilon: 0, momentum: 0.25 },
      {
        x: tensor([4, 1], [0, 2, 2, 4]),
        gamma: tensor([1], [Math.SQRT2]),
        beta: tensor([1], [1]),
        runningMean: tensor([1], [1]),
        runningVar: tensor([1], [1]),
      },
    ),
    { y: tensor([4, 1], [-1, 1, 1, 3]), runningMean: tensor([1], [1.25]), runningVar: tensor([1], [0.75 + 2 / 3]) },
  ],
  [
    'the third step of Adam',
    question(
      'adam',
      'forward',
      { learningRate: 0.5, beta1: 0.5, beta2: 0.5, epsilon: 1 },
      { w: tensor([1], [1]), g: tensor([1], [2]), m: tensor([1], [1.5]), v: tensor([1], [3]), step: tensor([], [2]) },
    ),
    // m′ = 1.75 and 1.75/⅞ = 2; v′ = 3.5 and √(3.5/⅞) = 2; w − ½·2/(2 + 1)
    { w: tensor([1], [2 / 3]), m: tensor([1], [1.75]), v: tensor([1], [3.5]), step: tensor([], [3]) },
  ],
  [
    'a step of Nesterov momentum',
    question(
      'momentum',
      'forward',
      { learningRate: 0.5, momentum: 0.5, nesterov: true },
      { w: tensor([2], [1, 2]), g: tensor([2], [1, -1]), velocity: tensor([2], [2, 2]) },
    ),
    { w: tensor([2], [0, 2.5]), velocity: tensor([2], [2, 0]) },
  ],
]

/** Cases that a library does not do, and its reason. */
const refusals: Readonly<Record<string, readonly (readonly [Question, string])[]>> = {
  'tfjs-cpu': [
    [question('softmax', 'forward', { axis: 0 }, { x: tensor([2, 2], [1, 2, 3, 4]) }), 'an axis other than the last'],
    [
      question('sgd', 'forward', { learningRate: 1, weightDecay: 1 }, { w: tensor([], [1]), g: tensor([], [1]) }),
      'weight decay',
    ],
  ],
  'tfjs-wasm': [
    [
      question('conv2d', 'backward', strided.attrs, strided.inputs, { y: strided.y }),
      'the backend has no Conv2DBackpropFilter',
    ],
    [
      question('maxPool2d', 'forward', { ties: 'share' }, { x: tensor([1, 1, 2, 2], [1, 2, 3, 4]) }),
      'another share of tied maxima',
    ],
  ],
  'jax-js-wasm': [
    [question('maxPool2d', 'forward', { padding: [1, 0, 0, 0] }, { x: tensor([1, 1, 2, 2], [1, 2, 3, 4]) }), 'padding'],
  ],
  'onnxruntime-web': [
    [question('softplus', 'forward', { beta: 2 }, { x: tensor([1], [1]) }), 'beta other than 1'],
    [
      question('localResponseNorm', 'forward', { size: 3, beta: 0 }, { x: tensor([1, 1, 1, 1], [1]) }),
      'alpha or beta not above 0',
    ],
  ],
  pytorch: [
    [
      question('avgPool2d', 'forward', { padding: [1, 0, 0, 0] }, { x: tensor([1, 1, 2, 2], [1, 2, 3, 4]) }),
      'uneven or wide padding that does not count',
    ],
  ],
}

// what a library refuses of `known`, by the reason that it gives
const refusedOfKnown: Readonly<Record<string, string>> = {
  'tfjs-wasm conv2d backward': 'the backend has no Conv2DBackpropFilter',
  'onnxruntime-web batchNormTraining forward': 'an unbiased running variance',
  'pytorch avgPool2d forward': 'uneven or wide padding that does not count',
}

// numbers that are small in what is computed from them leave some units of f32
const closeTo = ({ shape, data }: Tensors[string]) => ({
  shape,
  data: Array.from({ length: data.length }, (_, i) => expect.closeTo(data[i] as number, 5) as number),
})

const shown = (tensors: Tensors) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [
      name,
      { shape, data: Array.from({ length: data.length }, (_, i) => data[i]) },
    ]),
  )

const numbersIn = (line: string): readonly number[] =>
  line
    .slice(line.indexOf('[') + 1, line.lastIndexOf(']'))
    .split(',')
    .map((text) => Number(text.trim().replace('nan', 'NaN').replace('inf', 'Infinity')))

/** What a snippet prints: of each output what was got, and what was wanted. */
const printedBy = async (backend: Backend, snippet: string) => {
  const { stdout } =
    backend.name === 'pytorch'
      ? await run(String(backend.fingerprint['python']), ['-c', snippet], { cwd: root })
      : await run(process.execPath, ['--input-type=module', '-e', snippet], { cwd: root })
  const lines = stdout.split('\n')
  const of = (what: string): Readonly<Record<string, readonly number[]>> =>
    Object.fromEntries(
      lines
        .filter((line) => line.startsWith(`${what} `))
        .map((line) => [line.split(/\s+/)[1] as string, numbersIn(line)] as const),
    )
  return { got: of('got'), want: of('want') }
}

const opened = await Promise.all(
  adapters
    .filter(({ name }) => !name.endsWith('-webgpu'))
    .map(async (adapter) => ({ adapter, backend: await adapter.open({})() })),
)
afterAll(async () => {
  for (const { backend } of opened) if (E.isRight(backend)) await backend.right.close()
})

describe.each(opened)('$adapter.name', ({ adapter, backend: found }) => {
  if (E.isLeft(found)) {
    test.skip(`is not here: ${found.left.message}`)
    return
  }
  const backend = found.right
  const here = known.filter(([, { op, direction }]) => backend.supports(op, direction))

  test.each(here)('answers %s', async (_, asked, want) => {
    const answer = await answerOf(backend, asked)
    const reason = refusedOfKnown[`${adapter.name} ${asked.op} ${asked.direction}`]
    if (reason !== undefined) {
      expect(answer).toEqual(E.left({ code: 'Unsupported', message: reason }))
      return
    }
    expect(shown(getOrThrow(answer))).toEqual(
      Object.fromEntries(Object.entries(want).map(([name, value]) => [name, closeTo(value)])),
    )
  })

  const refused = refusals[adapter.name] ?? []
  if (refused.length > 0)
    test.each(refused)('says why a case is not its own', async (asked, reason) => {
      expect(await answerOf(backend, asked)).toEqual(E.left({ code: 'Unsupported', message: reason }))
    })

  const toldFor = here.filter(
    ([, { op, direction }]) => refusedOfKnown[`${adapter.name} ${op} ${direction}`] === undefined,
  )
  test('writes snippets that print what it answers', async () => {
    // one forward, with an attribute of every kind, and one backward where there are gradients
    for (const [, asked, want] of toldFor.slice(1, 3)) {
      const answer = getOrThrow(await answerOf(backend, asked))
      const snippet = backend.snippet?.(asked, want)
      expect(snippet).toBeDefined()
      const printed = await printedBy(backend, snippet as string)
      const numbers = (tensors: Tensors) =>
        Object.fromEntries(Object.entries(shown(tensors)).map(([name, { data }]) => [name, data]))
      expect(printed.want).toEqual(numbers(want))
      // Python prints f32 in the digits of f64, as the answer has them
      expect(printed.got).toEqual(numbers(answer))
    }
  }, 60_000)

  test('says the same of its ops closed as open', () => {
    for (const op of opNames)
      for (const direction of ['forward', 'backward'] as const)
        expect(adapter.supports(op, direction), `${op} ${direction}`).toBe(backend.supports(op, direction))
  })

  test('translates and declares only of ops that it has', () => {
    const named = [...Object.keys(backend.translates ?? {}), ...Object.keys(backend.conventions ?? {})]
    expect(named.filter((op) => !backend.supports(op as OpName, 'forward'))).toEqual([])
  })
})

describe("PyTorch's program", () => {
  const python = opened.flatMap(({ adapter, backend }) =>
    adapter.name === 'pytorch' && E.isRight(backend) ? [String(backend.right.fingerprint['python'])] : [],
  )[0]

  test.skipIf(python === undefined)('has the ops and directions that the adapter says', async () => {
    const { stdout } = await run(python as string, [pytorchProgram, '--ops'])
    const ops = JSON.parse(stdout) as Readonly<Record<string, readonly string[]>>
    const pytorch = adapters.find(({ name }) => name === 'pytorch')
    const said = opNames.filter((op) => pytorch?.supports(op, 'forward') === true)
    expect(said.filter((op) => ops[op] === undefined)).toEqual([])
    for (const op of said) expect(ops[op], op).toEqual(hasBackward(op) ? ['forward', 'backward'] : ['forward'])
  })
})
