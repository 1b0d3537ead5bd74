import { sigmoid } from './activations/sigmoid.js'
import { add } from './layers/add.js'
import { conv2d } from './layers/conv2d.js'
import { mse } from './losses/mse.js'
import { momentum } from './optimizers/momentum.js'
import type { QuestionTable } from './questions.js'

/** What is asked about every op. */
export const questionTable: QuestionTable = {
  sigmoid,
  conv2d,
  add,
  mse,
  momentum,
} satisfies QuestionTable
