import { oracle } from './reference/index.js'
import { opNames } from './spec/catalogue.js'
import { checkOracle } from './conformance/selfCheck.js'
import { questionTable } from './conformance/table.js'
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }
const t = cpu(); const rows: [string, number][] = []
for (const op of opNames) { const a = cpu(); const f = checkOracle(oracle, questionTable, [op]); rows.push([op, cpu() - a]); if (f.length) console.log(op, f.slice(0, 3)) }
console.log('all', (cpu() - t).toFixed(0), 'ms'); rows.sort((a, b) => b[1] - a[1]); console.log(rows.slice(0, 14).map(([o, v]) => `${o} ${v.toFixed(0)}`).join(', '))
