import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { getOrThrow } from '../spec/error.js'
import {
  convolution,
  fullyConnected,
  plainLayer,
  residual,
  scoped,
  sequential,
  squeezeExcite,
} from '../spec/networks/network.js'
import { learningOf, networkNamed, networkNames } from '../spec/networks/zoo.js'
import { lossProgram, trainingProgram } from './step.js'

describe('a network that does not hold together, trained', () => {
  it.each([
    [
      'channels',
      [convolution('c1', [1, 6], [5, 5]), convolution('c2', [5, 6], [5, 5])],
      /^c2: x has C = 6 channels; w wants .* = 5/,
    ],
    ['a window', [convolution('c1', [1, 6], [31, 31])], /^c1: along H the window spans 31 and the padded input 28/],
    ['units', [plainLayer('flat', 'flatten'), fullyConnected('fc', 100, 10)], /^fc: axis I is 784 in x and 100 in w/],
    ['a shortcut', [scoped('block', residual(convolution('c', [1, 6], [3, 3])))], /^block\.add: a and b must agree/],
    [
      'half a channel',
      [convolution('c', [1, 6], [3, 3]), scoped('se', squeezeExcite(6, 4))],
      /^se\.fc1\.w has shape \[1\.5,6\]/,
    ],
    [
      'no units',
      [plainLayer('flat', 'flatten'), fullyConnected('fc', 784, 0)],
      /^fc\.w has shape \[0,784\]; .* at least 1/,
    ],
  ] as const)('%s: the layer is named', (_, blocks, message) => {
    const network = sequential([1, 1, 28, 28], blocks)
    expect(trainingProgram(network, { optimizer: { op: 'sgd' }, loss: 'softmaxCrossEntropy' })).toMatchObject({
      left: { code: 'ShapeMismatch', message: expect.stringMatching(message) as string },
    })
  })
})

describe('the losses of the zoo', () => {
  const pairs = networkNames.flatMap((name) => learningOf(name).losses.map((loss) => [name, loss] as const))

  it.each(pairs)('%s: %s takes what it answers', (name, loss) => {
    expect(E.isRight(lossProgram(getOrThrow(networkNamed(name, { batch: 2 })), { loss }))).toBe(true)
  })
})
