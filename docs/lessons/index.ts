import { batchNormalization } from './batchNorm.js'
import { batchSize } from './batchSize.js'
import { featureMaps } from './featureMaps.js'
import { filtersByHand } from './filters.js'
import { learningRate } from './learningRate.js'
import type { Lesson } from './lesson.js'
import { overfitting } from './overfitting.js'

/** The lessons, in the order in which they are taught. */
export const lessons: readonly Lesson[] = [
  learningRate,
  batchSize,
  overfitting,
  batchNormalization,
  filtersByHand,
  featureMaps,
]

export const lessonNamed = (name: string): Lesson | undefined => lessons.find((lesson) => lesson.name === name)
