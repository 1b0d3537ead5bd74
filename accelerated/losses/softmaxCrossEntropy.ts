import { expFunction, isNanFunction, logFunction } from '../functions.js'
import type { Launch, Lowered } from '../kernel.js'
import { cotangent, elementwise, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/** largest[n] = max_c logits[n,c]; exact. It may miss NaN, which the sum of powers does not */
export const rowLargest = kernel({
  name: 'softmaxCrossEntropy.largest',
  reads: ['logits'],
  writes: ['largest'],
  dims: ['C'],
  code: /* wgsl */ `
fn element(n: u32) {
  var most = logits(n * dims.C);
  for (var c = 1u; c < dims.C; c++) { most = max(most, logits(n * dims.C + c)); }
  set_largest(n, most);
}
`,
})

/** S[n] = Σ_c e^{z[n,c]}, z = logits − largest: every power is at most 1 and one of them is 1 */
export const rowPowers = reduction({
  name: 'softmaxCrossEntropy.powers',
  reads: ['logits', 'largest'],
  writes: ['powers'],
  code: /* wgsl */ `
${expFunction}
fn term(at: u32, k: u32) -> f32 { return exp_(logits(at * dims.terms + k) - largest(at)); }
fn finish(at: u32, sum: f32) { set_powers(at, sum); }
`,
})

/** T[n] = Σ_c t[n,c] */
export const rowWeight = reduction({
  name: 'softmaxCrossEntropy.weight',
  reads: ['goal'],
  writes: ['weight'],
  code: /* wgsl */ `
fn term(at: u32, k: u32) -> f32 { return goal(at * dims.terms + k); }
fn finish(at: u32, sum: f32) { set_weight(at, sum); }
`,
})

/**
 * loss[at] = −scale·Σ t·log p over `terms` elements from at·terms on: all N·C of them, scale = 1/N for the mean and 1
 * for the sum, or a row's C for every row. log p is z − log S: taking largest + log S away instead would cancel. A target of 0 takes
 * −Infinity away, but no NaN.
 */
export const softmaxCrossEntropyForward = reduction({
  name: 'softmaxCrossEntropy.forward',
  reads: ['logits', 'goal', 'largest', 'powers'],
  writes: ['loss'],
  dims: ['C'],
  params: ['scale'],
  code: /* wgsl */ `
${isNanFunction}
${logFunction}
fn term(at: u32, k: u32) -> f32 {
  let i = at * dims.terms + k;
  let n = i / dims.C;
  let z = logits(i) - largest(n);
  let log_p = z - log_(powers(n));
  return select(-goal(i) * log_p, 0.0, goal(i) == 0.0 && !is_nan(log_p));
}
fn finish(at: u32, sum: f32) { set_loss(at, sum * params.scale); }
`,
})

/** dlogits = (p·T − t)·dloss·scale, p = e^z/S; dloss is one number, or one for each row */
export const softmaxCrossEntropyBackward = kernel({
  name: 'softmaxCrossEntropy.backward',
  reads: ['logits', 'goal', 'largest', 'powers', 'weight', 'dloss'],
  writes: ['dlogits'],
  dims: ['C', 'each'],
  params: ['scale'],
  code: /* wgsl */ `
${expFunction}
fn element(i: u32) {
  let n = i / dims.C;
  let p = exp_(logits(i) - largest(n)) / powers(n);
  set_dlogits(i, (p * weight(n) - goal(i)) * dloss(n * dims.each) * params.scale);
}
`,
})

// the largest logit and the sum of powers of every row
const rows = (N: number, C: number): readonly Launch[] => {
  const outer = { extent: N, dims: [] }
  return [
    {
      ...elementwise(rowLargest, N, { logits: input('logits'), largest: scratch('largest') }, {}, { C }),
      outer: { ...outer, slices: { logits: C, largest: 1 } },
    },
    reduce(rowPowers, N, C, {
      bind: { logits: input('logits'), largest: scratch('largest'), powers: scratch('powers') },
      outer: { ...outer, slices: { logits: C, largest: 1, powers: 1 } },
    }),
  ]
}

export const forward: Lower<'softmaxCrossEntropy'> = ({ attrs: { reduction }, sizes: { N, C } }): Lowered => {
  const bind = {
    logits: input('logits'),
    goal: input('target'),
    largest: scratch('largest'),
    powers: scratch('powers'),
    loss: output('loss'),
  }
  const loss =
    reduction === 'none'
      ? reduce(softmaxCrossEntropyForward, N, C, {
          bind,
          dims: { C },
          params: { scale: 1 },
          outer: { extent: N, dims: [], slices: { logits: C, goal: C, largest: 1, powers: 1, loss: 1 } },
        })
      : reduce(softmaxCrossEntropyForward, 1, N * C, {
          bind,
          dims: { C },
          params: { scale: reduction === 'mean' ? 1 / N : 1 },
        })
  return { launches: [...rows(N, C), loss], scratch: { largest: N, powers: N } }
}

export const backward: Lower<'softmaxCrossEntropy'> = ({ attrs: { reduction }, sizes: { N, C } }): Lowered => {
  const each = reduction === 'none' ? 1 : 0
  const weight = reduce(rowWeight, N, C, {
    bind: { goal: input('target'), weight: scratch('weight') },
    outer: { extent: N, dims: [], slices: { goal: C, weight: 1 } },
  })
  const dlogits: Launch = {
    ...elementwise(
      softmaxCrossEntropyBackward,
      N * C,
      {
        logits: input('logits'),
        goal: input('target'),
        largest: scratch('largest'),
        powers: scratch('powers'),
        weight: scratch('weight'),
        dloss: cotangent('loss'),
        dlogits: gradient('logits'),
      },
      { scale: reduction === 'mean' ? 1 / N : 1 },
      { C, each },
    ),
    outer: {
      extent: N,
      dims: [],
      slices: {
        logits: C,
        goal: C,
        largest: 1,
        powers: 1,
        weight: 1,
        dlogits: C,
        ...(each === 1 ? { dloss: 1 } : {}),
      },
    },
  }
  return { launches: [...rows(N, C), weight, dlogits], scratch: { largest: N, powers: N, weight: N } }
}
