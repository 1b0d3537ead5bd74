import type { Fill } from '../../form.js'
import type { Possible, Row } from '../covering.js'
import type { Declared, Drawn } from '../subject.js'
import { between, factor, fewOrTiles } from '../subject.js'
import { weighted } from '../sums.js'

/** Classes of what slides a window: convolutions and pools. */

type Pair = readonly [number, number]

const filters = ['1', '2', '3', '4', '5', '7', '11'] as const
const oneSided = ['1×k', 'k×1'] as const
const strides = ['1', '2', '3', '4', 'above the filter'] as const
const dilations = ['1', '2', '3', '4', 'above the stride'] as const
const groupings = ['1', '2', '3', '4', 'more', 'depthwise', 'depthwise with a multiplier'] as const

const draws: Declared['drawn'] = {
  N: between(1, 3),
  Cg: between(1, 5),
  Og: fewOrTiles,
  down: between(1, 6),
  across: between(1, 6),
  // what one-sided filters and the other axis have
  k: between(2, 5),
  other: between(1, 4),
  turn: between(0, 3),
  side: between(1, 3),
  left: between(0, 2),
}

const few: Declared['drawn'] = {
  N: between(1, 2),
  C: between(1, 2),
  Cg: between(1, 2),
  Og: between(1, 2),
  down: between(1, 2),
  across: between(1, 2),
}

const at = (numbers: Drawn, name: string): number => numbers[name] as number
const number = (choice: string | undefined, otherwise: number): number =>
  choice !== undefined && /^\d+$/.test(choice) ? Number(choice) : otherwise

const filterOf = (row: Row, drawn: Drawn): Pair => {
  const k = at(drawn, 'k')
  const [down, across] =
    row['filter'] === '1×k'
      ? [1, k]
      : row['filter'] === 'k×1'
        ? [k, 1]
        : [number(row['filter'], 3), number(row['filter'], 3)]
  return [drawn['KH'] ?? down, drawn['KW'] ?? across]
}

/** Whether strides and dilations are the same on both axes, as people have them, or differ. */
const axes = factor('axes', 'alike', 'stride differs', 'dilation differs', 'both differ')

// the same on both axes, or another number on one of them
const onAxes = (value: number, differs: boolean, { turn = 0, other = 1 }: Drawn): Pair => {
  const another = other === value ? value + 1 : other
  return !differs ? [value, value] : turn % 2 === 0 ? [value, another] : [another, value]
}

const differs = (row: Row, what: string): boolean => row['axes'] === `${what} differs` || row['axes'] === 'both differ'

const strideOf = (row: Row, drawn: Drawn, [KH, KW]: Pair): Pair =>
  row['stride'] === 'above the filter'
    ? [KH + 2, KW + (differs(row, 'stride') ? 3 : 2)]
    : onAxes(number(row['stride'], 1), differs(row, 'stride'), drawn)

const dilationOf = (row: Row, drawn: Drawn, [sh, sw]: Pair): Pair =>
  row['dilation'] === 'above the stride'
    ? [sh + 1, sw + (differs(row, 'dilation') ? 2 : 1)]
    : onAxes(number(row['dilation'], 1), differs(row, 'dilation'), { ...drawn, turn: at(drawn, 'turn') + 1 })

const rotated = (list: readonly number[], by: number): readonly number[] => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
]

/** Top, bottom, left and right; no more than `most` along an axis where a pool's window limits them. */
const paddingOf = (
  row: Row,
  { turn = 0, side = 1 }: Drawn,
  spans: Pair,
  most: Pair = [Infinity, Infinity],
): readonly number[] => {
  const within = (padding: readonly number[]): readonly number[] =>
    padding.map((p, i) => Math.min(p, most[i < 2 ? 0 : 1] - 1))
  switch (row['padding']) {
    case 'one-sided':
      return within(rotated([side, 0, 0, 0], turn))
    case 'equal':
      return within([side, side, side, side])
    case 'same':
      return within(spans.flatMap((span) => [Math.floor((span - 1) / 2), Math.ceil((span - 1) / 2)]))
    case 'wider than the filter':
      return within(spans.flatMap((span, i) => [span + ((side + i) % 3), span + (turn % 2)]))
    case 'asymmetric':
      return within(rotated([1, 2, 0, 3], turn))
    case undefined:
    default:
      return [0, 0, 0, 0]
  }
}

/** The extent at which so many windows fit and so much is left over, or the one that is asked for. */
const extentOf = (
  asked: number | undefined,
  {
    windows,
    span,
    stride,
    padding,
    left,
  }: Readonly<Record<'windows' | 'span' | 'stride' | 'padding' | 'left', number>>,
): number => {
  const least = Math.max(1, span - padding)
  if (asked !== undefined && asked >= least) return asked
  const extent = (windows - 1) * stride + span - padding + left
  return extent >= least ? extent : extent + stride * Math.ceil((least - extent) / stride)
}

