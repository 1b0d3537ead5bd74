import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openWebGpu } from '../accelerated/index.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle, run } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js'
import type { StoredTensor } from '../formats/safetensors.js'
import { unusedBy, weightsFrom, weightsOf } from '../formats/weights.js'
import { parameterCount } from '../spec/networks/network.js'
import type { Network } from '../spec/networks/network.js'
import { stateDictNames } from '../formats/torch.js'
import { networkNamed } from '../spec/networks/zoo.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { asF64, deviations, right } from './testing/shaken.js'
import type { WitnessCase } from './testing/torchvision.js'
import {
  cases,
  drawnTensor,
  hashOf,
  listingOf,
  partOf,
  savedFile,
  savedPart,
  savedShapes,
  sha256,
} from './testing/torchvision.js'

/**
 * Whole networks on images of 224 and 299 pixels, and the largest dense layers, take minutes and gigabytes: with
 * TORCHVISION=whole in the environment they are asked too.
 */
const full = process.env['TORCHVISION'] === 'whole'
const patience = full ? 3_600_000 : 300_000

const networks: Readonly<Record<string, Network>> = Object.fromEntries(
  (
    [
      ['alexnet', { variant: 'torchvision' }],
      ['vgg16', { variant: 'torchvision' }],
      ['vgg19', { variant: 'torchvision' }],
      ['googlenet', { variant: 'torchvision', aux: true }],
      ['inceptionV3', { aux: true }],
      ['resnet18', {}],
      ['resnet34', {}],
      ['resnet50', {}],
      ['resnet101', {}],
      ['resnet152', {}],
    ] as const
  ).map(([name, wanted]) => [name, right(networkNamed(name, wanted))]),
)
const networkOf = (name: string): Network => networks[name] as Network

/** Batch norm's count of batches, the one thing in a state dict that no network here reads. */
const counts = (names: readonly string[]): readonly string[] =>
  names.flatMap((name) => (name.endsWith('running_mean') ? [name.replace(/running_mean$/, 'num_batches_tracked')] : []))

/** The lines `name dtype shape` of what a state dict should hold for a network, sorted. */
const linesOf = (network: Network): readonly string[] => {
  const calls = stateDictNames(network)
  const shapes = { ...network.parameters, ...network.kept }
  const named = Object.entries(calls).flatMap(([name, called]) =>
    called.map((each) => `${each} F32 ${shapes[name]?.shape.join('x')}`),
  )
  return [...named, ...counts(Object.values(calls).flat()).map((name) => `${name} I64 `)].toSorted()
}

describe('the state dict of torchvision’s network', () => {
  it.each(['alexnet', 'vgg16', 'googlenet', 'inceptionV3', 'resnet18', 'resnet50'])(
    '%s has the names, dtypes and shapes that ours reads, and batch norm’s counts',
    (name) => {
      const saved = Object.entries(savedShapes(name)).map(
        ([key, { dtype, shape }]) => `${key} ${dtype} ${shape.join('x')}`,
      )
      expect(linesOf(networkOf(name))).toEqual(saved.toSorted())
    },
  )

  it.each(['vgg19', 'resnet34', 'resnet101', 'resnet152'])('%s likewise, by the hash of the list', (name) => {
    expect(sha256(new TextEncoder().encode(linesOf(networkOf(name)).join('\n')))).toBe(listingOf(name))
  })

  it.each(['googlenet', 'resnet18', ...(full ? ['alexnet', 'vgg16', 'inceptionV3', 'resnet50'] : [])])(
    '%s loads from the file that PyTorch saved, byte for byte, and goes out as PyTorch takes it',
    (name) => {
      const file = savedFile(name)
      expect(sha256(file)).toBe(hashOf(name))
      const decoded = right(decodeSafetensors(file))
      const weights = right(weightsFrom(networkOf(name), decoded))
      const out = right(decodeSafetensors(encodeSafetensors(weightsOf(networkOf(name), weights))))
      const kept = decoded.tensors.filter(({ dtype }) => dtype !== 'I64')
      const byName = (tensors: readonly StoredTensor[]) =>
        Object.fromEntries(
          tensors.map(({ name, dtype, shape, bytes }) => [name, [dtype, shape, sha256(bytes as Uint8Array)]]),
        )
      expect(byName(out.tensors)).toEqual(byName(kept))
    },
  )

  it('GoogLeNet’s loads into a network without its auxiliary classifiers, which are passed over by name', () => {
    const network = right(networkNamed('googlenet', { variant: 'torchvision' }))
    const { tensors } = savedPart('googlenet', networkOf('googlenet'))
    const main = tensors.filter(({ name }) => !/^aux[12]\./.test(name))
    expect(Object.keys(right(weightsFrom(network, { tensors })))).toHaveLength(main.length)
    expect(unusedBy(network, { tensors })).toHaveLength(tensors.length - main.length)
    expect(unusedBy(network, { tensors }).filter((name) => !/^aux[12]\./.test(name))).toEqual([])
  })
})

/** A part of a network with torchvision's weights and the input drawn, our answer, and how far the witness's may lie from it. */
const askedAnew = (each: WitnessCase) => {
  const part = partOf(networkOf(each.network), each)
  const weights = right(weightsFrom(part, savedPart(each.network, part)))
  const feeds: Tensors = { ...weights, [each.from]: drawnTensor(each.from, each.shape) }
  const exact = right(run(part.program, feeds, [each.to]))
  return { part, feeds, answer: exact[each.to] as Tensor, allowance: allowed(part, feeds, exact) }
}

