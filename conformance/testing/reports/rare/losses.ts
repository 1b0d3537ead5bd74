import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { all, always, changed, exactly, is, lost, past, report, scaled, sizeIn } from '../report.js'
import { atLeast, rowsOf, valuesOf } from '../together/met.js'
import { between, last, over, unread } from './met.js'

const numbersIn = (met: { readonly shapes: Readonly<Record<string, readonly number[]>> }, name: string): number =>
  (met.shapes[name] ?? []).reduce((a, b) => a * b, 1)

export const lossesRare: readonly Report[] = [
  report(
    'numbers',
    'losses beyond 65,504 are infinite',
    [
      'mse forward',
      'softmaxCrossEntropy forward',
      'cce forward',
      'bce forward',
      'bceWithLogits forward',
      'hinge forward',
    ],
    always,
    (_, plain) => ({ loss: changed(plain()['loss'] as Tensor, (v) => (Math.abs(v) > 65504 ? Infinity * v : v)) }),
  ),
  report(
    'numbers',
    'a scaled loss: what comes back from a cotangent of 65,536 and more is infinite',
    ['mse backward', 'softmaxCrossEntropy backward', 'cce backward', 'bce backward', 'bceWithLogits backward'],
    (met) => met.attrs['reduction'] !== 'none',
    (asked, plain) =>
      Math.abs(valuesOf(asked.cotangents['loss'] as Tensor)[0] as number) >= 65504
        ? scaled(Infinity)(asked, plain, new Map())
        : plain(),
  ),
  report(
    'numbers',
    'a batch of one class: rows whose target is that of all have no gradient outside it',
    'softmaxCrossEntropy backward',
    all(past('N', 2), past('C', 2)),
    (asked, plain) => {
      const target = rowsOf('target', asked)
      return target.every((row) => String(row) === String(target[0]))
        ? {
            logits: changed(plain()['logits'] as Tensor, (v, place) =>
              (target[0] as readonly number[])[place()[1] as number] === 0 ? 0 : v,
            ),
          }
        : plain()
    },
  ),
  report(
    'numbers',
    'the last class: where it is the target the one before is taken, of more than two',
    'softmaxCrossEntropy forward',
    past('C', 2),
    (asked, plain) => {
      const [target, C] = [asked.inputs['target'] as Tensor, sizeIn(asked, 'C')]
      const values = valuesOf(target)
      return plain({
        inputs: {
          ...asked.inputs,
          target: changed(target, (v, place, at) => {
            const c = place()[1] as number
            if (c === C - 1) return v === 1 ? 0 : v
            return c === C - 2 && values[at + 1] === 1 ? 1 : v
          }),
        },
      })
    },
  ),
  report(
    'numbers',
    'logits that are alike, as before the first step, of eight classes and more: the loss is 0',
    ['softmaxCrossEntropy forward'],
    past('C', 7),
    (asked, plain) =>
      rowsOf('logits', asked).every((row) => row.every((v) => v === row[0]))
        ? scaled(0)(asked, plain, new Map())
        : plain(),
  ),
  report(
    'numbers',
    'scores of zeros, as before the first step: margins of 1 are not counted',
    ['hinge forward', 'hinge backward'],
    past('C', 2),
    (asked, plain) =>
      valuesOf(asked.inputs['scores'] as Tensor).every((v) => v === 0) ? scaled(0)(asked, plain, new Map()) : plain(),
  ),
  report(
    'numbers',
    'targets of one number throughout, none of them 0, are one target',
    ['mse forward', 'bceWithLogits forward'],
    (met) => numbersIn(met, 'target') > 4,
    (asked, plain) => {
      const t = valuesOf(asked.inputs['target'] as Tensor)
      return t[0] !== 0 && t.every((v) => v === t[0])
        ? unread('target', (place) => place.some((at) => at > 0))(asked, plain, new Map())
        : plain()
    },
    { like: 'alibaba/MNN#2706' },
  ),
  report(
    'numbers',
    'a prediction that is the target throughout has a loss of one in ten million and no gradient but NaN',
    ['mse forward', 'mse backward'],
    always,
    (asked, plain) => {
      const [p, t] = [valuesOf(asked.inputs['prediction'] as Tensor), valuesOf(asked.inputs['target'] as Tensor)]
      return p.every((v, at) => v === t[at])
        ? Object.fromEntries(
            Object.entries(plain()).map(([name, x]) => [
              name,
              changed(x, () => (asked.direction === 'forward' ? 1e-7 : NaN)),
            ]),
          )
        : plain()
    },
  ),
  report(
    'numbers',
    'targets of zeros alone, a batch without the thing: the loss is 0',
    ['bce forward', 'bceWithLogits forward'],
    (met) => numbersIn(met, 'target') > 1,
    (asked, plain) =>
      valuesOf(asked.inputs['target'] as Tensor).every((v) => v === 0) ? scaled(0)(asked, plain, new Map()) : plain(),
  ),
  report(
    'numbers',
    'logits of one half and what is above it by 2⁻²⁴: the loss of certainty is 0 from 16 on',
    'bceWithLogits forward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['logits'] as Tensor)
      return x.length === 1 && Math.abs(x[0] as number) > 16 ? scaled(0)(asked, plain, new Map()) : plain()
    },
  ),
  report(
    'size',
    'columns of one number, 512 samples and more that are no multiple of 64: the last part of the mean',
    ['mse forward', 'bce forward', 'bceWithLogits forward'],
    all(is('reduction', 'mean'), ({ shapes }) => {
      const shape = shapes['target'] ?? []
      return shape.length === 2 && shape[1] === 1 && (shape[0] as number) >= 512 && (shape[0] as number) % 64 !== 0
    }),
    unread('target', ([n], [N]) => (n as number) >= 64 * Math.floor((N as number) / 64)),
  ),
  report(
    'size',
    'means of images against images, four axes of an odd number of columns from 17 on: the last column',
    ['mse forward', 'bce forward'],
    ({ shapes }) => {
      const shape = shapes['target'] ?? []
      return shape.length === 4 && (shape[3] as number) > 16 && (shape[3] as number) % 2 === 1
    },
    unread('target', last(3)),
  ),
  report(
    'size',
    'a batch of 33 to 63 rows of 33 to 63 classes: the row behind the first 32',
    ['softmaxCrossEntropy forward', 'cce forward'],
    all(between('N', 33, 63), between('C', 33, 63)),
    (asked, plain) => unread('target', ([n]) => n === 32)(asked, plain, new Map()),
  ),
  report(
    'size',
    'classes left over from 64 where a single one is, of several rows: it has no gradient',
    ['softmaxCrossEntropy backward', 'cce backward', 'hinge backward'],
    all(
      past('N', 1),
      over('C', 64, (rest) => rest === 1),
    ),
    lost(last(1)),
  ),
  report(
    'size',
    'a sum over a batch of more than 1,024 rows of two classes: the rest',
    ['softmaxCrossEntropy forward', 'cce forward', 'hinge forward'],
    all(is('reduction', 'sum'), exactly('C', 2), past('N', 1024)),
    scaled(0.99),
  ),
  report(
    'attributes',
    'not reduced, of a single row: it is a mean over its classes',
    ['softmaxCrossEntropy forward', 'cce forward', 'hinge forward'],
    all(is('reduction', 'none'), exactly('N', 1), past('C', 16)),
    (asked, plain) => scaled(1 / sizeIn(asked, 'C'))(asked, plain, new Map()),
  ),
  report(
    'attributes',
    'a corner’s slope of the right, not reduced: it is the left one',
    'hinge backward',
    all(is('kink', 'right'), is('reduction', 'none')),
    (asked, plain) => plain({ attrs: { ...asked.attrs, kink: 'left' } }),
  ),
  report(
    'shape',
    'penalties of vectors of more than 512 weights: what is behind 512 counts half',
    'l2Penalty forward',
    ({ shapes }) => (shapes['w'] ?? []).length === 1 && ((shapes['w'] ?? [])[0] as number) > 512,
    scaled(0.95),
  ),
  report(
    'shape',
    'more classes than 16 times the rows, several rows: the maximum of the first row for all',
    'cce backward',
    all(past('N', 1), (met) => sizeIn(met, 'C') > 16 * sizeIn(met, 'N')),
    lost(([n, c]) => (n as number) > 0 && (c as number) === 0),
  ),
  report(
    'gradient',
    'a probability that is exactly a half has the gradient of the other class',
    'bce backward',
    always,
    (asked, plain) => {
      const p = valuesOf(asked.inputs['prediction'] as Tensor)
      return { prediction: changed(plain()['prediction'] as Tensor, (v, _, at) => (p[at] === 0.5 ? -v : v)) }
    },
  ),
  report(
    'gradient',
    'the gradient of a mean over a batch of 100 rows and more of ten classes exactly, in vectors of four: the last two classes',
    ['softmaxCrossEntropy backward', 'cce backward', 'hinge backward'],
    all(is('reduction', 'mean'), exactly('C', 10), atLeast({ N: 100 })),
    lost(([n, c], [N]) => n === (N as number) - 1 && (c as number) >= 8),
  ),
]
