import { either as E, function as F } from 'fp-ts'
import { oracle } from './reference/index.js'
import { opOf } from './spec/catalogue.js'
import { roundAttributes } from './spec/attributes.js'
import { oneNode, answersOf } from './spec/program.js'
import { lanesThenTree } from './spec/bound.js'
import { expect, judge } from './conformance/judge.js'
import { openWebGpu } from './accelerated/index.js'
import { configs } from './_scratch_norm_cases.js'
const all = configs(Number(process.argv[3] ?? 1))
const b: any = await openWebGpu(process.argv[2] as any)()
if (E.isLeft(b)) throw new Error(JSON.stringify(b))
const backend = b.right
console.log(JSON.stringify(backend.fingerprint).slice(0, 200))
const worst: any = {}
for (const { op, attrs, inputs, cotangents, name } of all as any[]) {
  const a = roundAttributes(F.pipe(opOf(op).attrs.decode(attrs), E.getOrElseW((e: any) => { throw new Error(JSON.stringify(e)) })))
  for (const direction of ['forward', 'backward'] as const) {
    const q: any = { op, direction, attrs: a, inputs, cotangents: direction === 'forward' ? {} : cotangents }
    const ex: any = expect(oracle, q, lanesThenTree)
    if (E.isLeft(ex)) throw new Error(name + JSON.stringify(ex))
    const { program, feeds } = oneNode(q)
    const r: any = await backend.run(program, feeds)()
    if (E.isLeft(r)) { console.log('FAIL', name, r.left); continue }
    const answers: any = answersOf(r.right)
    for (const out of Object.keys(answers)) {
      const got = answers[out], want = ex.right.values[out], bound = ex.right.bounds[out]
      let m = 0, at = 0
      for (let i = 0; i < want.data.length; i++) {
        const e = Object.is(got.data[i], want.data[i]) || got.data[i] === want.data[i] ? 0 : Math.abs(got.data[i] - want.data[i]) / bound.data[i]
        if (!(e <= m)) { m = e; at = i }
        if (!Number.isFinite(bound.data[i])) { m = NaN; at = i; break }
      }
      const key = `${op}.${direction}.${out}`
      const w = (worst[key] ??= { ratio: 0, n: 0 })
      w.n++
      if (!(m <= w.ratio)) { w.ratio = m; w.name = name; w.detail = [at, got.data[at], want.data[at], bound.data[at]].join(' ') }
      if (!(m <= 1)) console.log('OVER', key, name, m, at, got.data[at], want.data[at], bound.data[at])
      if (name.includes('constant') && out === 'y') for (let i = 0; i < want.data.length; i++) if (got.data[i] !== want.data[i]) { console.log('constant channel not exact', name, i, got.data[i], want.data[i]); break }
    }
  }
}
for (const [k, v] of Object.entries(worst) as any) console.log(k, v.n, v.ratio.toFixed(4), v.name, v.detail)
await backend.close()
