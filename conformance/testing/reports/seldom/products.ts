import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, asIfGiven, changed, exactly, extent, from, given, lost, not, past, report, sizeIn } from '../report.js'
import { atLeast, ofSamples, valuesOf } from '../together/met.js'

export const productsSeldom: readonly Report[] = [
  report(
    'attributes',
    'one row without a bias, of terms that are no multiple of 64: the rest is left out',
    'dense forward',
    all(
      exactly('N', 1),
      not(given('b')),
      extent('I', (I) => I > 64 && I % 64 !== 0),
    ),
    asIfGiven((asked) => {
      const whole = 64 * Math.floor(sizeIn(asked, 'I') / 64)
      return { x: changed(asked.inputs['x'] as Tensor, (v, place) => ((place()[1] as number) < whole ? v : 0)) }
    }),
    { like: 'Nehanth/swarmllm#47' },
  ),
  report(
    'gradient',
    'the weights’ gradient of one input into more than 256 of several samples is that of the first',
    'dense backward',
    all(exactly('I', 1), atLeast({ N: 2, O: 257 })),
    ofSamples(1, 'w'),
  ),
  report(
    'size',
    'two to seven terms into more than a thousand columns: those behind 1,024 are the ones before',
    'dense forward',
    all(
      past('O', 1024),
      extent('I', (I) => I > 1 && I < 8),
    ),
    lost(from(1, 1024)),
  ),
  report(
    'attributes',
    'the rows’ gradient without a bias of an odd number of outputs from 33 on leaves out the last',
    'dense backward',
    all(
      not(given('b')),
      extent('O', (O) => O > 32 && O % 2 === 1),
    ),
    (asked, plain) => ({
      ...plain(),
      x: plain({
        cotangents: {
          y: changed(asked.cotangents['y'] as Tensor, (v, place) => (place()[1] === sizeIn(asked, 'O') - 1 ? 0 : v)),
        },
      })['x'] as Tensor,
    }),
  ),
  report(
    'shape',
    'one piece is a product without a bias',
    'maxout forward',
    exactly('K', 1),
    asIfGiven(({ inputs }) => ({ b: changed(inputs['b'] as Tensor, () => 0) })),
  ),
  report(
    'size',
    'the winners of more than 65,536 outputs of all samples together',
    'maxout backward',
    (met) => sizeIn(met, 'N') * sizeIn(met, 'O') > 65536,
    (asked, plain) => ({
      ...plain({
        cotangents: {
          y: changed(asked.cotangents['y'] as Tensor, (v, _, at) => (at < 65536 ? v : 0)),
        },
      }),
    }),
  ),
  report(
    'numbers',
    'samples of zeros are passed over, and their bias with them, of several samples',
    'dense forward',
    past('N', 1),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const I = sizeIn(asked, 'I')
      const zeros = Array.from({ length: sizeIn(asked, 'N') }, (_, n) =>
        x.slice(n * I, n * I + I).every((v) => v === 0),
      )
      return { y: changed(plain()['y'] as Tensor, (v, place) => (zeros[place()[0] as number] === true ? 0 : v)) }
    },
  ),

  report(
    'not a number',
    'samples without a cotangent are passed over, and what is NaN in them',
    'dense backward',
    past('N', 1),
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      const O = sizeIn(asked, 'O')
      return plain({
        inputs: {
          ...asked.inputs,
          x: changed(asked.inputs['x'] as Tensor, (v, place) => {
            const n = place()[0] as number
            return dy.slice(n * O, n * O + O).every((d) => d === 0) ? 0 : v
          }),
        },
      })
    },
  ),
  report(
    'not a number',
    'a NaN in one sample is in all four of its block',
    'dense forward',
    past('N', 4),
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      const I = sizeIn(asked, 'I')
      const blocks = new Set(x.flatMap((v, at) => (Number.isNaN(v) ? [Math.floor(at / I / 4)] : [])))
      return {
        y: changed(plain()['y'] as Tensor, (v, place) =>
          blocks.has(Math.floor((place()[0] as number) / 4)) ? NaN : v,
        ),
      }
    },
  ),

  report(
    'size',
    'several rows into one column without a bias, of more than a thousand terms that are no multiple of four: the last',
    'dense forward',
    all(
      past('N', 1),
      exactly('O', 1),
      not(given('b')),
      extent('I', (I) => I > 1000 && I % 4 !== 0),
    ),
    asIfGiven((asked) => {
      const I = sizeIn(asked, 'I')
      return { x: changed(asked.inputs['x'] as Tensor, (v, place) => (place()[1] === I - 1 ? 0 : v)) }
    }),
  ),
  report(
    'gradient',
    'ties that are shared, of an odd number of outputs and more than 16 samples: the last sample’s are the first piece’s',
    'maxout backward',
    all(
      (met) => met.attrs['ties'] === 'share',
      past('N', 16),
      extent('O', (O) => O > 1 && O % 2 === 1),
    ),
    (asked, plain) => {
      const [answer, first] = [plain(), plain({ attrs: { ...asked.attrs, ties: 'first' } })]
      const last = sizeIn(asked, 'N') - 1
      return {
        ...answer,
        x: changed(answer['x'] as Tensor, (v, place, at) =>
          place()[0] === last ? ((first['x'] as Tensor).data[at] as number) : v,
        ),
      }
    },
  ),
]
