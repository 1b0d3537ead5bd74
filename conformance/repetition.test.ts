import { taskEither as TE } from 'fp-ts'
import { describe, expect as assert, test } from 'vitest'
import { plainF32Kernels } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import type { Attributes } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import type { OpName } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import type { KernelTable, PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { AnySizes, GivenTensors } from '../spec/op.js'
import type { Tensor } from '../spec/tensor.js'
import { mapTensor, sizeOf } from '../spec/tensor.js'
import { ask, fails } from './ask.js'
import { scheduled } from './cases.js'
import type { Case } from './form.js'
import { parseCases, printCase, printCases } from './form.js'
import { printDifference, printSequence } from './probeReport.js'
import { overall } from './overall.js'
import { jsonLine } from './reportJson.js'
import { differenceOf, repetitionOf, withOtherNumbers } from './repetition.js'
import { smallTable } from './testing/toys.js'
import type { Scope } from './verify.js'
import type { Line, Report } from './line.js'
import { verify } from './verify.js'

type Forward = PlainKernel['forward']

/** A backend whose forward of one op remembers: `remembering` is called once for each backend that is opened. */
const remembering =
  (op: OpName, make: (right: Forward) => Forward): (() => Backend) =>
  () => {
    const right = plainF32Kernels[op] as PlainKernel
    const kernels: KernelTable = { [op]: { forward: make((...given) => right.forward(...given)) } }
    return fromKernels('forgetful', kernels)
  }

const report = async (open: () => Backend, scope: Partial<Scope>): Promise<Report> =>
  getOrThrow(
    await verify(open(), oracle, smallTable, {
      profile: 'quick',
      runs: 0,
      seed: 1,
      reopen: () => TE.right(open())(),
      ...scope,
    })(),
  )
const lineOf = async (op: OpName, open: () => Backend, scope: Partial<Scope> = {}): Promise<Line> =>
  (await report(open, { ops: [op], direction: 'forward', ...scope })).lines[0] as Line

/** What the last of some cases comes to, asked in turn. */
const isWrong = async (backend: Backend, cases: readonly Case[]): Promise<boolean> => {
  const judged = []
  for (const asked of cases) judged.push(getOrThrow(await ask(backend, oracle, asked)()).judgement)
  return fails(judged.at(-1)!, 'unknown')
}

const changed = (answers: GivenTensors, f: (v: number) => number): GivenTensors =>
  Object.fromEntries(Object.entries(answers).map(([name, y]) => [name, mapTensor(f, y as Tensor)]))
const worse = (answers: GivenTensors): GivenTensors => changed(answers, (v) => 2 * v + 1)
const sizesOf = (inputs: GivenTensors): string => JSON.stringify(Object.values(inputs).map((x) => (x as Tensor).shape))
const numbersOf = (inputs: GivenTensors): string =>
  JSON.stringify(Object.values(inputs).map((x) => Array.from((x as Tensor).data as Float32Array)))
const largest = (inputs: GivenTensors): number =>
  Math.max(...Object.values(inputs).map((x) => sizeOf((x as Tensor).shape)))

const rightOnlyOnce: (right: Forward) => Forward = (right) => {
  const seen = new Set<string>()
  return (attrs, inputs, sizes) => {
    const key = JSON.stringify([attrs, sizesOf(inputs), numbersOf(inputs)])
    const answer = right(attrs, inputs, sizes)
    if (!seen.has(key)) {
      seen.add(key)
      return answer
    }
    return worse(answer)
  }
}
const rightAtFirst: (right: Forward) => Forward = (right) => {
  let asked = 0
  return (attrs, inputs, sizes) => (asked++ === 0 ? right(attrs, inputs, sizes) : worse(right(attrs, inputs, sizes)))
}
const staleScratch: (right: Forward) => Forward = (right) => {
  let most = 0
  return (attrs, inputs, sizes) => {
    const answer = right(attrs, inputs, sizes)
    const stale = largest(inputs) < most
    most = Math.max(most, largest(inputs))
    return stale ? worse(answer) : answer
  }
}
const pipelineBy =
  (keyOf: (inputs: GivenTensors) => string) =>
  (right: Forward): Forward => {
    const made = new Map<string, readonly [Attributes, AnySizes]>()
    return (attrs, inputs, sizes) => {
      const first = made.get(keyOf(inputs)) ?? [attrs, sizes]
      made.set(keyOf(inputs), first)
      return right(first[0], inputs, first[1])
    }
  }
const constantWeights: (right: Forward) => Forward = (right) => {
  const uploaded = new Map<string, GivenTensors[string]>()
  return (attrs, inputs, sizes) => {
    const key = sizesOf(inputs)
    const w = uploaded.get(key) ?? inputs['w']
    uploaded.set(key, w)
    return right(attrs, { ...inputs, w }, sizes)
  }
}
const everyTime =
  (n: number) =>
  (right: Forward): Forward => {
    let asked = 0
    return (attrs, inputs, sizes) =>
      ++asked % n === 0 ? worse(right(attrs, inputs, sizes)) : right(attrs, inputs, sizes)
  }
const fourthOfAShape: (right: Forward) => Forward = (right) => {
  const answers = new Map<string, GivenTensors[]>()
  return (attrs, inputs, sizes) => {
    const own = right(attrs, inputs, sizes)
    const before = answers.get(sizesOf(inputs)) ?? []
    answers.set(sizesOf(inputs), [...before, own])
    return before.length < 3 ? own : (before[0] as GivenTensors)
  }
}
// the lowest bit, in every other answer
const unsteady: (right: Forward) => Forward = (right) => {
  let asked = 0
  return (attrs, inputs, sizes) =>
    asked++ % 2 === 0
      ? right(attrs, inputs, sizes)
      : changed(right(attrs, inputs, sizes), (v) => Math.fround(v * (1 + 2 ** -23)))
}

const planted: readonly (readonly [string, OpName, (right: Forward) => Forward, number?])[] = [
  ['a layer that is right the first time and wrong the second', 'dense', rightOnlyOnce],
  ['the same of an op without weights', 'softmax', rightOnlyOnce],
  ['an op that is right at its first question only', 'relu', rightAtFirst],
  ['scratch that a larger shape has left', 'softmax', staleScratch],
  ['a pipeline by the name of its op, with the attributes of the first', 'leakyRelu', pipelineBy(() => '')],
  ['a pipeline by op and shapes, with the attributes of the first', 'leakyRelu', pipelineBy(sizesOf)],
  ['the same of softmax', 'softmax', pipelineBy(sizesOf)],
  ['the same of conv2d', 'conv2d', pipelineBy(sizesOf)],
  ['the same of maxPool2d', 'maxPool2d', pipelineBy(sizesOf)],
  ['weights that are uploaded once for each shape', 'dense', constantWeights],
  ['a wrong answer to every seventh question', 'dense', everyTime(7), 7],
  ['a wrong answer to every forty-first question', 'tanh', everyTime(41), 41],
  ['the fourth question of a shape answered as the first', 'dense', fourthOfAShape, 4],
  ['the same of conv2d', 'conv2d', constantWeights],
]

describe('a backend that remembers what it was asked', () => {
  test.each(planted.map(([name, op, fault, questions = 2]) => [name, op, fault, questions] as const))(
    '%s: is found, with the fewest questions that show it',
    async (_name, op, fault, questions) => {
      const open = remembering(op, fault)
      const line = await lineOf(op, open)
      assert(line.verdict).toBe('not-conformant')
      const cases = line.sequence!.cases
      assert(cases).toHaveLength(questions)
      assert(line.sequence!.note).toBeUndefined()
      // no question by itself is to blame
      assert(line.failure).toBeUndefined()
      const parsed = getOrThrow(parseCases(printCases(cases)))
      assert(await isWrong(open(), parsed)).toBe(true)
      assert(await isWrong(open(), parsed.slice(1))).toBe(false)
      assert(await isWrong(remembering(op, (right) => right)(), parsed)).toBe(false)
    },
  )

  test('what is wrong by itself is shown beside what is wrong after others', async () => {
    const both = remembering('dense', (right) => {
      const once = rightOnlyOnce(right)
      return (attrs, inputs, sizes) => {
        const answer = once(attrs, inputs, sizes)
        return inputs['b'] === undefined ? answer : worse(answer)
      }
    })
    const line = await lineOf('dense', both, { runs: 240 })
    assert(line.failure!.smallest.form.shapes['b']).toBeDefined()
    assert(await isWrong(both(), [line.failure!.smallest])).toBe(true)
    assert(line.sequence!.cases).toHaveLength(2)
    assert(await isWrong(both(), line.sequence!.cases)).toBe(true)
  })

  test('special values that are lost only after other questions are none that it loses', async () => {
    const line = await lineOf('relu', remembering('relu', rightAtFirst), { nonFinite: 'strict' })
    assert(line.groups).toEqual([])
    assert(line.sequence!.cases).toHaveLength(2)
  })

  test('without a way to open it anew, what was asked is told as it was asked, with a note', async () => {
    const open = remembering('dense', rightOnlyOnce)
    const { lines } = getOrThrow(
      await verify(open(), oracle, smallTable, {
        ops: ['dense'],
        direction: 'forward',
        profile: 'quick',
        runs: 0,
        seed: 1,
      })(),
    )
    const { verdict, sequence } = lines[0]!
    assert(verdict).toBe('not-conformant')
    assert(sequence!.note).toContain('no way to open this backend anew')
    assert(await isWrong(open(), sequence!.cases)).toBe(true)
  })

  test('the report tells the questions, the last in full, and the command that asks them again', async () => {
    const line = await lineOf('dense', remembering('dense', constantWeights))
    const text = printSequence(line, { fingerprint: { name: 'forgetful' } })
    assert(text).toMatch(/^wrong after another question, right alone:\n {4}dense forward x\[/)
    assert(text).toMatch(/ {2}and then\ndense forward[^]* got .*, want /)
    assert(text).toContain(` etalon replay '[{"op":"dense",`)
    const json = jsonLine(line)
    assert(json['sequence']).toMatchObject({ cases: [{ op: 'dense' }, { op: 'dense' }] })
    assert(json['repeats']).toMatchObject({ asked: line.repeats!.asked, differed: line.repeats!.differed })
  })
})

describe('answers that change within their bounds', () => {
  test('are not deterministic, told with how often, and no failure', async () => {
    const whole = await report(remembering('softmax', unsteady), { ops: ['softmax'], direction: 'forward' })
    const line = whole.lines[0]!
    assert(line).toMatchObject({ verdict: 'not-deterministic', failed: 0 })
    assert(line.failure ?? line.sequence).toBeUndefined()
    const { asked, differed, failed, difference } = line.repeats!
    assert(failed).toBe(0)
    assert(differed).toBeGreaterThan(0)
    assert(differed).toBeLessThanOrEqual(asked)
    assert(difference!.first).not.toBe(difference!.again)
    assert(overall(whole)).toBe('conformant')
    assert(printDifference(line, { fingerprint: {} })).toMatch(
      /^softmax forward: not deterministic\n.* of \d+ questions .*\n {4}y\[.*\]: .* the first time, .* later\n/,
    )
  })

  test('are no news where only the payload of a NaN could differ, and are where a zero changes its sign', () => {
    const one = (value: number) => ({ y: { shape: [1], data: Float32Array.of(value) } })
    assert(differenceOf(one(NaN), { y: { shape: [1], data: [-NaN] } })).toBeUndefined()
    assert(differenceOf(one(0), one(-0))).toMatchObject({ output: 'y', index: [0] })
    assert(differenceOf(one(1), {})).toMatchObject({ output: 'y' })
  })
})

describe('what is asked again', () => {
  const { subject, classes } = scheduled(smallTable, 'leakyRelu', 'forward')
  const plain = (shape: readonly number[], seed: string): Case => ({
    op: 'leakyRelu',
    direction: 'forward',
    seed,
    form: { attrs: {}, shapes: { x: shape }, fills: {} },
  })
  const candidates = Array.from({ length: 50 }, (_, i) => plain([1 + (i % 7), 2], `case ${i}`))
  const schedule = (seed: number, total: number): readonly Case[] =>
    repetitionOf({
      op: 'leakyRelu',
      direction: 'forward',
      seed,
      candidates,
      total,
      subject,
      rows: classes().rows,
    })
  const pairsOf = (cases: readonly Case[]): readonly Case[] =>
    cases.slice(cases.findIndex((one) => candidates.includes(one)))

  test('follows from the seed', () => {
    assert(schedule(1, 50).map(printCase)).toEqual(schedule(1, 50).map(printCase))
    assert(schedule(1, 50).map(printCase)).not.toEqual(schedule(2, 50).map(printCase))
  })

  test('is the same shape with other numbers, and two shapes by turns', () => {
    const [a, other, ...rest] = pairsOf(schedule(1, 50))
    assert(other).toEqual(withOtherNumbers(a!))
    const [, b] = rest
    assert(rest).toEqual([a, b, a, b])
    assert(b!.form.shapes).not.toEqual(a!.form.shapes)
  })

  test('is a tenth of a long line', () => {
    assert(pairsOf(schedule(1, 600))).toHaveLength(60)
  })

  test('is the same shape and numbers with another attribute', () => {
    const [p, q, again] = schedule(1, 50)
    assert(again).toBe(p)
    assert({ ...q, form: { ...q!.form, attrs: {} } }).toEqual({ ...p, form: { ...p!.form, attrs: {} } })
    assert(q!.form.attrs).not.toEqual(p!.form.attrs)
  })

  test('of a right backend are answers that are the same in bits', async () => {
    const ops = ['relu', 'dense', 'softmax', 'maxPool2d', 'adam'] as const
    const { lines } = await report(() => fromKernels('plain', plainF32Kernels), { ops, seed: 3 })
    assert(lines.filter(({ repeats }) => repeats === undefined || repeats.asked < 2)).toEqual([])
    assert(lines.filter(({ repeats }) => repeats!.differed + repeats!.failed > 0)).toEqual([])
    assert(lines.filter(({ verdict }) => verdict !== 'conformant')).toEqual([])
  })
})
