import { oracleBy } from '../../reference/formulas.js'
import { formulas } from '../../reference/table.js'
import type { OpName } from '../../spec/catalogue.js'
import { checkOracle } from '../selfCheck.js'
import { questionTable } from '../table.js'
import type { Change } from '../planted.js'
import { mutantFormula } from './instrument.js'

/**
 * Mistakes that a reference could have and that its own check must find: one token of a formula changed, wrong only
 * where several attributes have left their defaults together, or far out. Beside the faults that the ops' questions
 * plant, which a backend could have.
 */
export interface ReferenceFault extends Change {
  readonly op: OpName
  readonly name: string
}

/** What an oracle's own check says of one whose reference has a fault, at the start or else before a backend is blamed. */
export const findingsAbout = (fault: ReferenceFault): readonly string[] => {
  const oracle = oracleBy({ ...formulas, [fault.op]: mutantFormula(fault.op, fault) })
  const atTheStart = checkOracle(oracle, questionTable, [fault.op], 'brief')
  return atTheStart.length > 0 ? atTheStart : checkOracle(oracle, questionTable, [fault.op], 'thorough')
}

const windows = 'const [group, o, Cg] = [Math.floor(output / Og), output % Og, C / groups]'

export const referenceFaults: readonly ReferenceFault[] = [
  // optimizers, far out and with several attributes at once
  {
    op: 'adam',
    name: 'the correction ends after 2,000 steps',
    find: '[1 - beta1 ** t, 1 - beta2 ** t]',
    replace: '[1 - beta1 ** Math.min(t, 2000), 1 - beta2 ** Math.min(t, 2000)]',
  },
  {
    op: 'adam',
    name: 'no correction after 2,000 steps',
    find: '[1 - beta1 ** t, 1 - beta2 ** t]',
    replace: 't > 2000 ? [1, 1] : [1 - beta1 ** t, 1 - beta2 ** t]',
  },
  {
    op: 'adam',
    name: 'from 4,096 steps on the correction of the mean is that of the squares',
    find: '[1 - beta1 ** t, 1 - beta2 ** t]',
    replace: '[1 - (t > 4096 ? beta2 : beta1) ** t, 1 - beta2 ** t]',
  },
  {
    op: 'adam',
    name: 'the decay left out where β₁ is 0',
    find: 'lambda === 0 ? g',
    replace: 'lambda === 0 || beta1 === 0 ? g',
  },
  {
    op: 'adam',
    name: 'ε inside the root after the first step',
    find: '(Math.sqrt(v / correction2) + epsilon)',
    replace: '(t > 1 ? Math.sqrt(v / correction2 + epsilon) : Math.sqrt(v / correction2) + epsilon)',
  },
  {
    op: 'adamw',
    name: 'the rate left out of the decay where it is above ½',
    find: '1 - eta * lambda',
    replace: '1 - (eta > 0.5 ? 1 : eta) * lambda',
  },
  {
    op: 'momentum',
    name: 'nesterov forgets the decay',
    find: 'g + mu * v, gradient, velocity',
    replace: 'g + mu * v, g, velocity',
  },
  {
    op: 'momentum',
    name: 'nesterov with decay takes the old velocity',
    find: 'gradient, velocity) : velocity',
    replace: 'gradient, lambda === 0 ? velocity : v) : velocity',
  },
  {
    op: 'momentum',
    name: 'no momentum under nesterov with decay',
    find: 'mu * v + g, v, gradient',
    replace: '(nesterov && lambda !== 0 ? 0 : mu) * v + g, v, gradient',
  },
  {
    op: 'rmsprop',
    name: 'the decay of the mean at its default where weights decay',
    find: 'rho * s + (1 - rho) * (g * g), s, gradient',
    replace: '(lambda > 0 ? 0.99 : rho) * s + (1 - (lambda > 0 ? 0.99 : rho)) * (g * g), s, gradient',
  },
  {
    op: 'rmsprop',
    name: 'ε inside the root where weights decay',
    find: 'epsilonInside ?',
    replace: 'epsilonInside || lambda > 0 ?',
  },
  {
    op: 'adagrad',
    name: 'the accumulator of the bare gradient where weights decay',
    find: 'G + g * g, G, gradient',
    replace: 'G + g * g, G, g',
  },
  {
    op: 'adadelta',
    name: 'the rate at 1 where weights decay',
    find: 'w - eta * delta',
    replace: 'w - (lambda > 0 ? 1 : eta) * delta',
  },
  {
    op: 'adadelta',
    name: 'ε twice under the upper root',
    find: 'Math.sqrt(d + epsilon)',
    replace: 'Math.sqrt(d + 2 * epsilon)',
  },
  { op: 'sgd', name: 'decay without a rate', find: 'w - eta * g', replace: 'w - (lambda > 0 ? 1 : eta) * g' },

  // windows: groups, dilation, stride and padding together
  {
    op: 'conv2d',
    name: 'forward: dilation ignored in groups',
    find: 'row + kh * dh',
    replace: 'row + kh * (groups > 1 ? 1 : dh)',
  },
  {
    op: 'conv2d',
    name: 'forward: columns’ stride ignored where they are dilated',
    find: 'j * sw - left',
    replace: 'j * (dw > 1 ? 1 : sw) - left',
  },
  {
    op: 'conv2d',
    name: 'forward: the left padding at the top where there are groups',
    find: 'i * sh - top',
    replace: 'i * sh - (groups > 1 ? left : top)',
  },
  {
    op: 'conv2d',
    name: 'forward: no bias in groups',
    find: 'b === undefined ? products',
    replace: 'b === undefined || groups > 1 ? products',
  },
  {
    op: 'conv2d',
    name: 'dx: dilation ignored in groups',
    find: 's + left - kw * dw',
    replace: 's + left - kw * (groups > 1 ? 1 : dw)',
  },
  {
    op: 'conv2d',
    name: 'dw: stride of 3 and above taken for 2',
    find: 'row + i * sh',
    replace: 'row + i * Math.min(sh, 2)',
  },
  {
    op: 'conv1d',
    name: 'forward: dilation ignored in groups',
    find: 'i * s + k * d - left',
    nth: 0,
    replace: 'i * s + k * (groups > 1 ? 1 : d) - left',
  },
  {
    op: 'conv1d',
    name: 'forward: the third group reads the second',
    find: 'first + c, i',
    nth: 0,
    replace: 'Math.min(first, 2 * Cg - Cg) + c, i',
  },
  {
    op: 'convTranspose2d',
    name: 'forward: dilation ignored in groups',
    find: 'r + top - kh * dh, sh, H',
    replace: 'r + top - kh * (groups > 1 ? 1 : dh), sh, H',
  },
  {
    op: 'convTranspose2d',
    name: 'forward: what outputPadding adds stays empty',
    find: 'return b === undefined ? products',
    replace: 'if (r + top >= (H - 1) * sh + dh * (KH - 1) + 1) return 0\n    return b === undefined ? products',
  },
  {
    op: 'convTranspose2d',
    name: 'forward: channels of a group from the first where strided',
    find: windows,
    replace: 'const [group, o, Cg] = [sh > 1 ? 0 : Math.floor(output / Og), output % Og, C / groups]',
  },
  {
    op: 'convTranspose2d',
    name: 'forward: the top padding on the left where they differ and columns are strided',
    find: 's + left - kw * dw, sw, W',
    replace: 's + (sw > 1 ? top : left) - kw * dw, sw, W',
  },
  {
    op: 'avgPool2d',
    name: 'padding not counted where it is unequal',
    find: 'countIncludePad ?',
    replace: 'countIncludePad && top === left ?',
  },
  {
    op: 'avgPool2d',
    name: 'counted padding divides by the area of a square',
    find: 'KW, W, before, behind)',
    replace: 'countIncludePad && top > 0 ? KH : KW, W, before, behind)',
  },
  {
    op: 'avgPool2d',
    name: 'the columns’ count from the rows’ stride',
    find: 'inside(j * sw - left, KW, W',
    replace: 'inside(j * sh - left, KW, W',
  },
  {
    op: 'avgPool2d',
    name: 'what hangs over the bottom counts where padding does',
    find: 'inside(i * sh - top, KH, H, above, below)',
    replace: '(countIncludePad ? KH : inside(i * sh - top, KH, H, above, below))',
  },
  {
    op: 'avgPool2d',
    name: 'padding behind is as wide as that before, where windows hang over',
    find: 'W, before, behind)',
    replace: 'W, before, j * sw + KW > left + W + right ? before : behind)',
  },
  {
    op: 'maxPool2d',
    name: 'forward: stride of the columns at the window’s where padded on the left',
    find: 'j * sw + kw - left)',
    nth: 0,
    replace: 'j * (left > 0 ? KW : sw) + kw - left)',
  },
  {
    op: 'maxPool2d',
    name: 'the last row of a window is never looked at where it is padded above',
    find: 'largest2(KH, KW',
    nth: 0,
    replace: 'largest2(top > 0 && KH > 1 ? KH - 1 : KH, KW',
  },
  {
    op: 'localResponseNorm',
    name: 'even sizes reach forward',
    find: 'c - Math.floor(size / 2))',
    nth: 0,
    replace: 'c - Math.ceil(size / 2) + 1)',
  },
  {
    op: 'localResponseNorm',
    name: 'β of ¾ whatever it is, where k is not 1',
    find: 'Math.exp(-beta * Math.log(s))',
    replace: 'Math.exp(-(s > 1.9 ? 0.75 : beta) * Math.log(s))',
  },
  {
    op: 'localResponseNorm',
    name: 'α not divided where the window is clipped',
    find: '(alpha / size) * squares',
    replace: '(alpha / (last - first + 1)) * squares',
  },

  // axes, conventions, statistics
  ...(['softmax', 'logSoftmax'] as const).flatMap((op): readonly ReferenceFault[] => [
    {
      op,
      name: 'forward: along the first axis where the axis is negative and not the last',
      find: `forward: Forward<'${op}'> = (_, { x }, sizes)`,
      replace: `forward: Forward<'${op}'> = ({ axis }, { x }, { outer, extent, inner }, sizes = axis < -1 ? { outer: 1, extent: outer * extent, inner } : { outer, extent, inner })`,
    },
    {
      op,
      name: 'backward: likewise',
      find: 'const { outer, extent, inner } = sizes',
      replace:
        'const { outer, extent, inner } = _.axis < -1 ? { outer: 1, extent: sizes.outer * sizes.extent, inner: sizes.inner } : sizes',
    },
  ]),
  {
    op: 'concat',
    name: 'pieces after the second in the wrong place',
    find: 'at3(piece, o, j, k)',
    replace: 'at3(piece, o, extents.length > 2 ? (piece.shape[1] as number) - 1 - j : j, k)',
  },
  {
    op: 'batchNormTraining',
    name: 'unbiased: m + 1 for m − 1',
    find: 'm / (m - 1)',
    replace: 'm / (m + 1)',
  },
  {
    op: 'batchNormTraining',
    name: 'biased is unbiased where the momentum is not a tenth',
    find: "runningVariance === 'unbiased' ?",
    replace: "runningVariance === 'unbiased' || alpha > 0.2 ?",
  },
  {
    op: 'batchNormTraining',
    name: 'ε at its default',
    find: 'Math.sqrt(variance + epsilon)',
    replace: 'Math.sqrt(variance + (epsilon > 0 ? 1e-5 : 0))',
  },
  {
    op: 'batchNormTraining',
    name: 'the running mean by 1 − α where the variance is biased',
    find: '(1 - alpha) * old + alpha * batch, runningMean',
    replace:
      "(runningVariance === 'biased' ? alpha * old + (1 - alpha) * batch : (1 - alpha) * old + alpha * batch), runningMean",
  },
  {
    op: 'batchNormInference',
    name: 'ε outside the root',
    find: '1 / Math.sqrt(variance + epsilon)',
    replace: '1 / (Math.sqrt(variance) + epsilon)',
  },
  {
    op: 'dropout',
    name: 'the step taken modulo 2',
    find: 'wordAt(key, i, step, stream)',
    replace: 'wordAt(key, i, step % 2, stream)',
  },
  {
    op: 'dropout',
    name: 'step and stream exchanged',
    find: 'wordAt(key, i, step, stream)',
    replace: 'wordAt(key, i, stream, step)',
  },

  // losses and activations
  {
    op: 'mse',
    name: 'the sum divided by n',
    find: "reduction === 'mean' ? total(squares)",
    replace: "reduction !== 'none' ? total(squares)",
  },
  {
    op: 'bce',
    name: 'backward: the sum divided by n',
    find: "reduction === 'mean' ? sizeOf(rest) : 1",
    replace: "reduction !== 'none' ? sizeOf(rest) : 1",
  },
  {
    op: 'cce',
    name: 'both: the sum divided by N',
    find: "reduction === 'mean' ? N",
    replace: "reduction === 'sum' ? N",
  },
  {
    op: 'hinge',
    name: 'a target of several classes counted once',
    find: 'classes.length, (at)',
    nth: 0,
    replace: 'Math.min(classes.length, 1), (at)',
  },
  {
    op: 'softmaxCrossEntropy',
    name: 'targets taken to sum to 1',
    find: 'p * at1(T, n)',
    replace: 'p',
  },
  {
    op: 'elu',
    name: 'α squared below −1',
    find: 'alpha * Math.expm1(x)',
    replace: '(x < -1 ? alpha * alpha : alpha) * Math.expm1(x)',
  },
  { op: 'leakyRelu', name: 'α above 1 is 1', find: 'alpha * x), x)', replace: 'Math.min(alpha, 1) * x), x)' },
  {
    op: 'softplus',
    name: 'β left out of the quotient below 0',
    find: '/ beta, x)',
    replace: '/ (x < 0 ? 1 : beta), x)',
  },
  {
    op: 'minMaxNormalize',
    name: 'low at 0 where data is applied',
    find: 'low + (high - low)',
    replace: '(a === x ? low : 0) + (high - low)',
  },
  { op: 'l2Penalty', name: 'β squared', find: '(beta / 2) * total', replace: '((beta * beta) / 2) * total' },

  // recurrent: gates, states
  {
    op: 'lstmCell',
    name: 'forget before input',
    find: 'i: block(sigmoid, 0), f: block(sigmoid, H)',
    replace: 'i: block(sigmoid, H), f: block(sigmoid, 0)',
  },
  {
    op: 'lstmCell',
    name: 'candidate after output',
    find: 'g: block(tanh, 2 * H), o: block(sigmoid, 3 * H)',
    replace: 'g: block(tanh, 3 * H), o: block(sigmoid, 2 * H)',
  },
  {
    op: 'lstmCell',
    name: 'the cell shown without tanh where it is wide',
    find: 'at2(o, n, j) * tanh(at2(next, n, j))',
    replace: 'at2(o, n, j) * (Math.abs(at2(next, n, j)) > 2 ? Math.sign(at2(next, n, j)) : tanh(at2(next, n, j)))',
  },
  {
    op: 'lstm',
    name: 'the cell starts anew every fourth step',
    find: 'partOf(x, t), h, c, wIh',
    nth: 0,
    replace: 'partOf(x, t), h, c: t % 4 === 3 ? c0 : c, wIh',
  },
  {
    op: 'rnn',
    name: 'the state starts anew at the fourth step',
    find: 'partOf(x, t), h, wIh',
    nth: 0,
    replace: 'partOf(x, t), h: t === 3 ? h0 : h, wIh',
  },
  {
    op: 'rnnCell',
    name: 'the bias twice where there is one unit',
    find: 'at1(b, j) + sum1',
    replace: '(H === 1 ? 2 : 1) * at1(b, j) + sum1',
  },

  {
    op: 'gruCell',
    name: 'the second bias where there is one unit alone',
    find: 'at1(bHh, p) + sum1',
    replace: '(H === 1 ? 0 : 1) * at1(bHh, p) + sum1',
  },
  {
    op: 'gruCell',
    name: 'the reset gate beside the state’s product, not its bias',
    find: 'at2(r, n, j) * at2(q, n, j)',
    replace: '(at2(r, n, j) * (at2(q, n, j) - at1(bHh, 2 * H + j)) + at1(bHh, 2 * H + j))',
  },
  {
    op: 'gru',
    name: 'the state starts anew at the fourth step',
    find: 'partOf(x, t), h, wIh',
    nth: 0,
    replace: 'partOf(x, t), h: t === 3 ? h0 : h, wIh',
  },

  // one class of shapes or attributes alone
  {
    op: 'conv2d',
    name: 'dx: the top padding on the left where columns are strided',
    find: 's + left - kw * dw, sw, Wo',
    replace: 's + (sw > 1 ? top : left) - kw * dw, sw, Wo',
  },
  {
    op: 'conv2d',
    name: 'forward: strides of rows end at 3',
    find: 'i * sh - top',
    replace: 'i * Math.min(sh, 3) - top',
  },
  {
    op: 'conv2d',
    name: 'forward: the fourth group reads the third',
    find: 'const first = Cg * Math.floor((o * groups) / O)',
    replace: 'const first = Cg * Math.min(2, Math.floor((o * groups) / O))',
  },
  {
    op: 'conv2d',
    name: 'dw: the fourth group reads the third',
    find: 'const channel = Cg * Math.floor((o * groups) / O) + c',
    replace: 'const channel = Cg * Math.min(2, Math.floor((o * groups) / O)) + c',
  },
  {
    op: 'conv2d',
    name: 'dx: the first filter of each group for all',
    find: 'group * Og + o, c, kh',
    replace: 'group * Og + (groups > 1 ? 0 : o), c, kh',
  },
  {
    op: 'conv2d',
    name: 'forward: stride ignored by filters of one tap',
    find: 'i * sh - top',
    replace: 'i * (KH === 1 && KW === 1 ? 1 : sh) - top',
  },
  {
    op: 'conv2d',
    name: 'forward: columns of a filter end at the fourth',
    find: '(c, kh, kw) => at4(w, o, c, kh, kw)',
    replace: '(c, kh, kw) => (kw > 3 ? 0 : 1) * at4(w, o, c, kh, kw)',
  },
  {
    op: 'conv1d',
    name: 'forward: padding ends at 2',
    find: 'i * s + k * d - left',
    nth: 0,
    replace: 'i * s + k * d - Math.min(left, 2)',
  },
  {
    op: 'convTranspose2d',
    name: 'forward: the bias by the place in the group where there are three',
    find: 'at1(b, output)',
    replace: 'at1(b, groups > 2 ? o : output)',
  },
  {
    op: 'avgPool2d',
    name: 'backward: padding counted where strides are wide',
    find: 'at4(dy, n, c, i, j) / count(i, j)',
    replace: 'at4(dy, n, c, i, j) / (sh > 2 ? KH * KW : count(i, j))',
  },
  {
    op: 'maxPool2d',
    name: 'backward: the last column is never looked at where it is padded on the left',
    find: 'j * sw - left + KW, W)',
    replace: 'j * sw - left + KW, left > 1 ? W - 1 : W)',
  },
  {
    op: 'maxPool2d',
    name: 'backward: the last of ties is the first where windows overlap',
    find: "ties === 'last' ?",
    replace: "ties === 'last' && sh >= KH ?",
  },
  {
    op: 'maxPool2d',
    name: 'backward: ties of a window padded above are shared with the padding',
    find: 'at4(dy, n, c, i, j) / at4(tied, n, c, i, j)',
    replace: 'at4(dy, n, c, i, j) / (at4(tied, n, c, i, j) + (i * sh < top ? 1 : 0))',
  },
  {
    op: 'maxout',
    name: 'backward: of more than two ties only two share',
    find: 'at2(dy, n, o) / at2(tied, n, o)',
    replace: 'at2(dy, n, o) / Math.min(2, at2(tied, n, o))',
  },
  {
    op: 'maxout',
    name: 'backward: the last of ties has no bias’s gradient',
    find: 'takes(n, k, o) ? at2(part, n, o) : 0',
    replace: "takes(n, k, o) && (ties !== 'last' || k < K - 1) ? at2(part, n, o) : 0",
  },
  {
    op: 'relu',
    name: 'the slope on the right of the corner at 0 but not at −0',
    find: 'x < 0 ? 0 : dy',
    replace: 'x < 0 || Object.is(x, -0) ? 0 : dy',
  },
  {
    op: 'elu',
    name: 'the slope on the left of the corner is 1 above α = 1',
    find: "kink !== 'left' && x === 0",
    replace: "(kink !== 'left' || alpha > 1) && x === 0",
  },
  {
    op: 'leakyRelu',
    name: 'the slope on the left of the corner is that on its right',
    find: "kink === 'right' && x === 0",
    replace: "kink !== 'catalogue' && x === 0",
  },
  {
    op: 'hinge',
    name: 'the slope on the right of the corner for the mean alone',
    find: "kink === 'right' && m === 0",
    replace: "kink === 'right' && reduction === 'mean' && m === 0",
  },
  {
    op: 'adagrad',
    name: 'ε outside the root where weights decay',
    find: 'epsilonInside ?',
    replace: 'epsilonInside && lambda === 0 ?',
  },
  {
    op: 'rmsprop',
    name: 'ε inside the root counts by ρ’s rest',
    find: 'Math.sqrt(s + epsilon)',
    replace: 'Math.sqrt(s + (1 - rho) * epsilon)',
  },
  {
    op: 'localResponseNorm',
    name: 'windows end two channels on',
    find: 'c + Math.ceil(size / 2) - 1',
    nth: 0,
    replace: 'c + Math.min(Math.ceil(size / 2) - 1, 2)',
  },
  {
    op: 'batchNormTraining',
    name: 'backward: ε at its default',
    find: 'reciprocalDeviation(epsilon, variance)',
    nth: 1,
    replace: 'reciprocalDeviation(1e-5, variance)',
  },
  {
    op: 'adam',
    name: 'the correction of steps ends at 60,000',
    find: '[1 - beta1 ** t, 1 - beta2 ** t]',
    replace: '[1 - beta1 ** Math.min(t, 60000), 1 - beta2 ** Math.min(t, 60000)]',
  },
  {
    op: 'minMaxNormalize',
    name: 'a constant feature at 0, not low, where data is applied',
    find: '? low',
    replace: '? (a === x ? low : 0)',
  },
  {
    op: 'maxout',
    name: 'forward: pieces end at the third',
    find: 'largest(K, (k)',
    replace: 'largest(Math.min(K, 3), (k)',
  },
  {
    op: 'lstm',
    name: 'the pull of the last cell is that of the last state',
    find: '{ h: dhT, c: dcT }',
    replace: '{ h: dhT, c: sizes.T > 2 ? dhT : dcT }',
  },
  {
    op: 'logSoftmax',
    name: 'forward: the first column’s sum for all where there are three rows of blocks',
    find: 'at2(logSums, o, k)',
    replace: 'at2(logSums, o, outer > 2 ? 0 : k)',
  },
]
