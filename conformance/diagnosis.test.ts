import { describe, expect, test } from 'vitest'
import { plainF32Kernels } from '../adapters/plainF32.js'
import { oracleBy } from '../reference/formulas.js'
import { oracle } from '../reference/index.js'
import { formulas } from '../reference/table.js'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { evaluate, fromKernels } from '../spec/fromKernels.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { resolve, shapesOf } from '../spec/op.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensors } from '../spec/tensor.js'
import { caseAt, indicesOf } from './cases.js'
import type { FaultyOracle } from './diagnosis.js'
import { explanationOf } from './diagnosis.js'
import { realise } from './form.js'
import { bf16, f16, tf32, toNearest as roundedTo } from './formats.js'
import type { Format } from './formats.js'
import { printFailure } from './failureReport.js'
import { overall } from './overall.js'
import { jsonLine } from './reportJson.js'
import { refusedRewritings } from './rewritings/index.js'
import type { Rewriting } from './rewritings/rewriting.js'
import { toNearest } from './rewritings/rewriting.js'
import { questionTable } from './table.js'
import { mutant, mutantFormula } from './testing/instrument.js'
import { verify } from './verify.js'

const faulty: FaultyOracle = (op, fault) => Promise.resolve(oracleBy({ ...formulas, [op]: mutantFormula(op, fault) }))

const plain = (op: OpName): PlainKernel => plainF32Kernels[op] as PlainKernel

const backendOf = (op: OpName, kernel: PlainKernel, about: Partial<Backend> = {}): Backend => ({
  ...fromKernels('wrong', { ...plainF32Kernels, [op]: kernel }, { dials: true }),
  ...about,
})

const lineOf = async (op: OpName, backend: Backend, direction: 'forward' | 'backward' = 'forward') => {
  const scope = { ops: [op], direction, runs: 0, seed: 1, profile: 'quick' as const, faulty }
  const report = getOrThrow(
    await verify(backend, oracle, questionTable, { ...scope, shrinking: { cases: 400, seconds: 2 } })(),
  )
  const [line] = report.lines
  if (line === undefined) throw new Error('no line')
  return { line, report }
}

describe('another convention', () => {
  const flipped: PlainKernel = {
    ...plain('avgPool2d'),
    forward: (attrs, inputs, sizes) =>
      plain('avgPool2d').forward({ ...attrs, countIncludePad: attrs['countIncludePad'] !== true }, inputs, sizes),
  }
  const always: PlainKernel = {
    ...plain('batchNormTraining'),
    forward: (attrs, inputs, sizes) =>
      plain('batchNormTraining').forward({ ...attrs, runningVariance: 'biased' }, inputs, sizes),
  }

  test('is told by the value of its dial, and is a verdict of its own, which fails', async () => {
    const { line, report } = await lineOf('batchNormTraining', backendOf('batchNormTraining', always))
    expect(line.verdict).toBe('convention')
    line.groups.forEach(({ diagnosis }) =>
      expect(diagnosis).toMatchObject({ kind: 'convention', dial: { name: 'runningVariance', value: 'biased' } }),
    )
    expect(overall(report)).toBe('not-conformant')
    expect(printFailure(line, { fingerprint: {} })).toMatch(
      /diagnosis: another convention: the answers are as by\s+runningVariance\s+"biased"/,
    )
    expect(jsonLine(line)).toMatchObject({ groups: [{ diagnosis: { kind: 'convention' } }] })
  })

  test('does not fail where the backend declares it', async () => {
    const conventions = { batchNormTraining: { runningVariance: 'biased' } }
    const { line, report } = await lineOf('batchNormTraining', backendOf('batchNormTraining', always, { conventions }))
    expect(line.verdict).toBe('convention')
    expect(overall(report)).toBe('conformant')
  })

  test('of either value, each where the other is asked, is no one convention but a mistake', async () => {
    const { line } = await lineOf('avgPool2d', backendOf('avgPool2d', flipped))
    expect(['convention', 'not-conformant']).toContain(line.verdict)
    expect(line.groups.every(({ diagnosis }) => diagnosis === undefined || diagnosis.kind === 'convention')).toBe(true)
  })

  test('of another shape is told too: a pool that rounds up', async () => {
    const { line } = await lineOf(
      'maxPool2d',
      backendOf('maxPool2d', {
        ...plain('maxPool2d'),
        forward: (attrs, inputs) =>
          getOrThrow(
            evaluate(plainF32Kernels, 'maxPool2d', 'forward', { ...attrs, ceilMode: true }, inputs as Tensors, {}),
          ),
      }),
    )
    expect(line.verdict).toBe('convention')
    expect(line.groups[0]?.diagnosis).toMatchObject({ kind: 'convention', dial: { name: 'ceilMode', value: true } })
    expect(printFailure(line, { fingerprint: {} })).toContain('ceilMode true')
  })

  test('of a momentum that weighs the old statistics is told too', async () => {
    const { line } = await lineOf(
      'batchNormTraining',
      backendOf('batchNormTraining', {
        ...plain('batchNormTraining'),
        forward: (attrs, inputs, sizes) =>
          plain('batchNormTraining').forward({ ...attrs, momentum: 1 - Number(attrs['momentum']) }, inputs, sizes),
      }),
    )
    expect(line.verdict).toBe('convention')
    expect(line.groups[0]?.diagnosis?.words).toMatch(/weight of the old statistics/)
  })
})