// windows leave nothing over, one, or more, where the stride lets them
const leftOf = (row: Row, stride: number, { left = 0 }: Drawn): number =>
  row['remainder'] === '1' ? Math.min(1, stride - 1) : row['remainder'] === 'more' ? Math.min(2 + left, stride - 1) : 0

const leaves: Possible = ({ stride, remainder }) =>
  remainder === undefined ||
  stride === undefined ||
  remainder === '0' ||
  (stride !== '1' && (remainder === '1' || stride !== '2'))

const sized: Possible = ({ filter, padding }) => !(filter === '1' && padding === 'same')

const channelsOf = (row: Row, drawn: Drawn) => {
  const [Cg, Og] = [drawn['Cg'] as number, drawn['Og'] as number]
  const { C, O } = drawn
  if (row['groups'] === 'depthwise' || row['groups'] === 'depthwise with a multiplier') {
    const groups = C ?? Cg + 1
    return { groups, Cg: 1, Og: row['groups'] === 'depthwise' ? 1 : 2 + (at(drawn, 'turn') % 2) }
  }
  const groups = row['groups'] === 'more' ? 5 + (at(drawn, 'turn') % 3) : number(row['groups'], 1)
  return {
    groups,
    Cg: C !== undefined && C % groups === 0 ? C / groups : Cg,
    Og: O !== undefined && O % groups === 0 ? O / groups : Math.ceil(Og / (groups > 1 ? 2 : 1)),
  }
}

/** A window's extents for the classes of a row. */
const slidingOf = (row: Row, drawn: Drawn, most?: (window: Pair) => Pair) => {
  const window = filterOf(row, drawn)
  const stride = strideOf(row, drawn, window)
  const dilation = dilationOf(row, drawn, stride)
  const spans: Pair = [dilation[0] * (window[0] - 1) + 1, dilation[1] * (window[1] - 1) + 1]
  const padding = paddingOf(row, drawn, spans, most?.(window))
  const extent = (axis: 0 | 1, asked: number | undefined, windows: number): number =>
    extentOf(asked, {
      windows,
      span: spans[axis],
      stride: stride[axis],
      padding: (padding[2 * axis] as number) + (padding[2 * axis + 1] as number),
      left: leftOf(row, stride[axis], drawn),
    })
  return {
    window,
    stride,
    dilation,
    padding,
    spans,
    H: extent(0, drawn['H'], at(drawn, 'down')),
    W: extent(1, drawn['W'], at(drawn, 'across')),
  }
}

// a wide span makes a large image: few channels and samples are enough there
const lighter = (row: Row, drawn: Drawn): Drawn => {
  const { spans } = slidingOf(row, drawn)
  const area = spans[0] * spans[1]
  return area < 600
    ? drawn
    : {
        ...drawn,
        Cg: Math.min(at(drawn, 'Cg'), 2),
        Og: Math.min(at(drawn, 'Og'), 4),
        down: Math.min(at(drawn, 'down'), 2),
        across: Math.min(at(drawn, 'across'), 2),
      }
}

const values: Readonly<Record<string, Fill>> = {
  normal: 'normal',
  'one sign': 'positive',
  lone: 'lone',
  ties: 'ties',
  small: 'small',
}
const weights: Readonly<Record<string, Fill>> = {
  normal: 'normal',
  'one sign': 'positive',
  lone: 'lone',
  small: 'small',
}

const convolution = {
  data: { x: values, w: weights },
  product: weighted,
  drawn: draws,
  few,
} as const

export const conv2d: Declared = {
  ...convolution,
  factors: [
    factor('filter', '3', ...filters.filter((k) => k !== '3'), ...oneSided),
    factor('stride', ...strides),
    factor('dilation', ...dilations),
    factor('padding', 'none', 'one-sided', 'equal', 'same', 'wider than the filter', 'asymmetric'),
    factor('groups', ...groupings),
    factor('remainder', '0', '1', 'more'),
    axes,
  ],
  core: ['filter', 'stride', 'dilation', 'padding', 'groups', 'remainder', 'b'],
  plainly: 'axes',
  possible: (row) => leaves(row) && sized(row),
  ladder: { N: 65537, C: 4097, O: 4097, H: 4097, W: 65537, KH: 17, KW: 17 },
  shapes: (row, given) => {
    const drawn = lighter(row, given)
    const { window, stride, dilation, padding, H, W } = slidingOf(row, drawn)
    const { groups, Cg, Og } = channelsOf(row, drawn)
    return {
      attrs: { stride, dilation, padding, groups },
      shapes: {
        x: [at(drawn, 'N'), groups * Cg, H, W],
        w: [groups * Og, Cg, window[0], window[1]],
        b: [groups * Og],
      },
    }
  },
}

