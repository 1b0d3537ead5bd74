import { either as E } from 'fp-ts'
import { oneNode, answersOf } from './spec/program.js'
import { openWebGpu } from './accelerated/index.js'
const b: any = await openWebGpu(process.argv[2] as any)()
const C = 5000
for (const m of [64, 65, 100, 128, 129]) {
  const x = { shape: [m, C], data: Array.from({ length: m * C }, () => 1) }
  const z = { shape: [C], data: Array.from({ length: C }, () => 1) }
  const { program, feeds } = oneNode({ op: 'batchNormInference', direction: 'backward', attrs: { epsilon: 1e-5 }, inputs: { x, gamma: z, beta: z, runningMean: z, runningVar: z }, cotangents: { y: x } } as any)
  const r: any = await b.right.run(program, feeds)()
  const a: any = answersOf(r.right)
  console.log(m, a.beta.data[0], a.beta.data[4999])
}
await b.right.close()
