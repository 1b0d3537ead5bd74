import type { Key } from '../../spec/philox.js'
import { wordAt } from '../../spec/philox.js'
import type { Evaluate, Given, Machine, Rewriting } from './rewriting.js'
import {
  anyOrder,
  at,
  attribute,
  backward,
  extent,
  forward,
  fused,
  listOf,
  made,
  numbersIn,
  sigmoid,
  sum,
  tensorIn,
} from './rewriting.js'

const biasOf = ({ inputs }: Given, o: number): number => (inputs['b'] === undefined ? 0 : at(inputs['b'].data, o))
const listIn = ({ attrs }: Given, name: string): readonly number[] => attrs[name] as readonly number[]

const denseOf: Evaluate = (machine, given) => {
  const [N, I, O] = [extent(given, 'N'), extent(given, 'I'), extent(given, 'O')]
  const [x, w] = [numbersIn(given.inputs, 'x'), numbersIn(given.inputs, 'w')]
  return made([N, O], (place) => {
    const [n, o] = [Math.floor(place / O), place % O]
    const products = Array.from({ length: I }, (_, i) => [at(w, o * I + i), at(x, n * I + i)] as const)
    return fused(machine, products, biasOf(given, o))
  })
}

/** The products that meet in each output of a convolution of images, or of sequences as images of one row. */
const convolutionOf: Evaluate = (machine, given) => {
  const flat = given.sizes['Lo'] !== undefined
  const one = (letter: string, alone: string): number => (flat ? extent(given, alone) : extent(given, letter))
  const [N, C, O, Cg] = [extent(given, 'N'), extent(given, 'C'), extent(given, 'O'), extent(given, 'Cg')]
  const [W, KW, Wo] = [one('W', 'L'), one('KW', 'K'), one('Wo', 'Lo')]
  const [H, KH, Ho] = flat ? [1, 1, 1] : [extent(given, 'H'), extent(given, 'KH'), extent(given, 'Ho')]
  const two = (name: string): readonly number[] => (flat ? [1, ...listIn(given, name)] : listIn(given, name))
  const [[sh = 1, sw = 1], [dh = 1, dw = 1]] = [two('stride'), two('dilation')]
  const [top = 0, , left = 0] = flat ? [0, 0, ...listIn(given, 'padding')] : listIn(given, 'padding')
  const [x, w] = [numbersIn(given.inputs, 'x'), numbersIn(given.inputs, 'w')]
  return made(flat ? [N, O, Wo] : [N, O, Ho, Wo], (place) => {
    const [n, o] = [Math.floor(place / (O * Ho * Wo)), Math.floor(place / (Ho * Wo)) % O]
    const [i, j] = [Math.floor(place / Wo) % Ho, place % Wo]
    const first = Cg * Math.floor((o * attribute(given, 'groups')) / O)
    const products = Array.from({ length: Cg * KH * KW }, (_, term) => {
      const [c, kh, kw] = [Math.floor(term / (KH * KW)), Math.floor(term / KW) % KH, term % KW]
      const [row, column] = [i * sh + kh * dh - top, j * sw + kw * dw - left]
      const inside = row >= 0 && row < H && column >= 0 && column < W
      const pixel = inside ? at(x, ((n * C + first + c) * H + row) * W + column) : 0
      return [at(w, o * Cg * KH * KW + term), pixel] as const
    })
    return fused(machine, products, biasOf(given, o))
  })
}

