import type { Harm, Met, Report } from '../report.js'
import { all, always, asIf, past, report } from '../report.js'

const keyed =
  (keyOf: (met: Met) => string, attribute: string): Harm =>
  (asked, plain, memory) => {
    const name = `pipeline ${keyOf(asked)}`
    const before = memory.get(name) as Met['attrs'][string] | undefined
    if (before === undefined) {
      memory.set(name, asked.attrs[attribute])
      return plain()
    }
    return asIf(() => ({ [attribute]: before }))(asked, plain, memory)
  }
const shapesKey = ({ op, direction, shapes }: Met): string => JSON.stringify([op, direction, shapes])

/** What is kept by a key that leaves an attribute out. */
export const keyedChosen: readonly Report[] = [
  report(
    'history',
    'another padding with the same shapes, result and all, takes the pipeline of the first',
    'conv2d forward',
    all(past('Ho', 0), always),
    keyed(
      ({ shapes, sizes, attrs }) =>
        JSON.stringify([shapes, sizes['Ho'], sizes['Wo'], attrs['stride'], attrs['groups']]),
      'padding',
    ),
  ),
  report(
    'history',
    'another axis of the same shape takes the pipeline of the first',
    'softmax forward',
    always,
    keyed(shapesKey, 'axis'),
  ),
  report(
    'history',
    'another slope for the same shape takes the pipeline of the first',
    'leakyRelu backward',
    always,
    keyed(shapesKey, 'alpha'),
  ),
  report(
    'history',
    'another power for the same shape takes the pipeline of the first',
    'localResponseNorm forward',
    always,
    keyed(shapesKey, 'beta'),
  ),
  report(
    'history',
    'another share kept of the same shape takes the pipeline of the first',
    'dropout backward',
    always,
    keyed(shapesKey, 'keep'),
  ),
  report(
    'history',
    'another axis of tensors of the same shapes takes the pipeline of the first',
    'concat backward',
    always,
    keyed(shapesKey, 'axis'),
  ),
]
