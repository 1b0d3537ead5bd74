import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { run } from '../reference/index.js'
import { getOrThrow } from '../spec/error.js'
import { decodeSafetensors, numbersOf, storedTensor } from '../formats/safetensors.js'
import type { Safetensors } from '../formats/safetensors.js'
import { unusedBy, weightsFrom, weightsOf } from '../formats/weights.js'
import { torchNameOf } from '../formats/torch.js'
import { batchNorm, convolution, fullyConnected, plainLayer, recurrent, sequential } from '../spec/networks/network.js'
import type { Network } from '../spec/networks/network.js'
import type { Tensors } from '../spec/tensor.js'
import { scalar, zeros } from '../spec/tensor.js'
import { parseNetwork } from './golden/read.js'

// made by formats/fixtures/torch.py
const fixture = (name: string): Safetensors =>
  getOrThrow(decodeSafetensors(new Uint8Array(readFileSync(new URL(`../formats/fixtures/${name}`, import.meta.url)))))
const saved = fixture('small-torch.safetensors')
const asked: Tensors = Object.fromEntries(
  fixture('small-torch-output.safetensors').tensors.map((stored) => [stored.name, getOrThrow(numbersOf(stored))]),
)

const network: Network = sequential(
  [2, 2, 5, 6],
  [
    convolution('conv1', [2, 4], [3, 2], { stride: [1, 2], groups: 2 }),
    batchNorm('bn1', 4),
    plainLayer('relu1', 'relu'),
    plainLayer('flat', 'flatten'),
    fullyConnected('fc1', 36, 5),
  ],
)

describe('weights by PyTorch’s names', () => {
  test('a state dict that PyTorch made gives PyTorch’s output', () => {
    const weights = getOrThrow(weightsFrom(network, saved))
    const { fc1 } = getOrThrow(run(network.program, { ...weights, x: asked['x'] as Tensors[string] }))
    expect(fc1?.shape).toEqual(asked['y']?.shape)
    expect(Array.from(fc1?.data ?? [])).toEqual(
      Array.from(asked['y']?.data ?? [], (v) => expect.closeTo(v, 10) as number),
    )
  })

  test('weights that went out come back, under the names of the state dict', () => {
    const weights = getOrThrow(weightsFrom(network, saved))
    const out = weightsOf(network, weights)
    expect(getOrThrow(weightsFrom(network, out))).toEqual(weights)
    expect(out.tensors.map(({ name }) => name).toSorted()).toEqual(
      saved.tensors
        .map(({ name }) => name)
        .filter((name) => !name.endsWith('num_batches_tracked'))
        .toSorted(),
    )
  })

  test('names of other libraries are a function', () => {
    expect(['conv1.w', 'features.0.b', 'bn1.runningMean', 'scale'].map(torchNameOf)).toEqual([
      'conv1.weight',
      'features.0.bias',
      'bn1.running_mean',
      'scale',
    ])
    const upper = (name: string): string => name.toUpperCase()
    const weights = getOrThrow(weightsFrom(network, saved))
    expect(getOrThrow(weightsFrom(network, weightsOf(network, weights, upper), upper))).toEqual(weights)
  })

  test('a recurrent layer’s two biases are added up, and go out as one and zeros; its first state stays out', () => {
    const golden = getOrThrow(
      parseNetwork(readFileSync(new URL('golden/networks/lstmBelowRnn.json', import.meta.url), 'utf8')),
    )
    const file = (tensors: Tensors): Safetensors => ({
      tensors: Object.entries(tensors).map(([name, value]) => storedTensor(name, value)),
    })
    const stacked = sequential(golden.x.shape, [
      recurrent('lower', 'lstm', { batch: 2, inputs: 3, hidden: 2 }, 'y'),
      recurrent('upper', 'rnn', { batch: 2, inputs: 2, hidden: 4 }),
      fullyConnected('fc', 4, 3),
    ])
    const weights = getOrThrow(weightsFrom(stacked, file(golden.parameters)))
    const [ih, hh] = ['lower.bias_ih_l0', 'lower.bias_hh_l0'].map((name) => golden.parameters[name]?.data ?? [])
    expect(Array.from(weights['lower.b']?.data ?? [])).toEqual(Array.from(ih ?? [], (v, i) => v + Number(hh?.[i])))
    expect(weights['upper.h0']).toEqual(zeros([2, 4]))

    const out = weightsOf(stacked, weights)
    expect(out.tensors.map(({ name }) => name).toSorted()).toEqual(Object.keys(golden.parameters).toSorted())
    expect(out.tensors.find(({ name }) => name === 'lower.bias_hh_l0')).toEqual(
      storedTensor('lower.bias_hh_l0', zeros([8])),
    )
    expect(getOrThrow(weightsFrom(stacked, out))).toEqual(weights)

    const { 'upper.bias_hh_l0': _, ...without } = golden.parameters
    expect(weightsFrom(stacked, file(without))).toEqual(
      E.left({ code: 'MissingInput', message: 'weights: tensor upper.bias_hh_l0 is missing' }),
    )
  })

  test('a tensor missing or of another shape is told by its name; one that nothing wants is passed over, and named', () => {
    const from = (tensors: Safetensors['tensors']) => weightsFrom(network, { tensors })
    const told = (code: string, message: RegExp): unknown =>
      E.left({ code, message: expect.stringMatching(message) as string })
    expect(from(saved.tensors.filter(({ name }) => name !== 'bn1.running_var'))).toEqual(
      told('MissingInput', /weights: tensor bn1.running_var is missing/),
    )
    const more = [...saved.tensors, storedTensor('fc9.bias', scalar(1))]
    expect(from(more)).toEqual(from(saved.tensors))
    expect([unusedBy(network, { tensors: more }), unusedBy(network, saved)]).toEqual([['fc9.bias'], []])
    expect(
      from(saved.tensors.map((stored) => (stored.name === 'fc1.weight' ? { ...stored, shape: [36, 5] } : stored))),
    ).toEqual(told('ShapeMismatch', /tensor fc1.weight has shape \[36,5\]; wanted \[5,36\]/))
  })
})
