import { expFunction, isNanFunction, logFunction } from '../functions.js'
import type { Kernel, Launch, Lowered } from '../kernel.js'
import {
  cotangent,
  gradient,
  input,
  keptScratch,
  kernel,
  launches,
  output,
  reversedCotangent,
  reversedGradient,
  scratch,
} from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'
import { overRows, rowKernel } from '../rows.js'

// what a row costs, and what both directions have of it
const rowCosts = /* wgsl */ `
${expFunction}
${isNanFunction}
${logFunction}
var<private> most: f32 = 0.0;
var<private> log_powers: f32 = 0.0;
fn value(c: u32) -> f32 { return logits(base + c); }
fn powers_term(c: u32) -> f32 { return exp_(value(c) - most); }
fn weight_term(c: u32) -> f32 { return goal(base + c); }
fn cost_term(c: u32) -> f32 {
  let t = goal(base + c);
  let z = value(c) - most;
  let log_p = z - log_powers;
  return select(-t * log_p, 0.0, t == 0.0 && !is_nan(log_p));
}
`

// dlogits of a row, share = Σ_c t/S
const rowGradients = /* wgsl */ `
fn set_gradients(n: u32, most: f32, share: f32) {
  let d = dloss(n * dims.each);
  for (var c = lane; c < dims.extent; c += lanes) {
    let i = base + c;
    set_dlogits(i, (exp_(logits(i) - most) * share - goal(i)) * d * params.scale);
  }
}
`

/**
 * cost[n] = −Σ_c t·log p, log p = z − log S: taking largest + log S away instead would cancel. With z = logits − largest every
 * power in S = Σ e^z is at most 1 and one of them is 1. A target of 0 takes −Infinity away, but no NaN. For backward each row
 * leaves its largest number and Σ_c t/S.
 */
export const softmaxCrossEntropyForward = rowKernel({
  name: 'softmaxCrossEntropy.forward',
  reads: ['logits', 'goal'],
  writes: ['cost', 'left'],
  sums: ['powers', 'weight', 'cost'],
  code: /* wgsl */ `
${rowCosts}
fn whole_row(n: u32) {
  most = largest();
  let powers = sum_powers();
  log_powers = log_(powers);
  let weight = sum_weight();
  let cost = sum_cost();
  if (lane == 0u) {
    set_cost(n, cost);
    set_left(2u * n, most);
    set_left(2u * n + 1u, weight / powers);
  }
}
`,
})

/** Both directions of a row at once: what it costs, and dlogits = (e^z·(Σ_c t/S) − t)·dloss·scale. */
export const softmaxCrossEntropyBoth = rowKernel({
  name: 'softmaxCrossEntropy.both',
  reads: ['logits', 'goal', 'dloss'],
  writes: ['cost', 'dlogits'],
  dims: ['each'],
  params: ['scale'],
  sums: ['powers', 'weight', 'cost'],
  code: /* wgsl */ `
${rowCosts}
${rowGradients}
fn whole_row(n: u32) {
  most = largest();
  let powers = sum_powers();
  log_powers = log_(powers);
  let share = sum_weight() / powers;
  let cost = sum_cost();
  if (lane == 0u) { set_cost(n, cost); }
  set_gradients(n, most, share);
}
`,
})

/** loss = scale·Σ_n cost[n], scale = 1/N for the mean and 1 for the sum */
export const softmaxCrossEntropyTotal = reduction({
  name: 'softmaxCrossEntropy.total',
  reads: ['cost'],
  writes: ['loss'],
  params: ['scale'],
  code: /* wgsl */ `
fn term(at: u32, n: u32) -> f32 { return cost(n); }
fn finish(at: u32, sum: f32) { set_loss(at, sum * params.scale); }
`,
})

