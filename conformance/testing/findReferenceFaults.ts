import { opNames } from '../../spec/catalogue.js'
import { questionTable } from '../table.js'
import type { ReferenceFault } from './referenceFaults.js'
import { findingsAbout, referenceFaults } from './referenceFaults.js'

/*
 * Every fault that is planted anywhere, in the reference, and what its own check says of it: `npm run reference-faults`.
 * Some minutes; tests hold a slice.
 */

const planted = opNames.flatMap((op) =>
  questionTable[op].faults.map((fault): ReferenceFault => ({
    ...fault,
    op,
    name: `${fault.direction}: ${fault.name}`,
  })),
)
const all = [...referenceFaults, ...planted]
const unseen = all.filter((fault) => findingsAbout(fault).length === 0)
unseen.forEach(({ op, name }) => console.log(`unseen: ${op}: ${name}`))
console.log(`${all.length - unseen.length} of ${all.length} faults of the reference are found out by its own check`)
process.exitCode = unseen.length === 0 ? 0 : 1
