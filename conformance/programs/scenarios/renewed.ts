import { differentiate } from '../../../spec/differentiate.js'
import { getOrThrow } from '../../../spec/error.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import { scalar } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import { images } from './behind.js'
import type { Shapes } from './making.js'
import { back, feedsByName, inSteps, node, program, reading, written } from './making.js'
import type { Optimizer } from './optimizers.js'
import { keptOf, keptShapes, next, optimizers, update } from './optimizers.js'

/** States that are read, fed to and looked at while they are renewed: between a gradient and its update, and between two updates. */

const kinds = { sgd: optimizers.sgd, momentum: optimizers.momentum, adam: optimizers.adam }

/** A program that carries every state that it renews. */
const renewing = (inputs: Shapes, nodes: readonly ProgramNode[], outputs: readonly string[]): Program => {
  const of = reading(inputs, nodes, outputs)
  const made = new Set(written(of))
  return {
    ...of,
    carry: Object.fromEntries(
      Object.keys(of.inputs).flatMap((name) => (made.has(next(name)) ? [[name, next(name)]] : [])),
    ),
  }
}

/** What stands between gradients and their updates, or between two updates, and reads what one of them renews. */
export const readBetween = (W: number, seed: string): readonly Act[] => {
  const shapes: Shapes = { x: [3, W], w: [4, W], u: [4, W], c: [3, 4], dy: [3, 4], dz: [3, 4], one: [], g: [3, 4] }
  const gradient = (of: string, dy: string): ProgramNode =>
    back(`d${of}`, 'dense', { x: 'x', w: of }, { y: dy }, {}, { w: `d${of}` })
  const read = (w: string): ProgramNode => node('y', 'dense', { x: 'x', w })
  const both = [gradient('w', 'dy'), gradient('u', 'dz')]
  const programs = Object.values(kinds).flatMap((kind: Optimizer): readonly Program[] => {
    const all: Shapes = { ...shapes, ...keptShapes(kind, ['w', 'u', 'c'], shapes) }
    const [w, u] = [update(kind, 'w', 'dw'), update(kind, 'u', 'du')]
    const states = Object.values(keptOf(kind, 'w')).filter((name) => !name.startsWith('steps'))
    return [
      // of what the second has not renewed yet, of what the first has, and behind both
      renewing(all, [...both, w, read('u'), u], ['y']),
      renewing(all, [...both, w, read(next('w')), u], ['y']),
      renewing(all, [gradient('w', 'dy'), read('u'), gradient('u', 'dz'), u, w], ['y']),
      renewing(all, [...both, w, u, read('u')], ['y']),
      // what it keeps, read between the gradient and the update
      ...states.map((state) => renewing(all, [gradient('w', 'dy'), node('y', 'l2Penalty', { w: state }, { beta: 0.5 }), w], ['y'])), // prettier-ignore
      // the state as a cotangent
      renewing(
        all,
        [update(kind, 'c', 'g'), back('y', 'mul', { a: 'g', b: 'dz' }, { y: 'c' }, {}, { a: 'y' }), gradient('w', 'c')],
        ['y', 'dw'],
      ),
    ]
  })
  const counted: Shapes = { ...shapes, ...keptShapes(kinds.adam, ['w'], shapes) }
  const counting = [
    gradient('w', 'dy'),
    node('counted', 'add', { a: 'steps of w', b: 'one' }),
    node('update of w', 'adam', { w: 'w', g: 'dw', m: 'm of w', v: 'variance of w', step: 'counted' }, kinds.adam.attrs, { w: next('w'), m: next('m of w'), v: next('variance of w'), step: next('steps of w') }), // prettier-ignore
  ]
  return [
    ...programs.flatMap((of, i) => inSteps(of, `${seed} ${i}`)),
    ...inSteps(renewing(counted, counting, [next('w')]), `${seed} counted`, { one: scalar(1) }),
  ]
}

