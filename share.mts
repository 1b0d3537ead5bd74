// share of planted faults that end small
import { either as E } from 'fp-ts'
import { oracle } from './reference/index.js'
import { kernelsBy } from './reference/formulas.js'
import { formulas } from './reference/table.js'
import { opNames } from './spec/catalogue.js'
import { fromKernels } from './spec/fromKernels.js'
import { questionTable } from './conformance/table.js'
import { mutant } from './conformance/testing/instrument.js'
import { smallTable } from './conformance/testing/toys.js'
import { verify } from './conformance/verify.js'
import { realise, printCase } from './conformance/form.js'
const table = kernelsBy(formulas)
const only = process.argv[2]?.split(',')
const part = Number(process.argv[3] ?? 0), parts = Number(process.argv[4] ?? 1)
let done = 0, small = 0, unseen = 0, n = 0
const t0 = performance.now()
for (const op of opNames) {
  if (only && only[0] !== 'all' && !only.includes(op)) continue
  for (const fault of questionTable[op].faults) {
    if (n++ % parts !== part) continue
    const faulty = fromKernels(fault.name, { ...table, [op]: mutant(op, fault) })
    const t = performance.now()
    const report = await verify(faulty, oracle, smallTable, { ops: [op], direction: fault.direction, profile: 'quick', runs: 0, seed: 1, shrinking: { cases: 3000, seconds: 5 } })()
    if (E.isLeft(report)) { console.log('LEFT', op, fault.name, report.left.message); continue }
    const f = report.right.lines[0]!.failure
    done++
    if (!f) { unseen++; console.log('unseen', op, fault.direction, fault.name, report.right.lines[0]!.cases); continue }
    const q = realise(f.smallest); if (E.isLeft(q)) { console.log('?', q.left.message); continue }
    const values = [...Object.values(q.right.inputs), ...Object.values(q.right.cotangents)].flatMap(t => Array.from(t.data as number[]))
    const others = values.filter(v => v !== 0)
    const plain = others.every(v => (Number.isInteger(v) && Math.abs(v) <= 4) || Number.isInteger(Math.log2(Math.abs(v))))
    const ok = others.length <= 16 && (plain || others.filter(v => !((Number.isInteger(v) && Math.abs(v) <= 4) || Number.isInteger(Math.log2(Math.abs(v))))).length <= 1)
    if (ok) small++
    console.log(ok ? 'small' : 'LARGE', op, fault.direction, JSON.stringify(fault.name), others.length, plain, ((performance.now() - t) / 1000).toFixed(1) + 's', ok && done % 10 ? '' : printCase(f.smallest).slice(0, 400), f.smallestId)
  }
}
console.log({ done, small, unseen, seconds: (performance.now() - t0) / 1000 })
