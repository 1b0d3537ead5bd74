import { expFunction, isNanFunction, logFunction } from '../functions.js'
import type { Lowered } from '../kernel.js'
import { cotangent, gradient, input, launches, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'
import { overRows, rowKernel } from '../rows.js'

/**
 * cost[n] = −Σ_c t·log p, log p = z − log S: taking largest + log S away instead would cancel. With z = logits − largest every
 * power in S = Σ e^z is at most 1 and one of them is 1. A target of 0 takes −Infinity away, but no NaN.
 */
export const softmaxCrossEntropyForward = rowKernel({
  name: 'softmaxCrossEntropy.forward',
  reads: ['logits', 'goal'],
  writes: ['cost'],
  sums: ['powers', 'cost'],
  code: /* wgsl */ `
${expFunction}
${isNanFunction}
${logFunction}
var<private> most: f32 = 0.0;
var<private> log_powers: f32 = 0.0;
fn value(c: u32) -> f32 { return logits(base + c); }
fn powers_term(c: u32) -> f32 { return exp_(value(c) - most); }
fn cost_term(c: u32) -> f32 {
  let t = goal(base + c);
  let z = value(c) - most;
  let log_p = z - log_powers;
  return select(-t * log_p, 0.0, t == 0.0 && !is_nan(log_p));
}
fn whole_row(n: u32) {
  most = largest();
  log_powers = log_(sum_powers());
  let cost = sum_cost();
  if (lane == 0u) { set_cost(n, cost); }
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

/** dlogits = (p·Σ_c t − t)·dloss·scale, p = e^z/S; dloss is one number, or one for each row */
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
  let weight = sum_weight();
  let d = dloss(n * dims.each);
  for (var c = lane; c < dims.extent; c += lanes) {
    let i = base + c;
    set_dlogits(i, (dlogits(i) / powers * weight - goal(i)) * d * params.scale);
  }
}
`,
})

export const forward: Lower<'softmaxCrossEntropy'> = ({
  attrs: { reduction },
  sizes: { N, C },
  subgroupSize,
}): Lowered => {
  const none = reduction === 'none'
  const cost = none ? output('loss') : scratch('cost')
  const rows = overRows(
    softmaxCrossEntropyForward,
    { outer: N, extent: C, inner: 1 },
    { bind: { logits: input('logits'), goal: input('target'), cost }, perRow: ['cost'] },
    subgroupSize,
  )
  if (none) return launches(rows)
  const total = reduce(softmaxCrossEntropyTotal, 1, N, {
    bind: { cost, loss: output('loss') },
    params: { scale: reduction === 'mean' ? 1 / N : 1 },
  })
  return { launches: [rows, total], scratch: { cost: N } }
}

export const backward: Lower<'softmaxCrossEntropy'> = ({
  attrs: { reduction },
  sizes: { N, C },
  subgroupSize,
}): Lowered => {
  const each = reduction === 'none'
  return launches(
    overRows(
      softmaxCrossEntropyBackward,
      { outer: N, extent: C, inner: 1 },
      {
        bind: {
          logits: input('logits'),
          goal: input('target'),
          dloss: cotangent('loss'),
          dlogits: gradient('logits'),
        },
        ...(each ? { perRow: ['dloss'] } : { shared: ['dloss'] }),
        dims: { each: each ? 1 : 0 },
        params: { scale: reduction === 'mean' ? 1 / N : 1 },
      },
      subgroupSize,
    ),
  )
}
