import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { Backend, Session } from '../../spec/backend.js'
import type { AttrsOf } from '../../spec/catalogue.js'
import type { EtalonError, Result } from '../../spec/error.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import { checkProgram, nodeAttributes } from '../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import type { Layout } from '../layouts.js'
import { fromLayout, layoutsOf, toLayout } from '../layouts.js'
import type { Reading } from '../resident.js'
import { answering, noWords, readingOf, usesOf } from '../resident.js'
import type { inTurn } from './turns.js'

/*
 * TensorFlow.js as its own layers and optimizers use it: images with channels last, bias and ReLU fused into the
 * convolution or product before them, gradients by its tape, parameters as variables that an optimizer changes in place.
 */

type Tf = typeof import('@tensorflow/tfjs-core')
type TfTensor = InstanceType<Tf['Tensor']>
type Four = import('@tensorflow/tfjs-core').Tensor4D
type Two = import('@tensorflow/tfjs-core').Tensor2D
type One = import('@tensorflow/tfjs-core').Tensor1D
type Variable = import('@tensorflow/tfjs-core').Variable
type Optimizer = ReturnType<Tf['train']['sgd']>
type Values = Readonly<Record<string, TfTensor>>

const explicit = ([top, bottom, left, right]: readonly [number, number, number, number]): [
  [number, number],
  [number, number],
  [number, number],
  [number, number],
] => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
]

const pair = ([a, b]: readonly [number, number]): [number, number] => [a, b]

interface Asked {
  readonly tf: Tf
  readonly attrs: Attributes
  /** the node's inputs by the op's own names, as the library holds them */
  readonly read: (name: string) => TfTensor
  readonly has: (name: string) => boolean
  /** fused behind what this op is */
  readonly activation: 'linear' | 'relu'
}

type Answers = Readonly<Record<string, TfTensor>>

const conv2d = ({ tf, attrs, read, has, activation }: Asked): Answers => {
  const { stride, padding, dilation, groups } = attrs as AttrsOf<'conv2d'>
  if (groups !== 1) return noWords('conv2d in groups')
  return {
    y: tf.fused.conv2d({
      x: read('x') as Four,
      filter: read('w') as Four,
      strides: pair(stride),
      pad: explicit(padding),
      dilations: pair(dilation),
      activation,
      ...(has('b') ? { bias: read('b') } : {}),
    }),
  }
}

const batchNormTraining = ({ tf, attrs, read }: Asked): Answers => {
  const { epsilon, momentum, runningVariance } = attrs as AttrsOf<'batchNormTraining'>
  const x = read('x')
  const axes = Array.from({ length: x.shape.length - 1 }, (_, i) => i)
  const m = x.size / (x.shape.at(-1) ?? 1)
  const { mean, variance } = tf.moments(x, axes)
  const renewed = (old: TfTensor, now: TfTensor): TfTensor => tf.add(tf.mul(old, 1 - momentum), tf.mul(now, momentum))
  return {
    y: tf.batchNorm(x, mean, variance, read('beta'), read('gamma'), epsilon),
    runningMean: renewed(read('runningMean'), mean),
    runningVar: renewed(
      read('runningVar'),
      runningVariance === 'unbiased' && m > 1 ? tf.mul(variance, m / (m - 1)) : variance,
    ),
  }
}

const lstm = ({ tf, read }: Asked): Answers => {
  const x = read('x')
  const [T = 1, N = 1, I = 1] = x.shape
  // the inputs' part of all steps in one product
  const given = tf.add(tf.matMul(tf.reshape(x, [T * N, I]), read('wIh')), read('b'))
  const steps = tf.unstack(tf.reshape(given, [T, N, -1]))
  const states = steps.reduce<readonly { readonly h: TfTensor; readonly c: TfTensor }[]>(
    (before, step) => {
      const { h, c } = before.at(-1) as { readonly h: TfTensor; readonly c: TfTensor }
      const [i, f, g, o] = tf.split(tf.add(step, tf.matMul(h, read('wHh'))), 4, 1) as [Two, Two, Two, Two]
      const cell = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)))
      return [...before, { h: tf.mul(tf.sigmoid(o), tf.tanh(cell)), c: cell }]
    },
    [{ h: read('h0'), c: read('c0') }],
  )
  const { h, c } = states.at(-1) as { readonly h: TfTensor; readonly c: TfTensor }
  return {
    hT: h,
    cT: c,
    get y() {
      return tf.stack(states.slice(1).map((state) => state.h))
    },
  }
}