describe('too few digits', () => {
  const reading = (op: OpName, format: Format, stored = false): PlainKernel => {
    const nearest = roundedTo(format)
    const read = (tensors: object): Tensors => mapTensors(nearest, tensors as Tensors)
    const store = (answers: object): Tensors => (stored ? read(answers) : (answers as Tensors))
    const { forward, backward } = plain(op)
    return {
      forward: (attrs, inputs, sizes) => store(forward(attrs, read(inputs), sizes)),
      ...(backward && {
        backward: (attrs, inputs, cotangents, sizes) => store(backward(attrs, read(inputs), read(cotangents), sizes)),
      }),
    }
  }

  test.each([
    ['dense', 'forward', 'operands in tf32', tf32, false],
    ['dense', 'backward', 'operands in bf16', bf16, false],
    ['conv2d', 'forward', 'operands and results in bf16', bf16, true],
    ['softmax', 'forward', 'operands in f16', f16, false],
  ] as const)('%s %s: %s', async (op, direction, words, format, stored) => {
    const { line } = await lineOf(op, backendOf(op, reading(op, format, stored)), direction)
    expect(line.verdict).toBe('inaccurate')
    // what reads in f16 or in tf32 has as many digits, and differs far out only
    const found = new Set(
      line.groups.map(({ diagnosis }) => diagnosis?.words.replace(/^operands in (tf32|f16)$/, 'few')),
    )
    expect([...found]).toEqual([words.replace(/^operands in (tf32|f16)$/, 'few')])
  })

  test('every operation in a format of few digits', async () => {
    const nearest = roundedTo(bf16)
    const { line } = await lineOf(
      'dense',
      backendOf('dense', {
        ...plain('dense'),
        forward: (_, { x, w, b }, { N = 1, I = 1, O = 1 }) => ({
          y: generate([Number(N), Number(O)], (at) => {
            const [n, o] = [Math.floor(at / Number(O)), at % Number(O)]
            const number = (t: Tensor | undefined, i: number): number => nearest(t?.data[i] ?? 0)
            let sum = number(b, o)
            for (let i = 0; i < Number(I); i++)
              sum = nearest(sum + nearest(number(x, n * Number(I) + i) * number(w, o * Number(I) + i)))
            return sum
          }),
        }),
      }),
    )
    expect(line.verdict).toBe('inaccurate')
    expect(line.groups.map(({ diagnosis }) => diagnosis?.words)).toContain('every operation in bf16')
  })

  // the corrections of adam lose too little for a short run, and what is kept of a batch too little for a quick one
  const seldom = ({ op, output }: Rewriting): boolean => op.startsWith('adam') || output.startsWith('running')
  const once = refusedRewritings.filter((rewriting, at) => !seldom(rewriting) && at % 2 === 0)
  test.each(once.map((rewriting) => [rewriting.op, rewriting.direction, rewriting.words, rewriting] as const))(
    '%s %s: %s',
    async (op, direction, words, { output, evaluate }) => {
      const { forward, backward } = plain(op)
      const kernel: PlainKernel =
        direction === 'forward'
          ? {
              ...plain(op),
              forward: (attrs, inputs, sizes) => ({
                ...forward(attrs, inputs, sizes),
                [output]: evaluate(toNearest, { attrs, inputs: inputs as Tensors, cotangents: {}, sizes }),
              }),
            }
          : {
              forward,
              backward: (attrs, inputs, cotangents, sizes) => ({
                ...backward?.(attrs, inputs, cotangents, sizes),
                [output]: evaluate(toNearest, { attrs, inputs: inputs as Tensors, cotangents, sizes }),
              }),
            }
      const { line } = await lineOf(op, backendOf(op, kernel), direction)
      expect(line.verdict).toBe('inaccurate')
      expect(line.groups.map(({ diagnosis }) => diagnosis?.words)).toContain(words)
    },
  )
})

