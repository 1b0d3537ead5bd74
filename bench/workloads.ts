import { either as E, function as F } from 'fp-ts'
import { opOf } from '../spec/catalogue.js'
import { differentiate, gradientName } from '../spec/differentiate.js'
import type { EtalonError, Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import { meant } from '../spec/nearest.js'
import { alexnet } from '../spec/networks/alexnet.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import type { Network } from '../spec/networks/network.js'
import { initialKept } from '../spec/networks/network.js'
import { lstmClassifier } from '../spec/networks/recurrent.js'
import { resnet50 } from '../spec/networks/resnet.js'
import { vgg16 } from '../spec/networks/vgg.js'
import { draws, keyOf } from '../spec/philox.js'
import type { CheckedNode, Program, Question } from '../spec/program.js'
import { checkProgram, oneNode } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, scalar, sizeOf } from '../spec/tensor.js'
import { initialParameters } from '../training/initialize.js'
import { initialState, stepFeeds, trainingStep } from '../training/step.js'
import { smallResnet } from './networks.js'

/** What there is to do, drawn and ready: a program, the values that stay where it runs, and what is fed each time. */
export interface Task {
  readonly program: Program
  readonly state: Tensors
  readonly feeds: Tensors
  /** whether it changes its state, as a training step does, or leaves it as it is */
  readonly steps: boolean
  /**
   * whether every node reads operands of the task alone, so that any answer can be held against the oracle; of others,
   * whole networks, the backend's own run is judged node by node, and a peer's answer held against that
   */
  readonly isSingle: boolean
  /** products and additions of a run, two operations each */
  readonly multiplyAdds: number
  /** bytes that must at least be read and written, each operand and answer once; undefined of whole networks */
  readonly bytes?: number
}

/** The parameter that a curve runs along. */
export const sweeps = ['size', 'batch', 'channels', 'depth', 'length'] as const
export type Sweep = (typeof sweeps)[number]

/** A piece of work by its name; what it takes is drawn when it is its turn. */
export interface Workload {
  readonly name: string
  /** what it is, in words */
  readonly about: string
  /** asked of everybody on the device by default; large ones, and points of curves, of who names them */
  readonly kind: 'usual' | 'large' | 'point'
  /** which curve it is a point of, and where on it */
  readonly on?: { readonly sweep: Sweep; readonly at: number }
  readonly task: () => Result<Task>
}

/** Normal numbers in f32, a function of the name. */
const normal = (name: string, shape: Shape): Tensor => {
  const draw = draws(keyOf(`bench ${name}`))
  return generate(shape, () => Math.fround(draw.normal()))
}

/** One class of ten or more in each row, in turn. */
const classes = (rows: number, count: number): Tensor =>
  generate([rows, count], (i) => (i % count === Math.floor(i / count) % count ? 1 : 0))

/** The products of a node: as many backward, for each of the operands whose gradients it makes. */
const multiplyAddsOf = ({ node, sizes }: CheckedNode): number => {
  const forward = opOf(node.op).multiplyAdds?.(sizes) ?? 0
  const operands = ['x', 'w', 'wIh'].filter((name) => Object.hasOwn(node.outputs, name)).length
  // a state's gradient goes back through all steps, whether the sequence's own is asked for or not
  const through = Object.hasOwn(node.outputs, 'wHh') && !Object.hasOwn(node.outputs, 'x') ? 1 : 0
  return node.direction === 'forward' ? forward : forward * (operands + through)
}

const distinctBytes = ({ nodes }: Program, shapes: Readonly<Record<string, Shape>>): number => {
  const values = new Set(
    nodes.flatMap(({ inputs, cotangents, outputs }) => [
      ...Object.values(inputs),
      ...Object.values(cotangents),
      ...Object.values(outputs),
    ]),
  )
  return [...values].reduce((sum, value) => sum + 4 * sizeOf(shapes[value] as Shape), 0)
}

