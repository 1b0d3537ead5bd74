import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E, taskEither as TE } from 'fp-ts'
import { afterAll, describe, expect, it } from 'vitest'
import { onnxruntimeOps } from '../adapters/onnxruntimeWeb/ops.js'
import { plainF32 } from '../adapters/plainF32.js'
import { questionTable } from '../conformance/table.js'
import { decodeGolden, encodeGolden } from '../conformance/vectors/golden.js'
import { judgeVector } from '../conformance/vectors/check.js'
import { vectorsOf } from '../conformance/vectors/vector.js'
import { questionsIn } from '../conformance/verify.js'
import { decodeNpz, encodeNpz } from '../formats/npz.js'
import { decodeSafetensors, encodeSafetensors, numbersOf } from '../formats/safetensors.js'
import { decodeOnnx, decodeOnnxTensor, encodeOnnxTensor } from '../formats/onnx/model.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import type { OpName } from '../spec/catalogue.js'
import { getOrThrow } from '../spec/error.js'
import { fromKernels } from '../spec/fromKernels.js'
import { mapTensor } from '../spec/tensor.js'
import type { CheckOptions, RecordOptions } from './golden.js'
import { checkAt, recordAt } from './golden.js'
import { readFolders } from './goldenOnnx.js'

const folder = mkdtempSync(join(tmpdir(), 'etalon-golden-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)

const screen = () => {
  const texts: string[] = []
  return { write: (text: string) => texts.push(text), text: () => texts.join('') }
}

const rimOf = (backend: Backend) => {
  const [out, err] = [screen(), screen()]
  return { out, err, oracle, table: questionTable, open: () => TE.right(backend) }
}

const record = async (options: Partial<RecordOptions> & Pick<RecordOptions, 'out'>) => {
  const rim = rimOf(plainF32)
  const code = await recordAt(
    rim,
    { profile: 'quick', cases: 3, seed: 1, precision: 'f32', largest: 2000, date: '2026-11-28', ...options },
    'etalon golden record',
  )
  return { code, out: rim.out.text(), err: rim.err.text() }
}

const check = async (path: string, backend?: Backend, options: Partial<CheckOptions> = {}) => {
  const rim = rimOf(backend ?? plainF32)
  const code = await checkAt(rim, path, {
    device: 'auto',
    caseTimeout: 30,
    ...(backend && { backend: 'webgpu' }),
    ...options,
  })
  return { code, out: rim.out.text(), err: rim.err.text() }
}

// the derivative of ReLU taken for 1 where x is negative
const wrong = fromKernels('wrong', {
  relu: {
    forward: (_attrs, { x }) => ({ y: x && mapTensor((v) => Math.max(0, v), x) }),
    backward: (_attrs, _inputs, { y: dy }) => ({ x: dy }),
  },
})

const ops: readonly OpName[] = ['relu', 'softmax', 'conv2d', 'gru', 'adam', 'mse']

describe('etalon golden', () => {
  it.each(['all.npz', 'all.safetensors'])('records %s, to which the oracle and plain f32 keep', async (name) => {
    expect(await record({ out: at(name), ops })).toMatchObject({ code: 0, err: '' })
    const own = await check(at(name))
    expect(own).toMatchObject({ code: 0, err: '' })
    expect(own.out).toMatch(/^gru +backward +3 +0 {2}conformant$/m)
    expect(own.out.replaceAll(/\s+/g, ' ')).toMatch(
      /(\d+) cases answered, \d+ numbers judged, \1 cases the same in bits, 0/,
    )
    const plain = await check(at(name), plainF32)
    expect(plain).toMatchObject({ code: 0, err: '' })
    for (const line of `${own.out}${plain.out}`.split('\n').filter((one) => !one.startsWith(folder)))
      expect(line.length).toBeLessThanOrEqual(80)
  })

  it('writes the same bytes of the same command and date', async () => {
    await record({ out: at('again.npz'), ops })
    expect(readFileSync(at('again.npz')).equals(readFileSync(at('all.npz')))).toBe(true)
  })

  it('comes back as it was written, whichever file it is', () => {
    const golden = getOrThrow(decodeGolden(readFileSync(at('all.npz'))))
    expect(getOrThrow(decodeGolden(readFileSync(at('all.safetensors')))).vectors).toEqual(golden.vectors)
    const again = getOrThrow(encodeGolden(golden, 'npz'))
    expect(Buffer.from(again).equals(readFileSync(at('all.npz')))).toBe(true)
    const [first] = golden.vectors
    expect(first?.id).toMatch(/^sigmoid|relu\/forward\/1\/\d+@\d+$/)
  })

  it('shows the smallest case that a backend gets wrong, and how to see it again', async () => {
    const { code, out } = await check(at('all.npz'), wrong)
    expect(code).toBe(1)
    expect(out).toMatch(/^relu +forward +3 +0 {2}conformant$/m)
    expect(out).toMatch(/^relu +backward +\d +\S+ {2}not-conformant$/m)
    expect(out).toMatch(/^gru +forward +0 +– {2}unsupported$/m)
    expect(out).toMatch(/replay {4}etalon replay relu\/backward\/1\/\d+@\d+$/m)
    expect(out).toMatch(/got \S+, want \S+\n {4}error/)
  })

  it('tells by --json what programs read', async () => {
    const { out } = await check(at('all.npz'), wrong, { json: true, ops: ['relu'] })
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    expect(lines.map(({ direction, verdict }) => [direction, verdict])).toEqual([
      ['forward', 'conformant'],
      ['backward', 'not-conformant'],
    ])
    expect(lines[1]?.['failure']).toMatchObject({ worst: { output: 'x' } })
  })

  it('replaces a file for a reason only, and keeps the reasons', async () => {
    await record({ out: at('kept.npz'), ops: ['relu'] })
    const first = readFileSync(at('kept.npz'))
    const refused = await record({ out: at('kept.npz'), ops: ['relu'], cases: 4 })
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('--reason TEXT')
    expect(readFileSync(at('kept.npz')).equals(first)).toBe(true)
    const replaced = await record({ out: at('kept.npz'), ops: ['relu'], cases: 4, reason: 'more cases', seed: 2 })
    expect(replaced.code).toBe(0)
    const { history } = getOrThrow(decodeGolden(readFileSync(at('kept.npz'))))
    expect(history.map(({ reason, cases }) => [reason, cases])).toEqual([
      ['first recorded', 6],
      ['more cases', 8],
    ])
    expect(history[1]?.changes).toEqual({ same: 0, changed: 0, added: 8, removed: 6 })
    expect((await check(at('kept.npz'))).out).toContain('more cases')
    const garbage = await record({ out: fileURLToPath(import.meta.url), reason: 'why not' })
    expect(garbage).toMatchObject({ code: 2 })
    expect(garbage.err).toMatch(/FileUnreadable|FormatInvalid/)
  })

  it('takes cases by their ids', async () => {
    const ids = ['relu/forward/1/3@3', 'dense/backward/2/5@3']
    expect(await record({ out: at('ids.npz'), cases: ids })).toMatchObject({ code: 0 })
    expect(getOrThrow(decodeGolden(readFileSync(at('ids.npz')))).vectors.map(({ id }) => id)).toEqual(ids)
    expect((await record({ out: at('no.npz'), cases: ['relu/forward/1/3@1'] })).err).toContain('version 1 of the suite')
  })

  it('records tolerances for the precision that is asked', async () => {
    const id = ['dense/forward/1/8@3']
    await record({ out: at('single.npz'), cases: id })
    await record({ out: at('half.npz'), cases: id, precision: 'bf16' })
    const [single, half] = ['single.npz', 'half.npz'].map((name) =>
      Math.max(...(getOrThrow(decodeGolden(readFileSync(at(name)))).vectors[0]!.tolerance['y']!.data as Float64Array)),
    )
    expect(half! / single!).toBeGreaterThan(1000)
  })

  it('refuses what is no golden, of another version, or lies', async () => {
    const { tensors } = getOrThrow(decodeNpz(readFileSync(at('all.npz'))))
    const manifest = JSON.parse(new TextDecoder().decode(Uint8Array.from(tensors[0]!.bytes as Uint8Array))) as {
      cases: { op: string; id: string; attrs: object; inputs: Record<string, string> }[]
    }
    const saying = (changed: object, arrays = tensors.slice(1)): string => {
      const bytes = new TextEncoder().encode(JSON.stringify(changed))
      const read = decodeGolden(
        encodeNpz({ tensors: [{ name: 'manifest', dtype: 'U8', shape: [bytes.length], bytes }, ...arrays] }),
      )
      return E.isLeft(read) ? `${read.left.code}: ${read.left.message}` : 'read'
    }
    const [first, ...others] = manifest.cases
    expect(saying(manifest)).toBe('read')
    expect(saying({ ...manifest, version: 2 })).toContain('FormatInvalid: manifest: it is a golden of version 2')
    expect(saying({ ...manifest, format: 'other' })).toContain('wanted "etalon-golden"')
    expect(saying({ ...manifest, history: [] })).toContain('wanted a list of recordings')
    expect(saying({ ...manifest, cases: [] })).toContain('belongs to no case')
    expect(saying({ ...manifest, cases: [first, ...manifest.cases] })).toContain('is there twice')
    expect(saying({ ...manifest, cases: [{ ...first, op: 'relv' }, ...others] })).toContain('UnknownOp: case relu/')
    expect(saying({ ...manifest, cases: [{ ...first, attrs: { kink: 3 } }, ...others] })).toContain('case relu/')
    expect(saying(manifest, tensors.slice(2))).toContain('MissingInput: case relu/')
    expect(saying(manifest, [...tensors.slice(1), { ...tensors[1]!, name: 'more' }])).toContain('array more belongs')
    const short = tensors
      .slice(1)
      .map((one) => (one.name.includes('expected/') ? { ...one, shape: [1, ...one.shape] } : one))
    expect(saying(manifest, short)).toContain('ShapeMismatch: case relu/')
    const negative = tensors
      .slice(1)
      .map((one) =>
        one.name.includes('tolerance') ? { ...one, bytes: Uint8Array.from(one.bytes as Uint8Array, () => 0xbf) } : one,
      )
    expect(saying(manifest, negative)).toContain('a number that is not ≥ 0')

    const said = async (name: string, bytes: Uint8Array): Promise<string> => {
      writeFileSync(at(name), bytes)
      const { code, out, err } = await check(at(name))
      expect([code, out]).toEqual([2, ''])
      return err
    }
    expect(await said('plain.npz', encodeNpz({ tensors: tensors.slice(1) }))).toContain('a zip without a manifest')
    const { tensors: stored } = getOrThrow(decodeSafetensors(readFileSync(at('all.safetensors'))))
    expect(await said('plain.safetensors', encodeSafetensors({ tensors: stored }))).toContain('without a manifest')
    expect(await said('cut.npz', readFileSync(at('all.npz')).subarray(0, 3000))).toContain('truncated')
    expect(await said('text.npz', Buffer.from('hello'))).toContain('wanted a golden')
    expect((await check(at('none.npz'))).err).toContain('no such file')
  })

  it('finds an oracle that answers otherwise than the file', async () => {
    const golden = getOrThrow(decodeGolden(readFileSync(at('all.npz'))))
    const moved = golden.vectors.map((vector) =>
      vector.op === 'softmax' && vector.direction === 'forward'
        ? { ...vector, expected: { y: mapTensor((v) => v * (1 + 2 ** -40), vector.expected['y']!) } }
        : vector,
    )
    writeFileSync(at('moved.npz'), getOrThrow(encodeGolden({ ...golden, vectors: moved }, 'npz')))
    const { code, out } = await check(at('moved.npz'))
    expect(code).toBe(1)
    expect(out).toMatch(/^softmax +forward +3 +\S+ {2}not-conformant$/m)
    expect(out.match(/not-conformant$/gm)).toHaveLength(2)
  })
})

// ---- ONNX ----------------------------------------------------------------------------------------------------------

const known = Object.keys(onnxruntimeOps) as readonly OpName[]

describe('ONNX’s test data', () => {
  it('are written of every op that ONNX has, and read back as the same questions', async () => {
    const told = await record({ out: at('onnx'), ops: known, format: 'onnx', cases: 4, largest: 600 })
    expect(told).toMatchObject({ code: 0, err: '' })
    const { vectors, own, passedOver } = getOrThrow(await readFolders(oracle, at('onnx')))
    expect(passedOver).toEqual({})
    // a cell comes back as the layer over one step that it was written as
    const layers = { rnnCell: 'rnn', lstmCell: 'lstm', gruCell: 'gru' } as Readonly<Record<string, string>>
    expect([...new Set(vectors.map(({ op }) => op))].sort()).toEqual(
      [...new Set(known.map((op) => layers[op] ?? op))].sort(),
    )
    expect(own.filter(({ judgement }) => !(judgement!.worst.ratio <= 1)).map(({ vector }) => vector.id)).toEqual([])
    const { code, out } = await check(at('onnx'), plainF32, { format: 'onnx' })
    expect(out.match(/not-conformant$/gm) ?? []).toEqual([])
    expect(code).toBe(0)
  })

  it('are right to ONNX Runtime, model, inputs and outputs', async () => {
    const ort = await import('onnxruntime-web')
    ort.env.wasm.numThreads = 1
    ort.env.logLevel = 'fatal'
    const { vectors } = getOrThrow(
      vectorsOf(
        oracle,
        questionTable,
        { precision: 'f32' },
        {
          questions: questionsIn({ ops: known, direction: 'forward' }),
          ...{ profile: 'quick', seed: 1, cases: 4, largest: 600 },
        },
      ),
    )
    const names = readdirSync(at('onnx'))
    const asked: string[] = []
    for (const name of names) {
      const bytes = readFileSync(join(at('onnx'), name, 'model.onnx'))
      const { graph } = getOrThrow(decodeOnnx(bytes))
      const vector = vectors.find(({ id }) => id === graph.name)!
      const set = join(at('onnx'), name, 'test_data_set_0')
      const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], logSeverityLevel: 4 })
      const feeds = graph.inputs.map(({ name: input }, i) => {
        const stored = getOrThrow(decodeOnnxTensor(readFileSync(join(set, `input_${i}.pb`))))
        const { data } = getOrThrow(numbersOf(stored))
        const numbers = Array.from(data as ArrayLike<number>)
        return [
          input,
          stored.dtype === 'F32'
            ? new ort.Tensor('float32', Float32Array.from(numbers), stored.shape)
            : new ort.Tensor('int64', BigInt64Array.from(numbers, BigInt), stored.shape),
        ] as const
      })
      const results = await session.run(Object.fromEntries(feeds))
      const wanted = Object.keys(vector.expected)
      for (const [i, { name: output }] of graph.outputs.entries()) {
        const got = results[output]!
        const stored = getOrThrow(decodeOnnxTensor(readFileSync(join(set, `output_${i}.pb`))))
        // the shape is the one that ONNX gives it
        expect([name, got.dims]).toEqual([name, stored.shape])
        const own = wanted.find((one) => output === `${one}_out`)!
        const { shape } = vector.expected[own]!
        const only = {
          ...vector,
          expected: { [own]: vector.expected[own]! },
          tolerance: { [own]: vector.tolerance[own]! },
        }
        const { worst } = judgeVector(oracle, only, { [own]: { shape, data: got.data as Float32Array } })
        expect([name, output, worst.ratio <= 1]).toEqual([name, output, true])
        asked.push(name)
      }
      await session.release()
    }
    expect(new Set(asked).size).toBe(names.length)
  })

  it('with a wrong answer are told apart from a wrong backend', async () => {
    const set = join(at('onnx'), 'test_relu_0', 'test_data_set_0')
    const file = join(set, 'output_0.pb')
    const right = readFileSync(file)
    const stored = getOrThrow(decodeOnnxTensor(right))
    writeFileSync(file, encodeOnnxTensor({ ...stored, bytes: Uint8Array.from(stored.bytes as Uint8Array, () => 0x40) }))
    const only = { format: 'onnx', ops: ['relu'] } as const
    expect(await check(at('onnx'), undefined, only)).toMatchObject({ code: 1 })
    const { code, out } = await check(at('onnx'), plainF32, only)
    expect(code).toBe(1)
    expect(out).toContain('an answer that is there is wrong itself')
    writeFileSync(file, right)
    expect(await check(at('onnx'), undefined, only)).toMatchObject({ code: 0 })
  })

  it('that are none, or lie, are refused', async () => {
    const said = async (path: string): Promise<string> => {
      const { code, out, err } = await check(path, undefined, { format: 'onnx' })
      expect([code, out]).toEqual([2, ''])
      return err
    }
    expect(await said(at('nowhere'))).toContain('is no folder')
    mkdirSync(at('empty'))
    expect(await said(at('empty'))).toContain('has no model.onnx')
    mkdirSync(at('lying/test_data_set_0'), { recursive: true })
    writeFileSync(at('lying/model.onnx'), 'PK\x03\x04')
    expect(await said(at('lying'))).toMatch(/FormatInvalid: .*model\.onnx/)
    const model = readFileSync(join(at('onnx'), 'test_relu_0', 'model.onnx'))
    writeFileSync(at('lying/model.onnx'), model)
    writeFileSync(at('lying/test_data_set_0/input_0.pb'), Buffer.from([0x08, 0x02, 0x10, 0x01, 0x4a, 0x01, 0x00]))
    expect(await said(at('lying'))).toMatch(/FormatInvalid: .*input_0\.pb/)
    expect((await record({ out: at('onnx'), format: 'onnx' })).err).toContain('is there already')
  })
})

