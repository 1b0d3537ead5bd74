import type { OpName } from '../../../spec/catalogue.js'
import type { NodeAttribute, ProgramNode } from '../../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../../spec/tensor.js'
import { scalar } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import { back, fed, node, program, runs, written } from './making.js'

/** Where values lie: in memory that held others before, in a part of a larger array, or kept from forward for backward. */

const pool = (window: number, stride: number) => ({ window: [window, window], stride: [stride, stride] })
const layer = (padding: readonly number[], stride: number) => ({ padding, stride: [stride, stride] })

/**
 * Gradients of which some numbers are 0 because nothing reads there, written where another value of the same size lay: the
 * second value before them is read no more, and its memory is free.
 */
export const usedMemory = (W: number, seed: string): readonly Act[] => {
  const x: Shape = [1, W, 8, 8]
  const gradients: readonly (readonly [
    op: OpName,
    attrs: Readonly<Record<string, NodeAttribute>>,
    dy: string,
    w?: string,
  ])[] = [
    ['maxPool2d', pool(2, 3), 'of 3 by 3'],
    ['maxPool2d', pool(3, 1), 'of 6 by 6'],
    ['maxPool2d', pool(2, 2), 'of 4 by 4'],
    ['maxPool2d', pool(3, 2), 'of 3 by 3'],
    ['avgPool2d', pool(2, 3), 'of 3 by 3'],
    ['avgPool2d', pool(2, 2), 'of 4 by 4'],
    ['conv2d', layer([0, 0, 0, 0], 3), 'of 3 by 3', 'w of 2 by 2'],
    ['conv2d', layer([0, 0, 0, 0], 2), 'of 4 by 4', 'w of 1 by 1'],
    ['conv2d', layer([1, 1, 1, 1], 2), 'of 4 by 4', 'w of 3 by 3'],
    ['relu', {}, 'of 8 by 8'],
  ]
  const chains = gradients.flatMap(([op, attrs, dy, w], at): readonly ProgramNode[] => {
    const [name, before, between] = [`${op} ${at}`, `before ${at}`, `between ${at}`]
    return [
      node(before, 'conv2d', { x: 'x', w: 'w of 1 by 1' }),
      node(between, 'conv2d', { x: before, w: 'w of 1 by 1' }),
      back(name, op, { x: between, ...(w === undefined ? {} : { w }) }, { y: dy }, attrs),
    ]
  })
  return runs(
    program(
      {
        x,
        'of 3 by 3': [1, W, 3, 3],
        'of 4 by 4': [1, W, 4, 4],
        'of 6 by 6': [1, W, 6, 6],
        'of 8 by 8': x,
        'w of 1 by 1': [W, W, 1, 1],
        'w of 2 by 2': [W, W, 2, 2],
        'w of 3 by 3': [W, W, 3, 3],
      },
      // the turned ones as well: what a step leaves out of an image forward
      [
        ...chains,
        node('before turned', 'conv2d', { x: 'x', w: 'w of 1 by 1' }),
        node('small', 'maxPool2d', { x: 'before turned' }, pool(2, 2)),
        node('turned', 'convTranspose2d', { x: 'small', w: 'w of 1 by 1' }, { stride: [2, 2], outputPadding: [1, 1] }),
      ],
      [...gradients.map(([op], at) => `${op} ${at}`), 'turned'],
    ),
    seed,
  )
}

/** The same tensor as a part of a larger array, with other numbers before and behind it. */
const within = ({ shape, data }: Tensor): Tensor => {
  const [before, behind] = [4, 3]
  const larger = new Float32Array(before + data.length + behind).fill(7)
  larger.set(data, before)
  return { shape, data: larger.subarray(before, before + data.length) }
}

export const partsOfArrays = (W: number, seed: string): readonly Act[] => {
  const of = program(
    { x: [2, W], w: [W, W], b: [W], other: [2, W] },
    [
      node('h', 'dense', { x: 'x', w: 'w', b: 'b' }),
      node('sum', 'add', { a: 'h', b: 'other' }),
      node('copied', 'reshape', { x: 'other' }, { shape: [W, 2] }),
    ],
    ['sum', 'copied'],
  )
  const partsOf = (feeds: Tensors): Tensors =>
    Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, within(tensor)]))
  return runs(of, seed).map((act): Act => ('feeds' in act ? { ...act, feeds: partsOf(act.feeds) } : act))
}

/** Statistics of as many channels as several workgroups take, made forward and read backward, by an ε that is fed. */
export const keptStatistics = (W: number, seed: string): readonly Act[] => {
  const C = 22 * W
  const inputs = { x: 'x', gamma: 'gamma', beta: 'beta', runningMean: 'mean', runningVar: 'var' }
  const norm = (name: string, epsilon: NodeAttribute): readonly ProgramNode[] => [
    node(name, 'batchNormTraining', inputs, { epsilon }),
    back(
      `d ${name}`,
      'batchNormTraining',
      inputs,
      { y: 'dy' },
      { epsilon },
      {
        x: `dx of ${name}`,
        gamma: `d gamma of ${name}`,
        beta: `d beta of ${name}`,
      },
    ),
  ]
  const channels = ['gamma', 'beta', 'mean', 'var'] as const
  const of = program(
    { x: [2, C, 6, 6], dy: [2, C, 6, 6], ...Object.fromEntries(channels.map((name) => [name, [C]])), epsilon: [] },
    [...norm('fixed', 0.5), ...norm('varied', { feed: 'epsilon' })],
    ['d gamma of fixed', 'dx of fixed', 'd gamma of varied', 'dx of varied'],
  )
  const own = (turn: number): Tensors => fed(of.inputs, ['x', 'dy', ...channels.slice(0, 3)], `${seed} ${turn}`)
  const feeds = [1, 0.0625, 8, 1].map((epsilon, turn): Tensors => ({
    ...own(turn),
    // a variance is no less than 0
    var: { shape: [C], data: Float32Array.from({ length: C }, (_, c) => 1 + (c % 3)) },
    epsilon: scalar(epsilon),
  }))
  return [
    { what: 'run', program: of, feeds: feeds[0] as Tensors, watch: written(of) },
    { what: 'open', session: 'one', program: of, state: {} },
    ...feeds.map((each): Act => ({ what: 'step', session: 'one', feeds: each })),
    ...feeds.map((each): Act => ({ what: 'step', session: 'one', feeds: each, watch: written(of) })),
  ]
}
