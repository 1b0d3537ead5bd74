import { learningRate } from './learningRate.js'
import type { Lesson } from './lesson.js'

/** The lessons, in the order in which they are taught. */
export const lessons: readonly Lesson[] = [learningRate]

export const lessonNamed = (name: string): Lesson | undefined => lessons.find((lesson) => lesson.name === name)
