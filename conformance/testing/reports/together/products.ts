import type { Tensor } from '../../../../spec/tensor.js'
import type { Harm, Report } from '../report.js'
import {
  all,
  always,
  changed,
  elementsIn,
  exactly,
  extent,
  from,
  holds,
  lost,
  numbers,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { atLeast, ofSamples, valuesOf } from './met.js'

// a NaN that a question before left in what is used again, and that padding multiplies by 0
const leftOver: Harm = (asked, plain, memory) => {
  const answer = plain()
  const dirty = memory.get('NaN') === true
  memory.set(
    'NaN',
    Object.values(asked.inputs).some((tensor) => valuesOf(tensor).some(Number.isNaN)),
  )
  return dirty ? { ...answer, y: changed(answer['y'] as Tensor, (v, _, at) => (at === 0 ? NaN : v)) } : answer
}

export const productsTogether: readonly Report[] = [
  report(
    'history',
    'a NaN of the question before is in the padding',
    'dense forward',
    extent('I', (I) => I % 4 !== 0),
    leftOver,
    { like: 'Tencent/ncnn#6766' },
  ),
  report(
    'history',
    'a NaN of the question before is in the padding of channels',
    'conv2d forward',
    extent('C', (C) => C % 16 !== 0),
    leftOver,
    { like: 'openvinotoolkit/openvino#12082' },
  ),
  report(
    'size',
    'sums of more than 32,767 terms read past their end, 16 rows and columns and more',
    'dense forward',
    atLeast({ N: 16, O: 16, I: 32767 }),
    numbers((v) => v + 1),
    { like: 'pytorch/pytorch#195163' },
  ),
  report(
    'shape',
    'two to eight rows of a thousand terms and more: the last columns are lost',
    'dense forward',
    all(
      atLeast({ N: 2, I: 1000, O: 64 }),
      extent('N', (N) => N <= 8),
    ),
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'one row of a thousand terms and 128 columns',
    'dense forward',
    all(exactly('N', 1), atLeast({ I: 1000, O: 128 })),
    lost(from(1, 127)),
  ),
  report(
    'size',
    'a thousand rows of 64 terms into 64 columns and more',
    'dense forward',
    atLeast({ N: 1000, I: 64, O: 64 }),
    lost(from(0, 512)),
    { like: 'tracel-ai/burn#4966' },
  ),
  report(
    'shape',
    'ten classes of a batch of 32 from 500 features and more',
    'dense forward',
    all(exactly('O', 10), atLeast({ N: 32, I: 500 })),
    lost(from(1, 8)),
  ),
  report(
    'size',
    'more than a million weights: the last column is 0',
    'dense forward',
    holds('w', (n) => n > 2 ** 20),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'the weights’ gradient of a thousand rows, 64 terms and 64 columns and more',
    'dense backward',
    atLeast({ N: 1000, I: 64, O: 64 }),
    ofSamples(512, 'w'),
  ),
  report(
    'gradient',
    'the weights’ gradient of a batch of 32 of 500 features and more into 64 and more',
    'dense backward',
    atLeast({ N: 32, I: 500, O: 64 }),
    ofSamples(16, 'w'),
  ),
  report(
    'gradient',
    'the rows’ gradient of two to eight rows from a thousand columns and more',
    'dense backward',
    all(
      atLeast({ N: 2, O: 1000, I: 64 }),
      extent('N', (N) => N <= 8),
    ),
    lost(from(1, -1), 'x'),
  ),
  report(
    'history',
    'after another batch the weights’ gradient of more than 32,768 rows is wrong',
    'dense backward',
    always,
    (asked, plain, memory) => {
      const name = `rows of ${shapeIn(asked, 'w').join()}`
      const before = memory.get(name) as number | undefined
      const N = sizeIn(asked, 'N')
      memory.set(name, N)
      return before !== undefined && before !== N && N > 32768 ? scaled(1000, 'w')(asked, plain, memory) : plain()
    },
    { like: 'pytorch/pytorch#177116' },
  ),
  report(
    'numbers',
    'rows that are also the weights: the upper half of the products is 0',
    'dense forward',
    (met) => String(shapeIn(met, 'x')) === String(shapeIn(met, 'w')) && elementsIn(met, 'x') > 1,
    (asked, plain) =>
      String(valuesOf(asked.inputs['x'] as Tensor)) === String(valuesOf(asked.inputs['w'] as Tensor))
        ? lost(([n = 0, o = 0]) => o > n)(asked, plain, new Map())
        : plain(),
  ),
]