/** dlogits = (e^z·(Σ_c t/S) − t)·dloss·scale; dloss is one number, or one for each row */
export const softmaxCrossEntropyBackward = rowKernel({
  name: 'softmaxCrossEntropy.backward',
  reads: ['logits', 'goal', 'dloss'],
  writes: ['dlogits'],
  rereads: ['dlogits'],
  dims: ['each'],
  params: ['scale'],
  sums: ['powers', 'weight'],
  code: /* wgsl */ `
${expFunction}
var<private> most: f32 = 0.0;
fn value(c: u32) -> f32 { return logits(base + c); }
fn powers_term(c: u32) -> f32 {
  let power = exp_(value(c) - most);
  set_dlogits(base + c, power);
  return power;
}
fn weight_term(c: u32) -> f32 { return goal(base + c); }
fn whole_row(n: u32) {
  most = largest();
  let powers = sum_powers();
  let share = sum_weight() / powers;
  let d = dloss(n * dims.each);
  for (var c = lane; c < dims.extent; c += lanes) {
    let i = base + c;
    set_dlogits(i, (dlogits(i) * share - goal(i)) * d * params.scale);
  }
}
`,
})

/** The same of what forward has left: one pass over memory. */
export const softmaxCrossEntropyBackwardKept = rowKernel({
  name: 'softmaxCrossEntropy.backward.kept',
  reads: ['logits', 'goal', 'left', 'dloss'],
  writes: ['dlogits'],
  dims: ['each'],
  params: ['scale'],
  sums: [],
  code: /* wgsl */ `
${expFunction}
${rowGradients}
fn value(c: u32) -> f32 { return logits(base + c); }
fn whole_row(n: u32) { set_gradients(n, left(2u * n), left(2u * n + 1u)); }
`,
})

const vectorExp = /* wgsl */ `
fn is_nan(v: vec4<f32>) -> vec4<bool> { return (bitcast<vec4<u32>>(v) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u); }
fn exp_(v: vec4<f32>) -> vec4<f32> { return select(exp(v), v, is_nan(v)); }
`

// A row by vectors of four: its largest number, and sums whose additions nest as reduction.ts derives – two vectors, two of
// those, four of those in a row, and these blocks of 64 numbers in a row, then the four of a vector.
const inFours = /* wgsl */ `
${vectorExp}
fn total(v: vec4<f32>) -> f32 { return (v.x + v.y) + (v.z + v.w); }
fn largest(base: u32) -> f32 {
  var most = logits(base);
  for (var j = 1u; j < dims.fours; j++) { most = max(most, logits(base + j)); }
  return max(max(most.x, most.y), max(most.z, most.w));
}
`

const four = [0, 1, 2, 3] as const

/** Sums of several terms over a row; `load` reads those of vector `at`, named by their sum and a number, zeros unless `on`. */
const sumsInFours = (names: readonly string[], load: (q: number) => string): string => /* wgsl */ `
  ${names.map((name) => `var ${name} = vec4<f32>();`).join('\n  ')}
  for (var block = 0u; block < dims.fours; block += 16u) {
    ${names.map((name) => `var block_${name} = vec4<f32>();`).join('\n    ')}
    for (var part = block; part < min(block + 16u, dims.fours); part += 4u) {
      ${four
        .map(
          (q) => `let on${q} = part + ${q}u < dims.fours;
      let at${q} = base + min(part + ${q}u, dims.fours - 1u);
      ${load(q)}`,
        )
        .join('\n      ')}
      ${names.map((name) => `block_${name} += (${name}0 + ${name}1) + (${name}2 + ${name}3);`).join('\n      ')}
    }
    ${names.map((name) => `${name} += block_${name};`).join('\n    ')}
  }
`

