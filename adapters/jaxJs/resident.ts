import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { Backend, Session } from '../../spec/backend.js'
import type { AttrsOf } from '../../spec/catalogue.js'
import type { Result } from '../../spec/error.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import { attributeFeeds, checkProgram, nodeAttributes } from '../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import type { Reading } from '../resident.js'
import { answering, noWords, readingOf, usesOf } from '../resident.js'
import { inFloat32 } from '../words.js'

/*
 * jax-js as its own guide uses it: a program is one function, forward, gradient and updates together, compiled by `jit` and
 * called with the state, which it takes over and gives back changed.
 *
 * A function of jax-js takes ownership of the arrays that it is given; `.ref` keeps one for later.
 */

type Jax = typeof import('@jax-js/jax')
type JaxArray = Jax['Array']['prototype']
type Values = Readonly<Record<string, JaxArray>>

type Pads = readonly [number, number, number, number]

const pairs = ([top, bottom, left, right]: Pads): [number, number][] => [
  [top, bottom],
  [left, right],
]

const isZero = (padding: readonly number[]): boolean => padding.every((extent) => extent === 0)

interface Asked {
  readonly jax: Jax
  readonly attrs: Attributes
  /** an input of the node by the op's own name; each call gives a reference of its own */
  readonly take: (name: string) => JaxArray
  readonly has: (name: string) => boolean
  readonly shape: (name: string) => Shape
  /** the op's outputs that somebody has a use for */
  readonly gives: readonly string[]
}

type Answers = Readonly<Record<string, JaxArray>>

const perChannel = (value: JaxArray, channels: number, axes: number): JaxArray =>
  value.reshape([channels, ...Array.from({ length: axes }, () => 1)])

const spatial = (shape: Shape): number => shape.length - 2

const conv2d = ({ jax, attrs, take, has, shape }: Asked): Answers => {
  const { stride, padding, dilation, groups } = attrs as AttrsOf<'conv2d'>
  const y = jax.lax.convGeneralDilated(take('x'), take('w'), [...stride], pairs(padding), {
    rhsDilation: [...dilation],
    featureGroupCount: groups,
  })
  return { y: has('b') ? y.add(perChannel(take('b'), shape('b')[0] as number, 2)) : y }
}

const maxPool2d = ({ jax, attrs, take }: Asked): Answers => {
  const { window, stride, padding, ceilMode } = attrs as AttrsOf<'maxPool2d'>
  if (ceilMode) return noWords('maxPool2d with ceilMode')
  const x = take('x')
  // its padding is with zeros, so that a number below all others is taken off before and put back behind
  const low = 1e30
  const [N, C, H, W] = x.shape as [number, number, number, number]
  const padded = isZero(padding)
    ? x
    : jax.numpy.where(
        jax.numpy.pad(jax.numpy.ones([N, C, H, W]), [[0, 0], [0, 0], ...pairs(padding)]).greater(0.5),
        jax.numpy.pad(x, [[0, 0], [0, 0], ...pairs(padding)]),
        -low,
      )
  return { y: jax.lax.reduceWindow(padded, (part) => jax.numpy.max(part), [...window], [...stride]) }
}

const batchNormTraining = ({ jax, attrs, take, shape, gives }: Asked): Answers => {
  const { epsilon, momentum, runningVariance } = attrs as AttrsOf<'batchNormTraining'>
  const [N = 1, C = 1, ...space] = shape('x')
  const over = [0, ...space.map((_, i) => i + 2)]
  const m = space.reduce((product, extent) => product * extent, N)
  const axes = space.length
  const mean = jax.numpy.mean(take('x'), over)
  const centred = take('x').sub(perChannel(mean.ref, C, axes))
  const variance = jax.numpy.mean(jax.numpy.square(centred.ref), over)
  const scale = take('gamma').div(jax.numpy.sqrt(variance.ref.add(epsilon)))
  const y = centred.mul(perChannel(scale, C, axes)).add(perChannel(take('beta'), C, axes))
  const renewed = (old: string, now: JaxArray): JaxArray =>
    take(old)
      .mul(1 - momentum)
      .add(now.mul(momentum))
  const factor = runningVariance === 'unbiased' && m > 1 ? m / (m - 1) : 1
  const statistics = {
    runningMean: () => renewed('runningMean', mean.ref),
    runningVar: () => renewed('runningVar', variance.ref.mul(factor)),
  }
  const made = Object.fromEntries(
    Object.entries(statistics).flatMap(([name, make]) => (gives.includes(name) ? [[name, make()]] : [])),
  )
  mean.dispose()
  variance.dispose()
  return { y, ...made }
}

