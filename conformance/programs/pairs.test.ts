import { describe, expect, test } from 'vitest'
import { plainF32 } from '../../adapters/plainF32.js'
import { oracle } from '../../reference/index.js'
import type { Backend } from '../../spec/backend.js'
import { opNames, opOf } from '../../spec/catalogue.js'
import { getOrThrow } from '../../spec/error.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import { probeProgram } from './probe.js'
import type { Scenario } from './scenario.js'
import { rightBefore } from './scenarios/before.js'
import { scenarios } from './scenarios.js'

const all = scenarios(1)
const named = (name: string): Scenario => all.find((one) => one.name === name) as Scenario

const writer = ({ nodes }: Program, value: string | undefined): ProgramNode | undefined =>
  nodes.find(({ outputs }) => Object.values(outputs).includes(value ?? ''))
const readers = ({ nodes }: Program, value: string): readonly ProgramNode[] =>
  nodes.filter(({ inputs, cotangents }) => Object.values({ ...inputs, ...cotangents }).includes(value))
const yOf = ({ outputs }: ProgramNode): string => Object.values(outputs)[0] as string

/** plain-f32, with another node in the place of each; what it answers goes by the names that were asked for. */
const instead = (other: (node: ProgramNode, of: Program) => ProgramNode): Backend => ({
  ...plainF32,
  run: (of, feeds, watch = of.outputs) =>
    plainF32.run({ ...of, nodes: of.nodes.map((one) => other(one, of)) }, feeds, watch),
})

/** What is wrong, the program that shows it, and the backend. */
const faults: readonly (readonly [string, string, Backend])[] = [
  [
    'a way back of a join whose pieces are of one size and become one shape gives the first to all',
    'pieces',
    instead((node, of) => {
      const join = node.op === 'reshape' ? writer(of, node.inputs['x']) : undefined
      const first = join?.op === 'concat' && join.direction === 'backward' ? join.outputs['x0'] : undefined
      const twin = of.nodes.find(({ op, inputs }) => op === 'reshape' && inputs['x'] === first)
      const same = JSON.stringify(twin?.attrs['shape']) === JSON.stringify(node.attrs['shape'])
      const size = (shape: unknown): number => (shape as number[]).reduce((a, b) => a * b, 1)
      return first !== undefined && twin !== undefined && same && size(node.attrs['shape']) === size(twin.attrs['shape']) // prettier-ignore
        ? { ...node, inputs: { x: first } }
        : node
    }),
  ],
  [
    'of two layers of one value with a sum behind each the second has the first one’s weights',
    'twins',
    instead((node, of) => {
      const twin = of.nodes.find(({ op, inputs }) => op === node.op && inputs['x'] === node.inputs['x'])
      return node.op === 'conv2d' && twin !== undefined && readers(of, yOf(node)).every(({ op }) => op === 'add')
        ? { ...node, inputs: { ...node.inputs, w: twin.inputs['w'] as string } }
        : node
    }),
  ],
  [
    'what is made of a view of a view lies over what is viewed',
    'views',
    instead((node, of) => {
      const a = node.inputs['a'] ?? ''
      const view = of.nodes.find(({ op, inputs }) => op === 'reshape' && inputs['x'] === a)
      const over = of.nodes.find(
        ({ op, inputs }) => op === 'mul' && writer(of, writer(of, inputs['b'])?.inputs['x']) === view,
      )
      const same = JSON.stringify(writer(of, over?.inputs['b'])?.attrs['shape']) === JSON.stringify(of.inputs['x'])
      return node.op === 'add' && view !== undefined && over !== undefined && same
        ? { ...node, inputs: { ...node.inputs, a: yOf(over) } }
        : node
    }),
  ],
  [
    'a state that is masked before a cell is so in its gates only',
    'right before',
    instead((node, of) => {
      const mask = node.op === 'gruCell' ? writer(of, node.inputs['h']) : undefined
      return mask?.op === 'mul' ? { ...node, inputs: { ...node.inputs, h: mask.inputs['a'] as string } } : node
    }),
  ],
  [
    'what came back from a join is cleared by what comes back through a filter',
    'gradients meet',
    instead((node, of) => {
      const [a, b] = [writer(of, node.inputs['a']), writer(of, node.inputs['b'])]
      const cleared = node.op === 'add' && a?.op === 'concat' && b?.op === 'conv2d' && b.direction === 'backward'
      return cleared ? { ...node, inputs: { a: 'x', b: node.inputs['b'] as string } } : node
    }),
  ],
  [
    'back through a norm with a leaky unit behind it the unit’s slope is left out',
    'units behind',
    instead((node, of) => {
      const unit = node.direction === 'backward' ? writer(of, node.cotangents['y']) : undefined
      return node.op === 'localResponseNorm' && unit?.op === 'leakyRelu'
        ? { ...node, cotangents: { y: unit.cotangents['y'] as string } }
        : node
    }),
  ],
  [
    'a way back takes the inputs in the places that they had on the way there',
    'changed places',
    instead((node, of) => {
      const there = of.nodes.find(
        ({ op, direction, inputs }) =>
          op === node.op &&
          direction === 'forward' &&
          String(Object.values(inputs).toSorted()) === String(Object.values(node.inputs).toSorted()),
      )
      return node.direction === 'backward' && node.op === 'softmaxCrossEntropy' && there !== undefined
        ? { ...node, inputs: there.inputs }
        : node
    }),
  ],
  [
    'what is read beside a product that a unit reads later is not there',
    'read beside',
    instead((node, of) => {
      const [product, other] = [writer(of, node.inputs['b']), writer(of, node.inputs['a'])]
      const later = of.nodes.slice(of.nodes.indexOf(node)).some((one) => one.op === 'relu' && one.inputs['x'] === node.inputs['b']) // prettier-ignore
      return node.op === 'add' && product?.op === 'dense' && other?.op === 'dense' && later
        ? { ...node, inputs: { ...node.inputs, b: 'z' } }
        : node
    }),
  ],
  [
    'a velocity that is made is not renewed where only weights are carried',
    'partly carried',
    instead((node, of) =>
      node.op === 'momentum' && writer(of, node.inputs['velocity']) !== undefined
        ? { ...node, inputs: { ...node.inputs, velocity: node.inputs['g'] as string } }
        : node,
    ),
  ],
]

