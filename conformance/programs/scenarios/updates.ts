import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Shape, Tensors } from '../../../spec/tensor.js'
import { generate, scalar } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import { fed, node, opened, program } from './making.js'

/** Steps of optimizers on states in their places, which may be made together. */

/** A step of gradient descent at the rate that is fed. */
const descent = (name: string, gradient: string, weightDecay = 0): ProgramNode =>
  node(`${name}.next`, 'sgd', { w: name, g: gradient }, { learningRate: { feed: 'rate' }, weightDecay })

const carriedOn = (names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, `${name}.next`]))

// of squares and rectangles, the larger ones more than a workgroup's vectors
export const updated = [3, 36] as const

/** Steps at rates that change and come back, and the state after them. */
const atRates = (
  of: Program,
  seed: string,
  rates: readonly number[],
  more: (turn: number) => Tensors = () => ({}),
): readonly Act[] => {
  const names = Object.keys(of.inputs).filter((name) => !(name in of.carry) && name !== 'rate')
  return [
    ...rates.map((rate, turn): Act => ({
      what: 'step',
      session: 'one',
      feeds: { ...fed(of.inputs, names, `${seed} ${turn}`), rate: scalar(rate), ...more(turn) },
      // states before and after the step, and the step alone
      ...(turn % 2 === 1 ? { watch: [...Object.keys(of.carry), ...of.outputs] } : {}),
    })),
    { what: 'state', session: 'one' },
  ]
}

export const updates = (W: number, seed: string): readonly Act[] => {
  const [square, broad] = [
    [W, W],
    [W, 2 * W],
  ]
  const shapes: Readonly<Record<string, Shape>> = {
    ...Object.fromEntries(['p', 'r', 's', 't', 'u', 'v', 'k', 'l', 'm', 'o', 'b', 'c'].map((name) => [name, square])),
    ...Object.fromEntries(['q', 'n'].map((name) => [name, broad])),
    ...Object.fromEntries(['i', 'j'].map((name) => [name, [W]])),
  }
  const of = program(
    { x: square, y: square, pull: square, push: square, z: [W], far: broad, near: broad, rate: [], ...shapes },
    [
      node('xy', 'mul', { a: 'x', b: 'y' }),
      node('zz', 'mul', { a: 'z', b: 'z' }),
      node('positive', 'relu', { x: 'z' }),
      node('pulls', 'add', { a: 'positive', b: 'zz' }),
      node('both', 'mul', { a: 'far', b: 'near' }),
      node('lying', 'flatten', { x: 'both' }),
      node('fresh', 'relu', { x: 'far' }),
      node('shared', 'add', { a: 'x', b: 'y' }),
      node('xx', 'mul', { a: 'x', b: 'x' }),
      node('yy', 'mul', { a: 'y', b: 'y' }),
      node('bent', 'relu', { x: 'y' }),
      node('double', 'add', { a: 'far', b: 'far' }),
      node('chained', 'dense', { x: 'bent', w: 'x' }),
      node('cubes', 'mul', { a: 'xx', b: 'x' }),
      node('another', 'relu', { x: 'x' }),
      // alike, one of them by a gradient that is a copy
      descent('p', 'xy', 0.5),
      descent('q', 'lying', 0.5),
      // of what the second has become and of what was there before
      node('with q', 'add', { a: 'fresh', b: 'q.next' }),
      // alike, both by one gradient
      descent('r', 'shared'),
      descent('s', 'shared'),
      // one is read before the other is made
      descent('t', 'xx', 0.25),
      node('seen', 'add', { a: 't.next', b: 'x' }),
      descent('u', 'yy', 0.25),
      // by gradients that are fed
      descent('b', 'pull', 4),
      descent('c', 'push', 4),
      // by what another one has become, which is one of two as well
      descent('k', 'another', 0.125),
      descent('o', 'cubes', 0.125),
      descent('l', 'k.next', 0.75),
      descent('n', 'double', 0.75),
      // by gradients of which one is made of the other
      descent('v', 'bent', 1),
      descent('m', 'chained', 1),
      // a loss between them, of which the gradient is pulled by what the first has become
      descent('i', 'zz', 2),
      node('losses', 'softmaxCrossEntropy', { logits: 'x', target: 'y' }, { reduction: 'none' }),
      descent('j', 'positive', 2),
      {
        ...node('pulled', 'softmaxCrossEntropy', { logits: 'x', target: 'y' }, { reduction: 'none' }),
        direction: 'backward',
        cotangents: { loss: 'i.next' },
        outputs: { logits: 'pulled' },
      },
    ],
    [...Object.keys(shapes).map((name) => `${name}.next`), 'seen', 'with q', 'pulls', 'pulled'],
    carriedOn(Object.keys(shapes)),
  )
  // two programs that differ in an attribute only, on states that may lie side by side
  const looking = (alpha: number): Program =>
    program(
      { p: square, q: broad, s: square, x: square, far: broad },
      [
        node('of q', 'leakyRelu', { x: 'q' }, { alpha }),
        node('q and far', 'mul', { a: 'q', b: 'far' }),
        node('s and x', 'add', { a: 's', b: 'x' }),
        node('p and s', 'mul', { a: 'p', b: 's' }),
      ],
      ['of q', 'q and far', 's and x', 'p and s'],
    )
  const looked = (alpha: number): Act => ({
    what: 'run on',
    session: 'one',
    program: looking(alpha),
    feeds: fed(of.inputs, ['x', 'far'], `${seed} ${alpha}`),
  })
  const everything: Tensors = {
    ...fed(of.inputs, Object.keys(of.inputs), `${seed} alone`),
    rate: scalar(0.5),
  }
  return [
    // a step whose state is fed, and then those of a session
    { what: 'run', program: of, feeds: everything, watch: [...Object.keys(of.carry), ...of.outputs] },
    opened('one', of, seed),
    looked(0.5),
    ...atRates(of, seed, [0.5, 0.25, 0.25, 0.5]),
    looked(0.25),
    looked(0.5),
  ]
}

