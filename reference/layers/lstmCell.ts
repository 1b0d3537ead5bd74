import { at1, at2, sum1, tabulate1, tabulate2 } from '../arithmetic.js'
import type { Backward, Forward, InputFields } from '../kernel.js'
import type { Field } from '../../spec/field.js'
import type { SizesOf } from '../../spec/catalogue.js'

// σ(a) = 1/(1 + e^{−a}); for a < 0 as e^a/(1 + e^a), the same number, so that no e^{−a} overflows
const sigmoid = (a: number): number => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a)))
const tanh = (a: number): number => Math.tanh(a)

// a[n,r] = b[r] + Σ_i wIh[r,i]·x[n,i] + Σ_k wHh[r,k]·h[n,k]
// i, f, o = σ(a) of rows 0 …, H … and 3H …,   g = tanh a of rows 2H …
const gates = ({ x, h, wIh, wHh, b }: InputFields<'lstmCell'>, { N, I, H, G }: SizesOf<'lstmCell'>) => {
  const a = tabulate2(
    [N, G],
    (n, r) => at1(b, r) + sum1(I, (i) => at2(wIh, r, i) * at2(x, n, i)) + sum1(H, (k) => at2(wHh, r, k) * at2(h, n, k)),
  )
  const block = (f: (a: number) => number, first: number): Field => tabulate2([N, H], (n, j) => f(at2(a, n, first + j)))
  return { i: block(sigmoid, 0), f: block(sigmoid, H), g: block(tanh, 2 * H), o: block(sigmoid, 3 * H) }
}

// c′ = f·c + i·g,   h′ = o·tanh c′
export const forward: Forward<'lstmCell'> = (_, inputs, sizes) => {
  const { N, H } = sizes
  const { i, f, g, o } = gates(inputs, sizes)
  const next = tabulate2([N, H], (n, j) => at2(f, n, j) * at2(inputs.c, n, j) + at2(i, n, j) * at2(g, n, j))
  return { h: tabulate2([N, H], (n, j) => at2(o, n, j) * tanh(at2(next, n, j))), c: next }
}

// dc̃ = dc′ + dh′·o·(1 − t)·(1 + t),   t = tanh c′;   dc = dc̃·f
// da of i: dc̃·g·i·(1 − i),   of f: dc̃·c·f·(1 − f),   of g: dc̃·i·(1 − g)·(1 + g),   of o: dh′·t·o·(1 − o)
// dx[n,i] = Σ_r wIh[r,i]·da[n,r],   dh[n,k] = Σ_r wHh[r,k]·da[n,r]
// dwIh[r,i] = Σ_n da[n,r]·x[n,i],   dwHh[r,k] = Σ_n da[n,r]·h[n,k],   db[r] = Σ_n da[n,r]
export const backward: Backward<'lstmCell'> = (attrs, inputs, { h: dnextH, c: dnextC }, sizes) => {
  const { x, h, c, wIh, wHh } = inputs
  const { N, I, H, G } = sizes
  const { i, f, g, o } = gates(inputs, sizes)
  const { c: next } = forward(attrs, inputs, sizes)
  const t = tabulate2([N, H], (n, j) => tanh(at2(next, n, j)))
  const dc = tabulate2(
    [N, H],
    (n, j) => at2(dnextC, n, j) + at2(dnextH, n, j) * at2(o, n, j) * ((1 - at2(t, n, j)) * (1 + at2(t, n, j))),
  )
  const di = tabulate2([N, H], (n, j) => at2(dc, n, j) * at2(g, n, j) * (at2(i, n, j) * (1 - at2(i, n, j))))
  const df = tabulate2([N, H], (n, j) => at2(dc, n, j) * at2(c, n, j) * (at2(f, n, j) * (1 - at2(f, n, j))))
  const dg = tabulate2([N, H], (n, j) => at2(dc, n, j) * at2(i, n, j) * ((1 - at2(g, n, j)) * (1 + at2(g, n, j))))
  const dO = tabulate2([N, H], (n, j) => at2(dnextH, n, j) * at2(t, n, j) * (at2(o, n, j) * (1 - at2(o, n, j))))
  const da = tabulate2([N, G], (n, r) => at2([di, df, dg, dO][Math.floor(r / H)] as Field, n, r % H))
  return {
    x: tabulate2([N, I], (n, i) => sum1(G, (r) => at2(wIh, r, i) * at2(da, n, r))),
    h: tabulate2([N, H], (n, k) => sum1(G, (r) => at2(wHh, r, k) * at2(da, n, r))),
    c: tabulate2([N, H], (n, j) => at2(dc, n, j) * at2(f, n, j)),
    wIh: tabulate2([G, I], (r, i) => sum1(N, (n) => at2(da, n, r) * at2(x, n, i))),
    wHh: tabulate2([G, H], (r, k) => sum1(N, (n) => at2(da, n, r) * at2(h, n, k))),
    b: tabulate1([G], (r) => sum1(N, (n) => at2(da, n, r))),
  }
}