test('a form that loses digits in two outputs is told of either, and of both together', async () => {
  const forms = refusedRewritings.filter(({ output }) => output.startsWith('running'))
  expect(forms).toHaveLength(2)
  // states far above what replaces them whole
  const asked = indicesOf(questionTable, 'batchNormTraining', 'forward', 'standard', 0)
    .map((index) => caseAt(questionTable, 'batchNormTraining', 'forward', 1, index))
    .find(({ form: { attrs, fills } }) => {
      const fill = fills['runningMean']
      return attrs['momentum'] === 1 && typeof fill === 'object' && 'mean' in fill && fill.mean === 1000
    })!
  const question = getOrThrow(realise(asked))
  const { sizes } = getOrThrow(resolve(opOf(question.op), question.attrs, shapesOf(question.inputs)))
  const right = plain('batchNormTraining').forward(question.attrs, question.inputs, sizes)
  for (const by of [forms.slice(0, 1), forms.slice(1), forms]) {
    const lost = Object.fromEntries(
      by.map(({ output, evaluate }) => [output, evaluate(toNearest, { ...question, sizes })]),
    )
    const answer = { ...right, ...lost } as Tensors
    const found = await explanationOf({ oracle, table: questionTable, depth: anyOrder }, [{ asked, question, answer }])
    expect(found).toMatchObject({ kind: 'accuracy', words: forms[0]!.words, explains: 1 })
  }
})

describe('a mistake', () => {
  const ops = ['conv2d', 'avgPool2d', 'lstmCell', 'adam', 'softmaxCrossEntropy'] as const
  const planted = ops.flatMap((op) =>
    questionTable[op].faults
      // a short run does not see every one of them
      .filter(({ name }) => !name.includes('two units of f32 off'))
      .map((fault) => [op, fault.name, fault] as const),
  )

  test.each(planted)('%s: %s is told by its name, or by one that gives the same answers', async (op, _name, fault) => {
    const { line } = await lineOf(op, backendOf(op, mutant(op, fault)), fault.direction)
    const kinds = line.groups.map(({ diagnosis }) => diagnosis?.kind)
    // counting padding always or never is a convention
    if (line.verdict === 'convention') return expect(fault.name).toMatch(/^padding/)
    expect(line.verdict).toBe('not-conformant')
    expect(kinds).toContain('mistake')
    expect(line.groups.some(({ diagnosis }) => diagnosis?.line !== undefined)).toBe(true)
  })

  test('that nobody knows has no name', async () => {
    const { line } = await lineOf(
      'dense',
      backendOf('dense', {
        ...plain('dense'),
        forward: (attrs, inputs, sizes) =>
          mapTensors((y) => y * 1.01 + 0.003, plain('dense').forward(attrs, inputs, sizes) as Tensors),
      }),
    )
    expect(line.verdict).toBe('not-conformant')
    expect(line.groups.every(({ diagnosis }) => diagnosis === undefined)).toBe(true)
    expect(printFailure(line, { fingerprint: {} })).toContain('diagnosis: no convention, form or mistake')
  })

  test('comes with a program in the backend’s own API, where it has one', async () => {
    const snippet: Backend['snippet'] = ({ op }, want) => `mine.${op}() // want ${String(want['y']?.data[0])}`
    const bare = questionTable.conv2d.faults.find(({ name }) => name === 'bias forgotten')
    if (bare === undefined) throw new Error('the fault is gone')
    const about = { snippet, translates: { conv2d: ['NCHW → NHWC'] } }
    const { line } = await lineOf('conv2d', backendOf('conv2d', mutant('conv2d', bare), about))
    expect(line.groups[0]?.snippet).toMatch(/^mine\.conv2d\(\) \/\/ want/)
    const text = printFailure(line, { fingerprint: {} })
    expect(text).toMatch(/in wrong’s own words:\n\n```\nmine\.conv2d\(\) .*\n```$/m)
    expect(text).toMatch(/^conv2d .*\n {4}between: NCHW → NHWC\n/)
  })
})