test.each(faults)('%s: is found', async (_, name, backend) => {
  const { verdict, failure } = getOrThrow(await probeProgram(backend, oracle, named(name))())
  expect(verdict).toBe('not-conformant')
  // steps of a session stay as they are
  expect(failure?.program.nodes.length).toBeLessThanOrEqual(6)
})

describe('what stands right before an op', () => {
  const asked = rightBefore(4, 'seed').flatMap((act) => ('program' in act ? [act.program] : []))

  test('are sums, products, pieces and joins in front of each input of every op that is more than elements and no update', () => {
    const met = new Set(
      asked.flatMap((of) =>
        of.nodes.flatMap((node) =>
          Object.entries(node.inputs).flatMap(([slot, value]) => {
            const before = writer(of, value)
            return before === undefined ? [] : [`${before.op} ${before.direction} → ${node.op}.${slot}`]
          }),
        ),
      ),
    )
    const elements = ['relu', 'leakyRelu', 'elu', 'sigmoid', 'tanh', 'softplus', 'step', 'add', 'mul']
    const updates = ['sgd', 'momentum', 'rmsprop', 'adagrad', 'adadelta', 'adam', 'adamw']
    // of shares, and of whole data sets
    const others = ['bce', 'cce', 'minMaxNormalize', 'zScoreNormalize']
    const kept = ['runningVar', 'target']
    for (const op of opNames.filter((name) => ![...elements, ...updates, ...others].includes(name)))
      for (const slot of Object.keys(opOf(op).inputs).filter((name) => !kept.includes(name)))
        for (const before of ['add forward', 'mul forward', 'concat backward', 'reshape forward'])
          expect(met, `${before} → ${op}.${slot}`).toContain(`${before} → ${op}.${slot}`)
  })
})