// what a row costs, in two passes: cost[n] = log S·Σ_c t − Σ_c t·z. Both are of one sign for each t, so that nothing cancels
// that would not in t·(z − log S). A logit that is NaN makes S one, whatever its target is. An infinite target has 0·∞ in one
// of the two where z or log S is 0, and their sum is not: a row whose targets' sum is no number up to the largest of f32, just
// below 2¹²⁸, takes a third pass, by t·(z − log S)
const costsInFours = /* wgsl */ `
${logFunction}
${inFours}
struct OfRow { most: f32, share: f32, cost: f32 }
fn cost_by_terms(base: u32, most: f32, log_powers: f32) -> f32 {
  var cost = 0.0;
  for (var j = base; j < base + dims.fours; j++) {
    let t = goal(j);
    let log_p = (logits(j) - most) - log_powers;
    cost -= total(select(t * log_p, vec4<f32>(), (t == vec4<f32>()) & !is_nan(log_p)));
  }
  return cost;
}
fn of_row(base: u32) -> OfRow {
  let most = largest(base);
  ${sumsInFours(
    ['powers', 'weight', 'drop'],
    (q) => `let z${q} = logits(at${q}) - most;
      let weight${q} = select(vec4<f32>(), goal(at${q}), vec4<bool>(on${q}));
      let powers${q} = select(vec4<f32>(), exp_(z${q}), vec4<bool>(on${q}));
      let drop${q} = select(weight${q} * z${q}, vec4<f32>(), weight${q} == vec4<f32>());`,
  )}
  let sum = total(powers);
  let of_targets = total(weight);
  let log_powers = log_(sum);
  var cost = log_powers * of_targets - total(drop);
  if (!(abs(of_targets) <= 3.4028234e38)) { cost = cost_by_terms(base, most, log_powers); }
  return OfRow(most, of_targets / sum, cost);
}
`

const gradientsInFours = /* wgsl */ `
fn set_gradients(row: u32, most: f32, share: f32) {
  let d = dloss(row * dims.each);
  let end = (row + 1u) * dims.fours;
  for (var i = row * dims.fours; i < end; i++) {
    set_dlogits(i, (exp_(logits(i) - most) * share - goal(i)) * d * params.scale);
  }
}
`

/** The same as `softmaxCrossEntropyForward` of rows of whole vectors, an invocation for each. */
export const softmaxCrossEntropyForwardVectors = kernel({
  name: 'softmaxCrossEntropy.forward.vectors',
  reads: ['logits', 'goal'],
  writes: ['cost', 'left'],
  dims: ['fours'],
  vectors: ['logits', 'goal'],
  code: /* wgsl */ `
${costsInFours}
fn element(row: u32) {
  let found = of_row(row * dims.fours);
  set_cost(row, found.cost);
  set_left(2u * row, found.most);
  set_left(2u * row + 1u, found.share);
}
`,
})

/** The same as `softmaxCrossEntropyBoth` of rows of whole vectors, an invocation for each. */
export const softmaxCrossEntropyBothVectors = kernel({
  name: 'softmaxCrossEntropy.both.vectors',
  reads: ['logits', 'goal', 'dloss'],
  writes: ['cost', 'dlogits'],
  dims: ['fours', 'each'],
  params: ['scale'],
  vectors: ['logits', 'goal', 'dlogits'],
  code: /* wgsl */ `
${costsInFours}
${gradientsInFours}
fn element(row: u32) {
  let found = of_row(row * dims.fours);
  set_cost(row, found.cost);
  set_gradients(row, found.most, found.share);
}
`,
})

/** The same as `softmaxCrossEntropyBackward` of rows of whole vectors, an invocation for each. */
export const softmaxCrossEntropyBackwardVectors = kernel({
  name: 'softmaxCrossEntropy.backward.vectors',
  reads: ['logits', 'goal', 'dloss'],
  writes: ['dlogits'],
  rereads: ['dlogits'],
  dims: ['fours', 'each'],
  params: ['scale'],
  vectors: ['logits', 'goal', 'dlogits'],
  code: /* wgsl */ `
${inFours}
fn element(row: u32) {
  let base = row * dims.fours;
  let most = largest(base);
  ${sumsInFours(
    ['powers', 'weight'],
    (q) => `let power${q} = exp_(logits(at${q}) - most);
      set_dlogits(at${q}, power${q});
      let powers${q} = select(vec4<f32>(), power${q}, vec4<bool>(on${q}));
      let weight${q} = select(vec4<f32>(), goal(at${q}), vec4<bool>(on${q}));`,
  )}
  let share = total(weight) / total(powers);
  let d = dloss(row * dims.each);
  for (var j = 0u; j < dims.fours; j++) {
    let i = base + j;
    set_dlogits(i, (dlogits(i) * share - goal(i)) * d * params.scale);
  }
}
`,
})

