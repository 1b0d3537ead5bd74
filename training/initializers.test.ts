import { describe, expect, it } from 'vitest'
import {
  batchNorm,
  convolution,
  fullyConnected,
  plainLayer,
  recurrent,
  sequential,
  transposedConvolution,
} from '../spec/networks/network.js'
import { keyOf } from '../spec/philox.js'
import type { Tensor } from '../spec/tensor.js'
import type { Initializer } from './initialize.js'
import { initialParameters } from './initialize.js'
import { fansOf, initializers } from './initializers.js'

const { zeros, ones, normal, xavierUniform, xavierNormal, heNormal } = initializers
const list = ({ data }: Tensor): readonly number[] => Array.from(data)
const key = keyOf('a test')
// of Random123's known answer 6627e8d5 e169c58d bc57ac4c 9b00dbd8, to counter 0 under key 0
const zeroKey = [0, 0] as const

const moments = (x: Tensor) => {
  const v = list(x)
  const mean = v.reduce((s, v) => s + v, 0) / v.length
  const central = (power: number): number => v.reduce((s, x) => s + (x - mean) ** power, 0) / v.length
  return { n: v.length, mean, variance: central(2), kurtosis: central(4) / central(2) ** 2 }
}

describe('fansOf', () => {
  it.each([
    ['dense [5,3], as PyTorch', [5, 3], 1, 3, 5],
    ['a filter [8,3,2,4], as PyTorch', [8, 3, 2, 4], 1, 24, 64],
    ['a filter of one axis [6,2,3], as PyTorch', [6, 2, 3], 1, 6, 18],
    ['AlexNet’s CONV2 in two groups, 48·5·5 and 128·5·5', [256, 48, 5, 5], 2, 1200, 3200],
    ['a depthwise filter: one input and one output', [32, 1, 3, 3], 32, 9, 9],
    ['a vector', [7], 1, 1, 7],
  ])('%s', (_, shape, groups, fanIn, fanOut) => {
    expect(fansOf(shape, groups)).toEqual({ fanIn, fanOut })
  })
})

describe('known answers', () => {
  it('zeros and ones', () => {
    expect(zeros(key, [2, 2])).toEqual({ shape: [2, 2], data: Float64Array.of(0, 0, 0, 0) })
    expect(ones(key, [3])).toEqual({ shape: [3], data: Float64Array.of(1, 1, 1) })
  })

  it('xavierUniform: 2u − 1 of the uniform draws, times √(6/(2 + 4)) = 1', () => {
    expect(list(xavierUniform(zeroKey, [4, 2]))).toHaveLength(8)
    expect(list(xavierUniform(zeroKey, [4, 2])).slice(0, 4)).toEqual([
      -0.20190715789794922, 0.7610403299331665, 0.47142553329467773, 0.21096360683441162,
    ])
  })

  it('normal: Box and Muller on pairs of draws, rounded to f32', () => {
    expect(list(normal(zeroKey, [2], 0.5))).toEqual([0.368962824344635, -0.643009603023529])
  })

  it('xavierNormal and heNormal: the same draws, times √(2/(2 + 6)) and √(2/8)', () => {
    expect(list(xavierNormal(zeroKey, [6, 2])).slice(0, 2)).toEqual([0.368962824344635, -0.643009603023529])
    expect(list(heNormal(zeroKey, [3, 2, 2, 2])).slice(0, 2)).toEqual([0.368962824344635, -0.643009603023529])
  })
})

// PyTorch 1.13.1's init, asked for what it hands to its generators: the bound a of xavier_uniform_, and the σ of
// xavier_normal_ and of kaiming_normal_(nonlinearity='relu')
describe('deviations of PyTorch 1.13.1', () => {
  it.each([
    [[5, 3], 0.8660254037844386, 0.5, 0.8164965809277261],
    [[8, 3, 2, 4], 0.26111648393354675, 0.15075567228888181, 0.2886751345948129],
    [[6, 2, 3], 0.49999999999999994, 0.28867513459481287, 0.5773502691896258],
    [[64, 16, 5, 5], 0.054772255750516606, 0.03162277660168379, 0.07071067811865475],
  ] as const)('%j', (shape, a, xavier, he) => {
    // 2u − 1 of the first draw, which f32 holds
    expect(list(xavierUniform(zeroKey, shape))[0]).toBe(Math.fround(-0.20190715789794922 * a))
    expect(list(xavierNormal(key, shape))).toEqual(list(normal(key, shape, xavier)))
    expect(list(heNormal(key, shape))).toEqual(list(normal(key, shape, he)))
  })
})

