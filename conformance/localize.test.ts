import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { fail, getOrThrow } from '../spec/error.js'
import type { Program } from '../spec/program.js'
import type { KernelTable, PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import { convolution, dropout, fullyConnected, plainLayer, sequential, trainingBy } from '../spec/networks/network.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensor, mapTensors } from '../spec/tensor.js'
import { ask, fails } from './ask.js'
import { isWrong, localize, verdictOf } from './localize.js'
import { printLocalized, writeLocalized } from './localizeReport.js'
import { subjectOf, subjectOfProgram } from './subject.js'
import { questionTable } from './table.js'
import { inArithmetic, mutant } from './testing/instrument.js'
import { arithmeticOf, formulaTable } from './testing/toys.js'

const network = sequential(
  [2, 1, 8, 8],
  [
    convolution('conv1', [1, 3], [3, 3], { padding: [1, 1, 1, 1] }),
    plainLayer('relu1', 'relu'),
    dropout('drop', 0.5),
    plainLayer('pool1', 'maxPool2d'),
    convolution('conv2', [3, 4], [3, 3]),
    plainLayer('relu2', 'relu'),
    plainLayer('flat', 'flatten'),
    fullyConnected('fc', 16, 3),
  ],
  trainingBy(1),
)
const subject = getOrThrow(subjectOf('small', network, { seed: 1 }))

const located = async (backend: Backend) =>
  getOrThrow(await localize(backend, oracle, subject, { seed: 1, table: questionTable, shrinkSeconds: 0.5 })())
const byTable = (table: KernelTable): Backend => fromKernels('toy', table)

// errs in one element of what it answers to inputs of one shape
const erringAt = (
  kernel: PlainKernel,
  direction: 'forward' | 'backward',
  output: string,
  shape: readonly number[],
): PlainKernel => {
  const off = (x: Tensor | undefined, answer: Readonly<Record<string, Tensor | undefined>>) =>
    x?.shape.join() === shape.join()
      ? { ...answer, [output]: mapTensor((v, i) => (i === 1 ? v + 1e-2 : v), answer[output] as Tensor) }
      : answer
  return direction === 'forward'
    ? { ...kernel, forward: (attrs, inputs, sizes) => off(inputs['x'], kernel.forward(attrs, inputs, sizes)) }
    : {
        ...kernel,
        backward: (attrs, inputs, cotangents, sizes) =>
          off(inputs['x'], kernel.backward!(attrs, inputs, cotangents, sizes)),
      }
}

describe('localising in a training step', () => {
  test('arithmetic in f32 is right at every node, by itself and together, and strays by roundings', async () => {
    const found = await located(byTable(inArithmetic(arithmeticOf(Math.fround))))
    expect(verdictOf(found)).toBe('conformant')
    expect(found.first).toBeUndefined()
    expect(new Set(found.findings.map(({ phase }) => phase))).toEqual(new Set(['forward', 'backward', 'update']))
    expect(found.findings.filter(isWrong)).toEqual([])
    const strays = found.findings.map(({ strayed }) => strayed ?? NaN)
    expect(Math.max(...strays)).toBeLessThan(1e-5)
    expect(Math.max(...strays)).toBeGreaterThan(0)
  })

  test('a convention that is declared is no fault, and is told; one that is not is found', async () => {
    const { forward, backward } = formulaTable.maxPool2d!
    const toLast: PlainKernel = {
      forward,
      backward: (attrs, inputs, cotangents, sizes) => backward!({ ...attrs, ties: 'last' }, inputs, cotangents, sizes),
    }
    const backend = byTable({ ...formulaTable, maxPool2d: toLast })
    expect((await located(backend)).first).toMatchObject({ node: 'pool1.backward' })
    const declared = await located({ ...backend, conventions: { maxPool2d: { ties: 'last' } } })
    expect(verdictOf(declared)).toBe('conformant')
    const { alone, together } = declared.findings.find(({ node }) => node === 'pool1.backward')!
    expect([alone?.convention, together?.convention]).toEqual(['ties "last"', 'ties "last"'])
    const place = { backend: 'toy', fingerprint: {}, command: 'replay' }
    expect(printLocalized(declared, subject, place)).toMatch(/declares\n {4}pool1\.backward .*: ties "last"/)
    // declaring is no licence: what is right by neither stays wrong
    const lying = await located({ ...backend, conventions: { maxPool2d: { ties: 'share' } } })
    expect(lying.first).toMatchObject({ node: 'pool1.backward' })
  })

  test.each([
    ['forward', 'conv2d', 'y', [2, 3, 4, 4], 'conv2', 'forward'],
    ['forward', 'maxPool2d', 'y', [2, 3, 8, 8], 'pool1', 'forward'],
    ['backward', 'conv2d', 'w', [2, 3, 4, 4], 'conv2.backward', 'backward'],
    ['backward', 'relu', 'x', [2, 3, 8, 8], 'relu1.backward', 'backward'],
  ] as const)('a planted fault, %s of %s, is found at its node', async (direction, op, output, shape, node, phase) => {
    const backend = byTable({ ...formulaTable, [op]: erringAt(formulaTable[op]!, direction, output, shape) })
    const found = await located(backend)
    expect(found.first).toMatchObject({ node, phase, op, direction })
    expect(found.findings.filter(isWrong).map((finding) => finding.node)).toEqual([node])
    // the fault is of that shape alone, which cannot be made smaller
    const { drawn, smallest } = found.shown!
    expect(drawn.form.shapes['x']).toEqual(shape)
    const again = getOrThrow(await ask(backend, oracle, smallest)())
    expect(fails(again.judgement!, 'unknown')).toBe(true)
  })

  test('a wrong optimizer is found in each update, and the smallest case is one number', async () => {
    const found = await located(
      byTable({ ...formulaTable, momentum: mutant('momentum', { find: 'mu * v', replace: 'v' }) }),
    )
    expect(found.first).toMatchObject({ node: 'conv1.w.update', phase: 'update', op: 'momentum' })
    expect(found.findings.filter(isWrong)).toHaveLength(Object.keys(network.parameters).length)
    expect(found.shown?.smallest.form.shapes['w']).toEqual([])
  })

  test('an error travels on in the run of the whole, and the text says how far', async () => {
    const { forward, ...others } = formulaTable.conv2d!
    const first = (x: Tensor | undefined): boolean => x?.shape[1] === 1
    const conv2d: PlainKernel = {
      ...others,
      forward: (attrs, inputs, sizes) =>
        mapTensors((v) => (first(inputs['x']) ? 1.001 * v : v), forward(attrs, inputs, sizes)),
    }
    const backend = byTable({ ...formulaTable, conv2d })
    const found = await located(backend)
    const strayed = new Map(found.findings.map((finding) => [finding.node, finding.strayed ?? 0]))
    expect(strayed.get('conv1')).toBeGreaterThan(1e-4)
    expect(strayed.get('fc')).toBeGreaterThan(1e-4)
    const text = printLocalized(found, subject, {
      backend: 'toy',
      fingerprint: { name: 'toy' },
      command: 'etalon replay',
    })
    expect(text).toMatch(/first outside its bound: conv1 \(conv2d forward\), forward\n {4}y\[[\d,]+\]: got /)
    expect(text).toMatch(/smallest {3}etalon replay '\{"op":"conv2d"/)
    expect(text).toMatch(/nothing corrected[^]*conv1 \(conv2d forward\) .* first wrong[^]*not-conformant$/)
    const json = JSON.parse(
      writeLocalized(found, { backend: 'toy', fingerprint: {}, command: 'etalon replay' }, 1),
    ) as {
      readonly first: { readonly node: string }
      readonly nodes: readonly unknown[]
    }
    expect(json.first.node).toBe('conv1')
    expect(json.nodes).toHaveLength(subject.program.nodes.length)
  })

  test('what is wrong in the run of the whole alone is told apart', async () => {
    const right = byTable(formulaTable)
    const fusing: Backend = {
      ...right,
      run: (program, feeds, watch) => async () =>
        E.map((values: Tensors): Tensors =>
          values['relu1'] === undefined ? values : { ...values, relu1: mapTensor((v) => v + 1e-3, values['relu1']) },
        )(await right.run(program, feeds, watch)()),
    }
    const found = await located(fusing)
    expect(found.first).toMatchObject({ node: 'relu1', op: 'relu' })
    expect(found.first?.alone?.worst.ratio).toBe(0)
    expect(found.shown).toBeUndefined()
    expect(verdictOf(found)).toBe('not-conformant')
  })

  test('a backend of single ops is asked node by node, and the whole is not run', async () => {
    const right = byTable(formulaTable)
    const single: Backend = {
      ...right,
      run: (program, feeds, watch) =>
        program.nodes.length > 1
          ? async () => fail('Unsupported', 'one node at a time')
          : right.run(program, feeds, watch),
    }
    const found = await located(single)
    expect(found.notRun?.message).toBe('one node at a time')
    expect(verdictOf(found)).toBe('conformant')
  })

  test('ops that a backend lacks are counted, and one that has none is neither right nor wrong', async () => {
    const { dropout: _, ...others } = formulaTable
    const found = await located(byTable(others))
    expect(found.findings.filter(({ refused }) => refused !== undefined).map(({ node }) => node)).toEqual([
      'drop',
      'drop.backward',
    ])
    expect(verdictOf(found)).toBe('conformant')
    expect(verdictOf(await located(byTable({ tanh: formulaTable.tanh! })))).toBe('not-run')
  })
})

describe('a program of somebody’s own', () => {
  const forward = {
    inputs: { x: [2, 3], weights: [4, 3], offset: [4], h: [2, 4] },
    nodes: [
      {
        name: 'first',
        op: 'dense',
        direction: 'forward',
        attrs: {},
        inputs: { x: 'x', w: 'weights', b: 'offset' },
        cotangents: {},
        outputs: { y: 'first' },
      },
      {
        name: 'sum',
        op: 'add',
        direction: 'forward',
        attrs: {},
        inputs: { a: 'first', b: 'h' },
        cotangents: {},
        outputs: { y: 'sum' },
      },
    ],
    outputs: ['sum'],
    carry: {},
  } as const

  test('of forward nodes becomes a training step of what it learns', () => {
    const made = getOrThrow(subjectOfProgram('mine', forward, { seed: 1 }))
    expect(made.program.nodes.map(({ name }) => name)).toEqual([
      'first',
      'sum',
      'loss.sum',
      'loss.sum.backward',
      'sum.backward',
      'first.backward',
      'weights.update',
      'offset.update',
    ])
    expect(Object.values(made.phases)).toContain('update')
  })

  test('has its constants in f32, of which the oracle and the backend make the same of 1 − ρ', async () => {
    const shapes = { w: [2, 3], g: [2, 3], s: [2, 3] }
    const program: Program = {
      inputs: shapes,
      nodes: [
        {
          name: 'next',
          op: 'rmsprop',
          direction: 'forward',
          attrs: { learningRate: 0.1 },
          inputs: { w: 'w', g: 'g', meanSquare: 's' },
          cotangents: {},
          outputs: { w: 'next', meanSquare: 's next' },
        },
      ],
      outputs: ['next'],
      carry: {},
    }
    const seen: unknown[] = []
    const toy = byTable(formulaTable)
    const spying: Backend = {
      ...toy,
      run: (of, ...rest) => {
        seen.push(...of.nodes.map(({ attrs }) => attrs['decay']))
        return toy.run(of, ...rest)
      },
    }
    const feeds = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, generate(shape, () => 1)]))
    getOrThrow(
      await localize(
        spying,
        oracle,
        { name: 'mine', program, feeds, phases: {}, answers: [] },
        { seed: 1, table: questionTable },
      )(),
    )
    expect(seen.length).toBeGreaterThan(0)
    expect(new Set(seen)).toEqual(new Set([Math.fround(0.99)]))
  })

  test('that does not fit what is given is refused by name', () => {
    const of = (given: Tensors, program = forward as Parameters<typeof subjectOfProgram>[1]) => {
      const made = subjectOfProgram('mine', program, { seed: 1, given })
      return E.isLeft(made) ? `${made.left.code}: ${made.left.message}` : 'made'
    }
    expect(of({ w: { shape: [1], data: [1] } })).toMatch(/^UnexpectedInput: mine: the program has no input w; it has x/)
    expect(of({ weights: { shape: [1], data: [1] } })).toMatch(/^ShapeMismatch: mine: feed weights has shape \[1\]/)
    expect(of({}, { ...forward, outputs: [] })).toMatch(/^MissingInput: mine: it answers nothing/)
  })
})