const transposedOf: Evaluate = (machine, given) => {
  const [N, C, H, W] = [extent(given, 'N'), extent(given, 'C'), extent(given, 'H'), extent(given, 'W')]
  const [O, Og, KH, KW] = [extent(given, 'O'), extent(given, 'Og'), extent(given, 'KH'), extent(given, 'KW')]
  const [Ho, Wo] = [extent(given, 'Ho'), extent(given, 'Wo')]
  const [[sh = 1, sw = 1], [dh = 1, dw = 1]] = [listIn(given, 'stride'), listIn(given, 'dilation')]
  const [top = 0, , left = 0] = listIn(given, 'padding')
  const [x, w] = [numbersIn(given.inputs, 'x'), numbersIn(given.inputs, 'w')]
  const meeting = Array.from({ length: N * O * Ho * Wo }, (): (readonly [number, number])[] => [])
  for (let pixel = 0; pixel < N * C * H * W; pixel++) {
    const [n, c] = [Math.floor(pixel / (C * H * W)), Math.floor(pixel / (H * W)) % C]
    const [i, j] = [Math.floor(pixel / W) % H, pixel % W]
    const first = Og * Math.floor((c * attribute(given, 'groups')) / C)
    for (let tap = 0; tap < Og * KH * KW; tap++) {
      const [o, kh, kw] = [Math.floor(tap / (KH * KW)), Math.floor(tap / KW) % KH, tap % KW]
      const [row, column] = [i * sh + kh * dh - top, j * sw + kw * dw - left]
      if (row < 0 || row >= Ho || column < 0 || column >= Wo) continue
      meeting[((n * O + first + o) * Ho + row) * Wo + column]?.push([at(w, c * Og * KH * KW + tap), at(x, pixel)])
    }
  }
  return made([N, O, Ho, Wo], (place) =>
    fused(machine, meeting[place] ?? [], biasOf(given, Math.floor(place / (Ho * Wo)) % O)),
  )
}

/** The mean of each window or map, made of its elements by f. */
const meansOf =
  (f: (machine: Machine, elements: readonly number[], count: number) => number): Evaluate =>
  (machine, given) => {
    const [N, C, H, W] = [extent(given, 'N'), extent(given, 'C'), extent(given, 'H'), extent(given, 'W')]
    const whole = given.sizes['Ho'] === undefined
    const [Ho, Wo] = whole ? [1, 1] : [extent(given, 'Ho'), extent(given, 'Wo')]
    const [KH = 1, KW = 1] = whole ? [H, W] : listIn(given, 'window')
    const [sh = 1, sw = 1] = whole ? [1, 1] : listIn(given, 'stride')
    const [top = 0, bottom = 0, left = 0, right = 0] = whole ? [0, 0, 0, 0] : listIn(given, 'padding')
    const x = numbersIn(given.inputs, 'x')
    return made(whole ? [N, C] : [N, C, Ho, Wo], (place) => {
      const [map, i, j] = [Math.floor(place / (Ho * Wo)), Math.floor(place / Wo) % Ho, place % Wo]
      const elements = listOf(KH * KW, (k) => {
        const [row, column] = [i * sh + Math.floor(k / KW) - top, j * sw + (k % KW) - left]
        return row >= 0 && row < H && column >= 0 && column < W ? at(x, (map * H + row) * W + column) : NaN
      }).filter((value) => !Number.isNaN(value))
      const counted = Math.min(KH, top + H + bottom - i * sh) * Math.min(KW, left + W + right - j * sw)
      return f(machine, elements, given.attrs['countIncludePad'] === true ? counted : elements.length)
    })
  }

const byReciprocal = meansOf((machine, elements, count) => machine.f32(sum(machine, elements) * machine.over(1, count)))
const dividedFirst = meansOf((machine, elements, count) =>
  sum(
    machine,
    elements.map((x) => machine.over(x, count)),
  ),
)

/** The numbers of each channel. */
const channelsOf = (given: Given): readonly (readonly number[])[] => {
  const [N, C, S] = [extent(given, 'N'), extent(given, 'C'), extent(given, 'S')]
  const x = numbersIn(given.inputs, 'x')
  return listOf(C, (c) => c).map((c) => listOf(N * S, (k) => at(x, (Math.floor(k / S) * C + c) * S + (k % S))))
}

/** y of each value of a channel, made of the channel's numbers by f. */
const eachChannel =
  (f: (machine: Machine, channel: readonly number[], given: Given, c: number) => (x: number) => number): Evaluate =>
  (machine, given) => {
    const [C, S] = [extent(given, 'C'), extent(given, 'S')]
    const { shape, data } = tensorIn(given.inputs, 'x')
    const maps = channelsOf(given).map((channel, c) => f(machine, channel, given, c))
    return made(shape, (i) => (maps[Math.floor(i / S) % C] as (x: number) => number)(at(data, i)))
  }

