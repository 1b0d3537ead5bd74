import { readFileSync } from 'node:fs'
import { either as E, function as F } from 'fp-ts'
import { oracle } from './reference/index.js'
import { opOf } from './spec/catalogue.js'
for (const op of ['tanh','relu','softmax','batchNormTraining','batchNormInference'] as const) {
  const g = JSON.parse(readFileSync(`conformance/golden/${op}.json`,'utf8'))
  const num = (v: any) => typeof v === 'string' ? Number(v) : v
  const tens = (t: any) => Object.fromEntries(Object.entries(t ?? {}).map(([k, v]: any) => [k, { shape: v.shape, data: v.data.map(num) }]))
  let worst = 0, n = 0, where = ''
  for (const c of g.cases) {
    const attrs: any = F.pipe(opOf(op).attrs.decode(c.attrs), E.getOrElseW((e) => { throw new Error(JSON.stringify(e)) }))
    for (const [dir, want] of [['forward', c.outputs], ['backward', c.gradients]] as const) {
      if (!want) continue
      const r: any = oracle.evaluate(op, dir, attrs, tens(c.inputs) as any, tens(c.cotangents) as any)
      if (E.isLeft(r)) { console.log(c.name, r); continue }
      for (const [k, w] of Object.entries(tens(want)) as any) {
        const got = r.right[k]
        if (JSON.stringify(got.shape) !== JSON.stringify(w.shape)) console.log('shape', c.name, k)
        w.data.forEach((v: number, i: number) => {
          n++
          const a = got.data[i]
          const e = Object.is(a, v) || a === v ? 0 : Math.abs(a - v) / Math.max(1e-3, Math.abs(v))
          if (!(e <= worst)) { worst = e; where = `${c.name} ${dir} ${k}[${i}] ${a} ${v}` }
        })
      }
    }
  }
  console.log(op, n, worst, where)
}
