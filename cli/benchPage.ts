import type { Line } from '../bench/line.js'
import type { Peak } from '../bench/rows.js'
import type { Workload } from '../bench/workloads.js'

export const benchPage = (
  _lines: readonly Line[],
  _summary: Readonly<Record<string, unknown>>,
  _about: { readonly workloads: readonly Workload[]; readonly peak?: Peak },
): string => ''