/** x ↦ a·x + (β − a·μ), a = γ·r. */
const folded = ({ f32 }: Machine, { inputs }: Given, c: number, mean: number, r: number): ((x: number) => number) => {
  const a = f32(at(numbersIn(inputs, 'gamma'), c) * r)
  const offset = f32(at(numbersIn(inputs, 'beta'), c) - f32(a * mean))
  return (x) => f32(f32(a * x) + offset)
}

const reciprocalRoot = ({ f32, over, sqrt }: Machine, variance: number, given: Given): number =>
  over(1, sqrt(f32(variance + attribute(given, 'epsilon'))))

const meanOf = (machine: Machine, channel: readonly number[]): number =>
  machine.over(sum(machine, channel), channel.length)

/** The mean and the variance, in two passes, of each channel. */
const statisticsOf = (
  machine: Machine,
  given: Given,
): readonly { readonly mean: number; readonly variance: number }[] => {
  const { f32 } = machine
  return channelsOf(given).map((channel) => {
    const mean = meanOf(machine, channel)
    return {
      mean,
      variance: meanOf(
        machine,
        channel.map((x) => f32(f32(x - mean) * f32(x - mean))),
      ),
    }
  })
}

/** old + α·(new − old), of what is kept by such a name. */
const movedTowards =
  (kept: 'runningMean' | 'runningVar'): Evaluate =>
  (machine, given) => {
    const { f32 } = machine
    const { shape, data } = tensorIn(given.inputs, kept)
    const m = extent(given, 'N') * extent(given, 'S')
    const statistics = statisticsOf(machine, given)
    const unbiased = given.attrs['runningVariance'] === 'unbiased' ? f32(m / (m - 1)) : 1
    return made(shape, (c) => {
      const { mean, variance } = statistics[c] as (typeof statistics)[number]
      const batch = kept === 'runningMean' ? mean : f32(variance * unbiased)
      return f32(at(data, c) + f32(attribute(given, 'momentum') * f32(batch - at(data, c))))
    })
  }

// ---- recurrent cells ---------------------------------------------------------------------------------------------

/** a = b + wIh·x + wHh·h of a cell, R rows for each sample. */
const preactivations = (machine: Machine, given: Given): readonly number[] => {
  const { f32 } = machine
  const [N, I, H] = [extent(given, 'N'), extent(given, 'I'), extent(given, 'H')]
  const numbers = (name: string) => numbersIn(given.inputs, name)
  const R = numbers('b').length
  return listOf(N * R, (place) => {
    const [n, r] = [Math.floor(place / R), place % R]
    return sum(machine, [
      at(numbers('b'), r),
      ...listOf(I, (i) => f32(at(numbers('wIh'), r * I + i) * at(numbers('x'), n * I + i))),
      ...listOf(H, (k) => f32(at(numbers('wHh'), r * H + k) * at(numbers('h'), n * H + k))),
    ])
  })
}

/** dx[n,i] = Σ_r wIh[r,i]·da[n,r]. */
const pulledToInput = (machine: Machine, given: Given, da: readonly number[]) => {
  const { f32 } = machine
  const I = extent(given, 'I')
  const w = numbersIn(given.inputs, 'wIh')
  const R = w.length / I
  return made(tensorIn(given.inputs, 'x').shape, (place) => {
    const [n, i] = [Math.floor(place / I), place % I]
    return sum(
      machine,
      listOf(R, (r) => f32(at(w, r * I + i) * (da[n * R + r] as number))),
    )
  })
}

const rnnCellPulled: Evaluate = (machine, given) => {
  const { f32, tanh } = machine
  const dh = numbersIn(given.cotangents, 'h')
  const da = preactivations(machine, given).map((a, place) => {
    const next = tanh(a)
    return f32(at(dh, place) * f32(1 - f32(next * next)))
  })
  return pulledToInput(machine, given, da)
}

