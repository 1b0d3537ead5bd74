import { mapping } from './map.js'

/** y = x, element by element: another shape of the same numbers, or a gradient that passes through. */
export const copy = mapping({
  name: 'copy',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
fn at(x: f32) -> Values { return Values(x); }
`,
})