export const inPlace = (W: number, seed: string): readonly Act[] => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const square = [W, W]
  const shapes: Readonly<Record<string, Shape>> = Object.fromEntries(
    [...names, 'speed', 'before', 'twin'].map((name) => [name, square]),
  )
  const of = program(
    { x: square, y: square, rate: [], ...shapes },
    [
      node('xy', 'mul', { a: 'x', b: 'y' }),
      node('x+y', 'add', { a: 'x', b: 'y' }),
      // under another name it is read after it was renewed
      node('same a', 'flatten', { x: 'a' }),
      descent('a', 'xy', 0.5),
      node('late', 'mul', { a: 'same a', b: 'y' }),
      // by what is made of all of it
      node('through b', 'dense', { x: 'x', w: 'b' }),
      descent('b', 'through b', 0.25),
      // read between its gradient and its renewal
      node('yy', 'mul', { a: 'y', b: 'y' }),
      node('seen', 'add', { a: 'c', b: 'x' }),
      descent('c', 'yy', 0.125),
      // what it was stays in another state, or what it becomes is two
      descent('d', 'x+y', 0.375),
      descent('e', 'x+y', 0.625),
      // twice the same, and renewed by what a product comes to
      node('f.next', 'add', { a: 'f', b: 'f' }),
      node('product', 'dense', { x: 'x', w: 'y' }),
      descent('g', 'product', 0.75),
      // of two that one step renews a third is made
      node(
        'falling',
        'momentum',
        { w: 'h', g: 'xy', velocity: 'speed' },
        { learningRate: { feed: 'rate' }, momentum: 0.5 },
        { w: 'h.next', velocity: 'speed.next' },
      ),
      node('fallen', 'mul', { a: 'h.next', b: 'speed.next' }),
    ],
    [...names.map((name) => `${name}.next`), 'speed.next', 'late', 'seen', 'fallen'],
    { ...carriedOn([...names, 'speed']), before: 'd', twin: 'e.next' },
  )
  return [opened('one', of, seed), ...atRates(of, seed, [0.5, 0.25, 0.5, 0.125])]
}

