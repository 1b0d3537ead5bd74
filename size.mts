import { questions, opNames } from './spec/catalogue.js'
import { questionTable } from './conformance/table.js'
import { scheduleOf, arbitraryAt, bearable } from './conformance/coverage/schedule.js'
import { acceptable } from './conformance/form.js'
import { measure } from './conformance/coverage/extents.js'
import fc from 'fast-check'
let total=0, corners=0, climbs=0
const t0=performance.now()
const only = process.argv[2]
for (const {op,direction} of questions) {
  if (only && op!==only) continue
  const t=performance.now()
  const c = questionTable[op].corners.filter(f=>f.only===undefined||f.only===direction)
  const s = scheduleOf(op,direction,c)
  s.climbing(); const ms = performance.now()-t
  let bad=0, example='', big=0, biggest=0
  const n=s.rows().length+s.climbing().climbs.length
  for (let i=0;i<n+20;i++) for (const seed of [1,2]) { 
    const arb=arbitraryAt(op,s,i); const f=fc.sample(arb,{seed,path:String(i),numRuns:1})[0]!
    if(!acceptable(op,f)){bad++; example=JSON.stringify(measure(op,f)) + JSON.stringify(f)+ JSON.stringify(s.rows()[i]??s.climbing().climbs[i-s.rows().length])}
    else if(!bearable(op,f)) big++
    const m=measure(op,f); if(m._tag==='Right') biggest=Math.max(biggest,m.right.multiplyAdds)
  }
  total+=s.rows().length; corners+=c.length; climbs+=s.climbing().climbs.length
  console.log(op.padEnd(20),direction.padEnd(9),'corners',c.length,'rows',[s.classes().rows.length,s.pairs().rows.length,s.rows().length].join('/'),'climbs',s.climbing().climbs.length,'beyond',Object.entries(s.climbing().beyond).map(([l,r])=>`${l}:${r.length}`).join(' '),'bad',bad,'big',big,'MAC',biggest.toExponential(1),ms.toFixed(0)+'ms', 'draw', (performance.now()-t-ms).toFixed(0), example.slice(0,700))
}
console.log({total,corners,climbs, ms: performance.now()-t0})