/** The same as `softmaxCrossEntropyBackwardKept` of rows of whole vectors, an invocation for each. */
export const softmaxCrossEntropyBackwardKeptVectors = kernel({
  name: 'softmaxCrossEntropy.backward.kept.vectors',
  reads: ['logits', 'goal', 'left', 'dloss'],
  writes: ['dlogits'],
  dims: ['fours', 'each'],
  params: ['scale'],
  vectors: ['logits', 'goal', 'dlogits'],
  code: /* wgsl */ `
${vectorExp}
${gradientsInFours}
fn element(row: u32) { set_gradients(row, left(2u * row), left(2u * row + 1u)); }
`,
})

/** A launch that has an invocation for each row, by vectors where rows are whole ones and not short. */
const byVectors = (launch: Launch, vectors: Kernel, C: number): Launch =>
  launch.kernel.per !== 'element' || C % 4 !== 0 || C < 16
    ? launch
    : {
        kernel: vectors,
        bind: launch.bind,
        count: launch.count,
        dims: { ...launch.dims, fours: C / 4 },
        params: launch.params,
        orElse: launch,
      }

const scaleOf = (reduction: string, N: number): number => (reduction === 'mean' ? 1 / N : 1)

export const forward: Lower<'softmaxCrossEntropy'> = ({
  attrs: { reduction },
  sizes: { N, C },
  reversesAtOnce,
  subgroupSize,
}): Lowered => {
  const none = reduction === 'none'
  const cost = none ? output('loss') : scratch('cost')
  const scale = scaleOf(reduction, N)
  const bind = { logits: input('logits'), goal: input('target'), cost }
  const rows = reversesAtOnce
    ? byVectors(
        overRows(
          softmaxCrossEntropyBoth,
          { outer: N, extent: C, inner: 1 },
          {
            bind: { ...bind, dloss: reversedCotangent('loss'), dlogits: reversedGradient('logits') },
            perRow: { cost: 1, dloss: 1 },
            shared: none ? [] : ['dloss'],
            dims: { each: none ? 1 : 0 },
            params: { scale },
          },
          subgroupSize,
        ),
        softmaxCrossEntropyBothVectors,
        C,
      )
    : byVectors(
        overRows(
          softmaxCrossEntropyForward,
          { outer: N, extent: C, inner: 1 },
          { bind: { ...bind, left: scratch('left') }, perRow: { cost: 1, left: 2 } },
          subgroupSize,
        ),
        softmaxCrossEntropyForwardVectors,
        C,
      )
  const total = none
    ? undefined
    : reduce(softmaxCrossEntropyTotal, 1, N, { bind: { cost, loss: output('loss') }, params: { scale } })
  return {
    launches: [rows, ...(total === undefined ? [] : [total])],
    scratch: { ...(none ? {} : { cost: N }), ...(reversesAtOnce ? {} : { left: 2 * N }) },
    ...(reversesAtOnce ? { reverses: true } : {}),
  }
}

export const backward: Lower<'softmaxCrossEntropy'> = ({
  attrs: { reduction },
  sizes: { N, C },
  kept,
  subgroupSize,
}): Lowered => {
  const each = reduction === 'none'
  const isKept = kept('left')
  const bind = {
    logits: input('logits'),
    goal: input('target'),
    dloss: cotangent('loss'),
    dlogits: gradient('logits'),
    ...(isKept ? { left: keptScratch('left') } : {}),
  }
  const numbers = { dims: { each: each ? 1 : 0 }, params: { scale: scaleOf(reduction, N) } }
  const rows = overRows(
    isKept ? softmaxCrossEntropyBackwardKept : softmaxCrossEntropyBackward,
    { outer: N, extent: C, inner: 1 },
    {
      bind,
      perRow: each ? { left: 2, dloss: 1 } : { left: 2 },
      shared: each ? [] : ['dloss'],
      ...numbers,
    },
    subgroupSize,
  )
  return launches(
    byVectors(rows, isKept ? softmaxCrossEntropyBackwardKeptVectors : softmaxCrossEntropyBackwardVectors, C),
  )
}