const taskOf = (
  program: Program,
  state: Tensors,
  feeds: Tensors,
  { steps, isSingle }: Pick<Task, 'steps' | 'isSingle'>,
): Result<Task> =>
  F.pipe(
    checkProgram(program),
    E.map(({ nodes, shapes }) => ({
      program,
      state,
      feeds,
      steps,
      isSingle,
      multiplyAdds: nodes.reduce((sum, node) => sum + multiplyAddsOf(node), 0),
      ...(isSingle ? { bytes: distinctBytes(program, shapes) } : {}),
    })),
  )

/** One op, its operands where it runs. */
const single = (question: Question, results: readonly string[]): Result<Task> => {
  const { program, feeds } = oneNode({ ...question, wanted: results })
  return taskOf(program, feeds, {}, { steps: false, isSingle: true })
}

const question = (op: Question['op'], attrs: Question['attrs'], inputs: Tensors): Result<Question> =>
  F.pipe(
    opOf(op).attrs.decode(attrs),
    E.map((decoded): Question => ({ op, direction: 'forward', attrs: decoded, inputs, cotangents: {} })),
  )

const product =
  (n: number): Workload['task'] =>
  () =>
    F.pipe(
      question('dense', {}, { x: normal('left', [n, n]), w: normal('right', [n, n]) }),
      E.flatMap((asked) => single(asked, ['y'])),
    )

interface Convolved {
  readonly x: readonly [N: number, C: number, H: number, W: number]
  readonly O: number
  /** the side of a filter, whose padding keeps the image's size */
  readonly side: number
}

const convolutionOf =
  ({ x: [N, C, H, W], O, side }: Convolved, asked: 'y' | 'x' | 'w'): Workload['task'] =>
  () => {
    const pad = (side - 1) / 2
    const inputs = { x: normal('x', [N, C, H, W]), w: normal('w', [O, C, side, side]) }
    return F.pipe(
      question('conv2d', { padding: [pad, pad, pad, pad] }, inputs),
      E.flatMap((forward) =>
        single(
          asked === 'y'
            ? forward
            : { ...forward, direction: 'backward', cotangents: { y: normal('dy', [N, O, H, W]) } },
          [asked],
        ),
      ),
    )
  }

const first: Convolved = { x: [8, 32, 28, 28], O: 64, side: 3 }
const alexnet2: Convolved = { x: [4, 96, 27, 27], O: 256, side: 5 }

const maxPool: Workload['task'] = () =>
  F.pipe(
    question('maxPool2d', {}, { x: normal('pooled', [32, 64, 28, 28]) }),
    E.flatMap((asked) => single(asked, ['y'])),
  )

const batchNorm: Workload['task'] = () =>
  F.pipe(
    question(
      'batchNormTraining',
      {},
      {
        x: normal('normed', [32, 64, 28, 28]),
        gamma: normal('gamma', [64]),
        beta: normal('beta', [64]),
        runningMean: generate([64], () => 0),
        runningVar: generate([64], () => 1),
      },
    ),
    E.flatMap((asked) => single(asked, ['y', 'runningMean', 'runningVar'])),
  )

/** The loss of rows of logits and its gradient, as the end of every classifier's step has them. */
const crossEntropy: Workload['task'] = () => {
  const [N, C] = [1024, 1000]
  const forward: Program = {
    inputs: { logits: [N, C], target: [N, C] },
    nodes: [
      {
        name: 'loss',
        op: 'softmaxCrossEntropy',
        direction: 'forward',
        attrs: {},
        inputs: { logits: 'logits', target: 'target' },
        cotangents: {},
        outputs: { loss: 'loss' },
      },
    ],
    outputs: ['loss'],
    carry: {},
  }
  const operands = { logits: normal('logits', [N, C]), target: classes(N, C), [gradientName('loss')]: scalar(1) }
  return F.pipe(
    differentiate(forward, 'loss', ['logits']),
    E.flatMap(({ program, gradients }) =>
      taskOf(
        { ...program, outputs: ['loss', gradients['logits'] as string] },
        operands,
        {},
        {
          steps: false,
          isSingle: true,
        },
      ),
    ),
  )
}

