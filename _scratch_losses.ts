import { openWebGpu, acquireDevice, webGpuBackend } from './accelerated/index.js'
import { oracle } from './reference/index.js'
import { opOf, type OpName, type Direction } from './spec/catalogue.js'
import { oneNode, answersOf, type Question } from './spec/program.js'
import { resolve, shapesOf } from './spec/op.js'
import { lanesThenTree, anyOrder } from './spec/bound.js'
import { draws, keyOf } from './spec/philox.js'
import { generate, type Tensor, type Tensors } from './spec/tensor.js'
import ts from 'typescript'
import { readFileSync, writeFileSync, mkdirSync, symlinkSync, existsSync } from 'node:fs'

const ri = (r: any) => { if (r._tag === 'Left') throw new Error(JSON.stringify(r.left)); return r.right }
const f = Math.fround
const boundOf = (q: Question, depth: any): Tensors => {
  const op = opOf(q.op)
  const { sizes } = ri(resolve(op, q.attrs, shapesOf(q.inputs)))
  const exact = (attrs: any, inputs: any) => ri(oracle.evaluate(q.op, 'forward', attrs, inputs, {}))
  const exactBackward = (attrs: any, inputs: any, c: any) => ri(oracle.evaluate(q.op, 'backward', attrs, inputs, c))
  return (q.direction === 'forward' ? op.bound({ attrs: q.attrs, inputs: q.inputs, sizes, depth, exact })
    : op.boundBackward({ attrs: q.attrs, inputs: q.inputs, sizes, depth, exact, exactBackward, cotangents: q.cotangents })) as Tensors
}
// replay
const buf = new Float32Array(1), bits = new Int32Array(buf.buffer)
const up = (v: number) => { buf[0] = v; if (v === 0) return 2 ** -149; bits[0] = bits[0]! + (v > 0 ? 1 : -1); return buf[0]! }
const down = (v: number) => -up(-v)
let mode = 0
const round = (v: number): number => {
  if (!Number.isFinite(v)) return v
  const n = f(v); if (n === v) return n
  const lo = n < v ? n : down(n), hi = n < v ? up(n) : n
  const m = mode === 0 ? Math.random() < 0.5 : mode === 1
  return m ? hi : lo
}
const s = () => mode === 0 ? 2 * Math.random() - 1 : mode === 1 ? 1 : -1
const E = 2 ** -23
;(globalThis as any).__r = {
  add: (a: any, b: any) => round(a + b), sub: (a: number, b: number) => round(a - b), mul: (a: number, b: number) => round(a * b),
  div: (a: number, b: number) => { const v = a / b; return Number.isFinite(v) && f(v) !== v ? f(v * (1 + 2.0 * E * s())) : v },
  exp: (x: number) => { const v = Math.exp(x); return v < 2 ** -126 ? 0 : f(v * (1 + (3.5 + 2 * Math.abs(x)) * E * s())) },
  log: (x: number) => { const v = Math.log(x); return !Number.isFinite(v) ? v : f(x >= .5 && x <= 2 ? v + (2 ** -21 - 2 ** -25) * s() : v * (1 + 3.5 * E * s())) },
}
const instrument = (path: string) => {
  const src = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true)
  const call = (n: string, args: ts.Expression[]) => ts.factory.createCallExpression(ts.factory.createPropertyAccessExpression(ts.factory.createIdentifier('__r'), n), undefined, args)
  const tr: ts.TransformerFactory<ts.SourceFile> = (ctx) => (sf) => {
    const v = (n: ts.Node): ts.Node => {
      if (ts.isBinaryExpression(n)) {
        const k = { [ts.SyntaxKind.PlusToken]: 'add', [ts.SyntaxKind.MinusToken]: 'sub', [ts.SyntaxKind.AsteriskToken]: 'mul', [ts.SyntaxKind.SlashToken]: 'div' }[n.operatorToken.kind as number]
        if (k) return call(k, [ts.visitNode(n.left, v) as any, ts.visitNode(n.right, v) as any])
      }
      if (ts.isCallExpression(n) && /^Math\.(exp|log)$/.test(n.expression.getText())) return call(n.expression.getText().slice(5), n.arguments.map((a) => ts.visitNode(a, v) as any))
      return ts.visitEachChild(n, v, ctx)
    }
    return ts.visitNode(sf, v) as ts.SourceFile
  }
  const out = ts.transform(src, [tr]).transformed[0]!
  return ts.transpileModule(ts.createPrinter().printFile(out), { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }).outputText.replace(/__r\./g, 'globalThis.__r.')
}
const R = '/tmp/lossx/reference'
for (const d of ['losses', 'optimizers']) mkdirSync(`${R}/${d}`, { recursive: true })
writeFileSync('/tmp/lossx/package.json', '{"type":"module"}')
if (!existsSync('/tmp/lossx/spec')) symlinkSync('/work/main/spec', '/tmp/lossx/spec')
const ops: [OpName, string][] = [['bce', 'losses'], ['cce', 'losses'], ['softmaxCrossEntropy', 'losses'], ['mse', 'losses'], ['sgd', 'optimizers'], ['momentum', 'optimizers']]
writeFileSync(`${R}/arithmetic.js`, instrument('reference/arithmetic.ts'))
writeFileSync(`${R}/losses/weighted.js`, instrument('reference/losses/weighted.ts'))
const replay: any = {}
for (const [o, d] of ops) { writeFileSync(`${R}/${d}/${o}.js`, instrument(`reference/${d}/${o}.ts`).replace('../../spec/tensor.js', '/work/main/spec/tensor.ts')) }
writeFileSync(`${R}/arithmetic.js`, readFileSync(`${R}/arithmetic.js`, 'utf8').replace('../spec/tensor.js', '/work/main/spec/tensor.ts'))
for (const [o, d] of ops) replay[o] = await import(`${R}/${d}/${o}.js`)

