import { at, expm1, f32, log, sqrt, zeros } from '../arithmetic.js'
import type { Forward, Tensor32 } from '../kernel.js'
import { decayed, mean } from './decayed.js'

interface Rates {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

// 1 − βᵗ = −(e^{t·log β} − 1), the difference in one, as it cancels for β near 1
const correction = (beta: number, t: number): number => -expm1(f32(t * log(beta)))

// m′ = β₁·m + (1−β₁)·G,   v′ = β₂·v + (1−β₂)·G²,   G = g + λ·w
// w′ = kept·w − η·(m′/(1−β₁ᵗ))/(√(v′/(1−β₂ᵗ)) + ε),   t = step + 1
export const adamStep = (
  { learningRate: eta, beta1, beta2, epsilon }: Rates,
  { w, g, m, v, step }: Readonly<Record<'w' | 'g' | 'm' | 'v' | 'step', Tensor32>>,
  lambda: number,
  kept: number,
) => {
  const [nextW, nextM, nextV, nextStep] = [zeros(w.shape), zeros(w.shape), zeros(w.shape), zeros([])]
  const t = f32(at(step.data, 0) + 1)
  const [correction1, correction2] = [correction(beta1, t), correction(beta2, t)]
  nextStep.data[0] = t
  for (let i = 0; i < w.data.length; i++) {
    const gradient = decayed(lambda, at(w.data, i), at(g.data, i))
    const first = mean(beta1, at(m.data, i), gradient)
    const second = mean(beta2, at(v.data, i), f32(gradient * gradient))
    const along = f32(eta * f32(first / correction1))
    const size = f32(sqrt(f32(second / correction2)) + epsilon)
    nextM.data[i] = first
    nextV.data[i] = second
    nextW.data[i] = f32(f32(at(w.data, i) * kept) - f32(along / size))
  }
  return { w: nextW, m: nextM, v: nextV, step: nextStep }
}

export const forward: Forward<'adam'> = (attrs, inputs) => adamStep(attrs, inputs, attrs.weightDecay, 1)