export const counting = (W: number, seed: string): readonly Act[] => {
  const shapes: Readonly<Record<string, Shape>> = {
    ...Object.fromEntries(['p', 'r', 's', 't', 'u', 'v'].map((name) => [name, [W, W]])),
    q: [W, 2 * W],
  }
  const moving = ['u', 'v']
  const names = ['p', 'q', 'r', 's', 't']
  const attrs = {
    learningRate: { feed: 'rate' },
    beta1: Math.fround(0.9),
    beta2: Math.fround(0.99),
    epsilon: 2 ** -20,
    weightDecay: 0.25,
  }
  const stepOf = (name: string, op: 'adam' | 'adamw', counted: boolean): ProgramNode =>
    node(
      `update of ${name}`,
      op,
      { w: name, g: `g of ${name}`, m: `m of ${name}`, v: `v of ${name}`, step: `steps of ${name}` },
      attrs,
      {
        w: `${name}.next`,
        m: `m of ${name}.next`,
        v: `v of ${name}.next`,
        ...(counted ? { step: `steps of ${name}.next` } : {}),
      },
    )
  // three count by themselves, of two the count is fed
  const counted = ['p', 'q', 'r']
  const moments = names.flatMap((name) => [`m of ${name}`, `v of ${name}`])
  const counts = counted.map((name) => `steps of ${name}`)
  const speeds = moving.map((name) => `speed of ${name}`)
  const state = [...names, ...moving, ...moments, ...counts, ...speeds]
  const of = program(
    {
      ...shapes,
      ...Object.fromEntries(speeds.map((name) => [name, [W, W]])),
      ...Object.fromEntries(moments.map((name) => [name, shapes[name.slice(-1)] as Shape])),
      ...Object.fromEntries(names.map((name) => [`steps of ${name}`, []])),
      ...Object.fromEntries([...names, ...moving].map((name) => [`x of ${name}`, shapes[name] as Shape])),
      rate: [],
    },
    [
      ...[...names, ...moving].map((name) => node(`g of ${name}`, 'add', { a: `x of ${name}`, b: `x of ${name}` })),
      stepOf('p', 'adam', true),
      stepOf('q', 'adam', true),
      stepOf('r', 'adamw', true),
      stepOf('s', 'adam', false),
      stepOf('t', 'adam', false),
      // of one op, by other attributes
      ...moving.map((name, i) =>
        node(
          `update of ${name}`,
          'momentum',
          { w: name, g: `g of ${name}`, velocity: `speed of ${name}` },
          { learningRate: { feed: 'rate' }, momentum: [0.5, 0.25][i] as number, nesterov: i === 1 },
          { w: `${name}.next`, velocity: `speed of ${name}.next` },
        ),
      ),
    ],
    state.map((name) => `${name}.next`),
    carriedOn(state),
  )
  return [
    {
      what: 'open',
      session: 'one',
      program: of,
      state: {
        ...fed(of.inputs, [...names, ...moving, ...speeds, ...moments.filter((name) => name.startsWith('m'))], seed),
        ...Object.fromEntries(
          names.map((name) => [`v of ${name}`, generate(shapes[name] as Shape, (i) => 1 + (i % 3))]),
        ),
        ...Object.fromEntries(counts.map((name, i) => [name, scalar([0, 7, 40][i] as number)])),
      },
    },
    ...atRates(of, seed, [0.5, 0.25, 0.5], (turn) => ({
      'steps of s': scalar(turn),
      'steps of t': scalar(20 + turn),
    })),
  ]
}
