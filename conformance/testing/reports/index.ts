import { activations, losses, moving, normalizers, optimizing, products, recurrent, rows } from './others.js'
import type { Report } from './report.js'
import {
  againTogether,
  layers,
  lossesTogether,
  movingTogether,
  normalizersTogether,
  optimizersTogether,
  productsTogether,
  recurrentTogether,
  rowsTogether,
  wholeTogether,
} from './together.js'
import { convolutions, pools } from './windows.js'

/** Every reported fault that is put into the plain f32 backend. */
export const reports: readonly Report[] = [
  ...convolutions,
  ...pools,
  ...products,
  ...rows,
  ...activations,
  ...normalizers,
  ...recurrent,
  ...losses,
  ...optimizing,
  ...moving,
  ...layers,
  ...againTogether,
  ...wholeTogether,
  ...productsTogether,
  ...rowsTogether,
  ...normalizersTogether,
  ...recurrentTogether,
  ...lossesTogether,
  ...optimizersTogether,
  ...movingTogether,
]