/** One update of many parameters; the gradient is the same each time. */
const momentum =
  (count: number): Workload['task'] =>
  () => {
    const shape = [count]
    const program: Program = {
      inputs: { w: shape, g: shape, velocity: shape },
      nodes: [
        {
          name: 'update',
          op: 'momentum',
          direction: 'forward',
          attrs: { learningRate: 2 ** -10, momentum: 0.875 },
          inputs: { w: 'w', g: 'g', velocity: 'velocity' },
          cotangents: {},
          outputs: { w: 'w.next', velocity: 'velocity.next' },
        },
      ],
      outputs: [],
      carry: { w: 'w.next', velocity: 'velocity.next', g: 'g' },
    }
    const state = { w: normal('w', shape), g: normal('g', shape), velocity: normal('velocity', shape) }
    return taskOf(program, state, {}, { steps: true, isSingle: true })
  }

/** A training step with momentum on one batch, which goes up with every step; parameters and velocities stay. */
const stepOf =
  (networkOf: () => Network, batch: number): Workload['task'] =>
  () => {
    const network = networkOf()
    const x = normal('batch', network.program.inputs['x'] as Shape)
    // the same batch again and again: a rate that keeps every number tame
    const feeds = stepFeeds({ x, target: classes(batch, 10), learningRate: 2 ** -10 })
    return F.pipe(
      trainingStep(network, { momentum: Math.fround(0.9), weightDecay: 0 }),
      E.flatMap((program) =>
        taskOf(program, { ...initialState(initialParameters(network, 1)), ...initialKept(network) }, feeds, {
          steps: true,
          isSingle: false,
        }),
      ),
    )
  }

/** A network on images, its weights and the images where it runs. */
const forwardOf =
  (networkOf: () => Network): Workload['task'] =>
  () => {
    const network = networkOf()
    const x = normal('image', network.program.inputs['x'] as Shape)
    return taskOf(
      network.program,
      { x, ...initialParameters(network, 1), ...initialKept(network) },
      {},
      {
        steps: false,
        isSingle: false,
      },
    )
  }

const usual = (name: string, about: string, task: Workload['task']): Workload => ({ name, about, kind: 'usual', task })
const large = (name: string, about: string, task: Workload['task']): Workload => ({ name, about, kind: 'large', task })
const point = (sweep: Sweep, at: number, name: string, about: string, task: Workload['task']): Workload => ({
  name: `${name}/${at}`,
  about,
  kind: 'point',
  on: { sweep, at },
  task,
})

const lenetStep = (batch: number): Workload['task'] => stepOf(() => lenet5(batch), batch)
const residualStep = (n: number): Workload['task'] => stepOf(() => smallResnet(32, n), 32)
const lstmStep = (length: number): Workload['task'] => stepOf(() => lstmClassifier(64, { length, hidden: 128 }), 64)

