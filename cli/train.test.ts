import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { taskEither as TE } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { openWebGpu } from '../accelerated/index.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { mutant } from '../conformance/testing/instrument.js'
import { toy } from '../conformance/testing/toys.js'
import { oracle } from '../reference/index.js'
import type { Dataset } from '../spec/data/dataset.js'
import { digits } from '../spec/data/digits.js'
import { fail } from '../spec/error.js'
import { loadIdxFolder } from './dataset.js'
import type { Screen } from './terminal.js'
import type { TrainOptions, TrainRim } from './train.js'
import { trainAt } from './train.js'
import type { Digits } from './training.js'

const mnist = fileURLToPath(new URL('../../shared/data/mnist', import.meta.url))
const real = existsSync(mnist)

const first = ({ images, labels }: Dataset, count: number): Dataset => {
  const [, rows, columns] = images.shape
  return {
    images: {
      shape: [count, rows, columns],
      bytes: Array.from({ length: count * rows * columns }, (_, i) => images.bytes[i] as number),
    },
    labels: Array.from({ length: count }, (_, i) => labels[i] as number),
  }
}

/** A few digits: of the real ones where they are at hand, else of the generator's. */
const few = (train: number, test: number): TrainRim['load'] =>
  real
    ? () =>
        TE.map((all: Digits) => ({ train: first(all.train, train), test: first(all.test, test) }))(loadIdxFolder(mnist))
    : () => TE.right({ train: digits(1, train, 'train'), test: digits(1, test, 'test') })

const options: TrainOptions = {
  epochs: 1,
  batch: 16,
  seed: 1,
  learningRate: 0.02,
  momentum: 0.9,
  weightDecay: 0.0005,
  lockstep: 0,
  device: 'software',
}

const trained = async (given: Partial<TrainOptions>, rim: Partial<TrainRim> = {}) => {
  const written: Record<'out' | 'err', string> = { out: '', err: '' }
  const screen = (name: 'out' | 'err'): Screen => ({ write: (text) => (written[name] += text) })
  const at: TrainRim = {
    open: () => TE.right(toy()),
    oracle,
    out: screen('out'),
    err: screen('err'),
    now: () => 0,
    load: few(32, 8),
    ...rim,
  }
  return { code: await trainAt(at, { ...options, ...given }), ...written }
}

describe.runIf(embedded)(`LeNet-5 on the device, on ${real ? 'MNIST' : 'generated'} digits`, () => {
  test('a short training learns, its first steps in lockstep with the reference, node by node', async () => {
    const { code, out, err } = await trained({ lockstep: 2, json: true }, { open: openWebGpu, load: few(320, 40) })
    expect(err).toMatch(/step 1 in lockstep: 36 nodes within bounds/)
    expect(err).toMatch(/step 2 in lockstep: 36 nodes within bounds/)
    expect(code).toBe(0)
    const summary = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>
    expect(summary).toMatchObject({ network: 'lenet5', parameters: 61706, steps: 20, testDigits: 40 })
    const losses = [...err.matchAll(/loss (\S+)/g)].map(([, loss]) => Number(loss))
    expect(losses).toHaveLength(5)
    expect(losses.at(-1)).toBeLessThan(losses[0] as number)
    expect(summary['lockstep']).toMatchObject({ steps: 2 })
  })
})

describe('train', () => {
  test('a backend with a wrong gradient is caught by its node, and the training stops there', async () => {
    const wrong = toy({ dense: mutant('dense', { find: 'at2(dy, n, o) * at2(x, n, i)', replace: 'at2(dy, n, o)' }) })
    const { code, out, err } = await trained({ lockstep: 1 }, { open: () => TE.right(wrong) })
    expect(code).toBe(1)
    expect(err).toMatch(/step 1: node \S*fc\d\S* \(dense backward\) is outside its bound/)
    expect(out).not.toMatch(/accuracy/)
  })

  test('a rate at which the loss leaves the finite numbers ends it, with advice', async () => {
    const { code, err } = await trained({ learningRate: 1e30, epochs: 2 })
    expect(code).toBe(1)
    expect(err).toMatch(/the loss is (NaN|Infinity), so the training stops; a smaller --learning-rate may help/)
  })

  test.each([
    [
      'a folder that is not there',
      { load: () => loadIdxFolder('/no/such/folder') },
      {},
      2,
      /FileUnreadable: .*no such file or folder/,
    ],
    ['a batch larger than the data', {}, { batch: 33 }, 2, /a batch of 33 is more than the 32 training digits/],
    [
      'no device',
      { open: () => TE.fromEither(fail('BackendUnavailable', 'there is none')) },
      {},
      3,
      /BackendUnavailable: there is none/,
    ],
    [
      'a device that is lost on the way',
      { open: () => TE.right({ ...toy(), run: () => TE.fromEither(fail('DeviceLost', 'it went away')) }) },
      {},
      3,
      /DeviceLost: it went away/,
    ],
  ] as const)('%s: a code, a message on standard error, and no result', async (_, rim, given, wanted, message) => {
    const { code, out, err } = await trained({ ...given, json: true }, rim)
    expect(code).toBe(wanted)
    expect(err).toMatch(message)
    expect(out).toBe('')
  })
})
