import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { taskEither as TE } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formulaTable, smallTable } from '../conformance/testing/toys.js'
import { encodeSafetensors, storedTensor } from '../formats/safetensors.js'
import { oracle } from '../reference/index.js'
import { etalonError } from '../spec/error.js'
import type { KernelTable, PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import { filled, mapTensors, tensor } from '../spec/tensor.js'
import type { AdjudicateOptions } from './adjudicate.js'
import { adjudicateAt } from './adjudicate.js'
import type { LocalizeCommand } from './localize.js'
import { localizeAt } from './localize.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etalon-localize-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const put = async (name: string, content: string | Uint8Array): Promise<string> => {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}
const fixture = (name: string): string => fileURLToPath(new URL(`../formats/onnx/fixtures/${name}`, import.meta.url))

const rimOf = (table: KernelTable) => {
  const [out, err]: [string[], string[]] = [[], []]
  const rim = {
    open: () => TE.right(fromKernels('toy', table)),
    oracle,
    table: smallTable,
    out: { write: (text: string) => out.push(text) },
    err: { write: (text: string) => err.push(text) },
    now: () => 0,
  }
  return { rim, told: () => ({ out: out.join(''), err: err.join('') }) }
}
const located = async (given: Partial<LocalizeCommand>, table: KernelTable = formulaTable) => {
  const { rim, told } = rimOf(table)
  const usual = {
    optimizer: 'momentum',
    seed: 1,
    samples: 64,
    device: 'auto',
    backend: 'toy',
    caseTimeout: 30,
  } as const
  return { code: await localizeAt(rim, { ...usual, shrinkTime: 2, ...given }), ...told() }
}

const program = {
  inputs: { x: [2, 3], w: [4, 3] },
  nodes: [
    {
      ...{ name: 'first', op: 'dense', direction: 'forward', attrs: {}, cotangents: {} },
      ...{ inputs: { x: 'x', w: 'w' }, outputs: { y: 'first' } },
    },
  ],
  outputs: ['first'],
  carry: {},
}

describe('etalon localize', () => {
  test('a network of the zoo on a right backend: a table of its phases, conformant, 0', async () => {
    const { code, out, err } = await located({ network: 'perceptron', batch: 2 })
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      /phase {6}nodes {2}wrong[^]*\n {2}forward [^]*\n {2}backward [^]*\n {2}update [^]*\nconformant\n$/,
    )
    expect(Math.max(...out.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
  })

  test('an ONNX model of PyTorch with a fault planted in its softmax: the node by its name, 1, and a report', async () => {
    const json = join(folder, 'found.json')
    const { forward, ...others } = formulaTable.softmax!
    const softmax: PlainKernel = {
      ...others,
      forward: (attrs, inputs, sizes) => mapTensors((v) => 1.001 * v, forward(attrs, inputs, sizes)),
    }
    const { code, out } = await located({ onnx: fixture('classifier.13.onnx'), json }, { ...formulaTable, softmax })
    expect(code).toBe(1)
    expect(out).toMatch(/first outside its bound: \/8\/Softmax \(softmax forward\), forward/)
    expect(out).toMatch(/smallest {3}etalon replay --backend toy '\{"op":"softmax"/)
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
      verdict: 'not-conformant',
      first: { op: 'softmax' },
    })
  })

  test('a program with weights and inputs from files', async () => {
    const file = await put('program.json', JSON.stringify(program))
    const weights = await put('w.safetensors', encodeSafetensors({ tensors: [storedTensor('w', filled([4, 3], 0.5))] }))
    const inputs = await put('x.safetensors', encodeSafetensors({ tensors: [storedTensor('x', filled([2, 3], 2))] }))
    const { code, out } = await located({ program: file, weights, inputs, json: true })
    expect(code).toBe(0)
    const found = JSON.parse(out) as { readonly nodes: readonly { readonly node: string }[] }
    expect(found.nodes.map(({ node }) => node)).toContain('w.update')
  })

  test('what lies is refused with 2 by what is wrong with it, and nothing is written', async () => {
    const json = join(folder, 'never.json')
    const bytes = readFileSync(fixture('classifier.13.onnx'))
    const cut = await put('cut.onnx', bytes.subarray(0, 900))
    const good = await put('good.json', JSON.stringify(program))
    const misnamed = await put('m.safetensors', encodeSafetensors({ tensors: [storedTensor('v', tensor([1], [1]))] }))
    const misshapen = await put('s.safetensors', encodeSafetensors({ tensors: [storedTensor('w', tensor([1], [1]))] }))
    const nodes = [{ ...program.nodes[0], inputs: { x: 'first', w: 'w' } }]
    const cases: readonly (readonly [Partial<LocalizeCommand>, RegExp])[] = [
      [{}, /one network is wanted/],
      [{ network: 'perceptron', onnx: cut }, /one network is wanted/],
      [{ network: 'nothing' }, /there is no "nothing" in the zoo/],
      [{ network: 'perceptron', weights: misnamed }, /--weights goes with --program/],
      [{ onnx: join(folder, 'none.onnx') }, /FileUnreadable: .*none\.onnx cannot be read: no such file/],
      [{ onnx: cut }, /FormatInvalid: .*cut\.onnx: truncated, or no protobuf/],
      [{ onnx: good }, /FormatInvalid: .*good\.json: it is JSON/],
      [{ onnx: fixture('classifier.13.onnx'), shape: { z: [1] } }, /the model has no input z/],
      [{ program: cut }, /MalformedRequest: .*cut\.onnx: no JSON/],
      [{ program: await put('form.json', '{"nodes":[]}') }, /MalformedRequest: .*form\.json: no program: at/],
      [
        { program: await put('cycle.json', JSON.stringify({ ...program, nodes })) },
        /first: reads first, which nothing before it gives/,
      ],
      [{ program: good, weights: misnamed }, /UnexpectedInput: good\.json: the program has no input v/],
      [{ program: good, weights: misshapen }, /ShapeMismatch: good\.json: feed w has shape \[1\]/],
      [{ program: good, weights: cut }, /FormatInvalid: .*cut\.onnx/],
      [
        {
          program: await put('huge.json', JSON.stringify({ ...program, inputs: { x: [2 ** 20, 3], w: [2 ** 20, 3] } })),
        },
        /TooLarge/,
      ],
    ]
    for (const [given, wanted] of cases) {
      const { code, err } = await located({ ...given, json })
      expect([err, code]).toEqual([expect.stringMatching(wanted), 2])
    }
    expect(existsSync(json)).toBe(false)
  })

  test('a backend that does not start is 3', async () => {
    const { rim } = rimOf({})
    const open = () => TE.left(etalonError('BackendUnavailable', 'no device'))
    const given = { network: 'perceptron', optimizer: 'sgd', seed: 1, samples: 64, device: 'auto' } as const
    expect(await localizeAt({ ...rim, open }, { ...given, caseTimeout: 30, shrinkTime: 0 })).toBe(3)
  })
})

describe('etalon adjudicate', () => {
  const adjudged = async (file: string, given: Partial<AdjudicateOptions> = {}) => {
    const { rim, told } = rimOf(formulaTable)
    return { code: await adjudicateAt(rim, file, { device: 'auto', caseTimeout: 30, ...given }), ...told() }
  }
  const request = { id: 1, op: 'relu', inputs: { x: { shape: [2], data: [-1, 2] } } }
  const right = { y: { shape: [2], data: [0, 2] } }
  const wrong = { ok: true, outputs: { y: { shape: [2], data: [-1, 2] } } }

  test('a request with two answers, one of them wrong: 1; two right ones: 0; JSON says the same', async () => {
    const both = await put('both.json', JSON.stringify({ ...request, answers: { mine: right, theirs: wrong } }))
    const { code, out, err } = await adjudged(both)
    expect([code, err]).toEqual([1, ''])
    expect(out).toMatch(/mine {4}right [^]*theirs {2}wrong [^]*y\[0\]: got -1, want 0[^]*not all are right: mine is\n$/)
    const other = await put('other.json', JSON.stringify({ y: { shape: [2], data: [0, 2] } }))
    const single = await put('single.json', JSON.stringify({ request, answers: { mine: right } }))
    const json = await adjudged(single, { answer: [`other=${other}`], backend: ['plain-f32'], json: true })
    expect(json.code).toBe(0)
    expect(JSON.parse(json.out)).toMatchObject({ verdict: 'all are right', answers: [{}, { name: 'other' }, {}] })
  })

  test('a failure as a report has it, asked of a backend', async () => {
    const smallest = { op: 'tanh', direction: 'forward', seed: '1', shapes: { x: [2] } }
    const file = await put('failure.json', JSON.stringify({ smallest }))
    expect(await adjudged(file, { backend: ['plain-f32'] })).toMatchObject({ code: 0, err: '' })
  })

  test('what lies is refused with 2', async () => {
    const good = await put('request.json', JSON.stringify(request))
    const cases: readonly (readonly [string, Partial<AdjudicateOptions>, RegExp])[] = [
      [join(folder, 'none.json'), {}, /no such file/],
      [await put('cut.json', '{"op":"relu"'), {}, /MalformedRequest: .*no JSON/],
      [await put('list.json', '[]'), {}, /it is a list; it must be an object/],
      [good, {}, /has no answers/],
      [good, { answer: ['mine'] }, /NAME=FILE is wanted/],
      [good, { answer: [`a=${good}`] }, /MalformedRequest|MalformedTensor/],
      [await put('op.json', JSON.stringify({ ...request, op: 'rely' })), {}, /UnknownOp/],
      [
        await put('t.json', JSON.stringify({ ...request, answers: { a: { y: { shape: [3], data: [1] } } } })),
        {},
        /MalformedTensor: .*the answer a: .*y/,
      ],
      [await put('e.json', JSON.stringify({ ...request, answers: { a: {} } })), {}, /the answer a: it has no outputs/],
      [
        await put('n.json', JSON.stringify({ ...request, answers: { 'plain-f32': right } })),
        { backend: ['plain-f32'] },
        /two answers are called plain-f32/,
      ],
      [
        await put(
          'big.json',
          JSON.stringify({ op: 'relu', direction: 'forward', seed: '1', shapes: { x: [2 ** 20, 2 ** 20] } }),
        ),
        {},
        /TooLarge/,
      ],
    ]
    for (const [file, given, wanted] of cases) {
      const { code, err } = await adjudged(file, given)
      expect([err, code]).toEqual([expect.stringMatching(wanted), 2])
    }
  })
})
