import type { Report, Where } from '../report.js'
import { fromTime, holds, kept, remembered, report, scaled } from '../report.js'

const large = (name: string): Where => holds(name, (n) => n > 1000)

export const againTogether: readonly Report[] = [
  report(
    'history',
    'a large batch of a cell is wrong the second time',
    ['lstmCell forward'],
    large('x'),
    fromTime(2, scaled(0.5)),
  ),
  report(
    'history',
    'the weights of a large batch of sequences count as constant',
    'gru forward',
    large('x'),
    kept('wIh'),
  ),
  report('history', 'the factors of large maps stay', 'scaleChannels forward', large('x'), kept('s')),
  report('history', 'large batches keep the first ones’ γ', 'batchNormTraining forward', large('x'), kept('gamma')),
  report(
    'history',
    'large pieces are joined once',
    'concat forward',
    large('x0'),
    remembered(({ shapes }) => JSON.stringify(shapes)),
  ),
  report('history', 'large products are wrong the second time', 'mul backward', large('a'), fromTime(2, scaled(0.5))),
]