describe('first values', () => {
  // deviations of a mean of n draws: σ/√n, of a variance: √((κ − 1)/n)·σ²; five of them are not met by chance
  const holds = (x: Tensor, variance: number, kurtosis: number): void => {
    const found = moments(x)
    expect(Math.abs(found.mean)).toBeLessThan(5 * Math.sqrt(variance / found.n))
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(5 * Math.sqrt((kurtosis - 1) / found.n))
    expect(Math.abs(found.kurtosis - kurtosis)).toBeLessThan(0.15)
  }

  it.each([
    ['normal', normal(key, [40000], 0.01), 1e-4, 3],
    ['xavierNormal of 300 inputs and 100 outputs', xavierNormal(key, [100, 300]), 2 / 400, 3],
    ['heNormal of a 5×5 filter of 16 channels', heNormal(key, [64, 16, 5, 5]), 2 / 400, 3],
    ['xavierUniform of 300 inputs and 100 outputs', xavierUniform(key, [100, 300]), 2 / 400, 1.8],
    ['heNormal with fans of its own', heNormal(key, [200, 200], { fanIn: 8, fanOut: 1 }), 1 / 4, 3],
  ])('%s: mean, variance and kurtosis', (_, x, variance, kurtosis) => {
    holds(x, variance, kurtosis)
  })

  it('xavierUniform: stays within ±a and comes close to both ends', () => {
    const v = list(xavierUniform(key, [100, 200]))
    const a = Math.sqrt(6 / 300)
    expect(v.reduce((m, v) => Math.max(m, v))).toBeGreaterThan(0.999 * a)
    expect(v.reduce((m, v) => Math.min(m, v))).toBeLessThan(-0.999 * a)
    expect(v.filter((v) => Math.abs(v) > a * (1 + 1e-7))).toEqual([])
  })

  it('are f32 values, the same for a key, others for another', () => {
    const v = list(heNormal(key, [64, 3]))
    expect(v.filter((v) => Math.fround(v) !== v)).toEqual([])
    expect(list(heNormal(key, [64, 3]))).toEqual(v)
    expect(list(heNormal(keyOf('another test'), [64, 3])).filter((other, i) => other === v[i])).toEqual([])
  })

  it('the shape only orders them: a filter draws what its weights as a matrix draw', () => {
    expect(list(normal(key, [4, 3, 2, 2], 1))).toEqual(list(normal(key, [4, 12], 1)))
  })
})

