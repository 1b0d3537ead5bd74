import { toNearest, asPermitted } from '../conformance/testing/rewritings/rewriting.js'
import { rewritings } from '../conformance/testing/rewritings/index.js'
import { caseAt, caseCount } from '../conformance/cases.js'
import { realise } from '../conformance/form.js'
import { expectWhole, ratioOf } from '../conformance/judge.js'
import { questionTable } from '../conformance/table.js'
import { anyOrder } from '../spec/bound.js'
import { opOf } from '../spec/catalogue.js'
import { resolve, shapesOf } from '../spec/op.js'
import { oracle } from '../reference/index.js'
import { draws, keyOf } from '../spec/philox.js'
const only = process.argv[2]
for (const { op, direction, words, output, evaluate } of rewritings) {
  if (only && !only.split(',').includes(op)) continue
  const n = caseCount(questionTable, op, direction, 60)
  const worst = [0, 0]; const where = ['', '']
  for (let k = 0; k < n; k++) {
    const c = caseAt(questionTable, op, direction, 11, k)
    if (Object.values(c.form.shapes).reduce((t, s) => t + s.reduce((a, b) => a * b, 1), 0) > 5000) continue
    const q = realise(c); if (q._tag === 'Left') continue
    const { attrs, inputs, cotangents } = q.right
    const e = expectWhole(oracle, q.right, anyOrder); if (e._tag === 'Left') { console.log(e); continue }
    const r = resolve(opOf(op), attrs, shapesOf(inputs)); if (r._tag === 'Left') continue
    const machines = [toNearest, asPermitted(draws(keyOf('r' + k)))]
    machines.forEach((m, w) => {
      const got = evaluate(m, { attrs, inputs, cotangents, sizes: r.right.sizes })
      const [want, bound] = [e.right.values[output]!, e.right.bounds[output]!]
      for (let i = 0; i < want.data.length; i++) {
        const ratio = ratioOf(got.data[i]!, want.data[i]!, bound.data[i]!)
        if (ratio > worst[w]!) { worst[w] = ratio; where[w] = `${c.form.name ?? ''} ${JSON.stringify(attrs)} ${i}: got ${got.data[i]} want ${want.data[i]} bound ${bound.data[i]}` }
      }
    })
  }
  console.log(op.padEnd(16), direction.padEnd(9), words.slice(0, 60).padEnd(60), worst[0]!.toPrecision(3), worst[1]!.toPrecision(3))
  if (worst[1]! > 1 && worst[0]! < 100) console.log('     ', where[1], '\n     ', where[0])
}
