import type { OpName } from '../../../spec/catalogue.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Act } from '../scenario.js'
import type { Attrs, Named, Shapes } from './making.js'
import { back, inRuns, inSteps, node, reading } from './making.js'
import type { Optimizer } from './optimizers.js'
import { carryOf, keptOf, keptShapes, next, optimizers, update } from './optimizers.js'

/** Nodes that are nearly made together: updates carried in part, inputs that change places, values that are read beside another. */

/** Two updates of one kind and what they read, of which not all is carried, or to another place, or is read in between. */
export const partlyCarried = (W: number, seed: string): readonly Act[] =>
  Object.values(optimizers).flatMap((kind: Optimizer, i) => {
    const given: Shapes = { g: [2, W], c: [2, W], w: [2, W], u: [2, W] }
    const shapes: Shapes = { ...given, ...keptShapes(kind, ['w', 'u'], given) }
    const gradients = [node('g1', 'relu', { x: 'g' }), node('g2', 'add', { a: 'g', b: 'c' })]
    const [first, second] = [update(kind, 'w', 'g1'), update(kind, 'u', 'g2')]
    const all: Named = { ...carryOf(first), ...carryOf(second) }
    const only = (which: (name: string) => boolean): Named =>
      Object.fromEntries(Object.entries(all).filter(([name]) => which(name)))
    const isWeight = (name: string): boolean => ['w', 'u'].includes(name)
    const both = [...gradients, first, second]
    const answers = Object.values(all)
    // what is not read is no state
    const program = (nodes: readonly ProgramNode[], carry: Named, outputs: readonly string[] = answers): Program => {
      const { inputs } = reading(shapes, nodes)
      return reading(shapes, nodes, outputs, Object.fromEntries(Object.entries(carry).filter(([name]) => name in inputs))) // prettier-ignore
    }
    const kept = Object.entries(keptOf(kind, 'w')).filter(([slot]) => slot !== 'step')
    // no less than 0, and exact, so that all behind it is judged
    const madeFor = (w: string): Named => Object.fromEntries(kept.map(([slot]) => [slot, `made ${slot} of ${w}`]))
    const makers = kept.flatMap(([slot]) => [
      node(`made ${slot} of w`, 'relu', { x: 'c' }),
      node(`made ${slot} of u`, 'mul', { a: 'c', b: 'c' }),
    ])
    const readLater = Object.values(first.outputs).filter((name) => !name.includes('steps'))
    return [
      program(both, only(isWeight)),
      program(
        both,
        only((name) => !isWeight(name)),
      ),
      program(
        both,
        only((name) => name.endsWith('w')),
      ),
      program(both, { ...only((name) => name !== 'u'), u: next('w') }),
      program(both, { ...all, w: next('u'), u: next('w') }),
      // a weight that is no state becomes one
      program([...gradients, update(kind, 'w', 'g1', {}, { w: 'c' }), second], { ...only((name) => name !== 'w'), u: next('w') }), // prettier-ignore
      program([...gradients, update(kind, 'w', 'g1', {}, { w: 'c' }), second], { u: next('u'), w: next('w') }),
      // what it keeps is made, and answered
      ...(kept.length === 0
        ? []
        : [
            program(
              [
                ...gradients,
                ...makers,
                update(kind, 'w', 'g1', {}, madeFor('w')),
                update(kind, 'u', 'g2', {}, madeFor('u')),
              ],
              only(isWeight),
            ),
          ]),
      // each thing that the first makes is read before the second
      ...readLater.map((name) => program([...gradients, first, node('y', 'relu', { x: name }), second], all, ['y'])),
      ...readLater.map((name) =>
        program([...gradients, first, node('y', 'add', { a: name, b: 'g2' }), second], only(isWeight), [
          'y',
          ...answers,
        ]),
      ),
    ].flatMap((of, turn) => inSteps(of, `${seed} ${i} ${turn}`))
  })

