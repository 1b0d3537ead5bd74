import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E, taskEither as TE } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AcquiredDevice } from '../accelerated/index.js'
import { acquireDevice, openWebGpu, webGpuBackend } from '../accelerated/index.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { mutant } from '../conformance/testing/instrument.js'
import { toy } from '../conformance/testing/toys.js'
import { oracle } from '../reference/index.js'
import { decodeSafetensors, encodeSafetensors, storedTensor } from '../formats/safetensors.js'
import type { Backend, DeviceMemory, Session } from '../spec/backend.js'
import { fail, getOrThrow } from '../spec/error.js'
import { learningOf } from '../spec/networks/zoo.js'
import { scalar } from '../spec/tensor.js'
import type { Dataset } from '../training/dataset.js'
import { digits } from '../training/digits.js'
import type { Digits } from './dataset.js'
import { loadIdxFolder } from './dataset.js'
import type { Screen } from './terminal.js'
import type { TrainOptions, TrainRim } from './train.js'
import { trainAt } from './train.js'
import { augmentOf, initializerOf, scheduleOf } from './trainOptions.js'

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

const all = real ? await loadIdxFolder(mnist)() : undefined

/** A few digits: of the real ones where they are at hand, else of the generator's. */
const few = (train: number, test: number): TrainRim['load'] =>
  all !== undefined
    ? () => TE.map((of: Digits) => ({ train: first(of.train, train), test: first(of.test, test) }))(TE.fromEither(all))
    : () => TE.right({ train: digits(1, train, 'train'), test: digits(1, test, 'test') })

const options: TrainOptions = {
  network: 'lenet5',
  digit: 0,
  epochs: 1,
  batch: 16,
  seed: 1,
  optimizer: 'momentum',
  schedule: { schedule: 'linear' },
  momentum: 0.9,
  weightDecay: 0.0005,
  l2: 0,
  augment: [],
  validation: 0,
  patience: 0,
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
    const { code, out, err } = await trained(
      { batch: 8, lockstep: 2, learningRate: 0.02, json: true },
      { open: (device) => openWebGpu(device), load: few(160, 20) },
    )
    expect(err).toMatch(/step 1 in lockstep: 36 nodes within bounds/)
    expect(err).toMatch(/step 2 in lockstep: 36 nodes within bounds/)
    expect(code).toBe(0)
    const summary = JSON.parse(out.trim().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>
    expect(summary).toMatchObject({ network: 'lenet5', parameters: 61706, steps: 20, testDigits: 20 })
    const losses = [...err.matchAll(/loss (\S+)/g)].map(([, loss]) => Number(loss))
    expect(losses).toHaveLength(5)
    expect(losses.at(-1)).toBeLessThan(losses[0] as number)
    expect(summary['lockstep']).toMatchObject({ steps: 2 })
    const { allocated, predicted, step } = summary['deviceMemory'] as Readonly<Record<string, number>>
    expect(allocated).toBe(predicted)
    expect(allocated).toBeGreaterThan(step as number)
    expect(err).toMatch(/a step takes 1\.\d\d MB of the device’s memory/)
  })

  test('a device that is lost on the way leaves its last checkpoint, which goes on to the same bytes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etalon-lost-'))
    const at = (name: string): string => join(folder, name)
    const given = { network: 'mlp', batch: 4, epochs: 2, learningRate: 0.1, optimizer: 'sgd' } as const
    const load = few(12, 4)
    const lostError = { code: 'DeviceLost', message: 'no begin' } as const
    const losing: TrainRim['open'] = () =>
      TE.map((acquired: AcquiredDevice): Backend => {
        const backend = webGpuBackend(acquired)
        let steps = 0
        const counted = <A>(task: A): A => {
          if (++steps === 5) acquired.device.destroy()
          return task
        }
        return {
          ...backend,
          open: (program, state) =>
            TE.map((session: Session): Session => ({
              ...session,
              step: (feeds, watch) => counted(session.step(feeds, watch)),
              begin: (feeds, watch) => counted(session.begin?.(feeds, watch) ?? TE.left(lostError)),
            }))(backend.open(program, state)),
        }
      })(acquireDevice('software'))
    const lost = await trained({ ...given, checkpoint: at('lost') }, { open: losing, load, args: ['train', 'mlp'] })
    expect(lost.code).toBe(3)
    expect(lost.err).toMatch(/DeviceLost: .*\n.*its state is in .*lost; to go on:\n {2}etalon train mlp --resume/)
    const open: TrainRim['open'] = (device) => openWebGpu(device)
    const resumed = await trained({ ...given, resume: at('lost'), checkpoint: at('resumed') }, { open, load })
    expect(resumed.out).toMatch(/goes on after step 4 of 6/)
    await trained({ ...given, checkpoint: at('whole') }, { open, load })
    expect(await readFile(at('resumed'))).toEqual(await readFile(at('whole')))
    await rm(folder, { recursive: true })
  })
})

