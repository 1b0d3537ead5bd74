import { kernel } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapping } from './elementwise.js'

/** y = 1 where x ≥ 0, else 0 */
export const stepForward = kernel({
  name: 'step.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
fn element(i: u32) { set_y(i, select(0.0, 1.0, x(i) >= 0.0)); }
`,
})

export const forward: Lower<'step'> = ({ sizes }) => mapping(stepForward, sizes)