const lstm = ({ jax, take, shape, gives }: Asked): Answers => {
  const { numpy: np, nn } = jax
  const [T = 1, N = 1, I = 1] = shape('x')
  const [H = 1] = shape('wHh').slice(1)
  // the inputs' part of all steps in one product
  const given = np
    .matmul(take('x').reshape([T * N, I]), take('wIh').transpose())
    .add(take('b'))
    .reshape([T, N, 4 * H])
  const weights = take('wHh').transpose()
  const states: JaxArray[] = []
  let [h, c] = [take('h0'), take('c0')]
  for (const step of np.unstack(given)) {
    const [i, f, g, o] = np.split(step.add(np.matmul(h, weights.ref)), 4, 1) as [JaxArray, JaxArray, JaxArray, JaxArray]
    c = nn
      .sigmoid(f)
      .mul(c)
      .add(nn.sigmoid(i).mul(np.tanh(g)))
    h = nn.sigmoid(o).mul(np.tanh(c.ref))
    if (gives.includes('y')) states.push(h.ref)
  }
  weights.dispose()
  const answers: Answers = { hT: h, cT: c, ...(gives.includes('y') ? { y: np.stack(states) } : {}) }
  return answers
}

const ops: Readonly<Record<string, (asked: Asked) => Answers>> = {
  conv2d,
  maxPool2d,
  batchNormTraining,
  lstm,
  dense: ({ jax, take, has }) => {
    const y = jax.numpy.matmul(take('x'), take('w').transpose())
    return { y: has('b') ? y.add(take('b')) : y }
  },
  relu: ({ jax, take }) => ({ y: jax.nn.relu(take('x')) }),
  sigmoid: ({ jax, take }) => ({ y: jax.nn.sigmoid(take('x')) }),
  tanh: ({ jax, take }) => ({ y: jax.numpy.tanh(take('x')) }),
  add: ({ take }) => ({ y: take('a').add(take('b')) }),
  mul: ({ take }) => ({ y: take('a').mul(take('b')) }),
  flatten: ({ take, shape }) => ({ y: take('x').reshape([shape('x')[0] as number, -1]) }),
  globalAvgPool: ({ jax, take }) => ({ y: jax.numpy.mean(take('x'), [2, 3]) }),
  avgPool2d: ({ jax, attrs, take }) => {
    const { window, stride, padding, ceilMode } = attrs as AttrsOf<'avgPool2d'>
    if (ceilMode || !isZero(padding)) return noWords('avgPool2d with padding or ceilMode')
    return { y: jax.lax.reduceWindow(take('x'), (part) => jax.numpy.mean(part), [...window], [...stride]) }
  },
  batchNormInference: ({ jax, attrs, take, shape }) => {
    const { epsilon } = attrs as AttrsOf<'batchNormInference'>
    const axes = spatial(shape('x'))
    const channels = shape('x')[1] as number
    const scale = take('gamma').div(jax.numpy.sqrt(take('runningVar').add(epsilon)))
    const shift = take('beta').sub(take('runningMean').mul(scale.ref))
    return {
      y: take('x')
        .mul(perChannel(scale, channels, axes))
        .add(perChannel(shift, channels, axes)),
    }
  },
  softmaxCrossEntropy: ({ jax, attrs, take }) => {
    const { reduction } = attrs as AttrsOf<'softmaxCrossEntropy'>
    const rows = jax.numpy.sum(take('target').mul(jax.nn.logSoftmax(take('logits'))), 1).mul(-1)
    return reduction === 'none'
      ? { loss: rows }
      : { loss: reduction === 'mean' ? jax.numpy.mean(rows) : jax.numpy.sum(rows) }
  },
}

