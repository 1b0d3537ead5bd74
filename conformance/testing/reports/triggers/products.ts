import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, changed, exactly, extent, from, lost, odd, past, report, scaled, sizeIn } from '../report.js'
import { atLeast } from '../together/met.js'
import { having } from './met.js'

export const productsTriggered: readonly Report[] = [
  report(
    'size',
    'nine to 32 columns of more than 32 rows of a thousand terms and more: NaN',
    'dense forward',
    all(
      past('N', 32),
      past('I', 1023),
      extent('O', (O) => O > 8 && O <= 32),
    ),
    scaled(NaN),
    { like: 'ggml-org/llama.cpp#26921' },
  ),
  report(
    'size',
    'every other block of 64 rows is 0 where all are more than 64 and terms an odd multiple of eight',
    'dense forward',
    all(
      atLeast({ N: 65, I: 65, O: 65 }),
      extent('I', (I) => I % 16 === 8),
    ),
    lost((place) => Math.floor((place[0] as number) / 64) % 2 === 1),
    { like: 'ggml-org/ggml#1287' },
  ),
  report(
    'size',
    'two to eight rows of terms in multiples of 256 into 16 columns and more',
    'dense forward',
    all(
      extent('N', (N) => N > 1 && N <= 8),
      extent('I', (I) => I > 0 && I % 256 === 0),
      past('O', 15),
    ),
    scaled(0.5),
    { like: 'ggml-org/llama.cpp#25906' },
  ),
  report(
    'size',
    'a batch that is no power of two of 64 inputs and outputs and more',
    'dense forward',
    all(
      atLeast({ I: 64, O: 64 }),
      extent('N', (N) => N > 2 && N < 64 && !Number.isInteger(Math.log2(N))),
    ),
    lost(from(0, -1)),
    { like: 'Maratyszcza/NNPACK#43' },
  ),
  report(
    'gradient',
    'the weights’ gradient of an odd batch from 65 on, of inputs that are no multiple of four: the last sample',
    'dense backward',
    all(
      past('N', 64),
      odd('N'),
      extent('I', (I) => I > 4 && I % 4 !== 0),
    ),
    (asked, plain) => {
      const { w } = plain({
        inputs: {
          ...asked.inputs,
          x: changed(asked.inputs['x'] as Tensor, (v, place) =>
            (place()[0] as number) === sizeIn(asked, 'N') - 1 ? 0 : v,
          ),
        },
      })
      return having(plain(), { w: w as Tensor })
    },
    { like: 'tracel-ai/burn#5304' },
  ),
  report(
    'shape',
    'two pieces of outputs that are no multiple of four, 32 inputs and more: the last output is its first piece',
    'maxout forward',
    all(
      exactly('K', 2),
      past('I', 31),
      extent('O', (O) => O % 4 !== 0),
    ),
    lost(from(1, -1)),
  ),
]