// what several tests ask is worked out once
const known = new Map<WitnessCase, ReturnType<typeof askedAnew>>()
const asked = (each: WitnessCase): ReturnType<typeof askedAnew> => {
  const before = known.get(each)
  if (before !== undefined) return before
  const found = askedAnew(each)
  if (isSmall(each) && ['aux1.fc2', 'fc'].includes(each.to)) known.set(each, found)
  return found
}

/**
 * How far the witness may be from us, in f64: what all roundings come to on the way, measured in one run, once for each of
 * the two. All outputs of a layer lie at the end of the same way and meet errors of one size, so the largest deviation
 * among the hundreds of them is allowed each.
 */
const allowed = (part: Network, feeds: Tensors, exact: Tensors): number => {
  const deviation = deviations(oracle, part.program, feeds, exact, 1)[part.output] as Tensor
  return 2 * Array.from(deviation.data, (v) => v).reduce((a, b) => Math.max(a, b), 0)
}

const furthest = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape)
  return Array.from({ length: a.data.length }, (_, i) => Math.abs(Number(a.data[i]) - Number(b.data[i]))).reduce(
    (x, y) => (y <= x ? x : y),
    0,
  )
}

/**
 * What is asked always: the image is small, and there are not more weights than ResNet-50's. Of Inception v3, the stem and
 * the auxiliary classifier.
 */
const isSmall = (each: WitnessCase): boolean =>
  (each.shape[2] ?? 1) < 224 &&
  parameterCount(partOf(networkOf(each.network), each)) < 30_000_000 &&
  (each.network !== 'inceptionV3' || each.from === 'x' || each.to === 'AuxLogits.fc')
const titled = (list: readonly WitnessCase[]) =>
  list.map((each) => [`${each.network} from ${each.from} [${each.shape.join()}] to ${each.to}`, each] as const)
const small = cases.filter(isSmall)
const named = (network: string, to: string): WitnessCase =>
  small.find((each) => each.network === network && each.to === to) as WitnessCase

describe('with torchvision’s weights the oracle answers as PyTorch does', () => {
  it.each(titled(full ? cases : small))(
    '%s',
    (_, each) => {
      const { answer, allowance } = asked(each)
      expect(furthest(answer, each.answer)).toBeLessThanOrEqual(allowance)
    },
    patience,
  )

  it('every layer is among the parts, but for the largest dense ones', () => {
    ;['alexnet', 'vgg16', 'googlenet', 'resnet18', 'resnet50'].forEach((name) => {
      const parts = small.filter(({ network }) => network === name)
      const run = new Set(parts.flatMap((each) => partOf(networkOf(name), each).program.nodes.map(({ name }) => name)))
      const left = networkOf(name).program.nodes.flatMap(({ name }) => (run.has(name) ? [] : [name]))
      const dense: Readonly<Record<string, readonly number[]>> = { alexnet: [1, 2, 4, 5], vgg16: [0, 1, 3, 4] }
      const large = dense[name]?.map((at) => `classifier.${at}`)
      expect(left).toEqual(large === undefined ? [] : ['flatten', ...large])
    })
  })

  const changed = (name: string, change: (node: Network['program']['nodes'][number]) => object): Network => {
    const { program, ...network } = networkOf(name)
    return { ...network, program: { ...program, nodes: program.nodes.map((node) => ({ ...node, ...change(node) })) } }
  }
  it.each([
    [
      'batch norm’s ε as in ResNet',
      'googlenet',
      'aux1.fc2',
      ({ op, attrs }) => (op === 'batchNormInference' ? { attrs: { ...attrs, epsilon: Math.fround(1e-5) } } : {}),
    ],
    [
      'the stride of a bottleneck in its first convolution',
      'resnet50',
      'fc',
      ({ name, attrs }) =>
        name === 'layer2.0.conv1' || name === 'layer2.0.conv2'
          ? { attrs: { ...attrs, stride: name.endsWith('1') ? [2, 2] : [1, 1] } }
          : {},
    ],
    [
      'branches of an Inception module in another order',
      'googlenet',
      'fc',
      ({ name, inputs }) =>
        name === 'inception5b.concat' ? { inputs: { ...inputs, x0: inputs['x1'], x1: inputs['x0'] } } : {},
    ],
  ] as readonly (readonly [string, string, string, (node: Network['program']['nodes'][number]) => object])[])(
    'and sees %s',
    (_, network, to, change) => {
      const each = named(network, to)
      const { feeds, allowance } = asked(each)
      const { program } = partOf(changed(network, change), each)
      const wrong = right(run(program, feeds, [to]))[to] as Tensor
      expect(furthest(wrong, each.answer)).toBeGreaterThan(1e6 * allowance)
    },
  )
})

describe.runIf(embedded)('on the embedded adapter', () => {
  let backend: Backend
  beforeAll(async () => {
    backend = right(await openWebGpu('software')())
  })
  afterAll(() => backend.close())

  it('GoogLeNet to f32’s accuracy', async () => {
    const each = named('googlenet', 'fc')
    const { part, feeds, allowance } = asked(each)
    const got = right(await backend.run(part.program, feeds, [each.to])())
    // roundings are f32's on one side
    expect(furthest(got[each.to] as Tensor, each.answer)).toBeLessThanOrEqual(allowance / asF64)
  })
})