/** A node with its attributes; those that are fed stand as 1, and are read of the feeds where they are used. */
type Step = readonly [ProgramNode, Attributes]

/** Runs nodes forward on values by name, which it takes over, and answers the named ones. */
const runForward = (
  jax: Jax,
  steps: readonly Step[],
  given: Values,
  shapes: Readonly<Record<string, Shape>>,
  answered: readonly string[],
): Values => {
  const values: Record<string, JaxArray> = { ...given }
  const uses = usesOf(
    steps.map(([node]) => node),
    answered,
  )
  for (const [node, attrs] of steps) {
    const op = ops[node.op] ?? noWords(node.op)
    const answers = op({
      jax,
      attrs,
      take: (name) => (values[node.inputs[name] as string] as JaxArray).ref,
      has: (name) => node.inputs[name] !== undefined,
      shape: (name) => shapes[node.inputs[name] as string] as Shape,
      gives: Object.entries(node.outputs).flatMap(([output, value]) => (uses.has(value) ? [output] : [])),
    })
    const named = new Set<string>()
    for (const [output, value] of Object.entries(node.outputs)) {
      const answer = answers[output]
      if (answer === undefined) {
        if (uses.has(value)) noWords(`${node.op}'s ${output}`)
        continue
      }
      values[value] = answer
      named.add(output)
    }
    for (const [output, answer] of Object.entries(answers)) if (!named.has(output)) answer.dispose()
  }
  const found = Object.fromEntries(
    answered.map((name) => [name, (values[name] ?? noWords(`the value ${name}`)).ref] as const),
  )
  for (const value of Object.values(values)) value.dispose()
  return found
}

const fedAttribute = (node: ProgramNode, name: string): string | undefined => {
  const value = node.attrs[name]
  return typeof value === 'object' && 'feed' in value ? value.feed : undefined
}

/** One update by the formulas of `sgd` and `momentum`. */
const updated = ([node, attrs]: Step, take: (value: string) => JaxArray): Values => {
  const { momentum = 0, nesterov = false, weightDecay = 0, learningRate } = attrs as Partial<AttrsOf<'momentum'>>
  if (node.op !== 'sgd' && node.op !== 'momentum') return noWords(node.op)
  const rate = fedAttribute(node, 'learningRate')
  const times = (value: JaxArray): JaxArray => value.mul(rate === undefined ? (learningRate as number) : take(rate))
  const w = (): JaxArray => take(node.inputs['w'] as string)
  const own = take(node.inputs['g'] as string)
  const g = weightDecay === 0 ? own : own.add(w().mul(weightDecay))
  if (node.op === 'sgd') return { [node.outputs['w'] as string]: w().sub(times(g)) }
  const velocity = take(node.inputs['velocity'] as string)
    .mul(momentum)
    .add(g.ref)
  const step = nesterov ? g.add(velocity.ref.mul(momentum)) : (g.dispose(), velocity.ref)
  return { [node.outputs['w'] as string]: w().sub(times(step)), [node.outputs['velocity'] as string]: velocity }
}