/** Every workload, in the order in which they run. */
export const workloads: readonly Workload[] = [
  usual('matmul/512', 'product of 512×512 by 512×512', product(512)),
  usual('matmul/1024', 'product of 1024×1024 by 1024×1024', product(1024)),
  usual('conv2d/8x32x28', 'convolution, 8×32×28×28 to 64 maps, 3×3', convolutionOf(first, 'y')),
  usual('conv2d/alexnet2', "AlexNet's second convolution, 4×96×27×27 to 256 maps, 5×5", convolutionOf(alexnet2, 'y')),
  usual('conv2d-dx/8x32x28', "the first convolution's gradient for its image", convolutionOf(first, 'x')),
  usual('conv2d-dw/8x32x28', "the first convolution's gradient for its filters", convolutionOf(first, 'w')),
  usual('max-pool/32x64x28', 'max pooling 2×2 of 32×64×28×28', maxPool),
  usual('batch-norm/32x64x28', 'batch norm in training, 32×64×28×28', batchNorm),
  usual('softmax-ce/1024x1000', 'softmax cross-entropy and its gradient, 1024 rows of 1000 classes', crossEntropy),
  usual('momentum/5M', 'SGD with momentum, five million parameters', momentum(5_000_000)),
  usual('lenet5-step/64', 'LeNet-5, a training step, batch 64', lenetStep(64)),
  usual(
    'residual-step/32',
    'residual network of 8 layers with batch norm on 32×32×3, a step, batch 32',
    residualStep(1),
  ),
  usual('lstm-step/64', 'LSTM of 128 over 28 steps of 28, a step, batch 64', lstmStep(28)),
  large(
    'alexnet-forward/1',
    'AlexNet (torchvision) on one image',
    forwardOf(() => alexnet(1, { variant: 'torchvision' })),
  ),
  large(
    'resnet50-forward/1',
    'ResNet-50 on one image',
    forwardOf(() => resnet50(1)),
  ),
  large(
    'vgg16-forward/1',
    'VGG-16 on one image',
    forwardOf(() => vgg16(1)),
  ),
  ...[64, 128, 256, 512, 1024, 2048].map((n) => point('size', n, 'sweep-size/matmul', `product of ${n}³`, product(n))),
  ...[1, 4, 16, 64, 256].map((batch) =>
    point('batch', batch, 'sweep-batch/lenet5-step', `LeNet-5, a step, batch ${batch}`, lenetStep(batch)),
  ),
  ...[8, 16, 32, 64, 128].map((C) =>
    point(
      'channels',
      C,
      'sweep-channels/conv2d',
      `convolution, 8×${C}×28×28 to ${C} maps, 3×3`,
      convolutionOf({ x: [8, C, 28, 28], O: C, side: 3 }, 'y'),
    ),
  ),
  ...[1, 2, 3, 4].map((n) =>
    point(
      'depth',
      6 * n + 2,
      'sweep-depth/residual-step',
      `residual network of ${6 * n + 2} layers, a step`,
      residualStep(n),
    ),
  ),
  ...[7, 14, 28, 56, 112].map((length) =>
    point('length', length, 'sweep-length/lstm-step', `LSTM of 128 over ${length} steps, a step`, lstmStep(length)),
  ),
]

/** What processors are timed on, the reference among them: what takes it a second, not a minute. */
export const onProcessors: readonly Workload[] = [
  usual(
    'processor/conv2d',
    'convolution, 2×32×28×28 to 64 maps, 3×3',
    convolutionOf({ x: [2, 32, 28, 28], O: 64, side: 3 }, 'y'),
  ),
  usual('processor/matmul', 'product of 256×256 by 256×256', product(256)),
]

const pattern = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )

const stranger = (text: string, among: readonly Workload[]): EtalonError => ({
  code: 'AttributeOutOfRange',
  message: `no workload is called ${text}; ${meant(
    text,
    among.map(({ name }) => name),
  )}`,
})

/**
 * The workloads of the given names, in which `*` and `?` stand for any letters; `lenet5-step` stands for all that begin so.
 *
 * Errors  AttributeOutOfRange – a name that there is none of, and the one that was probably meant
 */
export const workloadsNamed = (
  names: readonly string[],
  among: readonly Workload[] = [...workloads, ...onProcessors],
): Result<readonly Workload[]> =>
  F.pipe(
    names,
    E.traverseArray((name): Result<readonly Workload[]> => {
      const found = among.filter((one) => pattern(name).test(one.name) || one.name.startsWith(`${name}/`))
      return found.length === 0 ? E.left(stranger(name, among)) : E.right(found)
    }),
    E.map((found) => among.filter((one) => found.flat().includes(one))),
  )

/** What is asked where nothing is named. */
export const usualWorkloads: readonly Workload[] = workloads.filter(({ kind }) => kind === 'usual')

/** The points of a curve. */
export const pointsOf = (sweep: Sweep): readonly Workload[] => workloads.filter(({ on }) => on?.sweep === sweep)

/** Whether a workload is one of those for processors. */
export const isForProcessors = (workload: Workload): boolean => onProcessors.includes(workload)

/** The same, by its name alone. */
export const nameIsForProcessors = (name: string): boolean => name.startsWith('processor/')

/** Errors  AttributeOutOfRange – no curve has the name */
export const parseSweep = (text: string): Result<Sweep> => {
  const found = sweeps.find((sweep) => sweep === text)
  return found === undefined
    ? fail('AttributeOutOfRange', `there is no curve along ${text}; ${meant(text, sweeps)}`)
    : E.right(found)
}
