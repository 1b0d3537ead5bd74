import type { Lowered } from '../kernel.js'
import { input, kernel, scratch } from '../kernel.js'
import type { Lower } from '../lower.js'
import { reduce, reduction } from '../reduction.js'
import { column, transformed } from './features.js'

/** μ = Σ x/N */
export const zScoreMean = reduction({
  name: 'zScoreNormalize.mean',
  reads: ['x'],
  writes: ['mean'],
  dims: ['D'],
  params: ['n'],
  code: /* wgsl */ `
${column}
fn term(d: u32, k: u32) -> f32 { return x(place(d, k)); }
fn finish(d: u32, sum: f32) { set_mean(d, sum / params.n); }
`,
})

/** σ = √(Σ (x − μ)²/N) */
export const zScoreDeviation = reduction({
  name: 'zScoreNormalize.deviation',
  reads: ['x', 'mean'],
  writes: ['deviation'],
  dims: ['D'],
  params: ['n'],
  code: /* wgsl */ `
${column}
fn term(d: u32, k: u32) -> f32 {
  let distance = x(place(d, k)) - mean(d);
  return distance * distance;
}
fn finish(d: u32, sum: f32) { set_deviation(d, sqrt(sum / params.n)); }
`,
})

/** The number of rows that differ from the first: 0 for a constant feature, of which a rounded mean need not be the constant. */
export const zScoreChanges = reduction({
  name: 'zScoreNormalize.changes',
  reads: ['x'],
  writes: ['changes'],
  dims: ['D'],
  code: /* wgsl */ `
${column}
fn term(d: u32, k: u32) -> f32 { return select(1.0, 0.0, x(place(d, k)) == x(d)); }
fn finish(d: u32, sum: f32) { set_changes(d, sum); }
`,
})

/** y = (a − μ)/σ, 0 where nothing changes */
export const zScoreForward = kernel({
  name: 'zScoreNormalize.forward',
  reads: ['a', 'mean', 'deviation', 'changes'],
  writes: ['y'],
  dims: ['D'],
  code: /* wgsl */ `
fn element(i: u32) {
  let d = i % dims.D;
  if (changes(d) == 0.0) {
    set_y(i, 0.0);
    return;
  }
  set_y(i, (a(i) - mean(d)) / deviation(d));
}
`,
})

export const forward: Lower<'zScoreNormalize'> = ({ sizes, has }): Lowered => {
  const { N, D } = sizes
  const x = input('x')
  const [mean, deviation, changes] = [scratch('mean'), scratch('deviation'), scratch('changes')]
  return {
    launches: [
      reduce(zScoreChanges, D, N, { bind: { x, changes }, dims: { D } }),
      reduce(zScoreMean, D, N, { bind: { x, mean }, dims: { D }, params: { n: N } }),
      reduce(zScoreDeviation, D, N, { bind: { x, mean, deviation }, dims: { D }, params: { n: N } }),
      transformed(zScoreForward, sizes, has('apply'), { mean, deviation, changes }),
    ],
    scratch: { mean: D, deviation: D, changes: D },
  }
}