export const conv1d: Declared = {
  ...convolution,
  factors: [
    factor('filter', '3', ...filters.filter((k) => k !== '3')),
    factor('stride', ...strides),
    factor('dilation', ...dilations),
    factor('padding', 'none', 'one-sided', 'equal', 'same', 'wider than the filter', 'asymmetric'),
    factor('groups', ...groupings),
    factor('remainder', '0', '1', 'more'),
  ],
  core: ['filter', 'stride', 'dilation', 'padding', 'groups', 'remainder', 'b'],
  possible: (row) => leaves(row) && sized(row),
  drawn: { ...draws, across: between(1, 24) },
  ladder: { N: 65537, C: 4097, O: 4097, L: 65537, K: 17 },
  shapes: (row, drawn) => {
    // the second axis is the one that there is; its class of stride and dilation is as the row says
    const { L, K } = drawn
    const onOne: Drawn = {
      ...drawn,
      turn: 3 * at(drawn, 'turn'),
      ...(L === undefined ? {} : { W: L }),
      ...(K === undefined ? {} : { KW: K }),
    }
    const window = filterOf(row, onOne)[1]
    const stride = row['stride'] === 'above the filter' ? window + 2 : number(row['stride'], 1)
    const dilation = row['dilation'] === 'above the stride' ? stride + 1 : number(row['dilation'], 1)
    const span = dilation * (window - 1) + 1
    const turn = at(drawn, 'turn')
    const padding = paddingOf(row, { ...drawn, turn: 2 + turn }, [span, span]).slice(2)
    const odd = row['padding'] === 'one-sided' && padding.every((p) => p === 0)
    const sides = odd ? rotated([at(drawn, 'side'), 0], turn) : padding
    const { groups, Cg, Og } = channelsOf(row, drawn)
    return {
      attrs: { stride: [stride], dilation: [dilation], padding: sides, groups },
      shapes: {
        x: [
          at(drawn, 'N'),
          groups * Cg,
          extentOf(L, {
            windows: at(drawn, 'across'),
            span,
            stride,
            padding: (sides[0] as number) + (sides[1] as number),
            left: leftOf(row, stride, drawn),
          }),
        ],
        w: [groups * Og, Cg, window],
        b: [groups * Og],
      },
    }
  },
}

/** What padding takes off an axis, so that something is left of what the windows cover. */
const takenOff = (padding: readonly number[], covered: Pair): readonly number[] =>
  padding.map((p, i) => {
    const axis = i < 2 ? 0 : 1
    const both = (padding[2 * axis] as number) + (padding[2 * axis + 1] as number)
    const most = covered[axis] - 1
    return both <= most ? p : Math.floor((p * most) / both)
  })

export const convTranspose2d: Declared = {
  ...convolution,
  factors: [
    factor('filter', '3', ...filters.filter((k) => k !== '3'), ...oneSided),
    factor('stride', ...strides),
    factor('dilation', ...dilations),
    factor('padding', 'none', 'one-sided', 'equal', 'same', 'wider than the filter', 'asymmetric'),
    factor('groups', ...groupings),
    factor('outputPadding', 'none', 'one', 'most'),
    axes,
  ],
  core: ['filter', 'stride', 'dilation', 'padding', 'groups', 'outputPadding', 'b'],
  plainly: 'axes',
  possible: (row) =>
    sized(row) &&
    // less than the larger of stride and dilation
    !(
      row['outputPadding'] !== undefined &&
      row['outputPadding'] !== 'none' &&
      row['stride'] === '1' &&
      row['dilation'] === '1'
    ),
  ladder: { N: 65537, C: 4097, O: 4097, H: 1025, W: 4097, KH: 17, KW: 17 },
  shapes: (row, given) => {
    const drawn = lighter(row, given)
    const { window, stride, dilation, padding, spans } = slidingOf(row, drawn)
    const { groups, Cg, Og } = channelsOf(row, { ...drawn, Cg: at(drawn, 'Cg') })
    // padding wider than the filter needs an image wide enough to lose it
    const [H, W] = ([0, 1] as const).map((axis) => {
      const asked = drawn[axis === 0 ? 'H' : 'W']
      const both = (padding[2 * axis] as number) + (padding[2 * axis + 1] as number)
      const least = Math.max(1, Math.ceil((both + 1 - spans[axis]) / stride[axis]) + 1)
      return asked ?? Math.max(at(drawn, axis === 0 ? 'down' : 'across'), least)
    }) as [number, number]
    const more = ([0, 1] as const).map((axis) => {
      const most = Math.max(stride[axis], dilation[axis]) - 1
      return row['outputPadding'] === 'one' ? Math.min(1, most) : row['outputPadding'] === 'most' ? most : 0
    })
    const covered: Pair = [(H - 1) * stride[0] + spans[0], (W - 1) * stride[1] + spans[1]]
    return {
      attrs: {
        stride,
        dilation,
        groups,
        padding: takenOff(padding, covered),
        ...(row['outputPadding'] === 'none' ? {} : { outputPadding: more }),
      },
      shapes: {
        x: [at(drawn, 'N'), groups * Cg, H, W],
        w: [groups * Cg, Og, window[0], window[1]],
        b: [groups * Og],
      },
    }
  },
}

