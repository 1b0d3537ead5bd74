import { at1, at2, largest, smallest, tabulate1, tabulate2 } from '../arithmetic.js'
import type { Forward } from '../kernel.js'

// y[n,d] = low + (high − low)·(a[n,d] − min_d)/(max_d − min_d), and low for every n where max_d = min_d
export const forward: Forward<'minMaxNormalize'> = ({ low, high }, { x, apply: a = x }, { N, D, rows }) => {
  const min = tabulate1([D], (d) => smallest(N, (n) => at2(x, n, d)))
  const max = tabulate1([D], (d) => largest(N, (n) => at2(x, n, d)))
  return {
    y: tabulate2([rows, D], (n, d) =>
      at1(max, d) === at1(min, d)
        ? low
        : low + (high - low) * ((at2(a, n, d) - at1(min, d)) / (at1(max, d) - at1(min, d))),
    ),
  }
}
