import { spawn } from 'node:child_process'
import { option as O } from 'fp-ts'
import { expect, test } from 'vitest'
import { timeLimit } from './timeLimit.js'

const busyFor = (milliseconds: number): void => {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

/** A process of its own that ends after some seconds. */
const ending = (seconds: number): Promise<string> =>
  new Promise((resolve) => {
    spawn('sleep', [String(seconds)]).on('exit', () => resolve('ended'))
  })

test('what is not there by the limit is none', async () => {
  expect(await timeLimit(0.05).wait(new Promise(() => undefined))).toEqual(O.none)
  expect(await timeLimit(60).wait(Promise.resolve(1))).toEqual(O.some(1))
})

test('what came while this process was busy with something else is heard, though the limit is over', async () => {
  const heard = timeLimit(0.5).wait(ending(0.1))
  busyFor(800)
  expect(await heard).toEqual(O.some('ended'))
})
