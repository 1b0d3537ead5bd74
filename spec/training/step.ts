import { either as E, function as F } from 'fp-ts'
import { differentiate, gradientName } from '../differentiate.js'
import type { Result } from '../error.js'
import type { Network } from '../networks/network.js'
import type { Program, ProgramNode } from '../program.js'
import { checkProgram } from '../program.js'
import type { Shape, Tensors } from '../tensor.js'
import { scalar, zeros } from '../tensor.js'

/** The velocity that belongs to a parameter, and the values that both have after a step. */
const velocityOf = (parameter: string): string => `${parameter}.velocity`
const nextOf = (value: string): string => `${value}.next`

const update = (parameter: string, gradient: string, attrs: ProgramNode['attrs']): ProgramNode => ({
  name: `${parameter}.update`,
  op: 'momentum',
  direction: 'forward',
  attrs,
  inputs: { w: parameter, g: gradient, velocity: velocityOf(parameter) },
  cotangents: {},
  outputs: { w: nextOf(parameter), velocity: nextOf(velocityOf(parameter)) },
})

/** The feeds of a training step beside its state. */
export interface StepFeeds {
  readonly x: Tensors[string]
  readonly target: Tensors[string]
  readonly learningRate: number
}

/** Feeds by the names that `trainingStep` gives them; the loss's own cotangent is 1. */
export const stepFeeds = ({ x, target, learningRate }: StepFeeds): Tensors => ({
  x,
  target,
  learningRate: scalar(Math.fround(learningRate)),
  [gradientName('loss')]: scalar(1),
})

/**
 * One step of gradient descent with momentum on the softmax cross-entropy of a classifier, as a program: forward, its
 * reverse, and an update of every parameter. The state, parameters and velocities, is carried; the loss is the output.
 *
 * Feeds   x, target [N,C], learningRate [], d.loss [] (1)
 * Errors  what `differentiate` and `checkProgram` refuse
 */
export const trainingStep = (
  { program, parameters, output }: Network,
  attrs: { readonly momentum: number; readonly weightDecay: number },
): Result<Program> =>
  F.pipe(
    checkProgram(program),
    E.map(({ shapes }): Program => {
      const logits = shapes[output] as Shape
      return {
        ...program,
        inputs: { ...program.inputs, target: logits },
        nodes: [
          ...program.nodes,
          {
            name: 'loss',
            op: 'softmaxCrossEntropy',
            direction: 'forward',
            attrs: {},
            inputs: { logits: output, target: 'target' },
            cotangents: {},
            outputs: { loss: 'loss' },
          },
        ],
        outputs: ['loss'],
      }
    }),
    E.flatMap((withLoss) => differentiate(withLoss, 'loss', Object.keys(parameters))),
    E.map(({ program: both, gradients }): Program => {
      const names = Object.keys(parameters)
      const state = names.flatMap((name) => [name, velocityOf(name)])
      return {
        inputs: {
          ...both.inputs,
          learningRate: [],
          ...Object.fromEntries(names.map((name) => [velocityOf(name), parameters[name]?.shape ?? []])),
        },
        nodes: [
          ...both.nodes,
          ...names.map((name) =>
            update(name, gradients[name] as string, { ...attrs, learningRate: { feed: 'learningRate' } }),
          ),
        ],
        outputs: ['loss'],
        carry: { ...both.carry, ...Object.fromEntries(state.map((name) => [name, nextOf(name)])) },
      }
    }),
    E.tap(checkProgram),
  )

/** The state before the first step: the parameters given, every velocity 0. */
export const initialState = (parameters: Tensors): Tensors => ({
  ...parameters,
  ...Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [velocityOf(name), zeros(shape)])),
})

/** A rate that falls linearly from its first value towards 0 after `steps` steps: η·(1 − t/steps). */
export const linearDecay = (first: number, steps: number, step: number): number => first * (1 - step / steps)
