import { alexnet } from '../spec/networks/alexnet.js'
import type { Network } from '../spec/networks/network.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import { resnet18, resnet50 } from '../spec/networks/resnet.js'
import { vgg16 } from '../spec/networks/vgg.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Shape, Tensor } from '../spec/tensor.js'
import { generate, sizeOf } from '../spec/tensor.js'

/** A piece of work on one op. Workloads of one question share it, so that the reference is asked once. */
export interface Workload {
  readonly name: string
  readonly question: Question
  /** the outputs, or backward the gradients, that are asked for */
  readonly results: readonly string[]
  readonly multiplyAdds: number
}

/** Normal numbers in f32, a function of the name. */
const normal = (name: string, shape: Shape): Tensor => {
  const draw = draws(keyOf(`bench ${name}`))
  return generate(shape, () => Math.fround(draw.normal()))
}

const forward = (op: Question['op'], attrs: Question['attrs'], inputs: Question['inputs']): Question => ({
  op,
  direction: 'forward',
  attrs,
  inputs,
  cotangents: {},
})

const same3x3 = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const

/** A 3 × 3 convolution whose map is as large as its image: forward, and backward for each operand. */
const convolution = (N: number, C: number, size: number, O: number) => {
  const name = `${N}×${C}×${size}×${size} → ${O}, 3×3`
  const x = normal('x', [N, C, size, size])
  const w = normal('w', [O, C, 3, 3])
  const y = [N, O, size, size]
  const question = forward('conv2d', same3x3, { x, w })
  const back: Question = { ...question, direction: 'backward', cotangents: { y: normal('dy', y) } }
  const multiplyAdds = sizeOf(y) * C * 9
  return {
    forward: { name: `conv2d ${name}`, question, results: ['y'], multiplyAdds },
    dX: { name: `conv2d dX ${name}`, question: back, results: ['x'], multiplyAdds },
    dW: { name: `conv2d dW ${name}`, question: back, results: ['w'], multiplyAdds },
  } satisfies Readonly<Record<string, Workload>>
}

const product = (size: number): Workload => ({
  name: `dense ${size}×${size}×${size}`,
  question: forward('dense', {}, { x: normal('left', [size, size]), w: normal('right', [size, size]) }),
  results: ['y'],
  multiplyAdds: size ** 3,
})

/** What the reference and a peer on the processor are timed on. */
export const onProcessor = (): Workload => convolution(2, 32, 28, 64).forward

/** What a backend is timed on, op by op. */
export const onDevice = (): readonly Workload[] => {
  const { forward, dX, dW } = convolution(8, 32, 28, 64)
  return [product(512), forward, dX, dW]
}

/** A training step to be timed: network and one batch, random images with a class each. */
export interface StepWorkload {
  readonly name: string
  readonly network: Network
  readonly x: Tensor
  readonly target: Tensor
  readonly learningRate: number
}

export const lenetStep = (batch: number): StepWorkload => ({
  name: `LeNet-5 training step, batch ${batch}`,
  network: lenet5(batch),
  x: normal('digits', [batch, 1, 28, 28]),
  target: generate([batch, 10], (i) => (i % 10 === Math.floor(i / 10) % 10 ? 1 : 0)),
  // the same batch again and again: a rate that keeps every number tame
  learningRate: 2 ** -10,
})

/** A network to be timed forward, on random images. */
export interface ForwardWorkload {
  readonly name: string
  readonly network: Network
  readonly x: Tensor
}

/** Large networks as they classify one image. */
export const imageNetworks = (): readonly ForwardWorkload[] =>
  Object.entries({ AlexNet: alexnet(1), 'ResNet-18': resnet18(1), 'ResNet-50': resnet50(1), 'VGG-16': vgg16(1) }).map(
    ([name, network]) => ({
      name: `${name} forward, batch 1`,
      network,
      x: normal('image', network.program.inputs['x'] as Shape),
    }),
  )
