import type { Backend } from '../spec/backend.js'
import { fromKernels, interpret } from '../spec/fromKernels.js'
import type { KernelTable } from '../spec/fromKernels.js'
import type { Oracle } from '../spec/oracle.js'
import type { Program } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { kernelsBy, oracleBy } from './formulas.js'
import { formulas } from './table.js'

/** The oracle: every op by its formula, in f64, nothing rounded on the way in; any element, or all. */
export const oracle: Oracle = oracleBy(formulas)

const table: KernelTable = kernelsBy(formulas)

/** Runs a program by the formulas, node by node. Pure; errors as `interpret`'s. */
export const run = (program: Program, feeds: Tensors, watch?: readonly string[]) =>
  interpret(table, program, feeds, watch ?? program.outputs)

/** The reference as a backend. */
export const reference: Backend = fromKernels('reference', table, {
  fingerprint: { name: 'reference', arithmetic: 'f64' },
  dials: true,
})
