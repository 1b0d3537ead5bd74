import { either as E } from 'fp-ts'
import { lowerNode } from './accelerated/plan.js'
import { opOf, questions } from './spec/catalogue.js'
import { cotangentNames, resolve } from './spec/op.js'
import { checkProgram, oneNode } from './spec/program.js'
import { caseAt, indicesOf } from './conformance/cases.js'
import { questionTable } from './conformance/table.js'
const right = <A,>(r: any): A => { if (E.isLeft(r)) throw new Error(JSON.stringify((r as any).left)); return (r as any).right }
const devices: any[] = [{}, { isGpu: true }, { subgroupSize: 4 }, { subgroupSize: 8 }]
for (const { op, direction } of questions as any) {
  if (/^conv|maxPool|avgPool/.test(op)) continue
  const spec: any = opOf(op)
  const met = new Map<string, { n: number; traits: Map<string, number> }>()
  const all = new Map<string, number>()
  for (const index of indicesOf(questionTable, op, direction, 'standard', 0)) {
    const { form }: any = caseAt(questionTable, op, direction, 1, index)
    const attrs: any = right(spec.attrs.decode(form.attrs))
    const { outputs, sizes }: any = right(resolve(spec, attrs, form.shapes))
    const given = direction === 'forward' ? [] : (form.given ?? cotangentNames(spec))
    const hollow = (shape: any) => ({ shape, data: [] })
    const { program, feeds }: any = oneNode({ op, direction, attrs,
      inputs: Object.fromEntries(Object.entries(form.shapes).map(([n, s]) => [n, hollow(s)])),
      cotangents: Object.fromEntries(given.map((n: string) => [n, hollow(outputs[n])])),
      ...(form.wanted === undefined ? {} : { wanted: form.wanted }) } as any)
    const traits: string[] = []
    for (const [k, v] of Object.entries(attrs)) { if (typeof v === 'boolean' || typeof v === 'string') traits.push(`${k}=${v}`); else if (typeof v === 'number') traits.push(`${k} ${v === 0 ? '0' : v < 0 ? '<0' : v === 1 ? '1' : v<1?'<1':'>1'}`) }
    for (const [n, s] of Object.entries(spec.inputs) as any) if ('optional' in s) traits.push(`${n} ${form.shapes[n] === undefined ? 'absent' : 'given'}`)
    if (direction === 'backward') { for (const n of cotangentNames(spec)) traits.push(`d${n} ${given.includes(n) ? 'given' : 'absent'}`); traits.push(`wanted ${form.wanted === undefined ? 'all' : [...form.wanted].sort().join('+')}`) }
    else traits.push(`wanted ${form.wanted === undefined ? 'all' : [...form.wanted].sort().join('+')}`)
    for (const [k, v] of Object.entries(sizes as any)) if (typeof v === 'number') traits.push(`${k} ${v === 1 ? '1' : '>1'}`)
    const fills = [...new Set(Object.values(form.fills).map((f: any) => typeof f === 'string' ? f : Object.keys(f)[0]))]
    for (const f of fills) traits.push(`fill ${f}`)
    for (const t of traits) all.set(t, (all.get(t) ?? 0) + 1)
    const seen = new Set<string>()
    for (const device of devices) for (const node of (right(checkProgram(program)) as any).nodes) for (const launch of (right(lowerNode(node, feeds, device)) as any).launches) seen.add(launch.kernel.name)
    for (const name of seen) { const m = met.get(name) ?? { n: 0, traits: new Map() }; met.set(name, m); m.n++; for (const t of traits) m.traits.set(t, (m.traits.get(t) ?? 0) + 1) }
  }
  for (const [name, { n, traits }] of met) {
    const missing = [...all].filter(([t, c]) => c >= 3 && !traits.has(t)).map(([t]) => t)
    if (missing.length > 0 || n < 10) console.log(`${op} ${direction} ${name} (${n}): ${missing.join(', ')}`)
  }
}
