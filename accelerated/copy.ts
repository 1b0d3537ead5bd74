import { kernel } from './kernel.js'

/** y = x, element by element: another shape of the same numbers, or a gradient that passes through. */
export const copy = kernel({
  name: 'copy',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
fn element(i: u32) { set_y(i, x(i)); }
`,
})