/** Statistics that two norms renew after each other, read back, and by a norm that knows them, before and after they are renewed. */
export const normsRenewed = (W: number, seed: string): readonly Act[] => {
  const shapes: Shapes = {
    x: [4, W],
    z: [4, W],
    dy: [4, W],
    gamma: [W],
    beta: [W],
    mean: [W],
    variance: [W],
  }
  const attrs = { momentum: 0.25, epsilon: 0.125 }
  const norm = (name: string, x: string, mean: string, variance: string, out: readonly [string, string]): ProgramNode => // prettier-ignore
    node(name, 'batchNormTraining', { x, gamma: 'gamma', beta: 'beta', runningMean: mean, runningVar: variance }, attrs, { y: name, runningMean: out[0], runningVar: out[1] }) // prettier-ignore
  const known = (name: string, x: string, mean: string, variance: string): ProgramNode =>
    node(name, 'batchNormInference', { x, gamma: 'gamma', beta: 'beta', runningMean: mean, runningVar: variance }, { epsilon: 0.125 }) // prettier-ignore
  const last = [next('mean'), next('variance')] as const
  const dx = back('dx', 'batchNormTraining', { x: 'x', gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'variance' }, { y: 'dy' }, attrs, { x: 'dx', gamma: 'dgamma', beta: 'dbeta' }) // prettier-ignore
  const nets: readonly (readonly ProgramNode[])[] = [
    [norm('one', 'x', 'mean', 'variance', ['mean 1', 'variance 1']), norm('two', 'z', 'mean 1', 'variance 1', last)],
    [norm('one', 'x', 'mean', 'variance', ['mean 1', 'variance 1']), node('cut', 'relu', { x: 'one' }), norm('two', 'cut', 'mean 1', 'variance 1', last)], // prettier-ignore
    [norm('one', 'x', 'mean', 'variance', last), dx, known('by the old', 'z', 'mean', 'variance')],
    [norm('one', 'x', 'mean', 'variance', last), known('by the new', 'z', ...last), dx],
    [known('by the old', 'z', 'mean', 'variance'), norm('one', 'x', 'mean', 'variance', last), dx],
  ]
  return nets.flatMap((nodes, i) => {
    const read = new Set(nodes.flatMap(({ inputs }) => Object.values(inputs)))
    const outputs = nodes.flatMap((one) => Object.values(one.outputs)).filter((value) => !read.has(value) || value === 'one') // prettier-ignore
    return inSteps(renewing(shapes, nodes, outputs), `${seed} ${i}`)
  })
}

/** Updates at rates of which each is fed by itself, and by constants that differ, of weights of several sizes. */
export const manyRates = (W: number, seed: string): readonly Act[] => {
  const shapes: Shapes = {
    x: [3, W],
    w: [4, W],
    u: [4, W],
    p: [4, W],
    q: [50, W],
    dy: [3, 4],
    dz: [3, 4],
    far: [3, 50],
  }
  const gradient = (of: string, dy: string): ProgramNode =>
    back(`d${of}`, 'dense', { x: 'x', w: of }, { y: dy }, {}, { w: `d${of}` })
  const gradients = [gradient('w', 'dy'), gradient('u', 'dz'), gradient('p', 'dy'), gradient('q', 'far')]
  return Object.values(kinds).flatMap((kind: Optimizer, i) => {
    const all: Shapes = { ...shapes, rate: [], 'other rate': [], ...keptShapes(kind, ['w', 'u', 'p', 'q'], shapes) }
    const outputs = ['w', 'u', 'p', 'q'].map(next)
    const fed = [
      ...gradients,
      update(kind, 'w', 'dw', { learningRate: { feed: 'rate' } }),
      update(kind, 'u', 'du', { learningRate: { feed: 'other rate' } }),
      update(kind, 'p', 'dp', { learningRate: { feed: 'rate' } }),
      update(kind, 'q', 'dq', { learningRate: { feed: 'other rate' } }),
    ]
    const constant = [
      ...gradients,
      update(kind, 'w', 'dw'),
      update(kind, 'u', 'du'),
      update(kind, 'q', 'dq', { learningRate: 0.25 }),
      update(kind, 'p', 'dp', { learningRate: 0.25 }),
    ]
    const program = renewing(all, fed, outputs)
    const names = Object.keys(program.inputs).filter((name) => !(name in program.carry) && !name.endsWith('rate'))
    const rates = [
      [0.5, 0.25],
      [0.25, 0.25],
      [0.25, 1],
    ] as const
    return [
      {
        what: 'open' as const,
        session: `${seed} fed`,
        program,
        state: feedsByName(program, seed, Object.keys(program.carry)),
      },
      ...rates.map(([rate, other], turn): Act => ({
        what: 'step',
        session: `${seed} fed`,
        feeds: { ...feedsByName(program, `${seed} ${turn}`, names), rate: scalar(rate), 'other rate': scalar(other) },
      })),
      { what: 'state' as const, session: `${seed} fed` },
      ...inSteps(renewing(all, constant, outputs), `${seed} ${i} constant`),
    ]
  })
}

