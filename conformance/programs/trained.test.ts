import { either as E, taskEither as TE } from 'fp-ts'
import { expect, test } from 'vitest'
import { plainF32 } from '../../adapters/plainF32.js'
import { oracle } from '../../reference/index.js'
import type { Backend } from '../../spec/backend.js'
import { getOrThrow } from '../../spec/error.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import { probeProgram } from './probe.js'
import type { Tensor } from '../../spec/tensor.js'
import type { Act, Scenario } from './scenario.js'
import { scenario } from './scenario.js'
import { node, program } from './scenarios/making.js'
import { scenarios } from './scenarios.js'

const asked = scenarios(1).find(({ name }) => name === 'as trained') as Scenario

/** plain-f32, with other attributes in nodes of which no answer is seen, or that read what is not seen. */
const unseen = (other: (node: ProgramNode, of: Program) => ProgramNode['attrs'] | undefined): Backend => ({
  ...plainF32,
  run: (of, feeds, watch = of.outputs) =>
    plainF32.run(
      {
        ...of,
        nodes: of.nodes.map((one) => {
          const isSeen = Object.values(one.outputs).some((value) => watch.includes(value))
          const attrs = isSeen ? undefined : other(one, of)
          return attrs === undefined ? one : { ...one, attrs: { ...one.attrs, ...attrs } }
        }),
      },
      feeds,
      watch,
    ),
})

const gradientOf =
  (op: ProgramNode['op'], attrs: ProgramNode['attrs']) =>
  (one: ProgramNode): ProgramNode['attrs'] | undefined =>
    one.op === op && one.direction === 'backward' ? attrs : undefined

test.each([
  ['the mean of a loss is left out of its gradient', gradientOf('softmaxCrossEntropy', { reduction: 'sum' })],
  ['a unit has another slope there and back', gradientOf('leakyRelu', { alpha: 0.26 })],
  ['numbers that are dropped come back', gradientOf('dropout', { key: [5, 6] })],
  ['the gradient of a norm has another ε', gradientOf('batchNormTraining', { epsilon: 2 ** -8 })],
  ['a penalty weighs less in its gradient', gradientOf('l2Penalty', { beta: 0.125 })],
] as const)('where nobody sees the gradient %s: is seen in the weights', async (_, other) => {
  const line = getOrThrow(await probeProgram(unseen(other), oracle, asked)())
  expect(line.verdict).toBe('not-conformant')
})

test('a step that is a thousandth too long is seen in the state behind it, and told with the weight', async () => {
  const wrong: Backend = {
    ...plainF32,
    run: (of, feeds, watch) =>
      plainF32.run(
        { ...of, nodes: of.nodes.map((one) => (one.op === 'sgd' ? { ...one, attrs: { ...one.attrs, learningRate: 0.25025 } } : one)) }, // prettier-ignore
        feeds,
        watch,
      ),
  }
  const { verdict, failure } = getOrThrow(await probeProgram(wrong, oracle, asked)())
  expect(verdict).toBe('not-conformant')
  expect(failure?.at).toContain('the state after step 1')
  expect(failure?.message).toMatch(/^the state \w+ is not what step 1 left in \w+ next: .* must be .*; error ÷ bound/)
})

test('a state that is shown is held to what the steps may have left, and known from then on', async () => {
  // a hidden product, whose sum is the next state
  const of = program({ x: [1, 3], v: [1, 3], w: [1, 1] }, [node('y', 'dense', { x: 'x', w: 'v' }), node('w next', 'add', { a: 'w', b: 'y' })], [], { w: 'w next' }) // prettier-ignore
  const row = (...data: readonly number[]): Tensor => ({ shape: [1, data.length], data: Float32Array.from(data) })
  const feeds = { x: row(0.1, 0.2, 0.3), v: row(0.7, -0.6, 0.5) }
  const acts: readonly Act[] = [
    { what: 'open', session: 'one', program: of, state: { w: row(0.3) } },
    { what: 'step', session: 'one', feeds },
    { what: 'step', session: 'one', feeds },
    { what: 'state', session: 'one' },
    { what: 'step', session: 'one', feeds, watch: ['w', 'w next'] },
  ]
  /** A backend whose state, as it is shown and as it goes on, is off by so much. */
  const off = (shown: number, goesOn: number): Backend => ({
    ...plainF32,
    open: (_, state) => {
      let w = Number(state['w']?.data[0])
      const step = (): number => (w = Math.fround(w + 0.1 * 0.7 - 0.2 * 0.6 + 0.3 * 0.5))
      return TE.right({
        step: (_, watch = []) => {
          const before = w
          const values = { w: row(before + goesOn), 'w next': row(step() + goesOn) }
          return TE.right(Object.fromEntries(Object.entries(values).filter(([name]) => watch.includes(name))))
        },
        run: plainF32.run,
        state: () => Promise.resolve(E.right({ w: row(w + shown) })),
        close: () => Promise.resolve(),
      })
    },
  })
  const told = async (shown: number, goesOn: number) => {
    const { verdict, failure } = getOrThrow(await probeProgram(off(shown, goesOn), oracle, scenario('sum', 'a sum that is carried', of, acts))()) // prettier-ignore
    return failure === undefined ? verdict : `${failure.at}: ${failure.message}`
  }
  expect(await told(0, 0)).toBe('conformant')
  expect(await told(2 ** -10, 2 ** -10)).toMatch(/^the state after step 2: the state w is not what step 2 left in w next: w\[0,0\] is 0\.5/) // prettier-ignore
  // what is within the bound of two steps is no copy of what was shown
  expect(await told(0, 2 ** -24)).toMatch(/^step 3: the state w is not what step 2 left in w next/)
})
