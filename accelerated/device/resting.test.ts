import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { restAfter, resting } from './resting.js'

describe('waiting for a device that is the processor', () => {
  it('rests after a millisecond, no longer than an eighth of what was waited, and never above a millisecond', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (waited) => {
        const rest = restAfter(waited)
        expect(rest).toBeGreaterThanOrEqual(0)
        expect(rest).toBeLessThanOrEqual(Math.min(waited / 8, 1))
        expect(rest > 0).toBe(waited >= 1)
      }),
    )
  })

  it('answers what the work answers, and fails as it fails, one beside the other', async () => {
    const later = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms))
    expect(await Promise.all([resting(later(4)), resting(later(1)), resting(Promise.resolve(7))])).toEqual([4, 1, 7])
    await expect(resting(Promise.reject(new Error('lost')))).rejects.toThrow('lost')
    expect(await resting(later(2))).toBe(2)
  })

  it('leaves the loop few turns while it waits long', async () => {
    let turns = 0
    let over = false
    const count = (): void => {
      turns++
      if (!over) setImmediate(count)
    }
    setImmediate(count)
    await resting(new Promise((resolve) => setTimeout(resolve, 60)))
    over = true
    // of rests of a millisecond, once they are that long; without them there are tens of thousands
    expect(turns).toBeLessThan(2000)
  })
})
