import type { AttrsOf, SizesOf } from '../../spec/catalogue.js'
import { expFunction, logFunction } from '../functions.js'
import { cotangent, gradient, input, kernel, launches, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'

// how far windows reach: before and after a channel, in channels
const dims = ['C', 'S', 'before', 'after']

// s[c] = k + share·Σ x[j]² over the window of channel c, share being α/size; element i lies in channel c
const scaleOf = /* wgsl */ `
${expFunction}
${logFunction}
fn channel_of(i: u32) -> u32 { return i / dims.S % dims.C; }

fn scale_of(i: u32, c: u32) -> f32 {
  let column = i - c * dims.S;
  let last = min(c + dims.after, dims.C - 1u);
  var squares = 0.0;
  for (var j = c - min(c, dims.before); j <= last; j++) {
    let v = x(column + j * dims.S);
    squares += v * v;
  }
  return params.k + params.share * squares;
}

fn power(s: f32) -> f32 { return exp_(-params.beta * log_(s)); }
`

/** y[c] = x[c]·s[c]^−β */
export const localResponseNormForward = kernel({
  name: 'localResponseNorm.forward',
  reads: ['x'],
  writes: ['y'],
  dims,
  params: ['k', 'share', 'beta'],
  code: /* wgsl */ `
${scaleOf}
fn element(i: u32) { set_y(i, x(i) * power(scale_of(i, channel_of(i)))); }
`,
})

/** term[j] = dy[j]·x[j]·s[j]^−β/s[j], what each reader j of a channel adds to its gradient */
export const localResponseNormTerms = kernel({
  name: 'localResponseNorm.terms',
  reads: ['x', 'dy'],
  writes: ['term'],
  dims,
  params: ['k', 'share', 'beta'],
  code: /* wgsl */ `
${scaleOf}
fn element(i: u32) {
  let s = scale_of(i, channel_of(i));
  set_term(i, dy(i) * x(i) * power(s) / s);
}
`,
})

/** dx[c] = dy[c]·s[c]^−β − slope·x[c]·Σ_j term[j], slope being 2αβ/size; windows hold c from `after` before it on */
export const localResponseNormBackward = kernel({
  name: 'localResponseNorm.backward',
  reads: ['x', 'dy', 'term'],
  writes: ['dx'],
  dims,
  params: ['k', 'share', 'beta', 'slope'],
  code: /* wgsl */ `
${scaleOf}
fn element(i: u32) {
  let c = channel_of(i);
  let column = i - c * dims.S;
  let last = min(c + dims.before, dims.C - 1u);
  var sum = 0.0;
  for (var j = c - min(c, dims.after); j <= last; j++) { sum += term(column + j * dims.S); }
  set_dx(i, dy(i) * power(scale_of(i, c)) - params.slope * x(i) * sum);
}
`,
})

// a reach past all channels is one of all channels
const numbers = ({ size }: AttrsOf<'localResponseNorm'>, { C, S }: SizesOf<'localResponseNorm'>) => ({
  C,
  S,
  before: Math.min(Math.floor(size / 2), C),
  after: Math.min(Math.ceil(size / 2) - 1, C),
})

export const forward: Lower<'localResponseNorm'> = ({ attrs, sizes }) => {
  const { N, C, S } = sizes
  return launches({
    kernel: localResponseNormForward,
    bind: { x: input('x'), y: output('y') },
    count: N * C * S,
    dims: numbers(attrs, sizes),
    params: { k: attrs.k, share: attrs.alpha / attrs.size, beta: attrs.beta },
    outer: { extent: N, dims: [], slices: { x: C * S, y: C * S } },
  })
}

export const backward: Lower<'localResponseNorm'> = ({ attrs, sizes }) => {
  const { size, alpha, beta, k } = attrs
  const { N, C, S } = sizes
  const given = { x: input('x'), dy: cotangent('y'), term: scratch('term') }
  const whole = { count: N * C * S, dims: numbers(attrs, sizes) }
  const params = { k, share: alpha / size, beta }
  const slices = { x: C * S, dy: C * S, term: C * S, dx: C * S }
  return {
    launches: [
      { ...whole, kernel: localResponseNormTerms, bind: given, params, outer: { extent: N, dims: [], slices } },
      {
        ...whole,
        kernel: localResponseNormBackward,
        bind: { ...given, dx: gradient('x') },
        params: { ...params, slope: (2 * alpha * beta) / size },
        outer: { extent: N, dims: [], slices },
      },
    ],
    scratch: { term: N * C * S },
  }
}