/** The whole program as one function of its inputs, which it takes over. */
const functionOf =
  (
    jax: Jax,
    { forward, gradient, updates }: Reading,
    shapes: Readonly<Record<string, Shape>>,
    attributes: ReadonlyMap<ProgramNode, Attributes>,
    answered: readonly string[],
  ) =>
  (inputs: Record<string, JaxArray>): Record<string, JaxArray> => {
    const stepsOf = (nodes: readonly ProgramNode[]): readonly Step[] =>
      nodes.map((node) => [node, attributes.get(node) as Attributes])
    const steps = stepsOf(forward)
    const produced = new Set(forward.flatMap(({ outputs }) => Object.values(outputs)))
    const fromForward = [...new Set(answered.filter((name) => produced.has(name)))]
    const known: Record<string, JaxArray> = { ...inputs }
    if (gradient === undefined)
      Object.assign(
        known,
        fromForward.length === 0
          ? {}
          : runForward(
              jax,
              steps,
              Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, value.ref])),
              shapes,
              fromForward,
            ),
      )
    else {
      const primals = Object.keys(gradient.to)
      const read = new Set(forward.flatMap((node) => Object.values(node.inputs)))
      const rest = Object.keys(inputs).filter((name) => read.has(name) && !primals.includes(name))
      const copies = (names: readonly string[]): Record<string, JaxArray> =>
        Object.fromEntries(names.map((name) => [name, (inputs[name] as JaxArray).ref]))
      const weighted = (
        learned: Record<string, JaxArray>,
        others: Record<string, JaxArray>,
        cotangent: JaxArray,
      ): [JaxArray, Record<string, JaxArray>] => {
        const { [gradient.of]: of, ...aux } = runForward(jax, steps, { ...learned, ...others }, shapes, [
          ...new Set([gradient.of, ...fromForward]),
        ])
        const value = (of as JaxArray).ref
        const kept = fromForward.includes(gradient.of) ? { ...aux, [gradient.of]: (of as JaxArray).ref } : aux
        ;(of as JaxArray).dispose()
        return [jax.numpy.sum(value.mul(cotangent)), kept]
      }
      // its types do not follow a tree of arrays through the gradient
      const both: [[JaxArray, Record<string, JaxArray>], Record<string, JaxArray>] = jax.valueAndGrad(weighted, {
        argnums: 0,
        hasAux: true,
      })(copies(primals), copies(rest), (inputs[gradient.cotangent] as JaxArray).ref)
      const [[value, aux], grads] = both
      value.dispose()
      Object.assign(
        known,
        aux,
        Object.fromEntries(primals.map((name) => [gradient.to[name] as string, grads[name] as JaxArray])),
      )
    }
    for (const step of stepsOf(updates))
      Object.assign(
        known,
        updated(step, (value) => (known[value] as JaxArray).ref),
      )
    const found = Object.fromEntries(
      answered.map((name) => [name, (known[name] ?? noWords(`the value ${name}`)).ref] as const),
    )
    for (const value of Object.values(known)) value.dispose()
    return found
  }

/** A program compiled for the values that are asked of it. */
interface Compiled {
  readonly run: (inputs: Record<string, JaxArray>) => Record<string, JaxArray>
}

