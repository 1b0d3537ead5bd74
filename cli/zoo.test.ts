import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { either as E, taskEither as TE } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formulaTable } from '../conformance/testing/toys.js'
import { trials } from '../conformance/trial.js'
import { oracle, reference } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { etalonError } from '../spec/error.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { PlainKernel } from '../spec/fromKernels.js'
import { mapTensors } from '../spec/tensor.js'
import type { ZooOptions } from './zoo.js'
import { wantedOf, zooAt } from './zoo.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etalon-zoo-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const counting = (backend: Backend): { readonly backend: Backend; readonly runs: () => number } => {
  let runs = 0
  return {
    backend: {
      ...backend,
      run: (...asked) => {
        runs += 1
        return backend.run(...asked)
      },
    },
    runs: () => runs,
  }
}

const shown = async (backend: Backend, names: readonly string[], given: Partial<ZooOptions> = {}) => {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await zooAt(
    {
      open: () => TE.right(backend),
      oracle,
      out: { write: (text) => out.push(text) },
      err: { write: (text) => err.push(text) },
      now: () => 0,
    },
    names,
    { samples: 256, seed: 1, device: 'auto', ...given },
  )
  return { code, out: out.join(''), err: err.join('') }
}

const all = trials(1)

describe('recurrent networks as they are asked for', () => {
  test('are tried alone, in that form, by their own names', async () => {
    const { code, out } = await shown(reference, ['lstmClassifier'], { cell: 'rnn', bidirectional: true })
    expect(code).toBe(0)
    expect(out).toMatch(/^lstmClassifier rnn both directions\b/m)
    expect(out).toMatch(/13,194 parameters/)
    expect(out).not.toMatch(/perceptron|rnnClassifier/)
  })

  test('are all of them where none is named, and other networks are refused', async () => {
    const trial = await shown(reference, [], { cell: 'rnn', layers: 2, dropout: 0.5 })
    expect(trial.out.match(/^\w+Classifier rnn 2 layers dropout 0\.5\b/gm)).toHaveLength(2)
    const { code, err } = await shown(reference, ['rnnClassifier', 'lenet5'], { cell: 'gru' })
    expect(code).toBe(2)
    expect(err).toMatch(/lenet5 has no recurrent layers/)
  })
})

describe('what is wanted', () => {
  const named = (names: readonly string[], full = false): unknown =>
    E.map((some: typeof all) => some.map(({ kind }) => kind))(wantedOf(all, names, full))

  test('is what is small and the blocks; the large ones by --full or by name', () => {
    const kinds = (full: boolean): unknown => E.map((some: readonly string[]) => [...new Set(some)])(named([], full) as E.Either<never, readonly string[]>) // prettier-ignore
    expect(kinds(false)).toEqual(E.right(['small', 'block']))
    expect(kinds(true)).toEqual(E.right(['small', 'block', 'large']))
    expect(named(['resnet152', 'mlp'])).toEqual(E.right(['small', 'large']))
  })

  test('is refused where there is no such name, with what there is like it', () => {
    expect(wantedOf(all, ['lenet'], false)).toEqual(
      E.left(
        etalonError('AttributeOutOfRange', 'there is no "lenet" in the zoo; there is "lenet5", "lenet5 unpadded"'),
      ),
    )
  })

  test('has every network in every form, and no name twice', () => {
    const names = all.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining(['alexnet two-tower', 'googlenet torchvision aux', 'inceptionV3 aux']))
  })
})

