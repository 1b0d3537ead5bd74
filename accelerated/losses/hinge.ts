import type { Launch, Lowered } from '../kernel.js'
import { cotangent, elementwise, gradient, input, kernel, output, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'

/**
 * Where a row's targets that are not 0 lie: from class first[n] up to but not including past[n]. One class for a one-hot
 * target, so that no kernel looks at all pairs of classes. Numbers of classes are exact in f32.
 */
export const hingeTargets = kernel({
  name: 'hinge.targets',
  reads: ['goal'],
  writes: ['first', 'past'],
  dims: ['C'],
  code: /* wgsl */ `
fn element(n: u32) {
  var least = dims.C;
  var most = 0u;
  for (var c = 0u; c < dims.C; c++) {
    if (goal(n * dims.C + c) == 0.0) { continue; }
    least = min(least, c);
    most = c + 1u;
  }
  set_first(n, f32(least));
  set_past(n, f32(most));
}
`,
})

/**
 * loss[at] = scale·Σ_{n,j} Σ_{c≠j} t[n,c]·max(0, 1 + s[n,j] − s[n,c]) over `terms` pairs (n, j) from at·terms on: all N·C
 * of them, scale = 1/N for the mean and 1 for the sum, or a row's C for every row
 */
export const hingeForward = reduction({
  name: 'hinge.forward',
  reads: ['scores', 'goal', 'first', 'past'],
  writes: ['loss'],
  dims: ['C'],
  params: ['scale'],
  code: /* wgsl */ `
fn term(at: u32, k: u32) -> f32 {
  let i = at * dims.terms + k;
  let n = i / dims.C;
  let past_n = u32(past(n));
  var sum = 0.0;
  for (var c = u32(first(n)); c < past_n; c++) {
    let at_c = n * dims.C + c;
    if (at_c == i || goal(at_c) == 0.0) { continue; }
    let margin = 1.0 + (scores(i) - scores(at_c));
    sum += goal(at_c) * select(margin, 0.0, margin <= 0.0);
  }
  return sum;
}
fn finish(at: u32, sum: f32) { set_loss(at, sum * params.scale); }
`,
})

/**
 * dscores[n,j] = (Σ_{c≠j} t[n,c]·[1 + s[n,j] − s[n,c] > 0] − t[n,j]·Σ_{k≠j} [1 + s[n,k] − s[n,j] > 0])·dloss·scale;
 * dloss is one number, or one for each row. If a corner's slope is the one to its right, a margin of 0 is short as well
 */
export const hingeBackward = kernel({
  name: 'hinge.backward',
  reads: ['scores', 'goal', 'first', 'past', 'dloss'],
  writes: ['dscores'],
  dims: ['C', 'each', 'right'],
  params: ['scale'],
  code: /* wgsl */ `
fn is_short(margin: f32) -> bool { return margin > 0.0 || (margin == 0.0 && dims.right == 1u); }

fn element(i: u32) {
  let n = i / dims.C;
  let past_n = u32(past(n));
  var up = 0.0;
  for (var c = u32(first(n)); c < past_n; c++) {
    let at_c = n * dims.C + c;
    // a class stands in no margin of its own, be its target infinite
    up += select(0.0, goal(at_c) * select(0.0, 1.0, is_short(1.0 + (scores(i) - scores(at_c)))), at_c != i);
  }
  var within = 0u;
  let end = select((n + 1u) * dims.C, 0u, goal(i) == 0.0);
  for (var k = n * dims.C; k < end; k++) {
    if (k != i && is_short(1.0 + (scores(k) - scores(i)))) { within++; }
  }
  set_dscores(i, (up - goal(i) * f32(within)) * dloss(n * dims.each) * params.scale);
}
`,
})

const targets = (N: number, C: number): Launch => ({
  ...elementwise(hingeTargets, N, { goal: input('target'), first: scratch('first'), past: scratch('past') }, {}, { C }),
  outer: { extent: N, dims: [], slices: { goal: C, first: 1, past: 1 } },
})

export const forward: Lower<'hinge'> = ({ attrs: { reduction }, sizes: { N, C } }): Lowered => {
  const bind = {
    scores: input('scores'),
    goal: input('target'),
    first: scratch('first'),
    past: scratch('past'),
    loss: output('loss'),
  }
  const loss =
    reduction === 'none'
      ? reduce(hingeForward, N, C, {
          bind,
          dims: { C },
          params: { scale: 1 },
          outer: { extent: N, dims: [], slices: { scores: C, goal: C, first: 1, past: 1, loss: 1 } },
        })
      : reduce(hingeForward, 1, N * C, {
          bind,
          dims: { C },
          params: { scale: reduction === 'mean' ? 1 / N : 1 },
        })
  return { launches: [targets(N, C), loss], scratch: { first: N, past: N } }
}

export const backward: Lower<'hinge'> = ({ attrs: { reduction, kink }, sizes: { N, C } }): Lowered => {
  const each = reduction === 'none' ? 1 : 0
  const dscores: Launch = {
    ...elementwise(
      hingeBackward,
      N * C,
      {
        scores: input('scores'),
        goal: input('target'),
        first: scratch('first'),
        past: scratch('past'),
        dloss: cotangent('loss'),
        dscores: gradient('scores'),
      },
      { scale: reduction === 'mean' ? 1 / N : 1 },
      { C, each, right: kink === 'right' ? 1 : 0 },
    ),
    outer: {
      extent: N,
      dims: [],
      slices: { scores: C, goal: C, first: 1, past: 1, dscores: C, ...(each === 1 ? { dloss: 1 } : {}) },
    },
  }
  return { launches: [targets(N, C), dscores], scratch: { first: N, past: N } }
}