/** Sessions of the library on a device that it was started for. */
export const residentJaxJs = (
  jax: Jax,
  device: 'cpu' | 'wasm' | 'webgpu',
  about: Pick<Backend, 'name' | 'fingerprint' | 'supports'>,
): Backend => {
  const flat = new WeakMap<Tensor, Float32Array>()
  const arrayOf = (tensor: Tensor): JaxArray => {
    const data = flat.get(tensor) ?? inFloat32(tensor)
    flat.set(tensor, data)
    return jax.numpy.array(data, {
      shape: [...tensor.shape],
      dtype: jax.numpy.float32,
    })
  }
  const arraysOf = (tensors: Tensors): Record<string, JaxArray> =>
    Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, arrayOf(value)]))

  const compiled = (program: Program, answered: readonly string[]): Result<Compiled> =>
    F.pipe(
      E.Do,
      E.bind('checked', () => checkProgram(program)),
      E.bind('reading', () => readingOf(program)),
      E.bind('attributes', ({ reading: { forward, updates } }) => {
        const stand: Tensors = Object.fromEntries(
          attributeFeeds(program).map((name) => [name, { shape: [], data: [1] }]),
        )
        return F.pipe(
          [...forward, ...updates],
          E.traverseArray((node) => E.map((attrs: Attributes) => [node, attrs] as const)(nodeAttributes(node, stand))),
          E.map((all) => new Map(all)),
        )
      }),
      E.map(({ checked: { shapes }, reading, attributes }) => ({
        run: jax.jit(functionOf(jax, reading, shapes, attributes, answered)),
      })),
    )

  const open = (own: Program, first: Tensors) => async (): Promise<Result<Session>> => {
    jax.defaultDevice(device)
    const carried = Object.entries(own.carry)
    const moving = carried.filter(([name, value]) => name !== value)
    const state = arraysOf(first)
    const known = new Map<Program, Map<string, Result<Compiled>>>()
    const compiledOnce = (program: Program, answered: readonly string[]): Result<Compiled> => {
      const ofProgram = known.get(program) ?? new Map<string, Result<Compiled>>()
      const key = JSON.stringify(answered)
      const one = ofProgram.get(key) ?? compiled(program, answered)
      ofProgram.set(key, one)
      known.set(program, ofProgram)
      return one
    }

    /*
     * Arrays are promises of work that is handed in when somebody waits for them. Nobody looks at the values of a run that
     * answers nothing, so that they are waited for here, each run's while the next one is being written down.
     */
    let inFlight: Promise<unknown> = Promise.resolve()
    const handedIn = async (values: Values): Promise<void> => {
      const before = inFlight
      const done = jax.blockUntilReady({ ...values }).then(() => {
        for (const value of Object.values(values)) value.dispose()
      })
      inFlight = done
      // whoever waits for it next hears of it
      done.catch(() => undefined)
      await before
    }

    const readBack = async (values: Values, names: readonly string[]): Promise<Tensors> => {
      const read: [string, Tensor][] = []
      for (const name of names) {
        const value = values[name] as JaxArray
        read.push([name, { shape: [...value.shape], data: (await value.ref.data()) as Float32Array }])
      }
      return Object.fromEntries(read)
    }

    /** What is watched, brought back; where nothing is, the values are handed in and not waited for. */
    const watched = async (values: Values, watch: readonly string[]): Promise<Tensors> => {
      if (watch.length === 0) {
        await handedIn(values)
        return {}
      }
      await inFlight
      const answer = await readBack(values, watch)
      for (const value of Object.values(values)) value.dispose()
      return answer
    }

    // what is not carried on, or is read by others too, is kept by a reference
    const inputsOf = (program: Program, feeds: Tensors): Record<string, JaxArray> => ({
      ...Object.fromEntries(
        Object.keys(program.inputs)
          .filter((name) => !(name in feeds))
          .map((name) => [name, (state[name] ?? noWords(`the input ${name}`)).ref]),
      ),
      ...arraysOf(feeds),
    })

    const run = async (program: Program, feeds: Tensors, watch: readonly string[]): Promise<Result<Tensors>> => {
      jax.defaultDevice(device)
      const answered = watch.length > 0 ? watch : program.outputs
      const one = compiledOnce(program, answered)
      if (E.isLeft(one)) return one
      return answering(async () => watched(one.right.run(inputsOf(program, feeds)), watch))
    }

    const step = async (feeds: Tensors, watch: readonly string[]): Promise<Result<Tensors>> => {
      jax.defaultDevice(device)
      const answered = [...new Set([...watch, ...own.outputs, ...moving.map(([, value]) => value)])]
      const one = compiledOnce(own, answered)
      if (E.isLeft(one)) return one
      return answering(async () => {
        const values = one.right.run(inputsOf(own, feeds))
        for (const [name, value] of moving) {
          state[name]?.dispose()
          state[name] = (values[value] as JaxArray).ref
        }
        return watched(values, watch)
      })
    }

    return E.right({
      step:
        (feeds, watch = own.outputs) =>
        () =>
          step(feeds, watch),
      run:
        (program, feeds, watch = program.outputs) =>
        () =>
          run(program, feeds, watch),
      state: () =>
        answering(() =>
          readBack(
            state,
            carried.map(([name]) => name),
          ),
        ),
      close: async () => {
        await inFlight.catch(() => undefined)
        for (const value of Object.values(state)) value.dispose()
      },
    })
  }

  return {
    ...about,
    open,
    run: (program, feeds, watch) => async () => {
      const session = await open({ inputs: {}, nodes: [], outputs: [], carry: {} }, {})()
      return E.isLeft(session) ? session : session.right.run(program, feeds, watch)()
    },
    close: () => Promise.resolve(),
  }
}