describe('a run', () => {
  test('tells a line for each, and ends well', async () => {
    const { code, out } = await shown(reference, ['perceptron', 'rnnClassifier'])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^perceptron +0.00 +\d+e-\d+ +conformant\n {4}3 parameters, 6 multiply-adds, 8 nodes, 100 % judged, worst/m,
    )
    expect(out).toMatch(/2 of 2 conformant, 0 not, \d[\d,]* elements judged\n$/)
  })

  test('names the first node that is wrong', async () => {
    const { forward, backward } = formulaTable.rnn as PlainKernel
    const wrong: PlainKernel = {
      forward,
      backward: (...asked) => mapTensors((v) => v * 1.01, backward!(...asked)),
    }
    const { code, out } = await shown(fromKernels('wrong', { ...formulaTable, rnn: wrong }), ['rnnClassifier'])
    expect(code).toBe(1)
    expect(out).toMatch(/not-conformant/)
    expect(out).toMatch(/rnn.backward \(rnn backward\) is the first node outside its bound\n {4}\w+\[.*got .*, want /)
  })

  test('ends with a backend that hangs, and says so', async () => {
    const hanging: Backend = { ...reference, run: () => () => new Promise(() => undefined) }
    const { code, out } = await shown(hanging, ['perceptron', 'rnnClassifier'], { caseTimeout: 0.05 })
    expect(code).toBe(3)
    expect(out).toMatch(/NoAnswer: perceptron: no answer within 0.05 s/)
    expect(out).not.toMatch(/rnnClassifier/)
  })

  test('goes on from a report, and does again what could not be run', async () => {
    const report = join(folder, 'zoo.ndjson')
    const first = counting(reference)
    await shown(first.backend, ['perceptron'], { report })
    const broken: Backend = {
      ...reference,
      run: () => TE.left(etalonError('LimitExceeded', 'too large here')),
    }
    const limited = await shown(broken, ['perceptron', 'rnnClassifier'], { report })
    expect(limited.code).toBe(3)
    expect(limited.out).toMatch(
      /rnnClassifier.*not-run\n {4}.* parameters, .*\n {4}LimitExceeded: rnnClassifier: too large here/,
    )
    const second = counting(reference)
    const { code, out } = await shown(second.backend, ['perceptron', 'rnnClassifier'], { report })
    expect([code, first.runs(), second.runs()]).toEqual([0, 1, 1])
    expect(out).toMatch(/2 of 2 conformant/)
    const lines = (await readFile(report, 'utf8')).trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { readonly name?: string }).name)).toEqual([
      undefined,
      'perceptron',
      'rnnClassifier',
    ])
  })

  test('does not go on from what is no report, or one of another run', async () => {
    const report = join(folder, 'other.ndjson')
    await shown(reference, ['perceptron'], { report })
    const before = await readFile(report, 'utf8')
    const seeded = await shown(reference, ['perceptron'], { report, seed: 2 })
    expect(seeded).toMatchObject({
      code: 2,
      err: expect.stringMatching(/other.ndjson: .*seed is 1 there and 2 here/) as string,
    })
    const elsewhere = await shown(fromKernels('elsewhere', formulaTable), ['perceptron'], { report })
    expect(elsewhere).toMatchObject({
      code: 2,
      err: expect.stringMatching(/name is reference there and elsewhere/) as string,
    })
    expect(await readFile(report, 'utf8')).toBe(before)
    const none = join(folder, 'none.ndjson')
    await writeFile(none, 'notes\n')
    const refused = await shown(reference, ['perceptron'], { report: none })
    expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/none.ndjson: line 1 is not JSON/) as string })
    await writeFile(none, `${before.split('\n')[0]}\n{"name":3}\n`)
    const cut = await shown(reference, ['perceptron'], { report: none })
    expect(cut).toMatchObject({
      code: 2,
      err: expect.stringMatching(/line 2 is no line of a zoo report: at seconds/) as string,
    })
  })

  test('stops where the device is lost: no verdict', async () => {
    const lost: Backend = { ...reference, run: () => TE.left(etalonError('DeviceLost', 'gone')) }
    const { code, out } = await shown(lost, ['perceptron', 'rnnClassifier'])
    expect(code).toBe(3)
    expect(out).toMatch(/0 of 2 conformant, 0 not, 2 not run/)
  })

  test('tells a backend that throws so, and goes on', async () => {
    const throwing: Backend = {
      ...reference,
      run: () => {
        throw new Error('no time')
      },
      close: () => Promise.reject(new Error('stuck')),
    }
    const { code, out, err } = await shown(throwing, ['perceptron', 'rnnClassifier'])
    expect(code).toBe(1)
    expect(out.match(/not-conformant\n {4}.*\n {4}Thrown: (perceptron|rnnClassifier): no time\n/g)).toHaveLength(2)
    expect(err).toBe('etalon: the backend: it could not be closed: stuck\n')
  })

  test('writes lines of JSON instead of the table', async () => {
    const { out } = await shown(reference, ['perceptron'], { json: true })
    expect(JSON.parse(out)).toMatchObject({ name: 'perceptron', verdict: 'conformant', parameters: 3, nodes: 8 })
  })
})