// ---- elsewhere -----------------------------------------------------------------------------------------------------

const python = ['python3', 'python'].find((name) => spawnSync(name, ['-c', 'import numpy']).status === 0)
if (python === undefined) console.warn('the example of docs/goldens.md is skipped: there is no python3 that has numpy')

describe('the example of docs/goldens.md', () => {
  const example = new URL('../docs/examples/check_golden.py', import.meta.url)

  it('is the one on the page', () => {
    const page = readFileSync(new URL('../docs/goldens.md', import.meta.url), 'utf8')
    expect(/```python\n(.*?)```/s.exec(page)?.[1]).toBe(readFileSync(example, 'utf8'))
  })

  it.skipIf(python === undefined)('holds NumPy to a file, and finds a number that is off', async () => {
    await record({ out: at('numpy.npz'), ops: ['relu', 'dense'], cases: 6 })
    const run = (file: string): string =>
      execFileSync(python ?? '', [fileURLToPath(example), file], { encoding: 'utf8' }).trim()
    expect(run(at('numpy.npz'))).toMatch(/^[1-9]\d* right, 0 wrong$/)
    const golden = getOrThrow(decodeGolden(readFileSync(at('numpy.npz'))))
    const off = golden.vectors.map((vector, i) =>
      i === 0 ? { ...vector, expected: { y: mapTensor((v) => v + 1, vector.expected['y']!) } } : vector,
    )
    writeFileSync(at('off.npz'), getOrThrow(encodeGolden({ ...golden, vectors: off }, 'npz')))
    expect(run(at('off.npz'))).toMatch(/^relu\/forward\/\S+ y differs at \[.*\]\n\d+ right, [1-9]\d* wrong$/)
  })
})