/** Other programs on a state: with numbers that are fed, in other shapes, and by turns; and steps ahead at rates that change. */
export const lookedAt = (W: number, seed: string): readonly Act[] => {
  const step = program({ w: [4, W], g: [4, W], rate: [] }, [node('w next', 'sgd', { w: 'w', g: 'g' }, { learningRate: { feed: 'rate' } })], ['w next'], { w: 'w next' }) // prettier-ignore
  const bent = program({ w: [4, W], slope: [] }, [node('made', 'add', { a: 'w', b: 'w' }), node('y', 'leakyRelu', { x: 'made' }, { alpha: { feed: 'slope' } })], ['y']) // prettier-ignore
  const scored = (N: number): Program => program({ x: [N, W], w: [4, W] }, [node('y', 'dense', { x: 'x', w: 'w' })], ['y']) // prettier-ignore
  const shaped = (axis: number): Program => program({ w: [4, W] }, [node('y', 'softmax', { x: 'w' }, { axis })], ['y'])
  const look = (of: Program, turn: number, feeds = {}): Act => ({
    what: 'run on',
    session: 'one',
    program: of,
    feeds: {
      ...feedsByName(
        of,
        `${seed} ${turn}`,
        Object.keys(of.inputs).filter((name) => name === 'x'),
      ),
      ...feeds,
    },
  })
  const stepped = (turn: number, rate: number, ahead?: number): Act => ({
    what: 'step',
    session: 'one',
    feeds: { ...feedsByName(step, `${seed} ${turn}`, ['g']), rate: scalar(rate) },
    ...(ahead === undefined ? {} : { ahead: [{ ...feedsByName(step, `${seed} ${turn + 1}`, ['g']), rate: scalar(ahead) }] }), // prettier-ignore
  })
  return [
    { what: 'open', session: 'one', program: step, state: feedsByName(step, seed, ['w']) },
    ...[0.5, 0.25, 0.125, 0.5].map((slope, turn) => look(bent, turn, { slope: scalar(slope) })),
    look(scored(2), 1),
    look(scored(3), 2),
    look(scored(2), 3),
    look(shaped(0), 4),
    look(shaped(1), 5),
    stepped(1, 0.5, 0.25),
    stepped(2, 0.25, 0.125),
    stepped(3, 0.125),
    look(bent, 6, { slope: scalar(0.25) }),
    stepped(4, 1),
    look(scored(3), 7),
    { what: 'state', session: 'one' },
  ]
}

/** Networks that give back what they read, trained by each optimizer. */
export const autoencoders = (W: number, seed: string): readonly Act[] =>
  Object.values(kinds).flatMap((kind: Optimizer, i) =>
    (['filters', 'rows'] as const).flatMap((how) => {
      const filters = how === 'filters'
      const shapes: Shapes = filters ? images(W) : { x: [4, W], w: [2, W], u: [W, 2] }
      const given: Shapes = { ...shapes, ...(filters ? { w: [2, W, 3, 3], u: [2, W, 3, 3] } : {}) }
      const around = filters ? { padding: [1, 1, 1, 1] } : {}
      const forward = reading(
        given,
        [
          node('code', filters ? 'conv2d' : 'dense', { x: 'x', w: 'w' }, around),
          node('bent', 'leakyRelu', { x: 'code' }, { alpha: 0.25 }),
          node('again', filters ? 'convTranspose2d' : 'dense', { x: 'bent', w: 'u' }, around),
          node('loss', 'mse', { prediction: 'again', target: 'x' }),
        ],
        ['loss'],
      )
      const { program: both, gradients } = getOrThrow(differentiate(forward, 'loss', ['w', 'u']))
      const inputs: Shapes = { ...both.inputs, ...keptShapes(kind, ['w', 'u'], given) }
      const nodes = [
        ...both.nodes,
        ...['w', 'u'].map((w) => update(kind, w, gradients[w] as string, { learningRate: 2 ** -10 })),
      ]
      return inSteps(renewing(inputs, nodes, ['loss', next('w'), next('u')]), `${seed} ${i} ${how}`)
    }),
  )
