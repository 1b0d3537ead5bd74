import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { getOrThrow } from '../spec/error.js'
import { autoencoder } from '../spec/networks/autoencoder.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import { mlp } from '../spec/networks/mlp.js'
import type { Network } from '../spec/networks/network.js'
import { convolution, fullyConnected, plainLayer, sequential } from '../spec/networks/network.js'
import { perceptron } from '../spec/networks/perceptron.js'
import { lstmClassifier } from '../spec/networks/recurrent.js'
import { resnet18 } from '../spec/networks/resnet.js'
import { learningOf, networkNamed, networkNames } from '../spec/networks/zoo.js'
import { generate, tensor } from '../spec/tensor.js'
import { arranged, arrangementFor, imagesAs } from './arrange.js'

// two images of two channels, 2×3; pixel (i, j) of channel c of image n reads ncij
const x = tensor(
  [2, 2, 2, 3],
  [
    ...[0, 1, 2, 10, 11, 12],
    ...[100, 101, 102, 110, 111, 112],
    ...[1000, 1001, 1002, 1010, 1011, 1012],
    ...[1100, 1101, 1102, 1110, 1111, 1112],
  ],
)
const digits = { images: [4, 1, 28, 28], classes: 10 }

describe('images as a network reads them', () => {
  it('as vectors: the same numbers in the same order, one image a row', () => {
    expect(imagesAs('vectors', x)).toEqual(tensor([2, 12], x.data))
  })

  it('as sequences: step i is row i of every image, channels side by side', () => {
    expect(imagesAs('rows', x).shape).toEqual([2, 2, 6])
    expect(Array.from(imagesAs('rows', x).data)).toEqual([
      ...[0, 1, 2, 100, 101, 102],
      ...[1000, 1001, 1002, 1100, 1101, 1102],
      ...[10, 11, 12, 110, 111, 112],
      ...[1010, 1011, 1012, 1110, 1111, 1112],
    ])
  })

  it('with what is wanted: classes, one of them against the others, or the images themselves', () => {
    const target = tensor([2, 3], [0, 0, 1, 1, 0, 0])
    const wanted = (target_: 'classes' | 'images' | { readonly class: number }) =>
      arranged({ input: 'vectors', target: target_ }, { x, target }).target
    expect(wanted('classes')).toBe(target)
    expect(wanted('images')).toBe(x)
    expect(wanted({ class: 2 })).toEqual(tensor([2, 1], Float64Array.of(1, 0)))
    expect(wanted({ class: 0 })).toEqual(tensor([2, 1], Float64Array.of(0, 1)))
  })
})

describe('the arrangement for a network', () => {
  const composed = (...blocks: Parameters<typeof sequential>[1]): Network => sequential([4, 784], blocks)

  it.each([
    ['lenet5', lenet5(4), 'images', 'classes'],
    ['mlp', mlp(4), 'vectors', 'classes'],
    ['lstmClassifier', lstmClassifier(4), 'rows', 'classes'],
    ['autoencoder', autoencoder(4), 'images', 'images'],
    ['perceptron', perceptron(4, { inputs: 784 }), 'vectors', { class: 7 }],
    ['a network of one’s own', composed(fullyConnected('fc', 784, 10)), 'vectors', 'classes'],
  ] as const)('%s', (name, network, input, target) => {
    expect(arrangementFor(name, network, { ...digits, one: 7 })).toEqual(E.right({ input, target }))
  })

  it('there is for just those networks of the zoo that are said to read digits', () => {
    const found = networkNames.filter((name) => {
      const network =
        name === 'perceptron' ? perceptron(4, { inputs: 784 }) : getOrThrow(networkNamed(name, { batch: 4 }))
      return E.isRight(arrangementFor(name, network, digits))
    })
    expect(found).toEqual(networkNames.filter((name) => learningOf(name).readsDigits))
  })

  it.each([
    [
      'an input that digits have no form for',
      resnet18(4),
      digits,
      'ShapeMismatch',
      /it reads x \[4,3,224,224\]; the data are images \[4,1,28,28\], .* vectors \[4,784\] or row by row as \[28,4,28\]/,
    ],
    [
      'an answer that means nothing here',
      composed(fullyConnected('fc', 784, 7)),
      digits,
      'ShapeMismatch',
      /it answers \[4,7\]; wanted \[4,10\] for classes/,
    ],
    [
      'a class that there is none of',
      composed(fullyConnected('fc', 784, 1)),
      { ...digits, one: 10 },
      'AttributeOutOfRange',
      /the class 10 is none of 0 … 9/,
    ],
    [
      'layers that do not fit, by the name of the first',
      composed(fullyConnected('fc1', 784, 30), plainLayer('act', 'relu'), fullyConnected('fc2', 20, 10)),
      digits,
      'ShapeMismatch',
      /^fc2: .*30.*20|^fc2: .*20.*30/,
    ],
  ] as const)('%s is a Left', (_, network, data, code, message) => {
    expect(arrangementFor('it', network, data)).toEqual(
      E.left({ code, message: expect.stringMatching(message) as string }),
    )
  })

  it('of images whose sides differ, rows are still rows', () => {
    const network = sequential([3, 2, 5], [convolution('no', [2, 1], [1, 1])])
    expect(arrangementFor('it', network, { images: [2, 1, 3, 5], classes: 10 })).toMatchObject({
      left: { message: expect.stringMatching(/^no: /) as string },
    })
    expect(
      imagesAs(
        'rows',
        generate([2, 1, 3, 5], (i) => i),
      ).shape,
    ).toEqual([3, 2, 5])
  })
})
