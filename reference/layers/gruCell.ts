import { at1, at2, sum1, tabulate1, tabulate2 } from '../arithmetic.js'
import type { Backward, Forward, InputFields } from '../kernel.js'
import type { Field } from '../../spec/field.js'
import type { SizesOf } from '../../spec/catalogue.js'

// σ(a) = 1/(1 + e^{−a}); for a < 0 as e^a/(1 + e^a), the same number, so that no e^{−a} overflows
const sigmoid = (a: number): number => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a)))

// s[n,p] = bIh[p] + Σ_i wIh[p,i]·x[n,i],   u[n,p] = bHh[p] + Σ_k wHh[p,k]·h[n,k]
// r, z = σ(s + u) of rows 0 … and H …,   q = u of rows 2H …,   g = tanh(s + r·q) of those
const gates = ({ x, h, wIh, wHh, bIh, bHh }: InputFields<'gruCell'>, { N, I, H, G }: SizesOf<'gruCell'>) => {
  const s = tabulate2([N, G], (n, p) => at1(bIh, p) + sum1(I, (i) => at2(wIh, p, i) * at2(x, n, i)))
  const u = tabulate2([N, G], (n, p) => at1(bHh, p) + sum1(H, (k) => at2(wHh, p, k) * at2(h, n, k)))
  const block = (first: number): Field =>
    tabulate2([N, H], (n, j) => sigmoid(at2(s, n, first + j) + at2(u, n, first + j)))
  const r = block(0)
  const z = block(H)
  const q = tabulate2([N, H], (n, j) => at2(u, n, 2 * H + j))
  const g = tabulate2([N, H], (n, j) => Math.tanh(at2(s, n, 2 * H + j) + at2(r, n, j) * at2(q, n, j)))
  return { r, z, g, q }
}

// h′ = (1 − z)·g + z·h
export const forward: Forward<'gruCell'> = (_, inputs, sizes) => {
  const { N, H } = sizes
  const { z, g } = gates(inputs, sizes)
  return {
    h: tabulate2([N, H], (n, j) => (1 - at2(z, n, j)) * at2(g, n, j) + at2(z, n, j) * at2(inputs.h, n, j)),
  }
}

// ds of g: dh′·(1 − z)·(1 − g)·(1 + g),   of r: ds(g)·q·r·(1 − r),   of z: dh′·(h − g)·z·(1 − z)
// du of r and z: their ds,   of q: ds(g)·r
// dx[n,i] = Σ_p wIh[p,i]·ds[n,p],   dh[n,k] = dh′·z + Σ_p wHh[p,k]·du[n,p]
// dwIh[p,i] = Σ_n ds[n,p]·x[n,i],   dwHh[p,k] = Σ_n du[n,p]·h[n,k],   dbIh[p] = Σ_n ds[n,p],   dbHh[p] = Σ_n du[n,p]
export const backward: Backward<'gruCell'> = (_, inputs, { h: dnext }, sizes) => {
  const { x, h, wIh, wHh } = inputs
  const { N, I, H, G } = sizes
  const { r, z, g, q } = gates(inputs, sizes)
  const dg = tabulate2(
    [N, H],
    (n, j) => at2(dnext, n, j) * (1 - at2(z, n, j)) * ((1 - at2(g, n, j)) * (1 + at2(g, n, j))),
  )
  const dr = tabulate2([N, H], (n, j) => at2(dg, n, j) * at2(q, n, j) * (at2(r, n, j) * (1 - at2(r, n, j))))
  const dz = tabulate2(
    [N, H],
    (n, j) => at2(dnext, n, j) * (at2(h, n, j) - at2(g, n, j)) * (at2(z, n, j) * (1 - at2(z, n, j))),
  )
  const dq = tabulate2([N, H], (n, j) => at2(dg, n, j) * at2(r, n, j))
  const ds = tabulate2([N, G], (n, p) => at2([dr, dz, dg][Math.floor(p / H)] as Field, n, p % H))
  const du = tabulate2([N, G], (n, p) => at2([dr, dz, dq][Math.floor(p / H)] as Field, n, p % H))
  return {
    x: tabulate2([N, I], (n, i) => sum1(G, (p) => at2(wIh, p, i) * at2(ds, n, p))),
    h: tabulate2([N, H], (n, k) => at2(dnext, n, k) * at2(z, n, k) + sum1(G, (p) => at2(wHh, p, k) * at2(du, n, p))),
    wIh: tabulate2([G, I], (p, i) => sum1(N, (n) => at2(ds, n, p) * at2(x, n, i))),
    wHh: tabulate2([G, H], (p, k) => sum1(N, (n) => at2(du, n, p) * at2(h, n, k))),
    bIh: tabulate1([G], (p) => sum1(N, (n) => at2(ds, n, p))),
    bHh: tabulate1([G], (p) => sum1(N, (n) => at2(du, n, p))),
  }
}