const lstmCellPulled: Evaluate = (machine, given) => {
  const { f32, tanh } = machine
  const [N, H] = [extent(given, 'N'), extent(given, 'H')]
  const [c, dnextH, dnextC] = [
    numbersIn(given.inputs, 'c'),
    numbersIn(given.cotangents, 'h'),
    numbersIn(given.cotangents, 'c'),
  ]
  const a = preactivations(machine, given)
  const da = new Array<number>(4 * N * H)
  for (let unit = 0; unit < N * H; unit++) {
    const row = Math.floor(unit / H) * 4 * H + (unit % H)
    const gate = (block: number): number => a[row + block * H] as number
    const [i, f, g, o] = [
      sigmoid(machine, gate(0)),
      sigmoid(machine, gate(1)),
      tanh(gate(2)),
      sigmoid(machine, gate(3)),
    ]
    const squashed = tanh(f32(f32(f * at(c, unit)) + f32(i * g)))
    const [dh, slope] = [at(dnextH, unit), f32(1 - f32(squashed * squashed))]
    const dc = f32(at(dnextC, unit) + f32(f32(dh * o) * slope))
    da[row] = f32(f32(dc * g) * f32(i * f32(1 - i)))
    da[row + H] = f32(f32(dc * at(c, unit)) * f32(f * f32(1 - f)))
    da[row + 2 * H] = f32(f32(dc * i) * f32(1 - f32(g * g)))
    da[row + 3 * H] = f32(f32(dh * squashed) * f32(o * f32(1 - o)))
  }
  return pulledToInput(machine, given, da)
}

interface GruUnit {
  readonly r: number
  readonly z: number
  readonly g: number
  readonly q: number
  readonly h: number
}

/** The gates of every unit [N,H], what the new one sees of the state, and the state before. */
const gruUnits = (machine: Machine, given: Given): readonly GruUnit[] => {
  const { f32, tanh } = machine
  const [N, I, H] = [extent(given, 'N'), extent(given, 'I'), extent(given, 'H')]
  const numbers = (name: string) => numbersIn(given.inputs, name)
  const affine = (w: string, b: string, x: string, K: number, n: number, p: number): number =>
    sum(machine, [at(numbers(b), p), ...listOf(K, (k) => f32(at(numbers(w), p * K + k) * at(numbers(x), n * K + k)))])
  return Array.from({ length: N * H }, (_, unit) => {
    const [n, j] = [Math.floor(unit / H), unit % H]
    const s = (block: number): number => affine('wIh', 'bIh', 'x', I, n, block * H + j)
    const u = (block: number): number => affine('wHh', 'bHh', 'h', H, n, block * H + j)
    const [r, z] = [sigmoid(machine, f32(s(0) + u(0))), sigmoid(machine, f32(s(1) + u(1)))]
    const q = u(2)
    return { r, z, g: tanh(f32(s(2) + f32(r * q))), q, h: at(numbers('h'), unit) }
  })
}

const gruCellMoved: Evaluate = (machine, given) => {
  const { f32 } = machine
  const units = gruUnits(machine, given)
  return made(tensorIn(given.inputs, 'h').shape, (unit) => {
    const { z, g, h } = units[unit] as GruUnit
    return f32(g + f32(z * f32(h - g)))
  })
}

const gruCellPulled: Evaluate = (machine, given) => {
  const { f32 } = machine
  const [N, H, dnext] = [extent(given, 'N'), extent(given, 'H'), numbersIn(given.cotangents, 'h')]
  const ds = new Array<number>(3 * N * H)
  gruUnits(machine, given).forEach(({ r, z, g, q, h }, unit) => {
    const [row, dh] = [Math.floor(unit / H) * 3 * H + (unit % H), at(dnext, unit)]
    const dg = f32(f32(dh - f32(dh * z)) * f32(1 - f32(g * g)))
    ds[row] = f32(f32(dg * q) * f32(r * f32(1 - r)))
    ds[row + H] = f32(f32(f32(dh * h) - f32(dh * g)) * f32(z * f32(1 - z)))
    ds[row + 2 * H] = dg
  })
  return pulledToInput(machine, given, ds)
}