const dr = draws(keyOf('losses'))
const U = () => dr.uniform()
const prob = () => f(2 ** -20 + U() * (1 - 2 ** -19))
const probs = () => { const k = U(); return k < .15 ? 2 ** -20 : k < .3 ? f(1 - 2 ** -20) : k < .5 ? f(2 ** (-20 * U())) || .5 : prob() }
const clampP = () => Math.min(Math.max(probs(), 2 ** -20), 1 - 2 ** -20)
const normal = () => f(dr.normal())
const gen = (sh: number[], g: () => number): Tensor => generate(sh, g)
const questions: Question[] = []
const push = (op: OpName, dir: Direction, attrs: any, inputs: any, cot: any = {}) => questions.push({ op, direction: dir, attrs: ri(opOf(op).attrs.decode(attrs)), inputs, cotangents: cot })
for (const reduction of ['mean', 'sum', 'none']) {
  for (const sh of [[], [1], [7], [3, 5], [65], [200], [5000]]) {
    for (const tf of [() => f(U()), () => (U() < .5 ? 0 : 1), () => dr.pick([0, 1, .5, f(U())]), () => f(3 * normal())]) {
      const inp = { prediction: gen(sh, clampP), target: gen(sh, tf) }
      push('bce', 'forward', { reduction }, inp)
      push('bce', 'backward', { reduction }, inp, { loss: gen(reduction === 'none' ? sh : [], normal) })
    }
    const m = { prediction: gen(sh, normal), target: gen(sh, normal) }
    push('mse', 'forward', { reduction }, m); push('mse', 'backward', { reduction }, m, { loss: gen(reduction === 'none' ? sh : [], normal) })
  }
  for (const sh of [[1, 1], [1, 5], [4, 1], [3, 4], [2, 1000], [70, 3], [33, 100], [5000, 2]]) {
    for (const tf of [() => f(U()), () => (U() < .7 ? 0 : f(U())), () => dr.pick([0, 1]), () => f(3 * normal())]) {
      const t = gen(sh, tf), cot = { loss: gen(reduction === 'none' ? [sh[0]!] : [], normal) }
      const zeroP = gen(sh, clampP)
      // where the target is an exact zero, sometimes p is 0 too
      const pz = generate(sh, (i) => t.data[i] === 0 && U() < .3 ? 0 : zeroP.data[i]!)
      push('cce', 'forward', { reduction }, { prediction: pz, target: t }); push('cce', 'backward', { reduction }, { prediction: pz, target: t }, cot)
      for (const lf of [normal, () => f(10 * normal()), () => dr.pick([0, 1e4, -1e4, 100, -100, 20, -20, 1]), () => dr.pick([0, 1, -1, 1e30, -1e30, 1e4, 100]), () => f(1000 + normal())]) {
        const inp = { logits: gen(sh, lf), target: t }
        push('softmaxCrossEntropy', 'forward', { reduction }, inp); push('softmaxCrossEntropy', 'backward', { reduction }, inp, cot)
      }
    }
  }
}
for (const sh of [[], [7], [300]]) for (const wd of [0, f(.01), f(.3), 1]) for (const lr of [0, f(.1), f(1e-3), 2]) {
  const inp = { w: gen(sh, () => U() < .2 ? 0 : normal()), g: gen(sh, normal) }
  push('sgd', 'forward', { learningRate: lr, weightDecay: wd }, inp)
  for (const nesterov of [true, false]) for (const mu of [0, f(.9)]) push('momentum', 'forward', { learningRate: lr, weightDecay: wd, nesterov, momentum: mu }, { ...inp, velocity: gen(sh, normal) })
}
console.log(questions.length, 'questions')
const worst: any = {}
const judge = (who: string, q: Question, got: Tensors, depth: any) => {
  const want = ri(oracle.evaluate(q.op, q.direction, q.attrs, q.inputs, q.cotangents)), b = boundOf(q, depth)
  for (const k of Object.keys(want)) for (let i = 0; i < want[k].data.length; i++) {
    const e = Math.abs(got[k]!.data[i]! - want[k].data[i]), B = b[k]!.data[i]!
    const r = e === 0 && B >= 0 ? 0 : e / B
    const key = `${who} ${q.op} ${q.direction} ${k}`
    if (!(B >= 0)) console.log('BAD BOUND', key, B)
    if (!(r <= 1)) console.log('FAIL', key, r, JSON.stringify(q.attrs), Object.values(q.inputs).map((t) => t.shape.join('x')).join(' '), i, want[k].data[i], got[k]!.data[i], B)
    if (!(worst[key]?.[0] >= r)) worst[key] = [r, JSON.stringify(q.attrs), Object.values(q.inputs)[0]!.shape.join('x')]
  }
}
const which = process.argv[2]
if (!which || which === 'replay') for (const q of questions) for (mode of [0, 1, 2]) {
  const { sizes } = ri(resolve(opOf(q.op), q.attrs, shapesOf(q.inputs)))
  const got = q.direction === 'forward' ? replay[q.op].forward(q.attrs, q.inputs, sizes) : replay[q.op].backward(q.attrs, q.inputs, q.cotangents, sizes)
  judge('replay', q, got, anyOrder)
}
if (which !== 'replay') for (const dev of (which ? [which] : ['software', 'auto']) as any[]) {
  const acq: any = process.argv[3] ? ri(await acquireDevice(dev)()) : undefined
  const lim = acq && { ...acq, limits: { ...Object.fromEntries([...Object.keys(Object.getPrototypeOf(acq.limits ?? acq.device.limits)), ...Object.keys(acq.limits ?? {})].map((k) => [k, (acq.limits ?? acq.device.limits)[k]])), maxStorageBufferBindingSize: Number(process.argv[3]) } }
  if (lim) console.log(Object.keys(acq), lim.limits.maxStorageBufferBindingSize, lim.limits.maxBufferSize)
  const be: any = lim ? webGpuBackend(lim) : ri(await openWebGpu(dev)())
  console.log(JSON.stringify(be.fingerprint).slice(0, 200))
  for (const q of questions) {
    const { program, feeds } = oneNode(q)
    const got = await be.run(program, feeds)()
    if (got._tag === 'Left') { const m = q.op + q.direction + ' ' + JSON.stringify(q.attrs) + Object.values(q.inputs)[0]!.shape + ' ' + got.left.message.slice(0,150); if (process.argv[3]) { console.log('LEFT', m); continue } else throw new Error(m) }
    judge(dev, q, answersOf(got.right), lanesThenTree)
  }
  await be.close()
}
console.log(Object.entries(worst).map(([k, v]: any) => `${k}: ${v[0].toFixed(3)} ${v[1]} ${v[2]}`).join('\n'))