describe('train', () => {
  test('what does not fit is refused before a step, with the micro-batches that would', async () => {
    // so many bytes for each example that is fed at a time
    const ofStep: DeviceMemory['ofStep'] = ({ inputs }) => {
      const bytes = 1e6 * Math.max(...Object.entries(inputs).map(([name, [n = 0]]) => (name.endsWith('x') ? n : 0)))
      return bytes > 5e6
        ? fail('LimitExceeded', `it takes ${bytes} bytes of device memory; there are 5000000`)
        : E.right(bytes)
    }
    const small = { ...toy(), memory: { ofStep, most: () => ({ allocated: 0, predicted: 0 }) } }
    const open: TrainRim['open'] = () => TE.right(small)
    const { code, out, err } = await trained({ batch: 16 }, { open })
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain(
      'LimitExceeded: it takes 16000000 bytes of device memory; there are 5000000; with --micro-batch 4 a step learns the same and takes 4.00 MB',
    )
    const parts = await trained({ network: 'mlp', batch: 16, microBatch: 4, lockstep: 1, json: true }, { open })
    expect(parts.code).toBe(0)
    expect(parts.err).toMatch(/2 steps of 16, in parts of 4/)
    expect(parts.err).toMatch(/step 1 in lockstep: \d+ nodes within bounds/)
    expect(JSON.parse(parts.out)).toMatchObject({ batch: 16, microBatch: 4 })
  })

  test('a backend with a wrong gradient is caught by its node, and the training stops there', async () => {
    const wrong = toy({ dense: mutant('dense', { find: 'at2(dy, n, o) * at2(x, n, i)', replace: 'at2(dy, n, o)' }) })
    const { code, out, err } = await trained(
      { batch: 4, lockstep: 1 },
      { open: () => TE.right(wrong), load: few(4, 1) },
    )
    expect(code).toBe(1)
    expect(err).toMatch(/step 1: node \S*fc\d\S* \(dense backward\) is outside its bound/)
    expect(out).not.toMatch(/accuracy/)
  })

  test('a rate at which the loss leaves the finite numbers ends it, with advice', async () => {
    const { code, err } = await trained({ learningRate: 1e30, epochs: 2, batch: 4 }, { load: few(8, 1) })
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

describe('train NETWORK', () => {
  const load: TrainRim['load'] = () => TE.right({ train: digits(1, 64, 'train'), test: digits(1, 16, 'test') })
  const summary = ({ out }: { readonly out: string }) =>
    JSON.parse(out.trim().split('\n').at(-1) ?? '') as Readonly<Record<string, unknown>>

  test('an mlp reads digits as vectors, and learns by the loss that it is given', async () => {
    const learned = digits(1, 32, 'train')
    const again: TrainRim['load'] = () => TE.right({ train: learned, test: learned })
    const of = (given: Partial<TrainOptions>) =>
      trained({ network: 'mlp', batch: 8, epochs: 6, json: true, ...given }, { load: again })
    const [own, hinged] = [await of({ lockstep: 1 }), await of({ loss: 'hinge', learningRate: 0.02, l2: 0.001 })]
    expect(own.err).toMatch(/^mlp, 23860 parameters, softmaxCrossEntropy, on/)
    expect(summary(own)).toMatchObject({ network: 'mlp', parameters: 23860, loss: 'softmaxCrossEntropy', steps: 24 })
    expect(own.err).toMatch(/step 1 in lockstep: 12 nodes within bounds/)
    expect(summary(hinged)).toMatchObject({ loss: 'hinge' })
    for (const one of [own, hinged]) {
      // of digits that it has learned; one in ten would be right by chance, and one in two not among five
      expect(summary(one)['testAccuracy']).toBeGreaterThan(0.5)
      expect(summary(one)['testTop5Error']).toBeLessThan(0.2)
    }
  })

  test('the perceptron tells one digit from the others, and says so in accuracy alone', async () => {
    const made = await trained({ network: 'perceptron', digit: 1, epochs: 4, json: true }, { load })
    expect(summary(made)).toMatchObject({ network: 'perceptron', parameters: 785, loss: 'bceWithLogits' })
    expect(summary(made)['testAccuracy']).toBeGreaterThan(0.8)
    expect(summary(made)).not.toHaveProperty('testTop5Error')
  })

  test('a sequence is read row by row, and asked about another batch than it learns in', async () => {
    const given = { network: 'rnnClassifier', optimizer: 'adam', validation: 5, epochs: 2, patience: 2 } as const
    const made = await trained({ ...given, batch: 4, json: true }, { load: few(9, 4) })
    expect(made.code).toBe(0)
    expect(summary(made)).toMatchObject({ network: 'rnnClassifier', parameters: 6602, validationDigits: 5 })
    // few digits of a few are read, and then it is said what to ask for
    expect(made.err).toMatch(/more digits are read, as a rule, with --cell gru, or more --epochs\n/)
    expect(made.err).toMatch(/epoch 2 {2}over at rate \S+ {2}validation loss \S+ {2}accuracy/)
  })

  test('layers in both directions learn, with dropout between them, and each node keeps its bound', async () => {
    const given = { network: 'rnnClassifier', cell: 'gru', layers: 2, bidirectional: true, dropout: 0.25 } as const
    const made = await trained({ ...given, batch: 1, lockstep: 1, json: true }, { load: few(1, 1) })
    expect(made.err).toMatch(/^rnnClassifier \(gru, 2 layers, both directions, dropout 0\.25\), 111882 parameters/)
    // forward 16 and dropout, the loss, its reverse, and an update of each of 18 parameters
    expect(made.err).toMatch(/step 1 in lockstep: \d+ nodes within bounds/)
    expect(made.code).toBe(0)
    expect(summary(made)).toMatchObject({ cell: 'gru', layers: 2, bidirectional: true, dropout: 0.25 })
  })

  test('what is not said is as the network, or the cell that it is asked for with, learns best', async () => {
    const bare = ({ optimizer: _, batch: __, ...rest }: TrainOptions): TrainOptions => rest
    // as many digits as make a batch
    const of = async (network: string, given: Partial<TrainOptions>, count: number) => {
      const written: string[] = []
      const screen: Screen = { write: (text) => written.push(text) }
      const load = few(count, 1)
      const rim: TrainRim = { open: () => TE.right(toy()), oracle, out: screen, err: screen, now: () => 0, load }
      expect(await trainAt(rim, { ...bare(options), network, weightDecay: 0, json: true, ...given })).toBe(0)
      return JSON.parse(written.at(-1) ?? '') as Readonly<Record<string, unknown>>
    }
    for (const [network, given, cell] of [
      ['mlp', {}, undefined],
      ['rnnClassifier', {}, undefined],
      ['rnnClassifier', { cell: 'lstm' }, 'lstm'],
    ] as const) {
      const { optimizer, batch } = learningOf(network, cell === undefined ? {} : { cell }).recipe
      expect(await of(network, given, batch)).toMatchObject({ network, optimizer, batch })
    }
    expect(learningOf('rnnClassifier', { cell: 'lstm' }).recipe).not.toEqual(learningOf('rnnClassifier').recipe)
    expect(await of('rnnClassifier', { optimizer: 'sgd', batch: 2 }, 2)).toMatchObject({ optimizer: 'sgd', batch: 2 })
  })

  test('an autoencoder is judged by its loss, from pixels that stay what they are', async () => {
    const few: TrainRim['load'] = () => TE.right({ train: digits(1, 6, 'train'), test: digits(1, 2, 'test') })
    const given = { network: 'autoencoder', batch: 2, validation: 2, patience: 1, optimizer: 'adam' } as const
    const made = await trained({ ...given, augment: [{ kind: 'shift', most: 2 }], json: true }, { load: few })
    expect(made.code).toBe(0)
    expect(summary(made)).toMatchObject({ network: 'autoencoder', loss: 'mse', testDigits: 2 })
    expect(summary(made)).not.toHaveProperty('testAccuracy')
    // of pixels from 0 to 1 no answer of a sigmoid is further off than 1
    expect(summary(made)['testLoss']).toBeLessThan(1)
    expect(made.err).toMatch(/test loss 0\.\d+ in/)
    expect(made.err).not.toMatch(/accuracy|NaN/)
  })

  test('images larger than the network reads are cropped for it', async () => {
    const wide = ({ images, labels }: Dataset): Dataset => ({
      images: {
        shape: [images.shape[0], 30, 32],
        bytes: Array.from({ length: images.shape[0] * 30 * 32 }, (_, i) => (i % 32 < 4 ? 0 : i % 251)),
      },
      labels,
    })
    const larger: TrainRim['load'] = () =>
      TE.right({ train: wide(digits(1, 16, 'train')), test: wide(digits(1, 2, 'test')) })
    const refused = await trained({ network: 'mlp' }, { load: larger })
    expect(refused).toMatchObject({
      code: 2,
      err: expect.stringMatching(/mlp reads x \[16,784\]; the data are images \[16,1,30,32\]/) as string,
    })
    const augment = [{ kind: 'crop', size: [28, 28] }] as const
    expect((await trained({ network: 'mlp', augment }, { load: larger })).code).toBe(0)
  })

  test.each([
    [
      'resnet18',
      {},
      /resnet18 reads x \[16,3,224,224\]; the data are images \[16,1,28,28\].*; digits can be put to perceptron, mlp, lenet5, autoencoder, rnnClassifier, lstmClassifier$/m,
    ],
    [
      'lenet',
      {},
      /there is no network "lenet"; there are perceptron, mlp, lenet5.*; digits can be put to perceptron, mlp/,
    ],
    ['gan', {}, /gan is two networks .*: etalon lesson gan trains it; digits can be put to perceptron, mlp/],
    ['mlp', { bidirectional: true }, /mlp has no recurrent layers: .* are for rnnClassifier and lstmClassifier$/m],
    ['rnnClassifier', { dropout: 0.5 }, /dropout is between layers, and rnnClassifier has one; ask for several/],
    ['lstmClassifier', { layers: 2, dropout: 1 }, /dropout is 1; it must be at least 0 and below 1/],
    ['mlp', { variant: 'deep' }, /mlp has no variant "deep"; it has narrow, wide/],
    ['mlp', { loss: 'bce' }, /--loss bce does not suit what mlp answers; wanted softmaxCrossEntropy, hinge, mse, bce/],
    ['autoencoder', { loss: 'hinge' }, /--loss hinge does not suit what autoencoder answers; wanted mse, bce/],
    ['perceptron', { digit: 10 }, /the class 10 is none of 0 … 9/],
    ['lenet5', { augment: [{ kind: 'crop', size: [29, 29] }] }, /a crop of 29×29 is larger than images of 28×28/],
  ] as const)('%s with %j is refused before a device is opened', async (network, given, message) => {
    const open: TrainRim['open'] = () => {
      throw new Error('opened')
    }
    const made = await trained({ ...(given as Partial<TrainOptions>), network, json: true }, { load, open })
    expect(made).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) as string })
  })
})

describe('train, kept and gone on with', () => {
  // an epoch is two steps; with a constant rate its steps do not depend on how many epochs follow
  const steady: Partial<TrainOptions> = {
    network: 'mlp',
    optimizer: 'adam',
    learningRate: 0.001,
    schedule: { schedule: 'constant' },
    augment: [{ kind: 'shift', most: 1 }],
    validation: 4,
    batch: 4,
  }
  const load = few(12, 4)
  let folder: string
  const at = (name: string): string => join(folder, name)
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etalon-train-'))
    const { code } = await trained({ ...steady, checkpoint: at('one') }, { load })
    expect(code).toBe(0)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('an epoch, a file and another epoch end in the bytes of two in one go', async () => {
    await trained({ ...steady, epochs: 2, checkpoint: at('whole') }, { load })
    const { code, out } = await trained(
      { ...steady, epochs: 2, resume: at('one'), checkpoint: at('resumed') },
      { load },
    )
    expect(code).toBe(0)
    expect(out).toMatch(/goes on after step 2 of 4/)
    expect(out).toMatch(/epoch 2 {2}over at rate 0.00100 {2}validation loss \S+ {2}accuracy/)
    expect(await readFile(at('resumed'))).toEqual(await readFile(at('whole')))
  })

  test('a training that breaks off within an epoch leaves its last step, whole, and goes on to the same bytes', async () => {
    const backend = toy()
    let steps = 0
    const lost: typeof backend.run = (program, feeds, watch) =>
      program.inputs['learningRate'] !== undefined && ++steps > 3
        ? TE.fromEither(fail('DeviceLost', 'it went away'))
        : backend.run(program, feeds, watch)
    const { code } = await trained(
      { ...steady, epochs: 2, checkpoint: at('broken') },
      { load, open: () => TE.right({ ...backend, run: lost }) },
    )
    expect(code).toBe(3)
    expect((await readdir(folder)).filter((name) => name.includes('part'))).toEqual([])
    const again = { ...steady, epochs: 2, resume: at('broken'), checkpoint: at('mended') }
    expect((await trained(again, { load })).out).toMatch(/goes on after step 3 of 4/)
    await trained({ ...steady, epochs: 2, checkpoint: at('whole') }, { load })
    expect(await readFile(at('mended'))).toEqual(await readFile(at('whole')))
  })

  /** A rim that is interrupted once so many steps were asked of its backend, and what became of a training there. */
  const interruptedAfter = (count: number, given: Partial<TrainOptions>, rim: Partial<TrainRim> = {}) => {
    const backend = toy()
    let steps = 0
    const counting: typeof backend.run = (program, feeds, watch) => {
      if (program.inputs['learningRate'] !== undefined) steps++
      return backend.run(program, feeds, watch)
    }
    return trained(given, {
      load,
      open: () => TE.right({ ...backend, run: counting }),
      interrupted: () => steps >= count,
      ...rim,
    })
  }

  test('an interruption keeps the state after the step, says how to go on, and that ends in the same bytes', async () => {
    const args = ['train', 'mlp', '--resume', 'old', '--checkpoint', "it's"]
    const stopped = await interruptedAfter(1, { ...steady, epochs: 2, checkpoint: at('stopped'), json: true }, { args })
    expect(stopped).toMatchObject({ code: 130, out: '' })
    expect(stopped.err).toMatch(/interrupted after step 1 of 4\nits state is in .*stopped; to go on:\n/)
    expect(stopped.err).toContain(`  etalon train mlp --checkpoint 'it'\\''s' --resume ${at('stopped')}\n`)
    await trained({ ...steady, epochs: 2, resume: at('stopped'), checkpoint: at('resumed') }, { load })
    await trained({ ...steady, epochs: 2, checkpoint: at('whole') }, { load })
    expect(await readFile(at('resumed'))).toEqual(await readFile(at('whole')))
  })

  test('an interruption without a checkpoint, or before a step, keeps nothing and says so', async () => {
    const stopped = await interruptedAfter(1, { ...steady, epochs: 2 })
    expect(stopped).toMatchObject({
      code: 130,
      out: expect.stringMatching(/nothing of it is kept: .*--checkpoint/) as string,
    })
    await writeFile(at('untouched'), 'before')
    const early = await interruptedAfter(0, { ...steady, checkpoint: at('untouched') })
    expect(early).toMatchObject({ code: 130, out: expect.stringMatching(/after step 0 of 2\nnothing/) as string })
    expect(await readFile(at('untouched'), 'utf8')).toBe('before')
  })

  test('a process of a backend that an interruption takes down is no verdict, and what was kept is told', async () => {
    const backend = toy()
    let steps = 0
    const dying: typeof backend.run = (program, feeds, watch) =>
      program.inputs['learningRate'] !== undefined && ++steps > 1
        ? TE.fromEither(fail('Died', 'it was ended by SIGINT'))
        : backend.run(program, feeds, watch)
    const { code, err, out } = await trained(
      { ...steady, epochs: 2, checkpoint: at('died') },
      { load, open: () => TE.right({ ...backend, run: dying }), interrupted: () => steps > 1 },
    )
    expect(code).toBe(130)
    expect(err).toMatch(/Died: it was ended by SIGINT/)
    expect(out).toMatch(/after step 1 of 4\nits state is in .*died/)
  })

  test('with more epochs a falling rate goes on towards the new end, which is said', async () => {
    const falling = { ...steady, schedule: { schedule: 'linear' } } as const
    await trained({ ...falling, checkpoint: at('short') }, { load })
    const { code, out } = await trained({ ...falling, epochs: 4, resume: at('short') }, { load })
    expect(code).toBe(0)
    expect(out).toMatch(/goes on after step 2 of 8/)
    // η·(1 − 2/8), where η·(1 − 2/2) was to come
    expect(out).toMatch(
      /the linear schedule was to end with epoch 1 and now ends with epoch 4: the next rate is 0\.000750, not 0\.00/,
    )
    // the rate of an epoch's last step, η·(1 − s/8) with s = 3, 5, 7
    const rates = [...out.matchAll(/over at rate (\S+)/g)].map(([, rate]) => Number(rate))
    expect(rates).toEqual([0.000625, 0.000375, 0.000125])
    const over = await trained({ ...falling, resume: at('short') }, { load })
    expect(over).toMatchObject({
      code: 0,
      out: expect.stringMatching(/nothing is left to train; more --epochs than 1/) as string,
    })
    await trained({ ...falling, epochs: 4, resume: at('short'), checkpoint: at('long') }, { load })
    expect(await trained({ ...falling, resume: at('long') }, { load })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/it is at step 8; this training has 2, in 1 epochs of 2/) as string,
    })
  })

  test('tensors of a checkpoint that nothing wants are passed over by name', async () => {
    const { tensors, metadata = {} } = getOrThrow(decodeSafetensors(await readFile(at('one'))))
    const more = [...tensors, storedTensor('ema.fc1.w', scalar(1))]
    await writeFile(at('more'), encodeSafetensors({ tensors: more, metadata }))
    const { code, out } = await trained({ ...steady, epochs: 2, resume: at('more') }, { load })
    expect(code).toBe(0)
    expect(out).toMatch(/that nothing wants, passed over: ema\.fc1\.w\n/)
  })

  test('early stopping says which epoch it keeps, and tests that one', async () => {
    const { code, out } = await trained(
      { ...steady, learningRate: 0, epochs: 9, patience: 2, json: true, curves: at('curves.html') },
      { load },
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ epochs: 9, epochsTaken: 3, bestEpoch: 1, optimizer: 'adam' })
    const page = await readFile(at('curves.html'), 'utf8')
    expect(page.match(/<svg/g)).toHaveLength(2)
  })

  test.each([
    ['none there', async () => rm(at('bad'), { force: true }), {}, /bad: .*no such file/],
    [
      'one cut short',
      async () => writeFile(at('bad'), (await readFile(at('one'))).subarray(0, -1)),
      {},
      /FormatInvalid: .*bad: tensor \S+: it ends at byte .*truncated/,
    ],
    [
      'one of another training',
      async () => writeFile(at('bad'), await readFile(at('one'))),
      { seed: 2 },
      /bad: checkpoint: it is of another training: seed is 1 there and 2 here/,
    ],
    [
      'one of another network',
      async () => writeFile(at('bad'), await readFile(at('one'))),
      { network: 'lenet5' },
      /bad: checkpoint: it is of another training: network is "mlp" there and "lenet5" here/,
    ],
    [
      'one of another optimizer',
      async () => writeFile(at('bad'), await readFile(at('one'))),
      { optimizer: 'adamw' },
      /bad: checkpoint: it is of another training: optimizer is .*adam.* there and .*adamw.* here/,
    ],
    [
      'one that is cut in its header',
      async () => writeFile(at('bad'), (await readFile(at('one'))).subarray(0, 100)),
      {},
      /FormatInvalid: .*bad: truncated: the header is \d+ bytes long, and 92 follow/,
    ],
    ...(
      [
        ['a page', '<!doctype html><html>', /it is an HTML page, .*; wanted a safetensors file/],
        ['a pointer', 'version https://git-lfs.github.com/spec/v1\nsize 9\n', /it is a Git LFS pointer, .* of 9 bytes/],
        ['a pickle', '\x80\x04}\x94.', /it is a pickle of Python/],
        ['a zip', 'PK\x03\x04', /it is a zip archive/],
        ['gzip', '\x1f\x8b\x08', /it is gzip data/],
        ['nothing', '', /it is an empty file/],
        ['text', '404: Not Found', /it is text, beginning "404: Not Found"/],
      ] as const
    ).map(
      ([what, content, message]) =>
        [`one that is ${what}`, async () => writeFile(at('bad'), content, 'latin1'), {}, message] as const,
    ),
    [
      'one whose header tells of more than there is',
      async () => {
        const bytes = await readFile(at('one'))
        // the first layer's 30×784 said to be of 31: as long a text, and a lie
        const text = bytes.toString('latin1').replace('"shape":[30,784]', '"shape":[31,784]')
        await writeFile(at('bad'), Buffer.from(text, 'latin1'))
      },
      {},
      /FormatInvalid: .*bad: tensor fc1\.w: data_offsets .* hold 188160 bytes; F64 of shape \[31,784\] takes 194432/,
    ],
  ] as const)('a checkpoint to go on from, but %s: code 2 and why', async (_, make, given, message) => {
    await make()
    const { code, out, err } = await trained({ ...steady, ...given, resume: at('bad'), json: true }, { load })
    expect(code).toBe(2)
    expect(err).toMatch(message)
    expect(out).toBe('')
  })

  test('curves are drawn of a training that diverges or is interrupted, too', async () => {
    const curves = at('ended.html')
    const diverged = await trained({ learningRate: 1e30, epochs: 2, batch: 4, curves }, { load: few(8, 1) })
    expect(diverged.code).toBe(1)
    expect(await readFile(curves, 'utf8')).toMatch(/At step.\d+ the loss is (NaN|Infinity)/)
    expect((await interruptedAfter(1, { ...steady, epochs: 2, curves })).code).toBe(130)
    expect(await readFile(curves, 'utf8')).toMatch(/interrupted after step.1 of/)
  })

  test('a page under another name than a page’s is refused before anything is read', async () => {
    const asked: TrainRim['load'] = () => {
      throw new Error('read')
    }
    expect(await trained({ curves: at('curves.png') }, { load: asked })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--curves writes an HTML page; .* ends in \.png, wanted \.html/) as string,
    })
    expect((await readdir(folder)).filter((name) => name.includes('png'))).toEqual([])
  })

  test('a checkpoint that could not be written is told before anything is trained', async () => {
    const { code, err } = await trained({ ...steady, checkpoint: folder }, { load })
    expect(code).toBe(2)
    expect(err).toMatch(/it is a folder/)
  })

  test('patience without validation, and no digits left to learn from, are mistakes in the command line', async () => {
    expect(await trained({ patience: 1 })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--validation/) as string,
    })
    expect(await trained({ validation: 32 })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/leave none of the 32/) as string,
    })
  })
})

