import type { Lower } from '../lower.js'
import { mapping } from '../map.js'
import { applied } from './elementwise.js'

/** y = 1 where x ≥ 0, else 0 */
export const stepForward = mapping({
  name: 'step.forward',
  reads: ['x'],
  writes: ['y'],
  code: /* wgsl */ `
fn at(x: f32) -> Values { return Values(select(0.0, 1.0, x >= 0.0)); }
`,
})

export const forward: Lower<'step'> = ({ sizes }) => applied(stepForward, sizes)
