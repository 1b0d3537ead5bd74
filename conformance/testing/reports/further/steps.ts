import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import {
  all,
  asIf,
  asIfGiven,
  asIfPulled,
  changed,
  depthwise,
  exactly,
  extent,
  gathered,
  given,
  lost,
  past,
  report,
  sizeIn,
} from '../report.js'
import { only, unpulled } from '../rare/met.js'
import { padding } from '../triggers/met.js'
import { leaves, pair, values, when } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { inSteps, isWhole, size, sum, turned } from './met.js'

/** Ways back of convolutions, sequences, and ways up. */

const left = (met: Met): number => padding(met)[2] as number
const across = (met: Met): number => pair(met, 'stride')[1]
const reach = (met: Met): number => pair(met, 'dilation')[1] * (sizeIn(met, 'KW') - 1)
/** Whether a column of what goes up is where two stamps overlap that share one column alone. */
const shared = (met: Met, x: number): boolean => {
  const position = x + left(met)
  return position % across(met) === 0 && position > 0 && position < across(met) * sizeIn(met, 'W')
}

export const stepsFurther: readonly Report[] = [
  report(
    'axis',
    'as many samples as filters: the filters’ gradient reads the cotangent with these first',
    'conv2d backward',
    all(past('N', 1), (met) => sizeIn(met, 'N') === sizeIn(met, 'O')),
    only(
      ['w'],
      asIfPulled(({ cotangents }) => ({ y: turned(cotangents['y'] as Tensor) })),
    ),
  ),
  report(
    'gradient',
    'the image’s gradient of filters that step across alone: only columns that begin a window have one',
    'conv2d backward',
    (met) => pair(met, 'stride')[0] === 1 && across(met) > 1,
    lost(([, , , x], _, asked) => ((x as number) + left(asked)) % across(asked) !== 0, 'x'),
  ),
  report(
    'numbers',
    'cotangents of a filter that cancel to less than a thousandth leave its bias without a gradient',
    'conv2d backward',
    given('b'),
    by((asked) => {
      const dy = asked.cotangents['y'] as Tensor
      const [, O = 1, Ho = 1, Wo = 1] = dy.shape
      const sizes = Array.from({ length: O }, (_, o) =>
        sum(Array.from(dy.data, (v, at) => (Math.floor(at / (Ho * Wo)) % O === o ? Math.abs(v) : 0))),
      )
      return (v, o) => (Math.abs(v) < 1e-3 * (sizes[o] as number) ? 0 : v)
    }, 'b'),
  ),
  report(
    'attributes',
    'back from padding of more than the filter reaches: the image’s gradient is shifted by what is too much',
    'conv2d backward',
    (met) => left(met) > reach(met),
    only(
      ['x'],
      asIf((met) => {
        const [top = 0, bottom = 0, , right = 0] = padding(met)
        return { padding: [top, bottom, reach(met), right] }
      }),
    ),
  ),
  report(
    'numbers',
    'the filters’ gradient of several samples is added up in whole numbers, 2¹⁶ of them to the largest',
    'conv2d backward',
    past('N', 1),
    by((_, right) => {
      const unit = size(Array.from((right['w'] as Tensor).data, Number)) / 2 ** 16
      return inSteps(unit)
    }, 'w'),
  ),
  report(
    'shape',
    'a filter as long as its sequence: samples from the second on have no bias',
    'conv1d forward',
    all(exactly('Lo', 1), given('b'), past('N', 1)),
    by((asked) => {
      const b = values(asked, 'b')
      return (v, at) => (at >= b.length ? v - (b[at % b.length] as number) : v)
    }),
  ),
  report(
    'attributes',
    'filters of several taps that step over more than they see read on where they stopped',
    'conv1d forward',
    all(past('K', 1), (met) => pair(met, 'stride')[0] > sizeIn(met, 'K')),
    asIf((met) => ({ stride: [sizeIn(met, 'K')] })),
  ),
  report(
    'numbers',
    'weights that all are 128ths below 1, as bytes make them, weigh a sequence of as many steps of its largest',
    'conv1d forward',
    past('L', 1),
    when(
      (asked) => isWhole(values(asked, 'w').map((v) => 128 * v)) && size(values(asked, 'w')) <= 1,
      asIfGiven((asked) => ({
        x: changed(asked.inputs['x'] as Tensor, inSteps(size(values(asked, 'x')) / 127)),
      })),
    ),
  ),
  report(
    'gradient',
    'the bias’s gradient of lengths that leave three over from four is summed without them',
    'conv1d backward',
    all(given('b'), leaves('Lo', 4, 3)),
    only(
      ['b'],
      unpulled('y', ([, , x], [, , Lo]) => (x as number) >= (Lo as number) - 3),
    ),
  ),
  report(
    'gradient',
    'depthwise filters of an even number of taps are not turned for the sequence’s gradient',
    'conv1d backward',
    all(
      depthwise,
      extent('K', (n) => n % 2 === 0),
    ),
    only(
      ['x'],
      asIfGiven((asked) => ({
        w: gathered(asked.inputs['w'] as Tensor, ([o = 0, c = 0, k = 0]) => [o, c, sizeIn(asked, 'K') - 1 - k]),
      })),
    ),
  ),
  report(
    'attributes',
    'a map that goes up is cropped at its left as at its top',
    'convTranspose2d forward',
    (met) => padding(met)[0] !== padding(met)[2],
    asIf((met) => {
      const [top = 0, bottom = 0, l = 0, r = 0] = padding(met)
      return { padding: [top, bottom, Math.min(top, l + r), Math.max(0, l + r - top)] }
    }),
  ),
  report(
    'chance',
    'stamps that overlap by one column alone are written there one over the other: the right one stands',
    'convTranspose2d forward',
    (met) => across(met) > 1 && sizeIn(met, 'KW') === across(met) + 1 && pair(met, 'dilation')[1] === 1,
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const halves = [0, 1].map(
        (parity) =>
          plain({
            inputs: {
              ...asked.inputs,
              x: changed(x, (v, place) => ((place()[3] as number) % 2 === parity ? v : 0)),
            },
          })['y'] as Tensor,
      )
      return {
        y: changed(plain()['y'] as Tensor, (v, place, at) => {
          const column = place()[3] as number
          const stamp = Math.floor((column + left(asked)) / across(asked))
          return shared(asked, column) ? Number(halves[stamp % 2]?.data[at]) : v
        }),
      }
    },
  ),
  report(
    'gradient',
    'the gradient of filters that go up from images of one column, of several samples, is that of the first',
    'convTranspose2d backward',
    all(exactly('W', 1), past('N', 1)),
    only(
      ['w'],
      unpulled('y', ([n]) => n !== 0),
    ),
  ),
  report(
    'gradient',
    'rows that output padding adds to a cropped map give nothing back to the filters',
    'convTranspose2d backward',
    (met) => pair(met, 'outputPadding')[0] > 0 && (padding(met)[1] as number) > 0,
    only(['w'], (asked, plain, memory) =>
      unpulled('y', ([, , y], [, , Ho]) => (y as number) >= (Ho as number) - pair(asked, 'outputPadding')[0])(
        asked,
        plain,
        memory,
      ),
    ),
  ),
  report(
    'gradient',
    'the bias’s gradient of stamps that do not meet leaves out the gaps',
    'convTranspose2d backward',
    all(given('b'), (met) => across(met) > sizeIn(met, 'KW') && pair(met, 'dilation')[1] === 1),
    only(['b'], (asked, plain, memory) =>
      unpulled('y', ([, , , x]) => ((x as number) + left(asked)) % across(asked) >= sizeIn(asked, 'KW'))(
        asked,
        plain,
        memory,
      ),
    ),
  ),
]