describe('first values of a network', () => {
  const network = sequential(
    [1, 8, 30, 30],
    [
      convolution('grouped', [8, 64], [5, 5], { groups: 2 }),
      plainLayer('relu', 'relu'),
      transposedConvolution('stamped', [64, 32], [4, 4], { stride: [2, 2] }),
      batchNorm('norm', 32),
      plainLayer('flat', 'globalAvgPool'),
      fullyConnected('fc', 32, 300),
    ],
  )
  const sequence = sequential([2, 1, 40], [recurrent('lstm', 'lstm', { batch: 1, inputs: 40, hidden: 60 })])
  // inputs and outputs that a weight joins: 4·25 and 32·25 in a group; 64·16/4 and 32·16, of a stamp of stride 2
  const fans = { 'grouped.w': [100, 800], 'stamped.w': [256, 512], 'fc.w': [32, 300], 'lstm.wIh': [100, 60] } as const
  const variances = (initializer: Initializer): Readonly<Record<string, number>> => {
    const all = { ...initialParameters(network, 1, initializer), ...initialParameters(sequence, 1, initializer) }
    return Object.fromEntries(Object.keys(fans).map((name) => [name, moments(all[name] as Tensor).variance]))
  }
  const near = (wanted: (inputs: number, outputs: number) => number): unknown =>
    Object.fromEntries(
      Object.entries(fans).map(([name, [inputs, outputs]]) => {
        const v = wanted(inputs, outputs)
        // five deviations of the variance of 1,600 draws are 18 %
        return [name, expect.toSatisfy((found: number) => Math.abs(found / v - 1) < 0.18)]
      }),
    )

  it('he, xavier and normal know the fans of groups, stamps and gates', () => {
    expect(variances({ kind: 'he' })).toEqual(near((inputs) => 2 / inputs))
    expect(variances({ kind: 'xavier' })).toEqual(near((inputs, outputs) => 2 / (inputs + outputs)))
    expect(variances({ kind: 'normal', sigma: 0.01 })).toEqual(near(() => 1e-4))
  })

  it('scaled, the one that is taken otherwise, doubles the variance before a ReLU', () => {
    expect(initialParameters(network, 1)).toEqual(initialParameters(network, 1, { kind: 'scaled' }))
    const { 'grouped.w': before, 'fc.w': last } = variances({ kind: 'scaled' })
    expect((before ?? 0) * 100).toBeCloseTo(2, 0)
    expect((last ?? 0) * 32).toBeCloseTo(1, 0)
  })

  describe('orthogonal and identity', () => {
    const H = 60
    const of = (initializer: Initializer) => initialParameters(sequence, 1, initializer)
    const gate = ({ data }: Tensor, block: number): readonly (readonly number[])[] =>
      Array.from({ length: H }, (_, r) => Array.from({ length: H }, (_, c) => data[(block * H + r) * H + c] as number))
    const products = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): readonly number[] =>
      a.flatMap((row) => b.map((other) => row.reduce((sum, v, i) => sum + v * (other[i] as number), 0)))

    it('each gate’s weights of the state turn it and change no length, and no two gates the same way', () => {
      const w = of({ kind: 'orthogonal' })['lstm.wHh'] as Tensor
      const gates = [0, 1, 2, 3].map((block) => gate(w, block))
      for (const q of gates)
        products(q, q).forEach((v, at) => {
          // 60 products of numbers of f32 of at most 1, 2⁻²⁴ off each
          expect(Math.abs(v - (Math.floor(at / H) === at % H ? 1 : 0))).toBeLessThan(H * 2 * 2 ** -24)
        })
      const [first = [], second = []] = gates
      expect(Math.max(...products(first, second).map(Math.abs))).toBeLessThan(0.9)
      // no direction is preferred: 4·H² entries of mean 0 and variance 1/H. Their squares add up to 4·H, so that nothing but
      // the square of their mean takes from that variance, and what f32 rounds
      const most = 5 / Math.sqrt(H) / Math.sqrt(4 * H * H)
      expect(Math.abs(moments(w).mean)).toBeLessThan(most)
      expect(Math.abs(moments(w).variance * H - 1)).toBeLessThan(most ** 2 * H + H * 2 ** -23)
    })

    it('the identity is that, four times over', () => {
      const w = of({ kind: 'identity' })['lstm.wHh'] as Tensor
      expect(list(w)).toEqual(Array.from({ length: 4 * H * H }, (_, at) => (Math.floor(at / H) % H === at % H ? 1 : 0)))
    })

    it('all others are as scaled, but weights of a recurrent input where a deviation is given', () => {
      const marks = (all: Readonly<Record<string, Tensor>>): readonly string[] =>
        Object.entries(all).flatMap(([name, x]) => (name === 'lstm.wHh' ? [] : [`${name} ${list(x).join()}`]))
      const scaled = marks(initialParameters(sequence, 1))
      for (const kind of ['orthogonal', 'identity'] as const) {
        expect(marks(of({ kind })).every((mark, at) => mark === scaled[at])).toBe(true)
        const drawn = of({ kind, inputs: 0.03 })['lstm.wIh'] as Tensor
        // the variance of n normal numbers strays by √(2/n) of itself
        const strays = Math.sqrt(2 / drawn.data.length)
        expect(Math.abs(moments(drawn).variance / 0.03 ** 2 - 1)).toBeLessThan(5 * strays)
      }
      const [inputsOf3, without] = [
        initialParameters(network, 1, { kind: 'identity', inputs: 3 }),
        initialParameters(network, 1),
      ]
      expect(marks(inputsOf3).every((mark, at) => mark === marks(without)[at])).toBe(true)
    })
  })

  it('biases start at 0 and gains at 1, whatever the initializer', () => {
    const { 'fc.b': b, 'norm.gamma': gamma } = initialParameters(network, 1, { kind: 'he' })
    expect(new Set(list(b as Tensor))).toEqual(new Set([0]))
    expect(new Set(list(gamma as Tensor))).toEqual(new Set([1]))
  })
})
