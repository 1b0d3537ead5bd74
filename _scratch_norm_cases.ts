const rng = (seed: number) => { let s = seed >>> 0; return () => { s = (s + 0x6d2b79f5) >>> 0; let t = s; t = Math.imul(t ^ (t >>> 15), t | 1); t ^= t + Math.imul(t ^ (t >>> 7), t | 61); return ((t ^ (t >>> 14)) >>> 0) / 4294967296 } }
export const configs = (seed: number, small = false) => {
  const u = rng(seed * 7919 + 13)
  const normal = () => Math.sqrt(-2 * Math.log(u() + 1e-12)) * Math.cos(2 * Math.PI * u())
  const size = (s: number[]) => s.reduce((a, b) => a * b, 1)
  const t = (shape: number[], f: (i: number) => number) => ({ shape, data: Array.from({ length: size(shape) }, (_, i) => Math.fround(f(i))) })
  const int = (a: number, b: number) => a + Math.floor(u() * (b - a + 1))
  const list: any[] = []
  const shapes: number[][] = [[], [1], [7], [3, 5], [2, 3, 4], [2, 1, 3, 2], [2, 3, 2, 2, 3], [300], [5, 129]]
  // activations
  for (const shape of shapes) for (const [style, f] of [
    ['normal', () => normal()], ['log', () => (u() < 0.5 ? -1 : 1) * Math.exp(-14 + 14 * u())], ['wide', () => normal() * 8],
    ['saturated', () => [100, -100, 1e30, -1e30, 0, 1e4, -1e4, 88.73, 0.625, -0.625, 10, 9.01][int(0, 11)]!],
  ] as any) for (const op of ['tanh', 'relu']) {
    list.push({ op, attrs: {}, inputs: { x: t(shape, f) }, cotangents: { y: t(shape, () => normal()) }, name: `${op} [${shape}] ${style}` })
  }
  const longs: number[][] = small ? [] : [[65537], [3, 65537], [70000, 3], [5000, 100], [2, 1000, 5], [4, 200, 33], [1, 66], [64, 64], [3, 65]]
  for (const shape of [...shapes, ...longs]) for (const [style, f] of [
    ['normal', () => normal()], ['equal', () => 1.5], ['wide', () => normal() * 20], ['huge', () => normal() * 1e4], ['pm1e4', () => [1e4, -1e4][int(0, 1)]!],
    ['pm1e30', () => [1e30, -1e30, 0][int(0, 2)]!], ['pm100', () => [100, -100][int(0, 1)]!],
  ] as any) {
    if (size(shape) > 100000 && style !== 'normal' && style !== 'huge') continue
    const rank = Math.max(shape.length, 1)
    const axis = int(-rank, rank - 1)
    list.push({ op: 'softmax', attrs: { axis }, inputs: { x: t(shape, f) }, cotangents: { y: t(shape, () => normal() * 3) }, name: `softmax [${shape}] axis ${axis} ${style}` })
    list.push({ op: 'softmax', attrs: {}, inputs: { x: t(shape, f) }, cotangents: { y: t(shape, () => 1 + 0.01 * normal()) }, name: `softmax [${shape}] axis -1 ${style} dy near 1` })
  }
  const bn: number[][] = [[2, 3], [3, 2], [4, 3], [8, 5], [2, 3, 4], [1, 2, 5], [3, 4, 5, 2], [2, 2, 3, 3, 2], [33, 4], [7, 3, 10], ...(small ? [] : [[64, 3, 8, 8], [16, 130], [1, 2, 300, 300], [5000, 2], [1, 5000, 3], [130, 65, 3], [70001, 1]])]
  for (const shape of bn) for (const [style, mu, sd] of [['centred', 0, 1], ['mu10', 10, 1], ['mu100', 100, 1], ['tiny', 0.01, 0.003], ['tinyoff', 0.3, 0.003], ['wide', 1000, 700], ['constant', 0, 0]] as any) {
    const C = shape[1]!, S = size(shape.slice(2))
    const means = Array.from({ length: C }, () => (u() < 0.5 ? -1 : 1) * mu * (1 + 0.1 * u()))
    const consts = Array.from({ length: C }, () => int(-40, 40) / 8)
    const x = t(shape, (i) => { const c = Math.floor(i / S) % C; return style === 'constant' ? consts[c]! : means[c]! + sd * normal() })
    for (const dystyle of ['signed', 'offset'] as const) {
      const eps = [1e-5, 1e-5, 1e-3, 0.1, 1e-12, 0][int(0, style === 'constant' ? 3 : 5)]!
      const attrs: any = { epsilon: eps, momentum: [0, 0.1, 0.25, 1, 0.9][int(0, 4)]! , runningVariance: u() < 0.5 ? 'biased' : 'unbiased' }
      const inputs = { x, gamma: t([C], () => 1 + 0.5 * normal()), beta: t([C], () => normal()), runningMean: t([C], () => mu + normal()), runningVar: t([C], () => (style === 'tiny' ? 1e-5 : 1) * Math.exp(normal())) }
      const dy = t(shape, () => (dystyle === 'signed' ? normal() : 1 + 0.1 * normal()))
      list.push({ op: 'batchNormTraining', attrs, inputs, cotangents: { y: dy }, name: `bnT [${shape}] ${style} ${dystyle} ${JSON.stringify(attrs)}` })
      list.push({ op: 'batchNormInference', attrs: { epsilon: eps }, inputs, cotangents: { y: dy }, name: `bnI [${shape}] ${style} ${dystyle} ${eps}` })
    }
  }
  return list
}
