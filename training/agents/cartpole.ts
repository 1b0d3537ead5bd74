import { draws } from '../../spec/philox.js'
import type { Environment } from './environment.js'

const gravity = 9.8
const massOfCart = 1
const massOfPole = 0.1
/** half of the pole: from its joint to its centre of mass */
const length = 0.5
const force = 10
/** seconds a step */
const tau = 0.02
const farthest = 2.4
const steepest = (12 * 2 * Math.PI) / 360

/**
 * A pole on a cart, which is pushed left or right at every step, and is to be kept upright.
 *
 *   f = (F + m·l·θ̇²·sin θ)/(M + m)
 *   θ̈ = (g·sin θ − cos θ·f) / (l·(4/3 − m·cos²θ/(M + m)))         ẍ = f − m·l·θ̈·cos θ/(M + m)
 *   (x, ẋ, θ, θ̇) ← (x + τẋ, ẋ + τẍ, θ + τθ̇, θ̇ + τθ̈)             Euler's step, τ = 0.02 s
 *
 * It starts within ±0.05 of upright rest in all four. Each step is worth 1, the one that fails too; it has failed when |x| >
 * 2.4 or |θ| > 12°. An episode is cut off after 500 steps.
 *
 * State   x in m, ẋ in m/s, θ in rad from upright, θ̇ in rad/s; it is seen as it is
 * Actions 0: F = −10 N, 1: F = 10 N; M = 1 kg, m = 0.1 kg, l = 0.5 m, g = 9.8 m/s²
 * Source  Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult learning control problems",
 *         1983, without its friction; constants and limits of CartPole-v1 of Gymnasium
 */
export const cartpole: Environment = {
  name: 'cartpole',
  actions: 2,
  shape: [4],
  limit: 500,
  start: (key) => {
    const { uniform } = draws(key)
    return Array.from({ length: 4 }, () => 0.1 * uniform() - 0.05)
  },
  step: ([x = 0, dx = 0, theta = 0, dtheta = 0], action) => {
    const total = massOfCart + massOfPole
    const [cos, sin] = [Math.cos(theta), Math.sin(theta)]
    const push = ((action === 1 ? force : -force) + massOfPole * length * dtheta ** 2 * sin) / total
    const ddtheta = (gravity * sin - cos * push) / (length * (4 / 3 - (massOfPole * cos ** 2) / total))
    const ddx = push - (massOfPole * length * ddtheta * cos) / total
    const state = [x + tau * dx, dx + tau * ddx, theta + tau * dtheta, dtheta + tau * ddtheta] as const
    return { state, reward: 1, end: Math.abs(state[0]) > farthest || Math.abs(state[2]) > steepest }
  },
  observe: (state) => state.map(Math.fround),
}
