import { recurrentOps } from '../spec/networks/network.js'
import type { Kept, Network, Parameter } from '../spec/networks/network.js'

/** What PyTorch's modules call the numbers that an op's inputs are. */
const torchNames: Readonly<Record<string, string>> = {
  w: 'weight',
  b: 'bias',
  gamma: 'weight',
  beta: 'bias',
  runningMean: 'running_mean',
  runningVar: 'running_var',
}

/**
 * The name in a PyTorch state dict of a parameter or a kept number: `features.0.w` is `features.0.weight`, `bn1.gamma`
 * is `bn1.weight`, `bn1.runningVar` is `bn1.running_var`. Shapes and orders agree, so nothing is transposed. PyTorch's
 * `num_batches_tracked` has no counterpart here.
 */
export const torchNameOf = (name: string): string =>
  name.replace(/[^.]+$/, (last) => (Object.hasOwn(torchNames, last) ? (torchNames[last] as string) : last))

// what a recurrent module calls its numbers: two biases where the op has their sum, and no state before the sequence
const recurrentNames: Readonly<Record<string, readonly string[]>> = {
  wIh: ['weight_ih'],
  wHh: ['weight_hh'],
  b: ['bias_ih', 'bias_hh'],
  bIh: ['bias_ih'],
  bHh: ['bias_hh'],
  h0: [],
  c0: [],
}

// layers of a stack, lstm.l0, lstm.l1, …, are one module of several layers; one alone is layer 0 of its own; _reverse stays
const moduleOf = (layer: string): readonly [module: string, layer: string] => {
  const [, module = layer, at = 'l0', direction = ''] = /^(.+?)(?:\.(l\d+))?(_reverse)?$/.exec(layer) ?? []
  return [module, `${at}${direction}`]
}

/**
 * What a PyTorch state dict calls all that a network reads beside x: the tensors that add up to it. That is one, named as
 * in `torchNameOf`, but for recurrent layers: `lstm.wIh` is `lstm.weight_ih_l0`, `lstm.b` the sum of `lstm.bias_ih_l0` and
 * `lstm.bias_hh_l0`, which gru keeps apart; `lstm.l1.wIh`, of the second layer of a stack, is `lstm.weight_ih_l1`, `lstm.l1_reverse.wIh`, of the
 * other direction, `lstm.weight_ih_l1_reverse`. `lstm.h0` and `lstm.c0` are in no state dict, for PyTorch starts from zeros
 * too, and neither is a constant that a network keeps, such as the matrix that turns a sequence round.
 */
export const stateDictNames = ({
  program,
  parameters,
  kept,
}: Pick<Network, 'program' | 'parameters' | 'kept'>): Readonly<Record<string, readonly string[]>> => {
  const recurrent = Object.fromEntries(
    program.nodes
      .filter(({ op }) => (recurrentOps as readonly string[]).includes(op))
      .flatMap(({ name, inputs }) => {
        const [module, layer] = moduleOf(name)
        return Object.entries(recurrentNames).flatMap(([input, called]) =>
          inputs[input] === undefined
            ? []
            : [[inputs[input], called.map((last) => `${module}.${last}_${layer}`)] as const],
        )
      }),
  )
  return Object.fromEntries(
    Object.entries<Parameter | Kept>({ ...parameters, ...kept }).map(([name, { first }]) => [
      name,
      recurrent[name] ?? (typeof first === 'object' ? [] : [torchNameOf(name)]),
    ]),
  )
}