describe('options of train', () => {
  test('schedules by name', () => {
    expect(scheduleOf('cosine')).toEqual({ schedule: 'cosine' })
    expect(scheduleOf('step:4')).toEqual({ schedule: 'stepDecay', every: 4 })
    expect(scheduleOf('exponential:0.9')).toEqual({ schedule: 'exponential', gamma: 0.9 })
    expect(scheduleOf('plateau:2')).toEqual({ schedule: 'reduceOnPlateau', patience: 1 })
    for (const text of ['', 'step', 'step:0', 'step:x', 'cosine:3', 'exponential:2', 'plateau:1:2', 'warm'])
      expect(() => scheduleOf(text)).toThrow(/Wanted: linear/)
  })
  test('augmentations by name, several in their order', () => {
    expect([augmentOf('shift'), augmentOf('shift:3')]).toEqual([
      [{ kind: 'shift', most: 2 }],
      [{ kind: 'shift', most: 3 }],
    ])
    expect(augmentOf('crop:28,flip')).toEqual([{ kind: 'crop', size: [28, 28] }, { kind: 'flip' }])
    for (const text of ['', 'shift:0', 'shift:10', 'shift:', 'shift:1:1', 'crop', 'crop:0', 'flip:1', 'flip,', 'turn'])
      expect(() => augmentOf(text)).toThrow(/Wanted: shift/)
  })
  test('initializers by name', () => {
    expect([initializerOf('he'), initializerOf('xavier'), initializerOf('scaled')]).toEqual([
      { kind: 'he' },
      { kind: 'xavier' },
      { kind: 'scaled' },
    ])
    expect(initializerOf('normal:0.01')).toEqual({ kind: 'normal', sigma: 0.01 })
    expect([initializerOf('orthogonal'), initializerOf('orthogonal:0.1'), initializerOf('identity:0.001')]).toEqual([
      { kind: 'orthogonal' },
      { kind: 'orthogonal', inputs: 0.1 },
      { kind: 'identity', inputs: 0.001 },
    ])
    const wrong = ['', 'normal', 'normal:', 'normal:0', 'normal:-1', 'normal:x', 'he:2', 'normal:1:1', 'uniform']
    for (const text of [...wrong, 'orthogonal:', 'orthogonal:0', 'identity:x', 'identity:1:1'])
      expect(() => initializerOf(text)).toThrow(/Wanted: scaled/)
  })
})
