import { oracle } from './reference/index.js'
import { opNames } from './spec/catalogue.js'
import { samplesOf } from './conformance/samples.js'
import { checkLaw, lawsOf } from './conformance/selfCheck.js'
import { questionTable } from './conformance/table.js'
for (const op of opNames) {
  const samples = samplesOf(oracle, questionTable, op, 29, { drawn: 20, apart: 8, corners: Infinity, numbers: Infinity })
  for (const law of lawsOf(questionTable, op)) { const f = samples.map((s) => [s.form.name, (() => { try { return checkLaw(oracle, law, s) } catch (e) { return `threw ${String(e)}` } })()] as const).filter(([, f]) => f); if (f.length) console.log(f.length, 'of', samples.length, f.slice(0, 2).map(([n, t]) => `<${n}> ${t?.slice(0, 230)}`)) }
}