const ops: Readonly<Record<string, (asked: Asked) => Answers>> = {
  conv2d,
  batchNormTraining,
  lstm,
  dense: ({ tf, read, has, activation }) => ({
    y: tf.fused.matMul({ a: read('x'), b: read('w'), activation, ...(has('b') ? { bias: read('b') } : {}) }),
  }),
  relu: ({ tf, read }) => ({ y: tf.relu(read('x')) }),
  sigmoid: ({ tf, read }) => ({ y: tf.sigmoid(read('x')) }),
  tanh: ({ tf, read }) => ({ y: tf.tanh(read('x')) }),
  add: ({ tf, read }) => ({ y: tf.add(read('a'), read('b')) }),
  mul: ({ tf, read }) => ({ y: tf.mul(read('a'), read('b')) }),
  flatten: ({ tf, read }) => ({ y: tf.reshape(read('x'), [read('x').shape[0], -1]) }),
  globalAvgPool: ({ tf, read }) => ({ y: tf.mean(read('x'), [1, 2]) }),
  maxPool2d: ({ tf, attrs, read }) => {
    const { window, stride, padding, ceilMode } = attrs as AttrsOf<'maxPool2d'>
    if (ceilMode) return noWords('maxPool2d with ceilMode')
    return { y: tf.maxPool(read('x') as Four, pair(window), pair(stride), explicit(padding)) }
  },
  avgPool2d: ({ tf, attrs, read }) => {
    const { window, stride, padding, ceilMode } = attrs as AttrsOf<'avgPool2d'>
    if (ceilMode || padding.some((extent) => extent !== 0)) return noWords('avgPool2d with padding or ceilMode')
    return { y: tf.avgPool(read('x') as Four, pair(window), pair(stride), 'valid') }
  },
  localResponseNorm: ({ tf, attrs, read }) => {
    const { size, alpha, beta, k } = attrs as AttrsOf<'localResponseNorm'>
    return { y: tf.localResponseNormalization(read('x') as Four, (size - 1) / 2, k, alpha / size, beta) }
  },
  batchNormInference: ({ tf, attrs, read }) => {
    const { epsilon } = attrs as AttrsOf<'batchNormInference'>
    const [mean, variance] = [read('runningMean') as One, read('runningVar') as One]
    return { y: tf.batchNorm(read('x'), mean, variance, read('beta'), read('gamma'), epsilon) }
  },
  softmaxCrossEntropy: ({ tf, attrs, read }) => {
    const { reduction } = attrs as AttrsOf<'softmaxCrossEntropy'>
    if (reduction === 'none') return noWords('softmaxCrossEntropy of each row')
    const how = reduction === 'mean' ? tf.Reduction.MEAN : tf.Reduction.SUM
    return { loss: tf.losses.softmaxCrossEntropy(read('target'), read('logits'), undefined, 0, how) }
  },
}

/** A node with its attributes, and the ReLU that is fused behind it. */
interface Step {
  readonly node: ProgramNode
  readonly attrs: Attributes
  readonly relu?: ProgramNode
}

/** A ReLU goes into the convolution or the product before it where nobody else reads that. */
const stepsOf = (
  nodes: readonly (readonly [ProgramNode, Attributes])[],
  answered: readonly string[],
): readonly Step[] => {
  const uses = usesOf(
    nodes.map(([node]) => node),
    answered,
  )
  const fused = new Map(
    nodes.flatMap(([node]) => {
      const before = nodes.find(([{ outputs }]) => outputs['y'] === node.inputs['x'])?.[0]
      return node.op === 'relu' &&
        before !== undefined &&
        (before.op === 'conv2d' || before.op === 'dense') &&
        uses.get(node.inputs['x'] as string) === 1
        ? [[before, node] as const]
        : []
    }),
  )
  const inside = new Set(fused.values())
  return nodes.flatMap(([node, attrs]) => {
    if (inside.has(node)) return []
    const relu = fused.get(node)
    return [{ node, attrs, ...(relu === undefined ? {} : { relu }) }]
  })
}