const pool: Declared = {
  factors: [
    factor('filter', '2', ...filters.filter((k) => k !== '2'), ...oneSided),
    factor('stride', 'the window', ...strides),
    factor('padding', 'none', 'one-sided', 'equal', 'same', 'asymmetric'),
    factor('remainder', '0', '1', 'more'),
    factor('samples and channels', 'one', 'several'),
    factor('axes', 'alike', 'stride differs'),
  ],
  core: [
    'filter',
    'stride',
    'padding',
    'remainder',
    'samples and channels',
    'ceilMode',
    'countIncludePad',
    'ties',
    'data of x',
  ],
  plainly: 'axes',
  possible: (row) =>
    leaves(row) &&
    // padding is narrower than the window, so that a window of one has none
    !(row['filter'] === '1' && row['padding'] !== undefined && row['padding'] !== 'none') &&
    !(
      row['stride'] === 'the window' &&
      row['remainder'] !== undefined &&
      row['remainder'] !== '0' &&
      row['filter'] !== undefined &&
      (row['filter'] === '1' || (row['filter'] === '2' && row['remainder'] === 'more'))
    ),
  data: {
    x: {
      normal: 'normal',
      ties: 'ties',
      negative: 'negative',
      lone: 'lone',
      'largest last': 'largestLast',
      small: 'small',
    },
  },
  drawn: { ...draws, C: between(2, 5) },
  few,
  ladder: { N: 65537, C: 4097, H: 4097, W: 65537 },
  shapes: (row, given) => {
    const byWindow = row['stride'] === 'the window'
    const drawn = given
    const window = filterOf(row, drawn)
    const stride = byWindow ? window : strideOf(row, drawn, window)
    const padding = paddingOf(row, drawn, window, window)
    const extent = (axis: 0 | 1, asked: number | undefined, windows: number): number =>
      extentOf(asked, {
        windows,
        span: window[axis],
        stride: stride[axis],
        padding: (padding[2 * axis] as number) + (padding[2 * axis + 1] as number),
        left: leftOf(row, stride[axis], drawn),
      })
    const alone = row['samples and channels'] === 'one'
    return {
      attrs: { window, padding, ...(byWindow ? {} : { stride }) },
      shapes: {
        x: [
          alone ? 1 : at(drawn, 'N'),
          alone ? 1 : at(drawn, 'C'),
          extent(0, drawn['H'], at(drawn, 'down')),
          extent(1, drawn['W'], at(drawn, 'across')),
        ],
      },
    }
  },
}

const ceilMode = { default: undefined, true: true } as const

export const maxPool2d: Declared = {
  ...pool,
  attrs: { ceilMode, ties: { default: undefined, last: 'last', share: 'share' } },
}
export const avgPool2d: Declared = {
  ...pool,
  attrs: { ceilMode, countIncludePad: { default: undefined, true: true, false: false } },
  data: { x: { normal: 'normal', 'one sign': 'positive', lone: 'lone', ties: 'ties', small: 'small' } },
}

const image = {
  drawn: { N: between(1, 4), C: between(1, 6), H: between(1, 9), W: between(1, 9) },
  few: { N: between(1, 2), C: between(1, 2), H: between(1, 2), W: between(1, 2) },
  ladder: { N: 65537, C: 4097, H: 4097, W: 65537 },
} as const
const shapeOf = ({ N = 1, C = 1, H = 1, W = 1 }: Drawn): readonly number[] => [N, C, H, W]

export const globalAvgPool: Declared = {
  ...image,
  data: {
    x: {
      normal: 'normal',
      'one sign': 'positive',
      lone: 'lone',
      ties: 'ties',
      small: 'small',
      wide: 'wide',
      'largest last': 'largestLast',
    },
  },
  shapes: (_, drawn) => ({ shapes: { x: shapeOf(drawn) } }),
}

export const scaleChannels: Declared = {
  ...image,
  product: { factors: ['x', 's'] },
  data: {
    x: { normal: 'normal', 'one sign': 'positive', lone: 'lone', ties: 'ties', small: 'small', wide: 'wide' },
    s: { normal: 'normal', fraction: 'fraction', probability: 'probability', lone: 'lone', negative: 'negative' },
  },
  shapes: (_, drawn) => ({ shapes: { x: shapeOf(drawn), s: shapeOf(drawn).slice(0, 2) } }),
}
