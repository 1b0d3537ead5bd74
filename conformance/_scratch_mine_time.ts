import { either as E } from 'fp-ts'
import { oracle } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import { hasBackward } from '../spec/catalogue.js'
import { caseAt, caseCount } from './cases.js'
import { realise } from './form.js'
import { expect } from './judge.js'
import { questionTable } from './table.js'
const right = (r: any) => {
  if (E.isLeft(r)) throw new Error(JSON.stringify(r))
  return r.right
}
for (const op of ['dense', 'maxPool2d', 'avgPool2d', 'flatten', 'bce', 'cce', 'softmaxCrossEntropy', 'sgd'] as const)
  for (const direction of (hasBackward(op) ? ['forward', 'backward'] : ['forward']) as any) {
    const n = caseCount(questionTable, op, direction, 0)
    const t0 = Date.now()
    const slow: string[] = []
    for (let i = 0; i < n; i++) {
      const c = caseAt(questionTable, op, direction, 42, i)
      const t = Date.now()
      const e: any = right(expect(oracle, right(realise(c)), anyOrder))
      for (const [k, b] of Object.entries(e.bounds) as any)
        for (const v of b.data)
          if (!(v >= 0 && v < 1e38)) {
            console.log('BOUND', op, direction, c.form.name, k, v)
            break
          }
      if (Date.now() - t > 300) slow.push(`${c.form.name}: ${Date.now() - t}`)
    }
    console.log(op, direction, n, Date.now() - t0, 'ms', slow.join(' | '))
  }