/** Runs nodes forward on values by name, and answers all values. */
const runForward = (tf: Tf, steps: readonly Step[], given: Values): Values => {
  const values: Record<string, TfTensor> = { ...given }
  for (const { node, attrs, relu } of steps) {
    const op = ops[node.op] ?? noWords(node.op)
    const answers = op({
      tf,
      attrs,
      read: (name) => values[node.inputs[name] as string] as TfTensor,
      has: (name) => node.inputs[name] !== undefined,
      activation: relu === undefined ? 'linear' : 'relu',
    })
    for (const [output, value] of Object.entries(relu?.outputs ?? node.outputs))
      values[value] = answers[output] ?? noWords(`${node.op}'s ${output}`)
  }
  return values
}

/** The gradients of one convolution, by the kernels that the library's own gradient of it runs. */
const convolutionGradients = (tf: Tf, { inputs }: ProgramNode, attrs: Attributes, given: Values, cotangent: string) => {
  const { stride, padding } = attrs as AttrsOf<'conv2d'>
  const [x, filter, dy] = [given[inputs['x'] as string], given[inputs['w'] as string], given[cotangent]] as [
    TfTensor,
    TfTensor,
    TfTensor,
  ]
  const rest = { strides: pair(stride), pad: explicit(padding), dataFormat: 'NHWC', dimRoundingMode: undefined }
  const kernel = (name: string, tensors: Values, own: object): TfTensor =>
    tf.engine().runKernel(name, { ...tensors }, { ...rest, ...own } as never)
  return (primal: string): TfTensor =>
    primal === inputs['x']
      ? kernel('Conv2DBackpropInput', { dy, filter }, { inputShape: x.shape })
      : primal === inputs['w']
        ? kernel('Conv2DBackpropFilter', { x, dy }, { filterShape: filter.shape })
        : tf.sum(dy, [0, 1, 2])
}

const differentiated = (
  tf: Tf,
  steps: readonly Step[],
  gradient: NonNullable<Reading['gradient']>,
  given: Values,
  answered: readonly string[],
): Values => {
  const [only, ...others] = steps
  if (only?.node.op === 'conv2d' && others.length === 0 && !answered.includes(gradient.of)) {
    const of = convolutionGradients(tf, only.node, only.attrs, given, gradient.cotangent)
    return Object.fromEntries(Object.entries(gradient.to).map(([primal, name]) => [name, of(primal)]))
  }
  const primals = Object.keys(gradient.to)
  const kept: Record<string, TfTensor> = {}
  const dy = given[gradient.cotangent] as TfTensor
  const grads = tf.grads((...arguments_: TfTensor[]) => {
    const values = runForward(tf, steps, {
      ...given,
      ...Object.fromEntries(primals.map((name, i) => [name, arguments_[i] as TfTensor])),
    })
    for (const name of answered) if (values[name] !== undefined) kept[name] = tf.keep(values[name].clone())
    return values[gradient.of] as TfTensor
  })(
    primals.map((name) => given[name] as TfTensor),
    dy,
  )
  return {
    ...kept,
    ...Object.fromEntries(primals.map((name, i) => [gradient.to[name] as string, grads[i] as TfTensor])),
  }
}

const optimizerOf = (tf: Tf, updates: readonly (readonly [ProgramNode, Attributes])[]): Optimizer => {
  const [first, ...others] = updates.map(([{ op }, attrs]) => ({ op, attrs }))
  if (first === undefined || others.some((other) => JSON.stringify(other) !== JSON.stringify(first)))
    return noWords('updates that differ')
  const { learningRate, momentum = 0, nesterov = false, weightDecay = 0 } = first.attrs as Partial<AttrsOf<'momentum'>>
  if (weightDecay !== 0) return noWords('weight decay')
  return first.op === 'momentum'
    ? tf.train.momentum(learningRate as number, momentum, nesterov)
    : first.op === 'sgd'
      ? tf.train.sgd(learningRate as number)
      : noWords(first.op)
}

/** What is known of a program before it runs. */
interface Prepared {
  readonly program: Program
  readonly shapes: Readonly<Record<string, Shape>>
  readonly layoutOf: (value: string) => Layout
  readonly reading: Reading
}

