import { oracleBy } from './reference/formulas.js'
import { formulas } from './reference/table.js'
import { opNames } from './spec/catalogue.js'
import { checkOracle } from './conformance/selfCheck.js'
import { questionTable } from './conformance/table.js'
import { mutantFormula } from './conformance/testing/instrument.js'
import { referenceFaults } from './conformance/testing/referenceFaults.js'
const only = process.argv[2]
const faults = only === 'nasty' ? referenceFaults : [...referenceFaults, ...opNames.flatMap((op) => questionTable[op].faults.map((f) => ({ op, ...f, name: `${f.direction} ${f.name}` })))]
let seen = 0
const t0 = process.cpuUsage()
for (const fault of faults) {
  let findings: readonly string[]
  try { findings = checkOracle(oracleBy({ ...formulas, [fault.op]: mutantFormula(fault.op, fault) } as never), questionTable, [fault.op]) } catch (e) { findings = [`threw ${String(e).slice(0, 100)}`]; if (String(e).includes('has no')) console.log('STALE', fault.op, fault.name) }
  if (findings.length > 0) seen++
  else console.log('unseen:', fault.op, fault.name)
}
console.log(`${seen} of ${faults.length} seen`, process.cpuUsage(t0).user / 1e6)