export const layers: readonly Rewriting[] = [
  forward('dense', 'y', anyOrder, denseOf),
  forward('conv1d', 'y', anyOrder, convolutionOf),
  forward('conv2d', 'y', anyOrder, convolutionOf),
  forward('convTranspose2d', 'y', anyOrder, transposedOf),
  forward('avgPool2d', 'y', 'the sum times 1/count', byReciprocal),
  forward('avgPool2d', 'y', 'every term divided by count', dividedFirst),
  forward('globalAvgPool', 'y', 'the sum times 1/(H·W)', byReciprocal),
  forward(
    'batchNormTraining',
    'y',
    'σ² = mean x² − μ², which loses a small variance under a large mean',
    eachChannel((machine, channel, given, c) => {
      const { f32 } = machine
      const mean = meanOf(machine, channel)
      const squares = meanOf(
        machine,
        channel.map((x) => f32(x * x)),
      )
      const r = reciprocalRoot(machine, f32(squares - f32(mean * mean)), given)
      const [gamma, beta] = [at(numbersIn(given.inputs, 'gamma'), c), at(numbersIn(given.inputs, 'beta'), c)]
      return (x) => f32(f32(gamma * f32(f32(x - mean) * r)) + beta)
    }),
  ),
  forward(
    'batchNormTraining',
    'y',
    'γ·((x − μ)/√(σ² + ε)) + β',
    eachChannel((machine, channel, given, c) => {
      const { f32, over, sqrt } = machine
      const mean = meanOf(machine, channel)
      const squares = channel.map((x) => {
        const distance = f32(x - mean)
        return f32(distance * distance)
      })
      const deviation = sqrt(f32(meanOf(machine, squares) + attribute(given, 'epsilon')))
      const [gamma, beta] = [at(numbersIn(given.inputs, 'gamma'), c), at(numbersIn(given.inputs, 'beta'), c)]
      return (x) => f32(f32(gamma * over(f32(x - mean), deviation)) + beta)
    }),
  ),
  forward(
    'batchNormTraining',
    'runningMean',
    'running statistics as old + α·(new − old), which cancels for α near 1',
    movedTowards('runningMean'),
  ),
  forward(
    'batchNormTraining',
    'runningVar',
    'running statistics as old + α·(new − old), which cancels for α near 1',
    movedTowards('runningVar'),
  ),
  forward(
    'batchNormInference',
    'y',
    'a·x + (β − a·runningMean) with a = γ·r',
    eachChannel((machine, _, given, c) => {
      const r = reciprocalRoot(machine, at(numbersIn(given.inputs, 'runningVar'), c), given)
      return folded(machine, given, c, at(numbersIn(given.inputs, 'runningMean'), c), r)
    }),
  ),
  forward('localResponseNorm', 'y', 's = k + Σ_j (α/size)·x[j]²', (machine, given) => {
    const { f32, over, exp, log } = machine
    const [C, S, size] = [extent(given, 'C'), extent(given, 'S'), attribute(given, 'size')]
    const { shape, data } = tensorIn(given.inputs, 'x')
    return made(shape, (i) => {
      const c = Math.floor(i / S) % C
      const [first, last] = [Math.max(c - Math.floor(size / 2), 0), Math.min(c + Math.ceil(size / 2) - 1, C - 1)]
      const share = over(attribute(given, 'alpha'), size)
      const shares = listOf(last - first + 1, (j) => {
        const neighbour = at(data, i + (first + j - c) * S)
        return f32(share * f32(neighbour * neighbour))
      })
      const s = f32(attribute(given, 'k') + sum(machine, shares))
      return f32(at(data, i) * exp(f32(-attribute(given, 'beta') * log(s))))
    })
  }),
  forward('dropout', 'y', 'x·m·(1/keep)', ({ f32 }, given) => {
    const { keep, key, step, stream } = given.attrs as { readonly key: Key } & Readonly<Record<string, number>>
    const { shape, data } = tensorIn(given.inputs, 'x')
    // the host makes 1/keep, to nearest
    const [share = 1, grown] = [keep, Math.fround(1 / (keep as number))]
    return made(shape, (i) =>
      wordAt(key, i, step, stream) < Math.ceil(share * 2 ** 32) ? f32(at(data, i) * grown) : 0,
    )
  }),
  backward('rnnCell', 'x', '1 − h′² in place of (1 − h′)·(1 + h′)', rnnCellPulled),
  backward('lstmCell', 'x', '1 − g² and 1 − tanh² c′ as they stand', lstmCellPulled),
  forward('gruCell', 'h', 'g + z·(h − g) in place of (1 − z)·g + z·h', gruCellMoved),
  backward(
    'gruCell',
    'x',
    'dh′ − dh′·z and dh′·h − dh′·g in place of dh′·(1 − z) and dh′·(h − g), and 1 − g² as it stands',
    gruCellPulled,
  ),
]