const preparedOf = (program: Program): Result<Prepared> =>
  F.pipe(
    checkProgram(program),
    E.bindTo('checked'),
    E.bind('reading', () => readingOf(program)),
    E.map(({ checked: { shapes }, reading }) => ({ program, shapes, layoutOf: layoutsOf(program, shapes), reading })),
  )

const withAttributes = (
  nodes: readonly ProgramNode[],
  feeds: Tensors,
): readonly (readonly [ProgramNode, Attributes])[] =>
  nodes.map((node) => {
    const attrs = nodeAttributes(node, feeds)
    return E.isLeft(attrs) ? noWords(attrs.left.message) : ([node, attrs.right] as const)
  })

/** Sessions of the library whose backend, of the given name, is chosen and ready. */
export const residentTfjs = (
  tf: Tf,
  backendName: string,
  take: ReturnType<typeof inTurn>,
  about: Pick<Backend, 'name' | 'fingerprint' | 'supports'>,
): Backend => {
  const chosen = async (): Promise<void> => {
    if (tf.getBackend() !== backendName) await tf.setBackend(backendName)
  }
  const inItsTurn = <A>(work: () => Promise<A>) => answering(() => take(work))
  // a batch is turned once, however often it is fed
  const turned = new WeakMap<Tensor, ReturnType<typeof toLayout>>()
  const tensorOf = (layout: Layout, tensor: Tensor): TfTensor => {
    const known = turned.get(tensor) ?? toLayout(layout, tensor)
    turned.set(tensor, known)
    return tf.tensor(known.data, [...known.shape], 'float32')
  }

  const open = (own: Program, state: Tensors) => async (): Promise<Result<Session>> => {
    const prepared = preparedOf(own)
    if (E.isLeft(prepared)) return prepared
    const home = prepared.right
    const variables = new Map<string, Variable>()
    // the layouts that what is kept was put in, and what a program run on it wants of it, may differ
    const held = new Map<string, { readonly layout: Layout; readonly variable: Variable }[]>()
    const hold = (name: string, layout: Layout): Variable => {
      const known = held.get(name) ?? []
      const same = known.find((one) => JSON.stringify(one.layout) === JSON.stringify(layout))
      if (same !== undefined) return same.variable
      const variable = tf.tidy(() => tf.variable(tensorOf(layout, state[name] as Tensor), true))
      held.set(name, [...known, { layout, variable }])
      return variable
    }
    const training = home.reading.updates.length > 0
    const velocityOf = new Map(home.reading.updates.map(({ inputs }) => [inputs['velocity'], inputs['w'] as string]))
    let optimizer: Optimizer | undefined

    const optimizerFor = async (feeds: Tensors): Promise<Optimizer> => {
      if (optimizer !== undefined) return optimizer
      const made = optimizerOf(tf, withAttributes(home.reading.updates, feeds))
      const velocities = [...velocityOf.keys()].flatMap((name) => (name === undefined ? [] : [name]))
      if (velocities.length > 0)
        await made.setWeights([
          { name: 'iter', tensor: tf.scalar(0, 'int32') },
          ...velocities.map((name) => ({ name, tensor: tensorOf(home.layoutOf(name), state[name] as Tensor) })),
        ])
      optimizer = made
      return made
    }

    const readBack = async (
      layoutOf: Prepared['layoutOf'],
      shapes: Prepared['shapes'],
      values: Values,
    ): Promise<Tensors> =>
      Object.fromEntries(
        await Promise.all(
          Object.entries(values).map(
            async ([name, value]) =>
              [name, fromLayout(layoutOf(name), shapes[name] as Shape, await value.data())] as const,
          ),
        ),
      )

    const pick = (names: readonly string[], values: Values): Values =>
      Object.fromEntries(names.map((name) => [name, values[name] ?? noWords(`the value ${name}`)]))

    const run = async (prepared: Prepared, feeds: Tensors, watch: readonly string[]): Promise<Tensors> => {
      await chosen()
      const { program, reading, layoutOf, shapes } = prepared
      const answered = watch.length > 0 ? watch : program.outputs
      const steps = stepsOf(withAttributes(reading.forward, feeds), answered)
      const kept = Object.fromEntries(
        Object.keys(program.inputs)
          .filter((name) => !(name in feeds))
          .map((name) => [name, hold(name, layoutOf(name))]),
      )
      const values = tf.tidy(() => {
        const given = {
          ...kept,
          ...Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, tensorOf(layoutOf(name), feed)])),
        }
        const { gradient } = reading
        const all =
          gradient === undefined
            ? runForward(tf, steps, given)
            : { ...given, ...differentiated(tf, steps, gradient, given, answered) }
        return pick(answered, all)
      })
      const answer = watch.length > 0 ? await readBack(layoutOf, shapes, values) : {}
      for (const value of Object.values(values)) value.dispose()
      return answer
    }

    const step = async (feeds: Tensors, watch: readonly string[]): Promise<Tensors> => {
      await chosen()
      const { program, reading, layoutOf, shapes } = home
      const made = await optimizerFor(feeds)
      const learned = reading.updates.map(({ inputs }) => inputs['w'] as string)
      const forward = stepsOf(withAttributes(reading.forward, feeds), [...program.outputs, ...watch])
      const renewed = Object.entries(program.carry).filter(
        ([name, value]) => name !== value && !learned.includes(name) && !velocityOf.has(name),
      )
      const seen: Record<string, TfTensor> = {}
      tf.tidy(() => {
        const given = Object.fromEntries(
          Object.entries(feeds).map(([name, feed]) => [name, tensorOf(layoutOf(name), feed)]),
        )
        const { gradient } = reading
        if (gradient === undefined) {
          // updates alone, of gradients that are fed or kept
          made.applyGradients(
            reading.updates.map(({ inputs }) => ({
              name: (variables.get(inputs['w'] as string) as Variable).name,
              tensor: (given[inputs['g'] as string] ?? variables.get(inputs['g'] as string)) as TfTensor,
            })),
          )
          return
        }
        made.minimize(
          () => {
            const values = runForward(tf, forward, { ...Object.fromEntries(variables), ...given })
            const wanted = [...watch, ...renewed.map(([, value]) => value)]
            for (const name of wanted)
              if (values[name] !== undefined && seen[name] === undefined) seen[name] = tf.keep(values[name].clone())
            return values[gradient.of] as import('@tensorflow/tfjs-core').Scalar
          },
          false,
          learned.map((name) => variables.get(name) as Variable),
        )
      })
      for (const [name, value] of renewed) {
        const now = seen[value] ?? noWords(`the value ${value}`)
        ;(variables.get(name) as Variable).assign(now)
      }
      const answer = await readBack(layoutOf, shapes, pick(watch, seen))
      for (const value of Object.values(seen)) value.dispose()
      return answer
    }

    const opened = await inItsTurn(async () => {
      await chosen()
      if (training)
        for (const name of Object.keys(own.carry))
          if (!velocityOf.has(name)) variables.set(name, hold(name, home.layoutOf(name)))
    })
    if (E.isLeft(opened)) return opened
    const recorded = new WeakMap<Program, Result<Prepared>>()
    return E.right({
      step:
        (feeds, watch = own.outputs) =>
        () =>
          inItsTurn(() => step(feeds, watch)),
      run:
        (program, feeds, watch = program.outputs) =>
        async () => {
          const known = recorded.get(program) ?? preparedOf(program)
          recorded.set(program, known)
          return E.isLeft(known) ? known : inItsTurn(() => run(known.right, feeds, watch))
        },
      state: () =>
        inItsTurn(async () => {
          await chosen()
          const weights = optimizer === undefined ? [] : (await optimizer.getWeights()).slice(1)
          const velocities = Object.fromEntries(
            [...velocityOf.keys()].flatMap((name, i) =>
              name === undefined || weights[i] === undefined ? [] : [[name, weights[i].tensor] as const],
            ),
          )
          return readBack(home.layoutOf, home.shapes, { ...Object.fromEntries(variables), ...velocities })
        }),
      close: () =>
        take(async () => {
          await chosen()
          for (const all of held.values()) for (const { variable } of all) variable.dispose()
          optimizer?.dispose()
        }),
    })
  }

  return {
    ...about,
    open,
    run: (program, feeds, watch) => async (): Promise<E.Either<EtalonError, Tensors>> => {
      const session = await open({ inputs: {}, nodes: [], outputs: [], carry: {} }, {})()
      return E.isLeft(session) ? session : session.right.run(program, feeds, watch)()
    },
    close: () => Promise.resolve(),
  }
}