/** Forward and backward of one op of the same values, of which two have changed places. */
export const changedPlaces = (W: number, seed: string): readonly Act[] => {
  const rows: Shapes = { 'share a': [3, W], 'share b': [3, W], pull: [], dy: [3, W] }
  const maps: Shapes = { a: [2, W, 2, 3], b: [2, W, 2, 3], dy: [2, W, 2, 3] }
  const [a, b] = ['share a', 'share b']
  const losses = (
    [
      ['mse', 'prediction'],
      ['bceWithLogits', 'logits'],
      ['softmaxCrossEntropy', 'logits'],
      ['hinge', 'scores'],
    ] as const
  ).map(([op, slot]): readonly ProgramNode[] => [
    node(`${op} there`, op, { [slot]: a, target: b }),
    back(`${op} back`, op, { [slot]: b, target: a }, { loss: 'pull' }, {}, { [slot]: `${op} back` }),
    node(`${op} the other way`, op, { [slot]: b, target: a }),
  ])
  const products = ['a', 'b'].flatMap((of): readonly ProgramNode[] => [
    node(`product ${of}`, 'mul', { a: of, b: of === 'a' ? 'b' : 'a' }),
    back(
      `product back ${of}`,
      'mul',
      { a: of === 'a' ? 'b' : 'a', b: of },
      { y: 'dy' },
      {},
      { a: `product back ${of}` },
    ),
    node(`join ${of}`, 'concat', { x0: of, x1: of === 'a' ? 'b' : 'a' }, { axis: 1 }),
  ])
  const norm = (gamma: string, beta: string, mean: string) => ({ x: 'x', gamma, beta, runningMean: mean, runningVar: 'variance' }) // prettier-ignore
  const norms: readonly ProgramNode[] = [
    node('norm', 'batchNormTraining', norm('p', 'q', 'r')),
    back('norm back', 'batchNormTraining', norm('q', 'p', 'r'), { y: 'dy' }, {}, { x: 'norm back', gamma: 'dp', beta: 'dq' }), // prettier-ignore
    node('known norm', 'batchNormInference', norm('q', 'r', 'p')),
    node('known norm too', 'batchNormInference', norm('r', 'q', 'p')),
  ]
  const square: Shapes = { x: [W, W], w: [W, W], h: [W, W], dy: [W, W], b: [W] }
  const layers: readonly ProgramNode[] = [
    node('dense', 'dense', { x: 'x', w: 'w' }),
    back('dense back', 'dense', { x: 'w', w: 'x' }, { y: 'dy' }, {}, { x: 'dense back', w: 'dw' }),
    node('dense of the other', 'dense', { x: 'w', w: 'x' }),
    node('cell', 'rnnCell', { x: 'x', h: 'h', wIh: 'w', wHh: 'h', b: 'b' }),
    node('cell of the other', 'rnnCell', { x: 'h', h: 'x', wIh: 'w', wHh: 'h', b: 'b' }),
    node('cell by other weights', 'rnnCell', { x: 'x', h: 'h', wIh: 'h', wHh: 'w', b: 'b' }),
  ]
  return [
    ...losses.flatMap((nodes, i) => inRuns(reading(rows, nodes), `${seed} ${i}`, 1)),
    ...inRuns(reading(maps, products), `${seed} maps`, 1),
    ...inRuns(reading({ x: [4, W], dy: [4, W], p: [W], q: [W], r: [W], variance: [W] }, norms), `${seed} norms`, 1),
    ...inRuns(reading(square, layers), `${seed} square`, 1),
  ]
}

/** A value that one formula reads beside what it is made one with, and over which another is made; before it and behind it. */
export const readBeside = (W: number, seed: string): readonly Act[] => {
  const shapes: Shapes = { x: [3, W], w: [W, W], z: [3, W] }
  const unitOf = (name: string, op: 'relu' | 'mul' | 'add', g: string): ProgramNode =>
    node(name, op, op === 'relu' ? { x: g } : { a: g, b: 'z' })
  const makers: readonly (readonly [OpName, Named])[] = [
    ['dense', { x: 'x', w: 'w' }],
    ['mul', { a: 'x', b: 'z' }],
    ['add', { a: 'z', b: 'x' }],
    ['relu', { x: 'x' }],
  ]
  const nodes = makers.flatMap(([op, inputs], i) =>
    (['relu', 'mul', 'add'] as const).flatMap((unit) =>
      (['add', 'mul'] as const).flatMap((joint) =>
        [true, false].flatMap((later): readonly ProgramNode[] => {
          const name = `${i} ${unit} ${joint} ${later ? 'later' : 'before'}`
          const g = `${name}, g`
          const own = unitOf(`${name}, own`, unit, g)
          return [
            node(g, op, inputs),
            node(`${name}, h`, 'relu', { x: 'x' }),
            ...(later ? [] : [own]),
            node(`${name}, y`, 'dense', { x: `${name}, h`, w: 'w' }),
            node(`${name}, both`, joint, later ? { a: `${name}, y`, b: g } : { a: g, b: `${name}, y` }),
            ...(later ? [own] : []),
          ]
        }),
      ),
    ),
  )
  // one by one: what is watched or read elsewhere is not made one
  return Array.from({ length: makers.length * 12 }, (_, at) => nodes.slice(at * 5, at * 5 + 5)).flatMap((one, i) =>
    inRuns(reading(shapes, one), `${seed} ${i}`, 1).toReversed(),
  )
}

/** Losses of more rows than go into a small binding, there and back at once, by every reduction. */
export const manyLosses = (_: number, seed: string): readonly Act[] =>
  (
    [
      ['softmaxCrossEntropy', 'logits'],
      ['bceWithLogits', 'logits'],
      ['mse', 'prediction'],
      ['hinge', 'scores'],
    ] as const
  ).flatMap(([op, slot]) =>
    (['none', 'mean', 'sum'] as const).flatMap((reduction) =>
      [
        [40, 7],
        [100, 10],
      ].flatMap(([N = 1, C = 1]) => {
        if (reduction === 'sum' && N === 40) return []
        const each = op === 'softmaxCrossEntropy' || op === 'hinge' ? [N] : [N, C]
        const attrs: Attrs = { reduction }
        const of = reading(
          { x: [N, C], share: [N, C], pull: reduction === 'none' ? each : [] },
          [
            node('loss', op, { [slot]: 'x', target: 'share' }, attrs),
            back('dx', op, { [slot]: 'x', target: 'share' }, { loss: 'pull' }, attrs, { [slot]: 'dx' }),
          ],
          ['loss', 'dx'],
        )
        return inRuns(of, `${seed} ${op} ${reduction} ${N}`, 1).slice(1)
      }),
    ),
  )
